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
/// What all forms together may take, in bytes.
const LARGEST_SUM: i64 = 256 * 1024 * 1024;

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

/// Keeps a form. `None`: there is no such person, or no room.
pub async fn keep(db: &Db, form: NewForm<'_>, now: UnixMillis) -> Result<Option<i64>> {
    let browser = secret::hash(form.browser);
    let mut tx = db.begin().await?;
    let (sum,): (i64,) =
        tx.fetch_one("SELECT CAST(COALESCE(sum(length(body)), 0) AS BIGINT) FROM kept_forms", &[]).await?;
    if sum + form.body.len() as i64 > LARGEST_SUM {
        return Ok(None);
    }
    let kept: Option<(i64,)> = tx
        .fetch_optional(
            "INSERT INTO kept_forms (browser, user_id, path, body, created_at)
             SELECT $1, u.id, $2, $3, $4 FROM users u WHERE u.id = $5 AND u.deleted_at IS NULL RETURNING id",
            &[&browser, &form.path, &form.body, &now, &form.user],
        )
        .await?;
    tx.execute(
        "DELETE FROM kept_forms WHERE user_id = $1 AND browser = $2 AND id NOT IN
            (SELECT id FROM kept_forms WHERE user_id = $1 AND browser = $2 ORDER BY id DESC LIMIT $3)",
        &[&form.user, &browser, &MOST],
    )
    .await?;
    tx.commit().await?;
    Ok(kept.map(|(id,)| id))
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
