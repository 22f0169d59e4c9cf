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

/// Says what a link is worth without using it up, for the page that asks before it acts.
pub async fn look(db: &Db, purpose: TokenPurpose, token: &str, now: UnixMillis) -> Result<Redeemed> {
    let found: Option<(UserId, UnixMillis, Option<UnixMillis>)> = db
        .fetch_optional(
            "SELECT user_id, expires_at, used_at FROM tokens WHERE hash = $1 AND purpose = $2",
            &[&secret::hash(token), &purpose],
        )
        .await?;
    Ok(match found {
        None => Redeemed::Unknown,
        Some((user, _, Some(_))) => Redeemed::Used(user),
        Some((user, expires_at, None)) if expires_at <= now => Redeemed::Expired(user),
        Some((user, _, None)) => Redeemed::Valid(user),
    })
}

/// Uses a link up. Of two who come at once, one gets [`Redeemed::Valid`].
pub async fn redeem(db: &Db, purpose: TokenPurpose, token: &str, now: UnixMillis) -> Result<Redeemed> {
    let looked = look(db, purpose, token, now).await?;
    if let Redeemed::Valid(user) = looked {
        let used = db
            .execute(
                "UPDATE tokens SET used_at = $1 WHERE hash = $2 AND purpose = $3 AND used_at IS NULL AND expires_at > $1",
                &[&now, &secret::hash(token), &purpose],
            )
            .await?;
        return Ok(if used == 1 { looked } else { Redeemed::Used(user) });
    }
    Ok(looked)
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
