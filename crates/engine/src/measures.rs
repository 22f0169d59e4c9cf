//! What is measured while mail goes out, for whoever watches from outside (OpenMetrics). The numbers live as long as the
//! process, whichever engine runs in it.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use vestnik_store::letters::LetterOutcome;
use vestnik_store::settle::{AttemptMade, Outcome};

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

/// See the module. Clones count together.
#[derive(Clone, Debug)]
pub struct Measures {
    attempts: Family<ResultLabel, Counter>,
    letters: Family<ResultLabel, Counter>,
    handover: Histogram,
    commits: Histogram,
    pub(crate) sessions: Gauge,
    pub(crate) server_down: Gauge,
}

impl Default for Measures {
    fn default() -> Self {
        Self {
            attempts: Family::default(),
            letters: Family::default(),
            // From a millisecond on loopback to the four minutes that a slow server may take.
            handover: Histogram::new(exponential_buckets(0.001, 4.0, 10)),
            commits: Histogram::new(exponential_buckets(0.001, 4.0, 8)),
            sessions: Gauge::default(),
            server_down: Gauge::default(),
        }
    }
}

fn result(attempt: &AttemptMade, is_final: bool) -> &'static str {
    match (attempt.successful, attempt.unknown, is_final) {
        (true, ..) => "sent",
        (_, true, _) => "unknown",
        (_, _, true) => "failed",
        (_, _, false) => "later",
    }
}

impl Measures {
    /// Counts what is in the ledger now, and how long it took to write it.
    pub(crate) fn committed(&self, outcomes: &[Outcome], took: Duration) {
        self.commits.observe(took.as_secs_f64());
        let mut counts: [(&'static str, u64); 4] = [("sent", 0), ("unknown", 0), ("failed", 0), ("later", 0)];
        for outcome in outcomes {
            let Some(attempt) = &outcome.attempt else { continue };
            let result = result(attempt, outcome.state.is_final());
            for (name, count) in &mut counts {
                *count += u64::from(*name == result);
            }
            self.handover.observe(attempt.duration_ms as f64 / 1_000.0);
        }
        for (result, count) in counts {
            if count > 0 {
                self.attempts.get_or_create(&ResultLabel { result }).inc_by(count);
            }
        }
    }

    /// Counts a letter of the service itself.
    pub(crate) fn letter(&self, outcome: LetterOutcome) {
        let result = match outcome {
            LetterOutcome::Sent => "sent",
            LetterOutcome::Failed => "failed",
            LetterOutcome::Again(_) => "later",
            LetterOutcome::GivenBack => return,
        };
        self.letters.get_or_create(&ResultLabel { result }).inc();
    }

    /// Gives them names.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "attempts",
            "Attempts to hand a message to the mail server, by result",
            self.attempts.clone(),
        );
        registry.register("letters", "Letters of the service itself, by result", self.letters.clone());
        let help = "From the beginning of a message's hand-over to its answer";
        registry.register_with_unit("handover", help, Unit::Seconds, self.handover.clone());
        let help = "Transactions that write outcomes into the ledger";
        registry.register_with_unit("commit", help, Unit::Seconds, self.commits.clone());
        registry.register("smtp_sessions", "Open sessions with the mail server", self.sessions.clone());
        registry.register("smtp_server_down", "1 while no session can be opened", self.server_down.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use vestnik_model::UnixMillis;
    use vestnik_model::delivery::DeliveryState;
    use vestnik_model::id::{DeliveryId, MailingId, RunId};

    use super::*;

    fn outcome(state: DeliveryState, successful: bool, unknown: bool) -> Outcome {
        let attempt = AttemptMade {
            number: 1,
            at: UnixMillis(0),
            successful,
            unknown,
            code: None,
            enhanced: None,
            reply: Cow::Borrowed(""),
            error: None,
            outage: None,
            unreached: false,
            phase: Cow::Borrowed("data"),
            server: Cow::Borrowed("mail.example:25"),
            tls: Cow::Borrowed(""),
            duration_ms: 20,
        };
        Outcome {
            delivery: DeliveryId(1),
            run: RunId(1),
            mailing: MailingId(1),
            epoch: 1,
            state,
            due_at: None,
            excused: false,
            attempt: Some(attempt),
        }
    }

    #[test]
    fn each_attempt_is_counted_once_under_its_result() {
        let measures = Measures::default();
        let outcomes = [
            outcome(DeliveryState::Sent, true, false),
            outcome(DeliveryState::Sent, true, false),
            outcome(DeliveryState::Failed, false, false),
            outcome(DeliveryState::Pending, false, false),
            outcome(DeliveryState::Unknown, false, true),
            Outcome { attempt: None, ..outcome(DeliveryState::Skipped, false, false) },
        ];
        measures.committed(&outcomes, Duration::from_millis(3));
        let count = |result| measures.attempts.get_or_create(&ResultLabel { result }).get();
        assert_eq!(["sent", "failed", "later", "unknown"].map(count), [2, 1, 1, 1]);
        let mut registry = Registry::with_prefix("vestnik");
        measures.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("text");
        assert!(text.contains("vestnik_handover_seconds_count 5\n"), "{text}");
        assert!(text.contains("vestnik_commit_seconds_count 1\n"), "{text}");
    }
}
