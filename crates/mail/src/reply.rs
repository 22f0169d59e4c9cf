//! What a server answers: one reply (RFC 5321 4.2), its enhanced status code (RFC 3463), and the parser that reads
//! replies from a stream of bytes as they come.
//!
//! The parser is our own. `smtp-proto` has one, but it lets later lines of a reply carry another code, accepts
//! codes that SMTP does not have (`000`, `999`) and reads the first digits of a number as an enhanced code
//! whatever their class. Here every such thing must poison the connection, because the number of replies is all
//! that ties a reply to a recipient.

use std::{borrow::Cow, fmt};

/// Characters of a server's words that are kept; hostile servers send more.
pub const MAX_TEXT: usize = 2_000;
/// Octets of one reply line, its end included. RFC 5321 4.5.3.1.5 says 512; real servers exceed it.
pub const MAX_LINE: usize = 2_048;
/// Octets of one reply, all lines together.
pub const MAX_REPLY: usize = 16 * 1_024;

/// An enhanced status code (RFC 3463), such as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    /// 2 success, 4 transient, 5 permanent. Always the first digit of the reply's code.
    pub class: u8,
    /// 1 address, 2 mailbox, 3 mail system, 4 network, 5 protocol, 6 content, 7 policy; at most 999.
    pub subject: u16,
    /// What exactly; at most 999.
    pub detail: u16,
}

impl EnhancedCode {
    /// Reads a code from the start of a line's text; what follows it is returned, without the space between.
    fn split(text: &[u8], class: u8) -> Option<(Self, &[u8])> {
        let end = text.iter().position(|&b| b == b' ').unwrap_or(text.len());
        let mut parts = text[..end].split(|&b| b == b'.');
        let (first, subject, detail) = (parts.next()?, number(parts.next()?)?, number(parts.next()?)?);
        // RFC 2034 4: the class must be that of the reply; otherwise this is a version or an address.
        if parts.next().is_some() || first != [b'0' + class] {
            return None;
        }
        Some((Self { class, subject, detail }, text.get(end + 1..).unwrap_or_default()))
    }
}

/// One to three digits.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 3 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(digits.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// One reply of a server. Its text is hostile: escape it wherever it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced code of the first line, if it has one that agrees with `code`.
    pub enhanced: Option<EnhancedCode>,
    /// The server's words without the codes: lines joined by `\n`, at most [`MAX_TEXT`] characters, invalid UTF-8
    /// and control characters replaced by U+FFFD.
    pub text: String,
}

impl Reply {
    /// A reply with this code and text, for code that stands in for a server. Reads an enhanced code from the
    /// start of the text, as the parser does.
    pub fn new(code: u16, text: &str) -> Self {
        let mut builder = Builder::default();
        for line in text.split('\n') {
            builder.line(code, line.as_bytes());
        }
        builder.finish(code, MAX_TEXT)
    }

    /// 2xx: done.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx: not now.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }

    /// 5xx: no.
    pub fn is_permanent(&self) -> bool {
        self.code / 100 == 5
    }
}

impl fmt::Display for Reply {
    /// `550 5.1.1 No such user here`, all on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        if self.text.is_empty() { Ok(()) } else { write!(f, " {}", self.text.replace('\n', " ")) }
    }
}

/// Why bytes are not a reply. After any of these the stream cannot be trusted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line does not start with a code from 200 to 599 and a space, a hyphen or its end.
    #[error("the server's answer is not an SMTP reply")]
    Malformed,
    /// The lines of one reply carry different codes (RFC 5321 4.2.1).
    #[error("the lines of the server's reply carry different codes")]
    CodesDiffer,
    /// A line of more than [`MAX_LINE`] octets or a reply of more than [`MAX_REPLY`].
    #[error("the server's reply is too long")]
    TooLong,
}

/// Collects the lines of one reply.
#[derive(Debug, Default)]
struct Builder {
    text: Vec<u8>,
    enhanced: Option<EnhancedCode>,
    lines: usize,
}

impl Builder {
    fn line(&mut self, code: u16, text: &[u8]) {
        // A code is below 600, so the class fits.
        let class = u8::try_from(code / 100).unwrap_or_default();
        let mut words = text;
        if let Some((enhanced, rest)) = EnhancedCode::split(text, class) {
            if self.lines == 0 {
                self.enhanced = Some(enhanced);
            }
            if self.enhanced == Some(enhanced) {
                words = rest;
            }
        }
        if self.lines > 0 {
            self.text.push(b'\n');
        }
        self.text.extend_from_slice(words);
        self.lines += 1;
    }

    fn finish(&mut self, code: u16, cap: usize) -> Reply {
        self.lines = 0;
        let reply = Reply { code, enhanced: self.enhanced.take(), text: clean(&self.text, cap) };
        self.text.clear();
        reply
    }
}

/// At most `cap` characters of UTF-8 without control characters, line breaks excepted.
fn clean(bytes: &[u8], cap: usize) -> String {
    // Nearly always: short, printable ASCII.
    if bytes.len() <= cap && bytes.iter().all(|&b| matches!(b, b' '..=b'~' | b'\n')) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    text.chars()
        .take(cap)
        .map(|c| match c {
            '\n' => '\n',
            '\t' => ' ',
            c if c.is_control() => '\u{FFFD}',
            c => c,
        })
        .collect()
}

/// Reads replies from bytes that arrive in pieces. Never panics and never holds more than [`MAX_REPLY`] octets.
#[derive(Debug)]
pub struct ReplyParser {
    /// The start of a line whose end has not come.
    partial: Vec<u8>,
    builder: Builder,
    code: Option<u16>,
    total: usize,
    cap: usize,
}

impl Default for ReplyParser {
    fn default() -> Self {
        Self { partial: Vec::new(), builder: Builder::default(), code: None, total: 0, cap: MAX_TEXT }
    }
}

impl ReplyParser {
    /// Sets how many characters of text a reply keeps. Only EHLO needs more than [`MAX_TEXT`]: each of its lines
    /// is an extension.
    pub(crate) fn keep(&mut self, cap: usize) {
        self.cap = cap;
    }

    /// Whether a reply has begun and not ended.
    pub fn is_midway(&self) -> bool {
        self.total > 0
    }

    /// Takes bytes up to the end of one reply: how many were taken, and the reply if it is complete. With no
    /// reply, all of the input was taken.
    ///
    /// # Errors
    /// See [`ReplyError`]. The parser is of no use afterwards.
    pub fn feed(&mut self, input: &[u8]) -> Result<(usize, Option<Reply>), ReplyError> {
        let mut taken = 0;
        while let Some(length) = memchr::memchr(b'\n', &input[taken..]) {
            let piece = &input[taken..taken + length];
            taken += length + 1;
            self.grow(length + 1)?;
            let ended = if self.partial.is_empty() {
                self.line(piece)?
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(piece);
                let ended = self.line(&line)?;
                line.clear();
                self.partial = line;
                ended
            };
            if let Some(code) = ended {
                self.code = None;
                self.total = 0;
                return Ok((taken, Some(self.builder.finish(code, self.cap))));
            }
        }
        self.grow(input.len() - taken)?;
        self.partial.extend_from_slice(&input[taken..]);
        if self.partial.len() > MAX_LINE {
            return Err(ReplyError::TooLong);
        }
        Ok((input.len(), None))
    }

    fn grow(&mut self, by: usize) -> Result<(), ReplyError> {
        self.total += by;
        if self.total > MAX_REPLY { Err(ReplyError::TooLong) } else { Ok(()) }
    }

    /// Takes one line without its LF; the code, if it was the last line.
    fn line(&mut self, line: &[u8]) -> Result<Option<u16>, ReplyError> {
        if line.len() >= MAX_LINE {
            return Err(ReplyError::TooLong);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let code = line.get(..3).and_then(number).filter(|code| (200..600).contains(code));
        let code = code.ok_or(ReplyError::Malformed)?;
        if self.code.is_some_and(|first| first != code) {
            return Err(ReplyError::CodesDiffer);
        }
        self.code = Some(code);
        let last = match line.get(3) {
            None | Some(b' ') => true,
            Some(b'-') => false,
            Some(_) => return Err(ReplyError::Malformed),
        };
        self.builder.line(code, line.get(4..).unwrap_or_default());
        Ok(last.then_some(code))
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
