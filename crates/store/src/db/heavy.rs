//! Heavy reads: statements that may go through a large table, such as searches, counts, reports and exports.
//!
//! They use a connection pool of their own, so that short reads always find a connection. Each user may run a few at a
//! time, each statement has a time limit, and a statement whose caller is gone (a visitor who closed the page) is
//! cancelled in the database: on SQLite by the connection's progress handler, on PostgreSQL by `pg_cancel_backend`.
//! PostgreSQL also gets the limit as `statement_timeout`, which works when this process cannot cancel any more.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{error::Elapsed, timeout};
use vestnik_model::Actor;
use vestnik_model::id::UserId;

use super::{Db, Error, Pool, Result, Tx, TxInner};

/// Connections for heavy reads: more than one user may use at a time.
pub(super) const CONNECTIONS: u32 = 4;
/// Users whose semaphores are kept before unused ones are removed.
const USERS: usize = 1_000;
/// Instructions of SQLite's virtual machine between two calls of the progress handler: some 10 microseconds.
const SQLITE_STEPS: i32 = 2_000;
/// SQLite's `SQLITE_INTERRUPT` and PostgreSQL's `query_canceled`.
const CANCELLED: [&str; 2] = ["9", "57014"];

/// Limits of heavy reads.
#[derive(Clone, Copy, Debug)]
pub struct HeavyLimits {
    /// How many a user may run at a time.
    pub per_user: usize,
    /// How long a read waits for a permit and a connection before it is refused.
    pub wait: Duration,
    /// Time limit of one statement.
    pub statement: Duration,
}

impl Default for HeavyLimits {
    fn default() -> Self {
        Self { per_user: 2, wait: Duration::from_secs(5), statement: Duration::from_secs(20) }
    }
}

/// Whose limit the reads through a handle count against, and how they wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heavy {
    user: UserId,
    /// Whether a read waits without a limit.
    waits: bool,
}

/// The semaphores of all users.
#[derive(Debug, Default)]
pub(super) struct Permits(Mutex<HashMap<UserId, Arc<Semaphore>>>);

impl Permits {
    fn of(&self, user: UserId, per_user: usize) -> Arc<Semaphore> {
        let mut users = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= USERS {
            users.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        users.entry(user).or_insert_with(|| Arc::new(Semaphore::new(per_user))).clone()
    }
}

/// A transaction for one heavy read. Dropped before [`HeavyRead::end`], it cancels its statement.
pub(super) struct HeavyRead {
    tx: Option<Tx>,
    cancel: Cancel,
    /// Released when the statement has ended, also when its caller is gone.
    permit: Option<OwnedSemaphorePermit>,
}

/// How to cancel the statement.
enum Cancel {
    /// A flag that the connection's progress handler reads.
    Sqlite(Arc<AtomicBool>),
    /// The process ID of the backend, and the pool through which to cancel it.
    Postgres(i32, PgPool),
}

impl Db {
    /// A handle whose reads are heavy and count against this user's limit. A handle that is heavy already stays as it is.
    pub fn heavy(&self, actor: &Actor) -> Self {
        self.heavy_as(Heavy { user: actor.user(), waits: false })
    }

    /// A heavy handle if the condition holds, else this one.
    pub(crate) fn heavy_if(&self, condition: bool, actor: &Actor) -> Self {
        if condition { self.heavy(actor) } else { self.clone() }
    }

    /// The same as [`Db::heavy`] for files that are sent while they are read: each batch waits for its permit without a
    /// limit, because refusing one would truncate the file.
    pub fn heavy_for_file(&self, actor: &Actor) -> Self {
        self.heavy_as(Heavy { user: actor.user(), waits: true })
    }

    /// A handle whose reads are heavy and belong to no user; together they count against one limit.
    pub fn heavy_shared(&self) -> Self {
        self.heavy_as(Heavy { user: UserId(0), waits: false })
    }

    /// The same database with other limits of heavy reads.
    pub fn with_heavy_limits(&self, limits: HeavyLimits) -> Self {
        Self { heavy_limits: limits, permits: Arc::default(), ..self.clone() }
    }

    fn heavy_as(&self, heavy: Heavy) -> Self {
        Self { heavy: Some(self.heavy.unwrap_or(heavy)), ..self.clone() }
    }

    /// Waits for a permit and a connection.
    pub(super) async fn begin_heavy(&self, heavy: Heavy) -> Result<HeavyRead> {
        let semaphore = self.permits.of(heavy.user, self.heavy_limits.per_user);
        let begin = async {
            let permit = semaphore.acquire_owned().await.map_err(|_| Error::TooManyReads)?;
            self.begin_reading(permit).await
        };
        if heavy.waits {
            return begin.await;
        }
        timeout(self.heavy_limits.wait, begin).await.unwrap_or(Err(Error::TooManyReads))
    }

    async fn begin_reading(&self, permit: OwnedSemaphorePermit) -> Result<HeavyRead> {
        let (inner, cancel) = match &self.pool {
            Pool::Sqlite { heavy, .. } => {
                let mut tx = heavy.begin().await?;
                let cancelled = Arc::new(AtomicBool::new(false));
                let flag = cancelled.clone();
                // Interrupts once: the ROLLBACK that follows must not be interrupted.
                let continues = move || !flag.swap(false, Ordering::Relaxed);
                tx.lock_handle().await?.set_progress_handler(SQLITE_STEPS, continues);
                (TxInner::Sqlite(tx), Cancel::Sqlite(cancelled))
            }
            Pool::Postgres { short, heavy, pooled, .. } => {
                let mut tx = heavy.begin_with("BEGIN READ ONLY").await?;
                let sql = "SELECT pg_backend_pid(), set_config('statement_timeout', $1, true)";
                let limit = self.heavy_limits.statement.as_millis().to_string();
                let (pid, _): (i32, String) =
                    sqlx::query_as(sql).bind(limit).persistent(!pooled).fetch_one(&mut *tx).await?;
                (TxInner::Postgres(tx), Cancel::Postgres(pid, short.clone()))
            }
        };
        let tx = self.transaction(inner);
        Ok(HeavyRead { tx: Some(tx), cancel, permit: Some(permit) })
    }

    /// Bounds a statement by the time limit. The [`HeavyRead`] cancels it in the database.
    pub(super) async fn within_limit<T>(&self, read: impl Future<Output = Result<T>>) -> Result<Result<T>, Elapsed> {
        timeout(self.heavy_limits.statement, read).await
    }
}

impl HeavyRead {
    /// The transaction, until it has ended.
    pub(super) fn tx(&mut self) -> Result<&mut Tx> {
        self.tx.as_mut().ok_or(Error::TooManyReads)
    }

    /// Ends the transaction and gives its statement's result.
    pub(super) async fn end<T>(mut self, outcome: Result<Result<T>, Elapsed>) -> Result<T> {
        let Ok(outcome) = outcome else { return Err(Error::ReadTooLong) };
        let tx = self.tx.take();
        match (outcome, tx) {
            (Ok(found), Some(tx)) => tx.commit().await.map(|()| found),
            (Err(error), _) if is_cancelled(&error) => Err(Error::ReadTooLong),
            (outcome, _) => outcome,
        }
    }
}

fn is_cancelled(error: &Error) -> bool {
    let Error::Database(sqlx::Error::Database(error)) = error else { return false };
    error.code().is_some_and(|code| CANCELLED.contains(&&*code))
}

impl Drop for HeavyRead {
    fn drop(&mut self) {
        let Some(tx) = self.tx.take() else { return };
        match &self.cancel {
            Cancel::Sqlite(flag) => flag.store(true, Ordering::Relaxed),
            Cancel::Postgres(pid, short) => {
                // Without a runtime the process is ending; `statement_timeout` ends the statement.
                let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
                let (pid, short, permit) = (*pid, short.clone(), self.permit.take());
                runtime.spawn(async move {
                    // In one step, which a pooler cannot part.
                    let cancel =
                        sqlx::raw_sql(AssertSqlSafe(format!("SELECT pg_cancel_backend({pid})"))).execute(&short);
                    if let Err(error) = cancel.await {
                        tracing::warn!(%error, "could not cancel a statement; it ends at its time limit");
                    }
                    // Kept open until here: the backend cannot have begun another statement.
                    drop(tx);
                    drop(permit);
                });
            }
        }
    }
}
