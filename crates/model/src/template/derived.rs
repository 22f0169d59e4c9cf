//! The template of a text part that is made from an HTML template once, for all recipients.

use super::ast::{Node, Template};
use super::text::text_from_html;

/// Characters of the private use area, which stand around the number of a placeholder while the HTML becomes text.
const BEFORE: char = '\u{e0f0}';
const AFTER: char = '\u{e0f1}';

/// The text's template. `None` if what the text says depends on the recipient otherwise than by a placeholder's value.
pub fn text_template(html: &Template) -> Option<Template> {
    if html.source.contains([BEFORE, AFTER]) {
        return None;
    }
    let mut marked = String::with_capacity(html.source.len());
    let mut placeholders = Vec::new();
    for node in &html.nodes {
        match node {
            Node::Text { start, end } => marked.push_str(&html.source[*start..*end]),
            Node::Print(value) if !value.is_about_markup() => {
                marked.push_str(&format!("{BEFORE}{}{AFTER}", placeholders.len()));
                placeholders.push(value);
            }
            _ => return None,
        }
    }
    let source = text_from_html(&marked)?;

    let mut nodes = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find(BEFORE) {
        let from = at + found;
        nodes.push(Node::Text { start: at, end: from });
        let number = from + BEFORE.len_utf8();
        let length = source[number..].find(AFTER)?;
        // A number that was broken apart is none.
        let placeholder = placeholders.get(source[number..number + length].parse::<usize>().ok()?)?;
        nodes.push(Node::Print((*placeholder).clone()));
        at = number + length + AFTER.len_utf8();
    }
    if source[at..].contains(AFTER) {
        return None;
    }
    nodes.push(Node::Text { start: at, end: source.len() });
    // There are no variables where there are neither loops nor `set`.
    Some(Template { source, nodes, slots: 0 })
}
