//! What people write on the contacts page (S-53), and what is answered.

use crate::EmailAddress;
use crate::clock::UnixMillis;
use crate::id::{FeedbackId, UserId};
use crate::problem::{Problem, Problems, line, paragraph};
use crate::recipient::address;
use crate::text_enum::text_enum;
use crate::user::Language;

text_enum! {
    /// What has become of it.
    pub enum FeedbackState {
        /// Nobody has opened it.
        New = "new",
        /// Someone has.
        Read = "read",
        /// It was answered.
        Answered = "answered",
        /// Nobody needs to read it. It is removed after a while.
        Spam = "spam",
    }
}

/// What someone wrote.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Feedback {
    /// Identifier.
    pub id: FeedbackId,
    /// Who wrote it, if they had signed in.
    pub user_id: Option<UserId>,
    /// What they call themselves.
    pub name: String,
    /// Where an answer goes. Nobody has proved that it is theirs.
    pub email: String,
    /// The language of the page on which it was written.
    pub language: Language,
    /// What it is about.
    pub subject: String,
    /// What they say.
    pub text: String,
    /// What has become of it.
    pub state: FeedbackState,
    /// When it was sent.
    pub created_at: UnixMillis,
}

/// The fields of the form.
#[derive(Clone, Copy, Debug, Default)]
pub struct TypedFeedback<'a> {
    /// What they call themselves.
    pub name: &'a str,
    /// Where an answer goes.
    pub email: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// What they say.
    pub text: &'a str,
}

/// Feedback as typed, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackDraft {
    /// What they call themselves.
    pub name: String,
    /// Where an answer goes.
    pub email: EmailAddress,
    /// What it is about.
    pub subject: String,
    /// What they say.
    pub text: String,
}

/// In characters, of what is written and of what is answered.
pub const LONGEST_TEXT: usize = 10_000;

impl TypedFeedback<'_> {
    /// Checks the fields, each named as its field here.
    pub fn parse(&self) -> Result<FeedbackDraft, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", line(self.name, true, 200));
        let email = problems.take("email", address(self.email));
        let subject = problems.take("subject", line(self.subject, true, 200));
        let text = problems.take("text", words(self.text));
        let draft = (|| Some(FeedbackDraft { name: name?, email: email?, subject: subject?, text: text? }))();
        problems.into_result(draft)
    }
}

/// Checks an answer as typed.
pub fn answer(text: &str) -> Result<String, Problem> {
    words(text)
}

/// Some text; forms send their line ends as CR LF.
fn words(text: &str) -> Result<String, Problem> {
    let text = paragraph(text.replace("\r\n", "\n").trim(), LONGEST_TEXT)?;
    if text.is_empty() { Err(Problem::new("problem-required")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPED: TypedFeedback<'static> = TypedFeedback {
        name: " Вера ",
        email: "vera@Example.org",
        subject: "Счёт",
        text: "Здравствуйте!\r\n\r\nГде он?\n",
    };

    #[test]
    fn what_is_typed_is_tidied() {
        let draft = TYPED.parse().unwrap();
        assert_eq!((draft.name.as_str(), draft.email.as_str()), ("Вера", "vera@example.org"));
        assert_eq!(draft.text, "Здравствуйте!\n\nГде он?");
    }

    #[test]
    fn each_problem_stands_at_its_field() {
        let long = "я".repeat(LONGEST_TEXT + 1);
        for (typed, wrong) in [
            (TypedFeedback { name: "", ..TYPED }, "name"),
            (TypedFeedback { name: "A\nBcc: x@example.org", ..TYPED }, "name"),
            (TypedFeedback { email: "vera", ..TYPED }, "email"),
            (TypedFeedback { subject: "a\r\nb", ..TYPED }, "subject"),
            (TypedFeedback { text: " \r\n ", ..TYPED }, "text"),
            (TypedFeedback { text: "a\0", ..TYPED }, "text"),
            (TypedFeedback { text: &long, ..TYPED }, "text"),
        ] {
            let problems = typed.parse().unwrap_err();
            assert_eq!(problems.iter().map(|(field, _)| field).collect::<Vec<_>>(), [wrong]);
        }
        let empty = TypedFeedback::default().parse().unwrap_err();
        assert_eq!(empty.iter().count(), 4);
        assert!(answer("Вот он.").is_ok() && answer(" ").is_err());
    }
}
