//! Mail servers that take no connections at the moment.

use vestnik_model::UnixMillis;

use crate::db::{Db, Result};

/// A mail server in trouble.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Trouble {
    /// `host:port`.
    pub server: String,
    /// What happened at the last try.
    pub error: String,
    /// Since when.
    pub since: UnixMillis,
}

/// Notes that the server cannot be reached; the time of the first failure stays.
pub async fn begin(db: &Db, server: &str, error: &str, now: UnixMillis) -> Result<()> {
    db.execute(
        "INSERT INTO troubles (server, error, since) VALUES ($1, $2, $3)
         ON CONFLICT (server) DO UPDATE SET error = excluded.error",
        &[&server, &error.replace('\0', "\u{fffd}"), &now],
    )
    .await?;
    Ok(())
}

/// Notes that the server is back.
pub async fn end(db: &Db, server: &str) -> Result<()> {
    db.execute("DELETE FROM troubles WHERE server = $1", &[&server]).await?;
    Ok(())
}

/// Forgets all troubles: whoever had them is gone.
pub async fn forget(db: &Db) -> Result<()> {
    db.execute("DELETE FROM troubles", &[]).await?;
    Ok(())
}

/// The servers in trouble.
pub async fn current(db: &Db) -> Result<Vec<Trouble>> {
    db.fetch_all("SELECT server, error, since FROM troubles ORDER BY since", &[]).await
}
