//! The beginning of a letter, as an inbox shows it beside the subject.

/// Longest beginning, in characters.
const LENGTH: usize = 160;

/// The first words of a letter's text, without the addresses of its links and the signs that stand for headings, lists
/// and rules.
pub(super) fn beginning(text: &str) -> String {
    let lines = text.lines().filter(|line| !is_footnote(line));
    let words = lines.flat_map(str::split_whitespace).filter(|word| word.chars().any(char::is_alphanumeric));
    // Enough of them: what is beyond cannot be seen anyway.
    let words: Vec<&str> = words.take(200).collect();
    shortened(&without_marks(&words.join(" ")))
}

/// `[1]: https://example.org/`, where a link leads to.
fn is_footnote(line: &str) -> bool {
    line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]:")).is_some_and(|(mark, _)| is_number(mark))
}

fn is_number(mark: &str) -> bool {
    !mark.is_empty() && mark.bytes().all(|byte| byte.is_ascii_digit())
}

/// `[menu][1]` is «menu».
fn without_marks(text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("][") {
        let mark = after.split_once(']').filter(|(mark, _)| is_number(mark));
        match (mark, before.rfind('[')) {
            (Some((_, after)), Some(open)) => {
                said.push_str(&before[..open]);
                said.push_str(&before[open + 1..]);
                rest = after;
            }
            _ => {
                said.push_str(before);
                said.push_str("][");
                rest = after;
            }
        }
    }
    said + rest
}

/// As many whole words as there is room for.
fn shortened(text: &str) -> String {
    let Some((cut, _)) = text.char_indices().nth(LENGTH) else { return text.to_owned() };
    let whole = if text[cut..].starts_with(' ') { cut } else { text[..cut].rfind(' ').unwrap_or(cut) };
    format!("{}…", text[..whole].trim_end_matches([' ', ',', '.', ';', ':', '—', '–']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lose_their_addresses() {
        let cases = [
            ("", ""),
            ("# Меню\n\nРаф * и\n----\nкакао", "Меню Раф и какао"),
            ("Смотрите [новое\nменю][1]!\n\n[1]: https://sever.example/menu", "Смотрите новое меню!"),
            ("[a][1], [b][22] [c]\n  [1]: x\n[22]: y\n", "a, b [c]"),
            ("[x][y] a][1] b", "[x][y] a][1] b"),
            ("a][1] b", "a][1] b"),
            ("[note]: stays", "[note]: stays"),
        ];
        for (text, expected) in cases {
            assert_eq!(beginning(text), expected, "{text}");
        }
    }

    #[test]
    fn words_stay_whole() {
        assert_eq!(beginning(&"слово ".repeat(30)), format!("{}слово…", "слово ".repeat(25)));
        assert_eq!(beginning(&"ё".repeat(161)), format!("{}…", "ё".repeat(160)));
        assert_eq!(beginning(&"ё".repeat(160)), "ё".repeat(160));
        let exact = format!("{} tail", "ё".repeat(160));
        assert_eq!(beginning(&exact), format!("{}…", "ё".repeat(160)));
    }
}
