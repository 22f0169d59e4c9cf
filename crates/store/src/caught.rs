//! What the built-in mail catcher took, and who may read it.
//!
//! Caught mail has an owner: that of the run which sent it, or the account that a system email is for. Which of the two
//! it is, the Message-ID says, whose left side holds the key of the run with the number of the delivery, or the key of
//! the system email. Mail that has neither is nobody's: only administrators see it.

use std::collections::BTreeSet;

use sqlx::AssertSqlSafe;
use vestnik_model::id::{CaughtId, DeliveryId, RunId, UserId};
use vestnik_model::text::fold;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::db::{Db, Param, Result, Rows, Tx};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};

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
    /// The `Message-ID` header without its angle brackets; empty: it has none.
    pub message_id: String,
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

/// Who reads caught mail.
#[derive(Clone, Copy, Debug)]
pub enum Viewer<'a> {
    /// Someone who has not signed in: sees what the demo made.
    Visitor,
    /// A user sees their own. Whoever runs the installation sees all: they could as well send all mail to a server of
    /// their own.
    User(&'a Actor),
}

impl Viewer<'_> {
    /// The condition of what this viewer sees, and its argument, `$1`.
    fn condition(self) -> (&'static str, UserId) {
        match self {
            Self::Visitor => ("public AND $1 = 0", UserId(0)),
            Self::User(actor) if actor.may(Permission::ManageSettings) => ("$1 = 0", UserId(0)),
            Self::User(actor) => ("owner_id = $1", actor.user()),
        }
    }
}

/// What a Message-ID of ours names.
#[derive(Debug, PartialEq, Eq)]
enum Named<'a> {
    Delivery { run: &'a str, delivery: DeliveryId },
    SystemEmail { key: &'a str },
}

impl<'a> Named<'a> {
    /// See [`vestnik_model::delivery::message_id`] and the engine's system emails.
    fn of(message_id: &'a str) -> Option<Self> {
        let key = message_id.split('@').next().filter(|key| !key.is_empty())?;
        match key.split_once('.') {
            Some((run, delivery)) => Some(Self::Delivery { run, delivery: DeliveryId(delivery.parse().ok()?) }),
            None => Some(Self::SystemEmail { key }),
        }
    }
}

/// Whose a mail is, and the run that sent it.
type Owner = (Option<UserId>, Option<RunId>);

async fn owners(tx: &mut Tx, mails: &[NewCaught]) -> Result<Vec<Owner>> {
    let (mut deliveries, mut letters) = (Vec::new(), Vec::new());
    for (index, mail) in (0_i64..).zip(mails) {
        match Named::of(&mail.message_id) {
            Some(Named::Delivery { run, delivery }) => deliveries.push((index, run, delivery)),
            Some(Named::SystemEmail { key }) => letters.push((index, key)),
            None => {}
        }
    }
    let mut owners = vec![(None, None); mails.len()];
    let mut note = |index: i64, owner| {
        if let Some(known) = usize::try_from(index).ok().and_then(|index| owners.get_mut(index)) {
            *known = owner;
        }
    };
    if !deliveries.is_empty() {
        let rows = Rows::new()
            .ints(deliveries.iter().map(|(index, ..)| *index))
            .texts(deliveries.iter().map(|(_, run, _)| *run))
            .ints(deliveries.iter().map(|(.., delivery)| delivery.0));
        let sql = "WITH v (n, run, delivery) AS ({rows}) SELECT v.n, u.owner_id, u.id FROM v
             JOIN deliveries d ON d.id = v.delivery JOIN runs u ON u.id = d.run_id AND u.key = v.run";
        let found: Vec<(i64, UserId, RunId)> = tx.fetch_rows(sql, &rows).await?;
        found.into_iter().for_each(|(index, owner, run)| note(index, (Some(owner), Some(run))));
    }
    if !letters.is_empty() {
        let rows = Rows::new().ints(letters.iter().map(|(index, _)| *index)).texts(letters.iter().map(|(_, key)| *key));
        let sql = "WITH v (n, key) AS ({rows}) SELECT v.n, l.user_id FROM v JOIN letters l ON l.key = v.key
             WHERE l.user_id IS NOT NULL";
        let found: Vec<(i64, UserId)> = tx.fetch_rows(sql, &rows).await?;
        let users: BTreeSet<i64> = found.iter().map(|(_, user)| user.0).collect();
        found.into_iter().for_each(|(index, owner)| note(index, (Some(owner), None)));
        // Whatever such a link proves from now on, it proves to the catcher alone.
        let sql = "WITH v (id) AS ({rows}) UPDATE tokens SET caught = TRUE FROM v
             WHERE tokens.user_id = v.id AND tokens.used_at IS NULL";
        if !users.is_empty() {
            tx.execute_rows(sql, &Rows::new().ints(users.into_iter())).await?;
        }
    }
    Ok(owners)
}

/// Keeps mails.
pub async fn insert(db: &Db, mails: Vec<NewCaught>) -> Result<()> {
    let mut tx = db.begin().await?;
    let owners = owners(&mut tx, &mails).await?;
    let rows = Rows::new()
        .texts(mails.iter().map(|mail| mail.sender.replace('\0', "")))
        .texts(mails.iter().map(|mail| mail.recipient.replace('\0', "")))
        .texts(mails.iter().map(|mail| mail.subject.replace('\0', "")))
        .texts(mails.iter().map(|mail| fold(&mail.subject.replace('\0', ""))))
        .ints(mails.iter().map(|mail| mail.caught_at.0))
        .optional_ints(owners.iter().map(|(owner, _)| owner.map(|owner| owner.0)))
        .optional_ints(owners.iter().map(|(_, run)| run.map(|run| run.0)))
        .blobs(mails.into_iter().map(|mail| mail.raw));
    tx.execute_rows(
        "WITH v (sender, recipient, subject, subject_key, caught_at, owner_id, run_id, raw) AS ({rows})
         INSERT INTO caught (sender, recipient, subject, subject_key, raw, caught_at, owner_id, run_id)
         SELECT sender, recipient, subject, subject_key, raw, caught_at, owner_id, run_id FROM v",
        &rows,
    )
    .await?;
    tx.commit().await
}

/// Shows what a run has sent to visitors as well: for the demo.
pub async fn publish(db: &Db, run: RunId) -> Result<u64> {
    db.execute("UPDATE caught SET public = TRUE WHERE run_id = $1", &[&run]).await
}

/// A page of what this viewer may read, newest first, of those whose recipient or subject has all the words.
pub async fn list(
    db: &Db,
    viewer: Viewer<'_>,
    search: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Caught>> {
    let limit = size as i64 + 1;
    let words = Words::of(search);
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let (condition, owner) = viewer.condition();
    let mut args: Vec<&dyn Param> = vec![&owner, &from, &limit];
    let found = words.condition(&[SearchIn::Lower("lower(recipient)"), SearchIn::Folded("subject_key")], &mut args);
    // Only fixed conditions and numbers of placeholders are put together here.
    let sql = format!(
        "SELECT id, sender, recipient, subject, raw, caught_at FROM caught
         WHERE {condition} AND id {compare} $2 AND {found} ORDER BY id {direction} LIMIT $3"
    );
    let rows = db.heavy_shared().fetch_all(AssertSqlSafe(sql), &args).await?;
    Ok(Page::of(rows, cursor, size, |mail: &Caught| (mail.id.0, String::new())))
}

/// One caught mail; `None` also if this viewer may not read it.
pub async fn find(db: &Db, viewer: Viewer<'_>, id: CaughtId) -> Result<Option<Caught>> {
    let (condition, owner) = viewer.condition();
    let sql =
        format!("SELECT id, sender, recipient, subject, raw, caught_at FROM caught WHERE {condition} AND id = $2");
    db.fetch_optional(AssertSqlSafe(sql), &[&owner, &id]).await
}

/// How many mails this viewer may read.
pub async fn count(db: &Db, viewer: Viewer<'_>) -> Result<i64> {
    let (condition, owner) = viewer.condition();
    let sql = format!("SELECT count(*) FROM caught WHERE {condition}");
    let (count,): (i64,) = db.fetch_one(AssertSqlSafe(sql), &[&owner]).await?;
    Ok(count)
}

/// Removes all that the actor may read, and nothing else.
pub async fn clear(db: &Db, actor: &Actor) -> Result<u64> {
    let (condition, owner) = Viewer::User(actor).condition();
    db.execute(AssertSqlSafe(format!("DELETE FROM caught WHERE {condition}")), &[&owner]).await
}

/// Removes the oldest beyond [`KEPT`].
pub async fn prune(db: &Db) -> Result<u64> {
    db.execute("DELETE FROM caught WHERE id <= (SELECT COALESCE(max(id), 0) FROM caught) - $1", &[&KEPT]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_id_names_the_delivery_or_the_system_email() {
        let delivery = Named::Delivery { run: "0a1b", delivery: DeliveryId(7) };
        for (id, named) in [
            ("0a1b.7@example.com", Some(delivery)),
            ("0a1b@example.com", Some(Named::SystemEmail { key: "0a1b" })),
            ("0a1b.x@example.com", None),
            ("0a1b.7.8@example.com", None),
            ("@example.com", None),
            ("", None),
        ] {
            assert_eq!(Named::of(id), named, "{id}");
        }
    }
}
