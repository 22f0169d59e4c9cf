//! The beginning of a message, as an inbox shows it beside the subject.

/// Longest beginning, in characters.
const LENGTH: usize = 160;

/// The first words of a message's text, without the addresses of its links and the signs that stand for lists and rules.
pub(super) fn beginning(text: &str) -> String {
    let mut said = String::new();
    // Enough of them: what is beyond cannot be seen anyway.
    for word in text.split_whitespace().take(400) {
        match address_and_rest(word) {
            // A comma behind an address belongs to the words before it.
            Some(rest) => said.push_str(rest),
            None if word.chars().any(char::is_alphanumeric) => {
                said.push_str(if said.is_empty() { "" } else { " " });
                said.push_str(word);
            }
            None => {}
        }
    }
    shortened(&said)
}

/// What follows `(https://example.org/menu)` in a word that begins with an address in parentheses.
fn address_and_rest(word: &str) -> Option<&str> {
    let address = word.strip_prefix('(')?;
    let (address, rest) = address.rsplit_once(')')?;
    (address.contains("://") || address.contains('@')).then_some(rest)
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
            ("Меню\n\n- Раф и\n---\n- какао", "Меню Раф и какао"),
            ("Смотрите новое меню (https://sever.example/menu)!", "Смотрите новое меню!"),
            ("a (https://a.example/(b)), c (anna@a.example).", "a, c."),
            ("(https://a.example/) b", "b"),
            ("see https://a.example/ (today)", "see https://a.example/ (today)"),
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
