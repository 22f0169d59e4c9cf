//! What a message becomes for one recipient: its templates, compiled once and rendered for each.
//!
//! Users write these templates, so they run on a short leash: no other template can be reached, an unknown name is an
//! error, steps and output are capped. HTML is escaped by its place; subject and text are not HTML and are not escaped.

mod text;

use std::io;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value, context};

use crate::problem::{Problem, Problems};
use crate::recipient::Recipient;
use text::text_from_html;

/// Steps that one rendering may take. A long newsletter with loops takes a few thousand.
const FUEL: u64 = 200_000;
/// Largest rendered part, in bytes: four times the longest template.
const LARGEST_OUTPUT: usize = 4_000_000;

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
    /// Asked every few thousand steps and for each piece of output; `true` ends the rendering with
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
    Template,
    /// From each recipient's HTML, because the template's structure decides what the text says.
    FromHtml,
}

/// A message's templates, compiled.
#[derive(Debug)]
pub struct Content {
    environment: Environment<'static>,
    has_html: bool,
    text: TextPart,
}

impl Content {
    /// Compiles a message's templates. Problems stand at `subject`, `html` or `text`, with the line of the error.
    pub fn compile(subject: &str, html: &str, text: &str) -> Result<Self, Problems> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| if name == HTML { AutoEscape::Html } else { AutoEscape::None });
        // It prints the whole state, which is of no use in a letter.
        environment.remove_global("debug");

        let mut problems = Problems::default();
        let mut add = |name: &'static str, source: &str| {
            if let Err(error) = environment.add_template_owned(name, source.to_owned()) {
                problems.add(name, problem(&error));
            }
        };
        add(SUBJECT, subject);
        let has_html = !html.trim().is_empty();
        if has_html {
            add(HTML, html);
        }
        let has_text = !text.trim().is_empty();
        if has_text {
            add(TEXT, text);
        }
        if !problems.is_empty() {
            return Err(problems);
        }

        let text = if has_text {
            TextPart::Template
        } else {
            // Converting a 5 KB letter costs more than all else in sending it; where the template is plain
            // substitution, its text is the same for everyone but for the values, and is made once.
            let derived = (!html.contains("{%")).then(|| text_from_html(html)).flatten();
            match derived.map(|text| environment.add_template_owned(TEXT, text)) {
                Some(Ok(())) => TextPart::Template,
                Some(Err(_)) | None => TextPart::FromHtml,
            }
        };
        Ok(Self { environment, has_html, text })
    }

    /// Renders the message for one person. The problem stands at the part that failed.
    pub fn render(&self, person: Person<'_>) -> Result<Rendered, Problems> {
        self.render_within(person, RenderLimits::default())
    }

    /// Renders the message for one person, or until `limits` ends it.
    pub fn render_within(&self, person: Person<'_>, limits: RenderLimits<'_>) -> Result<Rendered, Problems> {
        let context = context! {
            recipient => context! {
                email => person.email,
                full_name => person.full_name,
                comment => person.comment,
            }
        };
        let subject = self.part(SUBJECT, &context, limits)?;
        let html = if self.has_html { Some(self.part(HTML, &context, limits)?) } else { None };
        let text = match (&self.text, &html) {
            (TextPart::FromHtml, Some(html)) => text_from_html(html).unwrap_or_default(),
            _ => self.part(TEXT, &context, limits)?,
        };
        Ok(Rendered { subject: one_line(&subject), html, text })
    }

    /// Renders for a made-up person, to find what only shows when a template runs.
    pub fn try_sample(&self) -> Result<(), Problems> {
        let sample = Person { email: "anna@example.com", full_name: "Анна Иванова", comment: "—" };
        self.render(sample).map(|_| ())
    }

    fn part(&self, name: &'static str, context: &Value, limits: RenderLimits<'_>) -> Result<String, Problems> {
        let cancelled = || Problems::one(name, Problem::new("problem-template-cancelled"));
        if limits.is_cancelled() {
            return Err(cancelled());
        }
        let at = |error: &minijinja::Error| {
            if limits.is_cancelled() { cancelled() } else { Problems::one(name, problem(error)) }
        };
        let template = self.environment.get_template(name).map_err(|error| at(&error))?;
        let mut output = Capped { text: String::new(), limits };
        template.render_captured_to(context.clone(), &mut output).map_err(|error| at(&error))?;
        Ok(output.text)
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

/// Puts a template's error into words, with its line.
fn problem(error: &minijinja::Error) -> Problem {
    let id = match error.kind() {
        ErrorKind::OutOfFuel => "problem-template-endless",
        ErrorKind::WriteFailure => "problem-template-large",
        ErrorKind::UndefinedError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownFunction
        | ErrorKind::UnknownMethod
        | ErrorKind::UnknownTest
        | ErrorKind::TemplateNotFound => "problem-template-unknown",
        _ => "problem-template",
    };
    let mut detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    if id == "problem-template-unknown" {
        // «`recipient.phone` is undefined»: the sentence is ours, the name is all that it needs.
        detail = detail.split('`').nth(1).unwrap_or(detail.trim_end_matches(" is unknown")).to_owned();
    }
    Problem::new(id).with("line", error.line().unwrap_or(1)).with("detail", detail)
}

/// Output that stops growing at [`LARGEST_OUTPUT`], or when the rendering is cancelled.
struct Capped<'a> {
    text: String,
    limits: RenderLimits<'a>,
}

impl io::Write for Capped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.text.len() + bytes.len() > LARGEST_OUTPUT {
            return Err(io::Error::other("the output is too large"));
        }
        if self.limits.is_cancelled() {
            return Err(io::Error::other("the rendering was cancelled"));
        }
        // Templates write strings. Checking each piece with SIMD costs a tenth of what checking the whole at the end did.
        self.text.push_str(simdutf8::basic::from_utf8(bytes).map_err(io::Error::other)?);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: Person<'_> =
        Person {
            email: "anna@example.com", full_name: "Анна <Север>", comment: "любит\r\nBcc: all@example.com"
        };

    fn render(subject: &str, html: &str, text: &str) -> Rendered {
        Content::compile(subject, html, text).unwrap().render(ANNA).unwrap()
    }

    fn fault(subject: &str, html: &str, text: &str) -> (&'static str, String, String) {
        let problems = Content::compile(subject, html, text).and_then(|content| content.try_sample()).unwrap_err();
        let (field, problem) = problems.iter().next().unwrap();
        let line = problem.args.iter().find(|(name, _)| *name == "line").map(|(_, line)| line.clone());
        (field, problem.id.to_string(), line.unwrap_or_default())
    }

    #[test]
    fn html_is_escaped_subject_and_text_are_not() {
        let rendered =
            render("Для {{ recipient.full_name }}", "<p>{{ recipient.full_name }}</p>", "{{ recipient.full_name }}");
        assert_eq!(rendered.subject, "Для Анна <Север>");
        assert_eq!(rendered.html.as_deref(), Some("<p>Анна &lt;Север&gt;</p>"));
        assert_eq!(rendered.text, "Анна <Север>");
    }

    #[test]
    fn a_field_cannot_break_out_of_the_subject() {
        assert_eq!(render("{{ recipient.comment }}", "", "x").subject, "любит Bcc: all@example.com");
    }

    #[test]
    fn the_text_is_made_from_the_html_when_absent() {
        let simple =
            render("s", "<h1>Меню</h1><p>{{ recipient.full_name }}, <a href=\"https://a.example/\">вот</a></p>", "");
        assert!(simple.text.contains("Анна <Север>, [вот]"), "{}", simple.text);
        assert!(simple.text.contains("https://a.example/"), "{}", simple.text);
        let looped = render("s", "<ul>{% for i in [1,2] %}<li>№{{ i }}</li>{% endfor %}</ul>", "");
        assert!(looped.text.contains("№1") && looped.text.contains("№2"), "{}", looped.text);
    }

    #[test]
    fn a_cancelled_rendering_ends() {
        let content = Content::compile("s", "", "{% for i in range(9999) %}{{ i }}{% endfor %}").unwrap();
        let asked = std::cell::Cell::new(0);
        let cancelled = || {
            asked.set(asked.get() + 1);
            asked.get() > 5
        };
        let problems = content.render_within(ANNA, RenderLimits { cancelled: Some(&cancelled) }).unwrap_err();
        let (field, problem) = problems.iter().next().unwrap();
        assert_eq!((field, problem.id.as_ref()), ("text", "problem-template-cancelled"));
    }

    #[test]
    fn faults_are_found_with_their_line() {
        let cases = [
            ("{{ recipient.", "", "x", ("subject", "problem-template", "1")),
            ("s", "a\n{% for %}", "", ("html", "problem-template", "2")),
            ("s", "", "a\nb\n{{ recipient.phone }}", ("text", "problem-template-unknown", "3")),
            ("s", "", "{{ name }}", ("text", "problem-template-unknown", "1")),
            ("s", "", "{{ delete_all() }}", ("text", "problem-template-unknown", "1")),
            ("s", "", "{% include 'secret' %}", ("text", "problem-template-unknown", "1")),
            (
                "s",
                "",
                "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
                ("text", "problem-template-endless", "1"),
            ),
            (
                "s",
                "",
                "{% for a in range(9) %}{{ 'x' * 1000000 }}{% endfor %}",
                ("text", "problem-template-large", "1"),
            ),
        ];
        for (subject, html, text, expected) in cases {
            let found = fault(subject, html, text);
            assert_eq!((found.0, found.1.as_str(), found.2.as_str()), expected, "{subject} {html} {text}");
        }
    }
}
