//! Entities of HTML where there is no HTML: in a subject `Fish &amp; chips` arrives as it is written.

use super::reader;

/// Longest entity: `&CounterClockwiseContourIntegral;`
const LONGEST: usize = 33;

/// What a line of plain text with entities of HTML probably means; `None` if it has none.
pub fn without_entities(text: &str) -> Option<String> {
    let mut meant = String::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        meant.push_str(before);
        match decoded(from) {
            Some((character, length)) => {
                meant.push_str(&character);
                found = true;
                rest = &from[length..];
            }
            None => {
                meant.push('&');
                rest = &from[1..];
            }
        }
    }
    meant.push_str(rest);
    found.then_some(meant)
}

/// The characters of the entity that a text begins with, and its length.
fn decoded(text: &str) -> Option<(String, usize)> {
    let end = text.bytes().take(LONGEST).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
    let character = is_name.then(|| reader::characters(&text[..=end]))?;
    // `&nothing;` begins with `&not`, which needs no semicolon.
    (character != text[..=end] && character.chars().count() <= 2).then_some((character, end + 1))
}
