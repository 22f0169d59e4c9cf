//! Transparency (RFC 5321 4.5.2): a message as it stands on the wire between 354 and the final dot.

/// Appends `body` to `out` with its leading dots doubled, every line ended by CRLF, and the final dot.
///
/// A bare CR or LF becomes CRLF. Sent as it is, some servers would end a line there and others not, and what one
/// of them takes for the final dot the next takes for text: that is how mail is smuggled.
pub(crate) fn stuff(body: &[u8], out: &mut Vec<u8>) {
    out.reserve(body.len() + body.len() / 64 + 8);
    let returns = memchr::memchr_iter(b'\r', body).count();
    // One pass over the line feeds, copying whole stretches. `done` is what has been copied.
    let (mut done, mut pairs) = (0, 0);
    let start = out.len();
    if body.first() == Some(&b'.') {
        out.push(b'.');
    }
    for feed in memchr::memchr_iter(b'\n', body) {
        if feed == 0 || body[feed - 1] != b'\r' {
            out.extend_from_slice(&body[done..feed]);
            out.extend_from_slice(b"\r\n");
            done = feed + 1;
        } else {
            pairs += 1;
        }
        if body.get(feed + 1) == Some(&b'.') {
            out.extend_from_slice(&body[done..=feed]);
            out.push(b'.');
            done = feed + 1;
        }
    }
    if pairs == returns {
        out.extend_from_slice(&body[done..]);
    } else {
        out.truncate(start);
        stuff_slowly(body, out);
    }
    if !out[start..].ends_with(b"\r\n") && out.len() > start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
}

/// The same, for a body that holds bare CRs.
fn stuff_slowly(body: &[u8], out: &mut Vec<u8>) {
    let mut line_start = true;
    for (at, &byte) in body.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && body[at - 1] == b'\r' => {}
            b'\r' | b'\n' => {
                out.extend_from_slice(b"\r\n");
                line_start = true;
            }
            _ => {
                if line_start && byte == b'.' {
                    out.push(b'.');
                }
                out.push(byte);
                line_start = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::stuff;

    fn stuffed(body: &str) -> String {
        let mut out = Vec::new();
        stuff(body.as_bytes(), &mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn table() {
        for (body, wire) in [
            ("", ".\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\r\n", "a\r\n.\r\n"),
            (".", "..\r\n.\r\n"),
            (".\r\n", "..\r\n.\r\n"),
            ("..\r\n.a\r\n", "...\r\n..a\r\n.\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r.\r\nb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\n\r\n.b", "a\r\n\r\n..b\r\n.\r\n"),
            ("a\r\r\nb", "a\r\n\r\nb\r\n.\r\n"),
        ] {
            assert_eq!(stuffed(body), wire, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn ends_once_and_reads_back(body in "[.ab\r\n]{0,40}") {
            let wire = stuffed(&body);
            let text = wire.strip_suffix(".\r\n").unwrap_or_default();
            let lines: Vec<&str> = text.split_terminator("\r\n").collect();
            prop_assert!(lines.iter().all(|line| *line != "." && !line.contains(['\r', '\n'])));
            let read: Vec<&str> = lines.iter().map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
            let plain = body.replace("\r\n", "\n").replace('\r', "\n");
            let meant: Vec<&str> = plain.split_terminator('\n').collect();
            prop_assert_eq!(read, meant);
        }
    }
}
