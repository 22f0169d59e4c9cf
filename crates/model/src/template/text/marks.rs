//! Marks that stand for placeholders while the HTML of a template is read.

/// Begins the number of a placeholder. A noncharacter: not meant for interchange, so no text loses anything.
pub const BEGIN: char = '\u{FDD0}';
/// Ends it.
pub const END: char = '\u{FDD1}';

/// Whether what follows this HTML goes on with the name of a tag or of an entity, as in `<h{{ level }}>` and
/// `&{{ name }};`: then its value decides what the text is.
pub fn completes_markup(html: &str) -> bool {
    // Names are short; a long word is none, and is not read again for each placeholder behind it.
    let mut before = html.chars().rev().take(40).skip_while(|c| c.is_ascii_alphanumeric() || matches!(*c, BEGIN | END));
    match before.next() {
        Some('<' | '&') => true,
        Some('/' | '!' | '?') => before.next() == Some('<'),
        Some('#') => before.next() == Some('&'),
        _ => false,
    }
}
