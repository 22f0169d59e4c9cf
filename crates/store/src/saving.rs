//! Storing mailings as they were typed, and what begins at once with that.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::mailing::{Mailing, MailingDraft};
use vestnik_model::run::RunState;
use vestnik_model::text::fold;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::db::{Db, Result, Tx, Wake};
use crate::mailings::{COLUMNS, Selection, audience_in, choose, searched};
use crate::runs;
use crate::submitted_forms::{self, FormHash};

/// The circumstances in which a mailing is stored.
#[derive(Clone, Copy, Debug)]
pub struct Saving<'a> {
    /// The time.
    pub now: UnixMillis,
    /// How long a run that begins at once can be undone.
    pub undo: Duration,
    /// Left part of the Message-IDs of such a run: random.
    pub key: &'a str,
    /// What becomes of a start that lies more than a day in the past.
    pub late_start: LateStart,
    /// The form that creates it, if it was one.
    pub form: Option<&'a FormHash>,
}

impl<'a> Saving<'a> {
    /// With nothing to undo and nothing to ask.
    pub fn at(now: UnixMillis, key: &'a str) -> Self {
        Self { now, undo: Duration::ZERO, key, late_start: LateStart::Allowed, form: None }
    }
}

/// What becomes of a mailing that would begin at once because its start lies more than a day in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateStart {
    /// It is not stored, and its owner is asked.
    Ask,
    /// It begins if it goes to this many recipients: so many were spoken of when its owner was asked.
    AgreedFor(i64),
    /// It begins.
    Allowed,
}

/// What came of storing a mailing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Saved(MailingId),
    /// It is stored, and because its start has passed, this run of it begins when the time to undo is over.
    Begins(MailingId, RunId),
    /// The actor has no such mailing.
    NotFound,
    /// The actor has no such message.
    NoMessage,
    /// No one would get it.
    NoRecipients,
    /// The actor may not let mail go out, and it would by itself.
    MayNotSend,
    /// Its start lies this many days in the past, and it would begin at once.
    Late {
        /// Whole days.
        days: u64,
        /// To how many it would go.
        recipients: i64,
    },
    /// Someone has changed it since the version that was shown.
    Changed,
}

/// Stores a new mailing. Inside its window it begins at once (S-15), before it at its start (S-16).
pub async fn create(
    db: &Db,
    actor: &Actor,
    draft: &MailingDraft,
    selection: &Selection,
    saving: &Saving<'_>,
) -> Result<Saved> {
    let now = saving.now;
    let next_at = draft.first_firing(now);
    if next_at.is_some() && !actor.may(Permission::SendMail) {
        return Ok(Saved::MayNotSend);
    }
    let selection = &*searched(db, actor, selection).await?;
    let mut tx = db.begin().await?;
    if let Some(earlier) = submitted_forms::claim(&mut tx, actor, saving.form, now).await? {
        return Ok(Saved::Saved(MailingId(earlier)));
    }
    let Some(name) = name(&mut tx, actor, draft).await? else { return Ok(Saved::NoMessage) };
    let status = if ended_before(draft, now) { "completed" } else { "created" };
    let (id,): (MailingId,) = tx
        .fetch_one(
            "INSERT INTO mailings (owner_id, name, name_key, message_id, audience, starts_at, starts_local, ends_at,
                periodicity, time_zone, on_unknown, status, next_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14) RETURNING id",
            &[
                &actor.user(),
                &name,
                &fold(&name),
                &draft.message_id,
                &draft.audience,
                &draft.start.map(|start| start.at),
                &draft.start.map(|start| start.local.to_string()),
                &draft.ends_at,
                &draft.periodicity,
                &draft.time_zone,
                &draft.on_unknown,
                &status,
                &next_at,
                &now,
            ],
        )
        .await?;
    let recipients = choose(&mut tx, actor, id, selection).await?;
    if recipients == 0 {
        return Ok(Saved::NoRecipients);
    }
    let saved = match draft.fires_at_once(now) {
        Some(occurrence) => begin(&mut tx, actor, id, draft, (occurrence, recipients), saving).await?,
        None => Saved::Saved(id),
    };
    if let Saved::Late { .. } = saved {
        return Ok(saved);
    }
    submitted_forms::created(&mut tx, actor, saving.form, id.0).await?;
    tx.wake(Wake::Schedule);
    tx.commit().await?;
    Ok(saved)
}

/// Changes a mailing. `selection` of `None` keeps those who are chosen; `version` of `None` changes it whatever it has
/// become since it was shown. Runs that have begun keep what they send and, once their deliveries are made, to whom.
pub async fn update(
    db: &Db,
    actor: &Actor,
    id: MailingId,
    draft: &MailingDraft,
    selection: Option<&Selection>,
    version: Option<i64>,
    saving: &Saving<'_>,
) -> Result<Saved> {
    let now = saving.now;
    let selection = match selection {
        Some(selection) => Some(searched(db, actor, selection).await?),
        None => None,
    };
    let selection = selection.as_deref();
    let mut tx = db.begin().await?;
    // A run that has not begun goes to those who are chosen now. Runs before their mailing, as everyone locks them.
    tx.execute(
        "UPDATE runs SET audience = $1 WHERE mailing_id = $2 AND owner_id = $3 AND state = 'planned'",
        &[&draft.audience, &id, &actor.user()],
    )
    .await?;
    // Locks it, so that it is read as it stays.
    let sql = "UPDATE mailings SET version = version + 1 WHERE id = $1 AND owner_id = $2";
    tx.execute(sql, &[&id, &actor.user()]).await?;
    let Some(before) = find_in(&mut tx, actor, id).await? else { return Ok(Saved::NotFound) };
    if version.is_some_and(|seen| seen + 1 != before.version) {
        return Ok(Saved::Changed);
    }
    // A schedule that stays as it was goes on where it stands; firing anew would repeat what has been sent.
    let unchanged = draft.keeps_schedule(&before);
    let (has_run,): (bool,) = tx
        .fetch_one("SELECT EXISTS (SELECT 1 FROM runs WHERE mailing_id = $1 AND state <> 'cancelled')", &[&id])
        .await?;
    let next_at = if before.disabled_at.is_some() {
        None
    } else if unchanged {
        before.next_at
    } else if has_run {
        // An hour that is set right in the afternoon must not send the morning's mail once more.
        draft.next_firing(now)
    } else {
        draft.first_firing(now)
    };
    if next_at.is_some() && !actor.may(Permission::SendMail) {
        return Ok(Saved::MayNotSend);
    }
    let Some(name) = name(&mut tx, actor, draft).await? else { return Ok(Saved::NoMessage) };
    let (starts_at, starts_local, ends_at) = if unchanged {
        (before.starts_at, before.starts_local.clone(), before.ends_at)
    } else {
        (draft.start.map(|start| start.at), draft.start.map(|start| start.local.to_string()), draft.ends_at)
    };
    tx.execute(
        "UPDATE mailings SET name = $1, name_key = $2, message_id = $3, audience = $4, starts_at = $5, starts_local = $6,
            ends_at = $7, periodicity = $8, time_zone = $9, on_unknown = $10, next_at = $11, updated_at = $12
         WHERE id = $13",
        &[
            &name,
            &fold(&name),
            &draft.message_id,
            &draft.audience,
            &starts_at,
            &starts_local,
            &ends_at,
            &draft.periodicity,
            &draft.time_zone,
            &draft.on_unknown,
            &next_at,
            &now,
            &id,
        ],
    )
    .await?;
    let recipients = match selection {
        Some(selection) => choose(&mut tx, actor, id, selection).await?,
        None => audience_in(&mut tx, actor, id, draft.audience).await?,
    };
    // Those who are kept are perhaps chosen no more: then nobody is left, and never everyone instead.
    if recipients == 0 && (selection.is_some() || before.audience != draft.audience) {
        return Ok(Saved::NoRecipients);
    }
    let at_once = if unchanged || has_run { None } else { next_at.filter(|occurrence| *occurrence <= now) };
    let saved = match at_once {
        Some(occurrence) => begin(&mut tx, actor, id, draft, (occurrence, recipients), saving).await?,
        None => Saved::Saved(id),
    };
    if let Saved::Late { .. } = saved {
        return Ok(saved);
    }
    if !(unchanged || ended_before(draft, now) && !has_run) {
        runs::settle_status(&mut tx, id).await?;
    }
    tx.wake(Wake::Schedule);
    tx.commit().await?;
    Ok(saved)
}

/// Makes the run of a mailing whose start has passed; or asks, where its start has passed long ago.
async fn begin(
    tx: &mut Tx,
    actor: &Actor,
    id: MailingId,
    draft: &MailingDraft,
    (occurrence, recipients): (UnixMillis, i64),
    saving: &Saving<'_>,
) -> Result<Saved> {
    if let Some(days) = draft.days_late(saving.now) {
        let agreed = match saving.late_start {
            LateStart::Ask => false,
            LateStart::AgreedFor(agreed) => agreed == recipients,
            LateStart::Allowed => true,
        };
        if !agreed {
            return Ok(Saved::Late { days, recipients });
        }
    }
    let Some(mailing) = find_in(tx, actor, id).await? else { return Ok(Saved::NotFound) };
    let run = plan_at_once(tx, &mailing, occurrence, saving).await?;
    Ok(run.map_or(Saved::Saved(id), |run| Saved::Begins(id, run)))
}

/// Makes the run of an occurrence that has passed already; it begins after the time to undo, and the mailing fires next
/// at its next occurrence. The mailing is locked. `None`: the occurrence had its run.
async fn plan_at_once(
    tx: &mut Tx,
    mailing: &Mailing,
    occurrence: UnixMillis,
    saving: &Saving<'_>,
) -> Result<Option<RunId>> {
    let now = saving.now;
    let next = mailing.schedule().and_then(|schedule| schedule.next_after(now));
    tx.execute("UPDATE mailings SET next_at = $1 WHERE id = $2", &[&next, &mailing.id]).await?;
    let begins_at = now.plus(saving.undo);
    let mut place = occurrence;
    let run = loop {
        let made =
            runs::insert(tx, mailing, RunState::Planned, place, begins_at, saving.key, runs::Origin::Schedule, now)
                .await?;
        if made.is_some() {
            break made;
        }
        // One that was undone has the place of this occurrence, and does not stand for it any more.
        let (undone,): (bool,) = tx
            .fetch_one(
                "SELECT EXISTS (SELECT 1 FROM runs
                    WHERE mailing_id = $1 AND occurrence_at = $2 AND state = 'cancelled' AND sent = 0)",
                &[&mailing.id, &place],
            )
            .await?;
        if !undone {
            break None;
        }
        place = UnixMillis(place.0 + 1);
    };
    runs::settle_status(tx, mailing.id).await?;
    Ok(run)
}

async fn find_in(tx: &mut Tx, actor: &Actor, id: MailingId) -> Result<Option<Mailing>> {
    let sql = format!("SELECT {COLUMNS} FROM mailings m WHERE m.id = $1 AND m.owner_id = $2");
    tx.fetch_optional(AssertSqlSafe(sql), &[&id, &actor.user()]).await
}

fn ended_before(draft: &MailingDraft, now: UnixMillis) -> bool {
    draft.ends_at.is_some_and(|end| end <= now)
}

/// The mailing's name, or else its message's subject. `None`: the actor has no such message.
async fn name(tx: &mut Tx, actor: &Actor, draft: &MailingDraft) -> Result<Option<String>> {
    let subject: Option<(String,)> = tx
        .fetch_optional(
            "SELECT subject FROM messages WHERE id = $1 AND owner_id = $2",
            &[&draft.message_id, &actor.user()],
        )
        .await?;
    Ok(subject
        .map(|(subject,)| if draft.name.is_empty() { subject.chars().take(200).collect() } else { draft.name.clone() }))
}
