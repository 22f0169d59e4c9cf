//! A rate that is kept: a lane's next message may go when its time has come, and never before.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use crate::limits::Rate;

/// Time that is reserved at once where nodes share a rate.
const AHEAD: Duration = Duration::from_millis(250);
/// Room that was not used in time may be made up for this much later: timers are late by a little, and a rate would
/// never be reached otherwise. More would be a burst.
const SLACK: Duration = Duration::from_millis(100);

/// See the module.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    /// When the next message may go, and how many more at that distance. The last piece has no end if the rate is not
    /// shared.
    pieces: VecDeque<Piece>,
    shared: bool,
}

#[derive(Debug)]
struct Piece {
    next: Instant,
    left: u32,
}

/// Why a message may not go yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Its time will come then.
    Until(Instant),
    /// Room must be reserved first.
    Reserve,
}

impl Pace {
    /// A rate of this process alone.
    pub fn own(rate: Rate, now: Instant) -> Self {
        Self { rate, pieces: VecDeque::from([Piece { next: now, left: u32::MAX }]), shared: false }
    }

    /// A rate that nodes share: what is not [`Pace::reserved`] does not go.
    pub fn shared(rate: Rate) -> Self {
        Self { rate, pieces: VecDeque::new(), shared: true }
    }

    /// The distance of two messages.
    pub fn interval(&self) -> Duration {
        self.rate.interval
    }

    /// Whether a message may go now.
    pub fn check(&mut self, now: Instant) -> Result<(), Wait> {
        while let Some(piece) = self.pieces.front_mut() {
            let late = now.saturating_duration_since(piece.next + SLACK);
            if self.shared {
                let lost = (late.as_secs_f64() / self.rate.interval.as_secs_f64()).ceil() as u32;
                let lost = lost.min(piece.left);
                piece.next += self.rate.interval * lost;
                piece.left -= lost;
            } else if late > Duration::ZERO {
                piece.next += late;
            }
            if piece.left > 0 {
                return if piece.next <= now { Ok(()) } else { Err(Wait::Until(piece.next)) };
            }
            self.pieces.pop_front();
        }
        Err(Wait::Reserve)
    }

    /// A message goes; [`Pace::check`] has allowed it.
    pub fn take(&mut self) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.next += self.rate.interval;
            if self.shared {
                piece.left = piece.left.saturating_sub(1);
            }
        }
    }

    /// For how many messages room is to be reserved now: before the last of it is used up.
    pub fn wanted(&self) -> Option<u32> {
        let piece = self.rate.in_time(AHEAD).max(2);
        let left: u32 = self.pieces.iter().map(|piece| piece.left).fold(0, u32::saturating_add);
        (self.shared && left < piece).then_some(piece)
    }

    /// Room for so many messages, the first at `first`.
    pub fn reserved(&mut self, first: Instant, count: u32) {
        self.pieces.push_back(Piece { next: first, left: count });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn sent(pace: &mut Pace, now: Instant) -> usize {
        std::iter::from_fn(|| pace.check(now).is_ok().then(|| pace.take())).count()
    }

    #[test]
    fn the_rate_is_kept_with_late_timers_and_after_idle_times() {
        let start = Instant::now();
        let mut pace = Pace::own(Rate::per_second(100.0), start);
        let mut total = 0;
        for tick in 0..200 {
            total += sent(&mut pace, start + tick * 10 * MS + (tick % 5) * MS);
        }
        assert!((199..=201).contains(&total), "{total}");
        // Idle for a minute: a tenth of a second's messages at once, and no more.
        let later = start + 60_000 * MS;
        assert!(sent(&mut pace, later) <= 11);
    }

    #[test]
    fn shared_room_goes_as_far_as_it_was_reserved() {
        let start = Instant::now();
        let mut pace = Pace::shared(Rate::per_second(100.0));
        assert_eq!(pace.check(start), Err(Wait::Reserve));
        assert_eq!(pace.wanted(), Some(25));
        pace.reserved(start + 50 * MS, 25);
        assert_eq!(pace.wanted(), None);
        assert_eq!(pace.check(start), Err(Wait::Until(start + 50 * MS)));
        let total: usize = (0..100).map(|tick| sent(&mut pace, start + tick * 10 * MS)).sum();
        assert_eq!(total, 25);
        assert_eq!(pace.check(start + 1_000 * MS), Err(Wait::Reserve));
        // Room that was slept through is gone.
        pace.reserved(start, 25);
        assert!(sent(&mut pace, start + 200 * MS) <= 15);
    }
}
