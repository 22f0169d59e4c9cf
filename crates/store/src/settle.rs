//! Noting what became of claimed deliveries: states, attempts, figures, in one transaction.
//!
//! A result whose claim is no longer in force is kept as a *stale* attempt and changes nothing. There is one exception:
//! *unknown* is a state of knowledge. Whoever knows better, because the claim was theirs, sets it right.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, MailingId, OutageId, RunId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::{Problem, UnixMillis};

use crate::db::{Db, Result, Rows, Tx};
use crate::figures::Tally;
use crate::{outages, runs};

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
    /// When it may be tried again; `None`: when it was due before.
    pub due_at: Option<UnixMillis>,
    /// Whether the attempt does not count against the retry policy.
    pub excused: bool,
    /// The attempt that was made; `None` when it was given back or skipped without one.
    pub attempt: Option<AttemptMade>,
}

impl Outcome {
    /// The claim that it is the outcome of: the delivery and its epoch.
    pub fn claim(&self) -> Claim {
        (self.delivery, self.epoch)
    }

    /// When it came to this.
    fn at(&self, now: UnixMillis) -> UnixMillis {
        self.attempt.as_ref().map_or(now, |attempt| attempt.at)
    }
}

/// A claim: the delivery and its epoch.
pub type Claim = (DeliveryId, i64);

/// An attempt, as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptMade {
    /// 1 for the first.
    pub number: i64,
    /// When it ended.
    pub at: UnixMillis,
    /// Whether the mail server took the message.
    pub successful: bool,
    /// Whether it may have taken it although nothing says so.
    pub unknown: bool,
    /// SMTP reply code.
    pub code: Option<i64>,
    /// Enhanced status code.
    pub enhanced: Option<String>,
    /// The server's words.
    pub reply: Cow<'static, str>,
    /// What happened, where the server's words alone do not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
    /// The outage of the server that it was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<OutageId>,
    /// Whether no session could be opened, so that the server has seen nothing of the message.
    #[serde(default)]
    pub unreached: bool,
    /// Where in the conversation it was decided.
    pub phase: Cow<'static, str>,
    /// `host:port` that was spoken to.
    pub server: Cow<'static, str>,
    /// The version of TLS; empty: none.
    pub tls: Cow<'static, str>,
    /// Milliseconds.
    pub duration_ms: i64,
}

/// From where results come, which decides what is done with those whose claim is no longer in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From the process that made the claims. Stale attempts are kept, flagged: they happened, though another claim
    /// counts.
    Sender,
    /// From its journal, after its end. What is stale the ledger has long known.
    Journal,
    /// From another process, after the end of the claims' node. The claims keep their owner, who may come back and know
    /// better.
    Takeover,
}

/// Notes results. Answers how many were stale.
pub async fn settle(db: &Db, outcomes: &[Outcome], source: Source, now: UnixMillis) -> Result<usize> {
    let rows = Rows::new()
        .ints(outcomes.iter().map(|outcome| outcome.delivery.0))
        .ints(outcomes.iter().map(|outcome| outcome.epoch))
        .texts(outcomes.iter().map(|outcome| outcome.state.as_str()))
        .optional_ints(outcomes.iter().map(|outcome| outcome.due_at.map(|at| at.0)))
        // A claim that was given back without an attempt counts for nothing.
        .ints(outcomes.iter().map(|outcome| i64::from(outcome.attempt.is_none())))
        .ints(outcomes.iter().map(|outcome| i64::from(outcome.excused)))
        .optional_ints(outcomes.iter().map(|outcome| outcome.state.is_final().then(|| outcome.at(now).0)));
    let mut tx = db.begin().await?;
    let mut noted = Noted::default();
    let update = update_sql("leased", source);
    if tx.execute_rows(&update, &rows).await? == outcomes.len() as u64 {
        noted.leased.extend(outcomes.iter().map(Outcome::claim));
    } else {
        // Some are stale. Rare, so that the others need not pay for knowing which.
        drop(tx);
        tx = db.begin().await?;
        noted = Noted::note(&mut tx, &rows, source).await?;
    }
    insert_attempts(&mut tx, outcomes, &noted, source).await?;
    note_outages(&mut tx, outcomes, &noted).await?;

    let mut tally = Tally::default();
    for outcome in outcomes.iter().filter(|outcome| noted.has(outcome)) {
        let knew = noted.knows(outcome);
        tally.count(outcome.run, outcome.mailing, outcome.at(now), |figures| {
            figures.move_to(outcome.state, 1);
            if let Some(attempt) = outcome.attempt.as_ref().filter(|_| !knew) {
                figures.attempt(attempt.successful);
            }
        });
        if let Some(since) = noted.unknown.get(&outcome.claim()) {
            tally.count(outcome.run, outcome.mailing, *since, |figures| figures.move_to(DeliveryState::Unknown, -1));
        }
    }
    let (runs, reopened) = (tally.runs(), tally.know_better());
    let by_quarter = tally.add_to_runs(&mut tx).await?;
    for run in reopened {
        runs::reopen(&mut tx, run).await?;
    }
    runs::complete(&mut tx, &runs, now).await?;
    by_quarter.add(&mut tx).await?;
    tx.commit().await?;
    Ok(outcomes.iter().filter(|outcome| !noted.has(outcome)).count())
}

/// The claims that results were taken from, by the state that they were in.
#[derive(Default)]
struct Noted {
    /// In force.
    leased: HashSet<Claim>,
    /// Ended by another process and held as unknown, since when.
    unknown: HashMap<Claim, UnixMillis>,
    /// Ended by another process and waiting to be sent again.
    pending: HashSet<Claim>,
    /// Whether some claims are not in force any more.
    stale: bool,
}

impl Noted {
    async fn note(tx: &mut Tx, rows: &Rows, source: Source) -> Result<Self> {
        let mut noted = Self { leased: take(tx, rows, "leased", source).await?, stale: true, ..Self::default() };
        if source != Source::Takeover {
            noted.unknown = unknown_since(tx, rows).await?;
            tx.execute_rows(&update_sql("unknown", source), rows).await?;
            noted.pending = take(tx, rows, "pending", source).await?;
        }
        Ok(noted)
    }

    fn has(&self, outcome: &Outcome) -> bool {
        let claim = outcome.claim();
        self.leased.contains(&claim) || self.unknown.contains_key(&claim) || self.pending.contains(&claim)
    }

    /// Whether an outcome says what stands in the ledger already: that nothing is known.
    fn knows(&self, outcome: &Outcome) -> bool {
        outcome.state == DeliveryState::Unknown && self.unknown.contains_key(&outcome.claim())
    }
}

/// Since when the fate of these claims has not been known, as far as it is not. They are locked: what is taken next is
/// what was seen here.
async fn unknown_since(tx: &mut Tx, rows: &Rows) -> Result<HashMap<Claim, UnixMillis>> {
    let sql = format!(
        "WITH {GIVEN} UPDATE deliveries SET owner = deliveries.owner FROM v WHERE {}
         -- Without a time: see `deliveries::release`.
         RETURNING deliveries.id, deliveries.epoch, COALESCE(deliveries.ended_at, 0)",
        claimed("unknown")
    );
    let found: Vec<(DeliveryId, i64, UnixMillis)> = tx.fetch_rows(&sql, rows).await?;
    Ok(found.into_iter().map(|(delivery, epoch, since)| ((delivery, epoch), since)).collect())
}

async fn take(tx: &mut Tx, rows: &Rows, from: &str, source: Source) -> Result<HashSet<Claim>> {
    let sql = update_sql(from, source) + " RETURNING deliveries.id, deliveries.epoch";
    Ok(tx.fetch_rows(&sql, rows).await?.into_iter().collect())
}

/// The rows that outcomes are given as.
const GIVEN: &str = "v (id, epoch, state, due_at, untried, excused, ended_at) AS ({rows})";

/// The condition that a delivery is in a state which the claim has left it in.
fn claimed(state: &str) -> String {
    // In the other states only what a claim has left has an owner. Asked of those that are claimed as well, it would let
    // PostgreSQL go by the index of owners once it believes that few have one: seconds for what takes milliseconds.
    let left = if state == "leased" { "" } else { "AND deliveries.owner IS NOT NULL" };
    format!("deliveries.id = v.id AND deliveries.epoch = v.epoch AND deliveries.state = '{state}' {left}")
}

/// The statement that moves claimed deliveries from a state to their new ones.
fn update_sql(from: &str, source: Source) -> String {
    let owner = if source == Source::Takeover { "deliveries.owner" } else { "NULL" };
    format!(
        "WITH {GIVEN}
         UPDATE deliveries SET state = v.state, due_at = COALESCE(v.due_at, deliveries.due_at), owner = {owner},
            attempts = deliveries.attempts - v.untried, excused = deliveries.excused + v.excused, ended_at = v.ended_at
         FROM v WHERE {}",
        claimed(from)
    )
}

/// The columns of an attempt.
const ATTEMPT: &str = "delivery_id, run_id, mailing_id, number, at, successful, unknown, code, enhanced, reply, phase,
    server, tls, duration_ms, stale";
/// Those that most attempts need not: what succeeds has none of it, and each value has its price.
const WITH_ERROR: &str = ", error_kind, error_args, outage_id";

fn insert_sql(extra: &str) -> String {
    format!("INSERT INTO attempts ({ATTEMPT}{extra}) {{rows}}")
}

/// A late result of a mailing that has been deleted meanwhile has no line to stand at, and a commit whose answer was lost
/// is tried again and finds its claims gone.
fn insert_stale_sql(extra: &str) -> String {
    format!(
        "WITH v ({ATTEMPT}{extra}) AS ({{rows}})
         INSERT INTO attempts ({ATTEMPT}{extra}) SELECT {ATTEMPT}{extra} FROM v
         WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.id = v.delivery_id)
            AND NOT (v.stale AND EXISTS (SELECT 1 FROM attempts a
                WHERE a.delivery_id = v.delivery_id AND a.number = v.number AND a.at = v.at))"
    )
}

async fn insert_attempts(tx: &mut Tx, outcomes: &[Outcome], noted: &Noted, source: Source) -> Result<()> {
    let made: Vec<(&Outcome, &AttemptMade)> = outcomes
        .iter()
        .filter(|outcome| source == Source::Sender || noted.has(outcome))
        .filter(|outcome| !noted.knows(outcome))
        .filter_map(|outcome| Some((outcome, outcome.attempt.as_ref()?)))
        .collect();
    if made.is_empty() {
        return Ok(());
    }
    let mut rows = Rows::new()
        .ints(made.iter().map(|(outcome, _)| outcome.delivery.0))
        .ints(made.iter().map(|(outcome, _)| outcome.run.0))
        .ints(made.iter().map(|(outcome, _)| outcome.mailing.0))
        .ints(made.iter().map(|(_, attempt)| attempt.number))
        .ints(made.iter().map(|(_, attempt)| attempt.at.0))
        .bools(made.iter().map(|(_, attempt)| attempt.successful))
        .bools(made.iter().map(|(_, attempt)| attempt.unknown))
        .optional_ints(made.iter().map(|(_, attempt)| attempt.code))
        .optional_texts(made.iter().map(|(_, attempt)| attempt.enhanced.as_deref()))
        // PostgreSQL's TEXT has no NUL, and a server may say anything.
        .texts(made.iter().map(|(_, attempt)| attempt.reply.replace('\0', "\u{fffd}")))
        .texts(made.iter().map(|(_, attempt)| attempt.phase.as_ref()))
        .texts(made.iter().map(|(_, attempt)| attempt.server.as_ref()))
        .texts(made.iter().map(|(_, attempt)| attempt.tls.as_ref()))
        .ints(made.iter().map(|(_, attempt)| attempt.duration_ms))
        .bools(made.iter().map(|(outcome, _)| !noted.has(outcome)));
    let mut extra = "";
    if made.iter().any(|(_, attempt)| attempt.error.is_some() || attempt.outage.is_some()) {
        extra = WITH_ERROR;
        let errors: Vec<_> = made.iter().map(|(_, attempt)| StoredProblem::of(attempt.error.as_ref())).collect();
        rows = rows
            .texts(errors.iter().map(|error| error.error_kind.as_str()))
            .texts(errors.iter().map(|error| error.error_args.as_str()))
            .optional_ints(made.iter().map(|(_, attempt)| attempt.outage.map(|outage| outage.0)));
    }
    // With every claim in force each delivery is there, and nothing need be looked up.
    let sql = if noted.stale { insert_stale_sql(extra) } else { insert_sql(extra) };
    tx.execute_rows(&sql, &rows).await?;
    Ok(())
}

/// Notes at deliveries and runs in which outage their attempts were made.
async fn note_outages(tx: &mut Tx, outcomes: &[Outcome], noted: &Noted) -> Result<()> {
    let met: Vec<(&Outcome, OutageId, bool)> = outcomes
        .iter()
        .filter(|outcome| noted.has(outcome))
        .filter_map(|outcome| {
            let attempt = outcome.attempt.as_ref()?;
            Some((outcome, attempt.outage?, attempt.unreached))
        })
        .collect();
    if met.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .ints(met.iter().map(|(outcome, ..)| outcome.delivery.0))
        .ints(met.iter().map(|(_, outage, _)| outage.0))
        .ints(met.iter().map(|(.., unreached)| i64::from(*unreached)));
    let sql = "WITH v (id, outage_id, unreached) AS ({rows})
        UPDATE deliveries SET outage_id = v.outage_id, unreached = deliveries.unreached + v.unreached
        FROM v WHERE deliveries.id = v.id";
    tx.execute_rows(sql, &rows).await?;
    let pairs: BTreeSet<_> = met.iter().map(|(outcome, outage, _)| (outcome.run, *outage)).collect();
    outages::affects_in(tx, pairs.into_iter()).await
}
