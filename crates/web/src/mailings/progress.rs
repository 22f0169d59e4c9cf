//! A run as people watch it: how much is done, how fast it goes, how long it still takes.

use std::{collections::VecDeque, time::Duration};

use serde::Serialize;
use vestnik_model::{
    UnixMillis,
    id::{MailingId, RunId},
    run::{Run, RunState},
};
use vestnik_store::troubles;

use crate::{error::Error, state::AppState};

/// Of a mail server's error, no more than this is shown, in characters.
const LONGEST_ERROR: usize = 300;

/// A run as the pages show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RunView {
    pub(crate) id: RunId,
    pub(crate) mailing_id: MailingId,
    /// What the mailing is called.
    pub(crate) name: String,
    /// The words are `run-state-{state}`.
    pub(crate) state: RunState,
    pub(crate) tone: &'static str,
    pub(crate) occurrence_at: UnixMillis,
    pub(crate) begins_at: UnixMillis,
    pub(crate) started_at: Option<UnixMillis>,
    pub(crate) finished_at: Option<UnixMillis>,
    pub(crate) recipients: i64,
    pub(crate) done: i64,
    pub(crate) pending: i64,
    pub(crate) sent: i64,
    pub(crate) failed: i64,
    pub(crate) expired: i64,
    pub(crate) skipped: i64,
    pub(crate) unknown: i64,
    pub(crate) cancelled: i64,
    pub(crate) attempts: i64,
    pub(crate) attempts_failed: i64,
    /// Whether something is still to come.
    pub(crate) live: bool,
    /// Seconds in which the sending can still be taken back.
    pub(crate) undo_left: u64,
    /// Of how many.
    pub(crate) undo_of: u64,
    /// Messages a second; none while there is nothing to measure.
    pub(crate) rate: Option<i64>,
    /// Seconds that the rest takes at this rate.
    pub(crate) seconds_left: Option<u64>,
}

impl RunView {
    /// The run as it stands. `rate` is in messages a second.
    pub(crate) fn of(run: &Run, name: &str, rate: Option<f64>, now: UnixMillis) -> Self {
        let counts = &run.counts;
        let sending = run.state == RunState::Sending || run.state == RunState::Expanding;
        let rate = rate.filter(|rate| sending && *rate > 0.0);
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people, of far fewer than 2^52 messages")]
        let seconds_left = rate.map(|rate| (counts.pending() as f64 / rate).ceil());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats saturate")]
        let (rate, seconds_left) = (rate.map(|rate| rate.round() as i64), seconds_left.map(|left| left as u64));
        let planned = run.state == RunState::Planned;
        Self {
            id: run.id,
            mailing_id: run.mailing_id,
            name: name.to_owned(),
            state: run.state,
            tone: tone(run),
            occurrence_at: run.occurrence_at,
            begins_at: run.begins_at,
            started_at: run.started_at,
            finished_at: run.finished_at,
            recipients: counts.recipients,
            done: counts.done(),
            pending: counts.pending(),
            sent: counts.sent,
            failed: counts.failed,
            expired: counts.expired,
            skipped: counts.skipped,
            unknown: counts.unknown,
            cancelled: counts.cancelled,
            attempts: counts.attempts(),
            attempts_failed: counts.attempts_failed,
            live: !run.state.is_final(),
            undo_left: if planned { now.until(run.begins_at).as_millis().div_ceil(1000) as u64 } else { 0 },
            undo_of: run.occurrence_at.until(run.begins_at).as_secs().max(1),
            rate: rate.filter(|rate| *rate > 0),
            seconds_left,
        }
    }
}

/// A mail server that takes no connections now, so that letters wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct TroubleView {
    pub(crate) server: String,
    /// What it says, or what happened instead.
    pub(crate) error: String,
    pub(crate) since: UnixMillis,
}

impl TroubleView {
    /// Those of now; none when nothing goes on that they could hold up.
    pub(crate) async fn current(app: &AppState, going: bool) -> Result<Vec<Self>, Error> {
        if !going {
            return Ok(Vec::new());
        }
        let view = |trouble: troubles::Trouble| Self {
            server: trouble.server,
            error: trouble.error.chars().take(LONGEST_ERROR).collect(),
            since: trouble.since,
        };
        Ok(troubles::current(&app.db).await?.into_iter().map(view).collect())
    }
}

fn tone(run: &Run) -> &'static str {
    match run.state {
        RunState::Planned => "wait",
        RunState::Expanding | RunState::Sending => "act",
        RunState::Completed => "ok",
        RunState::Cancelled => "mute",
        RunState::Missed => "warn",
    }
}

/// The rate over the last seconds: what a run has done, looked at again and again.
#[derive(Debug, Default)]
pub(crate) struct RateMeter {
    looks: VecDeque<(UnixMillis, i64)>,
}

impl RateMeter {
    const WINDOW: Duration = Duration::from_secs(10);

    /// Notes how much is done now; answers messages a second, once there are two looks to compare.
    pub(crate) fn look(&mut self, done: i64, now: UnixMillis) -> Option<f64> {
        // Less done than before: another run. The measure begins anew.
        if self.looks.back().is_some_and(|(_, before)| *before > done) {
            self.looks.clear();
        }
        self.looks.push_back((now, done));
        while self.looks.len() > 2 && self.looks.front().is_some_and(|(at, _)| at.until(now) > Self::WINDOW) {
            self.looks.pop_front();
        }
        let (at, before) = self.looks.front()?;
        per_second(done - before, at.until(now))
    }
}

/// The rate since a run began, for a page that has looked only once.
pub(crate) fn overall_rate(run: &Run, now: UnixMillis) -> Option<f64> {
    per_second(run.counts.done(), run.started_at?.until(now))
}

#[expect(clippy::cast_precision_loss, reason = "an estimate for people, of far fewer than 2^52 messages")]
fn per_second(done: i64, length: Duration) -> Option<f64> {
    (length >= Duration::from_millis(200)).then(|| done as f64 / length.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let mut meter = RateMeter::default();
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!(meter.look(0, at(0)), None);
        assert_eq!(meter.look(100, at(1)), Some(100.0));
        for second in 2..30 {
            meter.look(100 + (second - 1) * 10, at(second));
        }
        let rate = meter.look(400, at(30)).expect("a rate");
        assert!((rate - 10.0).abs() < 2.0, "{rate}");
        assert_eq!(meter.look(5, at(31)), None, "another run");
    }
}
