//! Forms that were sent after their session had ended. They wait here until the person who typed them has signed in again
//! on the same browser, and then stand on the page again; nothing is saved without that person.

use std::time::Duration;

use vestnik_model::id::UserId;
use vestnik_model::{Actor, UnixMillis, secret};

use crate::db::{Db, Result};

/// Forms kept for one person on one browser; the oldest give way.
const MOST: i64 = 5;
/// How long a form waits.
pub const LIFETIME: Duration = Duration::from_secs(3_600);
/// What the forms of one person may take, in bytes; the oldest give way.
pub const LARGEST_SUM_OF_USER: i64 = 32 * 1024 * 1024;
/// What all forms together may take, in bytes. Those of others do not give way.
pub const LARGEST_SUM: i64 = 256 * 1024 * 1024;

/// A form as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct NewForm<'a> {
    /// The secret in the browser's cookie.
    pub browser: &'a str,
    /// Who typed it, as the form itself says: only this person sees it.
    pub user: UserId,
    /// The page of the form.
    pub path: &'a str,
    /// Its fields, urlencoded.
    pub body: &'a str,
}

/// What came of keeping a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeping {
    /// It is kept, under this number.
    Kept(i64),
    /// The account does not exist.
    NoUser,
    /// Others' forms, or this one alone, take all the room there is.
    NoRoom,
}

/// Keeps a form. Earlier ones of the same person give way to it, the oldest first.
pub async fn keep(db: &Db, form: NewForm<'_>, now: UnixMillis) -> Result<Keeping> {
    let browser = secret::hash(form.browser);
    let size = form.body.len() as i64;
    // Before the transaction: several that come at once may exceed the sum by their own sizes, and no one waits for this.
    let (of_others,): (i64,) = db
        .fetch_one("SELECT CAST(COALESCE(sum(size), 0) AS BIGINT) FROM kept_forms WHERE user_id <> $1", &[&form.user])
        .await?;
    let allowance = LARGEST_SUM_OF_USER.min(LARGEST_SUM - of_others);
    if size > allowance {
        return Ok(Keeping::NoRoom);
    }
    let mut tx = db.begin().await?;
    let kept: Option<(i64,)> = tx
        .fetch_optional(
            "INSERT INTO kept_forms (browser, user_id, path, size, body, created_at)
             SELECT $1, u.id, $2, $3, $4, $5 FROM users u WHERE u.id = $6 AND u.deleted_at IS NULL RETURNING id",
            &[&browser, &form.path, &size, &form.body, &now, &form.user],
        )
        .await?;
    let Some((id,)) = kept else { return Ok(Keeping::NoUser) };
    tx.execute(
        "DELETE FROM kept_forms WHERE user_id = $1 AND browser = $2 AND id NOT IN
            (SELECT id FROM kept_forms WHERE user_id = $1 AND browser = $2 ORDER BY id DESC LIMIT $3)",
        &[&form.user, &browser, &MOST],
    )
    .await?;
    tx.execute(
        "DELETE FROM kept_forms WHERE id <> $1 AND id IN (SELECT id FROM
            (SELECT id, sum(size) OVER (ORDER BY id DESC) AS total FROM kept_forms WHERE user_id = $2) AS newest_first
            WHERE total > $3)",
        &[&id, &form.user, &allowance],
    )
    .await?;
    tx.commit().await?;
    Ok(Keeping::Kept(id))
}

/// Which form is looked for.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Its number.
    pub id: i64,
    /// The secret in the browser's cookie.
    pub browser: &'a str,
    /// The page that is shown.
    pub path: &'a str,
}

/// The fields of one of the actor's forms, if it was sent from this browser and belongs to this page.
pub async fn find(db: &Db, actor: &Actor, kept: Kept<'_>, now: UnixMillis) -> Result<Option<String>> {
    let found: Option<(String,)> = db
        .fetch_optional(
            "SELECT body FROM kept_forms
             WHERE id = $1 AND user_id = $2 AND browser = $3 AND path = $4 AND created_at > $5",
            &[&kept.id, &actor.user(), &secret::hash(kept.browser), &kept.path, &now.minus(LIFETIME)],
        )
        .await?;
    Ok(found.map(|(body,)| body))
}

/// Forgets forms that came before a time.
pub async fn forget(db: &Db, before: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM kept_forms WHERE created_at < $1", &[&before]).await
}
