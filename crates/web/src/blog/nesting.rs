//! Bounds the nesting depth of Markdown and HTML in one pass, before it is parsed. Parsers and the sanitizer take time
//! proportional to length times depth; with the depth bounded they are linear in the length.

use std::fmt;

/// Levels of block quotes, lists and elements. Real texts have about ten.
pub(crate) const DEEPEST: usize = 100;
/// Formatting elements that are left open when an outer element closes, and foreign elements. HTML's error recovery may
/// repeat each of them in everything that follows.
const MOST_IRREGULAR: usize = 100;

/// The text is nested deeper than [`DEEPEST`], or too many of its tags are mismatched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooDeep;

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nested more than {DEEPEST} levels deep")
    }
}

/// Checks how many block quotes and lists a line begins. Levels that are added by indentation on later lines need a text
/// of quadratic length, so the limit of an article's length bounds them.
pub(crate) fn check_markdown(markdown: &str) -> Result<(), TooDeep> {
    if markdown.lines().all(|line| markers(line) <= DEEPEST) { Ok(()) } else { Err(TooDeep) }
}

/// Block quote and list markers at the beginning of a line.
fn markers(line: &str) -> usize {
    let mut rest = line.trim_start();
    // A thematic break is no list.
    if ['-', '*', '_'].into_iter().any(|sign| rest.chars().all(|c| c == sign || c.is_whitespace())) {
        return 0;
    }
    let mut count = 0;
    loop {
        let after = if let Some(after) = rest.strip_prefix('>') {
            Some(after)
        } else {
            let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let signs: &[char] = if number.len() < rest.len() { &['.', ')'] } else { &['-', '+', '*'] };
            number.strip_prefix(signs).filter(|after| after.starts_with([' ', '\t']))
        };
        let Some(after) = after else { return count };
        count += 1;
        rest = after.trim_start();
    }
}

/// Void elements.
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// Elements whose end tag is implied by the next start tag of their kind.
const IMPLIED_END: [&str; 12] =
    ["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup"];
/// Raw text elements.
const RAW_TEXT: [&str; 8] = ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];
/// Formatting elements, which are reconstructed after the element around them closes.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];
/// Foreign elements, inside which other parsing rules hold.
const FOREIGN: [&str; 2] = ["svg", "math"];

/// Checks the depth of HTML. Errs on the side of refusing.
pub(crate) fn check_html(html: &str) -> Result<(), TooDeep> {
    let mut open: Vec<String> = Vec::new();
    let mut irregular = 0;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        let (closes, named) = rest.strip_prefix('/').map_or((false, rest), |named| (true, named));
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let length = named.find(|c: char| c.is_whitespace() || matches!(c, '/' | '>')).unwrap_or(named.len());
        let name = named[..length].to_ascii_lowercase();
        rest = after_tag(&named[length..]);
        let name = name.as_str();
        if closes {
            // The stack is never longer than the limit.
            if let Some(place) = open.iter().rposition(|known| known == name) {
                irregular += open[place + 1..].iter().filter(|inside| FORMATTING.contains(&inside.as_str())).count();
                open.truncate(place);
            }
        } else if !VOID.contains(&name) {
            if IMPLIED_END.contains(&name) && open.last().is_some_and(|last| last == name) {
                open.pop();
            }
            irregular += usize::from(FOREIGN.contains(&name));
            if RAW_TEXT.contains(&name) {
                rest = after_raw_text(rest, name);
            } else {
                open.push(name.to_owned());
            }
        }
        if open.len() > DEEPEST || irregular > MOST_IRREGULAR {
            return Err(TooDeep);
        }
    }
    Ok(())
}

/// What follows a tag whose attributes come next.
fn after_tag(attributes: &str) -> &str {
    let mut quote = None;
    for (at, c) in attributes.char_indices() {
        match quote {
            Some(sign) if c == sign => quote = None,
            Some(_) => {}
            None if c == '>' => return &attributes[at + 1..],
            // A quotation mark opens a value only after `=`.
            None if matches!(c, '"' | '\'') && attributes[..at].trim_end().ends_with('=') => quote = Some(c),
            None => {}
        }
    }
    ""
}

/// What follows a raw text element.
fn after_raw_text<'a>(contents: &'a str, name: &str) -> &'a str {
    let mut rest = contents;
    while let Some(at) = rest.find("</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return after_tag(&rest[name.len()..]);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_markers_at_the_beginning_of_a_line() {
        for (line, count) in [
            ("text", 0),
            ("> a > b", 1),
            (">>> a", 3),
            ("  > - 1. a", 3),
            ("- - + * a", 4),
            ("12) 3. a", 2),
            ("-a", 0),
            ("-5", 0),
            ("2026. год", 1),
            ("3.14", 0),
            ("- - - -", 0),
            ("* * *", 0),
            ("___", 0),
            ("", 0),
        ] {
            assert_eq!(markers(line), count, "{line:?}");
        }
    }

    #[test]
    fn accepts_ordinary_texts() {
        let table = "<table><tr><td><p>a<td>b<tr><td>c</table>".repeat(500);
        let items = format!("<ul>{}</ul>", "<li>a<li><b>b</b><br><img src=x>".repeat(500));
        let quoted = "<p title=\"<div>\">a</p><!-- <div> --><script>if (a<b) '<div>'</script>".repeat(500);
        let nested = format!("{}a{}", "<div>".repeat(DEEPEST), "</div>".repeat(DEEPEST));
        for html in [table, items, quoted, nested, "a < b <3 </> <".into()] {
            assert_eq!(check_html(&html), Ok(()), "{html}");
        }
        assert_eq!(check_markdown(&format!("{} a", "> ".repeat(DEEPEST))), Ok(()));
        assert_eq!(check_markdown(&"- a\n> b\n".repeat(5_000)), Ok(()));
    }

    #[test]
    fn refuses_deep_nesting() {
        for html in [
            "<div>".repeat(DEEPEST + 1),
            "<div></span>".repeat(50_000),
            "<b>".repeat(50_000),
            // Formatting elements that are repeated in everything that follows.
            "<p><b id=1>".repeat(50_000),
            "<div><b id=1></div>x".repeat(50_000),
            "<div><textarea></div></textarea>".repeat(50_000),
            "<div><!-- </div> -->".repeat(50_000),
            "<div a=\"</div>\">".repeat(50_000),
            "<svg><style><div></style></svg>".repeat(50_000),
            "<DIV></ div>".repeat(50_000),
        ] {
            assert_eq!(check_html(&html), Err(TooDeep), "{}", &html[..20]);
        }
        for markdown in [">".repeat(50_000), "> ".repeat(50_000), "- ".repeat(50_000) + "a", "1. > + ".repeat(50_000)] {
            assert_eq!(check_markdown(&markdown), Err(TooDeep), "{}", &markdown[..20]);
        }
    }
}
