//! What a message becomes for one recipient: its templates, compiled once and rendered for each.
//!
//! Users write these templates, so they are a small language of their own: placeholders with filters, conditions, loops
//! over lists that stand in the template. What it has not, nobody can misuse: there is no way to make a large value out
//! of small ones, and everything that recurses or repeats is bounded, while parsing and while rendering
//! (`docs/decisions/0011-user-templates.md`). HTML is escaped by its place; subject and text are not HTML and are not
//! escaped.

mod allowed;
mod ast;
mod derived;
mod expression;
mod faults;
mod filters;
mod foreign;
mod lexer;
mod names;
mod parser;
mod render;
#[cfg(test)]
mod tests;
mod text;
mod value;

use crate::problem::Problems;
use crate::recipient::Recipient;
use ast::Template;
pub use foreign::notices;
use text::text_from_html;
pub use text::without_entities;

const SUBJECT: &str = "subject";
const HTML: &str = "html";
const TEXT: &str = "text";

/// The values that a template sees as `recipient`.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// `{{ recipient.email }}`
    pub email: &'a str,
    /// `{{ recipient.full_name }}`
    pub full_name: &'a str,
    /// `{{ recipient.comment }}`
    pub comment: &'a str,
}

impl<'a> From<&'a Recipient> for Person<'a> {
    fn from(recipient: &'a Recipient) -> Self {
        Self { email: &recipient.email, full_name: &recipient.full_name, comment: &recipient.comment }
    }
}

/// What ends one rendering early, apart from the caps on steps and output that always hold.
#[derive(Clone, Copy, Default)]
pub struct RenderLimits<'a> {
    /// Asked every few thousand steps and before each part; `true` ends the rendering with
    /// `problem-template-cancelled`. A deadline, or a visitor who is gone, is the caller's to look at.
    pub cancelled: Option<&'a dyn Fn() -> bool>,
}

impl RenderLimits<'_> {
    fn is_cancelled(&self) -> bool {
        self.cancelled.is_some_and(|cancelled| cancelled())
    }
}

/// A message for one recipient, before it becomes MIME.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// One line, without control characters.
    pub subject: String,
    /// The HTML part, if the message has one.
    pub html: Option<String>,
    /// The text part; made from the HTML when the message has none of its own.
    pub text: String,
}

/// Where the text part comes from.
#[derive(Debug)]
enum TextPart {
    /// From a template: the owner's, or one made from the HTML once.
    Template(Template),
    /// From each recipient's HTML, because the template's structure decides what the text says.
    FromHtml,
}

/// A message's templates, compiled.
#[derive(Debug)]
pub struct Content {
    subject: Template,
    html: Option<Template>,
    text: TextPart,
}

impl Content {
    /// Compiles a message's templates. Problems stand at `subject`, `html` or `text`, with the line of the error.
    pub fn compile(subject: &str, html: &str, text: &str) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut part = |name: &'static str, source: &str| {
            problems.take(name, parser::parse(source).map_err(|fault| *fault)).unwrap_or_default()
        };
        let subject = part(SUBJECT, subject);
        let has_html = !html.trim().is_empty();
        let html_part = has_html.then(|| part(HTML, html));
        let own_text = (!text.trim().is_empty() || !has_html).then(|| part(TEXT, text));
        if !problems.is_empty() {
            return Err(problems);
        }
        let text = match own_text {
            Some(template) => TextPart::Template(template),
            // Converting a 5 KB message costs more than all else in sending it; where the template is plain
            // substitution, its text is the same for everyone but for the values, and is made once.
            None => html_part.as_ref().and_then(derived::text_template).map_or(TextPart::FromHtml, TextPart::Template),
        };
        Ok(Self { subject, html: html_part, text })
    }

    /// Renders the message for one person. The problem stands at the part that failed.
    pub fn render(&self, person: Person<'_>) -> Result<Rendered, Problems> {
        self.render_within(person, RenderLimits::default())
    }

    /// Renders the message for one person, or until `limits` ends it.
    pub fn render_within(&self, person: Person<'_>, limits: RenderLimits<'_>) -> Result<Rendered, Problems> {
        let part = |name, template: &Template| {
            render::render(template, person, name == HTML, limits).map_err(|fault| Problems::one(name, *fault))
        };
        let subject = part(SUBJECT, &self.subject)?;
        let html = self.html.as_ref().map(|html| part(HTML, html)).transpose()?;
        let text = match (&self.text, &html) {
            (TextPart::Template(template), _) => part(TEXT, template)?,
            (TextPart::FromHtml, Some(html)) => text_from_html(html),
            (TextPart::FromHtml, None) => String::new(),
        };
        Ok(Rendered { subject: one_line(&subject), html, text })
    }

    /// Renders for a made-up person, to find what only shows when a template runs.
    pub fn try_sample(&self, limits: RenderLimits<'_>) -> Result<(), Problems> {
        let sample = Person { email: "anna@example.com", full_name: "Анна Иванова", comment: "—" };
        self.render_within(sample, limits).map(|_| ())
    }
}

/// A subject is one header line: line breaks and other control characters from a recipient's fields become spaces.
fn one_line(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return text.trim().to_owned();
    }
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}
