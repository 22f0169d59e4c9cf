//! How the parts of one process wake each other. The tables remain the truth: a signal that is lost costs a poll's
//! delay and nothing else.

use tokio::sync::Notify;

/// Calls from the one who wrote to the one who waits.
#[derive(Debug, Default)]
pub struct Signals {
    /// A mailing may be due, or a run may begin.
    pub schedule: Notify,
    /// Deliveries may be due.
    pub deliveries: Notify,
    /// A letter of the service waits to be sent.
    pub letters: Notify,
}
