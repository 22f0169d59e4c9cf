//! The interface of those who watch over others (S-48) and of those who run the installation: users, everyone's
//! mailings and recipients, groups, the audit log.
//!
//! What is another's is looked at here and changed nowhere: a manager's acts are blocking a person and disabling a
//! mailing. Which permission a page needs stands in the table of routes; whom an act may be done to, `store` decides.

pub(crate) mod articles;
pub(crate) mod audit;
pub(crate) mod caches;
pub(crate) mod feedback;
pub(crate) mod groups;
pub(crate) mod mailings;
pub(crate) mod new_user;
pub(crate) mod recipients;
pub(crate) mod report;
pub(crate) mod settings;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod user;
pub(crate) mod users;

use serde::Deserialize;
use vestnik_store::{
    audit::Author,
    groups::Changed,
    oversight::{self, Thing},
};

use crate::{error::Error, flash::Flash, session::CurrentUser, state::AppState, visit::Visit};

pub(crate) const PAGE_SIZE: usize = 50;

/// What lists are asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Words to look for.
    pub(crate) q: String,
    /// Whose: the number of a person, or empty.
    pub(crate) owner: String,
    /// Where the page begins.
    pub(crate) at: String,
}

/// Why something is done to someone, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ReasonForm {
    pub(crate) reason: String,
}

/// Whoever is at the browser, for the audit log.
pub(crate) fn author(app: &AppState, visit: &Visit, user: &CurrentUser) -> Author {
    Author::at_browser(&user.user, visit.address, app.now())
}

/// Whether what was asked for is there, belongs to someone else, and the visitor may know of it.
pub(crate) async fn is_anothers(app: &AppState, visit: &Visit) -> bool {
    let Some(signed_in) = &visit.user else { return false };
    let path = visit.path.split('?').next().unwrap_or_default();
    let mut segments = path.trim_start_matches('/').split('/');
    let thing = match segments.next() {
        Some("recipients") => Thing::Recipient,
        Some("messages") => Thing::Message,
        Some("mailings") => Thing::Mailing,
        Some("runs") => Thing::Run,
        _ => return false,
    };
    let Some(Ok(id)) = segments.next().map(str::parse) else { return false };
    oversight::knows_of(&app.db, &signed_in.actor, thing, id).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "whose a thing is could not be seen");
        false
    })
}

/// What came of an act, in a word to the user. What is not allowed ends in its own page.
fn said(changed: Changed, done: &'static str) -> Result<Flash, Error> {
    Ok(match changed {
        Changed::Done => Flash::ok(done),
        Changed::NotNow => Flash::warn("flash-manage-not-now"),
        Changed::NameTaken => Flash::warn("flash-manage-name-taken"),
        Changed::LastAdministrator => Flash::warn("flash-manage-last-administrator"),
        Changed::Builtin => Flash::warn("flash-manage-builtin"),
        Changed::NotAllowed => return Err(Error::Forbidden),
        Changed::NotFound => return Err(Error::NotFound),
    })
}
