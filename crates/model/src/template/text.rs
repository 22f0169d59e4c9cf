//! The text part of a message that has only HTML, as a person would type it: no markup, addresses in parentheses behind
//! the words that they belong to, lists with dashes.
//!
//! [`reader`] reads the tokens of HTML into pieces, [`layout`] breaks those into lines. Both take time that is linear in
//! the length of the document and memory that does not depend on how deep it is nested: no tree is built, and what has
//! to be remembered of enclosing elements is bounded. Owners write this HTML, and some write it to do harm.

mod address;
mod elements;
mod entities;
mod layout;
pub(super) mod marks;
mod reader;

pub use self::entities::without_entities;

/// Columns at which lines are wrapped (RFC 5322, 2.1.1 advises 78 at most). An address is never broken.
const WIDTH: usize = 76;

/// The text of HTML. Placeholders may stand in it as [`marks`].
pub(super) fn text_from_html(html: &str) -> String {
    layout::lines(&reader::read(html), WIDTH)
}

#[cfg(test)]
mod tests;
