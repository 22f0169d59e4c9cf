//! Putting a backup back, in one transaction: either all of it is there, or nothing has happened.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::AssertSqlSafe;
use vestnik_model::UnixMillis;
use vestnik_model::audit::Action;

use super::quiet::{Quieted, quiet};
use super::{Kind, LEFT_OUT, LOOSE, Origin, Table};
use crate::audit::{self, Author, Entry};
use crate::db::schema::newest_migration;
use crate::db::{Db, Result, Rows, Tx};
use crate::secrets::{self, Lost};
use crate::{after_migration, life};

/// Whoever restores does so alone.
const RESTORING: i64 = 0x7665_7374_6e69_6b04;

/// Tables that a database which nobody has used has rows in, and those whose rows are nobody's work.
const FROM_THE_START: &[&str] =
    &["groups", "group_permissions", "installation", "unfinished", "life", "setup_links", "nodes", "paces", "troubles"];

/// What came of looking at a database that is to take a backup.
#[derive(Debug)]
pub enum Target {
    /// It takes it.
    Ready(Box<Restoring>),
    /// This table has rows.
    HasData(String),
    /// A process sends from it.
    InUse,
    /// It holds something else: a table with this name.
    Foreign(String),
    /// Its schema is at a step that this program does not know.
    Newer(i64),
    /// The tables of the backup are not those of its step.
    Unlike,
}

/// A database that a backup is being put into. Dropped, it is as it was.
#[derive(Debug)]
pub struct Restoring {
    tx: Tx,
}

/// What came of putting it in.
#[derive(Debug)]
pub enum Restored {
    /// It is there, and holds still. These of its secrets no key at hand decrypts: they have to be entered anew.
    Done(Quieted, Lost),
    /// A row of this table refers to one that is missing; nothing has happened.
    Broken(String),
}

impl Restoring {
    /// Makes the schema of the backup's step in an empty database.
    pub async fn begin(db: &Db, migration: i64, tables: &[Table]) -> Result<Target> {
        let now = db.micros().await? / 1_000;
        let mut tx = db.begin().await?;
        tx.lock(RESTORING).await?;
        let there = tx.tables().await?;
        // Nobody sets it up between the look and what follows.
        tx.lock_tables(&there).await?;
        match tx.migration().await? {
            Some(step) if step > newest_migration() => return Ok(Target::Newer(step)),
            Some(_) => {
                for table in there.iter().filter(|table| !FROM_THE_START.contains(&table.name.as_str())) {
                    let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
                    let (used,): (bool,) = tx.fetch_one(AssertSqlSafe(sql), &[]).await?;
                    if used {
                        return Ok(Target::HasData(table.name.clone()));
                    }
                }
                if there.iter().any(|table| table.name == "nodes") {
                    let sql = "SELECT EXISTS (SELECT 1 FROM nodes WHERE alive_until > $1)";
                    let (lives,): (bool,) = tx.fetch_one(sql, &[&now]).await?;
                    if lives {
                        return Ok(Target::InUse);
                    }
                }
                tx.drop_tables(&there).await?;
            }
            None => {
                if let Some(table) = there.into_iter().next() {
                    return Ok(Target::Foreign(table.name));
                }
            }
        }
        tx.migrate_to(migration).await?;
        tx.defer_references().await?;
        let made = tx.tables().await?;
        let known = |table: &Table| {
            made.iter().any(|made| made.name == table.name && same_columns(&made.columns, &table.columns))
        };
        let is_left_out = |table: &Table| LEFT_OUT.iter().any(|(name, _)| *name == table.name);
        let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
        if !tables.iter().all(known) || tables.iter().any(is_left_out) || names.len() < tables.len() {
            return Ok(Target::Unlike);
        }
        for table in tables.iter().rev() {
            tx.execute(AssertSqlSafe(format!("DELETE FROM {}", table.name)), &[]).await?;
        }
        Ok(Target::Ready(Box::new(Self { tx })))
    }

    /// Adds rows to a table. They are of the table's columns: see [`parse`].
    pub async fn load(&mut self, table: &Table, rows: &[Vec<Value>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let has_no_nul = self.tx.is_shared();
        let mut given = Rows::new();
        for (index, column) in table.columns.iter().enumerate() {
            let loose = LOOSE.iter().find(|(from, name, _)| *from == table.name && *name == column.name);
            let kept = match loose {
                Some((.., to)) => Some(self.of_these(to, rows.iter().filter_map(|row| row[index].as_i64())).await?),
                None => None,
            };
            let is_kept = |value: &&Value| match (&kept, value.as_i64()) {
                (Some(kept), Some(id)) => kept.contains(&id),
                _ => true,
            };
            let values = rows.iter().map(|row| Some(&row[index]).filter(is_kept).unwrap_or(&Value::Null));
            given = match column.kind {
                Kind::Number => given.optional_ints(values.map(Value::as_i64)),
                Kind::Truth => given.optional_bools(values.map(|value| value.as_i64().map(|number| number != 0))),
                Kind::Bytes => given.optional_blobs(values.map(|value| value.as_str().and_then(bytes))),
                Kind::Text => given.optional_texts(values.map(|value| {
                    let text = value.as_str()?;
                    // SQLite may have it, PostgreSQL may not.
                    let has_nul = has_no_nul && text.contains('\0');
                    Some(if has_nul { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) })
                })),
            };
        }
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        // The names are those of the schema, which `begin` has held them against.
        let sql = format!("INSERT INTO {} ({}) {{rows}}", table.name, names.join(", "));
        self.tx.execute_rows(&sql, &given).await?;
        Ok(())
    }

    /// Those of the rows of a table that are there. Backups that know nothing of [`LOOSE`] refer to others as well.
    async fn of_these(&mut self, table: &str, ids: impl Iterator<Item = i64>) -> Result<BTreeSet<i64>> {
        let ids: BTreeSet<i64> = ids.collect();
        if ids.is_empty() {
            return Ok(ids);
        }
        let sql = format!("WITH v (id) AS ({{rows}}) SELECT kept.id FROM {table} kept JOIN v ON v.id = kept.id");
        let found: Vec<(i64,)> = self.tx.fetch_rows(&sql, &Rows::new().ints(ids.into_iter())).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Has new rows of a table numbered after those of the backup.
    pub async fn go_on_after(&mut self, table: &Table, last: i64) -> Result<()> {
        self.tx.go_on_after(table, last).await
    }

    /// Brings the schema up to date, has everything hold still, and makes it lasting.
    pub async fn finish(mut self, origin: &Origin, now: UnixMillis) -> Result<Restored> {
        if let Some(table) = self.tx.broken_reference().await? {
            return Ok(Restored::Broken(table));
        }
        let tx = &mut self.tx;
        tx.migrate_to(i64::MAX).await?;
        after_migration::finish_in(tx).await?;
        let quieted = quiet(tx, origin.backup_at, now).await?;
        life::begin(tx, &origin.name, origin.backup_at, now).await?;
        let lost = secrets::adopt_in(tx).await?;
        let told = [
            format!("backup={}", origin.backup_at),
            format!("unknown={}", quieted.unknown),
            format!("paused={}", quieted.paused),
        ];
        audit::note(tx, &Author::at_console(now), Entry::new(Action::Restored, None, "").after(&told)).await?;
        self.tx.commit().await?;
        Ok(Restored::Done(quieted, lost))
    }
}

fn same_columns(one: &[super::Column], other: &[super::Column]) -> bool {
    one.len() == other.len() && one.iter().all(|column| other.contains(column))
}

/// Reads a line of a backup; `None`: it is not a row of this table.
pub fn parse(table: &Table, line: &[u8]) -> Option<Vec<Value>> {
    let row: Vec<Value> = serde_json::from_slice(line).ok()?;
    let fits = |(column, value): (&super::Column, &Value)| {
        value.is_null()
            || match column.kind {
                Kind::Number => value.as_i64().is_some(),
                Kind::Truth => matches!(value.as_i64(), Some(0 | 1)),
                Kind::Text => value.is_string(),
                Kind::Bytes => value.as_str().and_then(bytes).is_some(),
            }
    };
    (row.len() == table.columns.len() && table.columns.iter().zip(&row).all(fits)).then_some(row)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}
