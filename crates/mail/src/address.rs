//! E-mail addresses, parsed once at the edge.
//!
//! An [`EmailAddress`] that exists is safe to put between the angle brackets of an SMTP command and into a
//! header: there is no way to build one that holds a line break, a control character, or a space outside quotes.
//! [`AddressError`] is for the person who typed the address; each reason has a stable [`AddressError::id`], by
//! which the interface finds its words.

use std::{fmt, hash, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Octets of a local part (RFC 5321 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// Octets of a whole address: the 256 of a path without its angle brackets (RFC 5321 4.5.3.1.3).
const MAX_ADDRESS: usize = 254;

/// Why a string is not an address Vestnik can send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing but white space.
    #[error("the address is empty")]
    Empty,
    /// A line break, a NUL or another control character.
    #[error("the address contains a control character")]
    ControlCharacter,
    /// There is no `@`.
    #[error("the address has no @")]
    NoAt,
    /// There is more than one `@` outside quotes.
    #[error("the address has more than one @")]
    ManyAt,
    /// Nothing stands before the `@`.
    #[error("nothing stands before the @")]
    NoLocal,
    /// More than 64 octets before the `@` (RFC 5321 4.5.3.1.1).
    #[error("the part before the @ is longer than 64 octets")]
    LocalTooLong,
    /// A character that may not stand before the `@` without quotes.
    #[error("{0:?} may not stand before the @")]
    BadLocal(char),
    /// A dot at the start or the end of the local part, or two in a row.
    #[error("a dot before the @ must stand between two other characters")]
    MisplacedDot,
    /// A quoted local part that does not end where the `@` begins, or a quote in the middle of one.
    #[error("the quotes before the @ do not match")]
    BadQuotes,
    /// Nothing stands after the `@`.
    #[error("nothing stands after the @")]
    NoDomain,
    /// The domain is not a name that DNS and IDNA allow.
    #[error("the domain is not valid")]
    BadDomain,
    /// The domain is a single word. Only `localhost` may be.
    #[error("the domain has no dot")]
    NoDot,
    /// `user@[192.0.2.1]`: legal (RFC 5321 4.1.3) but never a subscriber.
    #[error("an IP address may not stand for the domain")]
    AddressLiteral,
    /// More than 254 octets in all.
    #[error("the address is longer than 254 octets")]
    TooLong,
}

impl AddressError {
    /// Every reason, for tests that look for missing translations.
    pub const ALL: [AddressError; 14] = [
        AddressError::Empty,
        AddressError::ControlCharacter,
        AddressError::NoAt,
        AddressError::ManyAt,
        AddressError::NoLocal,
        AddressError::LocalTooLong,
        AddressError::BadLocal(' '),
        AddressError::MisplacedDot,
        AddressError::BadQuotes,
        AddressError::NoDomain,
        AddressError::BadDomain,
        AddressError::NoDot,
        AddressError::AddressLiteral,
        AddressError::TooLong,
    ];

    /// A stable name in kebab case, by which the interface finds the sentence to show.
    pub fn id(self) -> &'static str {
        match self {
            AddressError::Empty => "address-empty",
            AddressError::ControlCharacter => "address-control-character",
            AddressError::NoAt => "address-no-at",
            AddressError::ManyAt => "address-many-at",
            AddressError::NoLocal => "address-no-local",
            AddressError::LocalTooLong => "address-local-too-long",
            AddressError::BadLocal(_) => "address-bad-local",
            AddressError::MisplacedDot => "address-misplaced-dot",
            AddressError::BadQuotes => "address-bad-quotes",
            AddressError::NoDomain => "address-no-domain",
            AddressError::BadDomain => "address-bad-domain",
            AddressError::NoDot => "address-no-dot",
            AddressError::AddressLiteral => "address-literal",
            AddressError::TooLong => "address-too-long",
        }
    }
}

/// An address that SMTP can carry (RFC 5321 4.1.2, RFC 6531 3.3).
///
/// Two addresses are equal when their [`key`](EmailAddress::key)s are: letter case and the spelling of an
/// international domain do not make two people of one. (RFC 5321 2.4 lets a server tell `Anna` from `anna`;
/// no server that matters does, and a person imported twice gets every letter twice.)
#[derive(Clone)]
pub struct EmailAddress {
    shown: String,
    /// Where the `@` stands in `shown`.
    at: usize,
    /// The domain as DNS knows it, where it differs from the shown one.
    ascii_domain: Option<String>,
}

impl EmailAddress {
    /// Reads one bare address: no display name, no angle brackets.
    ///
    /// White space around it is dropped, as are the invisible byte order marks, zero-width spaces and direction marks
    /// that spreadsheets and address books leave behind.
    ///
    /// # Errors
    /// The first reason found, in reading order.
    pub fn parse(input: &str) -> Result<Self, AddressError> {
        let input = input.trim_matches(|c: char| c.is_whitespace() || is_invisible(c));
        if input.is_empty() {
            return Err(AddressError::Empty);
        }
        if input.chars().any(char::is_control) {
            return Err(AddressError::ControlCharacter);
        }
        let at = input.rfind('@').ok_or(AddressError::NoAt)?;
        let (local, domain) = (&input[..at], &input[at + 1..]);
        check_local(local)?;
        let (ascii, shown_domain) = check_domain(domain)?;
        if local.len() + 1 + ascii.len() > MAX_ADDRESS {
            return Err(AddressError::TooLong);
        }
        let ascii_domain = (ascii != shown_domain).then_some(ascii);
        Ok(Self { shown: format!("{local}@{shown_domain}"), at, ascii_domain })
    }

    /// The form to show: the local part as typed, the domain in lower case and in the script it was typed in.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The part before the `@`, as typed, quotes included.
    pub fn local(&self) -> &str {
        &self.shown[..self.at]
    }

    /// The domain as DNS knows it: lower case, ASCII (`xn--...` where needed).
    pub fn domain(&self) -> &str {
        self.ascii_domain.as_deref().unwrap_or(&self.shown[self.at + 1..])
    }

    /// The form to compare and to index by: the local part in lower case without needless quotes, `@`, the
    /// ASCII domain. Parsing a key gives an address with the same key.
    pub fn key(&self) -> String {
        let local = unquoted(self.local()).unwrap_or(self.local());
        format!("{}@{}", local.to_lowercase(), self.domain())
    }

    /// The form for `MAIL FROM` and `RCPT TO`: the local part as typed, `@`, the ASCII domain.
    pub fn envelope(&self) -> String {
        match &self.ascii_domain {
            None => self.shown.clone(),
            Some(domain) => format!("{}@{domain}", self.local()),
        }
    }

    /// Whether the address can travel only with the SMTPUTF8 extension (RFC 6531). Its domain never needs it.
    pub fn needs_smtputf8(&self) -> bool {
        !self.local().is_ascii()
    }
}

/// A local part is a dot-string or a quoted string (RFC 5321 4.1.2), either with UTF-8 (RFC 6531 3.3).
fn check_local(local: &str) -> Result<(), AddressError> {
    if local.is_empty() {
        return Err(AddressError::NoLocal);
    }
    if local.len() > MAX_LOCAL {
        return Err(AddressError::LocalTooLong);
    }
    if local.starts_with('"') {
        return check_quoted(local);
    }
    if let Some(bad) = local.chars().find(|&c| !is_atext(c) && c != '.') {
        return Err(match bad {
            '@' => AddressError::ManyAt,
            '"' => AddressError::BadQuotes,
            other => AddressError::BadLocal(other),
        });
    }
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return Err(AddressError::MisplacedDot);
    }
    Ok(())
}

fn check_quoted(local: &str) -> Result<(), AddressError> {
    let inner = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or(AddressError::BadQuotes)?;
    if inner.is_empty() {
        return Err(AddressError::NoLocal);
    }
    let mut escaped = false;
    for c in inner.chars() {
        if escaped {
            // A quoted pair hides a graphic ASCII character or a space, nothing else.
            if !matches!(c, ' '..='~') {
                return Err(AddressError::BadLocal(c));
            }
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '"' {
            return Err(AddressError::BadQuotes);
        } else if c != ' ' && !c.is_ascii_graphic() && !is_safe_non_ascii(c) {
            return Err(AddressError::BadLocal(c));
        }
    }
    if escaped { Err(AddressError::BadQuotes) } else { Ok(()) }
}

/// `"anna"` and `anna` are one mailbox (RFC 5321 4.1.2); a quoted part with anything that needs the quotes is not.
fn unquoted(local: &str) -> Option<&str> {
    let inner = local.strip_prefix('"')?.strip_suffix('"')?;
    check_local(inner).is_ok().then_some(inner).filter(|inner| !inner.starts_with('"'))
}

fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_safe_non_ascii(c)
}

/// RFC 6531 allows every non-ASCII character. Invisible ones, those that turn the text around and the mark that
/// a wrong encoding leaves behind are refused all the same: nobody has such an address, and shown in a list they
/// make one address look like another.
fn is_safe_non_ascii(c: char) -> bool {
    !c.is_ascii() && !c.is_whitespace() && !c.is_control() && !is_invisible(c) && !matches!(c, '\u{FFF0}'..='\u{FFFF}')
}

/// Characters that are not seen: of zero width, of direction, variants and tags.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The domain in ASCII and as shown.
fn check_domain(domain: &str) -> Result<(String, String), AddressError> {
    if domain.is_empty() {
        return Err(AddressError::NoDomain);
    }
    if domain.starts_with('[') {
        return Err(AddressError::AddressLiteral);
    }
    // Strict: no underscores, no empty or over-long labels, no trailing dot, 253 octets in all.
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| AddressError::BadDomain)?;
    let Some((_, top)) = ascii.rsplit_once('.') else {
        return if ascii == "localhost" { Ok((ascii.clone(), ascii)) } else { Err(AddressError::NoDot) };
    };
    // No top-level domain is a number: `user@192.0.2.1` is a forgotten pair of brackets.
    if ascii.ends_with('.') || top.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AddressError::BadDomain);
    }
    // What was typed in ASCII is shown in ASCII. The rest is shown as IDNA maps it: plain lower-casing differs
    // from the mapping (a final sigma, full-width letters) and would show a domain that encodes differently.
    let shown = if domain.is_ascii() { ascii.clone() } else { idna::domain_to_unicode(&ascii).0 };
    Ok((ascii, shown))
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EmailAddress({:?})", self.shown)
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(input: &str) -> Result<Self, AddressError> {
        Self::parse(input)
    }
}

impl PartialEq for EmailAddress {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for EmailAddress {}

impl hash::Hash for EmailAddress {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Serialize for EmailAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown)
    }
}

impl<'de> Deserialize<'de> for EmailAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
