//! Header names and values that cannot break out of their line, message ids, and mailboxes.

use std::{borrow::Cow, fmt};

use crate::address::EmailAddress;

/// Octets of a header's value, so that no header grows without end.
const MAX_VALUE: usize = 4_000;

/// Why a text cannot stand in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// A line break, a NUL or another control character.
    #[error("the text contains a line break or another control character")]
    ControlCharacter,
    /// More than 4,000 octets.
    #[error("the text is too long for a header")]
    TooLong,
    /// A header name that is empty or holds more than printable ASCII without colon (RFC 5322 2.2).
    #[error("not a header name")]
    BadName,
    /// A header that is written from the message itself and must not stand twice.
    #[error("this header is written by Vestnik itself")]
    Reserved,
    /// A message or content id that is not `left@right` in plain ASCII.
    #[error("not a message id")]
    BadId,
    /// Not a media type such as `image/png`.
    #[error("not a media type")]
    BadType,
}

impl HeaderError {
    /// A stable name in kebab case, by which the interface finds the sentence to show.
    pub fn id(self) -> &'static str {
        match self {
            HeaderError::ControlCharacter => "header-control-character",
            HeaderError::TooLong => "header-too-long",
            HeaderError::BadName => "header-bad-name",
            HeaderError::Reserved => "header-reserved",
            HeaderError::BadId => "header-bad-id",
            HeaderError::BadType => "header-bad-type",
        }
    }
}

/// A header's value before encoding: any text without control characters. Whatever it came from, it stays on its
/// own line: that is the type's whole point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HeaderText(String);

impl HeaderText {
    /// A header's value. White space around it is dropped; a tab inside counts as a space.
    ///
    /// # Errors
    /// [`HeaderError::ControlCharacter`], [`HeaderError::TooLong`].
    pub fn new(text: &str) -> Result<Self, HeaderError> {
        let text = text.trim();
        if text.len() > MAX_VALUE {
            return Err(HeaderError::TooLong);
        }
        let mut text = Cow::Borrowed(text);
        if text.contains('\t') {
            text = Cow::Owned(text.replace('\t', " "));
        }
        // The two Unicode separators are line breaks to some readers.
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            return Err(HeaderError::ControlCharacter);
        }
        Ok(Self(text.into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderText({:?})", self.0)
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of an extra header, such as `List-Unsubscribe`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeaderName(Cow<'static, str>);

/// Headers that [`super::Mail`] writes itself.
const RESERVED: [&str; 9] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
];

impl HeaderName {
    /// A header's name.
    ///
    /// # Errors
    /// [`HeaderError::BadName`], or [`HeaderError::Reserved`] for `From`, `To`, `Subject`, `Date`, `Message-ID`,
    /// `MIME-Version` and `Content-*`.
    pub fn new(name: &str) -> Result<Self, HeaderError> {
        Self::check(name)?;
        Ok(Self(Cow::Owned(name.to_owned())))
    }

    /// A name known when the program is built; in a `const` a bad one does not compile.
    ///
    /// # Panics
    /// If the name is bad or reserved.
    pub const fn from_static(name: &'static str) -> Self {
        match Self::check(name) {
            Ok(()) => Self(Cow::Borrowed(name)),
            Err(_) => panic!("bad or reserved header name"),
        }
    }

    const fn check(name: &str) -> Result<(), HeaderError> {
        let bytes = name.as_bytes();
        if bytes.is_empty() || bytes.len() > 70 {
            return Err(HeaderError::BadName);
        }
        let mut at = 0;
        while at < bytes.len() {
            if !bytes[at].is_ascii_graphic() || bytes[at] == b':' {
                return Err(HeaderError::BadName);
            }
            at += 1;
        }
        let mut at = 0;
        while at < RESERVED.len() {
            if bytes.eq_ignore_ascii_case(RESERVED[at].as_bytes()) {
                return Err(HeaderError::Reserved);
            }
            at += 1;
        }
        Ok(())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A message id or content id without its angle brackets: `left@right` (RFC 5322 3.6.4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MessageId(String);

impl MessageId {
    /// An id.
    ///
    /// # Errors
    /// [`HeaderError::BadId`] if it is not two parts of ASCII letters, digits and the signs of a dot-atom around
    /// an `@`, 250 octets at most.
    pub fn new(id: &str) -> Result<Self, HeaderError> {
        let good = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
        };
        match id.split_once('@') {
            Some((left, right)) if id.len() <= 250 && good(left) && good(right) => Ok(Self(id.to_owned())),
            _ => Err(HeaderError::BadId),
        }
    }

    /// The id without angle brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address with the name to show for it (RFC 5322 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The display name.
    pub name: Option<HeaderText>,
    /// The address.
    pub address: EmailAddress,
}

impl Mailbox {
    /// A mailbox without a name.
    pub fn new(address: EmailAddress) -> Self {
        Self { name: None, address }
    }

    /// A mailbox with a name; an empty one counts as none.
    pub fn named(name: HeaderText, address: EmailAddress) -> Self {
        Self { name: Some(name).filter(|name| !name.as_str().is_empty()), address }
    }
}
