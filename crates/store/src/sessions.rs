//! Signed-in browsers. The cookie's secret is never stored, only its hash.

use sqlx::AssertSqlSafe;
use vestnik_model::id::{SessionId, UserId};
use vestnik_model::user::{Session, User};
use vestnik_model::{Actor, UnixMillis, secret};

use crate::db::{Db, Result, Tx};
use crate::{groups, users};

const COLUMNS: &str = "id, user_id, created_at, seen_at, expires_at, address, agent";

/// By what a person knows one of their sessions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The network address.
    pub address: &'a str,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// Notes a signed-in browser.
pub async fn create(
    db: &Db,
    user: UserId,
    cookie: &str,
    origin: Origin<'_>,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<()> {
    let mut tx = db.begin().await?;
    insert(&mut tx, user, cookie, origin, now, expires_at).await?;
    tx.commit().await
}

/// The same as part of a larger act.
pub(crate) async fn insert(
    tx: &mut Tx,
    user: UserId,
    cookie: &str,
    origin: Origin<'_>,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<()> {
    // The person before their sessions, as everyone locks them.
    tx.execute("UPDATE users SET seen_at = $1 WHERE id = $2", &[&now, &user]).await?;
    tx.execute(
        "INSERT INTO sessions (hash, user_id, created_at, seen_at, expires_at, address, agent)
         VALUES ($1, $2, $3, $3, $4, $5, $6)",
        &[&secret::hash(cookie), &user, &now, &expires_at, &origin.address, &origin.agent],
    )
    .await?;
    Ok(())
}

/// The session of a cookie and its person, unless it has ended.
pub async fn find(db: &Db, cookie: &str, now: UnixMillis) -> Result<Option<(Session, User, Actor)>> {
    let session: Option<Session> = db
        .fetch_optional(
            AssertSqlSafe(format!("SELECT {COLUMNS} FROM sessions WHERE hash = $1 AND expires_at > $2")),
            &[&secret::hash(cookie), &now],
        )
        .await?;
    let Some(session) = session else { return Ok(None) };
    // Whoever is blocked has no sessions; one that began in the same moment counts for nothing.
    let user = users::find(db, session.user_id).await?.filter(|user| user.blocked_at.is_none());
    let Some(user) = user else { return Ok(None) };
    let actor = groups::actor_of(db, &user).await?;
    Ok(Some((session, user, actor)))
}

/// Notes that the session was used, and how long it lasts from here on.
pub async fn touch(db: &Db, session: &Session, now: UnixMillis, expires_at: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    // The person before their sessions, as everyone locks them.
    tx.execute("UPDATE users SET seen_at = $1 WHERE id = $2", &[&now, &session.user_id]).await?;
    let sql = "UPDATE sessions SET seen_at = $1, expires_at = $2 WHERE id = $3";
    tx.execute(sql, &[&now, &expires_at, &session.id]).await?;
    tx.commit().await
}

/// The actor's sessions, the one that was used last first.
pub async fn all(db: &Db, actor: &Actor, now: UnixMillis) -> Result<Vec<Session>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY seen_at DESC, id DESC LIMIT 50"
        )),
        &[&actor.user(), &now],
    )
    .await
}

/// Ends one of the actor's sessions. `false`: the actor has no such session.
pub async fn end_one(db: &Db, actor: &Actor, id: SessionId) -> Result<bool> {
    let sql = "DELETE FROM sessions WHERE id = $1 AND user_id = $2";
    Ok(db.execute(sql, &[&id, &actor.user()]).await? == 1)
}

/// Ends the session of a cookie.
pub async fn end(db: &Db, cookie: &str) -> Result<()> {
    db.execute("DELETE FROM sessions WHERE hash = $1", &[&secret::hash(cookie)]).await?;
    Ok(())
}

/// Ends every session of a person, and what was about to become one.
pub(crate) async fn end_all_in(tx: &mut Tx, user: UserId) -> Result<()> {
    end_others_in(tx, user, None).await
}

/// The same, but for the session at hand.
pub(crate) async fn end_others_in(tx: &mut Tx, user: UserId, at_hand: Option<SessionId>) -> Result<()> {
    // In this order: a login that is being finished in this moment has its session ended as well.
    tx.execute("DELETE FROM half_logins WHERE user_id = $1", &[&user]).await?;
    let kept = at_hand.map_or(0, |session| session.0);
    tx.execute("DELETE FROM sessions WHERE user_id = $1 AND id <> $2", &[&user, &kept]).await?;
    Ok(())
}

/// Removes sessions that have expired.
pub async fn remove_expired(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM sessions WHERE expires_at <= $1", &[&now]).await
}
