//! Runs: one firing of a mailing, with its figures.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::id::{MailingId, RunId, UserId};
use crate::mailing::UnknownPolicy;
use crate::text_enum::text_enum;

text_enum! {
    /// Where a run stands.
    pub enum RunState {
        /// Made, and not begun: the time to undo is running.
        Planned = "planned",
        /// Its deliveries are being made, one for each recipient.
        Expanding = "expanding",
        /// Its deliveries are going out.
        Sending = "sending",
        /// Halted, and goes on when it is resumed.
        Paused = "paused",
        /// Called off: what has not gone out is being cancelled.
        Stopping = "stopping",
        /// Every delivery has its final state.
        Completed = "completed",
        /// Called off before it began, or stopped.
        Cancelled = "cancelled",
        /// Its time passed while nothing was running.
        Missed = "missed",
    }
}

impl RunState {
    /// Whether nothing more will happen in it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Missed)
    }
}

/// A run as stored. What it sends is fixed when it is made: a message edited meanwhile changes the next run, not this.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Run {
    /// Identifier.
    pub id: RunId,
    /// Which mailing fired.
    pub mailing_id: MailingId,
    /// Whose it is.
    pub owner_id: UserId,
    /// The occurrence that it stands for; at most one run each.
    pub occurrence_at: UnixMillis,
    /// When it was made: the time to undo counts from then.
    pub planned_at: UnixMillis,
    /// Where it stands.
    pub state: RunState,
    /// Nothing is sent before this: the end of the time to undo.
    pub begins_at: UnixMillis,
    /// Nothing is sent at or after this.
    pub ends_at: Option<UnixMillis>,
    /// Random, part of each of its Message-IDs.
    pub key: String,
    /// What becomes of its deliveries of unknown fate.
    pub on_unknown: UnknownPolicy,
    /// If it is paused, why: empty if a person has paused it, or else the mail server's words, unless
    /// `unrenderable_for` says more.
    pub paused_by: String,
    /// If it is paused because its message ends the process that renders it, the address of the recipient for whom; empty:
    /// for everyone.
    pub unrenderable_for: Option<String>,
    /// If it is paused because its message cannot be rendered for anyone, a [`crate::Problem`] as JSON; empty otherwise.
    pub pause_problem: String,
    /// If it is paused, since when.
    pub paused_at: Option<UnixMillis>,
    /// When the first delivery was made.
    pub started_at: Option<UnixMillis>,
    /// When the last delivery got its final state.
    pub finished_at: Option<UnixMillis>,
    /// The figures.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub counts: Counts,
}

/// How many of a run's deliveries are where, and how many attempts were made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Counts {
    /// All deliveries.
    pub recipients: i64,
    /// Accepted by the mail server.
    pub sent: i64,
    /// Refused for good.
    pub failed: i64,
    /// Not sent when the window ended.
    pub expired: i64,
    /// Not tried: the recipient was removed.
    pub skipped: i64,
    /// Handed over without an answer: sent or not, nobody knows.
    pub unknown: i64,
    /// Called off.
    pub cancelled: i64,
    /// Attempts that the mail server accepted.
    pub attempts_ok: i64,
    /// Attempts that failed.
    pub attempts_failed: i64,
}

impl Counts {
    /// Deliveries that have no final state yet.
    pub fn pending(&self) -> i64 {
        self.recipients - self.done()
    }

    /// Deliveries that have a final state.
    pub fn done(&self) -> i64 {
        self.sent + self.failed + self.expired + self.skipped + self.unknown + self.cancelled
    }

    /// All attempts.
    pub fn attempts(&self) -> i64 {
        self.attempts_ok + self.attempts_failed
    }
}
