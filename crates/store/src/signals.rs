//! How the parts of one process wake each other. The tables remain the truth: a signal that is lost costs a poll's
//! delay and nothing else.

use tokio::sync::Notify;

use crate::db::Wake;

/// Calls from the one who wrote to the one who waits.
#[derive(Debug, Default)]
pub struct Signals {
    /// A mailing may be due, or a run may begin.
    pub schedule: Notify,
    /// Deliveries may be due.
    pub deliveries: Notify,
    /// A letter of the service waits to be sent.
    pub letters: Notify,
    /// A run was halted.
    pub control: Notify,
    /// The settings of the installation were changed.
    pub settings: Notify,
    /// Something is to be deleted step by step.
    pub deletions: Notify,
}

impl Signals {
    /// Calls a loop of this process.
    pub fn wake(&self, whom: Wake) {
        match whom {
            Wake::Schedule => self.schedule.notify_one(),
            Wake::Deliveries => self.deliveries.notify_one(),
            Wake::Letters => self.letters.notify_one(),
            Wake::Control => self.control.notify_one(),
            Wake::Settings => self.settings.notify_one(),
            Wake::Deletions => self.deletions.notify_one(),
        }
    }
}
