//! What administrators decide about the installation as a whole.

use std::time::Duration;

use vestnik_mail::address::EmailAddress;

use crate::clock::UnixMillis;
use crate::permission::Permission;
use crate::problem::{Problem, Problems, line, paragraph};
use crate::text_enum::text_enum;
use crate::user::{Language, time_zone_name};

text_enum! {
    /// Who may get an account.
    pub enum RegistrationPolicy {
        /// Whoever registers.
        Open = "open",
        /// Whoever an administrator invites.
        Invited = "invited",
    }
}

text_enum! {
    /// From whom a second factor is wanted at login.
    pub enum SecondFactorPolicy {
        /// From those who have set one up.
        Optional = "optional",
        /// From everyone who may do more than keep things of their own: without one they may not.
        Required = "required",
    }
}

impl SecondFactorPolicy {
    /// Whether someone with these permissions must have a second factor to use them all.
    pub fn asks_of(self, granted: &[Permission]) -> bool {
        self == Self::Required && !granted.iter().all(|permission| permission.concerns_own())
    }
}

/// The settings of the installation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Installation {
    /// What it calls itself; empty: by the product's name.
    pub name: String,
    /// Language of those who have not chosen one, and whose browser asks for neither.
    pub language: Language,
    /// IANA name of the time zone of those who have not chosen one.
    pub time_zone: String,
    /// Who may get an account.
    pub registration: RegistrationPolicy,
    /// Domains of the addresses that may register, in lower case, separated by spaces; empty: all.
    pub allowed_domains: String,
    /// Days for which a browser stays signed in without being used.
    pub session_days: i64,
    /// Days after which a session ends however much it is used.
    pub session_limit_days: i64,
    /// From whom a second factor is wanted.
    pub second_factor: SecondFactorPolicy,
    /// How to reach those who run it, shown on the contacts page: lines of text; may be empty.
    pub contacts: String,
    /// The mail server's URL; empty: the built-in catcher, unless the process was started with another.
    pub smtp_url: String,
    /// Whether a password for it is stored that no key at hand decrypts; the URL is without it then, and of no use. Not a
    /// setting: see [`crate::keyring`].
    pub mail_password_unreadable: bool,
    /// What mail comes from, an address or `Name <address>`; empty: what the process was started with.
    pub mail_from: String,
    /// Of when the backup is that the database was restored from, as long as nothing is sent because no person has said
    /// that it may be. Not a setting: restoring begins it, and a word ends it.
    pub held: Option<UnixMillis>,
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionLifetimes {
    /// Without being used.
    pub unused: Duration,
    /// From its beginning, however much it is used.
    pub in_all: Duration,
}

impl SessionLifetimes {
    /// When a session ends that began at `began` and was last used at `used`.
    pub fn ends_at(&self, began: UnixMillis, used: UnixMillis) -> UnixMillis {
        used.plus(self.unused).min(began.plus(self.in_all))
    }
}

impl Installation {
    /// How long browsers stay signed in.
    pub fn session_lifetimes(&self) -> SessionLifetimes {
        let days = |days: i64| Duration::from_secs(days.clamp(1, LONGEST_SESSION) as u64 * 86_400);
        SessionLifetimes { unused: days(self.session_days), in_all: days(self.session_limit_days) }
    }

    /// Whether someone with this address may register.
    pub fn lets_register(&self, email: &EmailAddress) -> bool {
        let mut allowed = self.allowed_domains.split_whitespace().peekable();
        allowed.peek().is_none() || allowed.any(|domain| domain == email.domain())
    }
}

/// In characters.
const LONGEST_CONTACTS: usize = 2_000;
/// In days.
const LONGEST_SESSION: i64 = 365;

/// The settings as typed, but for those of the mail server.
#[derive(Clone, Debug, Default)]
pub struct TypedInstallation<'a> {
    /// What the installation calls itself.
    pub name: &'a str,
    /// `ru` or `en`.
    pub language: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// `open` or `invited`.
    pub registration: &'a str,
    /// Separated by commas, spaces or line ends.
    pub allowed_domains: &'a str,
    /// A whole number.
    pub session_days: &'a str,
    /// A whole number.
    pub session_limit_days: &'a str,
    /// `optional` or `required`.
    pub second_factor: &'a str,
    /// Lines of text.
    pub contacts: &'a str,
}

impl TypedInstallation<'_> {
    /// Checks the fields, each named as its field here; what concerns the mail server stays as it is in `before`.
    pub fn parse(&self, before: &Installation) -> Result<Installation, Problems> {
        let mut problems = Problems::default();
        let choice = || Problem::new("problem-choice");
        let name = problems.take("name", line(self.name, false, 100));
        let language = problems.take("language", self.language.parse().map_err(|_| choice()));
        let time_zone = problems.take("time_zone", time_zone_name(self.time_zone));
        let registration = problems.take("registration", self.registration.parse().map_err(|_| choice()));
        let allowed_domains = problems.take("allowed_domains", domains(self.allowed_domains));
        let session_days = problems.take("session_days", days(self.session_days));
        let session_limit_days = problems.take("session_limit_days", days(self.session_limit_days));
        let second_factor = problems.take("second_factor", self.second_factor.parse().map_err(|_| choice()));
        let contacts =
            problems.take("contacts", paragraph(self.contacts.replace("\r\n", "\n").trim(), LONGEST_CONTACTS));
        let installation = (|| {
            Some(Installation {
                name: name?,
                language: language?,
                time_zone: time_zone?,
                registration: registration?,
                allowed_domains: allowed_domains?,
                session_days: session_days?,
                session_limit_days: session_limit_days?,
                second_factor: second_factor?,
                contacts: contacts?,
                smtp_url: before.smtp_url.clone(),
                mail_password_unreadable: before.mail_password_unreadable,
                mail_from: before.mail_from.clone(),
                held: before.held,
            })
        })();
        problems.into_result(installation)
    }
}

fn days(text: &str) -> Result<i64, Problem> {
    let wrong = || Problem::new("problem-session-days").with("longest", LONGEST_SESSION);
    text.trim().parse().ok().filter(|days| (1..=LONGEST_SESSION).contains(days)).ok_or_else(wrong)
}

/// Reads domains as people list them: with or without `@`, in any script.
fn domains(text: &str) -> Result<String, Problem> {
    let mut known: Vec<String> = Vec::new();
    for typed in text.split(|c: char| c.is_whitespace() || c == ',' || c == ';').filter(|typed| !typed.is_empty()) {
        let address = EmailAddress::parse(&format!("any@{}", typed.trim_start_matches('@')))
            .map_err(|_| Problem::new("problem-domain").with("domain", typed))?;
        let domain = address.domain().to_owned();
        if !known.contains(&domain) {
            known.push(domain);
        }
    }
    let list = known.join(" ");
    if list.len() > 4_000 {
        Err(Problem::new("problem-too-long").with("longest", 4_000).with("length", list.len()))
    } else {
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain() -> Installation {
        Installation {
            name: String::new(),
            language: Language::En,
            time_zone: "UTC".into(),
            registration: RegistrationPolicy::Open,
            allowed_domains: String::new(),
            session_days: 30,
            session_limit_days: 90,
            second_factor: SecondFactorPolicy::Optional,
            contacts: String::new(),
            smtp_url: "smtp://relay.example".into(),
            mail_password_unreadable: false,
            mail_from: "news@example.com".into(),
            held: None,
        }
    }

    fn typed() -> TypedInstallation<'static> {
        TypedInstallation {
            name: "Ромашка",
            language: "ru",
            time_zone: "Europe/Moscow",
            registration: "invited",
            allowed_domains: "@Example.com, пример.рф\nexample.com",
            session_days: "7",
            session_limit_days: "14",
            second_factor: "required",
            contacts: "Мира, 1\r\n+7 900 000-00-00\n",
        }
    }

    #[test]
    fn typed_settings_are_read_and_the_mail_server_stays() {
        let read = typed().parse(&plain()).unwrap();
        assert_eq!((read.session_days, read.registration), (7, RegistrationPolicy::Invited));
        assert_eq!(read.allowed_domains, "example.com xn--e1afmkfd.xn--p1ai");
        assert_eq!(read.contacts, "Мира, 1\n+7 900 000-00-00");
        assert_eq!(read.smtp_url, "smtp://relay.example");
        let days = |days: u64| Duration::from_secs(days * 86_400);
        assert_eq!(read.session_lifetimes(), SessionLifetimes { unused: days(7), in_all: days(14) });
    }

    #[test]
    fn session_ends_when_unused_and_at_its_limit() {
        const DAY: i64 = 86_400_000;
        let lifetimes = Installation { session_days: 7, session_limit_days: 14, ..plain() }.session_lifetimes();
        for (used, ends) in [(0, 7), (5, 12), (7, 14), (8, 14), (13, 14)] {
            let ends_at = lifetimes.ends_at(UnixMillis(0), UnixMillis(used * DAY));
            assert_eq!(ends_at, UnixMillis(ends * DAY), "last used on day {used}");
        }
    }

    #[test]
    fn each_problem_stands_at_its_field() {
        let typed = TypedInstallation {
            language: "de",
            time_zone: "Mars/Base",
            registration: "closed",
            allowed_domains: "two..dots",
            session_days: "0",
            session_limit_days: "366",
            second_factor: "maybe",
            ..typed()
        };
        let problems = typed.parse(&plain()).unwrap_err();
        let fields: Vec<_> = problems.iter().map(|(field, _)| field).collect();
        assert_eq!(
            fields,
            [
                "language",
                "time_zone",
                "registration",
                "allowed_domains",
                "session_days",
                "session_limit_days",
                "second_factor"
            ]
        );
    }

    #[test]
    fn who_may_register_is_told_by_the_domain() {
        let address = |text: &str| EmailAddress::parse(text).unwrap();
        let only = Installation { allowed_domains: "example.com xn--e1afmkfd.xn--p1ai".into(), ..plain() };
        for (email, may) in
            [("a@example.com", true), ("a@EXAMPLE.com", true), ("a@пример.рф", true), ("a@sub.example.com", false)]
        {
            assert_eq!(only.lets_register(&address(email)), may, "{email}");
        }
        assert!(plain().lets_register(&address("a@anything.example")));
    }
}
