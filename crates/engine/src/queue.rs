//! Claimed deliveries that wait for a connection: in fair turns ([`Turns`]), at the rate that was agreed ([`Pace`]), by
//! recipient domain where it matters ([`Lanes`]), and slow ones one after the other ([`RenderBudget`]).

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use vestnik_model::id::{RunId, UserId};
use vestnik_store::deliveries::Claimed;
use vestnik_store::nodes::Share;

use crate::lanes::{Entry, Lanes};
use crate::limits::Limits;
use crate::pace::{Pace, Wait};
use crate::render_budget::RenderBudget;
use crate::run_content::RunContent;
use crate::turns::Turns;

/// Jobs that go between two looks at whether there are enough.
const REFILL: usize = 64;

/// A delivery to be sent.
pub struct Job {
    /// The claim.
    pub claimed: Claimed,
    /// What its run sends.
    pub run: Arc<RunContent>,
}

impl Job {
    /// The recipient's domain, as it stands in the address.
    pub fn domain(&self) -> &str {
        self.claimed.email.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// A job that a connection has taken; when this is dropped, its lane is free for another.
pub struct Taken {
    job: Job,
    queue: Arc<Queue>,
    in_lane: bool,
    /// Whether it is to be rendered on a thread of its own, and has not been.
    apart: AtomicBool,
}

impl Taken {
    /// Whether it is to be rendered on a thread of its own.
    pub fn is_apart(&self) -> bool {
        self.apart.load(Ordering::Relaxed)
    }

    /// It has been rendered, in this time. What is not apart need not be told unless it was slow.
    pub fn rendered(&self, took: Duration) {
        let apart = self.apart.swap(false, Ordering::Relaxed);
        self.job.run.note_rendering(took);
        self.queue.rendered(self.job.run.owner, apart, Some(took));
    }
}

impl std::ops::Deref for Taken {
    type Target = Job;

    fn deref(&self) -> &Job {
        &self.job
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.is_apart() {
            // Nothing was rendered.
            self.queue.rendered(self.job.run.owner, true, None);
        }
        if self.in_lane {
            self.queue.lock().lanes.leave(self.job.domain());
            self.queue.filled.notify_one();
        }
    }
}

struct State {
    turns: Turns,
    pace: Option<Pace>,
    lanes: Lanes,
    budget: RenderBudget,
    /// Jobs that found no room in their lane, and for how long they go back.
    back: Vec<(Job, Duration)>,
    /// Jobs that have gone to connections since the start.
    gone: u64,
    /// Connections that have nothing to do.
    waiting: usize,
    /// Until when the one of them waits that keeps the time for all.
    timed: Option<Instant>,
}

impl State {
    /// The next job, or when to look again. What rides along with another message must not hold that up, so it has to be
    /// known to be rendered quickly. If it is the turn of a job that may be slow, nothing rides along: the connection is
    /// free for that job after its message, and would else never be as long as quick ones wait.
    fn take(&mut self, now: Instant, rides_along: bool) -> Result<Job, Option<Instant>> {
        if let Some(pace) = &mut self.pace {
            match pace.check(now) {
                Ok(()) => {}
                Err(Wait::Until(at)) if !self.turns.is_empty() || self.lanes.has_waiting() => return Err(Some(at)),
                Err(_) => return Err(None),
            }
        }
        if rides_along {
            let passed_over = Cell::new(false);
            let found = self.find(now, |budget, job| {
                if !budget.is_apart(job) {
                    return !passed_over.get();
                }
                passed_over.set(passed_over.get() || budget.allows(job, now, true));
                false
            });
            return found.map(|job| self.gone(job)).ok_or(None);
        }
        let mut found = self.find(now, |budget, job| budget.allows(job, now, true));
        if found.is_none() && self.budget.has_resting(now) {
            // Nobody waits for whom they would rest.
            self.lanes.look_again();
            found = self.find(now, |budget, job| budget.allows(job, now, false));
        }
        match found {
            Some(job) => Ok(self.gone(job)),
            None => Err(self.lanes.ready_at()),
        }
    }

    /// The next job of those that may go.
    fn find(&mut self, now: Instant, may_go: impl Fn(&RenderBudget, &Job) -> bool) -> Option<Job> {
        let budget = &self.budget;
        let may_go = |job: &Job| may_go(budget, job);
        if let Some(job) = self.lanes.take(now, &may_go) {
            return Some(job);
        }
        while let Some(job) = self.turns.take(may_go) {
            match self.lanes.enter(job, now) {
                Entry::Go(job) => return Some(job),
                Entry::Aside => {}
                Entry::Back(job, delay) => self.back.push((job, delay)),
            }
        }
        // What was set aside just now may have its time soon.
        self.lanes.take(now, &may_go)
    }

    fn gone(&mut self, job: Job) -> Job {
        self.gone += 1;
        if let Some(pace) = &mut self.pace {
            pace.take();
        }
        job
    }

    fn wants_room(&self) -> bool {
        self.pace.as_ref().is_some_and(|pace| pace.wanted().is_some()) || !self.lanes.wanted().is_empty()
    }
}

/// See the module.
pub struct Queue {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    /// Room must be reserved for a rate that nodes share.
    wanting: Notify,
}

impl Queue {
    /// An empty queue. `shared`: other nodes send as well.
    pub fn new(limits: &Limits, shared: bool) -> Self {
        let pace = limits.rate.map(|rate| if shared { Pace::shared(rate) } else { Pace::own(rate, Instant::now()) });
        let lanes = Lanes::new(limits.domains.clone(), shared.then_some(Share::whole(0)));
        let (turns, budget) = (Turns::default(), RenderBudget::default());
        let state = State { turns, pace, lanes, budget, back: Vec::new(), gone: 0, waiting: 0, timed: None };
        Self { state: Mutex::new(state), filled: Notify::new(), drained: Notify::new(), wanting: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; should it, the lines are still lines.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds jobs.
    pub fn push(&self, jobs: impl IntoIterator<Item = Job>) {
        let mut state = self.lock();
        let before = state.turns.len();
        for job in jobs {
            state.turns.push(job);
        }
        let wake = (state.turns.len() - before).min(state.waiting);
        drop(state);
        for _ in 0..wake {
            self.filled.notify_one();
        }
    }

    /// The next job; waits for one.
    pub async fn take(self: &Arc<Self>) -> Taken {
        loop {
            let mut filled = pin!(self.filled.notified());
            // Registered before the look, or else a push between the look and the wait could wake one of several.
            filled.as_mut().enable();
            let (mut waiting, until) = {
                let mut state = self.lock();
                match state.take(Instant::now(), false) {
                    Ok(job) => return self.taken(state, job),
                    Err(until) => {
                        self.call_for_room(&state);
                        // One connection keeps the time for all; one that is to look earlier takes over.
                        let until = until.filter(|at| state.timed.is_none_or(|timed| *at < timed));
                        if until.is_some() {
                            state.timed = until;
                        }
                        state.waiting += 1;
                        (Waiting { queue: self, until, cancelled: true }, until)
                    }
                }
            };
            match until {
                Some(at) => tokio::select! {
                    () = filled => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => filled.await,
            }
            waiting.cancelled = false;
        }
    }

    /// The job after the one at hand, whose commands may ride along with it; `None` while another connection has
    /// nothing to do and would begin it sooner.
    pub fn take_ahead(self: &Arc<Self>) -> Option<Taken> {
        let mut state = self.lock();
        if state.turns.len() <= state.waiting {
            return None;
        }
        match state.take(Instant::now(), true) {
            Ok(job) => Some(self.taken(state, job)),
            Err(_) => {
                self.call_for_room(&state);
                None
            }
        }
    }

    fn taken(self: &Arc<Self>, mut state: MutexGuard<'_, State>, job: Job) -> Taken {
        let apart = state.budget.is_apart(&job);
        if apart {
            state.budget.begin(job.run.owner);
        }
        let in_lane = !state.lanes.are_free();
        if in_lane || state.pace.is_some() {
            self.call_for_room(&state);
            if state.waiting > 0 {
                // Someone else keeps the time now.
                self.filled.notify_one();
            }
        }
        // Waking the claimer for each job would cost more than the job's place here.
        let drained = state.turns.len().is_multiple_of(REFILL);
        drop(state);
        if drained {
            self.drained.notify_one();
        }
        Taken { job, queue: Arc::clone(self), in_lane, apart: AtomicBool::new(apart) }
    }

    /// A job was rendered, in this time, or will not be.
    fn rendered(&self, owner: UserId, apart: bool, took: Option<Duration>) {
        let mut state = self.lock();
        if let Some(took) = took {
            state.budget.took(owner, took, Instant::now());
        }
        if apart {
            state.budget.end(owner);
            state.lanes.look_again();
            drop(state);
            // Perhaps all of a run's messages may go now.
            self.filled.notify_waiters();
        }
    }

    /// Whether this owner's messages are rendered one after the other.
    pub fn is_slow(&self, owner: UserId) -> bool {
        self.lock().budget.is_slow(owner)
    }

    fn call_for_room(&self, state: &State) {
        if state.wants_room() {
            self.wanting.notify_one();
        }
    }

    /// Waits until room must be reserved.
    pub async fn wanting(&self) {
        self.wanting.notified().await;
    }

    /// The lanes that need room reserved, with their distance of two messages and for how many; the lane of all mail has
    /// no name.
    pub fn wanted(&self) -> Vec<(Box<str>, Duration, u32)> {
        let state = self.lock();
        let all = state.pace.as_ref().and_then(|pace| Some(("".into(), pace.interval(), pace.wanted()?)));
        all.into_iter().chain(state.lanes.wanted()).collect()
    }

    /// Room was reserved in a lane.
    pub fn reserved(&self, lane: &str, first: Instant, count: u32) {
        let mut state = self.lock();
        match &mut state.pace {
            Some(pace) if lane.is_empty() => pace.reserved(first, count),
            _ => state.lanes.reserved(lane, first, count),
        }
        drop(state);
        self.filled.notify_one();
    }

    /// This node's part of what all nodes share has changed.
    pub fn share(&self, share: Share) {
        let mut state = self.lock();
        let stranded = state.lanes.share(share);
        state.back.extend(stranded.into_iter().map(|job| (job, Duration::from_secs(1))));
        drop(state);
        self.filled.notify_one();
    }

    /// The server asked for a rest with this domain. `true`: it had not done so until now.
    pub fn troubled(&self, domain: &str, began: Instant) -> bool {
        self.lock().lanes.troubled(domain, began, Instant::now())
    }

    /// The server took mail for this domain.
    pub fn fine(&self, domain: &str, began: Instant) {
        let mut state = self.lock();
        if !state.lanes.are_free() {
            state.lanes.fine(domain, began);
        }
    }

    /// Whether jobs of this run wait for a connection.
    pub fn has(&self, run: RunId) -> bool {
        self.lock().turns.has(run)
    }

    /// How many jobs wait for a connection.
    pub fn len(&self) -> usize {
        self.lock().turns.len()
    }

    /// How many jobs wait for a connection and for nothing else: those of slow owners wait for each other.
    pub fn ready(&self) -> usize {
        let state = self.lock();
        state.turns.len() - state.turns.of(|owner| state.budget.is_slow(owner))
    }

    /// How many jobs have gone to connections since the start.
    pub fn gone(&self) -> u64 {
        self.lock().gone
    }

    /// Whether no job waits for a connection.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until some jobs have been taken since the last call.
    pub async fn drained(&self) {
        self.drained.notified().await;
    }

    /// Jobs that found no room in their lane, and for how long they go back.
    pub fn put_back(&self) -> Vec<(Job, Duration)> {
        std::mem::take(&mut self.lock().back)
    }

    /// Takes the jobs of these runs away.
    pub fn remove(&self, runs: &[RunId]) -> Vec<Job> {
        let mut state = self.lock();
        let mut removed = state.turns.remove(runs);
        removed.append(&mut state.lanes.remove(runs));
        removed
    }

    /// Takes all jobs away.
    pub fn clear(&self) -> Vec<Job> {
        let mut state = self.lock();
        let mut cleared = state.turns.clear();
        cleared.append(&mut state.lanes.clear());
        cleared.extend(state.back.drain(..).map(|(job, _)| job));
        cleared
    }
}

/// Counts a connection as waiting until it is dropped, also when its wait is cut short.
struct Waiting<'a> {
    queue: &'a Queue,
    /// If it keeps the time.
    until: Option<Instant>,
    /// Whether nobody looks any more when this is dropped.
    cancelled: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.waiting -= 1;
        if self.until.is_none() || self.until != state.timed {
            return;
        }
        state.timed = None;
        drop(state);
        if self.cancelled {
            // Someone else is to keep the time.
            self.queue.filled.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use vestnik_model::id::{DeliveryId, UserId};

    use super::*;
    use crate::limits::Rate;
    use crate::render_budget::SLOW;

    fn jobs(count: i64) -> impl Iterator<Item = Job> {
        jobs_of(RunContent::empty(RunId(1), UserId(1)), count)
    }

    fn jobs_of(run: RunContent, count: i64) -> impl Iterator<Item = Job> {
        let run = Arc::new(run);
        (1..=count).map(move |id| Job {
            claimed: Claimed {
                id: DeliveryId(id),
                email: format!("r{id}@example.org"),
                number: 1,
                excused: 0,
                unreached: 0,
                outage_id: None,
                epoch: 1,
                full_name: None,
                comment: None,
            },
            run: Arc::clone(&run),
        })
    }

    #[tokio::test]
    async fn someone_keeps_the_time_when_who_kept_it_is_gone() {
        let limits = Limits { rate: Some(Rate::per_second(10.0)), ..Limits::default() };
        let queue = Arc::new(Queue::new(&limits, false));
        queue.push(jobs(2));
        let _first = queue.take().await;
        let [keeper, other] = std::array::from_fn(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take().await.claimed.id })
        });
        while queue.lock().waiting < 2 {
            tokio::task::yield_now().await;
        }
        keeper.abort();
        let taken = tokio::time::timeout(Duration::from_secs(10), other).await;
        assert_eq!(taken.expect("its time is kept").unwrap(), DeliveryId(2));
    }

    #[tokio::test]
    async fn a_new_run_has_its_turn_although_quick_messages_could_ride_along() {
        let queue = Arc::new(Queue::new(&Limits::default(), false));
        let new = RunContent::empty(RunId(2), UserId(1));
        new.note_rendering(SLOW);
        queue.push(jobs(10));
        queue.push(jobs_of(new, 2));
        let run = |taken: &Taken| taken.run.id;
        assert_eq!(run(&queue.take().await), RunId(1));
        assert!(queue.take_ahead().is_none(), "it is the turn of the new run");
        let first = queue.take().await;
        assert_eq!(run(&first), RunId(2));
        // Its second waits until it is known how long the first takes, and holds nobody up meanwhile.
        assert_eq!(queue.take_ahead().as_ref().map(run), Some(RunId(1)));
        first.rendered(Duration::ZERO);
        assert_eq!(queue.take_ahead().as_ref().map(run), Some(RunId(2)));
    }
}
