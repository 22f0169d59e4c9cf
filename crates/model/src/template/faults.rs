//! How the template language says what is wrong: a [`Problem`] with the line, and with what was written there.

use crate::problem::Problem;

/// A problem of a template, boxed: results with it are returned for each step of a rendering.
pub type Fault = Box<Problem>;

/// Longest piece of a template or of a value that a problem repeats, in characters.
const LONGEST_QUOTE: usize = 60;

/// A problem at a line of the template.
pub fn fault(id: &'static str, line: u32) -> Problem {
    Problem::new(id).with("line", line)
}

/// A name that does not exist: `id` says so, `{id}-try` also what to write instead.
pub fn unknown(id: &'static str, id_try: &'static str, line: u32, name: &str, instead: Option<&str>) -> Fault {
    let problem = fault(if instead.is_some() { id_try } else { id }, line).with("detail", quote(name));
    Box::new(match instead {
        Some(instead) => problem.with("instead", instead),
        None => problem,
    })
}

/// What was written, shortened to be repeated in a sentence.
pub fn quote(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST_QUOTE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(LONGEST_QUOTE).is_some() {
        short.push('…');
    }
    short
}
