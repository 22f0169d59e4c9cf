//! What errors cost in a session. Many servers count them, until they take a message, and from some number on answer late:
//! Postfix waits a second before each reply after ten errors, and ends the session after twenty. A refused recipient may be
//! two errors, with the DATA behind it. A new session has none. So a session that its errors have made slow is ended and
//! another opened, and how many refusals a session bears is learned.

use std::time::Duration;

/// By how much a refusal has to take longer than the quickest one of the session before it is slow.
const SLOWER: Duration = Duration::from_millis(500);
/// Quick refusals before a slow one, without which the server is slow for another reason.
const QUICK: u32 = 2;
/// Sessions that are ended for slowness although it began at another number each time: chance, and not errors.
const ODD: u32 = 16;

/// The refusals of a session since the server last took a message in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionErrors {
    count: u32,
    quickest: Option<Duration>,
}

impl SessionErrors {
    /// How many.
    pub fn count(self) -> u32 {
        self.count
    }

    /// One more, which took so long; `None`: the time says nothing, as where a message was read and judged first. `true`:
    /// those before it were quick, and it was not.
    pub fn refused(&mut self, took: Option<Duration>) -> bool {
        self.count += 1;
        let Some(took) = took else { return false };
        let slow = self.count > QUICK && self.quickest.is_some_and(|quickest| took >= quickest + SLOWER);
        self.quickest = Some(self.quickest.map_or(took, |quickest| quickest.min(took)));
        slow
    }
}

/// How many refusals a session bears.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorLimit {
    last: Option<u32>,
    most: Option<u32>,
    odd: u32,
}

impl ErrorLimit {
    /// After so many refusals a session ends; `None`: that is not known.
    pub fn most(self) -> Option<u32> {
        self.most
    }

    /// A session has become slow after so many refusals. `true`: another is worth opening.
    pub fn slowed(&mut self, after: u32) -> bool {
        if self.last.replace(after) == Some(after) {
            self.odd = 0;
            self.most = Some(self.most.map_or(after, |most| most.min(after)));
        } else {
            self.odd += 1;
        }
        self.odd <= ODD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// After which refusals a session was found to be slow.
    fn slow(took: &[u32]) -> Vec<u32> {
        let mut errors = SessionErrors::default();
        (1..).zip(took).filter(|(_, ms)| errors.refused(Some(**ms * MS))).map(|(number, _)| number).collect()
    }

    #[test]
    fn a_session_is_slow_once_it_was_quick() {
        assert_eq!(slow(&[3, 2, 5, 3, 4, 4_002, 4_003]), [6, 7]);
        assert_eq!(slow(&[4_002, 4_000, 4_100, 4_050]), [0; 0], "it always is: another session would be as well");
        assert_eq!(slow(&[3, 900, 4, 5]), [0; 0], "too early to be for errors");
    }

    #[test]
    fn refusals_after_the_text_count_and_tell_no_time() {
        let mut errors = SessionErrors::default();
        let slow: Vec<bool> =
            [Some(3 * MS), None, None, Some(4 * MS), Some(900 * MS)].map(|took| errors.refused(took)).into();
        assert_eq!((slow, errors.count()), (vec![false, false, false, false, true], 5));
    }

    #[test]
    fn the_number_is_learned_when_it_comes_twice() {
        let mut limit = ErrorLimit::default();
        assert!(limit.slowed(5));
        assert_eq!(limit.most(), None);
        assert!(limit.slowed(5));
        assert_eq!(limit.most(), Some(5));
        assert!(limit.slowed(9) && limit.slowed(9));
        assert_eq!(limit.most(), Some(5), "fewer are enough");
        assert!(limit.slowed(4) && limit.slowed(4));
        assert_eq!(limit.most(), Some(4));
    }

    #[test]
    fn slowness_without_a_number_is_chance() {
        let mut limit = ErrorLimit::default();
        let ended = (3..100).filter(|after| limit.slowed(*after)).count();
        assert_eq!((ended, limit.most()), (ODD as usize, None));
    }
}
