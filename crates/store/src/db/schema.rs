//! The schema as the database itself tells it, for backups: they are of every table, also of one that the code that
//! reads them does not know.

use sqlx::{AssertSqlSafe, Connection as _};

use super::migrations::{MIGRATIONS, POSTGRES_TOKENS, SQLITE_TOKENS, migrator};
use super::{Db, Error, Result, Tx, TxInner};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole number of 64 bits.
    Number,
    /// A text.
    Text,
    /// True or false.
    Truth,
    /// Bytes.
    Bytes,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Column {
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it is called.
    pub name: String,
    /// In the order of the table.
    pub columns: Vec<Column>,
}

/// The table in which migrations are noted.
pub(crate) const MIGRATED: &str = "_sqlx_migrations";

/// The step to which this program brings a schema.
pub fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|(version, ..)| *version).max().unwrap_or(0)
}

impl Db {
    /// Begins a transaction that only reads, and sees the database as it is now, whatever is written meanwhile.
    pub(crate) async fn begin_snapshot(&self) -> Result<Tx> {
        let of = |inner| self.transaction(inner);
        let pool = match &self.pool {
            super::Pool::Sqlite { read, .. } => {
                let mut tx = of(TxInner::Sqlite(read.begin().await?));
                // The first look fixes what is seen.
                tx.migration().await?;
                return Ok(tx);
            }
            super::Pool::Postgres { short: pool, .. } => pool,
        };
        loop {
            let tables = of(TxInner::Postgres(pool.begin().await?)).tables().await?;
            let mut tx =
                of(TxInner::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?));
            // A table that is altered is not what it was to those who look at the past. So nobody alters one meanwhile;
            // and to wait for somebody who does is not yet a look.
            tx.lock_in(&tables, "ACCESS SHARE").await?;
            tx.migration().await?;
            if tx.tables().await? == tables {
                return Ok(tx);
            }
        }
    }
}

impl Tx {
    /// The step that the schema is at; `None`: it has not been made.
    pub(crate) async fn migration(&mut self) -> Result<Option<i64>> {
        let sql = match &self.inner {
            TxInner::Sqlite(_) => "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)",
            TxInner::Postgres(_) => {
                "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1)"
            }
        };
        let (is_there,): (bool,) = self.fetch_one(sql, &[&MIGRATED]).await?;
        if !is_there {
            return Ok(None);
        }
        let (version,): (Option<i64>,) = self.fetch_one("SELECT max(version) FROM _sqlx_migrations", &[]).await?;
        Ok(version)
    }

    /// Brings the schema to where it was after this step, within the transaction.
    pub(crate) async fn migrate_to(&mut self, last: i64) -> Result<()> {
        match &mut self.inner {
            TxInner::Sqlite(tx) => migrator(&SQLITE_TOKENS, last).run_direct(None, &mut **tx, false).await?,
            TxInner::Postgres(tx) => {
                let mut migrator = migrator(&POSTGRES_TOKENS, last);
                // Whoever begins the transaction keeps others out: a lock of the session would stay if it failed.
                migrator.set_locking(false);
                if !self.prepares {
                    // Its statements stay prepared, in a session that is another's next: one that failed has left some.
                    tx.clear_cached_statements().await?;
                    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut **tx).await?;
                }
                migrator.run_direct(None, &mut **tx, false).await?;
                if !self.prepares {
                    tx.clear_cached_statements().await?;
                }
            }
        }
        Ok(())
    }

    /// All tables but that of the migrations, each after those that it refers to.
    pub(crate) async fn tables(&mut self) -> Result<Vec<Table>> {
        let (columns, references) = match &self.inner {
            TxInner::Sqlite(_) => (
                "SELECT t.name, c.name, lower(c.type) FROM sqlite_schema t JOIN pragma_table_info(t.name) c
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name, c.cid",
                "SELECT t.name, f.\"table\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
                 WHERE t.type = 'table'",
            ),
            TxInner::Postgres(_) => (
                "SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), format_type(c.atttypid, NULL)
                 FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid
                 WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind IN ('r', 'p')
                    AND c.attnum > 0 AND NOT c.attisdropped
                 ORDER BY t.relname, c.attnum",
                "SELECT CAST(t.relname AS TEXT), CAST(o.relname AS TEXT) FROM pg_constraint f
                 JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class o ON o.oid = f.confrelid WHERE f.contype = 'f'",
            ),
        };
        let columns: Vec<(String, String, String)> = self.fetch_all(columns, &[]).await?;
        let references: Vec<(String, String)> = self.fetch_all(references, &[]).await?;
        let mut tables: Vec<Table> = Vec::new();
        for (table, name, kind) in columns.into_iter().filter(|(table, ..)| table != MIGRATED) {
            let column = Column { kind: kind_of(&table, &name, &kind)?, name };
            match tables.last_mut().filter(|last| last.name == table) {
                Some(last) => last.columns.push(column),
                None => tables.push(Table { name: table, columns: vec![column] }),
            }
        }
        Ok(in_order(tables, &references))
    }

    /// Keeps everyone else out of tables, until the transaction ends. On SQLite it has them all.
    pub(crate) async fn lock_tables(&mut self, tables: &[Table]) -> Result<()> {
        self.lock_in(tables, "ACCESS EXCLUSIVE").await
    }

    async fn lock_in(&mut self, tables: &[Table], mode: &'static str) -> Result<()> {
        if let TxInner::Postgres(_) = self.inner
            && !tables.is_empty()
        {
            let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
            let sql = format!("LOCK TABLE {} IN {mode} MODE", names.join(", "));
            self.execute(AssertSqlSafe(sql), &[]).await?;
        }
        Ok(())
    }

    /// Removes tables with everything in them, and what is noted of migrations.
    pub(crate) async fn drop_tables(&mut self, tables: &[Table]) -> Result<()> {
        self.defer_references().await?;
        let names = tables.iter().rev().map(|table| table.name.as_str()).chain([MIGRATED]);
        for name in names {
            // What is taken away is what the database has told.
            self.execute(AssertSqlSafe(format!("DROP TABLE {name}")), &[]).await?;
        }
        Ok(())
    }

    /// Has references checked when the transaction is committed. On PostgreSQL each statement is checked when it ends.
    pub(crate) async fn defer_references(&mut self) -> Result<()> {
        if let TxInner::Sqlite(_) = self.inner {
            self.execute("PRAGMA defer_foreign_keys = ON", &[]).await?;
        }
        Ok(())
    }

    /// A table with a row that refers to one which is not there, if there is any.
    pub(crate) async fn broken_reference(&mut self) -> Result<Option<String>> {
        let TxInner::Sqlite(_) = self.inner else { return Ok(None) };
        let sql = "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1";
        let found: Option<(String,)> = self.fetch_optional(sql, &[]).await?;
        Ok(found.map(|(table,)| table))
    }

    /// The last number that the database has given to a row of a table; `None`: it gives none.
    pub(crate) async fn last_id(&mut self, table: &Table) -> Result<Option<i64>> {
        if !table.columns.iter().any(|column| column.name == "id") {
            return Ok(None);
        }
        let sql = match &self.inner {
            TxInner::Sqlite(_) => "SELECT max(seq) FROM sqlite_sequence WHERE name = $1",
            TxInner::Postgres(_) => {
                "SELECT pg_sequence_last_value(CAST(s.name AS regclass))
                 FROM (SELECT pg_get_serial_sequence($1, 'id') AS name) AS s WHERE s.name IS NOT NULL"
            }
        };
        let found: Option<(Option<i64>,)> = self.fetch_optional(sql, &[&table.name]).await?;
        Ok(found.and_then(|(last,)| last))
    }

    /// Has the database give higher numbers than this one, and than those that are there, to new rows of a table.
    pub(crate) async fn go_on_after(&mut self, table: &Table, last: i64) -> Result<()> {
        let name = &table.name;
        let (highest,): (Option<i64>,) =
            self.fetch_one(AssertSqlSafe(format!("SELECT max(id) FROM {name}")), &[]).await?;
        let last = last.max(highest.unwrap_or(0));
        if last < 1 {
            return Ok(());
        }
        if let TxInner::Postgres(_) = self.inner {
            let sql = "SELECT setval(CAST(pg_get_serial_sequence($1, 'id') AS regclass), $2)";
            return self.execute(sql, &[name, &last]).await.map(|_| ());
        }
        if self.execute("UPDATE sqlite_sequence SET seq = $2 WHERE name = $1", &[name, &last]).await? == 0 {
            self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)", &[name, &last]).await?;
        }
        Ok(())
    }

    /// Every row of a table as a JSON array of its columns, as it comes: truth as 0 and 1, bytes in hexadecimal. Only a
    /// few are in memory at once. `instead` says what is read in the place of a column.
    pub(crate) async fn each_row(
        &mut self,
        table: &Table,
        instead: impl Fn(&str) -> Option<String>,
        condition: &str,
        mut take: impl FnMut(&str) -> std::io::Result<()>,
    ) -> Result<u64> {
        use futures_util::TryStreamExt as _;

        let is_sqlite = matches!(self.inner, TxInner::Sqlite(_));
        let column = |column: &Column| {
            let value = instead(&column.name).unwrap_or_else(|| column.name.clone());
            match (column.kind, is_sqlite) {
                (Kind::Number | Kind::Text, _) => value,
                (Kind::Truth, _) => format!("CAST({value} AS INTEGER)"),
                // Of nothing SQLite's hex() makes a text without letters.
                (Kind::Bytes, true) => format!("CASE WHEN {value} IS NOT NULL THEN lower(hex({value})) END"),
                (Kind::Bytes, false) => format!("encode({value}, 'hex')"),
            }
        };
        let columns: Vec<String> = table.columns.iter().map(column).collect();
        let make = if is_sqlite { "json_array" } else { "json_build_array" };
        let sql = format!("SELECT CAST({make}({}) AS TEXT) FROM {} WHERE {condition}", columns.join(", "), table.name);
        let sql = AssertSqlSafe(sql);
        let mut count = 0;
        match &mut self.inner {
            TxInner::Sqlite(tx) => {
                let mut rows = sqlx::query_as::<_, (String,)>(sql).fetch(&mut **tx);
                while let Some((row,)) = rows.try_next().await? {
                    take(&row)?;
                    count += 1;
                }
            }
            TxInner::Postgres(tx) => {
                let mut rows = sqlx::query_as::<_, (String,)>(sql).persistent(self.prepares).fetch(&mut **tx);
                while let Some((row,)) = rows.try_next().await? {
                    take(&row)?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }
}

fn kind_of(table: &str, column: &str, kind: &str) -> Result<Kind> {
    Ok(match kind {
        "bigint" | "integer" => Kind::Number,
        "text" => Kind::Text,
        "boolean" => Kind::Truth,
        "blob" | "bytea" => Kind::Bytes,
        _ => return Err(Error::Address(format!("{table}.{column} is of a type that no backup knows: {kind}"))),
    })
}

/// Each table after those that it refers to.
fn in_order(mut tables: Vec<Table>, references: &[(String, String)]) -> Vec<Table> {
    let mut ordered: Vec<Table> = Vec::with_capacity(tables.len());
    while !tables.is_empty() {
        let waits = |table: &Table, tables: &[Table]| {
            references
                .iter()
                .any(|(from, to)| *from == table.name && to != from && tables.iter().any(|other| other.name == *to))
        };
        // In a circle nobody is first.
        let next = tables.iter().position(|table| !waits(table, &tables)).unwrap_or(0);
        ordered.push(tables.remove(next));
    }
    ordered
}
