//! What the built-in mail catcher took.

use vestnik_model::UnixMillis;
use vestnik_model::id::CaughtId;

use crate::db::{Db, Result, Rows};
use crate::page::{Cursor, Page};

/// How many mails are kept; the oldest go first.
pub const KEPT: i64 = 10_000;

/// A mail to be kept.
#[derive(Clone, Debug)]
pub struct NewCaught {
    /// `MAIL FROM`.
    pub sender: String,
    /// `RCPT TO`.
    pub recipient: String,
    /// The decoded `Subject` header.
    pub subject: String,
    /// The mail as it came.
    pub raw: Vec<u8>,
    /// When it came.
    pub caught_at: UnixMillis,
}

/// A kept mail.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Caught {
    /// Identifier.
    pub id: CaughtId,
    /// `MAIL FROM`.
    pub sender: String,
    /// `RCPT TO`.
    pub recipient: String,
    /// The decoded `Subject` header.
    pub subject: String,
    /// The mail as it came.
    pub raw: Vec<u8>,
    /// When it came.
    pub caught_at: UnixMillis,
}

/// Keeps mails.
pub async fn insert(db: &Db, mails: Vec<NewCaught>) -> Result<()> {
    let mut tx = db.begin().await?;
    let rows = Rows::new()
        .texts(mails.iter().map(|mail| mail.sender.replace('\0', "")))
        .texts(mails.iter().map(|mail| mail.recipient.replace('\0', "")))
        .texts(mails.iter().map(|mail| mail.subject.replace('\0', "")))
        .texts(mails.iter().map(|mail| mail.subject.replace('\0', "").to_lowercase()))
        .ints(mails.iter().map(|mail| mail.caught_at.0))
        .blobs(mails.into_iter().map(|mail| mail.raw));
    tx.execute_rows(
        "WITH v (sender, recipient, subject, subject_key, caught_at, raw) AS ({rows})
         INSERT INTO caught (sender, recipient, subject, subject_key, raw, caught_at)
         SELECT sender, recipient, subject, subject_key, raw, caught_at FROM v",
        &rows,
    )
    .await?;
    tx.commit().await
}

/// A page of what was caught, newest first, of those whose recipient or subject contains the text.
pub async fn list(db: &Db, search: &str, cursor: Option<&Cursor>, size: usize) -> Result<Page<Caught>> {
    let limit = size as i64 + 1;
    let pattern = crate::recipients::containing(search);
    let back = cursor.is_some_and(|cursor| cursor.back);
    let from = cursor.map_or(i64::MAX, |cursor| cursor.id);
    let sql = if back {
        "SELECT id, sender, recipient, subject, raw, caught_at FROM caught
         WHERE id > $1 AND (lower(recipient) LIKE $2 ESCAPE '\\' OR subject_key LIKE $2 ESCAPE '\\') ORDER BY id LIMIT $3"
    } else {
        "SELECT id, sender, recipient, subject, raw, caught_at FROM caught
         WHERE id < $1 AND (lower(recipient) LIKE $2 ESCAPE '\\' OR subject_key LIKE $2 ESCAPE '\\')
         ORDER BY id DESC LIMIT $3"
    };
    let rows = db.fetch_all(sql, &[&from, &pattern, &limit]).await?;
    Ok(Page::of(rows, cursor, size, |mail: &Caught| (mail.id.0, String::new())))
}

/// One caught mail.
pub async fn find(db: &Db, id: CaughtId) -> Result<Option<Caught>> {
    db.fetch_optional("SELECT id, sender, recipient, subject, raw, caught_at FROM caught WHERE id = $1", &[&id]).await
}

/// How many mails are kept.
pub async fn count(db: &Db) -> Result<i64> {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM caught", &[]).await?;
    Ok(count)
}

/// Removes all.
pub async fn clear(db: &Db) -> Result<u64> {
    db.execute("DELETE FROM caught", &[]).await
}

/// Removes the oldest beyond [`KEPT`].
pub async fn prune(db: &Db) -> Result<u64> {
    db.execute("DELETE FROM caught WHERE id <= (SELECT COALESCE(max(id), 0) FROM caught) - $1", &[&KEPT]).await
}
