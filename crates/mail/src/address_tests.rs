//! Tests of [`super::EmailAddress`]: a table of good and bad ones, and properties over arbitrary text.

use proptest::prelude::*;

use super::{AddressError, EmailAddress};

#[test]
fn accepts_and_normalises() {
    // typed, shown, key, envelope
    for (typed, shown, key, envelope) in [
        ("anna@example.com", "anna@example.com", "anna@example.com", "anna@example.com"),
        ("  Anna.K@Example.COM\t", "Anna.K@example.com", "anna.k@example.com", "Anna.K@example.com"),
        ("\u{FEFF}anna@example.com\u{A0}", "anna@example.com", "anna@example.com", "anna@example.com"),
        ("a+tag@b-c.d.io", "a+tag@b-c.d.io", "a+tag@b-c.d.io", "a+tag@b-c.d.io"),
        ("root@localhost", "root@localhost", "root@localhost", "root@localhost"),
        ("Иван@Почта.РФ", "Иван@почта.рф", "иван@xn--80a1acny.xn--p1ai", "Иван@xn--80a1acny.xn--p1ai"),
        ("a@XN--80A1ACNY.xn--p1ai", "a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai", "a@xn--80a1acny.xn--p1ai"),
        ("\"Anna K\"@example.com", "\"Anna K\"@example.com", "\"anna k\"@example.com", "\"Anna K\"@example.com"),
        ("\"anna\"@example.com", "\"anna\"@example.com", "anna@example.com", "\"anna\"@example.com"),
        ("\"a@b\"@example.com", "\"a@b\"@example.com", "\"a@b\"@example.com", "\"a@b\"@example.com"),
        ("\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"),
    ] {
        let address = EmailAddress::parse(typed).unwrap_or_else(|error| panic!("{typed:?}: {error}"));
        assert_eq!(address.as_str(), shown);
        assert_eq!(address.key(), key);
        assert_eq!(address.envelope(), envelope);
    }
}

#[test]
fn refuses_with_a_reason() {
    let long_local = format!("{}@example.com", "a".repeat(65));
    let long_domain = format!("a@{}.com", "b".repeat(64));
    let long = format!("{}@{}com", "a".repeat(64), "bcdefghijk.".repeat(18));
    for (typed, reason) in [
        ("", AddressError::Empty),
        (" \t ", AddressError::Empty),
        ("anna", AddressError::NoAt),
        ("anna@", AddressError::NoDomain),
        ("@example.com", AddressError::NoLocal),
        ("\"\"@example.com", AddressError::NoLocal),
        ("a@b@example.com", AddressError::ManyAt),
        ("an na@example.com", AddressError::BadLocal(' ')),
        ("Anna <anna@example.com>", AddressError::BadLocal(' ')),
        ("<anna@example.com>", AddressError::BadLocal('<')),
        ("a,b@example.com", AddressError::BadLocal(',')),
        ("a\u{202E}b@example.com", AddressError::BadLocal('\u{202E}')),
        (".a@example.com", AddressError::MisplacedDot),
        ("a.@example.com", AddressError::MisplacedDot),
        ("a..b@example.com", AddressError::MisplacedDot),
        ("\"a@example.com", AddressError::BadQuotes),
        ("\"a\"b\"@example.com", AddressError::BadQuotes),
        ("\"a\\\"@example.com", AddressError::BadQuotes),
        ("a\"b@example.com", AddressError::BadQuotes),
        ("a\r\nRCPT TO:<b@example.com>@example.com", AddressError::ControlCharacter),
        ("a\0@example.com", AddressError::ControlCharacter),
        ("a@exam ple.com", AddressError::BadDomain),
        ("a@example.com.", AddressError::BadDomain),
        ("a@example..com", AddressError::BadDomain),
        ("a@-example.com", AddressError::BadDomain),
        ("a@ex_ample.com", AddressError::BadDomain),
        ("a@example.com>", AddressError::BadDomain),
        ("a@192.0.2.1", AddressError::BadDomain),
        ("a@[192.0.2.1]", AddressError::AddressLiteral),
        ("a@example", AddressError::NoDot),
        (long_local.as_str(), AddressError::LocalTooLong),
        (long_domain.as_str(), AddressError::BadDomain),
        (long.as_str(), AddressError::TooLong),
    ] {
        assert_eq!(EmailAddress::parse(typed).unwrap_err(), reason, "{typed:?}");
    }
}

#[test]
fn reasons_have_distinct_ids() {
    let ids: std::collections::HashSet<_> = AddressError::ALL.iter().map(|error| error.id()).collect();
    assert_eq!(ids.len(), AddressError::ALL.len());
}

#[test]
fn only_the_local_part_needs_smtputf8() {
    assert!(EmailAddress::parse("иван@почта.рф").unwrap().needs_smtputf8());
    assert!(!EmailAddress::parse("ivan@почта.рф").unwrap().needs_smtputf8());
}

#[test]
fn travels_as_a_json_string() {
    let address = EmailAddress::parse("Anna@Example.com").unwrap();
    assert_eq!(serde_json::to_string(&address).unwrap(), "\"Anna@example.com\"");
    assert_eq!(serde_json::from_str::<EmailAddress>("\" anna@example.com \"").unwrap(), address);
    assert!(serde_json::from_str::<EmailAddress>("\"anna\"").is_err());
}

/// Checks everything that must hold for an address that was accepted.
fn check(input: &str) -> Result<(), TestCaseError> {
    let Ok(address) = EmailAddress::parse(input) else {
        return Ok(());
    };
    for form in [address.as_str().to_owned(), address.key(), address.envelope()] {
        let again = EmailAddress::parse(&form).map_err(|error| TestCaseError::fail(format!("{form:?}: {error}")))?;
        prop_assert_eq!(again.key(), address.key());
        prop_assert!(!form.chars().any(char::is_control));
        prop_assert!(form.starts_with('"') || !form.contains(char::is_whitespace));
        prop_assert!(form.starts_with('"') || !form.contains(['<', '>']));
    }
    let shown = EmailAddress::parse(address.as_str()).unwrap();
    prop_assert_eq!(shown.as_str(), address.as_str());
    prop_assert!(address.domain().is_ascii());
    prop_assert!(address.envelope().len() <= 254);
    Ok(())
}

proptest! {
    #[test]
    fn holds_for_any_text(input in "\\PC*") { check(&input)?; }

    #[test]
    fn holds_for_any_bytes(input in any::<Vec<u8>>()) { check(&String::from_utf8_lossy(&input))?; }

    #[test]
    fn holds_for_what_looks_like_an_address(
        input in "[ \"]?[a-zA-Zа-яİΣςſ.+@ \"\\\\\r\n]{0,20}\"?@[a-zA-Zа-яİΣßｅ。.\\-_]{0,20}\\.(com|рф|xn--p1ai)"
    ) { check(&input)?; }
}
