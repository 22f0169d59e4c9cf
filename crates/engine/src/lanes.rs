//! One lane for each recipient domain that has a limit or is in trouble: what must wait there waits aside, so that the
//! mailing's other recipients do not wait with it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_model::id::RunId;
use vestnik_store::nodes::Share;

use crate::gate::Gate;
use crate::limits::DomainLimits;
use crate::pace::{Pace, Wait};
use crate::queue::Job;
use crate::turns::Turns;

/// Pauses of a lane in trouble.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Jobs that may wait aside in a lane, or two seconds' worth of its rate; the rest goes back to the tables.
const ASIDE: usize = 64;
/// Lanes that are kept although nothing waits in them.
const IDLE_LANES: usize = 1_000;

struct Lane {
    pace: Option<Pace>,
    connections: Option<usize>,
    /// Connections that hand mail for this domain over.
    busy: usize,
    gate: Gate,
    aside: Turns,
    /// For how long what goes back to the tables is put off; grows with each, so that not all come back at once.
    back: Duration,
}

impl Lane {
    fn check(&mut self, now: Instant) -> Result<(), Option<Wait>> {
        if self.connections.is_some_and(|most| self.busy >= most) {
            // Until a connection is done with one.
            return Err(None);
        }
        if let Some(pace) = &mut self.pace {
            pace.check(now).map_err(Some)?;
        }
        self.gate.turn(now).map_err(|at| Some(Wait::Until(at)))
    }

    fn go(&mut self) {
        if let Some(pace) = &mut self.pace {
            pace.take();
        }
        self.busy += 1;
        self.back = Duration::ZERO;
    }

    fn room(&self) -> usize {
        self.pace.as_ref().map_or(ASIDE, |pace| ((2.0 / pace.interval().as_secs_f64()) as usize).clamp(1, ASIDE))
    }

    /// How long a job that has no room here is put off.
    fn put_off(&mut self, now: Instant) -> Duration {
        // At a rate, until its turn comes; otherwise just not all at once, for a lane may open at any time.
        let (step, longest) = match &self.pace {
            Some(pace) => (pace.interval(), Duration::from_secs(3_600)),
            None => (Duration::from_millis(50), Duration::from_secs(5)),
        };
        let least = self.gate.opens_at(now).map_or(Duration::from_secs(1), |at| at - now);
        self.back = (self.back + step).min(longest);
        least + self.back
    }

    fn is_idle(&self, now: Instant) -> bool {
        let rested = self.gate.is_open() || self.gate.opens_at(now).is_none();
        self.busy == 0 && self.aside.is_empty() && rested
    }
}

fn part(share: Option<Share>, total: usize) -> usize {
    share.map_or(total, |share| share.of(total))
}

/// What a lane makes of a job.
pub enum Entry {
    /// It goes.
    Go(Job),
    /// It waits aside.
    Aside,
    /// It goes back to the tables for so long.
    Back(Job, Duration),
}

/// See the module.
pub struct Lanes {
    limits: DomainLimits,
    /// This node's part of what all nodes share, if there may be others.
    share: Option<Share>,
    lanes: HashMap<Box<str>, Lane>,
    /// The lanes in which jobs wait.
    waiting: Vec<Box<str>>,
    /// Before this nothing in any of them may go.
    ready_at: Option<Instant>,
}

impl Lanes {
    /// No lanes yet. With a `share` other nodes send as well.
    pub fn new(limits: DomainLimits, share: Option<Share>) -> Self {
        Self { limits, share, lanes: HashMap::new(), waiting: Vec::new(), ready_at: None }
    }

    /// Whether all mail goes as it comes: no limits, no trouble.
    pub fn are_free(&self) -> bool {
        self.lanes.is_empty() && self.limits.is_empty()
    }

    fn lane(&mut self, domain: &str, now: Instant) -> &mut Lane {
        if self.lanes.len() > IDLE_LANES && !self.lanes.contains_key(domain) {
            self.lanes.retain(|_, lane| !lane.is_idle(now));
        }
        let (limit, share) = (self.limits.of(domain), self.share);
        self.lanes.entry(domain.into()).or_insert_with(|| Lane {
            pace: limit.rate.map(|rate| if share.is_some() { Pace::shared(rate) } else { Pace::own(rate, now) }),
            connections: limit.connections.map(|total| part(share, total)),
            busy: 0,
            gate: Gate::new(FIRST_PAUSE, LONGEST_PAUSE),
            aside: Turns::default(),
            back: Duration::ZERO,
        })
    }

    /// Lets a job into its lane.
    pub fn enter(&mut self, job: Job, now: Instant) -> Entry {
        if self.are_free() {
            return Entry::Go(job);
        }
        let lane = self.lane(job.domain(), now);
        if lane.aside.is_empty() && lane.check(now).is_ok() {
            lane.go();
            return Entry::Go(job);
        }
        // Others have all the connections that the domain may have: it would wait for ever here.
        if lane.connections == Some(0) || lane.aside.len() >= lane.room() {
            let delay = lane.put_off(now);
            return Entry::Back(job, delay);
        }
        if !self.waiting.iter().any(|name| **name == *job.domain()) {
            self.waiting.push(job.domain().into());
        }
        self.ready_at = None;
        self.lane(job.domain(), now).aside.push(job);
        Entry::Aside
    }

    /// Whether jobs wait aside.
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// A job that waited aside and may go now, of those that `may_go` lets go.
    pub fn take(&mut self, now: Instant, may_go: &impl Fn(&Job) -> bool) -> Option<Job> {
        if self.waiting.is_empty() || self.ready_at.is_some_and(|at| now < at) {
            return None;
        }
        let mut ready_at: Option<Instant> = None;
        let mut index = 0;
        while index < self.waiting.len() {
            let Some(lane) = self.lanes.get_mut(&self.waiting[index]) else {
                self.waiting.swap_remove(index);
                continue;
            };
            match lane.check(now) {
                Ok(()) => {
                    if let Some(job) = lane.aside.take(may_go) {
                        lane.go();
                        // The next lane has the next turn.
                        self.waiting.rotate_left(index + 1);
                        if lane.aside.is_empty() {
                            self.waiting.pop();
                        }
                        self.ready_at = None;
                        return Some(job);
                    }
                    if lane.aside.is_empty() {
                        self.waiting.swap_remove(index);
                        continue;
                    }
                }
                Err(Some(Wait::Until(at))) => ready_at = Some(ready_at.map_or(at, |soonest| soonest.min(at))),
                // Called when a connection is done, or room is reserved.
                Err(None | Some(Wait::Reserve)) => {}
            }
            index += 1;
        }
        // Far away, if only a call can help.
        self.ready_at = Some(ready_at.unwrap_or(now + LONGEST_PAUSE));
        None
    }

    /// Jobs may go now that might not.
    pub fn look_again(&mut self) {
        self.ready_at = None;
    }

    /// When to look again for jobs that wait aside.
    pub fn ready_at(&self) -> Option<Instant> {
        if self.waiting.is_empty() { None } else { self.ready_at }
    }

    /// A connection is done with a job that had gone.
    pub fn leave(&mut self, domain: &str) {
        if let Some(lane) = self.lanes.get_mut(domain) {
            lane.busy = lane.busy.saturating_sub(1);
            self.ready_at = None;
            // Where nothing is agreed, a lane is there for the time of its trouble.
            if self.limits.is_empty() && lane.gate.is_open() && lane.busy == 0 && lane.aside.is_empty() {
                self.lanes.remove(domain);
            }
        }
    }

    /// The server asked for a rest with this domain. `true`: it had not done so until now.
    pub fn troubled(&mut self, domain: &str, began: Instant, now: Instant) -> bool {
        self.lane(domain, now).gate.failed(began, now)
    }

    /// The server took mail for this domain.
    pub fn fine(&mut self, domain: &str, began: Instant) {
        if self.lanes.get_mut(domain).is_some_and(|lane| lane.gate.succeeded(began)) {
            self.ready_at = None;
        }
    }

    /// The lanes that need room reserved, with their distance of two messages and for how many.
    pub fn wanted(&self) -> Vec<(Box<str>, Duration, u32)> {
        let wanted = |name: &str| {
            let pace = self.lanes.get(name)?.pace.as_ref()?;
            Some((name.into(), pace.interval(), pace.wanted()?))
        };
        self.waiting.iter().filter_map(|name| wanted(name)).collect()
    }

    /// Room was reserved.
    pub fn reserved(&mut self, domain: &str, first: Instant, count: u32) {
        if let Some(pace) = self.lanes.get_mut(domain).and_then(|lane| lane.pace.as_mut()) {
            pace.reserved(first, count);
            self.ready_at = None;
        }
    }

    /// This node's part of what all share has changed. Answers jobs that could not go from here any more.
    pub fn share(&mut self, share: Share) -> Vec<Job> {
        self.share = Some(share);
        self.ready_at = None;
        let mut stranded = Vec::new();
        for (domain, lane) in &mut self.lanes {
            lane.connections = self.limits.of(domain).connections.map(|total| part(self.share, total));
            if lane.connections == Some(0) {
                stranded.append(&mut lane.aside.clear());
            }
        }
        stranded
    }

    /// Takes jobs of these runs away.
    pub fn remove(&mut self, runs: &[RunId]) -> Vec<Job> {
        self.lanes.values_mut().flat_map(|lane| lane.aside.remove(runs)).collect()
    }

    /// Takes all jobs away.
    pub fn clear(&mut self) -> Vec<Job> {
        self.waiting.clear();
        self.lanes.values_mut().flat_map(|lane| lane.aside.clear()).collect()
    }
}
