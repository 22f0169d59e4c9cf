//! Mailings: the list, the form, the review before sending, the page with live progress, the ledger of attempts.

pub(crate) mod again;
pub(crate) mod attempts;
mod beginning;
pub(crate) mod choose;
pub(crate) mod control;
#[cfg(test)]
mod control_tests;
pub(crate) mod delete;
pub(crate) mod explanation;
pub(crate) mod fates;
pub(crate) mod form;
pub(crate) mod list;
pub(crate) mod live;
#[cfg(test)]
mod live_tests;
#[cfg(test)]
mod outage_tests;
pub(crate) mod outages;
pub(crate) mod progress;
pub(crate) mod review;
#[cfg(test)]
mod review_tests;
mod save;
#[cfg(test)]
mod schedule_tests;
pub(crate) mod show;
#[cfg(test)]
pub(crate) mod tests;
mod tried;

use serde::Serialize;
use vestnik_model::{
    UnixMillis,
    mailing::{Mailing, MailingStatus},
};

/// A mailing's status as the pages show it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct StatusView {
    /// `created`, `running`, `completed`: the words are `mailing-status-{name}`.
    pub(crate) name: MailingStatus,
    pub(crate) tone: &'static str,
    /// When it fires next.
    pub(crate) next_at: Option<UnixMillis>,
    /// Since when it does not fire; none: it does.
    pub(crate) disabled_at: Option<UnixMillis>,
}

impl StatusView {
    pub(crate) fn of(mailing: &Mailing) -> Self {
        let tone = match (mailing.status, mailing.next_at) {
            (MailingStatus::Running, _) => "act",
            (MailingStatus::Completed, _) => "ok",
            (MailingStatus::Created, Some(_)) => "wait",
            (MailingStatus::Created, None) => "mute",
        };
        Self { name: mailing.status, tone, next_at: mailing.next_at, disabled_at: mailing.disabled_at }
    }
}
