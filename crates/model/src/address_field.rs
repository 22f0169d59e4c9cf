//! The address of a recipient as people and programs write it into one field: bare, in angle brackets with a name before
//! it (RFC 5322 3.4), as a link of a web page (RFC 6068), or several in a row.

use vestnik_mail::address::{AddressError, EmailAddress};

use crate::problem::{Problem, line};
use crate::recipient::LONGEST_NAME;
use crate::text::{on_one_line, visible};

/// Most addresses that are told apart in one field. What has more is no field but a list, or half a file behind a quote
/// that is not closed.
const MOST_ADDRESSES: usize = 8;
/// Characters of a further address that are kept.
const LONGEST_SHOWN: usize = 320;

/// What a field with an address holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddressField {
    /// The first address.
    pub email: EmailAddress,
    /// The name that stands with it; empty if there is none.
    pub name: String,
    /// What stands beside the first address, as it was written: more addresses.
    pub others: Vec<String>,
}

impl AddressField {
    /// Reads a field.
    ///
    /// # Errors
    /// There is no valid address; the reason is that of the field read as one address.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let error = match EmailAddress::parse(text) {
            Ok(email) => return Ok(Self { email, name: String::new(), others: Vec::new() }),
            Err(error) => error,
        };
        let text = without_zero_width(text);
        let mut found: Option<(EmailAddress, String)> = None;
        let (mut others, mut problem) = (Vec::new(), None);
        let parts = split(&text).ok_or(error)?;
        let alone = parts.len() == 1;
        for part in parts {
            match mailbox(part) {
                Ok(mailbox) if found.is_none() => found = Some(mailbox),
                Ok(_) => others.push(shown(part)),
                Err(reason) => {
                    others.push(shown(part));
                    problem = problem.or(Some(reason));
                }
            }
        }
        match found {
            Some((email, name)) => Ok(Self { email, name, others }),
            None => Err(problem.filter(|_| alone).unwrap_or(error)),
        }
    }

    /// Reads a field that is to hold one address, saying in words what is wrong with it.
    pub fn single(text: &str) -> Result<Self, Problem> {
        let field = Self::parse(text).map_err(|error| in_words(&error))?;
        match field.others.first() {
            None => Ok(field),
            Some(other) => Err(Problem::new("problem-address-several").with("other", other)),
        }
    }
}

/// What is wrong with an address, in words.
pub(crate) fn in_words(error: &AddressError) -> Problem {
    Problem::new(error.id()).with("reason", error.to_string())
}

/// Unlike in names, joiners of zero width have no meaning in an address.
fn without_zero_width(text: &str) -> String {
    visible(text).replace(['\u{200C}', '\u{200D}'], "")
}

/// Parts of the field, each with an address. A comma may also stand in a name (`North, Anna <anna@example.com>`), so a
/// part without an `@` belongs to what follows. `None`: too many.
fn split(text: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut bracket, mut has_at) = (0, false, None, false);
    for (index, c) in text.char_indices() {
        has_at |= c == '@';
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '<' => bracket = Some('>'),
            '(' => bracket = bracket.or(Some(')')),
            _ if bracket == Some(c) => bracket = None,
            _ if bracket.is_some() => {}
            // In `mailto:` the colon stands before the address.
            ',' | ';' | '|' | '\n' | '\r' | ':' if has_at => {
                parts.push(&text[start..index]);
                start = index + c.len_utf8();
                has_at = false;
            }
            _ => {}
        }
        if parts.len() > MOST_ADDRESSES {
            return None;
        }
    }
    if has_at || parts.is_empty() || text[start..].contains(char::is_alphanumeric) {
        parts.push(&text[start..]);
    }
    if let [only] = parts[..]
        && !only.contains(['<', '(', '"'])
    {
        let words: Vec<&str> = only.split_whitespace().collect();
        if words.len() <= MOST_ADDRESSES && words.iter().all(|word| word.contains('@')) {
            return Some(words);
        }
    }
    (parts.len() <= MOST_ADDRESSES).then_some(parts)
}

fn without_separators(part: &str) -> &str {
    part.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | ':'))
}

/// A part as it is named in a warning.
fn shown(part: &str) -> String {
    on_one_line(without_separators(part)).chars().filter(|c| !c.is_control()).take(LONGEST_SHOWN).collect()
}

/// An address with the name that stands before or behind it.
fn mailbox(part: &str) -> Result<(EmailAddress, String), AddressError> {
    let part = without_separators(part);
    let inside = |open: char, close: char| {
        let (before, rest) = part.rsplit_once(open)?;
        let (inside, after) = rest.split_once(close)?;
        Some((before, inside, after))
    };
    let (address, name) = match (inside('<', '>'), inside('(', ')')) {
        (Some((before, address, after)), _) if after.trim().is_empty() => (address, before),
        // `Anna (anna@example.com)`, and RFC 822's `anna@example.com (Anna)`.
        (_, Some((before, address, after))) if after.trim().is_empty() && address.contains('@') => (address, before),
        (_, Some((before, name, after))) if after.trim().is_empty() => (before, name),
        _ => (part, ""),
    };
    Ok((EmailAddress::parse(&without_link(address))?, display_name(name)))
}

/// The address of a `mailto:` link, or the text as it is.
fn without_link(address: &str) -> String {
    let address = address.trim();
    match address.split_at_checked(7) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto:") => {
            let address = rest.split('?').next().unwrap_or_default();
            percent_encoding::percent_decode_str(address).decode_utf8_lossy().into_owned()
        }
        _ => address.to_owned(),
    }
}

/// A name without the quotes around it; empty if it is none: programs put the address there when they know no name.
fn display_name(text: &str) -> String {
    let text = text.trim().trim_matches(|c| matches!(c, '"' | '\'' | '“' | '”' | '«' | '»'));
    let text = text.replace("\\\"", "\"");
    if text.contains('@') || !text.chars().any(char::is_alphanumeric) {
        return String::new();
    }
    line(&on_one_line(&text), false, LONGEST_NAME).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        match AddressField::parse(text) {
            Ok(field) => {
                let others = field.others.iter().map(|other| format!(" +{other}")).collect::<String>();
                format!("{}|{}{others}", field.email, field.name)
            }
            Err(error) => error.id().to_owned(),
        }
    }

    #[test]
    fn forms_in_which_an_address_is_written() {
        let anna = "anna@example.com|";
        for (text, expected) in [
            ("anna@example.com", anna),
            ("<anna@example.com>", anna),
            ("mailto:anna@example.com", anna),
            ("MailTo:anna%2Bnews@example.com?subject=Hi", "anna+news@example.com|"),
            ("Anna <mailto:anna@example.com>", "anna@example.com|Anna"),
            ("Anna <anna@example.com>", "anna@example.com|Anna"),
            ("Анна Север<anna@example.com>", "anna@example.com|Анна Север"),
            ("\"North, Anna\" <anna@example.com>", "anna@example.com|North, Anna"),
            ("North, Anna <anna@example.com>", "anna@example.com|North, Anna"),
            ("'Anna' <anna@example.com>", "anna@example.com|Anna"),
            ("«Анна» <anna@example.com>", "anna@example.com|Анна"),
            ("Anna (anna@example.com)", "anna@example.com|Anna"),
            ("anna@example.com (Anna North)", "anna@example.com|Anna North"),
            ("anna@example.com <anna@example.com>", anna),
            ("anna@example.com;", anna),
            ("\u{200e}anna@example.com\u{202c}", anna),
            ("\u{2068}anna@exam\u{200d}ple.com\u{2069}", anna),
            ("\"a, b\"@example.com", "\"a, b\"@example.com|"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
    }

    #[test]
    fn several_addresses_give_the_first_and_name_the_others() {
        for (text, expected) in [
            ("a@example.com ::: b@example.com", "a@example.com| +b@example.com"),
            ("a@example.com;b@example.com, c@example.com", "a@example.com| +b@example.com +c@example.com"),
            ("a@example.com b@example.com", "a@example.com| +b@example.com"),
            ("a@example.com\nb@example.com", "a@example.com| +b@example.com"),
            ("A <a@example.com>, B <b@example.com>", "a@example.com|A +B <b@example.com>"),
            ("a@@example.com; b@example.com", "b@example.com| +a@@example.com"),
            ("a@example.com, Anna", "a@example.com| +Anna"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        assert_eq!(AddressField::single("a@example.com, b@example.com").unwrap_err().id, "problem-address-several");
    }

    #[test]
    fn what_is_no_address_says_why() {
        for (text, expected) in [
            ("", "address-empty"),
            ("\u{200e} ", "address-empty"),
            ("no address", "address-no-at"),
            ("Anna <>", "address-empty"),
            ("Anna <anna@>", "address-no-domain"),
            ("Anna anna@example.com", "address-bad-local"),
            ("a@b@example.com", "address-many-at"),
            ("=cmd();", "address-no-at"),
        ] {
            assert_eq!(read(text), expected, "{text:?}");
        }
        assert!(AddressField::parse(&"a@example.com\n".repeat(9)).is_err(), "a list is no field");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[ a@<>()\",;:|.\\\\'\n\u{200e}\u{0451}%m]{0,60}") {
            if let Ok(field) = AddressField::parse(&text) {
                proptest::prop_assert!(field.others.len() <= MOST_ADDRESSES);
                proptest::prop_assert!(!field.name.contains(['\n', '@']));
            }
        }
    }
}
