//! Links in letters that prove something once. What stands in the link is never stored, only its hash.

use vestnik_model::id::UserId;
use vestnik_model::user::TokenPurpose;
use vestnik_model::{UnixMillis, secret};

use crate::db::{Db, Result, Tx};

/// What a link is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// It proves what it says for this person.
    Valid(UserId),
    /// It was used before.
    Used(UserId),
    /// Its time has passed.
    Expired(UserId),
    /// There is no such link.
    Unknown,
}

/// Makes the link's token valid. Earlier ones of the same purpose end: the newest letter is the one that counts.
pub async fn issue(
    db: &Db,
    user: UserId,
    purpose: TokenPurpose,
    token: &str,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<()> {
    let mut tx = db.begin().await?;
    issue_in(&mut tx, user, purpose, token, now, expires_at).await?;
    tx.commit().await
}

/// The same in a transaction.
pub(crate) async fn issue_in(
    tx: &mut Tx,
    user: UserId,
    purpose: TokenPurpose,
    token: &str,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<()> {
    tx.execute(
        "UPDATE tokens SET expires_at = $1 WHERE user_id = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1",
        &[&now, &user, &purpose],
    )
    .await?;
    tx.execute(
        "INSERT INTO tokens (hash, user_id, purpose, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[&secret::hash(token), &user, &purpose, &now, &expires_at],
    )
    .await?;
    Ok(())
}

/// Ends the open links of a purpose.
pub(crate) async fn end_in(tx: &mut Tx, user: UserId, purpose: TokenPurpose, now: UnixMillis) -> Result<()> {
    let sql = "UPDATE tokens SET used_at = $1 WHERE user_id = $2 AND purpose = $3 AND used_at IS NULL";
    tx.execute(sql, &[&now, &user, &purpose]).await?;
    Ok(())
}

/// Whose a link is, until when it holds, and when it was used.
type Known = (UserId, UnixMillis, Option<UnixMillis>);

const KNOWN: &str = "SELECT user_id, expires_at, used_at FROM tokens WHERE hash = $1 AND purpose = $2";

fn worth(found: Option<Known>, now: UnixMillis) -> Redeemed {
    match found {
        None => Redeemed::Unknown,
        Some((user, _, Some(_))) => Redeemed::Used(user),
        Some((user, expires_at, None)) if expires_at <= now => Redeemed::Expired(user),
        Some((user, _, None)) => Redeemed::Valid(user),
    }
}

/// Says what a link is worth without using it up, for the page that asks before it acts.
pub async fn look(db: &Db, purpose: TokenPurpose, token: &str, now: UnixMillis) -> Result<Redeemed> {
    Ok(worth(db.fetch_optional(KNOWN, &[&secret::hash(token), &purpose]).await?, now))
}

/// Uses a link up. Of two who come at once, one gets [`Redeemed::Valid`]. Answers as well whether an email with it went
/// into the catcher.
pub(crate) async fn redeem_in(
    tx: &mut Tx,
    purpose: TokenPurpose,
    token: &str,
    now: UnixMillis,
) -> Result<(Redeemed, bool)> {
    let used: Option<(UserId, bool)> = tx
        .fetch_optional(
            "UPDATE tokens SET used_at = $1 WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1
             RETURNING user_id, caught",
            &[&now, &secret::hash(token), &purpose],
        )
        .await?;
    if let Some((user, caught)) = used {
        return Ok((Redeemed::Valid(user), caught));
    }
    let found: Option<Known> = tx.fetch_optional(KNOWN, &[&secret::hash(token), &purpose]).await?;
    Ok((worth(found, now), false))
}

/// When the newest link of a purpose was made, to keep a person's mailbox from being flooded.
pub async fn last_issued(db: &Db, user: UserId, purpose: TokenPurpose) -> Result<Option<UnixMillis>> {
    let found: Option<(UnixMillis,)> = db
        .fetch_optional(
            "SELECT created_at FROM tokens WHERE user_id = $1 AND purpose = $2 ORDER BY id DESC LIMIT 1",
            &[&user, &purpose],
        )
        .await?;
    Ok(found.map(|(at,)| at))
}

/// Removes links that ended long ago; until then they say "used" or "expired" to whoever clicks them.
pub async fn remove_ended(db: &Db, before: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM tokens WHERE expires_at < $1", &[&before]).await
}
