//! How many messages a mail server takes in a session before it ends it. Servers tell nobody; so it is learned from where
//! they do, and put to the test now and then.

use std::time::Duration;

use tokio::time::Instant;

/// One session in so many goes on beyond what is believed: it may have been chance, or have changed.
const PROBE: u32 = 16;
/// Ends that fit no number and are borne with at once, and after how long another one is. A server that ends more than
/// these wants to be left in peace.
const BORNE: u32 = 20;
const ANOTHER: Duration = Duration::from_millis(500);

/// What an end means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Another session is worth trying.
    Borne,
    /// The same, and from now on sessions are ended before the server does.
    Learned,
    /// There are too many of them.
    TooOften,
}

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionLimit {
    /// After how many messages, and when, the last session ended that began after the one before it had.
    last: Option<(u32, Instant)>,
    /// The same number twice: it is believed.
    most: Option<u32>,
    /// Sessions that began since.
    begun: u32,
    /// Ends that fit no number, as many as are not forgotten yet, and when that was counted.
    odd: Option<(u32, Instant)>,
}

impl SessionLimit {
    /// The server has ended a session that began at `began` after so many messages.
    pub fn ended(&mut self, after: u32, began: Instant, now: Instant) -> End {
        let again = self.last.is_some_and(|(before, _)| before == after);
        // What ends together ends for one reason, which may be any.
        if self.last.is_some_and(|(_, at)| began < at) {
            return if again { End::Borne } else { self.bear(now) };
        }
        self.last = Some((after, now));
        if !again {
            if self.most.is_some_and(|most| after < most) {
                self.most = None;
            }
            return self.bear(now);
        }
        if self.most == Some(after) {
            return End::Borne;
        }
        (self.most, self.begun) = (Some(after), 0);
        End::Learned
    }

    fn bear(&mut self, now: Instant) -> End {
        let (count, counted) = self.odd.unwrap_or((0, now));
        let forgotten = u32::try_from((now - counted).as_millis() / ANOTHER.as_millis()).unwrap_or(u32::MAX);
        let left = count.saturating_sub(forgotten);
        if left >= BORNE {
            return End::TooOften;
        }
        self.odd = Some((left + 1, if forgotten == 0 { counted } else { now }));
        End::Borne
    }

    /// A session has come as far as so many. `true`: further than was believed, which is forgotten.
    pub fn went_on(&mut self, judged: u32) -> bool {
        let further = self.most.is_some_and(|most| judged > most);
        if further {
            (self.last, self.most) = (None, None);
        }
        further
    }

    /// How many messages a session takes that begins now; `None`: whatever the server allows.
    pub fn begin(&mut self) -> Option<u32> {
        self.begun = self.begun.wrapping_add(1);
        self.most.filter(|_| !self.begun.is_multiple_of(PROBE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_number_that_comes_twice_is_a_rule() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        // (after how many, began, ended, what that means, what is believed)
        for (after, began, ended, end, most) in [
            (100, 0, 10, End::Borne, None),
            // They were open together, and so they tell one thing.
            (100, 1, 10, End::Borne, None),
            (100, 9, 11, End::Borne, None),
            (100, 11, 20, End::Learned, Some(100)),
            (100, 21, 30, End::Borne, Some(100)),
            // It was another reason, or there is a new rule.
            (40, 31, 32, End::Borne, None),
            (7, 33, 34, End::Borne, None),
            (7, 35, 36, End::Learned, Some(7)),
            // That does not bother whoever ends sessions earlier.
            (90, 37, 38, End::Borne, Some(7)),
        ] {
            let found = limit.ended(after, start + began * S, start + ended * S);
            assert_eq!((found, limit.most), (end, most), "{after} at {ended}");
        }
    }

    #[test]
    fn a_server_that_drops_everyone_at_once_teaches_nothing() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        for _ in 0..10 {
            assert_eq!(limit.ended(3, start, start + S), End::Borne);
        }
        assert_eq!(limit.most, None);
    }

    #[test]
    fn what_is_believed_is_put_to_the_test_now_and_then() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        assert_eq!(limit.begin(), None);
        limit.ended(1, start, start + S);
        limit.ended(1, start + 2 * S, start + 3 * S);
        let begun: Vec<Option<u32>> = (0..PROBE).map(|_| limit.begin()).collect();
        assert_eq!(begun.iter().filter(|most| **most == Some(1)).count(), PROBE as usize - 1);
        assert!(!limit.went_on(1), "it still holds");
        assert!(limit.went_on(2), "it was chance");
        assert_eq!((limit.most, limit.begin()), (None, None));
    }

    #[test]
    fn ends_without_a_rule_are_borne_with_for_a_while() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        let mut after = |number: u32, ms: u64| {
            let now = start + Duration::from_millis(ms);
            limit.ended(number, now, now)
        };
        for number in 1..=BORNE {
            assert_eq!(after(number, 0), End::Borne);
        }
        assert_eq!(after(70, 400), End::TooOften);
        assert_eq!(after(71, 600), End::Borne, "one is forgotten");
        assert_eq!(after(72, 700), End::TooOften);
        assert_eq!(after(73, 60_000), End::Borne);
    }
}
