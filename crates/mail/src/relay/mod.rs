//! The mail server that mail goes through: its URL ([`Relay`]) and the way to it ([`connect`]).

mod dial;
mod stream;
mod tls;

use std::{borrow::Cow, fmt, net::IpAddr, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

pub use dial::connect;
pub use stream::Stream;
pub use tls::{Tls, TlsError};

use crate::session::{Credentials, Mechanism};

/// What to do about STARTTLS (RFC 3207) on a connection that starts in clear text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartTls {
    /// Without it, no mail.
    Required,
    /// If the server offers it. The certificate must hold all the same: encryption towards whoever happens to
    /// answer protects nothing.
    Optional,
    /// Never, not even for the password.
    Off,
}

/// How the way to the server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// From the first byte (RFC 8314).
    Tls,
    /// After a beginning in clear text, if at all.
    StartTls(StartTls),
}

/// A mail server, parsed from a URL:
///
/// `smtp://[user:password@]host[:port][?starttls=required|optional|off][&auth=plain|login|xoauth2]` or
/// `smtps://...` for TLS from the first byte (RFC 8314).
///
/// - The port defaults to 465 for `smtps`; for `smtp` to 587 with credentials (submission, RFC 6409) and to 25
///   without.
/// - `starttls` defaults to `optional`, on a loopback host to `off`: nobody listens there, and a mail server's
///   certificate for `localhost` is self-signed as a rule.
/// - User and password are percent-encoded.
/// - A password goes over plain text only to a loopback address, or where `starttls=off` says so.
#[derive(Clone, PartialEq, Eq)]
pub struct Relay {
    host: String,
    port: u16,
    implicit_tls: bool,
    starttls: StartTls,
    credentials: Option<Credentials>,
}

/// Why a string is not a relay's URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    /// Not a URL at all.
    #[error("not a URL: {0}")]
    NotUrl(url::ParseError),
    /// Neither `smtp` nor `smtps`.
    #[error("the scheme must be smtp or smtps, not {0:?}")]
    Scheme(String),
    /// No host, or one that is no name.
    #[error("the host is missing or not valid")]
    Host,
    /// Port 0.
    #[error("port 0 cannot be connected to")]
    Port,
    /// A user without a password or the other way round.
    #[error("give both a user and a password, or neither")]
    Credentials,
    /// Percent-encoded octets that are no UTF-8, or a NUL.
    #[error("the user or the password is not percent-encoded UTF-8")]
    Encoding,
    /// A path or a fragment: often a password with an unencoded `/`, `?` or `#`.
    #[error("a path or fragment has no place here; percent-encode / ? # in the password")]
    Path,
    /// A query parameter that is not known.
    #[error("the parameter {0:?} is not known; known are starttls and auth")]
    Parameter(String),
    /// A value that the parameter does not take.
    #[error("{1:?} is no value for {0}")]
    Value(&'static str, String),
    /// `starttls` together with `smtps`.
    #[error("smtps is encrypted from the start; starttls has no meaning with it")]
    StartTlsWithSmtps,
}

impl Relay {
    /// Reads a relay's URL.
    ///
    /// # Errors
    /// See [`RelayError`]. No message repeats the password.
    pub fn parse(url: &str) -> Result<Self, RelayError> {
        let url = Url::parse(url.trim()).map_err(RelayError::NotUrl)?;
        let implicit_tls = match url.scheme() {
            "smtp" => false,
            "smtps" => true,
            other => return Err(RelayError::Scheme(other.to_owned())),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(RelayError::Path);
        }
        let host = host(&url)?;
        let mut starttls = None;
        let mut mechanism = None;
        for (name, value) in url.query_pairs() {
            match &*name {
                "starttls" => starttls = Some(starttls_value(&value)?),
                "auth" => mechanism = Some(auth_value(&value)?),
                _ => return Err(RelayError::Parameter(name.into_owned())),
            }
        }
        if implicit_tls && starttls.is_some() {
            return Err(RelayError::StartTlsWithSmtps);
        }
        let credentials = credentials(&url, mechanism)?;
        let default_port = match (implicit_tls, &credentials) {
            (true, _) => 465,
            (false, Some(_)) => 587,
            (false, None) => 25,
        };
        let port = url.port().unwrap_or(default_port);
        if port == 0 {
            return Err(RelayError::Port);
        }
        let default_starttls = if is_loopback_host(&host) { StartTls::Off } else { StartTls::Optional };
        Ok(Self { host, port, implicit_tls, starttls: starttls.unwrap_or(default_starttls), credentials })
    }

    /// A mail server from its parts, as a form has them. The host may be a name in any script or an IP address, with or
    /// without brackets.
    ///
    /// # Errors
    /// Those of its parts, see [`RelayError`].
    pub fn new(
        host: &str,
        port: u16,
        encryption: Encryption,
        credentials: Option<Credentials>,
    ) -> Result<Self, RelayError> {
        let host = host.trim();
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        let host = host_name(bare)?;
        if port == 0 {
            return Err(RelayError::Port);
        }
        if credentials.as_ref().is_some_and(|of| of.user.is_empty() || of.secret.is_empty()) {
            return Err(RelayError::Credentials);
        }
        if credentials.as_ref().is_some_and(|of| of.user.contains('\0') || of.secret.contains('\0')) {
            return Err(RelayError::Encoding);
        }
        let (implicit_tls, starttls) = match encryption {
            Encryption::Tls => (true, StartTls::Optional),
            Encryption::StartTls(starttls) => (false, starttls),
        };
        Ok(Self { host, port, implicit_tls, starttls, credentials })
    }

    /// The whole URL, password included, for whoever keeps it; [`Display`](fmt::Display) leaves the password out.
    pub fn url(&self) -> String {
        let secret = self.credentials.as_ref().map(|credentials| credentials.secret.as_str());
        Self::with_password(&self.url_without_password(), secret.unwrap_or_default())
    }

    /// All of the URL but the password, from which [`with_password`](Self::with_password) makes the whole again.
    fn url_without_password(&self) -> String {
        let url = self.to_string();
        match self.credentials.as_ref().and_then(|credentials| credentials.mechanism) {
            None => url,
            Some(mechanism) => {
                let joint = if url.contains('?') { '&' } else { '?' };
                format!("{url}{joint}auth={}", auth_name(mechanism))
            }
        }
    }

    /// The URL of a relay in two: without its password, which is no URL that [`parse`](Self::parse) takes if there is a
    /// user, and the password, which may be empty. `None`: it is no URL of a relay.
    pub fn split_password(url: &str) -> Option<(String, String)> {
        let relay = Self::parse(url).ok()?;
        let password = relay.credentials.as_ref().map(|credentials| credentials.secret.clone());
        Some((relay.url_without_password(), password.unwrap_or_default()))
    }

    /// The two put together again.
    pub fn with_password(url: &str, password: &str) -> String {
        if password.is_empty() {
            return url.to_owned();
        }
        // The user is percent-encoded and has no @ of its own.
        url.replacen('@', &format!(":{}@", utf8_percent_encode(password, USER)), 1)
    }

    /// The host: a name in ASCII, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Host and port, as logs and the ledger name the server: `mail.example.com:25`, `[::1]:25`.
    pub fn server(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// Whether TLS starts with the first byte.
    pub fn implicit_tls(&self) -> bool {
        self.implicit_tls
    }

    /// What to do about STARTTLS. Of no meaning with implicit TLS.
    pub fn starttls(&self) -> StartTls {
        self.starttls
    }

    /// The credentials.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }
}

fn host(url: &Url) -> Result<String, RelayError> {
    // `smtp` is no scheme that the URL standard knows, so its host comes percent-encoded, IPv4 as a name.
    let host = url.host_str().ok_or(RelayError::Host)?;
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.parse::<IpAddr>().map(|ip| ip.to_string()).map_err(|_| RelayError::Host);
    }
    host_name(&percent_decode_str(host).decode_utf8().map_err(|_| RelayError::Host)?)
}

fn host_name(host: &str) -> Result<String, RelayError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(ip.to_string());
    }
    // Not strict: names inside a network may have underscores. A space or worse may they not.
    let ascii = idna::domain_to_ascii(host).map_err(|_| RelayError::Host)?;
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    if ascii.is_empty() || ascii.len() > 253 || !ascii.bytes().all(good) {
        return Err(RelayError::Host);
    }
    Ok(ascii)
}

fn starttls_value(value: &str) -> Result<StartTls, RelayError> {
    match value {
        "required" => Ok(StartTls::Required),
        "optional" => Ok(StartTls::Optional),
        "off" => Ok(StartTls::Off),
        other => Err(RelayError::Value("starttls", other.to_owned())),
    }
}

fn auth_value(value: &str) -> Result<Mechanism, RelayError> {
    match value {
        "plain" => Ok(Mechanism::Plain),
        "login" => Ok(Mechanism::Login),
        "xoauth2" => Ok(Mechanism::XOAuth2),
        other => Err(RelayError::Value("auth", other.to_owned())),
    }
}

fn auth_name(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Plain => "plain",
        Mechanism::Login => "login",
        Mechanism::XOAuth2 => "xoauth2",
    }
}

fn credentials(url: &Url, mechanism: Option<Mechanism>) -> Result<Option<Credentials>, RelayError> {
    let decode = |text| -> Result<String, RelayError> {
        let text: Cow<'_, str> = percent_decode_str(text).decode_utf8().map_err(|_| RelayError::Encoding)?;
        // NUL separates the fields of AUTH PLAIN.
        if text.contains('\0') { Err(RelayError::Encoding) } else { Ok(text.into_owned()) }
    };
    match (url.username(), url.password()) {
        ("", None) if mechanism.is_none() => Ok(None),
        ("", _) | (_, None | Some("")) => Err(RelayError::Credentials),
        (user, Some(secret)) => Ok(Some(Credentials { user: decode(user)?, secret: decode(secret)?, mechanism })),
    }
}

fn is_loopback_host(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl FromStr for Relay {
    type Err = RelayError;

    fn from_str(url: &str) -> Result<Self, RelayError> {
        Self::parse(url)
    }
}

/// What a URL's user part may hold unencoded (RFC 3986 2.3).
const USER: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl fmt::Display for Relay {
    /// The URL without its password: `smtp://anna@mail.example.com:587?starttls=optional`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.implicit_tls { "smtps://" } else { "smtp://" })?;
        if let Some(credentials) = &self.credentials {
            write!(f, "{}@", utf8_percent_encode(&credentials.user, USER))?;
        }
        f.write_str(&self.server())?;
        match (self.implicit_tls, self.starttls) {
            (true, _) => Ok(()),
            (false, StartTls::Required) => f.write_str("?starttls=required"),
            (false, StartTls::Optional) => f.write_str("?starttls=optional"),
            (false, StartTls::Off) => f.write_str("?starttls=off"),
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relay({self})")
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
