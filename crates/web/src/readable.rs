//! Subjects as people read them: `{{ recipient.full_name }}, the menu` is «[Ф. И. О.], the menu».
//!
//! Only for showing; what is edited and what is sent stays as it was written.

use vestnik_model::user::Language;

use crate::i18n;

/// Puts words in brackets in the place of a template's expressions. Tags and comments vanish, and where a choice begins
/// its other half there is a stroke. What is never closed is no template and stays.
pub(crate) fn readable(language: Language, text: &str) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        said.push_str(before);
        let close = match from.as_bytes().get(1) {
            Some(b'{') => "}}",
            Some(b'%') => "%}",
            Some(b'#') => "#}",
            _ => "",
        };
        let inside = from.get(2..).filter(|_| !close.is_empty());
        let Some((inside, after)) = inside.and_then(|inside| Some((inside, end(inside, close)?))) else {
            said.push('{');
            rest = &from[1..];
            continue;
        };
        let code = inside[..after].trim_matches(['-', '+']).trim();
        match close {
            "}}" => said.push_str(&placeholder(language, code)),
            "%}" if code == "else" || code.starts_with("elif ") => said.push('/'),
            _ => {}
        }
        rest = &inside[after + 2..];
    }
    said + rest
}

/// Where the closing sign stands, other than in a quoted text.
fn end(inside: &str, close: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in inside.char_indices() {
        match (quote, c) {
            (None, _) if inside[at..].starts_with(close) => return Some(at),
            (None, '"' | '\'') if close != "#}" => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn placeholder(language: Language, expression: &str) -> String {
    match expression.split('|').next().unwrap_or_default().trim() {
        "recipient.full_name" => i18n::text(language, "placeholder-full-name", &[]),
        "recipient.email" => i18n::text(language, "placeholder-email", &[]),
        "recipient.comment" => i18n::text(language, "placeholder-comment", &[]),
        _ => "[…]".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_words() {
        let cases = [
            ("", "", ""),
            ("4 новых вкуса", "4 новых вкуса", "4 новых вкуса"),
            ("{{ recipient.full_name }}, меню", "[Ф. И. О.], меню", "[full name], меню"),
            ("{{recipient.email}}!", "[email]!", "[email]!"),
            ("{{-  recipient.comment\t-}}", "[комментарий]", "[comment]"),
            ("{{ recipient.full_name | default(\"друг\") }}", "[Ф. И. О.]", "[full name]"),
            ("{{ recipient.full_name|default('}}') }}, да", "[Ф. И. О.], да", "[full name], да"),
            ("{{ recipient.full_name_ }} {{ 1 + 1 }}{{}}", "[…] […][…]", "[…] […][…]"),
            ("{% if recipient.full_name %}Анна{% else %}друг{% endif %}", "Анна/друг", "Анна/друг"),
            ("a{# it's a note #}b", "ab", "ab"),
            ("{{ recipient.email", "{{ recipient.email", "{{ recipient.email"),
            ("{ \"a\": {} } {", "{ \"a\": {} } {", "{ \"a\": {} } {"),
            ("скидка 5% {ё} {", "скидка 5% {ё} {", "скидка 5% {ё} {"),
            ("{{{ recipient.email }}", "[…]", "[…]"),
        ];
        for (subject, ru, en) in cases {
            assert_eq!(readable(Language::Ru, subject), ru, "{subject}");
            assert_eq!(readable(Language::En, subject), en, "{subject}");
        }
    }
}
