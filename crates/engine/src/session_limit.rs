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

/// Messages in a session. Some servers count what they are asked to take, others what they have taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Those that it has judged.
    pub judged: u32,
    /// Those that it has taken.
    pub taken: u32,
}

impl Count {
    /// With one more, if it is taken.
    pub fn and_one(self) -> Self {
        Self { judged: self.judged + 1, taken: self.taken + 1 }
    }

    fn both(self) -> [u32; 2] {
        [self.judged, self.taken]
    }
}

/// How many messages a session takes, by either way of counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most([Option<u32>; 2]);

impl Most {
    /// Whether a session that has come so far takes no more.
    pub fn is_reached_by(self, count: Count) -> bool {
        self.0.iter().zip(count.both()).any(|(most, count)| most.is_some_and(|most| count >= most))
    }
}

/// What is known by one way of counting.
#[derive(Clone, Copy, Debug, Default)]
struct Rule {
    /// After how many the last session ended.
    last: Option<u32>,
    /// The same number twice: it is believed.
    most: Option<u32>,
}

impl Rule {
    /// `true`: this is what it now believes, and did not before.
    fn ended(&mut self, after: u32) -> bool {
        // Where nothing was taken, nothing is learned of how much is.
        if after == 0 {
            return false;
        }
        let again = self.last.replace(after) == Some(after);
        if again {
            return self.most.replace(after) != Some(after);
        }
        if self.most.is_some_and(|most| after < most) {
            self.most = None;
        }
        false
    }
}

/// See the module.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionLimit {
    /// By what is judged, and by what is taken.
    rules: [Rule; 2],
    /// When the last session ended that began after the one before it had ended.
    last_at: Option<Instant>,
    /// Sessions that began since something is believed.
    begun: u32,
    /// Ends that fit no number, as many as are not forgotten yet, and when that was counted.
    odd: Option<(u32, Instant)>,
}

impl SessionLimit {
    /// The server has ended a session that began at `began` after so many messages.
    pub fn ended(&mut self, after: Count, began: Instant, now: Instant) -> End {
        let fits = self.rules.iter().zip(after.both()).any(|(rule, after)| after > 0 && rule.last == Some(after));
        // What ends together ends for one reason, which may be any.
        if self.last_at.is_none_or(|at| began >= at) {
            self.last_at = Some(now);
            let mut learned = false;
            for (rule, after) in self.rules.iter_mut().zip(after.both()) {
                learned |= rule.ended(after);
            }
            if learned {
                self.begun = 0;
                return End::Learned;
            }
        }
        if fits { End::Borne } else { self.bear(now) }
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

    /// A session has come as far as so many. `true`: further than was believed, and nothing is believed any more.
    pub fn went_on(&mut self, count: Count) -> bool {
        let mut further = false;
        for (rule, count) in self.rules.iter_mut().zip(count.both()) {
            if rule.most.is_some_and(|most| count > most) {
                *rule = Rule::default();
                further = true;
            }
        }
        further && self.most().is_none()
    }

    fn most(&self) -> Option<Most> {
        let most = self.rules.map(|rule| rule.most);
        most.iter().any(Option::is_some).then_some(Most(most))
    }

    /// How many messages a session takes that begins now; `None`: whatever the server allows.
    pub fn begin(&mut self) -> Option<Most> {
        self.begun = self.begun.wrapping_add(1);
        self.most().filter(|_| !self.begun.is_multiple_of(PROBE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    fn all(taken: u32) -> Count {
        Count { judged: taken, taken }
    }

    fn most(taken: u32) -> Option<Most> {
        Some(Most([Some(taken); 2]))
    }

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
            (100, 11, 20, End::Learned, most(100)),
            (100, 21, 30, End::Borne, most(100)),
            // It was another reason, or there is a new rule.
            (40, 31, 32, End::Borne, None),
            (7, 33, 34, End::Borne, None),
            (7, 35, 36, End::Learned, most(7)),
            // That does not bother whoever ends sessions earlier.
            (90, 37, 38, End::Borne, most(7)),
        ] {
            let found = limit.ended(all(after), start + began * S, start + ended * S);
            assert_eq!((found, limit.most()), (end, most), "{after} at {ended}");
        }
    }

    #[test]
    fn a_server_that_drops_everyone_at_once_teaches_nothing() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        for _ in 0..10 {
            assert_eq!(limit.ended(all(3), start, start + S), End::Borne);
        }
        assert_eq!(limit.most(), None);
    }

    #[test]
    fn what_is_refused_may_count_or_not() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        // Five are taken, however many are refused beside them.
        for (session, (judged, end)) in
            (0..).zip([(5, End::Borne), (5, End::Learned), (7, End::Borne), (6, End::Borne)])
        {
            let began = start + session * 2 * S;
            assert_eq!(limit.ended(Count { judged, taken: 5 }, began, began + S), end, "{judged}");
        }
        // A session that was let go on has shown that refusals do not count.
        assert!(!limit.went_on(Count { judged: 9, taken: 5 }), "it still believes in what is taken");
        let most = limit.begin().expect("a number");
        assert!(!most.is_reached_by(Count { judged: 8, taken: 4 }));
        assert!(most.is_reached_by(Count { judged: 9, taken: 5 }));
    }

    #[test]
    fn what_is_believed_is_put_to_the_test_now_and_then() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        assert_eq!(limit.begin(), None);
        limit.ended(all(1), start, start + S);
        limit.ended(all(1), start + 2 * S, start + 3 * S);
        let begun: Vec<Option<Most>> = (0..PROBE).map(|_| limit.begin()).collect();
        assert_eq!(begun.iter().filter(|begun| **begun == most(1)).count(), PROBE as usize - 1);
        assert!(!limit.went_on(all(1)), "it still holds");
        assert!(limit.went_on(all(2)), "it was chance");
        assert_eq!(limit.begin(), None);
    }

    #[test]
    fn ends_without_a_rule_are_borne_with_for_a_while() {
        let start = Instant::now();
        let mut limit = SessionLimit::default();
        let mut after = |number: u32, ms: u64| {
            let now = start + Duration::from_millis(ms);
            limit.ended(all(number), now, now)
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
