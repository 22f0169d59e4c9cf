//! The only place that knows there are two databases.
//!
//! [`Db`] is a handle to one of them. Reading goes through it directly; writing goes through [`Db::execute`] for a
//! single statement and [`Db::begin`] for several. On SQLite there is one writing connection, so writers queue here
//! instead of failing with "database is locked".

mod args;
mod heavy;
mod migrations;
mod postgres;
mod rows;
pub mod schema;
mod space;
mod tx;
mod wake;

use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgPool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, SqlSafeStr, Sqlite, Transaction};

use vestnik_model::keyring::Keyring;

pub use self::args::{Args, Param, Row};
use self::args::{postgres as postgres_args, sqlite};
pub use self::heavy::HeavyLimits;
use self::heavy::{Heavy, Permits};
use self::migrations::{POSTGRES_TOKENS, SQLITE_TOKENS, migrator};
use self::postgres::Watch;
pub use self::rows::Rows;
pub use self::tx::Tx;
use self::tx::TxInner;
pub use self::wake::Wake;
use crate::after_migration;
use crate::signals::Signals;

/// What can go wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached, opened, or refused a statement.
    #[error("database: {0}")]
    Database(#[source] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database migrations: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The address of the database is not one.
    #[error("{0}")]
    Address(String),
    /// None of the servers in the address of the database will do.
    #[error("no server of the database can be used: {0}")]
    NoServer(String),
    /// A pooler that was not found at the start has given a transaction another session of PostgreSQL.
    #[error(
        "a connection pooler in transaction mode stands before the database and was not recognised; \
         add pooler=transaction to the parameters of the database address"
    )]
    Pooler,
    /// A file could not be read.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The user runs as many heavy reads as the limit allows, or all connections for them are in use. Trying again helps.
    #[error("too many heavy reads at a time")]
    TooManyReads,
    /// A heavy read was cancelled at its time limit. Asking for less helps.
    #[error("a heavy read exceeded its time limit")]
    ReadTooLong,
    /// A secret is to be stored, and the key that the database's secrets are encrypted with is not at hand.
    #[error("the key that secrets are encrypted with is not at hand")]
    NoKey,
}

/// PostgreSQL's codes of a prepared statement that is there already, or is not there: nobody takes one away but a pooler.
const PREPARED_ELSEWHERE: [&str; 2] = ["42P05", "26000"];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|error| error.code());
        if code.is_some_and(|code| PREPARED_ELSEWHERE.contains(&&*code)) { Self::Pooler } else { Self::Database(error) }
    }
}

impl Error {
    /// Whether a unique constraint refused the row.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// Whether a row that is still referred to cannot go.
    pub fn is_foreign_key_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(error)) if error.is_foreign_key_violation())
    }
}

/// The result of everything here.
pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Debug)]
enum Pool {
    Sqlite {
        write: SqlitePool,
        read: SqlitePool,
        heavy: SqlitePool,
    },
    Postgres {
        short: PgPool,
        heavy: PgPool,
        /// Whether a pooler gives each transaction another session: see `postgres::pooler`.
        pooled: bool,
        /// Looks whether the chosen one of several servers still takes writes.
        watch: Option<Arc<Watch>>,
    },
}

/// A handle to the database; cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: Pool,
    signals: Arc<Signals>,
    /// Set in handles whose reads are heavy.
    heavy: Option<Heavy>,
    heavy_limits: HeavyLimits,
    permits: Arc<Permits>,
    /// What stored secrets are encrypted with.
    keys: Option<Keyring>,
}

/// How long a writer waits for another process that holds SQLite's lock (`vestnik recipients import` beside `serve`).
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);
/// Reading connections on SQLite; pages are short and there are rarely more at once.
const SQLITE_READERS: u32 = 4;
/// Connections on PostgreSQL, of one process, beside those for heavy reads.
const POSTGRES_CONNECTIONS: u32 = 12;
/// Whoever brings the schema up to date does so alone.
const MIGRATING: i64 = 0x7665_7374_6e69_6b08;

impl Db {
    /// Opens `sqlite:PATH` (made if missing) or `postgres://...`, without touching the schema.
    pub async fn open(address: &str) -> Result<Self> {
        let pool = if let Some(path) = address.strip_prefix("sqlite:") {
            Self::open_sqlite(Path::new(path)).await?
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            postgres::open(address).await?
        } else {
            return Err(Error::Address(format!(
                "the database address begins with neither sqlite: nor postgres:// (it is {:?})",
                address.split_once("://").map_or(address, |(scheme, _)| scheme)
            )));
        };
        let (heavy, heavy_limits, permits) = (None, HeavyLimits::default(), Arc::default());
        Ok(Self { pool, signals: Arc::default(), heavy, heavy_limits, permits, keys: None })
    }

    /// The same with the keys that stored secrets are encrypted with. Without any, secrets are neither read nor written.
    #[must_use]
    pub fn with_keys(self, keys: Option<Keyring>) -> Self {
        Self { keys, ..self }
    }

    /// The keys at hand.
    pub fn keys(&self) -> Option<&Keyring> {
        self.keys.as_ref()
    }

    async fn open_sqlite(path: &Path) -> Result<Pool> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // Group commit makes it free, and a power cut must not take back what a page has confirmed.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            // The write connection works on large batches; the default 2 MB spills.
            .pragma("cache_size", "-32000")
            .pragma("temp_store", "memory");
        space::prepare_new(path, &options).await?;
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options.clone().pragma("journal_size_limit", space::LOG_KEPT));
        let write = write.await?;
        let options = options.read_only(true).pragma("query_only", "on");
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(BUSY_TIMEOUT)
            .connect_with(options.clone())
            .await?;
        let heavy = SqlitePoolOptions::new()
            .max_connections(heavy::CONNECTIONS)
            .acquire_timeout(BUSY_TIMEOUT)
            // A scan gains nothing from a large page cache.
            .connect_lazy_with(options.pragma("cache_size", "-8000"));
        Ok(Pool::Sqlite { write, read, heavy })
    }

    /// Brings the schema up to date; does nothing when it is.
    pub async fn migrate(&self) -> Result<()> {
        self.migrate_to(i64::MAX).await?;
        after_migration::finish(self).await
    }

    /// Brings the schema to where it was after this step: for tests of what the next ones do with what is there.
    pub async fn migrate_to(&self, last: i64) -> Result<()> {
        match &self.pool {
            Pool::Sqlite { write, .. } => migrator(&SQLITE_TOKENS, last).run(write).await?,
            // Its own lock belongs to the session.
            Pool::Postgres { pooled: true, .. } => {
                let mut tx = self.begin().await?;
                tx.lock(MIGRATING).await?;
                tx.migrate_to(last).await?;
                tx.commit().await?;
            }
            Pool::Postgres { short: pool, .. } => migrator(&POSTGRES_TOKENS, last).run(pool).await?,
        }
        Ok(())
    }

    /// Whether only one process may send from this database.
    pub fn is_embedded(&self) -> bool {
        matches!(self.pool, Pool::Sqlite { .. })
    }

    /// Whether a pooler stands before PostgreSQL that gives each transaction another session of it.
    pub fn is_pooled(&self) -> bool {
        matches!(self.pool, Pool::Postgres { pooled: true, .. })
    }

    /// The calls between the parts of this process.
    pub fn signals(&self) -> &Signals {
        &self.signals
    }

    /// Begins a transaction for writing.
    pub async fn begin(&self) -> Result<Tx> {
        let inner = match &self.pool {
            Pool::Sqlite { write, .. } => TxInner::Sqlite(begin_immediate(write).await?),
            Pool::Postgres { short: pool, .. } => TxInner::Postgres(pool.begin().await?),
        };
        Ok(self.transaction(inner))
    }

    fn transaction(&self, inner: TxInner) -> Tx {
        Tx {
            inner,
            prepares: !self.is_pooled(),
            signals: Arc::clone(&self.signals),
            keys: self.keys.clone(),
            wakes: Vec::new(),
        }
    }

    /// All rows of a query.
    pub async fn fetch_all<T: Row>(&self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<Vec<T>> {
        if let Some(heavy) = self.heavy {
            let mut read = self.begin_heavy(heavy).await?;
            let found = self.within_limit(read.tx()?.fetch_all(sql, args)).await;
            return read.end(found).await;
        }
        if self.is_pooled() {
            let mut tx = self.begin().await?;
            let found = tx.fetch_all(sql, args).await?;
            return tx.commit().await.map(|()| found);
        }
        Ok(match &self.pool {
            Pool::Sqlite { read, .. } => sqlx::query_as_with(sql, sqlite(args)?).fetch_all(read).await?,
            Pool::Postgres { short: pool, .. } => {
                sqlx::query_as_with(sql, postgres_args(args)?).fetch_all(pool).await?
            }
        })
    }

    /// The first rows of a query that has an index in its order. PostgreSQL is kept from sorting: of a mailing whose
    /// rows it has not counted yet it believes that there are few, and reads a million to show a hundred (two seconds
    /// for five milliseconds' work).
    pub async fn fetch_first<T: Row>(&self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<Vec<T>> {
        const DO_NOT_SORT: &str = "SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off";
        if self.is_embedded() {
            return self.fetch_all(sql, args).await;
        }
        if let Some(heavy) = self.heavy {
            let mut read = self.begin_heavy(heavy).await?;
            read.tx()?.set(DO_NOT_SORT).await?;
            let found = self.within_limit(read.tx()?.fetch_all(sql, args)).await;
            return read.end(found).await;
        }
        let mut tx = self.begin().await?;
        tx.set(DO_NOT_SORT).await?;
        let rows = tx.fetch_all(sql, args).await?;
        tx.commit().await?;
        Ok(rows)
    }

    /// The only row of a query.
    pub async fn fetch_one<T: Row>(&self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<T> {
        if let Some(heavy) = self.heavy {
            let mut read = self.begin_heavy(heavy).await?;
            let found = self.within_limit(read.tx()?.fetch_one(sql, args)).await;
            return read.end(found).await;
        }
        if self.is_pooled() {
            let mut tx = self.begin().await?;
            let found = tx.fetch_one(sql, args).await?;
            return tx.commit().await.map(|()| found);
        }
        Ok(match &self.pool {
            Pool::Sqlite { read, .. } => sqlx::query_as_with(sql, sqlite(args)?).fetch_one(read).await?,
            Pool::Postgres { short: pool, .. } => {
                sqlx::query_as_with(sql, postgres_args(args)?).fetch_one(pool).await?
            }
        })
    }

    /// The row of a query, if it has one.
    pub async fn fetch_optional<T: Row>(&self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<Option<T>> {
        if let Some(heavy) = self.heavy {
            let mut read = self.begin_heavy(heavy).await?;
            let found = self.within_limit(read.tx()?.fetch_optional(sql, args)).await;
            return read.end(found).await;
        }
        if self.is_pooled() {
            let mut tx = self.begin().await?;
            let found = tx.fetch_optional(sql, args).await?;
            return tx.commit().await.map(|()| found);
        }
        Ok(match &self.pool {
            Pool::Sqlite { read, .. } => sqlx::query_as_with(sql, sqlite(args)?).fetch_optional(read).await?,
            Pool::Postgres { short: pool, .. } => {
                sqlx::query_as_with(sql, postgres_args(args)?).fetch_optional(pool).await?
            }
        })
    }

    /// Runs a single writing statement in a transaction of its own; answers how many rows it touched.
    pub async fn execute(&self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<u64> {
        if self.is_pooled() {
            let mut tx = self.begin().await?;
            let touched = tx.execute(sql, args).await?;
            return tx.commit().await.map(|()| touched);
        }
        Ok(match &self.pool {
            Pool::Sqlite { write, .. } => sqlx::query_with(sql, sqlite(args)?).execute(write).await?.rows_affected(),
            Pool::Postgres { short: pool, .. } => {
                sqlx::query_with(sql, postgres_args(args)?).execute(pool).await?.rows_affected()
            }
        })
    }

    /// The database's clock, in microseconds since 1970: the one that all its nodes share.
    pub async fn micros(&self) -> Result<i64> {
        let sql = match &self.pool {
            Pool::Sqlite { .. } => "SELECT CAST(unixepoch('subsec') * 1000000 AS BIGINT)",
            Pool::Postgres { .. } => "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)",
        };
        let (micros,): (i64,) = self.fetch_one(sql, &[]).await?;
        Ok(micros)
    }

    /// Lets the database count its rows again, so that it plans well after a table has grown a lot.
    pub async fn analyze(&self, table: &'static str) -> Result<()> {
        if self.is_embedded() {
            // A sample will do; reading a ledger of years would hold every writer up.
            self.execute("PRAGMA analysis_limit = 1000", &[]).await?;
        }
        self.execute(AssertSqlSafe(format!("ANALYZE {table}")), &[]).await.map(|_| ())
    }

    /// Waits until every connection has been given back and closes them.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { write, read, heavy } => {
                heavy.close().await;
                read.close().await;
                write.close().await;
            }
            Pool::Postgres { short, heavy, watch, .. } => {
                if let Some(watch) = watch {
                    watch.end();
                }
                heavy.close().await;
                short.close().await;
            }
        }
    }
}

/// Begins on the one writing connection. A full disk makes SQLite end a transaction by itself when it is committed; the
/// connection still counts it as open, and would refuse every other one for ever. It is replaced.
async fn begin_immediate(write: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    const BEGIN: &str = "BEGIN IMMEDIATE";
    match write.begin_with(BEGIN).await {
        Err(sqlx::Error::InvalidSavePointStatement) => {
            write.acquire().await?.detach().close().await?;
            write.begin_with(BEGIN).await
        }
        begun => begun,
    }
}

/// The address of the database in a data folder. The folder is made if missing, for its owner alone: it holds people's
/// addresses and the hashes of passwords.
pub fn embedded_address(data_dir: &Path) -> Result<String> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let path: PathBuf = data_dir.join("vestnik.db");
    Ok(format!("sqlite:{}", path.display()))
}
