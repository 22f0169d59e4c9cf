//! Signed-in browsers. The cookie's secret is never stored, only its hash.

use vestnik_model::id::UserId;
use vestnik_model::user::{Session, User};
use vestnik_model::{Actor, UnixMillis, secret};

use crate::db::{Db, Result};
use crate::{groups, users};

/// Notes a signed-in browser.
pub async fn create(db: &Db, user: UserId, cookie: &str, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute(
        "INSERT INTO sessions (hash, user_id, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $3, $4)",
        &[&secret::hash(cookie), &user, &now, &expires_at],
    )
    .await?;
    tx.execute("UPDATE users SET seen_at = $1 WHERE id = $2", &[&now, &user]).await?;
    tx.commit().await
}

/// The session of a cookie and its person, unless it has ended.
pub async fn find(db: &Db, cookie: &str, now: UnixMillis) -> Result<Option<(Session, User, Actor)>> {
    let session: Option<Session> = db
        .fetch_optional(
            "SELECT id, user_id, created_at, seen_at, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2",
            &[&secret::hash(cookie), &now],
        )
        .await?;
    let Some(session) = session else { return Ok(None) };
    // Whoever is blocked has no sessions; one that began in the same moment counts for nothing.
    let user = users::find(db, session.user_id).await?.filter(|user| user.blocked_at.is_none());
    let Some(user) = user else { return Ok(None) };
    let granted = groups::permissions_of(db, user.id).await?;
    let actor = Actor::with(&user, &granted);
    Ok(Some((session, user, actor)))
}

/// Notes that the session was used, and how long it lasts from here on.
pub async fn touch(db: &Db, session: &Session, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    let sql = "UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE id = $3";
    tx.execute(sql, &[&now, &expires_at, &session.id]).await?;
    tx.execute("UPDATE users SET seen_at = $1 WHERE id = $2", &[&now, &session.user_id]).await?;
    tx.commit().await
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
