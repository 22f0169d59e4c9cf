//! Which way mail goes, and what it comes from: what the process was started with, or else what administrators have set.

use std::fmt;

use vestnik_mail::address::EmailAddress;
use vestnik_mail::message::{HeaderText, Mailbox};
use vestnik_mail::relay::Relay;
use vestnik_model::Installation;
use vestnik_model::mail_server::{DEFAULT_FROM, split_from};

use crate::config::MailArgs;
use crate::failure::Failure;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The mail server; `None`: the built-in catcher.
    pub relay: Option<Relay>,
    /// The mail server whose stored password no key at hand decrypts: nothing is sent until it is entered anew.
    pub locked: Option<String>,
    /// What mail comes from.
    pub from: Mailbox,
    /// Whether its name is that of all mail, and not only of letters that no user sends.
    pub from_name_fixed: bool,
}

impl Route {
    /// Finds it.
    pub fn find(mail: &MailArgs, installation: &Installation) -> Result<Self, Failure> {
        let (relay, locked) = match (mail.catch_all, mail.relay()?, installation.smtp_url.as_str()) {
            (true, _, _) | (false, None, "") => (None, None),
            (false, Some(relay), _) => (Some(relay), None),
            (false, None, stored) if installation.mail_password_unreadable => (None, Some(stored.to_owned())),
            (false, None, stored) => {
                let relay = Relay::parse(stored)
                    .map_err(|error| Failure::failed(format!("the mail server in the settings: {error}")))?;
                (Some(relay), None)
            }
        };
        let stored = Some(installation.mail_from.as_str()).filter(|from| !from.is_empty());
        let (from, from_name_fixed) = match (mail.mail_from.as_deref(), stored) {
            (Some(given), _) => {
                mailbox(given).map_err(|error| Failure::misused(format!("--mail-from {given:?}: {error}")))?
            }
            (None, from) => {
                let from = from.unwrap_or(DEFAULT_FROM);
                mailbox(from).map_err(|error| Failure::failed(format!("the sender in the settings: {error}")))?
            }
        };
        Ok(Self { relay, locked, from, from_name_fixed })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.relay, &self.locked) {
            (Some(relay), _) => relay.fmt(f),
            (None, Some(server)) => write!(f, "{server}, whose password cannot be decrypted"),
            (None, None) => f.write_str("the built-in catcher"),
        }
    }
}

/// Reads `address` or `Name <address>`; whether it has a name.
pub fn mailbox(text: &str) -> Result<(Mailbox, bool), String> {
    let (name, address) = split_from(text);
    let address = EmailAddress::parse(address).map_err(|error| error.to_string())?;
    if name.is_empty() {
        return Ok((Mailbox::new(address), false));
    }
    let name = HeaderText::new(name).map_err(|error| error.to_string())?;
    Ok((Mailbox::named(name, address), true))
}
