//! Recipients: the people that mail is sent to.

use serde::Serialize;
use vestnik_mail::address::EmailAddress;

use crate::address_field::{AddressField, in_words};
use crate::clock::UnixMillis;
use crate::id::{RecipientId, UserId};
use crate::problem::{Problem, Problems, line, paragraph};
use crate::text::visible;
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
    /// Checks the typed fields: `email`, `full_name`, `comment`. The address may come with a name
    /// (`Anna <anna@example.com>`), which stands where no name was typed.
    pub fn parse(email: &str, full_name: &str, comment: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let email = problems.take("email", AddressField::single(email));
        let full_name = problems.take("full_name", full_name_of(full_name));
        let comment = problems.take("comment", comment_of(comment));
        let draft = email.zip(full_name).zip(comment).map(|((field, full_name), comment)| Self {
            full_name: if full_name.is_empty() { field.name } else { full_name },
            email: field.email,
            comment,
        });
        problems.into_result(draft)
    }
}

/// Checks a full name.
pub(crate) fn full_name_of(text: &str) -> Result<String, Problem> {
    line(&visible(text), false, LONGEST_NAME)
}

/// Checks a comment.
pub(crate) fn comment_of(text: &str) -> Result<String, Problem> {
    paragraph(visible(text).trim(), LONGEST_COMMENT)
}

/// Checks an address, saying in words what is wrong with it.
pub fn address(text: &str) -> Result<EmailAddress, Problem> {
    EmailAddress::parse(text).map_err(|error| in_words(&error))
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
