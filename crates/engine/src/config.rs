//! How mail is sent.

use std::path::PathBuf;
use std::time::Duration;

use vestnik_mail::message::Mailbox;
use vestnik_mail::relay::{Relay, Tls};
use vestnik_mail::session::{Hello, Timeouts};
use vestnik_model::delivery::RetryPolicy;

use crate::limits::Limits;
use crate::measures::Measures;

/// How mail is sent.
#[derive(Clone)]
pub struct Config {
    /// The mail server that takes everything.
    pub relay: Relay,
    /// How to speak TLS with it.
    pub tls: Tls,
    /// How this machine calls itself.
    pub hello: Hello,
    /// How long each phase of a conversation may take.
    pub timeouts: Timeouts,
    /// Connections at once.
    pub connections: usize,
    /// The address that mail comes from; its name stands for users who have none of their own.
    pub from: Mailbox,
    /// Whether `from` has a name that stands in place of the users' own.
    pub from_name_fixed: bool,
    /// What was agreed with mail servers.
    pub limits: Limits,
    /// When a delivery that failed for now is tried again.
    pub retry: RetryPolicy,
    /// Folder of the journal: on this machine, the same for each start.
    pub journal: PathBuf,
    /// How long the journal keeps what the database has, for the case that it loses it: see [`crate::history`].
    pub journal_kept: Duration,
    /// How long rendering one message may take.
    pub longest_rendering: Duration,
    /// This very program, to look with its command [`crate::render_check::COMMAND`] whether a message has ended the process
    /// before. `None`: that is not looked for.
    pub render_check: Option<PathBuf>,
    /// How often tables are looked at when nobody calls.
    pub poll: Duration,
    /// Where it is counted what is done.
    pub measures: Measures,
    /// How long a process that shares the work may be silent before others take over what it has claimed.
    pub lease: Duration,
}

/// How long rendering one message may take: a thousand times as long as most take.
pub const LONGEST_RENDERING: Duration = Duration::from_secs(10);

/// How long a letter that is being sent is nobody else's: longer than it can take in all its phases together.
pub const LETTER_LEASE: Duration = Duration::from_secs(15 * 60);
