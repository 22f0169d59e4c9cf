//! Whose trouble it is when the server ends the conversation over a recipient: with 421, or without a word, at RCPT or at
//! the final dot. It may be the server's, which everyone meets, or it follows one recipient, whose own server or filter
//! makes the relay fail each time. The first is waited for by all; the second is a temporary failure of that recipient, and
//! holds up nobody else.
//!
//! The first time it is taken for the server's. It follows a recipient if it comes at the same one again although others
//! have passed meanwhile. Where no others are left to tell, it does if nobody else has met it, and the server had just
//! taken others before.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_model::id::DeliveryId;

/// Deliveries that are remembered.
const MOST: usize = 1_000;
/// Messages that passed so long before are believed to have met the same server.
const JUST_BEFORE: Duration = Duration::from_secs(60);
/// How often in a row it has to come at one recipient if there are no others to tell.
const IN_A_ROW: u32 = 3;

/// A delivery at which it came.
struct Met {
    /// When it did last.
    at: Instant,
    /// How often the server had been in trouble by then.
    troubles: u64,
    /// How often it has come there.
    times: u32,
    /// Whether the server had taken others just before the first time.
    passed_before: bool,
    /// Whether it is known to follow the recipient.
    follows: bool,
}

/// See the module.
#[derive(Default)]
pub struct RecipientTrouble {
    /// When the latest message was begun that the server has judged by itself.
    passed: Option<Instant>,
    /// How often the server was in trouble of its own.
    troubles: u64,
    met: HashMap<DeliveryId, Met>,
}

impl RecipientTrouble {
    /// A message that was begun at `began` was judged by itself.
    pub fn passed(&mut self, began: Instant) {
        self.passed = self.passed.max(Some(began));
    }

    /// The server ended the conversation over this delivery's recipient. `true`: it follows the recipient.
    pub fn met(&mut self, delivery: DeliveryId, now: Instant) -> bool {
        let before = self.met.remove(&delivery);
        let follows = before.as_ref().is_some_and(|met| {
            let others_passed = self.passed.is_some_and(|began| began > met.at);
            let alone = met.troubles == self.troubles;
            others_passed || alone && (met.follows || met.passed_before && met.times + 1 >= IN_A_ROW)
        });
        self.troubles += u64::from(!follows);
        let (times, passed_before) = match before {
            Some(met) => (met.times + 1, met.passed_before),
            None => (1, self.passed.is_some_and(|began| now - began <= JUST_BEFORE)),
        };
        if self.met.len() >= MOST
            && let Some(oldest) = self.met.iter().min_by_key(|(_, met)| met.at).map(|(delivery, _)| *delivery)
        {
            self.met.remove(&oldest);
        }
        self.met.insert(delivery, Met { at: now, troubles: self.troubles, times, passed_before, follows });
        follows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAD: DeliveryId = DeliveryId(1);
    const OTHER: DeliveryId = DeliveryId(2);

    /// What happens, a second apart: a message passes, or the conversation is ended over a delivery.
    enum Event {
        Passes,
        Ends(DeliveryId),
    }
    use Event::{Ends, Passes};

    /// At which of the ends it was found to follow the recipient.
    fn followed(events: &[Event]) -> Vec<bool> {
        let mut trouble = RecipientTrouble::default();
        let start = Instant::now();
        let mut found = Vec::new();
        for (second, event) in (0..).zip(events) {
            let now = start + Duration::from_secs(second);
            match event {
                Passes => trouble.passed(now),
                Ends(delivery) => found.push(trouble.met(*delivery, now)),
            }
        }
        found
    }

    #[test]
    fn it_follows_a_recipient_while_others_pass() {
        assert_eq!(followed(&[Ends(BAD), Passes, Ends(BAD), Passes, Ends(BAD)]), [false, true, true]);
        // Two of the kind, and all others are through: once known, they stay so.
        let two = [Ends(BAD), Ends(OTHER), Passes, Ends(BAD), Ends(OTHER), Ends(BAD), Ends(OTHER)];
        assert_eq!(followed(&two), [false, false, true, true, true, true]);
    }

    #[test]
    fn the_last_one_left_is_known_by_the_others_before_it() {
        assert_eq!(followed(&[Passes, Ends(BAD), Ends(BAD), Ends(BAD), Ends(BAD)]), [false, false, true, true]);
        assert_eq!(followed(&[Ends(BAD), Ends(BAD), Ends(BAD), Ends(BAD)]), [false; 4], "nobody has ever passed");
    }

    #[test]
    fn what_comes_regardless_of_the_recipient_is_the_servers() {
        assert_eq!(followed(&[Passes, Ends(BAD), Ends(OTHER), Ends(BAD), Ends(OTHER), Ends(BAD)]), [false; 5]);
        // One that is known is no exception when the server itself is in trouble.
        let later = [Ends(BAD), Passes, Ends(BAD), Ends(OTHER), Ends(BAD)];
        assert_eq!(followed(&later), [false, true, false, false]);
    }

    #[test]
    fn few_are_remembered() {
        let mut trouble = RecipientTrouble::default();
        let now = Instant::now();
        for delivery in 0..3 * MOST as i64 {
            trouble.met(DeliveryId(delivery), now);
        }
        assert_eq!(trouble.met.len(), MOST);
    }
}
