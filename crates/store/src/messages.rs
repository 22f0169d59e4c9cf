//! Messages: subject and body.

use vestnik_model::id::MessageId;
use vestnik_model::message::{Message, MessageDraft};
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Result};
use crate::page::{Cursor, Page};
use crate::submitted_forms::{self, FormHash};

/// A page of the actor's messages, newest first. Bodies are left out: a list of long letters is not one.
pub async fn list(db: &Db, actor: &Actor, cursor: Option<&Cursor>, size: usize) -> Result<Page<Message>> {
    let limit = size as i64 + 1;
    let rows = match cursor {
        Some(cursor) if cursor.back => {
            db.fetch_all(
                "SELECT id, owner_id, subject, '' AS html, '' AS text, created_at, updated_at, version FROM messages
                 WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3",
                &[&actor.user(), &cursor.id, &limit],
            )
            .await?
        }
        cursor => {
            let before = cursor.map_or(i64::MAX, |cursor| cursor.id);
            db.fetch_all(
                "SELECT id, owner_id, subject, '' AS html, '' AS text, created_at, updated_at, version FROM messages
                 WHERE owner_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                &[&actor.user(), &before, &limit],
            )
            .await?
        }
    };
    Ok(Page::of(rows, cursor, size, |message: &Message| (message.id.0, String::new())))
}

/// The actor's messages after an id with their bodies, oldest first, for an export that never holds all of them.
pub async fn batch_after(db: &Db, actor: &Actor, after: MessageId, limit: i64) -> Result<Vec<Message>> {
    db.fetch_all(
        "SELECT id, owner_id, subject, html, text, created_at, updated_at, version FROM messages
         WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[&actor.user(), &after, &limit],
    )
    .await
}

/// A message with the address of its owner's account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OwnedMessage {
    /// The message.
    #[sqlx(flatten)]
    pub message: Message,
    /// Whose it is.
    pub owner_email: String,
}

/// Everyone's messages after an id with their bodies, oldest first, for whoever runs the installation: an upgrade looks
/// for those that its template language does not have any more.
pub async fn of_everyone_after(db: &Db, after: MessageId, limit: i64) -> Result<Vec<OwnedMessage>> {
    db.fetch_all(
        "SELECT m.id, m.owner_id, m.subject, m.html, m.text, m.created_at, m.updated_at, m.version,
            u.email AS owner_email
         FROM messages m JOIN users u ON u.id = m.owner_id WHERE m.id > $1 ORDER BY m.id LIMIT $2",
        &[&after, &limit],
    )
    .await
}

/// How many messages the actor has.
pub async fn count(db: &Db, actor: &Actor) -> Result<i64> {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM messages WHERE owner_id = $1", &[&actor.user()]).await?;
    Ok(count)
}

/// One of the actor's messages.
pub async fn find(db: &Db, actor: &Actor, id: MessageId) -> Result<Option<Message>> {
    db.fetch_optional(
        "SELECT id, owner_id, subject, html, text, created_at, updated_at, version FROM messages
         WHERE id = $1 AND owner_id = $2",
        &[&id, &actor.user()],
    )
    .await
}

/// Stores a new message.
pub async fn create(db: &Db, actor: &Actor, draft: &MessageDraft, now: UnixMillis) -> Result<MessageId> {
    create_once(db, actor, draft, None, now).await
}

/// The same for a form: sent again, it leads to the message that it has created.
pub async fn create_once(
    db: &Db,
    actor: &Actor,
    draft: &MessageDraft,
    form: Option<&FormHash>,
    now: UnixMillis,
) -> Result<MessageId> {
    let mut tx = db.begin().await?;
    if let Some(earlier) = submitted_forms::claim(&mut tx, actor, form, now).await? {
        return Ok(MessageId(earlier));
    }
    let (id,): (MessageId,) = tx
        .fetch_one(
            "INSERT INTO messages (owner_id, subject, html, text, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5) RETURNING id",
            &[&actor.user(), &draft.subject, &draft.html, &draft.text, &now],
        )
        .await?;
    submitted_forms::created(&mut tx, actor, form, id.0).await?;
    tx.commit().await?;
    Ok(id)
}

/// What came of changing a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It is changed.
    Done,
    /// Someone has changed it since the version that was shown.
    Changed,
    /// The actor has no such message.
    NotFound,
}

/// Changes a message; runs that have begun keep what they send. `version` is the one that was shown; `None`: whatever it
/// has become since.
pub async fn update(
    db: &Db,
    actor: &Actor,
    id: MessageId,
    draft: &MessageDraft,
    version: Option<i64>,
    now: UnixMillis,
) -> Result<Updated> {
    let changed = db
        .execute(
            "UPDATE messages SET subject = $1, html = $2, text = $3, updated_at = $4, version = version + 1
             WHERE id = $5 AND owner_id = $6 AND version = COALESCE($7, version)",
            &[&draft.subject, &draft.html, &draft.text, &now, &id, &actor.user(), &version],
        )
        .await?;
    Ok(match changed {
        0 if find(db, actor, id).await?.is_none() => Updated::NotFound,
        0 => Updated::Changed,
        _ => Updated::Done,
    })
}

/// What came of deleting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Gone,
    /// The actor has no such message.
    NotFound,
    /// This many mailings use it.
    InUse(i64),
}

/// Deletes a message that no mailing uses.
pub async fn delete(db: &Db, actor: &Actor, id: MessageId) -> Result<Deleted> {
    let deleted = db.execute("DELETE FROM messages WHERE id = $1 AND owner_id = $2", &[&id, &actor.user()]).await;
    match deleted {
        Ok(0) => Ok(Deleted::NotFound),
        Ok(_) => Ok(Deleted::Gone),
        Err(error) if error.is_foreign_key_violation() => {
            let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM mailings WHERE message_id = $1", &[&id]).await?;
            Ok(Deleted::InUse(count))
        }
        Err(error) => Err(error),
    }
}
