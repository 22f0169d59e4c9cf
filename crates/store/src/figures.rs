//! What came of sending, counted as it comes: for each run, and for each mailing by quarters of an hour, so that a
//! report over a year need not read a million attempts.
//!
//! Both are written in the transaction of the change that they count, and say at any time what a count of the ledger
//! would say. A quarter of an hour divides the offset of every time zone in use: a day is made of whole ones, whoever
//! looks at it.
//!
//! Rows are locked in this order: deliveries, runs, mailings, and the quarters last, by mailing and time. So two nodes
//! that count at once never wait for each other.

use std::collections::BTreeMap;
use std::iter::Sum;
use std::ops::Add;

use serde::{Deserialize, Serialize};
use vestnik_model::UnixMillis;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{MailingId, RunId};

use crate::db::{Result, Rows, Tx};

/// Milliseconds of a quarter of an hour.
const QUARTER: i64 = 15 * 60 * 1_000;

/// Deliveries by what became of them, and attempts by whether they succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Figures {
    /// Attempts that succeeded.
    pub attempts_ok: i64,
    /// Attempts that did not.
    pub attempts_failed: i64,
    /// Messages that a mail server took.
    pub sent: i64,
    /// Deliveries that were refused for good.
    pub failed: i64,
    /// Deliveries that their window was too short for.
    pub expired: i64,
    /// Deliveries whose recipient was removed.
    pub skipped: i64,
    /// Deliveries of unknown fate.
    pub unknown: i64,
    /// Deliveries that were called off.
    pub cancelled: i64,
}

impl Figures {
    /// Counts an attempt.
    pub(crate) fn attempt(&mut self, successful: bool) {
        if successful { self.attempts_ok += 1 } else { self.attempts_failed += 1 }
    }

    /// Counts deliveries that came to a state; a negative number has left it.
    pub(crate) fn move_to(&mut self, state: DeliveryState, count: i64) {
        match state {
            DeliveryState::Pending | DeliveryState::Leased => {}
            DeliveryState::Sent => self.sent += count,
            DeliveryState::Failed => self.failed += count,
            DeliveryState::Expired => self.expired += count,
            DeliveryState::Skipped => self.skipped += count,
            DeliveryState::Unknown => self.unknown += count,
            DeliveryState::Cancelled => self.cancelled += count,
        }
    }
}

impl Add for Figures {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self {
            attempts_ok: self.attempts_ok + more.attempts_ok,
            attempts_failed: self.attempts_failed + more.attempts_failed,
            sent: self.sent + more.sent,
            failed: self.failed + more.failed,
            expired: self.expired + more.expired,
            skipped: self.skipped + more.skipped,
            unknown: self.unknown + more.unknown,
            cancelled: self.cancelled + more.cancelled,
        }
    }
}

impl<'a> Sum<&'a Self> for Figures {
    fn sum<I: Iterator<Item = &'a Self>>(figures: I) -> Self {
        figures.fold(Self::default(), |sum, more| sum + *more)
    }
}

/// What a transaction counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// In the order of ids, in which everyone locks them.
    runs: BTreeMap<RunId, Figures>,
    quarters: ByQuarter,
}

/// The part of a [`Tally`] that is written last.
#[derive(Debug, Default)]
#[must_use = "what is counted in a run is counted in its quarter of an hour as well"]
pub(crate) struct ByQuarter(BTreeMap<(MailingId, UnixMillis), Figures>);

impl Tally {
    /// Counts something that happened to a run of a mailing at a time.
    pub(crate) fn count(&mut self, run: RunId, mailing: MailingId, at: UnixMillis, count: impl Fn(&mut Figures)) {
        count(self.runs.entry(run).or_default());
        let quarter = UnixMillis(at.0 - at.0.rem_euclid(QUARTER));
        count(self.quarters.0.entry((mailing, quarter)).or_default());
    }

    /// The runs that something was counted in, in the order of their ids.
    pub(crate) fn runs(&self) -> Vec<RunId> {
        self.runs.keys().copied().collect()
    }

    /// Those of them that have fewer deliveries of unknown fate than before.
    pub(crate) fn know_better(&self) -> Vec<RunId> {
        self.runs.iter().filter(|(_, figures)| figures.unknown < 0).map(|(run, _)| *run).collect()
    }

    /// Writes what was counted in the runs.
    pub(crate) async fn add_to_runs(self, tx: &mut Tx) -> Result<ByQuarter> {
        for (run, figures) in &self.runs {
            tx.execute(
                "UPDATE runs SET sent = sent + $1, failed = failed + $2, expired = expired + $3, skipped = skipped + $4,
                    unknown = unknown + $5, cancelled = cancelled + $6, attempts_ok = attempts_ok + $7,
                    attempts_failed = attempts_failed + $8
                 WHERE id = $9",
                &[
                    &figures.sent,
                    &figures.failed,
                    &figures.expired,
                    &figures.skipped,
                    &figures.unknown,
                    &figures.cancelled,
                    &figures.attempts_ok,
                    &figures.attempts_failed,
                    run,
                ],
            )
            .await?;
        }
        Ok(self.quarters)
    }
}

impl ByQuarter {
    /// Writes what was counted in the quarters, after everything else in the transaction.
    pub(crate) async fn add(self, tx: &mut Tx) -> Result<()> {
        let counted: Vec<_> = self.0.into_iter().filter(|(_, figures)| *figures != Figures::default()).collect();
        if counted.is_empty() {
            return Ok(());
        }
        let column = |of: fn(&Figures) -> i64| counted.iter().map(move |(_, figures)| of(figures));
        let rows = Rows::new()
            .ints(counted.iter().map(|((mailing, _), _)| mailing.0))
            .ints(counted.iter().map(|((_, quarter), _)| quarter.0))
            .ints(column(|figures| figures.attempts_ok))
            .ints(column(|figures| figures.attempts_failed))
            .ints(column(|figures| figures.sent))
            .ints(column(|figures| figures.failed))
            .ints(column(|figures| figures.expired))
            .ints(column(|figures| figures.skipped))
            .ints(column(|figures| figures.unknown))
            .ints(column(|figures| figures.cancelled));
        tx.execute_rows(
            "WITH v (mailing_id, quarter, attempts_ok, attempts_failed, sent, failed, expired, skipped, unknown, cancelled)
                AS ({rows})
             INSERT INTO figures (owner_id, quarter, mailing_id, attempts_ok, attempts_failed, sent, failed, expired,
                skipped, unknown, cancelled)
             SELECT m.owner_id, v.quarter, m.id, v.attempts_ok, v.attempts_failed, v.sent, v.failed, v.expired,
                v.skipped, v.unknown, v.cancelled
             FROM v JOIN mailings m ON m.id = v.mailing_id WHERE true ORDER BY v.mailing_id, v.quarter
             ON CONFLICT (owner_id, quarter, mailing_id) DO UPDATE SET
                attempts_ok = figures.attempts_ok + excluded.attempts_ok,
                attempts_failed = figures.attempts_failed + excluded.attempts_failed,
                sent = figures.sent + excluded.sent,
                failed = figures.failed + excluded.failed,
                expired = figures.expired + excluded.expired,
                skipped = figures.skipped + excluded.skipped,
                unknown = figures.unknown + excluded.unknown,
                cancelled = figures.cancelled + excluded.cancelled",
            &rows,
        )
        .await?;
        Ok(())
    }
}
