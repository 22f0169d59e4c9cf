//! Counting in the process: for want of Redis, and beside it, so that a node that loses Redis knows what it has let
//! through.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What came of an act that is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It may be done, and was counted.
    Allowed,
    /// There were too many. After this time the next one is allowed, unless somebody else is faster.
    Wait(Duration),
}

/// Keys above this number make the counters forget those whose windows are over.
const SWEEP_AT: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Counters {
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    acts: HashMap<(&'static str, Box<str>), Acts>,
    sweep_at: usize,
}

impl Default for Seen {
    fn default() -> Self {
        Self { acts: HashMap::new(), sweep_at: SWEEP_AT }
    }
}

#[derive(Debug)]
struct Acts {
    window: Duration,
    times: VecDeque<Instant>,
}

impl Counters {
    /// Counts one act, unless there were too many. The limit is not zero.
    pub(crate) fn count(&self, name: &'static str, key: &str, limit: usize, window: Duration, now: Instant) -> Counted {
        let mut seen = self.lock();
        let acts = seen.acts_of(name, key, window, now);
        // All but the newest `limit - 1` have to be over.
        match acts.times.len().checked_sub(limit).and_then(|index| acts.times.get(index)) {
            Some(first) => Counted::Wait((*first + window).saturating_duration_since(now)),
            None => {
                acts.times.push_back(now);
                Counted::Allowed
            }
        }
    }

    /// Takes note of an act that was allowed elsewhere.
    pub(crate) fn remember(&self, name: &'static str, key: &str, limit: usize, window: Duration, now: Instant) {
        let mut seen = self.lock();
        let acts = seen.acts_of(name, key, window, now);
        acts.times.push_back(now);
        if acts.times.len() > limit {
            acts.times.pop_front();
        }
    }

    pub(crate) fn forget(&self, name: &'static str, key: &str) {
        self.lock().acts.remove(&(name, key.into()));
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // A panic while holding the lock leaves at worst one count too many.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// The acts of a key that are within the window.
    fn acts_of(&mut self, name: &'static str, key: &str, window: Duration, now: Instant) -> &mut Acts {
        if self.acts.len() > self.sweep_at {
            self.acts.retain(|_, acts| acts.times.back().is_some_and(|last| *last + acts.window > now));
            // If most of them were still within their windows, the next sweep waits until it is worth it.
            self.sweep_at = SWEEP_AT.max(2 * self.acts.len());
        }
        let acts = self.acts.entry((name, key.into())).or_insert_with(|| Acts { window, times: VecDeque::new() });
        while acts.times.front().is_some_and(|first| *first + window <= now) {
            acts.times.pop_front();
        }
        acts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn the_window_slides() {
        let counters = Counters::default();
        let start = Instant::now();
        let count = |key, seconds: u32| counters.count("test", key, 2, 60 * S, start + seconds * S);
        assert_eq!(count("a", 0), Counted::Allowed);
        assert_eq!(count("a", 10), Counted::Allowed);
        assert_eq!(count("a", 20), Counted::Wait(40 * S));
        assert_eq!(count("b", 20), Counted::Allowed);
        assert_eq!(count("a", 60), Counted::Allowed, "the refused act was not counted");
        assert_eq!(count("a", 61), Counted::Wait(9 * S));
        counters.forget("test", "a");
        assert_eq!(count("a", 61), Counted::Allowed);
    }

    #[test]
    fn what_was_allowed_elsewhere_counts() {
        let counters = Counters::default();
        let start = Instant::now();
        for second in 0..3 {
            counters.remember("test", "a", 2, 60 * S, start + second * S);
        }
        assert_eq!(counters.count("test", "a", 2, 60 * S, start + 3 * S), Counted::Wait(58 * S));
    }

    #[test]
    fn keys_whose_windows_are_over_are_swept() {
        let counters = Counters::default();
        let start = Instant::now();
        for key in 0..=SWEEP_AT {
            counters.count("test", &key.to_string(), 1, S, start);
        }
        counters.count("test", "late", 1, S, start + 2 * S);
        assert_eq!(counters.lock().acts.len(), 1);
    }
}
