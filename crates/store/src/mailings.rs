//! Mailings: a message, its audience and its schedule.

use std::borrow::Cow;

use sqlx::AssertSqlSafe;
use vestnik_mail::address::EmailAddress;
use vestnik_model::id::{MailingId, MessageId, RecipientId, RunId};
use vestnik_model::mailing::{Audience, Mailing};
use vestnik_model::run::RunState;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Result, Rows, Tx};
use crate::page::{Cursor, Page};
use crate::recipients;
use crate::search::Words;

pub use crate::saving::{LateStart, Saved, Saving, create, update};

pub(crate) const COLUMNS: &str =
    "m.id, m.owner_id, m.name, m.message_id, m.audience, m.starts_at, m.starts_local, m.ends_at,
    m.periodicity, m.time_zone, m.status, m.next_at, m.on_unknown, m.disabled_at, m.disabled_reason, m.disabled_by,
    m.created_at, m.updated_at, m.version";

/// A mailing in a list, with what a person looks for there.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct MailingRow {
    /// The mailing itself.
    #[sqlx(flatten)]
    pub mailing: Mailing,
    /// Subject of its message.
    pub subject: String,
    /// Messages sent by all its runs.
    pub sent: i64,
    /// Recipients that all its runs failed to reach.
    pub failed: i64,
    /// Its newest run.
    pub run_id: Option<RunId>,
    /// Where its newest run stands.
    pub run_state: Option<RunState>,
    /// Deliveries of its newest run.
    pub run_recipients: i64,
    /// Of these, how many have a final state.
    pub run_done: i64,
}

/// The beginning of a query for rows of a list: `m` is the mailing. More columns and joins may follow.
pub(crate) fn rows_select(columns: &str, joins: &str) -> String {
    format!(
        "SELECT {COLUMNS}, s.subject,
            (SELECT CAST(COALESCE(sum(t.sent), 0) AS BIGINT) FROM runs t WHERE t.mailing_id = m.id) AS sent,
            (SELECT CAST(COALESCE(sum(t.failed), 0) AS BIGINT) FROM runs t WHERE t.mailing_id = m.id) AS failed,
            u.id AS run_id, u.state AS run_state, COALESCE(u.recipients, 0) AS run_recipients,
            COALESCE(u.sent + u.failed + u.expired + u.skipped + u.unknown + u.cancelled, 0) AS run_done{columns}
         FROM mailings m
         JOIN messages s ON s.id = m.message_id
         LEFT JOIN runs u ON u.id = (SELECT max(l.id) FROM runs l WHERE l.mailing_id = m.id)
         {joins}"
    )
}

fn rows_sql(filter: &str, order: &str) -> AssertSqlSafe<String> {
    let rows = rows_select("", "");
    AssertSqlSafe(format!("{rows} WHERE m.owner_id = $1 AND {filter} ORDER BY m.id {order} LIMIT $3"))
}

/// A mailing that will fire.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Upcoming {
    /// Which.
    pub id: MailingId,
    /// What it is called.
    pub name: String,
    /// When it fires.
    pub next_at: UnixMillis,
}

/// The actor's mailings that will fire, the soonest first.
pub async fn upcoming(db: &Db, actor: &Actor, limit: i64) -> Result<Vec<Upcoming>> {
    db.fetch_all(
        "SELECT id, name, next_at FROM mailings
         WHERE owner_id = $1 AND next_at IS NOT NULL AND disabled_at IS NULL ORDER BY next_at, id LIMIT $2",
        &[&actor.user(), &limit],
    )
    .await
}

/// A page of the actor's mailings, newest first.
pub async fn list(db: &Db, actor: &Actor, cursor: Option<&Cursor>, size: usize) -> Result<Page<MailingRow>> {
    let limit = size as i64 + 1;
    let sql = match cursor {
        Some(cursor) if cursor.back => rows_sql("m.id > $2", "ASC"),
        _ => rows_sql("m.id < $2", "DESC"),
    };
    let from = cursor.map_or(i64::MAX, |cursor| cursor.id);
    let rows = db.fetch_all(sql, &[&actor.user(), &from, &limit]).await?;
    Ok(Page::of(rows, cursor, size, |row: &MailingRow| (row.mailing.id.0, String::new())))
}

/// The actor's mailings after an id, oldest first, for an export that never holds all of them.
pub async fn batch_after(db: &Db, actor: &Actor, after: MailingId, limit: i64) -> Result<Vec<Mailing>> {
    let sql = format!("SELECT {COLUMNS} FROM mailings m WHERE m.owner_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3");
    db.fetch_all(AssertSqlSafe(sql), &[&actor.user(), &after, &limit]).await
}

/// Those who are chosen for one of the actor's mailings after a recipient, with their addresses, for the same.
pub async fn chosen_after(
    db: &Db,
    actor: &Actor,
    id: MailingId,
    after: RecipientId,
    limit: i64,
) -> Result<Vec<(RecipientId, String)>> {
    db.fetch_all(
        "SELECT r.id, r.email FROM mailing_recipients c
         JOIN mailings m ON m.id = c.mailing_id AND m.owner_id = $2
         JOIN recipients r ON r.id = c.recipient_id
         WHERE c.mailing_id = $1 AND c.recipient_id > $3 ORDER BY c.recipient_id LIMIT $4",
        &[&id, &actor.user(), &after, &limit],
    )
    .await
}

/// How many mailings the actor has.
pub async fn count(db: &Db, actor: &Actor) -> Result<i64> {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM mailings WHERE owner_id = $1", &[&actor.user()]).await?;
    Ok(count)
}

/// One of the actor's mailings.
pub async fn find(db: &Db, actor: &Actor, id: MailingId) -> Result<Option<Mailing>> {
    db.fetch_optional(
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM mailings m WHERE m.id = $1 AND m.owner_id = $2")),
        &[&id, &actor.user()],
    )
    .await
}

/// Whose mailing it is: for the command line, whose user is the one who runs the service.
pub async fn owner(db: &Db, id: MailingId) -> Result<Option<vestnik_model::user::User>> {
    let found: Option<(vestnik_model::id::UserId,)> =
        db.fetch_optional("SELECT owner_id FROM mailings WHERE id = $1", &[&id]).await?;
    match found {
        Some((owner,)) => crate::users::find(db, owner).await,
        None => Ok(None),
    }
}

/// Who is chosen for a mailing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Everyone, whoever that is when a run begins.
    All,
    /// These, as far as they are in the actor's list.
    Ids(Vec<RecipientId>),
    /// Everyone who matches the search now; with an empty search, everyone in the list now.
    Matching {
        /// What is searched for.
        search: String,
        /// Chosen besides, in earlier searches.
        also: Vec<RecipientId>,
    },
    /// Those with these addresses, as far as they are in the actor's list.
    Emails(Vec<EmailAddress>),
}

/// A selection in which nothing is left to be searched for: that takes long, and is done before the transaction that
/// chooses.
pub(crate) async fn searched<'a>(db: &Db, actor: &Actor, selection: &'a Selection) -> Result<Cow<'a, Selection>> {
    let Selection::Matching { search, also } = selection else { return Ok(Cow::Borrowed(selection)) };
    if Words::of(search).is_empty() {
        return Ok(Cow::Borrowed(selection));
    }
    let db = db.heavy_for_file(actor);
    let (mut ids, mut after, last) = (also.clone(), RecipientId(0), recipients::newest(&db).await?);
    while let Some(found) = recipients::find_part(&db, actor, search, (after, last), i64::MAX).await? {
        ids.extend(found.ids);
        after = found.end;
    }
    Ok(Cow::Owned(Selection::Ids(ids)))
}

/// Sets who is chosen; answers how many people the mailing would go to. The owner is checked in each statement, so
/// that another's recipients are as good as absent.
pub(crate) async fn choose(tx: &mut Tx, actor: &Actor, id: MailingId, selection: &Selection) -> Result<i64> {
    tx.execute("DELETE FROM mailing_recipients WHERE mailing_id = $1", &[&id]).await?;
    let owner = actor.user();
    match selection {
        Selection::All => return audience_in(tx, actor, id, Audience::All).await,
        Selection::Ids(ids) => choose_ids(tx, actor, id, ids).await?,
        Selection::Emails(emails) => {
            let rows = Rows::new()
                .ints(emails.iter().map(|_| id.0))
                .ints(emails.iter().map(|_| owner.0))
                .texts(emails.iter().map(|email| email.key()));
            tx.execute_rows(
                "WITH v (mailing_id, owner_id, email_key) AS ({rows})
                 INSERT INTO mailing_recipients (mailing_id, recipient_id)
                 SELECT v.mailing_id, r.id FROM v
                 JOIN recipients r ON r.owner_id = v.owner_id AND r.email_key = v.email_key WHERE true
                 ON CONFLICT DO NOTHING",
                &rows,
            )
            .await?;
        }
        // What is searched for has become ids in `searched`.
        Selection::Matching { search, also } if !Words::of(search).is_empty() => {
            choose_ids(tx, actor, id, also).await?
        }
        Selection::Matching { .. } => {
            let sql = "INSERT INTO mailing_recipients (mailing_id, recipient_id)
                SELECT $1, r.id FROM recipients r WHERE r.owner_id = $2";
            tx.execute(sql, &[&id, &owner]).await?;
        }
    }
    audience_in(tx, actor, id, Audience::Chosen).await
}

/// To how many people a mailing of the actor's would go now, as part of a larger act.
pub(crate) async fn audience_in(tx: &mut Tx, actor: &Actor, id: MailingId, audience: Audience) -> Result<i64> {
    let (count,): (i64,) = match audience {
        Audience::All => tx.fetch_one("SELECT recipients FROM users WHERE id = $1", &[&actor.user()]).await?,
        Audience::Chosen => {
            tx.fetch_one("SELECT count(*) FROM mailing_recipients WHERE mailing_id = $1", &[&id]).await?
        }
    };
    Ok(count)
}

/// Recipients that one statement adds.
const CHOSEN_AT_A_TIME: usize = 20_000;

/// Adds recipients with these ids to those who are chosen, as far as they are the actor's.
async fn choose_ids(tx: &mut Tx, actor: &Actor, id: MailingId, ids: &[RecipientId]) -> Result<()> {
    for ids in ids.chunks(CHOSEN_AT_A_TIME) {
        let rows = Rows::new()
            .ints(ids.iter().map(|_| id.0))
            .ints(ids.iter().map(|_| actor.user().0))
            .ints(ids.iter().map(|recipient| recipient.0));
        tx.execute_rows(
            "WITH v (mailing_id, owner_id, recipient_id) AS ({rows})
             INSERT INTO mailing_recipients (mailing_id, recipient_id)
             SELECT v.mailing_id, r.id FROM v
             JOIN recipients r ON r.id = v.recipient_id AND r.owner_id = v.owner_id WHERE true
             ON CONFLICT DO NOTHING",
            &rows,
        )
        .await?;
    }
    Ok(())
}

/// To how many people one of the actor's mailings would go now.
pub async fn audience_size(db: &Db, actor: &Actor, mailing: &Mailing) -> Result<i64> {
    match mailing.audience {
        Audience::All => recipients::count(db, actor, "").await,
        Audience::Chosen => {
            let (count,): (i64,) = db
                .fetch_one(
                    "SELECT count(*) FROM mailing_recipients c JOIN mailings m ON m.id = c.mailing_id
                     WHERE m.id = $1 AND m.owner_id = $2",
                    &[&mailing.id, &actor.user()],
                )
                .await?;
            Ok(count)
        }
    }
}

/// Which of these recipients are chosen for one of the actor's mailings, to show them ticked.
pub async fn chosen_among(db: &Db, actor: &Actor, id: MailingId, ids: &[RecipientId]) -> Result<Vec<RecipientId>> {
    let list = ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    if list.is_empty() {
        return Ok(Vec::new());
    }
    // The list is made of numbers alone.
    let found: Vec<(RecipientId,)> = db
        .fetch_all(
            AssertSqlSafe(format!(
                "SELECT c.recipient_id FROM mailing_recipients c JOIN mailings m ON m.id = c.mailing_id
                 WHERE m.id = $1 AND m.owner_id = $2 AND c.recipient_id IN ({list})"
            )),
            &[&id, &actor.user()],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// The ids of all who are chosen for one of the actor's mailings, up to `limit`.
pub async fn chosen(db: &Db, actor: &Actor, id: MailingId, limit: i64) -> Result<Vec<RecipientId>> {
    let found: Vec<(RecipientId,)> = db
        .fetch_all(
            "SELECT c.recipient_id FROM mailing_recipients c JOIN mailings m ON m.id = c.mailing_id
             WHERE m.id = $1 AND m.owner_id = $2 ORDER BY c.recipient_id LIMIT $3",
            &[&id, &actor.user(), &limit],
        )
        .await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// What came of deleting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone, with its runs and their ledger.
    Gone,
    /// The actor has no such mailing.
    NotFound,
    /// A run of it is going on.
    Running,
}

/// Deletes a mailing that is not being sent, with all that is known of its runs.
pub async fn delete(db: &Db, actor: &Actor, id: MailingId) -> Result<Deleted> {
    if find(db, actor, id).await?.is_none() {
        return Ok(Deleted::NotFound);
    }
    let deleted = db
        .execute(
            "DELETE FROM mailings WHERE id = $1 AND owner_id = $2 AND NOT EXISTS
                (SELECT 1 FROM runs WHERE mailing_id = $1
                    AND state IN ('planned', 'expanding', 'sending', 'paused', 'stopping'))",
            &[&id, &actor.user()],
        )
        .await?;
    Ok(if deleted == 0 { Deleted::Running } else { Deleted::Gone })
}

/// Which of the actor's mailings use a message.
pub async fn using(db: &Db, actor: &Actor, message: MessageId) -> Result<Vec<Mailing>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM mailings m WHERE m.message_id = $1 AND m.owner_id = $2 ORDER BY m.id DESC LIMIT 50"
        )),
        &[&message, &actor.user()],
    )
    .await
}
