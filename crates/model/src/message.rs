//! Messages: a subject and a body, personalised for each recipient.

use serde::Serialize;

use crate::clock::UnixMillis;
use crate::id::{MessageId, UserId};
use crate::problem::{Problem, Problems, line, paragraph};
use crate::template::{Content, RenderLimits};

/// Longest subject, in characters; a header longer than this is cut by every client.
pub const LONGEST_SUBJECT: usize = 300;
/// Longest body, in characters.
pub const LONGEST_BODY: usize = 1_000_000;

/// A message as stored.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Message {
    /// Identifier.
    pub id: MessageId,
    /// Whose it is.
    pub owner_id: UserId,
    /// «Тема письма», a template.
    pub subject: String,
    /// HTML body, a template; empty for a message in plain text.
    pub html: String,
    /// Plain text body, a template; empty when it is to be made from the HTML.
    pub text: String,
    /// When it was written.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
    /// Rises whenever it is changed.
    pub version: i64,
}

impl Message {
    /// What keeps the stored message from being sent. It was checked when it was saved, but maybe by an earlier program,
    /// whose template language had more.
    pub fn check(&self) -> Result<(), Problems> {
        self.check_within(RenderLimits::default())
    }

    /// The same within limits.
    pub fn check_within(&self, limits: RenderLimits<'_>) -> Result<(), Problems> {
        Content::compile(&self.subject, &self.html, &self.text)?.try_sample(limits)
    }
}

/// A message as typed, checked: its templates compile and render.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageDraft {
    /// Subject template.
    pub subject: String,
    /// HTML template; may be empty if there is a text.
    pub html: String,
    /// Text template; may be empty if there is HTML.
    pub text: String,
}

impl MessageDraft {
    /// Checks the typed fields: `subject`, `html`, `text`. A template is compiled and rendered for a sample recipient,
    /// so that an error shows when the message is saved and not when it is sent.
    pub fn parse(subject: &str, html: &str, text: &str) -> Result<Self, Problems> {
        Self::parse_within(subject, html, text, RenderLimits::default())
    }

    /// The same, until `limits` end the rendering for the sample.
    pub fn parse_within(subject: &str, html: &str, text: &str, limits: RenderLimits<'_>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let subject = problems.take("subject", line(subject, true, LONGEST_SUBJECT));
        let html = problems.take("html", paragraph(html, LONGEST_BODY));
        let text = problems.take("text", paragraph(text, LONGEST_BODY));
        if let (Some(html), Some(text)) = (&html, &text)
            && html.trim().is_empty()
            && text.trim().is_empty()
        {
            problems.add("text", Problem::new("problem-body-empty"));
        }
        let draft = subject.zip(html).zip(text).map(|((subject, html), text)| Self { subject, html, text });
        if let Some(draft) = &draft
            && let Err(found) = Content::compile(&draft.subject, &draft.html, &draft.text)
                .and_then(|content| content.try_sample(limits))
        {
            for (field, problem) in found.iter() {
                problems.add(field, problem.clone());
            }
        }
        problems.into_result(draft)
    }
}
