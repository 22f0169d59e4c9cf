//! Signed-in browsers. The cookie's secret is never stored, only its hash.

use vestnik_model::id::UserId;
use vestnik_model::user::{Session, User};
use vestnik_model::{UnixMillis, secret};

use crate::db::{Db, Result};
use crate::users;

/// Notes a signed-in browser.
pub async fn create(db: &Db, user: UserId, cookie: &str, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    db.execute(
        "INSERT INTO sessions (hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
        &[&secret::hash(cookie), &user, &now, &expires_at],
    )
    .await?;
    Ok(())
}

/// The session of a cookie and its person, unless it has ended.
pub async fn find(db: &Db, cookie: &str, now: UnixMillis) -> Result<Option<(Session, User)>> {
    let session: Option<Session> = db
        .fetch_optional(
            "SELECT id, user_id, created_at, seen_at, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2",
            &[&secret::hash(cookie), &now],
        )
        .await?;
    let Some(session) = session else { return Ok(None) };
    Ok(users::find(db, session.user_id).await?.map(|user| (session, user)))
}

/// Notes that the session was used, and how long it lasts from here on.
pub async fn touch(db: &Db, session: &Session, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    db.execute("UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE id = $3", &[&now, &expires_at, &session.id])
        .await?;
    Ok(())
}

/// Ends the session of a cookie.
pub async fn end(db: &Db, cookie: &str) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE hash = $1", &[&secret::hash(cookie)]).await?;
    Ok(())
}

/// Removes sessions that have expired.
pub async fn remove_expired(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM sessions WHERE expires_at <= $1", &[&now]).await
}
