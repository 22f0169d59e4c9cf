//! Text as it comes from files and forms: invisible characters, white space, letters that searching treats alike, and
//! marks of a wrong encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, WINDOWS_1251, WINDOWS_1252};

/// Characters that are not seen and mean nothing in a name or an address: marks of direction, zero-width spaces, soft
/// hyphens, byte order marks. Zero-width joiners are not among them: emoji and several scripts are written with them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The text without invisible characters.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(is_invisible) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace(is_invisible, ""))
}

/// The text on one line: white space, line breaks included, becomes single spaces.
pub fn on_one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let mut blank = false;
    let is_plain = text.chars().all(|c| {
        let doubled = blank && c == ' ';
        blank = c == ' ';
        !doubled && (c == ' ' || !c.is_whitespace())
    });
    if is_plain {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The form in which texts are searched and ordered: lower case, «ё» as «е», which people type for it. «й» stays. Letters
/// that were written as two characters (macOS does that) are found as well.
pub fn fold(text: &str) -> String {
    let folded = text.to_lowercase();
    if !folded.contains(['ё', '\u{0306}', '\u{0308}']) {
        return folded;
    }
    folded.replace('ё', "е").replace("е\u{0308}", "е").replace("и\u{0306}", "й")
}

/// Whether the text has lost characters: some could not be decoded, or it was read in another encoding than it was
/// written in.
pub fn is_damaged(text: &str) -> bool {
    !text.is_ascii() && (text.contains('\u{FFFD}') || is_garbled(text))
}

/// Whether the text is UTF-8 that was read as Windows-1251 or Windows-1252: «РђРЅРЅР°» and “Ð\u{90}Ð½Ð½Ð°” for «Анна».
fn is_garbled(text: &str) -> bool {
    let mut beyond_ascii = text.chars().skip_while(char::is_ascii);
    let (Some(first), Some(second)) = (beyond_ascii.next(), beyond_ascii.next()) else { return false };
    // A letter in UTF-8 is a lead byte and another that is no letter in either encoding; looking at the first two spares
    // almost every real name the rest.
    let may_be = |encoding| match encoding {
        Legacy::Cyrillic => matches!(first, 'В'..='п') && !matches!(second, 'А'..='я') && !second.is_ascii(),
        Legacy::Western => matches!(first, 'Â'..='ï') && !matches!(second, 'À'..='ÿ') && !second.is_ascii(),
    };
    // One pair of Cyrillic letters may be a name by chance («Лі»); a Western capital and a sign never are.
    (may_be(Legacy::Cyrillic) && letters_in_utf_8(text, WINDOWS_1251) >= 2)
        || (may_be(Legacy::Western) && letters_in_utf_8(text, WINDOWS_1252) >= 1)
}

#[derive(Clone, Copy)]
enum Legacy {
    Cyrillic,
    Western,
}

/// How many characters beyond ASCII the text's bytes in this encoding make as UTF-8; 0 if they are not UTF-8.
fn letters_in_utf_8(text: &str, encoding: &'static Encoding) -> usize {
    let (bytes, _, unmappable) = encoding.encode(text);
    match std::str::from_utf8(&bytes) {
        Ok(decoded) if !unmappable => decoded.chars().filter(|c| !c.is_ascii()).count(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_form_treats_yo_and_decomposed_letters_alike() {
        for (text, folded) in [
            ("Ёлка", "елка"),
            ("ПЁТР Семёнов", "петр семенов"),
            ("Йод", "йод"),
            ("Андре\u{0438}\u{0306}", "андрей"),
            ("Семе\u{0308}нов", "семенов"),
            ("STRASSE", "strasse"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn white_space_becomes_single_blanks() {
        for (text, line) in [
            (" Анна\nСевер ", "Анна Север"),
            ("Anna\u{a0}\r\n\tNorth", "Anna North"),
            ("Anna  North", "Anna North"),
            ("Anna North", "Anna North"),
            ("\n \u{2003}", ""),
        ] {
            assert_eq!(on_one_line(text), line, "{text:?}");
        }
    }

    #[test]
    fn invisible_characters_go_and_joiners_stay() {
        assert_eq!(visible("\u{feff}\u{202a}Anna\u{ad}\u{200f}"), "Anna");
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(visible(family), family);
    }

    #[test]
    fn damaged_text_is_told_from_names() {
        let in_1251 = |text: &str| WINDOWS_1251.decode(text.as_bytes()).0.into_owned();
        let in_1252 = |text: &str| WINDOWS_1252.decode(text.as_bytes()).0.into_owned();
        for text in ["Южны\u{fffd}", &in_1251("Анна"), &in_1251("Борис Юг"), &in_1252("Анна"), &in_1252("José")]
        {
            assert!(is_damaged(text), "{text}");
        }
        for name in [
            "",
            "Anna",
            "Анна Север",
            "Вера",
            "Лі",
            "Її",
            "Тіна Ґудзь",
            "АРТЁМ «Т»",
            "José Ñandú",
            "SÃO João",
            "Zoë",
            "Łukasz",
            "Đorđe",
            "Ђорђе Љубић",
            "Ελένη",
            "王芳",
            "ÅÄÖ",
            "№ 5",
            "Щёлоков",
        ] {
            assert!(!is_damaged(name), "{name}");
        }
    }
}
