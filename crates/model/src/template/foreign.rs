//! Placeholders of other services and languages. Between our braces they are errors, which say what to write instead;
//! elsewhere they would be sent as they stand, so they are pointed out.

use super::faults::{fault, quote};
use super::lexer::{Lexer, Piece};
use crate::problem::Problems;

/// Most that are pointed out of one message.
const MOST: usize = 10;
/// Longest name between foreign marks, in bytes.
const LONGEST: usize = 80;

/// How far the end of a comment is looked for, in bytes.
const LONGEST_COMMENT: usize = 2_000;

/// The first word of a name: there is no field for it.
const FIRST_NAME: &str = "recipient.full_name|split|first";
const FULL_NAME: &str = "recipient.full_name";
const EMAIL: &str = "recipient.email";
const COMMENT: &str = "recipient.comment";

/// What others call our fields, in lower case and without anything between the words.
const FIELDS_OF_OTHERS: &[(&str, &str)] = &[
    ("name", FULL_NAME),
    ("fullname", FULL_NAME),
    ("username", FULL_NAME),
    ("displayname", FULL_NAME),
    ("contactname", FULL_NAME),
    ("clientname", FULL_NAME),
    ("customername", FULL_NAME),
    ("recipientname", FULL_NAME),
    ("subscribername", FULL_NAME),
    ("lname", FULL_NAME),
    ("lastname", FULL_NAME),
    ("surname", FULL_NAME),
    ("familyname", FULL_NAME),
    ("имя", FULL_NAME),
    ("фио", FULL_NAME),
    ("полноеимя", FULL_NAME),
    ("фамилия", FULL_NAME),
    ("имяклиента", FULL_NAME),
    ("имяполучателя", FULL_NAME),
    ("fname", FIRST_NAME),
    ("firstname", FIRST_NAME),
    ("givenname", FIRST_NAME),
    ("email", EMAIL),
    ("mail", EMAIL),
    ("emailaddress", EMAIL),
    ("recipientemail", EMAIL),
    ("subscriberemail", EMAIL),
    ("useremail", EMAIL),
    ("почта", EMAIL),
    ("адрес", EMAIL),
    ("электроннаяпочта", EMAIL),
    ("comment", COMMENT),
    ("comments", COMMENT),
    ("note", COMMENT),
    ("notes", COMMENT),
    ("комментарий", COMMENT),
    ("примечание", COMMENT),
];

/// How sure the marks alone make it that a placeholder is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// Nobody writes this for anything else.
    Yes,
    /// Only with a name that others have for our fields: `{name}`, `%email%`.
    ByName,
}

/// Marks of others, those that begin alike longest first.
const MARKS: &[(&str, &str, Sure)] = &[
    ("*|", "|*", Sure::Yes),
    ("[[", "]]", Sure::Yes),
    ("${", "}", Sure::Yes),
    ("<%=", "%>", Sure::Yes),
    ("%%", "%%", Sure::Yes),
    ("[%", "%]", Sure::Yes),
    ("{$", "}", Sure::Yes),
    ("#{", "}", Sure::ByName),
    ("@@", "@@", Sure::ByName),
    ("<<", ">>", Sure::ByName),
    ("%", "%", Sure::ByName),
    ("[", "]", Sure::ByName),
    ("{", "}", Sure::ByName),
];

/// The expression that gives what a name of others stands for.
pub fn field_like(path: &str) -> Option<&'static str> {
    let last = path.rsplit(['.', ':']).find(|part| !part.is_empty())?;
    let name: String = last.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    FIELDS_OF_OTHERS.iter().find(|(other, _)| *other == name).map(|(_, ours)| *ours)
}

/// What of a message's parts looks like a placeholder and is none, each with its line and what to write instead. These
/// are no errors: whoever means the text as it stands may send it.
pub fn notices(subject: &str, html: &str, text: &str) -> Problems {
    let mut notices = Problems::default();
    for (field, source) in [("subject", subject), ("html", html), ("text", text)] {
        let mut known: Vec<&str> = Vec::new();
        let mut lexer = Lexer::new(source);
        let mut line = lexer.line();
        // A template that cannot be taken apart has an error, which says more.
        while let Ok(Some(piece)) = lexer.next() {
            if let Piece::Text { start, end } = piece {
                look_through(&source[start..end], line, &mut known, |problem| notices.add(field, problem));
            }
            line = lexer.line();
        }
    }
    notices
}

fn look_through<'s>(text: &'s str, line: u32, known: &mut Vec<&'s str>, mut add: impl FnMut(crate::Problem)) {
    let mut at = 0;
    while known.len() < MOST
        && let Some(found) = text.as_bytes()[at..].iter().position(|byte| b"*[$<%{#@".contains(byte))
    {
        at += found;
        let rest = &text[at..];
        let line = || line + u32::try_from(text[..at].matches('\n').count()).unwrap_or(0);
        if let Some(comment) = comment(rest) {
            if !known.contains(&comment) {
                known.push(comment);
                add(fault("problem-template-comment", line()).with("detail", quote(comment)));
            }
            at += comment.len();
            continue;
        }
        let before = text[..at].chars().next_back();
        match placeholder(rest, before) {
            Some((written, instead)) => {
                if !known.contains(&written) {
                    known.push(written);
                    let id = if instead.is_some() { "problem-placeholder-try" } else { "problem-placeholder" };
                    let problem = fault(id, line()).with("detail", quote(written));
                    add(match instead {
                        Some(ours) => problem.with("instead", format!("{{{{ {ours} }}}}")),
                        None => problem,
                    });
                }
                at += written.len();
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
}

/// `{# … #}`, which was a comment once. `{#id{…}}` of a style sheet is none: nobody puts a blank there.
fn comment(rest: &str) -> Option<&str> {
    let inside = rest.strip_prefix("{#")?;
    if !inside.starts_with([' ', '\t', '\n', '\r', '-']) {
        return None;
    }
    let end = inside.as_bytes().windows(2).take(LONGEST_COMMENT).position(|two| two == b"#}")?;
    Some(&rest[..end + 4])
}

/// A placeholder of others at the beginning of the text, and ours.
fn placeholder(rest: &str, before: Option<char>) -> Option<(&str, Option<&'static str>)> {
    MARKS.iter().find_map(|(open, close, sure)| {
        let inside = rest.strip_prefix(open)?;
        let end = inside.find(|c: char| !is_of_name(c)).filter(|end| *end <= LONGEST)?;
        let name = inside[..end].trim();
        if !inside[end..].starts_with(close) || !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return None;
        }
        let ours = field_like(name);
        // `input[name]` is a selector, `50%name%` no placeholder.
        let apart = !before.is_some_and(|before| before.is_alphanumeric() || matches!(before, ']' | '%'));
        let is_one = match sure {
            Sure::Yes => true,
            Sure::ByName => apart && (ours.is_some() || name.starts_with("recipient.")),
        };
        is_one.then(|| (&rest[..open.len() + end + close.len()], ours))
    })
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.' | '-' | ':' | ' ')
}
