//! A message's bytes (RFC 5322, RFC 2045 to 2047): 7-bit safe, CRLF line ends, no line over 998 octets.
//!
//! Headers and bodies are encoded by `mail-builder`; the frame around them is our own, because `mail-builder` makes
//! its boundaries from the clock, and a retry must give the same bytes. So everything here depends on the input
//! alone: the date, the message id and, derived from it, the boundaries.

mod from_lines;
mod header;
mod part;

use std::borrow::Cow;

use mail_builder::{
    headers::{Header, address::Address, date::Date, raw::Raw, text::Text},
    mime::MimePart,
};

pub use header::{HeaderError, HeaderName, HeaderText, Mailbox, MessageId};
pub use part::Part;

/// A message to one recipient.
#[derive(Debug, Clone, Copy)]
pub struct Mail<'a> {
    /// The author.
    pub from: &'a Mailbox,
    /// The recipient.
    pub to: &'a Mailbox,
    /// The subject; an empty one is left out.
    pub subject: &'a HeaderText,
    /// The text for readers without HTML. Any line ends.
    pub text: Option<&'a str>,
    /// The HTML. Any line ends. With neither text nor HTML the message has an empty text.
    pub html: Option<&'a str>,
    /// Attachments and embedded images.
    pub parts: &'a [Part],
    /// The message's id. Boundaries are derived from it.
    pub message_id: &'a MessageId,
    /// When it was written, in Unix milliseconds.
    pub date_ms: i64,
    /// More headers, in order. A value of ASCII stands as it is, folded at its spaces, so that structured headers
    /// (`List-Unsubscribe`) stay what they are; any other is encoded (RFC 2047).
    pub extra: &'a [(HeaderName, HeaderText)],
}

impl Mail<'_> {
    /// Appends the message to `out`. The same input gives the same bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        let text = self.text.or(if self.html.is_none() { Some("") } else { None }).map(canonical);
        let html = self.html.map(canonical);
        out.reserve(
            1_024
                + text.as_ref().map_or(0, |text| text.len() * 3 / 2)
                + html.as_ref().map_or(0, |html| html.len() * 3 / 2),
        );
        self.write_headers(out);
        let mut leaves = Leaves { text: text.as_deref(), html: html.as_deref() };
        let boundary = Boundary::new(self.message_id.as_str(), &[text.as_deref(), html.as_deref()]);
        self.write_mixed(&mut leaves, &boundary, out);
        if !out.ends_with(b"\r\n") {
            out.extend_from_slice(b"\r\n");
        }
    }

    fn write_headers(&self, out: &mut Vec<u8>) {
        write_mailbox("From", self.from, out);
        write_mailbox("To", self.to, out);
        if !self.subject.as_str().is_empty() {
            write_text("Subject", self.subject.as_str(), out);
        }
        out.extend_from_slice(b"Date: ");
        Date::new(self.date_ms.div_euclid(1_000)).write_header(out, 6);
        out.extend_from_slice(b"Message-ID: <");
        out.extend_from_slice(self.message_id.as_str().as_bytes());
        out.extend_from_slice(b">\r\n");
        for (name, value) in self.extra {
            write_extra(name.as_str(), value.as_str(), out);
        }
        out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    }

    /// `mixed( related( alternative(text, html), images ), attachments )`, each level only if it is needed.
    fn write_mixed(&self, leaves: &mut Leaves<'_>, boundary: &Boundary, out: &mut Vec<u8>) {
        if self.parts.iter().all(|part| part.inline) {
            return self.write_related(leaves, boundary, out);
        }
        boundary.open("mixed", b'm', out);
        boundary.next(b'm', out);
        self.write_related(leaves, boundary, out);
        for part in self.parts.iter().filter(|part| !part.inline) {
            boundary.next(b'm', out);
            out.extend_from_slice(&part.bytes);
        }
        boundary.close(b'm', out);
    }

    fn write_related(&self, leaves: &mut Leaves<'_>, boundary: &Boundary, out: &mut Vec<u8>) {
        if !self.parts.iter().any(|part| part.inline) {
            return leaves.write(boundary, out);
        }
        boundary.open("related", b'r', out);
        boundary.next(b'r', out);
        leaves.write(boundary, out);
        for part in self.parts.iter().filter(|part| part.inline) {
            boundary.next(b'r', out);
            out.extend_from_slice(&part.bytes);
        }
        boundary.close(b'r', out);
    }
}

/// The text and the HTML, lines ended by CRLF.
struct Leaves<'a> {
    text: Option<&'a str>,
    html: Option<&'a str>,
}

impl Leaves<'_> {
    fn write(&mut self, boundary: &Boundary, out: &mut Vec<u8>) {
        match (self.text, self.html) {
            (Some(text), Some(html)) => {
                boundary.open("alternative", b'a', out);
                boundary.next(b'a', out);
                write_leaf("text/plain", text, out);
                boundary.next(b'a', out);
                write_leaf("text/html", html, out);
                boundary.close(b'a', out);
            }
            (Some(text), None) => write_leaf("text/plain", text, out),
            (None, Some(html)) => write_leaf("text/html", html, out),
            (None, None) => {}
        }
    }
}

/// 7bit, quoted-printable or base64, whichever is shortest; that choice is `mail-builder`'s, but for lines that 7bit may
/// not leave as they are.
fn write_leaf(media_type: &'static str, content: &str, out: &mut Vec<u8>) {
    let start = out.len();
    MimePart::new(media_type, content).write_part(out);
    from_lines::encode(start, out);
}

fn write_mailbox(name: &str, mailbox: &Mailbox, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    // The domain in ASCII: with it, only an international local part makes a message need SMTPUTF8.
    let address = mailbox.address.envelope();
    let column = name.len() + 2;
    match &mailbox.name {
        Some(shown) if needs_words(shown.as_str()) => {
            write_words(shown.as_str(), column, out);
            out.extend_from_slice(b"\r\n <");
            out.extend_from_slice(address.as_bytes());
            out.extend_from_slice(b">\r\n");
        }
        shown => Address::new_address(shown.as_ref().map(HeaderText::as_str), address).write_header(out, column),
    }
}

fn write_text(name: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    let column = name.len() + 2;
    if needs_words(value) {
        write_words(value, column, out);
        out.extend_from_slice(b"\r\n");
    } else {
        Text::new(value).write_header(out, column);
    }
}

fn write_extra(name: &str, value: &str, out: &mut Vec<u8>) {
    // A line can be folded at spaces alone, and 998 octets are the end (RFC 5322 2.1.1).
    let foldable = value.is_ascii() && value.split(' ').all(|word| word.len() < 900);
    if foldable {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        Raw::new(value).write_header(out, name.len() + 2);
    } else {
        write_text(name, value, out);
    }
}

/// Text that happens to look like an encoded word would be decoded by the reader, unless it is encoded itself.
/// `mail-builder` leaves ASCII as it is.
fn needs_words(text: &str) -> bool {
    text.contains("=?")
}

/// Encoded words in base64 (RFC 2047 4.1), each of whole characters, none over 75 octets.
fn write_words(text: &str, column: usize, out: &mut Vec<u8>) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    // 60 octets of base64 hold 45 of text; the first line has the header's name as well.
    let mut room = 45_usize.saturating_sub(column).max(12);
    let mut rest = text;
    while !rest.is_empty() {
        let cut = rest.floor_char_boundary(room.min(rest.len()));
        let (word, after) = rest.split_at(cut);
        if rest.len() < text.len() {
            out.extend_from_slice(b"\r\n ");
        }
        out.extend_from_slice(b"=?utf-8?B?");
        out.extend_from_slice(STANDARD.encode(word).as_bytes());
        out.extend_from_slice(b"?=");
        rest = after;
        room = 45;
    }
}

/// The canonical form of text in mail: every line ended by CRLF, no NUL (RFC 2045 2.7).
fn canonical(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut fixed = String::new();
    let mut done = 0;
    let mut found = memchr::memchr3_iter(b'\r', b'\n', 0, bytes);
    while let Some(at) = found.next() {
        if bytes[at..].starts_with(b"\r\n") {
            found.next();
            continue;
        }
        if done == 0 {
            // A guess that rarely has to grow: lines of thirty octets.
            fixed.reserve(text.len() + text.len() / 32 + 2);
        }
        fixed.push_str(&text[done..at]);
        fixed.push_str(if bytes[at] == 0 { "\u{FFFD}" } else { "\r\n" });
        done = at + 1;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    fixed.push_str(&text[done..]);
    Cow::Owned(fixed)
}

/// The boundaries of one message, told apart by a letter at their end.
struct Boundary(String);

impl Boundary {
    /// Derived from the message id. `=_` never occurs in quoted-printable and `_` never in base64 (RFC 2045 6.7), so
    /// only a 7bit body could hold it; then another is taken.
    fn new(message_id: &str, bodies: &[Option<&str>]) -> Self {
        let mut seed = 0;
        loop {
            let (high, low) = (fnv1a(message_id, seed), fnv1a(message_id, seed + 1));
            let boundary = format!("=_{high:016x}{low:016x}");
            if !bodies.iter().flatten().any(|body| Self::occurs(&boundary, body.as_bytes())) {
                return Self(boundary);
            }
            seed += 2;
        }
    }

    /// Looks for the underscore, which is rare: to prepare a search for the whole takes longer than this.
    fn occurs(boundary: &str, body: &[u8]) -> bool {
        memchr::memchr_iter(b'_', body).any(|at| at > 0 && body[at - 1..].starts_with(boundary.as_bytes()))
    }

    fn open(&self, subtype: &str, level: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Content-Type: multipart/");
        out.extend_from_slice(subtype.as_bytes());
        out.extend_from_slice(b";\r\n boundary=\"");
        out.extend_from_slice(self.0.as_bytes());
        out.push(level);
        out.extend_from_slice(b"\"\r\n");
    }

    fn next(&self, level: u8, out: &mut Vec<u8>) {
        self.line(level, out);
        out.extend_from_slice(b"\r\n");
    }

    fn close(&self, level: u8, out: &mut Vec<u8>) {
        self.line(level, out);
        out.extend_from_slice(b"--\r\n");
    }

    fn line(&self, level: u8, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n--");
        out.extend_from_slice(self.0.as_bytes());
        out.push(level);
    }
}

/// The FNV-1a hash: not secret, only spread out and the same for ever.
fn fnv1a(text: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
