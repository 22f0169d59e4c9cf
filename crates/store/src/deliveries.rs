//! The queue in the ledger: claiming deliveries, noting what became of them, ending those whose window is over.
//!
//! A claim is a lease: it names its owner, counts an epoch up and ends by itself. A result is taken only from the claim
//! that is still in force; one that comes too late is kept as a *stale* attempt and changes nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use vestnik_model::UnixMillis;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, MailingId, RecipientId, RunId};

use crate::db::{Db, Result, Rows, Tx};
use crate::runs;

/// Ends of windows that are noted in one transaction.
const EXPIRY: i64 = 5_000;

/// A claimed delivery with what its message speaks of.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Identifier.
    pub id: DeliveryId,
    /// Of which run.
    pub run_id: RunId,
    /// To which address.
    pub email: String,
    /// Which attempt this is, 1 for the first.
    pub number: i64,
    /// Which claim this is.
    pub epoch: i64,
    /// The recipient's fields; `None`: removed since the run began.
    pub person: Option<ClaimedPerson>,
}

/// What a message may say of its recipient.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ClaimedPerson {
    /// «Ф. И. О.»
    pub full_name: String,
    /// Free text.
    pub comment: String,
}

#[derive(sqlx::FromRow)]
struct ClaimedRow {
    id: DeliveryId,
    recipient_id: RecipientId,
    email: String,
    attempts: i64,
    epoch: i64,
}

/// Claims deliveries of a run that are due, the longest due first.
pub async fn claim(
    db: &Db,
    run: RunId,
    owner: &str,
    limit: i64,
    now: UnixMillis,
    leased_until: UnixMillis,
) -> Result<Vec<Claimed>> {
    let mut tx = db.begin().await?;
    // On PostgreSQL other nodes claim beside this one and must not wait for it; SQLite has one writer anyway.
    let sql = match tx {
        Tx::Postgres(_) => {
            "WITH due AS MATERIALIZED (
                SELECT id FROM deliveries WHERE run_id = $1 AND state = 'pending' AND due_at <= $2
                ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED)
             UPDATE deliveries SET state = 'leased', owner = $4, epoch = epoch + 1, attempts = attempts + 1,
                leased_until = $5
             FROM due WHERE deliveries.id = due.id
             RETURNING deliveries.id, recipient_id, email, attempts, epoch"
        }
        Tx::Sqlite(_) => {
            "UPDATE deliveries SET state = 'leased', owner = $4, epoch = epoch + 1, attempts = attempts + 1,
                leased_until = $5
             WHERE id IN (SELECT id FROM deliveries WHERE run_id = $1 AND state = 'pending' AND due_at <= $2
                ORDER BY due_at, id LIMIT $3)
             RETURNING id, recipient_id, email, attempts, epoch"
        }
    };
    let claimed: Vec<ClaimedRow> = tx.fetch_all(sql, &[&run, &now, &limit, &owner, &leased_until]).await?;
    if claimed.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Rows::new().ints(claimed.iter().map(|row| row.recipient_id.0));
    let people: Vec<(RecipientId, String, String)> = tx
        .fetch_rows(
            "WITH v (id) AS ({rows}) SELECT r.id, r.full_name, r.comment FROM v JOIN recipients r ON r.id = v.id",
            &rows,
        )
        .await?;
    tx.commit().await?;
    let mut people: HashMap<RecipientId, ClaimedPerson> =
        people.into_iter().map(|(id, full_name, comment)| (id, ClaimedPerson { full_name, comment })).collect();
    Ok(claimed
        .into_iter()
        .map(|row| Claimed {
            id: row.id,
            run_id: run,
            email: row.email,
            number: row.attempts,
            epoch: row.epoch,
            person: people.remove(&row.recipient_id),
        })
        .collect())
}

/// What became of a claimed delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Of which run.
    pub run: RunId,
    /// Of which mailing.
    pub mailing: MailingId,
    /// Which claim made it.
    pub epoch: i64,
    /// Its new state; `Pending` for one that is tried again.
    pub state: DeliveryState,
    /// When it may be tried again, if it is.
    pub due_at: UnixMillis,
    /// The attempt that was made; `None` when it was given back or skipped without one.
    pub attempt: Option<AttemptMade>,
}

impl Outcome {
    /// The claim that it is the outcome of: the delivery and its epoch.
    pub fn claim(&self) -> (DeliveryId, i64) {
        (self.delivery, self.epoch)
    }
}

/// An attempt, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptMade {
    /// 1 for the first.
    pub number: i64,
    /// When it ended.
    pub at: UnixMillis,
    /// Whether the mail server took the message.
    pub successful: bool,
    /// SMTP reply code.
    pub code: Option<i64>,
    /// Enhanced status code.
    pub enhanced: Option<String>,
    /// The server's words, or what happened instead of an answer.
    pub reply: String,
    /// Where in the conversation it was decided.
    pub phase: Cow<'static, str>,
    /// `host:port` that was spoken to.
    pub server: String,
    /// Milliseconds.
    pub duration_ms: i64,
    /// The mail's Message-ID.
    pub message_id: String,
}

/// What is done with results whose claim is no longer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// Their attempts are kept, flagged: they happened, though another claim counts.
    Keep,
    /// They are passed over: a journal tells again what the ledger has long known.
    Skip,
}

/// Notes what became of deliveries that `owner` has claimed: states, attempts, figures of the runs, and runs that are
/// over by it, in one transaction. Answers how many results were stale.
pub async fn settle(db: &Db, owner: &str, outcomes: &[Outcome], stale: Stale, now: UnixMillis) -> Result<usize> {
    let mut tx = db.begin().await?;
    let rows = Rows::new()
        .ints(outcomes.iter().map(|outcome| outcome.delivery.0))
        .ints(outcomes.iter().map(|outcome| outcome.epoch))
        .texts(outcomes.iter().map(|_| owner))
        .texts(outcomes.iter().map(|outcome| outcome.state.as_str()))
        .ints(outcomes.iter().map(|outcome| outcome.due_at.0))
        // A claim that was given back without an attempt counts for nothing.
        .ints(outcomes.iter().map(|outcome| i64::from(outcome.attempt.is_none())));
    let taken: Vec<(DeliveryId, i64)> = tx
        .fetch_rows(
            "WITH v (id, epoch, owner, state, due_at, untried) AS ({rows})
             UPDATE deliveries SET state = v.state, due_at = v.due_at, owner = NULL, leased_until = NULL,
                attempts = deliveries.attempts - v.untried
             FROM v
             WHERE deliveries.id = v.id AND deliveries.epoch = v.epoch AND deliveries.owner = v.owner
               AND deliveries.state = 'leased'
             RETURNING deliveries.id, deliveries.epoch",
            &rows,
        )
        .await?;
    let taken: HashSet<(DeliveryId, i64)> = taken.into_iter().collect();
    insert_attempts(&mut tx, outcomes, &taken, stale).await?;

    // In the order of ids: two nodes that settle the same runs must lock them in the same order.
    let mut figures: BTreeMap<RunId, Figures> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|outcome| taken.contains(&outcome.claim())) {
        figures.entry(outcome.run).or_default().count(outcome);
    }
    for (run, figures) in &figures {
        figures.add_to(&mut tx, *run).await?;
    }
    let runs: Vec<RunId> = figures.keys().copied().collect();
    runs::complete(&mut tx, &runs, now).await?;
    tx.commit().await?;
    Ok(outcomes.len() - taken.len())
}

async fn insert_attempts(
    tx: &mut Tx,
    outcomes: &[Outcome],
    taken: &HashSet<(DeliveryId, i64)>,
    stale: Stale,
) -> Result<()> {
    let made: Vec<(&Outcome, &AttemptMade)> = outcomes
        .iter()
        .filter(|outcome| stale == Stale::Keep || taken.contains(&outcome.claim()))
        .filter_map(|outcome| Some((outcome, outcome.attempt.as_ref()?)))
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .ints(made.iter().map(|(outcome, _)| outcome.delivery.0))
        .ints(made.iter().map(|(outcome, _)| outcome.run.0))
        .ints(made.iter().map(|(outcome, _)| outcome.mailing.0))
        .ints(made.iter().map(|(_, attempt)| attempt.number))
        .ints(made.iter().map(|(_, attempt)| attempt.at.0))
        .bools(made.iter().map(|(_, attempt)| attempt.successful))
        .optional_ints(made.iter().map(|(_, attempt)| attempt.code))
        .optional_texts(made.iter().map(|(_, attempt)| attempt.enhanced.as_deref()))
        // PostgreSQL's TEXT has no NUL, and a server may say anything.
        .texts(made.iter().map(|(_, attempt)| attempt.reply.replace('\0', "\u{fffd}")))
        .texts(made.iter().map(|(_, attempt)| attempt.phase.as_ref()))
        .texts(made.iter().map(|(_, attempt)| attempt.server.as_str()))
        .ints(made.iter().map(|(_, attempt)| attempt.duration_ms))
        .texts(made.iter().map(|(_, attempt)| attempt.message_id.as_str()))
        .bools(made.iter().map(|(outcome, _)| !taken.contains(&outcome.claim())));
    tx.execute_rows(
        "WITH v (delivery_id, run_id, mailing_id, number, at, successful, code, enhanced, reply, phase, server,
            duration_ms, message_id, stale) AS ({rows})
         INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, code, enhanced, reply, phase,
            server, duration_ms, message_id, stale)
         SELECT delivery_id, run_id, mailing_id, number, at, successful, code, enhanced, reply, phase, server,
            duration_ms, message_id, stale FROM v
         -- A late result of a mailing that has been deleted meanwhile has no line to stand at.
         WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.id = v.delivery_id)",
        &rows,
    )
    .await?;
    Ok(())
}

/// What a batch of results adds to a run's figures.
#[derive(Debug, Default)]
struct Figures {
    sent: i64,
    failed: i64,
    expired: i64,
    skipped: i64,
    unknown: i64,
    cancelled: i64,
    attempts_ok: i64,
    attempts_failed: i64,
}

impl Figures {
    fn count(&mut self, outcome: &Outcome) {
        match outcome.state {
            DeliveryState::Pending | DeliveryState::Leased => {}
            DeliveryState::Sent => self.sent += 1,
            DeliveryState::Failed => self.failed += 1,
            DeliveryState::Expired => self.expired += 1,
            DeliveryState::Skipped => self.skipped += 1,
            DeliveryState::Unknown => self.unknown += 1,
            DeliveryState::Cancelled => self.cancelled += 1,
        }
        match &outcome.attempt {
            Some(attempt) if attempt.successful => self.attempts_ok += 1,
            Some(_) => self.attempts_failed += 1,
            None => {}
        }
    }

    async fn add_to(&self, tx: &mut Tx, run: RunId) -> Result<()> {
        tx.execute(
            "UPDATE runs SET sent = sent + $1, failed = failed + $2, expired = expired + $3, skipped = skipped + $4,
                unknown = unknown + $5, cancelled = cancelled + $6, attempts_ok = attempts_ok + $7,
                attempts_failed = attempts_failed + $8
             WHERE id = $9",
            &[
                &self.sent,
                &self.failed,
                &self.expired,
                &self.skipped,
                &self.unknown,
                &self.cancelled,
                &self.attempts_ok,
                &self.attempts_failed,
                &run,
            ],
        )
        .await?;
        Ok(())
    }
}

/// Ends waiting deliveries of runs whose window is over. `true`: there may be more.
pub async fn expire(db: &Db, now: UnixMillis) -> Result<bool> {
    let over: Vec<(RunId,)> = db
        .fetch_all(
            "SELECT id FROM runs WHERE state IN ('expanding', 'sending') AND ends_at IS NOT NULL AND ends_at <= $1",
            &[&now],
        )
        .await?;
    let mut more = false;
    for (run,) in over {
        let mut tx = db.begin().await?;
        let expired = tx
            .execute(
                "UPDATE deliveries SET state = 'expired' WHERE id IN
                    (SELECT id FROM deliveries WHERE run_id = $1 AND state = 'pending' ORDER BY due_at, id LIMIT $2)
                 AND state = 'pending'",
                &[&run, &EXPIRY],
            )
            .await?;
        if expired > 0 {
            let figures = Figures { expired: expired as i64, ..Figures::default() };
            figures.add_to(&mut tx, run).await?;
            runs::complete(&mut tx, &[run], now).await?;
            tx.commit().await?;
            more |= expired as i64 == EXPIRY;
        }
    }
    Ok(more)
}

/// Lets the claims of a process that lives hold longer.
pub async fn renew(db: &Db, owner: &str, leased_until: UnixMillis) -> Result<u64> {
    db.execute(
        "UPDATE deliveries SET leased_until = $1 WHERE state = 'leased' AND owner = $2",
        &[&leased_until, &owner],
    )
    .await
}

/// Gives back what `owner` has claimed, as if it had never been claimed: its process is gone, and its journal shows
/// that these messages had not been handed over. Answers how many.
pub async fn release(db: &Db, owner: &str) -> Result<u64> {
    db.execute(
        "UPDATE deliveries SET state = 'pending', owner = NULL, leased_until = NULL, attempts = attempts - 1
         WHERE state = 'leased' AND owner = $1",
        &[&owner],
    )
    .await
}

/// Ends claims whose lease is over: their process is gone, and whether the mail server has the message is not known.
/// Answers the deliveries, to be noted as *unknown*.
pub async fn abandoned(db: &Db, now: UnixMillis, except: &str, limit: i64) -> Result<Vec<Abandoned>> {
    db.fetch_all(
        "SELECT d.id, d.run_id, u.mailing_id, d.epoch, d.attempts, d.owner, u.key FROM deliveries d
         JOIN runs u ON u.id = d.run_id
         WHERE d.state = 'leased' AND d.leased_until <= $1 AND d.owner <> $2 ORDER BY d.leased_until LIMIT $3",
        &[&now, &except, &limit],
    )
    .await
}

/// A claim whose process is gone.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Abandoned {
    /// Identifier.
    pub id: DeliveryId,
    /// Of which run.
    pub run_id: RunId,
    /// Of which mailing.
    pub mailing_id: MailingId,
    /// Which claim it is.
    pub epoch: i64,
    /// Which attempt it was.
    pub attempts: i64,
    /// Who had claimed it.
    pub owner: String,
    /// Part of its Message-ID.
    pub key: String,
}
