//! The mail server of an installation and what mail comes from, as administrators type them.

use vestnik_mail::address::EmailAddress;
use vestnik_mail::message::HeaderText;
use vestnik_mail::relay::{Encryption, Relay, RelayError, StartTls};
use vestnik_mail::session::Credentials;

use crate::problem::{Problem, Problems, line};
use crate::recipient::address;
use crate::text_enum::text_enum;

text_enum! {
    /// Where mail goes.
    pub enum MailRoute {
        /// Into the built-in catcher: nobody gets any.
        Catcher = "catcher",
        /// To a mail server that delivers it.
        Server = "server",
    }
}

text_enum! {
    /// How the way to the mail server is encrypted.
    pub enum MailEncryption {
        /// After STARTTLS (RFC 3207), or not at all.
        StartTls = "starttls",
        /// From the first byte (RFC 8314).
        Tls = "tls",
        /// If the server offers STARTTLS.
        Optional = "optional",
        /// Never.
        None = "none",
    }
}

/// The fields of the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedMailServer<'a> {
    /// `catcher` or `server`.
    pub route: &'a str,
    /// A name or an IP address.
    pub host: &'a str,
    /// Empty: the usual one for the encryption.
    pub port: &'a str,
    /// See [`MailEncryption`].
    pub encryption: &'a str,
    /// Empty: the server wants none.
    pub smtp_user: &'a str,
    /// Empty: the one from before, for the same user of the same server.
    pub smtp_password: &'a str,
    /// The address that mail comes from.
    pub from_address: &'a str,
    /// The name that mail comes from; empty: each user's own.
    pub from_name: &'a str,
}

/// What mail comes from as long as nobody has said.
pub const DEFAULT_FROM: &str = "vestnik@localhost";

/// Where mail goes, and what it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailServer {
    /// `None`: into the catcher.
    pub relay: Option<Relay>,
    /// The address that mail comes from; `None`: what the process was started with.
    pub from_address: Option<EmailAddress>,
    /// The name that mail comes from; empty: each user's own.
    pub from_name: String,
}

impl MailServer {
    /// Reads what is stored: a URL and `address` or `Name <address>`, both of which may be empty. What cannot be read is
    /// as if nothing was stored.
    pub fn stored(smtp_url: &str, mail_from: &str) -> Self {
        let (name, address) = split_from(mail_from);
        Self {
            relay: Relay::parse(smtp_url).ok(),
            from_address: EmailAddress::parse(address).ok(),
            from_name: name.to_owned(),
        }
    }

    /// The same where the password of the URL cannot be read, for a form in which it is typed again. Nothing is sent with
    /// what is in its place.
    pub fn stored_without_password(smtp_url: &str, mail_from: &str) -> Self {
        Self::stored(&Relay::with_password(smtp_url, "unreadable"), mail_from)
    }

    /// The URL to store, password included; empty: the catcher.
    pub fn smtp_url(&self) -> String {
        self.relay.as_ref().map(Relay::url).unwrap_or_default()
    }

    /// What mail comes from, to be stored: `address`, `Name <address>`, or nothing.
    pub fn mail_from(&self) -> String {
        match &self.from_address {
            None => String::new(),
            Some(address) if self.from_name.is_empty() => address.to_string(),
            Some(address) => format!("{} <{address}>", self.from_name),
        }
    }

    /// The encryption, as the form names it.
    pub fn encryption(&self) -> MailEncryption {
        match &self.relay {
            Some(relay) if relay.implicit_tls() => MailEncryption::Tls,
            Some(relay) => match relay.starttls() {
                StartTls::Required => MailEncryption::StartTls,
                StartTls::Optional => MailEncryption::Optional,
                StartTls::Off => MailEncryption::None,
            },
            None => MailEncryption::StartTls,
        }
    }
}

/// The name and the address in `address` or `Name <address>`; the name may be empty.
pub fn split_from(text: &str) -> (&str, &str) {
    let named = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    named.map_or(("", text.trim()), |(name, address)| (name.trim().trim_matches('"').trim(), address.trim()))
}

impl TypedMailServer<'_> {
    /// Checks the fields, each named as its field here. What concerns the server alone is not looked at for the catcher.
    pub fn parse(&self, before: &MailServer) -> Result<MailServer, Problems> {
        let mut problems = Problems::default();
        let route = problems.take("route", self.route.parse().map_err(|_| Problem::new("problem-choice")));
        let wanted = route == Some(MailRoute::Server);
        let relay = if wanted { self.relay(before, &mut problems) } else { None };
        let from_address = if self.from_address.trim().is_empty() && !wanted {
            None
        } else {
            problems.take("from_address", address(self.from_address))
        };
        let from_name = problems.take("from_name", from_name(self.from_name));
        problems.into_result(from_name.map(|from_name| MailServer { relay, from_address, from_name }))
    }

    fn relay(&self, before: &MailServer, problems: &mut Problems) -> Option<Relay> {
        let encryption: Option<MailEncryption> =
            problems.take("encryption", self.encryption.parse().map_err(|_| Problem::new("problem-choice")));
        let (encryption, usual) = match encryption? {
            MailEncryption::Tls => (Encryption::Tls, 465),
            MailEncryption::StartTls => (Encryption::StartTls(StartTls::Required), 587),
            MailEncryption::Optional => (Encryption::StartTls(StartTls::Optional), 25),
            MailEncryption::None => (Encryption::StartTls(StartTls::Off), 25),
        };
        let port = match self.port.trim() {
            "" => Some(usual),
            typed => problems.take("port", typed.parse().map_err(|_| Problem::new("problem-port"))),
        };
        let port = port?;
        let credentials = self.credentials(before, port, encryption);
        match Relay::new(self.host, port, encryption, credentials) {
            Ok(relay) => Some(relay),
            Err(error) => {
                let (field, id) = match error {
                    RelayError::Port => ("port", "problem-port"),
                    RelayError::Credentials if self.smtp_password.is_empty() => {
                        ("smtp_password", "problem-mail-password")
                    }
                    RelayError::Credentials => ("smtp_user", "problem-mail-user"),
                    RelayError::Encoding => ("smtp_password", "problem-control-character"),
                    _ if self.host.trim().is_empty() => ("host", "problem-required"),
                    _ => ("host", "problem-mail-host"),
                };
                problems.add(field, Problem::new(id));
                None
            }
        }
    }

    /// A password that was stored is given to the server it was stored for, behind the same port and no less protected
    /// than before.
    fn credentials(&self, before: &MailServer, port: u16, encryption: Encryption) -> Option<Credentials> {
        let user = self.smtp_user.trim();
        if user.is_empty() && self.smtp_password.is_empty() {
            return None;
        }
        let stored = before.relay.as_ref().and_then(|relay| {
            let known = relay.credentials()?;
            let protected = matches!(encryption, Encryption::Tls | Encryption::StartTls(StartTls::Required));
            let as_before = match encryption {
                Encryption::Tls => relay.implicit_tls(),
                Encryption::StartTls(starttls) => !relay.implicit_tls() && relay.starttls() == starttls,
            };
            let same = relay.host().eq_ignore_ascii_case(self.host.trim())
                && (relay.port() == port && (protected || as_before))
                && known.user == user;
            (same && self.smtp_password.is_empty()).then(|| known.clone())
        });
        stored.or(Some(Credentials { user: user.to_owned(), secret: self.smtp_password.to_owned(), mechanism: None }))
    }
}

/// The name goes into a header and is kept as `Name <address>`.
fn from_name(text: &str) -> Result<String, Problem> {
    let name = line(text, false, 100)?;
    if name.contains(['<', '>', '"']) || HeaderText::new(&name).is_err() {
        return Err(Problem::new("problem-from-name"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> MailServer {
        MailServer::stored("", "")
    }

    fn typed() -> TypedMailServer<'static> {
        TypedMailServer {
            route: "server",
            host: "mail.example.com",
            port: "",
            encryption: "starttls",
            smtp_user: "anna",
            smtp_password: "s/ecret",
            from_address: "news@example.com",
            from_name: "Ромашка",
        }
    }

    fn fields(typed: &TypedMailServer<'_>, before: &MailServer) -> Vec<(&'static str, String)> {
        let problems = typed.parse(before).unwrap_err();
        problems.iter().map(|(field, problem)| (field, problem.id.to_string())).collect()
    }

    #[test]
    fn what_is_typed_is_stored_and_read_back() {
        let read = typed().parse(&nothing()).unwrap();
        assert_eq!(read.smtp_url(), "smtp://anna:s%2Fecret@mail.example.com:587?starttls=required");
        assert_eq!(read.mail_from(), "Ромашка <news@example.com>");
        assert_eq!(MailServer::stored(&read.smtp_url(), &read.mail_from()), read);
        for (encryption, port) in [("tls", 465), ("starttls", 587), ("optional", 25), ("none", 25)] {
            let read = TypedMailServer { encryption, ..typed() }.parse(&nothing()).unwrap();
            assert_eq!((read.encryption().as_str(), read.relay.as_ref().unwrap().port()), (encryption, port));
            assert_eq!(MailServer::stored(&read.smtp_url(), &read.mail_from()), read, "{encryption}");
        }
    }

    #[test]
    fn the_catcher_needs_nothing_else() {
        let catcher = TypedMailServer { route: "catcher", host: "bad host", port: "x", ..TypedMailServer::default() };
        let read = catcher.parse(&nothing()).unwrap();
        assert_eq!((read.smtp_url(), read.mail_from()), (String::new(), String::new()));
    }

    #[test]
    fn each_problem_stands_at_its_field() {
        for (typed, field, id) in [
            (TypedMailServer { route: "pigeon", ..typed() }, "route", "problem-choice"),
            (TypedMailServer { host: "  ", ..typed() }, "host", "problem-required"),
            (TypedMailServer { host: "smtp://x", ..typed() }, "host", "problem-mail-host"),
            (TypedMailServer { port: "65536", ..typed() }, "port", "problem-port"),
            (TypedMailServer { port: "0", ..typed() }, "port", "problem-port"),
            (TypedMailServer { encryption: "rot13", ..typed() }, "encryption", "problem-choice"),
            (TypedMailServer { smtp_password: "", ..typed() }, "smtp_password", "problem-mail-password"),
            (TypedMailServer { smtp_user: "", ..typed() }, "smtp_user", "problem-mail-user"),
            (TypedMailServer { from_address: "", ..typed() }, "from_address", "address-empty"),
            (TypedMailServer { from_name: "A <b>", ..typed() }, "from_name", "problem-from-name"),
        ] {
            assert_eq!(fields(&typed, &nothing()), [(field, id.to_owned())]);
        }
    }

    #[test]
    fn a_stored_password_stays_with_its_server() {
        let before = typed().parse(&nothing()).unwrap();
        let kept = TypedMailServer { smtp_password: "", from_name: "", ..typed() }.parse(&before).unwrap();
        assert_eq!(kept.relay.unwrap().credentials().unwrap().secret, "s/ecret");
        for other in [
            TypedMailServer { smtp_password: "", host: "other.example.com", ..typed() },
            TypedMailServer { smtp_password: "", smtp_user: "boris", ..typed() },
            TypedMailServer { smtp_password: "", port: "2525", ..typed() },
            TypedMailServer { smtp_password: "", encryption: "none", port: "587", ..typed() },
            TypedMailServer { smtp_password: "", encryption: "optional", port: "587", ..typed() },
        ] {
            assert_eq!(fields(&other, &before), [("smtp_password", "problem-mail-password".to_owned())]);
        }
        let without = TypedMailServer { smtp_password: "", smtp_user: "", ..typed() }.parse(&before).unwrap();
        assert_eq!(without.relay.unwrap().credentials(), None);
    }
}
