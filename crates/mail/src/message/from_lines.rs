//! Lines that begin with "From ": in mailbox files (RFC 4155) such a line begins the next message, and what keeps mail in
//! them writes `>From ` instead. So no encoded body has one.

use std::borrow::Cow;

const SEVEN_BIT: &[u8] = b"Content-Transfer-Encoding: 7bit\r\n";
const QUOTED: &[u8] = b"Content-Transfer-Encoding: quoted-printable\r\n";
/// The longest line of quoted-printable, without its end (RFC 2045 6.7).
const LONGEST: usize = 76;

/// Encodes the lines of a part that begin with "From ". The part stands at the end of `out`, from `start`.
pub fn encode(start: usize, out: &mut Vec<u8>) {
    // Hardly any has one, and this runs for each message.
    if memchr::memmem::find(&out[start..], b"\nFrom ").is_none() {
        return;
    }
    let part = out.split_off(start);
    let Some(end) = memchr::memmem::find(&part, b"\r\n\r\n") else { return out.extend_from_slice(&part) };
    let (headers, body) = part.split_at(end + 4);
    let (headers, body) = match memchr::memmem::find(headers, SEVEN_BIT) {
        Some(at) => {
            let (before, after) = (&headers[..at], &headers[at + SEVEN_BIT.len()..]);
            (Cow::Owned([before, QUOTED, after].concat()), Cow::Owned(quoted(body)))
        }
        None => (Cow::Borrowed(headers), Cow::Borrowed(body)),
    };
    out.extend_from_slice(&headers);
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b"From ") {
            // The first letter takes two more octets than it did.
            Some(rest) if line.trim_ascii_end().len() + 2 > LONGEST => {
                out.extend_from_slice(b"=46rom=\r\n ");
                out.extend_from_slice(rest);
            }
            Some(rest) => {
                out.extend_from_slice(b"=46rom ");
                out.extend_from_slice(rest);
            }
            None => out.extend_from_slice(line),
        }
    }
}

/// Quoted-printable of a body that needs no encoding: lines of ASCII, ended by CRLF, no blank at their end.
fn quoted(body: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(body.len() + body.len() / 32);
    let mut column = 0;
    for (at, byte) in body.iter().enumerate() {
        if body[at..].starts_with(b"\r\n") || *byte == b'\n' {
            quoted.push(*byte);
            column = 0;
            continue;
        }
        let plain = matches!(byte, b'\t' | b' '..=b'<' | b'>'..=b'~');
        let width = if plain { 1 } else { 3 };
        let is_last = body[at + 1..].starts_with(b"\r\n") || at + 1 == body.len();
        if column + width > LONGEST - usize::from(!is_last) {
            quoted.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            quoted.push(*byte);
        } else {
            quoted.extend_from_slice(format!("={byte:02X}").as_bytes());
        }
        column += width;
    }
    quoted
}
