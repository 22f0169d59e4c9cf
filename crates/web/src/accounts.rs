//! Accounts: registration, confirmation of the address, login, recovery, settings.
//!
//! Whether an address has an account is never told: neither by what a page says, nor by its status, nor by how long it
//! takes, nor by a limit.

pub(crate) mod account;
#[cfg(test)]
mod account_tests;
pub(crate) mod avatar;
pub(crate) mod confirm;
pub(crate) mod export;
mod guesses;
pub(crate) mod leave;
pub(crate) mod login;
pub(crate) mod login_code;
pub(crate) mod new_address;
pub(crate) mod password_recovery;
mod proof;
pub(crate) mod registration;
pub(crate) mod security;
pub(crate) mod settings;
#[cfg(test)]
mod tests;
pub(crate) mod two_factor;
#[cfg(test)]
mod two_factor_tests;
#[cfg(test)]
mod unproven_tests;

use axum::{http::StatusCode, response::Response};
use serde::Serialize;
use vestnik_model::{EmailAddress, Installation, Problem};

use crate::{error::Error, limits::Limit, page::Page, state::AppState};

/// A page of a few words and one way on.
#[derive(Debug, Serialize)]
pub(crate) struct MessageView<'a> {
    /// Which sentences: `{words}-title`, `{words}-text`.
    pub(crate) words: &'a str,
    pub(crate) email: &'a str,
    pub(crate) href: &'a str,
    /// Id of the words on the button.
    pub(crate) button: &'a str,
}

/// A link that no longer works: 410, so that programs know as well as people.
fn gone(page: &Page, words: &str, href: &str, button: &str) -> Result<Response, Error> {
    page.answer(StatusCode::GONE, "accounts/message.html", &MessageView { words, email: "", href, button })
}

/// Whether an account may have this address: registration and a new address keep to the same domains.
fn check_domain(installation: &Installation, email: &EmailAddress) -> Result<(), Problem> {
    if installation.lets_register(email) {
        return Ok(());
    }
    let domains = installation.allowed_domains.replace(' ', ", ");
    Err(Problem::new("problem-email-domain").with("domains", domains))
}

/// Counts a try against the visitor's network address.
async fn count_address(app: &AppState, page: &Page, limit: Limit) -> Result<(), Error> {
    limit.count_network(app, page.visit.address).await
}

/// Counts a try against the account of an address, existing or not. The key of the address counts, so that quotes, capitals
/// and the spelling of a domain do not multiply it.
async fn count_account(app: &AppState, limit: Limit, email: &EmailAddress) -> Result<(), Error> {
    limit.count(app, &email.key()).await
}
