//! Tests of the reply parser: a table of replies, its limits, and arbitrary bytes in arbitrary pieces.

use proptest::prelude::*;

use super::{MAX_LINE, MAX_REPLY, MAX_TEXT, Reply, ReplyError, ReplyParser};

fn one(bytes: &[u8]) -> Result<Option<Reply>, ReplyError> {
    ReplyParser::default().feed(bytes).map(|(_, reply)| reply)
}

#[test]
fn reads_replies() {
    // bytes, shown, text
    for (bytes, shown, text) in [
        (&b"250 OK\r\n"[..], "250 OK", "OK"),
        (b"250\r\n", "250", ""),
        (b"250 \r\n", "250", ""),
        (b"250 OK\n", "250 OK", "OK"),
        (b"550 5.1.1 No such user\r\n", "550 5.1.1 No such user", "No such user"),
        (b"550 5.1.1\r\n", "550 5.1.1", ""),
        (b"550 4.1.1 Odd\r\n", "550 4.1.1 Odd", "4.1.1 Odd"),
        (b"220 10.0.0.1 ESMTP\r\n", "220 10.0.0.1 ESMTP", "10.0.0.1 ESMTP"),
        (
            b"550-5.7.26 Unauthenticated\r\n550-5.7.26 mail is\r\n550 5.7.26 refused\r\n",
            "550 5.7.26 Unauthenticated mail is refused",
            "Unauthenticated\nmail is\nrefused",
        ),
        (b"451 4.7.1 a\tb\x07c\xff\r\n", "451 4.7.1 a b\u{FFFD}c\u{FFFD}", "a b\u{FFFD}c\u{FFFD}"),
        ("550 5.1.1 Нет такого\r\n".as_bytes(), "550 5.1.1 Нет такого", "Нет такого"),
    ] {
        let reply = one(bytes).unwrap().unwrap();
        assert_eq!(reply.to_string(), shown);
        assert_eq!(reply.text, text);
    }
}

#[test]
fn refuses_what_is_not_a_reply() {
    for (bytes, error) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], ReplyError::Malformed),
        (b"\r\n", ReplyError::Malformed),
        (b"25\r\n", ReplyError::Malformed),
        (b"150 early\r\n", ReplyError::Malformed),
        (b"600 late\r\n", ReplyError::Malformed),
        (b"000 zero\r\n", ReplyError::Malformed),
        (b"250_OK\r\n", ReplyError::Malformed),
        (b"2500 OK\r\n", ReplyError::Malformed),
        (b"250-first\r\n550 second\r\n", ReplyError::CodesDiffer),
        (b"\x16\x03\x01\x02\n", ReplyError::Malformed),
    ] {
        assert_eq!(one(bytes).unwrap_err(), error, "{bytes:?}");
    }
}

#[test]
fn is_capped() {
    let mut endless = ReplyParser::default();
    assert_eq!(endless.feed(&vec![b'2'; MAX_LINE + 1]).unwrap_err(), ReplyError::TooLong);
    let mut lines = ReplyParser::default();
    let error = (0..MAX_REPLY).find_map(|_| lines.feed(b"250-more\r\n").err());
    assert_eq!(error, Some(ReplyError::TooLong));
    let wide = format!("550-{0}\r\n550-{0}\r\n550 {0}\r\n", "я".repeat(900));
    assert_eq!(one(wide.as_bytes()).unwrap().unwrap().text.chars().count(), MAX_TEXT);
}

/// Reads everything, cut into pieces of these sizes.
fn all(bytes: &[u8], sizes: &[usize]) -> (Vec<Reply>, Option<ReplyError>) {
    let mut parser = ReplyParser::default();
    let mut replies = Vec::new();
    let (mut rest, mut sizes) = (bytes, sizes.iter().cycle());
    while !rest.is_empty() {
        let cut = (*sizes.next().unwrap_or(&1)).clamp(1, rest.len());
        let (mut piece, after) = rest.split_at(cut);
        rest = after;
        while !piece.is_empty() {
            match parser.feed(piece) {
                Ok((taken, reply)) => {
                    assert!(taken > 0);
                    assert!(reply.is_some() || taken == piece.len());
                    assert!(parser.partial.len() <= MAX_LINE && parser.builder.text.len() <= MAX_REPLY);
                    piece = &piece[taken..];
                    replies.extend(reply);
                }
                Err(error) => return (replies, Some(error)),
            }
        }
    }
    (replies, None)
}

/// The same by the letter of RFC 5321 4.2, for input without overlong lines: code and number of lines of each reply, and
/// whether something followed that is none.
fn by_the_letter(bytes: &[u8]) -> (Vec<(u16, usize)>, bool) {
    let (mut replies, mut first, mut lines) = (Vec::new(), None, 0);
    for line in bytes.split_inclusive(|&b| b == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else { break };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (code, rest) = match line {
            [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
                (u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'), rest)
            }
            _ => return (replies, true),
        };
        if first.is_some_and(|first| first != code) {
            return (replies, true);
        }
        lines += 1;
        match rest.first() {
            Some(b'-') => first = Some(code),
            None | Some(b' ') => {
                replies.push((code, lines));
                (first, lines) = (None, 0);
            }
            Some(_) => return (replies, true),
        }
    }
    (replies, false)
}

/// Replies, some octets of which were exchanged for others, lost or doubled.
fn nearly_replies() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        4 => "(250|550)-(5\\.1\\.1 )?[a-z]{0,6}\r\n",
        4 => "(250|550) (2\\.0\\.0 )?[a-z]{0,6}\r\n",
        1 => "[1-6][0-9][0-9][ -]?\r?\n",
    ];
    let octet = prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b'-'), Just(b' '), b'0'..=b'9'];
    let change = (any::<prop::sample::Index>(), 0..3, octet);
    (prop::collection::vec(line, 1..12), prop::collection::vec(change, 0..4)).prop_map(|(lines, changes)| {
        let mut bytes = lines.concat().into_bytes();
        for (at, kind, octet) in changes {
            match (kind, at.index(bytes.len() + 1)) {
                (0, at) => bytes.insert(at, octet),
                (1, at) if at < bytes.len() => bytes[at] = octet,
                (_, at) if at < bytes.len() => drop(bytes.remove(at)),
                _ => {}
            }
        }
        bytes
    })
}

proptest! {
    #[test]
    fn nearly_replies_are_read_by_the_letter(bytes in nearly_replies(), sizes in prop::collection::vec(1usize..30, 1..9)) {
        let (replies, error) = all(&bytes, &sizes);
        let found: Vec<_> = replies.iter().map(|reply| (reply.code, reply.text.split('\n').count())).collect();
        prop_assert_eq!((found, error.is_some()), by_the_letter(&bytes));
        prop_assert_eq!((replies, error), all(&bytes, &[usize::MAX]));
    }

    #[test]
    fn never_panics(bytes in any::<Vec<u8>>(), sizes in prop::collection::vec(1usize..9, 1..9)) {
        all(&bytes, &sizes);
    }

    #[test]
    fn pieces_make_no_difference(
        lines in prop::collection::vec("[2-5][0-5][0-9][ -]([245]\\.[0-9]\\.[0-9] )?[a-zа-я ]{0,12}\r?\n", 1..12),
        sizes in prop::collection::vec(1usize..9, 1..9),
    ) {
        let bytes = lines.concat();
        prop_assert_eq!(all(bytes.as_bytes(), &sizes), all(bytes.as_bytes(), &[usize::MAX]));
    }
}
