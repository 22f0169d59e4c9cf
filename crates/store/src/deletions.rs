//! Deleting what is large, step by step: a transaction of ten seconds would have everyone else wait who writes.
//!
//! What is to be deleted is noted in a row, and `engine::deletions` goes on with it, also after a restart. A step finds
//! its rows before its transaction, and that is short.

use serde::Serialize;
use vestnik_model::id::{DeletionId, MailingId, RecipientId, UserId};
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Result, Wake};
use crate::mailings::{self, Deleted};
use crate::recipients::{self, FoundPart};
use crate::{erasure, users};

/// Rows of the first step; later ones are as large as the machine deletes in a short time.
pub const FIRST_STEP: i64 = 1_000;
/// What has more rows than this is deleted in the background.
const LARGE: i64 = 5_000;

/// Something that is or was deleted step by step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Deletion {
    /// Identifier.
    pub id: DeletionId,
    /// `recipients` or `mailing`.
    pub kind: String,
    /// The mailing's name, or the words by which recipients were searched; empty: all recipients.
    pub name: String,
    /// Recipients, or deliveries of the mailing, that there were.
    pub total: i64,
    /// How many of them are deleted.
    pub deleted: i64,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it ended.
    pub finished_at: Option<UnixMillis>,
}

/// What came of deleting recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecipientDeletion {
    /// So many are deleted.
    Done(u64),
    /// It goes on in the background.
    InSteps(DeletionId),
}

/// What came of deleting a mailing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailingDeletion {
    /// It is gone, with its runs and their ledger.
    Done,
    /// It is gone for its owner; its ledger is erased in the background.
    InSteps(DeletionId),
    /// The actor has no such mailing.
    NotFound,
    /// A run of it is going on.
    Running,
}

/// One of the actor's.
pub async fn find(db: &Db, actor: &Actor, id: DeletionId) -> Result<Option<Deletion>> {
    let sql = "SELECT id, kind, name, total, deleted, created_at, finished_at FROM deletions
        WHERE id = $1 AND owner_id = $2";
    db.fetch_optional(sql, &[&id, &actor.user()]).await
}

/// Deletes the actor's recipients that match the search, all of them if it is empty. Those who are added later stay.
pub async fn delete_recipients(db: &Db, actor: &Actor, search: &str, now: UnixMillis) -> Result<RecipientDeletion> {
    let search = search.trim();
    let total = recipients::count(db, actor, search).await?;
    if total > LARGE {
        return begin_recipients(db, actor, search, total, now).await.map(RecipientDeletion::InSteps);
    }
    let deleted = match search {
        "" => recipients::delete_all(db, actor).await?,
        search => recipients::delete_matching(db, actor, search).await?,
    };
    Ok(RecipientDeletion::Done(deleted))
}

/// Notes that recipients are to be deleted step by step. The same wish that is not fulfilled yet is not noted again.
pub async fn begin_recipients(db: &Db, actor: &Actor, search: &str, total: i64, now: UnixMillis) -> Result<DeletionId> {
    let last = recipients::newest(db).await?;
    let mut tx = db.begin().await?;
    recipients::lock(&mut tx, actor).await?;
    let sql = "SELECT id FROM deletions
        WHERE owner_id = $1 AND kind = 'recipients' AND name = $2 AND last_id >= $3 AND finished_at IS NULL";
    if let Some((same,)) = tx.fetch_optional::<(DeletionId,)>(sql, &[&actor.user(), &search, &last]).await? {
        return Ok(same);
    }
    let (id,): (DeletionId,) = tx
        .fetch_one(
            "INSERT INTO deletions (owner_id, kind, name, last_id, total, created_at)
             VALUES ($1, 'recipients', $2, $3, $4, $5) RETURNING id",
            &[&actor.user(), &search, &last, &total, &now],
        )
        .await?;
    tx.wake(Wake::Deletions);
    tx.commit().await?;
    Ok(id)
}

/// Deletes a mailing that is not being sent, with all that is known of its runs.
pub async fn delete_mailing(db: &Db, actor: &Actor, id: MailingId, now: UnixMillis) -> Result<MailingDeletion> {
    let Some(mailing) = mailings::find(db, actor, id).await? else { return Ok(MailingDeletion::NotFound) };
    let sql = "SELECT CAST(COALESCE(sum(recipients), 0) AS BIGINT) FROM runs WHERE mailing_id = $1";
    let (deliveries,): (i64,) = db.fetch_one(sql, &[&id]).await?;
    // Those who are chosen have rows as well.
    if deliveries + mailings::audience_size(db, actor, &mailing).await? > LARGE {
        return begin_mailing(db, actor, id, deliveries, now).await;
    }
    Ok(match mailings::delete(db, actor, id).await? {
        Deleted::Gone => MailingDeletion::Done,
        Deleted::NotFound => MailingDeletion::NotFound,
        Deleted::Running => MailingDeletion::Running,
    })
}

/// Takes a mailing from its owner; its ledger of so many deliveries is erased step by step.
pub async fn begin_mailing(
    db: &Db,
    actor: &Actor,
    id: MailingId,
    deliveries: i64,
    now: UnixMillis,
) -> Result<MailingDeletion> {
    let Some(mailing) = mailings::find(db, actor, id).await? else { return Ok(MailingDeletion::NotFound) };
    let mut tx = db.begin().await?;
    let Some(account) = erasure::set_apart(&mut tx, actor.user(), id, now).await? else {
        return Ok(MailingDeletion::Running);
    };
    let (deletion,): (DeletionId,) = tx
        .fetch_one(
            "INSERT INTO deletions (owner_id, kind, name, account_id, total, created_at)
             VALUES ($1, 'mailing', $2, $3, $4, $5) RETURNING id",
            &[&actor.user(), &mailing.name, &account, &deliveries, &now],
        )
        .await?;
    tx.wake(Wake::Deletions);
    tx.commit().await?;
    Ok(MailingDeletion::InSteps(deletion))
}

/// What a step has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Up to `size` rows are deleted, and more may be left.
    Done,
    /// Another process has done this step.
    Raced,
    /// There is nothing to delete.
    Nothing,
}

/// A deletion of recipients that goes on.
#[derive(sqlx::FromRow)]
struct Open {
    id: DeletionId,
    owner_id: UserId,
    name: String,
    position: RecipientId,
    last_id: RecipientId,
}

/// Deletes up to `size` rows of what is to be deleted: recipients first, which someone sees vanish, then what was deleted
/// accounts'.
pub async fn step(db: &Db, size: i64, now: UnixMillis) -> Result<Step> {
    let sql = "SELECT id, owner_id, name, position, last_id FROM deletions
        WHERE finished_at IS NULL AND kind = 'recipients' ORDER BY id LIMIT 1";
    match db.fetch_optional(sql, &[]).await? {
        Some(open) => step_of(db, &open, size, now).await,
        None if erasure::step(db, size, now).await? => Ok(Step::Done),
        None => Ok(Step::Nothing),
    }
}

async fn step_of(db: &Db, open: &Open, size: i64, now: UnixMillis) -> Result<Step> {
    let Some(owner) = users::find(db, open.owner_id).await? else {
        // Their account is deleted, and all that is theirs is erased.
        db.execute("UPDATE deletions SET finished_at = $1 WHERE id = $2", &[&now, &open.id]).await?;
        return Ok(Step::Done);
    };
    let actor = Actor::of(&owner);
    let range = (open.position, open.last_id);
    let found = recipients::find_part(db, &actor, &open.name, range, size).await?;
    let finished_at = found.is_none().then_some(now);
    let FoundPart { ids, end } = found.unwrap_or(FoundPart { ids: Vec::new(), end: open.last_id });
    let mut tx = db.begin().await?;
    let deleted = if ids.is_empty() { 0 } else { recipients::delete_in(&mut tx, &actor, &ids).await? };
    let moved = tx
        .execute(
            "UPDATE deletions SET position = $1, deleted = deleted + $2, finished_at = $3
             WHERE id = $4 AND position = $5 AND finished_at IS NULL",
            &[&end, &(deleted as i64), &finished_at, &open.id, &open.position],
        )
        .await?;
    if moved == 0 {
        return Ok(Step::Raced);
    }
    tx.commit().await?;
    Ok(Step::Done)
}

/// Forgets what ended before a time.
pub async fn forget(db: &Db, before: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM deletions WHERE finished_at < $1", &[&before]).await
}
