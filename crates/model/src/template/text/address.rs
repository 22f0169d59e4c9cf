//! Addresses of links, as they stand in text.

use super::layout::Piece;
use super::marks::BEGIN;

/// The address of a link to show, in one word. `None`: it leads nowhere from a mail (`#top`, a relative address) or
/// nowhere that text could lead to (`javascript:`, `cid:`).
pub fn shown(href: &str) -> Option<String> {
    let href = href.trim_matches(|c: char| c <= ' ');
    // As browsers read it (WHATWG URL, 4.4): line breaks are left out. A blank would end the address.
    let mut address = String::with_capacity(href.len());
    for c in href.chars() {
        match c {
            ' ' | '\u{a0}' => address.push_str("%20"),
            c if c.is_control() => {}
            c => address.push(c),
        }
    }
    if address.starts_with(BEGIN) || address.starts_with("www.") {
        return Some(address);
    }
    if address.starts_with("//") {
        return Some(format!("https:{address}"));
    }
    let (scheme, rest) = address.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    if !is_scheme {
        return None;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "javascript" | "vbscript" | "data" | "cid" | "file" | "about" | "blob" => None,
        "mailto" | "tel" | "sms" => {
            let bare = rest.split('?').next().unwrap_or_default();
            (!bare.is_empty()).then(|| bare.to_owned())
        }
        "http" | "https" => (!rest.trim_start_matches('/').is_empty()).then_some(address),
        _ => Some(address),
    }
}

/// Whether a link's words are its address: `example.com` for `https://www.example.com/`, a phone number for `tel:`.
pub fn is_said_by(address: &str, pieces: &[Piece]) -> bool {
    let mut words = String::new();
    for piece in pieces {
        if let Piece::Word(word) = piece {
            words.push_str(word);
        }
        if words.len() > address.len() + 16 {
            return false;
        }
    }
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    let is_number = !address.is_empty() && address.chars().all(|c| c.is_ascii_digit() || "+-().".contains(c));
    if is_number {
        return digits(&words) >= 5;
    }
    bare(&words).eq_ignore_ascii_case(bare(address))
}

/// Without what people leave out when they write an address.
fn bare(address: &str) -> &str {
    let strip = |text: &'static str, from| strip_prefix_ignoring_case(from, text).unwrap_or(from);
    let address = strip("https://", strip("http://", strip("mailto:", address)));
    strip("www.", address).trim_end_matches('/')
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}
