//! A run that the server refuses letter by letter: it may be the sender's standing, what the letter holds, or a quota, and
//! no recipient is to blame. The rest of the list is not burnt by it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use vestnik_mail::session::Sent;
use vestnik_mail::verdict::{Blame, Verdict};

/// Refusals in a row after which a run waits for a person, if they come from several domains: one may have an aversion of
/// its own, and its addresses often stand together in a list.
const MOST: u32 = 50;
const DOMAINS: usize = 3;
/// The same for a list that has no more domains.
const MOST_OF_FEW: u32 = 200;

#[derive(Debug, Default)]
struct Row {
    count: u32,
    domains: Vec<Box<str>>,
}

/// See the module. One a run.
#[derive(Debug, Default)]
pub struct Refusals {
    /// Whether there are any in `row`: what goes well is not to wait for a lock.
    any: AtomicBool,
    row: Mutex<Row>,
}

impl Refusals {
    /// Notes what became of a message to this domain. `true`: nothing else has come for too long.
    pub fn note(&self, sent: &Sent, domain: &str) -> bool {
        match (sent.verdict, sent.blame) {
            (Verdict::Accepted, _) => {
                if self.any.swap(false, Ordering::Relaxed) {
                    *self.row.lock().unwrap_or_else(PoisonError::into_inner) = Row::default();
                }
                false
            }
            (Verdict::Never, Blame::Sender | Blame::Message) if sent.reply.is_some() => self.refused(domain),
            // "Later", and what is the recipient's own affair, says nothing of the others.
            _ => false,
        }
    }

    fn refused(&self, domain: &str) -> bool {
        let mut row = self.row.lock().unwrap_or_else(PoisonError::into_inner);
        self.any.store(true, Ordering::Relaxed);
        row.count += 1;
        if row.domains.len() < DOMAINS && !row.domains.iter().any(|known| **known == *domain) {
            row.domains.push(domain.into());
        }
        row.count >= if row.domains.len() < DOMAINS { MOST_OF_FEW } else { MOST }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use vestnik_mail::reply::Reply;
    use vestnik_mail::verdict::Phase;

    use super::*;

    fn sent(verdict: Verdict, blame: Blame, answered: bool) -> Sent {
        let reply = answered.then(|| Reply::new(554, "5.7.1 No"));
        let (phase, duration) = (Phase::Dot, Duration::ZERO);
        Sent { verdict, blame, phase, reply, error: None, duration, usable: true, closed: false }
    }

    /// After how many refusals it is enough, if domains come in turn.
    fn enough(domains: &[&str]) -> u32 {
        let refusals = Refusals::default();
        let refused = sent(Verdict::Never, Blame::Message, true);
        let turns = (1..).zip(domains.iter().cycle());
        turns.take(1_000).find(|(_, domain)| refusals.note(&refused, domain)).map_or(0, |(count, _)| count)
    }

    #[test]
    fn a_row_of_refusals_is_enough() {
        assert_eq!(enough(&["a.example", "b.example", "c.example", "d.example"]), MOST);
        assert_eq!(enough(&["a.example", "b.example"]), MOST_OF_FEW, "it may be those two");
    }

    #[test]
    fn whatever_is_taken_ends_the_row_and_what_says_nothing_does_not() {
        let refusals = Refusals::default();
        let row = |count: u32| {
            let refused = sent(Verdict::Never, Blame::Sender, true);
            (0..count).map(|n| refusals.note(&refused, &format!("{n}.example"))).filter(|enough| *enough).count()
        };
        assert_eq!(row(MOST - 1), 0);
        assert!(!refusals.note(&sent(Verdict::Accepted, Blame::Nobody, true), "a.example"));
        assert_eq!(row(MOST - 1), 0);
        for (verdict, blame, answered) in [
            (Verdict::Never, Blame::Recipient, true),
            (Verdict::Later, Blame::Server, true),
            (Verdict::Later, Blame::Message, true),
            // Decided here: the server was not asked.
            (Verdict::Never, Blame::Message, false),
        ] {
            assert!(!refusals.note(&sent(verdict, blame, answered), "a.example"));
        }
        assert_eq!(row(1), 1);
    }
}
