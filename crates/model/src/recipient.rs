//! Recipients: the people that mail is sent to.

use serde::Serialize;
use vestnik_mail::address::EmailAddress;

use crate::clock::UnixMillis;
use crate::id::{RecipientId, UserId};
use crate::problem::{Problem, Problems, line, paragraph};
use crate::text_enum::text_enum;

/// Longest full name, in characters.
pub const LONGEST_NAME: usize = 200;
/// Longest comment, in characters.
pub const LONGEST_COMMENT: usize = 4_000;

/// One address in one user's list.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Recipient {
    /// Identifier.
    pub id: RecipientId,
    /// Whose list it is in.
    pub owner_id: UserId,
    /// Address as it was typed, trimmed, the domain in lower case.
    pub email: String,
    /// «Ф. И. О.»; may be empty.
    pub full_name: String,
    /// Free text; may be empty.
    pub comment: String,
    /// When it was added.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// A recipient as typed or imported, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientDraft {
    /// The address.
    pub email: EmailAddress,
    /// «Ф. И. О.»; may be empty.
    pub full_name: String,
    /// Free text; may be empty.
    pub comment: String,
}

impl RecipientDraft {
    /// Checks the typed fields: `email`, `full_name`, `comment`.
    pub fn parse(email: &str, full_name: &str, comment: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let email = problems.take("email", address(email));
        let full_name = problems.take("full_name", line(full_name, false, LONGEST_NAME));
        let comment = problems.take("comment", paragraph(comment.trim(), LONGEST_COMMENT));
        let draft =
            email.zip(full_name).zip(comment).map(|((email, full_name), comment)| Self { email, full_name, comment });
        problems.into_result(draft)
    }
}

/// Checks an address, saying in words what is wrong with it.
pub fn address(text: &str) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(text).map_err(|error| Problem::new(error.id()).with("reason", error.to_string()))
}

text_enum! {
    /// What a list of recipients is ordered by.
    pub enum RecipientSort {
        /// Newest first.
        Newest = "newest",
        /// By address, A to Z.
        Email = "email",
        /// By full name, A to Z.
        Name = "name",
    }
}
