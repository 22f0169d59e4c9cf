//! Connection poolers that leave a session to a client for one transaction (PgBouncer's `pool_mode = transaction` and
//! its like). The next statement may meet another session of the server. So behind one of them
//!
//! - each statement runs in a transaction of its own, and none stays prepared: our driver prepares a statement and runs
//!   it in two steps, between which the pooler may change the session;
//! - nothing listens: what `NOTIFY` tells other processes is found by looking every second;
//! - locks, settings and the schema's steps belong to a transaction.
//!
//! All of it is sound without a pooler as well, and takes two more round trips a statement.

use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Postgres, Row as _, Transaction};
use tokio::time::timeout;

use super::super::{Error, Result};

/// Other sessions that are begun to see whether one is shared.
const SESSIONS: usize = 2;
/// How often the first one is asked again: a pooler with many clients may give it the same session by chance.
const LOOKS: usize = 8;
/// A pooler whose sessions are all taken makes a transaction wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// As PgBouncer says it; there is no code of its own.
const STATEMENT_MODE: &str = "statement pooling mode";

/// Whether a pooler gives its clients other sessions of the server from one transaction to the next.
///
/// A connection that holds no transaction is asked which process of the server serves it. Without such a pooler that
/// never changes, and no other connection meets the same one.
///
/// # Errors
/// The database cannot be reached, or its pooler takes no transactions at all.
pub async fn is_there(pool: &PgPool) -> Result<bool> {
    let mut first = pool.acquire().await?;
    let mut held: Vec<Transaction<'static, Postgres>> = Vec::new();
    for _ in 0..SESSIONS {
        let before = session(&mut first).await?;
        let Ok(begun) = timeout(PATIENCE, pool.begin()).await else { break };
        let mut other = begun.map_err(statement_mode)?;
        if session(&mut other).await? == before {
            return Ok(true);
        }
        held.push(other);
        for _ in 0..LOOKS {
            // None may be free for a connection that has one of its own otherwise.
            let Ok(now) = timeout(PATIENCE, session(&mut first)).await else { return Ok(true) };
            if now? != before {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The process of the server that serves a connection. Nothing is prepared for it.
async fn session(connection: &mut PgConnection) -> Result<i32> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await.map_err(statement_mode)?;
    Ok(row.try_get(0)?)
}

fn statement_mode(error: sqlx::Error) -> Error {
    if error.to_string().contains(STATEMENT_MODE) || matches!(error, sqlx::Error::BeginFailed) {
        return Error::Address(
            "the connection pooler before the database takes no transactions: set its pool_mode to transaction or \
             session"
                .into(),
        );
    }
    error.into()
}
