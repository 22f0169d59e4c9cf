//! How the database is, for whoever runs the service.

use crate::db::schema::newest_migration;
use crate::db::{Db, Result};

/// What can be seen of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database's own version.
    pub version: String,
    /// The step that its schema is at; `None`: it has none yet.
    pub migration: Option<i64>,
    /// The step that this program brings it to.
    pub newest: i64,
    /// Its size.
    pub bytes: i64,
}

/// Looks at it.
pub async fn look(db: &Db) -> Result<Health> {
    let sql = if db.is_embedded() {
        "SELECT sqlite_version(), (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size())"
    } else {
        "SELECT current_setting('server_version'), pg_database_size(current_database())"
    };
    let mut tx = db.begin_snapshot().await?;
    let (version, bytes): (String, i64) = tx.fetch_one(sql, &[]).await?;
    Ok(Health { version, migration: tx.migration().await?, newest: newest_migration(), bytes })
}

/// Has it write something, and take it back. The schema must be up to date.
///
/// # Errors
/// It does not.
pub async fn write(db: &Db) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE life SET name = name", &[]).await?;
    drop(tx);
    Ok(())
}

/// Reads all of an embedded database and answers what is broken in it; `None`: nothing. PostgreSQL looks after itself.
pub async fn damage(db: &Db) -> Result<Option<String>> {
    if !db.is_embedded() {
        return Ok(None);
    }
    let (found,): (String,) = db.fetch_one("PRAGMA quick_check(1)", &[]).await?;
    Ok((found != "ok").then_some(found))
}

/// A server that gets a copy of everything that is written.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Standby {
    /// What it calls itself.
    pub name: String,
    /// Whether a commit waits for it.
    pub is_synchronous: bool,
    /// How much it has yet to be given or to apply, in bytes; `None`: whoever asks may not know.
    pub behind: Option<i64>,
}

/// How PostgreSQL is copied to other servers: those for which commits wait, as they are configured, and those that are
/// connected.
pub async fn replication(db: &Db) -> Result<(String, Vec<Standby>)> {
    if db.is_embedded() {
        return Ok((String::new(), Vec::new()));
    }
    let (names,): (String,) = db.fetch_one("SELECT current_setting('synchronous_standby_names')", &[]).await?;
    let standbys = db
        .fetch_all(
            "SELECT COALESCE(application_name, '') AS name, COALESCE(sync_state IN ('sync', 'quorum'), FALSE) AS is_synchronous,
                CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) AS BIGINT) AS behind
             FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup' ORDER BY name",
            &[],
        )
        .await?;
    Ok((names, standbys))
}
