//! The template of a text part that is made from an HTML template once, for all recipients.

use std::collections::HashMap;

use super::ast::{Node, Template};
use super::text::marks::{BEGIN, END, completes_markup};
use super::text::text_from_html;

/// The text's template. `None` if what the text says depends on the recipient otherwise than by a placeholder's value.
pub fn text_template(html: &Template) -> Option<Template> {
    if html.source.contains([BEGIN, END]) {
        return None;
    }
    let mut marked = String::with_capacity(html.source.len());
    let (mut placeholders, mut numbers) = (Vec::new(), HashMap::new());
    for node in &html.nodes {
        match node {
            Node::Text { start, end } => marked.push_str(&html.source[*start..*end]),
            Node::Print(value) if !value.is_about_markup() && !completes_markup(&marked) => {
                // The same one has the same mark: a link may be its own words.
                let number = *numbers.entry(format!("{:?}", value.kind)).or_insert_with(|| {
                    placeholders.push(value);
                    placeholders.len() - 1
                });
                marked.push_str(&format!("{BEGIN}{number}{END}"));
            }
            _ => return None,
        }
    }
    let source = text_from_html(&marked);

    let mut nodes = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find(BEGIN) {
        let from = at + found;
        nodes.push(Node::Text { start: at, end: from });
        let number = from + BEGIN.len_utf8();
        let length = source[number..].find(END)?;
        // A number that was broken apart is none.
        let placeholder = placeholders.get(source[number..number + length].parse::<usize>().ok()?)?;
        nodes.push(Node::Print((*placeholder).clone()));
        at = number + length + END.len_utf8();
    }
    if source[at..].contains(END) {
        return None;
    }
    nodes.push(Node::Text { start: at, end: source.len() });
    // There are no variables where there are neither loops nor `set`.
    Some(Template { source, nodes, slots: 0 })
}
