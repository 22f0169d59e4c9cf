//! Deliveries and attempts: what became of one recipient in one run, and the rule for trying again.

use std::time::Duration;

use serde::Serialize;
use vestnik_mail::verdict::Verdict;

use crate::clock::UnixMillis;
use crate::id::{AttemptId, DeliveryId, MailingId, RunId};
use crate::text_enum::text_enum;

text_enum! {
    /// What has become of a delivery. All but the first two are final.
    pub enum DeliveryState {
        /// Waiting for its turn or its next attempt.
        Pending = "pending",
        /// Claimed by a process that is sending it.
        Leased = "leased",
        /// Accepted by the mail server.
        Sent = "sent",
        /// Refused for good.
        Failed = "failed",
        /// The window ended first.
        Expired = "expired",
        /// Not tried: the recipient was removed.
        Skipped = "skipped",
        /// Handed over without an answer.
        Unknown = "unknown",
        /// Called off.
        Cancelled = "cancelled",
    }
}

/// One try to hand a delivery to a mail server.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Attempt {
    /// Identifier.
    pub id: AttemptId,
    /// Of which delivery.
    pub delivery_id: DeliveryId,
    /// Of which run.
    pub run_id: RunId,
    /// Of which mailing.
    pub mailing_id: MailingId,
    /// To which address.
    pub email: String,
    /// 1 for the first.
    pub number: i64,
    /// When it ended.
    pub at: UnixMillis,
    /// Whether the mail server took the message.
    pub successful: bool,
    /// SMTP reply code (RFC 5321, 4.2); none if the server gave no answer.
    pub code: Option<i64>,
    /// Enhanced status code (RFC 3463), as `5.1.1`.
    pub enhanced: Option<String>,
    /// The server's words, or what happened instead of an answer.
    pub reply: String,
    /// Where in the conversation it was decided.
    pub phase: String,
    /// `host:port` that was spoken to.
    pub server: String,
    /// Duration in milliseconds.
    pub duration_ms: i64,
    /// The mail's Message-ID, the same in every attempt.
    pub message_id: String,
}

/// The Message-ID (RFC 5322, 3.6.4) of a delivery, without the angle brackets: the same in every attempt, so that a
/// server which has seen the mail knows it again.
pub fn message_id(run_key: &str, delivery: DeliveryId, domain: &str) -> String {
    format!("{run_key}.{delivery}@{domain}")
}

/// How often and when a delivery that failed for now is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all, the first one included.
    pub attempts: u32,
    /// Delay before the second attempt.
    pub first_delay: Duration,
    /// Each further delay is this many times the one before.
    pub factor: f64,
    /// No delay is longer.
    pub ceiling: Duration,
}

impl Default for RetryPolicy {
    /// Six attempts over about five hours: 5, 15, 45, 120, 120 minutes apart.
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_secs(5 * 60),
            factor: 3.0,
            ceiling: Duration::from_secs(2 * 3_600),
        }
    }
}

/// What happens to a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has a final state.
    Final(DeliveryState),
    /// It is tried again, not before this.
    Again(UnixMillis),
}

impl RetryPolicy {
    /// Decides after attempt `number` (1 for the first) with `verdict` at `now`, in a window that ends at `ends_at`.
    ///
    /// `jitter` in 0..1 spreads the retries of many over the last fifth of the delay, so that they do not all come
    /// back to a recovering server at once. A retry that would fall past the window's end is not waited for.
    pub fn after(
        &self,
        verdict: Verdict,
        number: u32,
        now: UnixMillis,
        ends_at: Option<UnixMillis>,
        jitter: f64,
    ) -> Next {
        match verdict {
            Verdict::Accepted => Next::Final(DeliveryState::Sent),
            Verdict::Never => Next::Final(DeliveryState::Failed),
            Verdict::Unknown => Next::Final(DeliveryState::Unknown),
            Verdict::Later if number >= self.attempts => Next::Final(DeliveryState::Failed),
            Verdict::Later => {
                let at = now.plus(self.delay(number, jitter));
                match ends_at {
                    Some(end) if at >= end => Next::Final(DeliveryState::Expired),
                    _ => Next::Again(at),
                }
            }
        }
    }

    /// The delay after attempt `number`.
    fn delay(&self, number: u32, jitter: f64) -> Duration {
        let exponent = i32::try_from(number.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first_delay.as_secs_f64() * self.factor.powi(exponent);
        let capped = seconds.min(self.ceiling.as_secs_f64());
        Duration::try_from_secs_f64(capped * (0.8 + 0.2 * jitter.clamp(0.0, 1.0))).unwrap_or(self.ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 4,
        first_delay: Duration::from_secs(10),
        factor: 3.0,
        ceiling: Duration::from_secs(60),
    };
    const NOW: UnixMillis = UnixMillis(1_000_000);

    #[test]
    fn the_answer_decides() {
        let seconds = |s: i64| Next::Again(UnixMillis(NOW.0 + s * 1000));
        let cases = [
            (Verdict::Accepted, 1, Next::Final(DeliveryState::Sent)),
            (Verdict::Never, 1, Next::Final(DeliveryState::Failed)),
            (Verdict::Unknown, 1, Next::Final(DeliveryState::Unknown)),
            (Verdict::Later, 1, seconds(10)),
            (Verdict::Later, 2, seconds(30)),
            (Verdict::Later, 3, seconds(60)),
            (Verdict::Later, 4, Next::Final(DeliveryState::Failed)),
            (Verdict::Later, 9, Next::Final(DeliveryState::Failed)),
        ];
        for (verdict, number, expected) in cases {
            assert_eq!(POLICY.after(verdict, number, NOW, None, 1.0), expected, "{verdict:?} after attempt {number}");
        }
    }

    #[test]
    fn no_retry_falls_past_the_window() {
        let end = NOW.plus(Duration::from_secs(10));
        assert_eq!(
            POLICY.after(Verdict::Later, 1, NOW, Some(end), 1.0),
            Next::Final(DeliveryState::Expired),
            "the end itself is outside"
        );
        assert_eq!(
            POLICY.after(Verdict::Later, 1, NOW, Some(end), 0.0),
            Next::Again(NOW.plus(Duration::from_secs(8))),
            "jitter takes a fifth off"
        );
    }

    #[test]
    fn the_default_policy_lasts_for_hours() {
        let policy = RetryPolicy::default();
        let total: u64 = (1..policy.attempts).map(|number| policy.delay(number, 1.0).as_secs()).sum();
        assert_eq!(total, (5 + 15 + 45 + 120 + 120) * 60);
    }
}
