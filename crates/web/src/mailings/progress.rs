//! A run as people watch it: how much is done, how fast it goes, how long it still takes.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use serde::Serialize;
use vestnik_model::{
    Actor, UnixMillis,
    id::{MailingId, RunId},
    run::{Run, RunState},
};
use vestnik_store::deliveries;

use super::outages::OutageView;
use crate::{error::Error, state::AppState};

/// Of a mail server's words, no more than this is shown, in characters.
const LONGEST_ERROR: usize = 300;
/// A shorter wait is not spoken of.
const SOON: Duration = Duration::from_secs(5);

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
    /// All who have surely not got it: failed, expired, cancelled.
    pub(crate) missed: i64,
    /// Whether it is over and nothing was sent.
    pub(crate) sent_nothing: bool,
    /// Whether something is still to come.
    pub(crate) live: bool,
    /// Whether what has its final state may be sent again.
    pub(crate) reopens: bool,
    /// If it is paused, why: empty if a person has paused it, or else the mail server's words.
    pub(crate) paused_by: String,
    /// If it is paused because its message ends the renderer: for which recipient; empty: for everyone.
    pub(crate) unrenderable_for: Option<String>,
    /// If it is paused because its message cannot be rendered for anyone, the problem as JSON; empty otherwise.
    pub(crate) pause_problem: String,
    /// If it is paused, since when.
    pub(crate) paused_at: Option<UnixMillis>,
    /// Seconds in which the sending can still be taken back.
    pub(crate) undo_left: u64,
    /// Of how many.
    pub(crate) undo_of: u64,
    /// Messages a second; none while there is nothing to measure.
    pub(crate) rate: Option<i64>,
    /// Seconds that the rest takes at this rate.
    pub(crate) seconds_left: Option<u64>,
    /// When it goes on, if all who are left were put off.
    pub(crate) next_try: Option<UnixMillis>,
    /// Outages of mail servers that held it up and are over, newest first.
    pub(crate) outages: Vec<OutageView>,
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
            missed: counts.failed + counts.expired + counts.cancelled,
            sent_nothing: sent_nothing(run),
            live: !run.state.is_final(),
            reopens: matches!(
                run.state,
                RunState::Sending | RunState::Paused | RunState::Completed | RunState::Cancelled
            ),
            paused_by: run.paused_by.chars().take(LONGEST_ERROR).collect(),
            unrenderable_for: run.unrenderable_for.clone(),
            pause_problem: run.pause_problem.clone(),
            paused_at: run.paused_at,
            undo_left: if planned { now.until(run.begins_at).as_millis().div_ceil(1000) as u64 } else { 0 },
            undo_of: run.planned_at.until(run.begins_at).as_secs().max(1),
            rate: rate.filter(|rate| *rate > 0),
            seconds_left,
            next_try: None,
            outages: Vec::new(),
        }
    }

    /// With the outages that held it up. While one goes on, it is told of elsewhere.
    pub(crate) async fn with_outages(mut self, app: &AppState, actor: &Actor) -> Result<Self, Error> {
        self.outages = OutageView::of_run(app, actor, self.id, self.sent_nothing).await?;
        if self.live {
            self.outages.retain(|outage| outage.ended_at.is_some());
        }
        Ok(self)
    }

    /// With the time at which it goes on, if it does nothing until then.
    pub(crate) async fn with_next_try(mut self, app: &AppState, actor: &Actor) -> Result<Self, Error> {
        if self.state == RunState::Sending && self.pending > 0 && self.rate.is_none() {
            let soon = app.now().plus(SOON);
            self.next_try = deliveries::next_due(&app.db, actor, self.id).await?.filter(|at| *at > soon);
        }
        Ok(self)
    }

    /// Whether it changes by itself all the time.
    pub(crate) fn moves(&self) -> bool {
        self.live && self.state != RunState::Paused
    }
}

/// Whether a run is over and nobody got anything of it, although there was someone to get it.
pub(crate) fn sent_nothing(run: &Run) -> bool {
    let over = matches!(run.state, RunState::Completed | RunState::Cancelled);
    over && run.counts.recipients > 0 && run.counts.sent == 0 && run.counts.unknown == 0
}

/// The colour that a run's state is told in.
pub(crate) fn tone(run: &Run) -> &'static str {
    match run.state {
        RunState::Planned | RunState::Paused | RunState::Stopping => "wait",
        RunState::Expanding | RunState::Sending => "act",
        RunState::Completed if sent_nothing(run) => "warn",
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

/// Meters of runs that are watched together.
#[derive(Debug, Default)]
pub(crate) struct RateMeters(HashMap<RunId, RateMeter>);

impl RateMeters {
    /// Notes how much of a run is done now; answers messages a second while it goes out. There is no other measure: the
    /// time since the run began holds pauses, and days before it was taken up again.
    pub(crate) fn look(&mut self, run: &Run, now: UnixMillis) -> Option<f64> {
        match run.state {
            RunState::Expanding | RunState::Sending => self.0.entry(run.id).or_default().look(run.counts.done(), now),
            RunState::Planned
            | RunState::Paused
            | RunState::Stopping
            | RunState::Completed
            | RunState::Cancelled
            | RunState::Missed => {
                self.0.remove(&run.id);
                None
            }
        }
    }
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
