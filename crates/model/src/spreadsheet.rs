//! Values that a spreadsheet would take for a formula: an address or a name from somewhere else must not run in the
//! program of whoever opens an exported file.

use std::borrow::Cow;

/// What a formula begins with, in one program or another: also in full width, which spreadsheets with a Japanese or
/// Chinese input method take for the same, and after what some of them skip.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn is_guarded(value: &str) -> bool {
    value.trim_start_matches('\'').starts_with(STARTS)
}

/// The value as it goes into a file: an apostrophe in front of what looks like a formula. One more apostrophe goes in
/// front of those that are there already, so that [`plain`] gives back exactly what was written.
pub fn guarded(value: &str) -> Cow<'_, str> {
    if is_guarded(value) { Cow::Owned(format!("'{value}")) } else { Cow::Borrowed(value) }
}

/// The value without the apostrophe that [`guarded`] put in front.
pub fn plain(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| is_guarded(rest)).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_formula_is_guarded_and_comes_back() {
        let cases = [
            ("Анна", "Анна"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+7 999 123-45-67", "'+7 999 123-45-67"),
            ("-", "'-"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("＝1+1", "'＝1+1"),
            ("＋7 999", "'＋7 999"),
            ("－1", "'－1"),
            ("＠sum", "'＠sum"),
            ("'＝1", "''＝1"),
            ("（1）", "（1）"),
            ("'=1", "''=1"),
            ("'Neil", "'Neil"),
            ("a=b", "a=b"),
        ];
        for (value, written) in cases {
            assert_eq!(guarded(value), written);
            assert_eq!(plain(written), value);
        }
    }
}
