//! Tests of relay URLs.

use super::{Encryption, Relay, RelayError, StartTls};
use crate::session::{Credentials, Mechanism};

#[test]
fn reads_urls() {
    for (url, shown) in [
        ("smtp://mail.example.com", "smtp://mail.example.com:25?starttls=optional"),
        ("smtp://mail.example.com/", "smtp://mail.example.com:25?starttls=optional"),
        ("smtp://u:p@mail.example.com", "smtp://u@mail.example.com:587?starttls=optional"),
        ("smtps://u%40x.org:p%2F%3F%23@mail.example.com", "smtps://u%40x.org@mail.example.com:465"),
        ("smtp://mail.example.com:2525?starttls=required", "smtp://mail.example.com:2525?starttls=required"),
        ("smtp://localhost:2525", "smtp://localhost:2525?starttls=off"),
        ("smtp://127.0.0.1", "smtp://127.0.0.1:25?starttls=off"),
        ("smtp://[::1]:2525", "smtp://[::1]:2525?starttls=off"),
        ("smtp://[2001:db8::1]", "smtp://[2001:db8::1]:25?starttls=optional"),
        ("smtp://localhost?starttls=optional", "smtp://localhost:25?starttls=optional"),
        ("smtp://почта.рф", "smtp://xn--80a1acny.xn--p1ai:25?starttls=optional"),
        ("smtp://mail_catcher:1025", "smtp://mail_catcher:1025?starttls=optional"),
    ] {
        let relay = Relay::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
        assert_eq!(relay.to_string(), shown);
    }
}

#[test]
fn refuses_with_a_reason() {
    for (url, reason) in [
        ("http://example.com", RelayError::Scheme("http".into())),
        ("smtp://", RelayError::Host),
        ("smtp://exa mple.com", RelayError::NotUrl(url::ParseError::InvalidDomainCharacter)),
        ("smtp://example.com:0", RelayError::Port),
        ("smtp://user@example.com", RelayError::Credentials),
        ("smtp://:pass@example.com", RelayError::Credentials),
        ("smtp://u:%00@example.com", RelayError::Encoding),
        ("smtp://u:%ff@example.com", RelayError::Encoding),
        ("smtp://example.com/path", RelayError::Path),
        ("smtp://example.com#fragment", RelayError::Path),
        ("smtp://example.com?tls=1", RelayError::Parameter("tls".into())),
        ("smtp://example.com?starttls=maybe", RelayError::Value("starttls", "maybe".into())),
        ("smtp://u:p@example.com?auth=ntlm", RelayError::Value("auth", "ntlm".into())),
        ("smtp://example.com?auth=plain", RelayError::Credentials),
        ("smtps://example.com?starttls=off", RelayError::StartTlsWithSmtps),
    ] {
        let found = Relay::parse(url);
        match (&found, &reason) {
            (Err(RelayError::NotUrl(_)), RelayError::NotUrl(_)) => {}
            _ => assert_eq!(found, Err(reason), "{url}"),
        }
    }
    assert!(matches!(Relay::parse("mail.example.com"), Err(RelayError::NotUrl(_))));
}

#[test]
fn decodes_credentials_and_hides_the_secret() {
    let relay = Relay::parse("smtp://anna%40example.com:s%2Fecret%20%D1%8F@mail.example.com?auth=login").unwrap();
    let credentials = relay.credentials().unwrap();
    assert_eq!((credentials.user.as_str(), credentials.secret.as_str()), ("anna@example.com", "s/ecret я"));
    assert_eq!(credentials.mechanism, Some(Mechanism::Login));
    for output in [format!("{relay}"), format!("{relay:?}"), format!("{credentials:?}")] {
        assert!(!output.contains("ecret"), "{output}");
    }
    assert_eq!(relay.starttls(), StartTls::Optional);
    assert!(!relay.implicit_tls());
}

#[test]
fn a_relay_of_parts_has_a_url_that_reads_back() {
    let credentials =
        |mechanism| Some(Credentials { user: "anna@example.com".into(), secret: "s/e:c@r?t я#".into(), mechanism });
    for (host, port, encryption, credentials, shown) in [
        (
            "mail.example.com",
            587,
            Encryption::StartTls(StartTls::Required),
            None,
            "smtp://mail.example.com:587?starttls=required",
        ),
        (" почта.рф ", 465, Encryption::Tls, credentials(None), "smtps://anna%40example.com@xn--80a1acny.xn--p1ai:465"),
        (
            "::1",
            25,
            Encryption::StartTls(StartTls::Off),
            credentials(Some(Mechanism::Login)),
            "smtp://anna%40example.com@[::1]:25?starttls=off",
        ),
        (
            "[2001:db8::1]",
            465,
            Encryption::Tls,
            credentials(Some(Mechanism::XOAuth2)),
            "smtps://anna%40example.com@[2001:db8::1]:465",
        ),
    ] {
        let relay = Relay::new(host, port, encryption, credentials).unwrap();
        assert_eq!(relay.to_string(), shown);
        assert_eq!(Relay::parse(&relay.url()), Ok(relay), "{shown}");
    }
}

#[test]
fn a_relay_of_bad_parts_is_refused_with_a_reason() {
    let with =
        |user: &str, secret: &str| Some(Credentials { user: user.into(), secret: secret.into(), mechanism: None });
    for (host, port, credentials, reason) in [
        ("", 25, None, RelayError::Host),
        ("exa mple.com", 25, None, RelayError::Host),
        ("user@example.com", 25, None, RelayError::Host),
        ("example.com:25", 25, None, RelayError::Host),
        ("example.com", 0, None, RelayError::Port),
        ("example.com", 25, with("anna", ""), RelayError::Credentials),
        ("example.com", 25, with("", "secret"), RelayError::Credentials),
        ("example.com", 25, with("anna", "a\0b"), RelayError::Encoding),
    ] {
        assert_eq!(Relay::new(host, port, Encryption::Tls, credentials), Err(reason), "{host}");
    }
}

#[test]
fn password_is_split_off_and_put_back() {
    for (url, without, password) in [
        ("smtp://relay.example", "smtp://relay.example:25?starttls=optional", ""),
        ("smtps://anna:s%2Fe%40c@relay.example", "smtps://anna@relay.example:465", "s/e@c"),
        (
            "smtp://a%40b.example:p:w@[2001:db8::1]:2525?starttls=required&auth=login",
            "smtp://a%40b.example@[2001:db8::1]:2525?starttls=required&auth=login",
            "p:w",
        ),
    ] {
        let (rest, split) = Relay::split_password(url).unwrap();
        assert_eq!((rest.as_str(), split.as_str()), (without, password), "{url}");
        assert_eq!(Relay::parse(&Relay::with_password(&rest, &split)), Relay::parse(url));
    }
    assert_eq!(Relay::split_password("smtp://anna@relay.example"), None);
}
