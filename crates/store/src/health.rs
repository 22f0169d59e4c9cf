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
