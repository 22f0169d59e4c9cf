//! Deliveries and attempts: what became of one recipient in one run, and the rule for trying again.

use std::time::Duration;

use serde::Serialize;
use vestnik_mail::verdict::{Blame, Judgement, Verdict};

use crate::clock::UnixMillis;
use crate::id::{AttemptId, DeliveryId, MailingId, RunId};
use crate::mailing::UnknownPolicy;
use crate::problem::StoredProblem;
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

impl DeliveryState {
    /// Whether nothing more becomes of it by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Leased)
    }
}

text_enum! {
    /// What people are told of a delivery. The words are `fate-…`.
    pub enum Fate {
        /// The mail server took it.
        Sent = "sent",
        /// It was refused for good.
        Failed = "failed",
        /// It has its turn, or its next attempt, before it.
        Waiting = "waiting",
        /// The window ended first.
        Expired = "expired",
        /// It was handed over, and there was no answer.
        Unknown = "unknown",
        /// The recipient was removed before their turn.
        Skipped = "skipped",
        /// The sending was called off.
        Cancelled = "cancelled",
    }
}

impl Fate {
    /// Of a delivery in this state.
    pub fn of(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending | DeliveryState::Leased => Self::Waiting,
            DeliveryState::Sent => Self::Sent,
            DeliveryState::Failed => Self::Failed,
            DeliveryState::Expired => Self::Expired,
            DeliveryState::Skipped => Self::Skipped,
            DeliveryState::Unknown => Self::Unknown,
            DeliveryState::Cancelled => Self::Cancelled,
        }
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
    /// Whether it may have taken it although nothing says so: a later attempt may be a copy.
    pub unknown: bool,
    /// SMTP reply code (RFC 5321, 4.2); none if the server gave no answer.
    pub code: Option<i64>,
    /// Enhanced status code (RFC 3463), as `5.1.1`.
    pub enhanced: Option<String>,
    /// The server's words. In attempts from before errors had kinds, also what happened instead of an answer.
    pub reply: String,
    /// What happened, where the server's words alone do not say it.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub error: StoredProblem,
    /// Where in the conversation it was decided.
    pub phase: String,
    /// `host:port` that was spoken to.
    pub server: String,
    /// The version of TLS that it was spoken under; empty: none.
    pub tls: String,
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
    /// Attempts in all, the first one included; those that were excused do not count.
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

/// Attempts at one delivery that are excused because the server was to blame. A mail that brings the server into
/// trouble each time must come to an end as well.
const EXCUSES: u32 = 20;
/// Delay after the first excused attempt, doubled each time. Short: the lane's own pause keeps the peace.
const EXCUSED_FIRST: Duration = Duration::from_secs(1);
/// No delay after an excused attempt is longer.
const EXCUSED_LONGEST: Duration = Duration::from_secs(60);

/// Which attempt at a delivery was made, and under which rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// 1 for the first.
    pub number: u32,
    /// How many before it were excused.
    pub excused: u32,
    /// How many of these never reached the server: no session could be opened.
    pub unreached: u32,
    /// Whether the server has put off this very message: it may want that for a while, and the policy says how long.
    pub put_off: bool,
    /// What becomes of the delivery if its fate is unknown.
    pub on_unknown: UnknownPolicy,
    /// The end of its window, exclusive.
    pub ends_at: Option<UnixMillis>,
}

impl Tried {
    /// Excused attempts in which the server had seen the message: those that it might bring into trouble each time.
    fn indulged(self) -> u32 {
        self.excused.saturating_sub(self.unreached)
    }
}

/// What happens to a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It has a final state.
    Final(DeliveryState),
    /// It is tried again.
    Again {
        /// Not before this.
        at: UnixMillis,
        /// Whether the attempt does not count.
        excused: bool,
    },
}

impl RetryPolicy {
    /// Decides after an attempt that ended with `judgement` at `now`.
    ///
    /// A server's own trouble is not the recipient's: such an attempt is excused, up to a bound. After one that put
    /// this very message off the policy's first delay is waited for, after others a short one. `jitter` in 0..1 spreads
    /// the retries of many over the last fifth of the delay, so that they do not all come back to a recovering server at
    /// once. A retry that would fall past the window's end is not waited for.
    pub fn after(&self, judgement: Judgement, tried: Tried, now: UnixMillis, jitter: f64) -> Next {
        match judgement.verdict {
            Verdict::Accepted => Next::Final(DeliveryState::Sent),
            Verdict::Never => Next::Final(DeliveryState::Failed),
            Verdict::Unknown if tried.on_unknown == UnknownPolicy::Hold => Next::Final(DeliveryState::Unknown),
            // A copy may be out already: such an attempt counts, whoever is to blame.
            Verdict::Unknown => self.counted(tried, DeliveryState::Unknown, now, jitter),
            Verdict::Later if is_excused(judgement.blame) && tried.indulged() < EXCUSES => {
                let delay = if tried.put_off {
                    self.delay(1, jitter)
                } else {
                    backoff(EXCUSED_FIRST, 2.0, EXCUSED_LONGEST, tried.indulged(), jitter)
                };
                again(now.plus(delay), true, tried.ends_at)
            }
            Verdict::Later => self.counted(tried, DeliveryState::Failed, now, jitter),
        }
    }

    /// Decides after an attempt that counts; `exhausted` is the state after the last.
    fn counted(&self, tried: Tried, exhausted: DeliveryState, now: UnixMillis, jitter: f64) -> Next {
        let counted = tried.number.saturating_sub(tried.excused).max(1);
        if counted >= self.attempts {
            return Next::Final(exhausted);
        }
        again(now.plus(self.delay(counted, jitter)), false, tried.ends_at)
    }

    /// The delay after the attempt that counts as `number`.
    fn delay(&self, number: u32, jitter: f64) -> Duration {
        backoff(self.first_delay, self.factor, self.ceiling, number.saturating_sub(1), jitter)
    }
}

fn is_excused(blame: Blame) -> bool {
    matches!(blame, Blame::Server | Blame::Nobody)
}

fn again(at: UnixMillis, excused: bool, ends_at: Option<UnixMillis>) -> Next {
    match ends_at {
        Some(end) if at >= end => Next::Final(DeliveryState::Expired),
        _ => Next::Again { at, excused },
    }
}

fn backoff(first: Duration, factor: f64, longest: Duration, before: u32, jitter: f64) -> Duration {
    let exponent = i32::try_from(before).unwrap_or(i32::MAX);
    let seconds = (first.as_secs_f64() * factor.powi(exponent)).min(longest.as_secs_f64());
    Duration::try_from_secs_f64(seconds * (0.8 + 0.2 * jitter.clamp(0.0, 1.0))).unwrap_or(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use UnknownPolicy::{Hold, Resend};

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 4,
        first_delay: Duration::from_secs(10),
        factor: 3.0,
        ceiling: Duration::from_secs(60),
    };
    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn tried(number: u32, excused: u32, on_unknown: UnknownPolicy) -> Tried {
        Tried { number, excused, unreached: 0, put_off: false, on_unknown, ends_at: None }
    }

    #[test]
    fn the_answer_decides() {
        let again = |s: i64, excused| Next::Again { at: UnixMillis(NOW.0 + s * 1000), excused };
        let failed = Next::Final(DeliveryState::Failed);
        let unknown = Next::Final(DeliveryState::Unknown);
        let cases = [
            (Verdict::Accepted, Blame::Nobody, tried(1, 0, Hold), Next::Final(DeliveryState::Sent)),
            (Verdict::Never, Blame::Recipient, tried(1, 0, Hold), failed),
            (Verdict::Unknown, Blame::Server, tried(1, 0, Hold), unknown),
            (Verdict::Unknown, Blame::Server, tried(1, 0, Resend), again(10, false)),
            (Verdict::Unknown, Blame::Server, tried(4, 0, Resend), unknown),
            (Verdict::Later, Blame::Recipient, tried(1, 0, Hold), again(10, false)),
            (Verdict::Later, Blame::Recipient, tried(2, 0, Hold), again(30, false)),
            (Verdict::Later, Blame::Recipient, tried(3, 0, Hold), again(60, false)),
            (Verdict::Later, Blame::Recipient, tried(4, 0, Hold), failed),
            (Verdict::Later, Blame::Recipient, tried(9, 0, Hold), failed),
            // The server's own trouble does not count, and what it has excused does not count later.
            (Verdict::Later, Blame::Server, tried(1, 0, Hold), again(1, true)),
            (Verdict::Later, Blame::Server, tried(4, 3, Hold), again(8, true)),
            (Verdict::Later, Blame::Server, tried(9, 8, Hold), again(60, true)),
            (Verdict::Later, Blame::Recipient, tried(5, 4, Hold), again(10, false)),
            // Not for ever.
            (Verdict::Later, Blame::Server, tried(21, 20, Hold), again(10, false)),
            (Verdict::Later, Blame::Server, tried(24, 20, Hold), failed),
        ];
        for (verdict, blame, tried, expected) in cases {
            let judgement = Judgement { verdict, blame };
            assert_eq!(POLICY.after(judgement, tried, NOW, 1.0), expected, "{judgement:?} {tried:?}");
        }
    }

    #[test]
    fn what_is_put_off_in_an_answer_waits_for_the_first_delay() {
        let later = Judgement { verdict: Verdict::Later, blame: Blame::Server };
        for (number, excused, seconds) in [(1, 0, 10), (2, 1, 10), (8, 7, 10), (9, 6, 10)] {
            let tried = Tried { put_off: true, ..tried(number, excused, Hold) };
            let expected = Next::Again { at: NOW.plus(Duration::from_secs(seconds)), excused: true };
            assert_eq!(POLICY.after(later, tried, NOW, 1.0), expected, "{tried:?}");
        }
        let counted = Tried { put_off: true, ..tried(24, 20, Hold) };
        assert_eq!(POLICY.after(later, counted, NOW, 1.0), Next::Final(DeliveryState::Failed), "not for ever");
    }

    #[test]
    fn attempts_that_never_reached_the_server_use_up_nothing() {
        let unreached = |tried: Tried, unreached| Tried {
            number: tried.number + unreached,
            excused: tried.excused + unreached,
            unreached,
            ..tried
        };
        for blame in [Blame::Server, Blame::Recipient] {
            let later = Judgement { verdict: Verdict::Later, blame };
            for (number, excused) in [(1, 0), (3, 0), (4, 0), (5, 4), (20, 19), (21, 20), (24, 20)] {
                let expected = POLICY.after(later, tried(number, excused, Hold), NOW, 1.0);
                for outages in [1, 30, 1_000] {
                    let tried = unreached(tried(number, excused, Hold), outages);
                    assert_eq!(POLICY.after(later, tried, NOW, 1.0), expected, "{tried:?}");
                }
            }
        }
    }

    #[test]
    fn no_retry_falls_past_the_window() {
        let later = Judgement { verdict: Verdict::Later, blame: Blame::Recipient };
        let tried = Tried { ends_at: Some(NOW.plus(Duration::from_secs(10))), ..tried(1, 0, Hold) };
        assert_eq!(
            POLICY.after(later, tried, NOW, 1.0),
            Next::Final(DeliveryState::Expired),
            "the end itself is outside"
        );
        assert_eq!(
            POLICY.after(later, tried, NOW, 0.0),
            Next::Again { at: NOW.plus(Duration::from_secs(8)), excused: false },
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
