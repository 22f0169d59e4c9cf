//! What SQLite takes on the disk: the database's free pages, and its write-ahead log.
//!
//! A new database is made with `auto_vacuum = INCREMENTAL`, so that pages that have become free can be given back to the
//! file system step by step. One that was made before becomes so when it is next rewritten as a whole (`VACUUM`).

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteAutoVacuum, SqliteConnectOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, SqliteConnection};

use super::{BUSY_TIMEOUT, Db, Pool, Result};

/// Bytes of the log that are kept for the next writes when all of it is in the database.
pub(super) const LOG_KEPT: &str = "67108864";
/// Bytes beyond which the log is emptied before more is deleted.
const LOG_LIMIT: u64 = 256 * 1024 * 1024;
/// How long a reader may keep the log from being emptied while others want to write.
const SHORT_PATIENCE: Duration = Duration::from_millis(20);
/// Free pages that stay for what is written next (16 MiB).
const FREE_PAGES_KEPT: i64 = 4_096;
/// Free pages that are given back at a time: some ten milliseconds.
const FREE_PAGES_STEP: i64 = 1_000;

/// Makes a new file so that free pages can be given back: once it has tables, it is too late. An existing file is left
/// alone, because the setting costs a write transaction.
pub(super) async fn prepare_new(path: &Path, options: &SqliteConnectOptions) -> Result<()> {
    if path.metadata().is_ok_and(|file| file.len() > 0) {
        return Ok(());
    }
    let options = options.clone().auto_vacuum(SqliteAutoVacuum::Incremental);
    Ok(options.connect().await?.close().await?)
}

/// How long a connection waits for others' locks.
async fn set_patience(connection: &mut SqliteConnection, patience: Duration) -> Result<()> {
    let sql = AssertSqlSafe(format!("PRAGMA busy_timeout = {}", patience.as_millis()));
    sqlx::raw_sql(sql).execute(connection).await?;
    Ok(())
}

impl Db {
    /// Writes these tables anew, on SQLite everything, so that nothing is left of what was in them before. Others wait
    /// meanwhile.
    pub(crate) async fn rewrite(&self, tables: &[&'static str]) -> Result<()> {
        match &self.pool {
            Pool::Sqlite { write, .. } => {
                let mut connection = write.acquire().await?;
                // Beside the database, and not in memory as other temporary things: it takes as much as the database.
                sqlx::raw_sql("PRAGMA temp_store = file; PRAGMA auto_vacuum = INCREMENTAL")
                    .execute(&mut *connection)
                    .await?;
                let done = sqlx::raw_sql("VACUUM").execute(&mut *connection).await;
                sqlx::raw_sql("PRAGMA temp_store = memory").execute(&mut *connection).await?;
                done?;
            }
            Pool::Postgres { short: pool, .. } => {
                for table in tables {
                    sqlx::raw_sql(AssertSqlSafe(format!("VACUUM FULL {table}"))).execute(pool).await?;
                }
            }
        }
        Ok(())
    }

    /// Moves everything from SQLite's write-ahead log into the database and empties it. `false`: a reader has kept it from
    /// that for so long. Writers wait meanwhile.
    pub(crate) async fn empty_log(&self, patience: Duration) -> Result<bool> {
        let Pool::Sqlite { write, .. } = &self.pool else { return Ok(true) };
        let mut connection = write.acquire().await?;
        set_patience(&mut connection, patience).await?;
        let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
        let emptied = sqlx::query_as(sql).fetch_one(&mut *connection).await;
        set_patience(&mut connection, BUSY_TIMEOUT).await?;
        let (busy, ..): (i64, i64, i64) = emptied?;
        Ok(busy == 0)
    }

    /// Whether the write-ahead log has room for more. A reader that holds an old snapshot (a backup, a long search) makes it
    /// grow with each write; what can wait waits for it.
    pub async fn log_has_room(&self) -> Result<bool> {
        let Pool::Sqlite { write, .. } = &self.pool else { return Ok(true) };
        let mut log = write.connect_options().get_filename().as_os_str().to_owned();
        log.push("-wal");
        let is_long = Path::new(&log).metadata().is_ok_and(|file| file.len() > LOG_LIMIT);
        Ok(!is_long || self.empty_log(SHORT_PATIENCE).await?)
    }

    /// Gives a step's free pages back to the file system, and at the end empties the log. Answers whether more are to be
    /// given back. On PostgreSQL autovacuum lets the space be used again.
    pub async fn give_space_back(&self) -> Result<bool> {
        let Pool::Sqlite { write, .. } = &self.pool else { return Ok(false) };
        let mut connection = write.acquire().await?;
        let (mode,): (i64,) = sqlx::query_as("PRAGMA auto_vacuum").fetch_one(&mut *connection).await?;
        let (free,): (i64,) = sqlx::query_as("PRAGMA freelist_count").fetch_one(&mut *connection).await?;
        let extra = free - FREE_PAGES_KEPT;
        if mode != 2 || extra <= 0 {
            return Ok(false);
        }
        let sql = AssertSqlSafe(format!("PRAGMA incremental_vacuum({})", extra.min(FREE_PAGES_STEP)));
        sqlx::raw_sql(sql).execute(&mut *connection).await?;
        drop(connection);
        if extra <= FREE_PAGES_STEP {
            // The file shrinks when the log is in it.
            self.empty_log(SHORT_PATIENCE).await?;
        }
        Ok(extra > FREE_PAGES_STEP)
    }
}
