//! A circuit breaker: after trouble a lane is closed for a while, then lets one try through at a time, ever more slowly,
//! until one succeeds.

use std::time::Duration;

use tokio::time::Instant;

/// See the module.
#[derive(Debug)]
pub struct Gate {
    first: Duration,
    longest: Duration,
    closed: Option<Closed>,
}

#[derive(Debug)]
struct Closed {
    /// When the next try may go.
    try_at: Instant,
    pause: Duration,
    /// Tries that began before this know nothing new.
    since: Instant,
}

impl Gate {
    /// Open. The first pause after trouble is doubled with each try that fails, up to the longest.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, closed: None }
    }

    /// Whether anything may go at any time.
    pub fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether one may go now; otherwise, when to ask again. While the gate is closed, whoever is let through is the try,
    /// and the next may follow a pause later.
    pub fn turn(&mut self, now: Instant) -> Result<(), Instant> {
        let Some(closed) = &mut self.closed else { return Ok(()) };
        if now < closed.try_at {
            return Err(closed.try_at);
        }
        closed.try_at = now + closed.pause;
        closed.since = now;
        Ok(())
    }

    /// When the next try may go; `None`: at once.
    pub fn opens_at(&self, now: Instant) -> Option<Instant> {
        self.closed.as_ref().map(|closed| closed.try_at).filter(|at| *at > now)
    }

    /// What began at `began` met trouble. `true`: the gate was open until now.
    pub fn failed(&mut self, began: Instant, now: Instant) -> bool {
        let pause = match &self.closed {
            None => self.first,
            // Of many that were under way together, the first has said it.
            Some(closed) if began < closed.since => return false,
            Some(closed) => (closed.pause * 2).min(self.longest),
        };
        self.closed.replace(Closed { try_at: now + pause, pause, since: now }).is_none()
    }

    /// What began at `began` went well. `true`: the gate was closed until now.
    pub fn succeeded(&mut self, began: Instant) -> bool {
        match &self.closed {
            Some(closed) if began >= closed.since => {
                self.closed = None;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn one_try_at_a_time_ever_more_slowly_until_one_succeeds() {
        let began = Instant::now();
        let start = began + S / 10;
        let mut gate = Gate::new(S, 4 * S);
        assert!(gate.turn(began).is_ok());
        assert!(gate.failed(began, start));
        assert!(!gate.failed(began, start + S / 2), "it was under way when the trouble was met");
        assert_eq!(gate.turn(start + S / 2), Err(start + S));
        let mut now = start + S;
        for pause in [2, 4, 4] {
            assert!(gate.turn(now).is_ok(), "the try");
            assert!(gate.turn(now).is_err(), "no second one beside it");
            assert!(!gate.failed(now, now));
            assert_eq!(gate.turn(now), Err(now + pause * S));
            now += pause * S;
        }
        assert!(!gate.succeeded(began), "what had begun before the trouble says nothing");
        assert!(gate.turn(now).is_ok());
        assert!(gate.succeeded(now));
        assert!(gate.is_open());
    }

    #[test]
    fn a_try_that_is_never_heard_of_holds_nobody_up() {
        let start = Instant::now();
        let mut gate = Gate::new(S, 4 * S);
        gate.failed(start, start);
        assert!(gate.turn(start + S).is_ok());
        assert!(gate.turn(start + 2 * S).is_ok());
    }
}
