//! What a client sends: command lines, and a message up to its final dot. Shared by the catcher and the fault server.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// Octets of one command line (RFC 5321 4.5.3.1.4 says 512, extensions add to it).
const MAX_LINE: usize = 4_096;
/// Octets to read at once.
const CHUNK: usize = 64 * 1_024;

/// A command line that does not end.
#[derive(Debug)]
pub(crate) struct LineTooLong;

/// A message over the limit. All of it has been read.
#[derive(Debug)]
pub(crate) struct TooBig;

/// Received bytes that are not dealt with yet.
#[derive(Debug, Default)]
pub(crate) struct Input {
    buffer: Vec<u8>,
    start: usize,
    /// How much of the message has been searched for its end.
    searched: usize,
    /// The message outgrew the limit; its text is being thrown away.
    too_big: bool,
}

impl Input {
    /// Reads more. `false` at the end of the stream.
    pub(crate) async fn fill(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.reserve(CHUNK);
        Ok(stream.read_buf(&mut self.buffer).await? > 0)
    }

    fn rest(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether something is left that came together with what was taken.
    #[cfg(any(test, feature = "faults"))]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest().is_empty()
    }

    /// The next line with its end, if it is there.
    pub(crate) fn line(&mut self) -> Result<Option<&[u8]>, LineTooLong> {
        let length = match memchr::memchr(b'\n', self.rest()) {
            Some(feed) => feed + 1,
            None if self.rest().len() > MAX_LINE => return Err(LineTooLong),
            None => return Ok(None),
        };
        if length > MAX_LINE {
            return Err(LineTooLong);
        }
        let from = self.start;
        self.start += length;
        Ok(Some(&self.buffer[from..from + length]))
    }

    /// The message, dots unstuffed, if its end is there (RFC 5321 4.5.2). Only CRLF dot CRLF ends it: anything
    /// looser is how mail is smuggled.
    pub(crate) fn message(&mut self, limit: usize) -> Option<Result<Vec<u8>, TooBig>> {
        let rest = self.rest();
        // The line end before a lone dot may be that of DATA itself.
        if self.searched == 0 && !self.too_big && rest.len() < 3 && b".\r\n".starts_with(rest) {
            return None;
        }
        if self.searched == 0 && !self.too_big && rest.starts_with(b".\r\n") {
            self.start += 3;
            return Some(Ok(Vec::new()));
        }
        match memchr::memmem::find(&rest[self.searched..], b"\r\n.\r\n") {
            Some(at) => {
                let text = &rest[..self.searched + at + 2];
                let whole = text.len() <= limit && !self.too_big;
                let message = if whole { Ok(unstuff(text)) } else { Err(TooBig) };
                self.start += text.len() + 3;
                self.searched = 0;
                self.too_big = false;
                Some(message)
            }
            None => {
                let length = rest.len();
                self.searched = length.saturating_sub(4);
                if length > limit.saturating_add(5) {
                    self.too_big = true;
                    self.start += self.searched;
                    self.searched = 0;
                }
                None
            }
        }
    }
}

/// The path of a MAIL or RCPT line as it was written, quotes included, without its angle brackets.
pub(crate) fn path(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(&rest[..at]),
            _ => {}
        }
    }
    None
}

fn unstuff(text: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(text.len());
    let mut done = usize::from(text.starts_with(b"."));
    for at in memchr::memmem::find_iter(text, b"\r\n.") {
        message.extend_from_slice(&text[done..at + 2]);
        done = at + 3;
    }
    message.extend_from_slice(&text[done..]);
    message
}

#[cfg(test)]
mod tests {
    use super::{Input, path};

    #[test]
    fn paths_stay_as_they_were_written() {
        assert_eq!(path("MAIL FROM:<> SIZE=1"), Some(""));
        assert_eq!(path("RCPT TO:<a@b.c> X=<y>"), Some("a@b.c"));
        assert_eq!(path(r#"RCPT TO:<"a>\">"@b.c>"#), Some(r#""a>\">"@b.c"#));
        assert_eq!(path("RCPT TO:<a@b.c"), None);
    }

    /// Feeds the bytes in pieces of this size and collects messages until the input ends.
    fn read(wire: &[u8], piece: usize, limit: usize) -> Vec<Result<Vec<u8>, ()>> {
        let mut input = Input::default();
        let mut found = Vec::new();
        for part in wire.chunks(piece) {
            input.buffer.drain(..input.start);
            input.start = 0;
            input.buffer.extend_from_slice(part);
            while let Some(message) = input.message(limit) {
                found.push(message.map_err(|_| ()));
            }
        }
        assert!(input.is_empty() || input.searched > 0);
        found
    }

    #[test]
    fn unstuffs_whatever_the_pieces() {
        for piece in 1..12 {
            assert_eq!(read(b"a\r\n..\r\n..b\r\n.\r\n", piece, 100), [Ok(b"a\r\n.\r\n.b\r\n".to_vec())]);
            assert_eq!(read(b".\r\n", piece, 100), [Ok(vec![])]);
            assert_eq!(
                read(b"\r\n.\r\n.\r\nx\r\n.\r\n", piece, 100),
                [Ok(b"\r\n".to_vec()), Ok(vec![]), Ok(b"x\r\n".to_vec())]
            );
            assert_eq!(read(b"..\r\n.\r\n", piece, 100), [Ok(b".\r\n".to_vec())]);
            assert_eq!(read(b"a\n.\nb\n.\r\n\r\n.\r\n", piece, 100), [Ok(b"a\n.\nb\n.\r\n\r\n".to_vec())]);
            assert_eq!(read(b"0123456789\r\n.\r\nok\r\n.\r\n", piece, 8), [Err(()), Ok(b"ok\r\n".to_vec())]);
        }
    }
}
