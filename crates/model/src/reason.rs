//! Why a message was not taken, in the few kinds that people act on.
//!
//! A mail server says so in codes and in words of its own. [`Reason::of`] goes by the enhanced code (RFC 3463 and the
//! registry of RFC 5248), which is meant for programs; where that says nothing, by what many servers write; and at last by
//! the reply's code (RFC 5321, 4.2.3). It decides what reports say, never what is sent again: that is `mail::verdict`.

use vestnik_mail::rate_refusals::speaks_of_rate;

use crate::text_enum::text_enum;

text_enum! {
    /// A kind of reason. Its words are `reason-{name}`.
    pub enum Reason {
        /// There is no such mailbox.
        NoAddress = "no-address",
        /// There is no such domain, or it takes no mail.
        NoDomain = "no-domain",
        /// The mailbox has no room.
        Full = "full",
        /// The mailbox exists and is switched off.
        Disabled = "disabled",
        /// The message is larger than is taken.
        TooLarge = "too-large",
        /// Taken for spam, or against the receiver's rules.
        Spam = "spam",
        /// The sender's address or domain does not hold: SPF, DKIM, DMARC, no such domain.
        Sender = "sender",
        /// More at once than the receiver takes.
        TooMany = "too-many",
        /// To be tried again later: greylisting, a mailbox in use.
        Later = "later",
        /// The letter could not be made: a field of the message does not fit this recipient.
        Message = "message",
        /// The mail server or the way to it: nothing about the recipient.
        Server = "server",
        /// None of these.
        Other = "other",
    }
}

/// Phases in which the server knows of no message: whatever it says there is between the two of us.
const BEFORE_MAIL: &[&str] = &["dns", "connect", "tls", "greeting", "ehlo", "starttls", "auth"];

/// Of the words, so many characters are looked at.
const LOOKED_AT: usize = 500;

/// What servers write, in lower case. The first that is found decides: those that say most come first.
const WORDS: &[(Reason, &[&str])] = &[
    // A relay that does not take mail from us refuses everyone: those who take it for their fault lose a good list.
    (
        Reason::Server,
        &[
            "relay access denied",
            "relaying denied",
            "relay denied",
            "unable to relay",
            "relay not permitted",
            "not relay",
        ],
    ),
    (Reason::NoAddress, &["recipient address rejected: access denied"]),
    (
        Reason::NoDomain,
        &["domain not found", "host not found", "no such domain", "unknown domain", "domain does not exist", "nullmx"],
    ),
    (Reason::Sender, &["spf", "dkim", "dmarc", "sender address rejected", "sender verify", "unauthenticated"]),
    (
        Reason::Spam,
        &["spam", "blacklist", "blocklist", "block list", "blocked", "denylist", "reputation", "virus", "phish"],
    ),
    (Reason::TooLarge, &["too large", "too big", "size limit", "message size", "maximum size", "exceeds size"]),
    (Reason::Full, &["quota", "mailbox full", "mailbox is full", "mailbox size", "insufficient storage"]),
    (Reason::Disabled, &["disabled", "inactive", "suspended", "deactivated", "account is locked"]),
    (Reason::TooMany, &["too many", "rate limit", "ratelimit", "too fast", "unusual rate"]),
    (Reason::Later, &["greylist", "graylist", "grey-list", "gray-list", "greylisted", "try again later"]),
    (
        Reason::NoAddress,
        &[
            "user unknown",
            "unknown user",
            "user not found",
            "no such user",
            "no such address",
            "no such recipient",
            "no such mailbox",
            "no mailbox",
            "not exist",
            "doesn't exist",
            "recipient not found",
            "unknown recipient",
            "recipient unknown",
            "invalid recipient",
            "invalid mailbox",
            "mailbox unavailable",
            "mailbox not found",
            "unknown address",
            "unknown local part",
        ],
    ),
    (Reason::Spam, &["policy", "not allowed", "access denied", "prohibited"]),
];

impl Reason {
    /// The kind of an answer that was no success: the reply's code and enhanced code, if there was a reply, the id of what
    /// happened instead, if that is known, the server's words, and in which phase. Takes whatever a server may say.
    pub fn of(code: Option<i64>, enhanced: Option<&str>, error: &str, words: &str, phase: &str) -> Self {
        if BEFORE_MAIL.contains(&phase) {
            return Self::Server;
        }
        let Some(code) = code else { return Self::without_reply(error, words, phase) };
        // Many come with a code that says something else: 550, as for a mailbox that is not there.
        if speaks_of_rate(words).is_some() {
            return Self::TooMany;
        }
        let enhanced = enhanced.and_then(subject_and_detail);
        enhanced
            .and_then(|(subject, detail)| Self::of_enhanced(code, subject, detail))
            .or_else(|| Self::of_words(words))
            .unwrap_or_else(|| match enhanced {
                // Refused by rules, which is more than the reply's code says.
                Some((7, 0..=2)) => Self::Spam,
                Some((4, 1)) => Self::Server,
                _ => Self::of_code(code),
            })
    }

    /// Of what we say ourselves, where nobody was asked.
    fn without_reply(error: &str, words: &str, phase: &str) -> Self {
        match error {
            "smtp-message-too-large" => return Self::TooLarge,
            "smtp-needs-smtputf8"
            | "smtp-needs-8bitmime"
            | "delivery-error-internal"
            | "delivery-error-ended-while-rendered" => return Self::Other,
            _ => {}
        }
        match phase {
            "render" => Self::Message,
            // Attempts from before errors had kinds.
            _ if words.contains("octets, the server takes") => Self::TooLarge,
            _ if words.contains("needs SMTPUTF8") || words.contains("needs 8BITMIME") => Self::Other,
            _ => Self::Server,
        }
    }

    /// `None`: it does not say enough.
    fn of_enhanced(code: i64, subject: u16, detail: u16) -> Option<Self> {
        let for_good = code / 100 == 5;
        Some(match (subject, detail) {
            // Bad address, bad syntax of it, ambiguous, moved; the mailbox is another person's now (RFC 7293).
            (1, 1 | 3 | 4 | 6) | (7, 17) => Self::NoAddress,
            // Bad system, a null MX (RFC 7505); the domain is someone else's now (RFC 7293).
            (1, 2 | 10) | (7, 18) => Self::NoDomain,
            // No route to it, which for now is a fault of the way and for good means that there is nowhere to go.
            (4, 4) if for_good => Self::NoDomain,
            // Sender's address; SPF, DKIM, DMARC, reverse DNS and a sender with a null MX (RFC 7372, 8601, 7505).
            (1, 7 | 8) | (7, 20..=27 | 29) => Self::Sender,
            (2, 1) => Self::Disabled,
            (2, 2) => Self::Full,
            (2, 3) | (3, 4) | (7, 16) => Self::TooLarge,
            (5, 3) | (7, 28) => Self::TooMany,
            // Logging in, encryption (RFC 4954, 8689): between the mail server and us.
            (7, 3..=15 | 30) => Self::Server,
            // "Access denied", as some say of a mailbox that is not there.
            (4, 1) if for_good => return None,
            // "Not authorised" says many a server of whoever is greylisted, and of whom it does not know.
            (7, 0..=2) => return (!for_good).then_some(Self::Later),
            (3..=5, 1..) => Self::Server,
            _ => return None,
        })
    }

    fn of_words(words: &str) -> Option<Self> {
        let words: String = words.chars().take(LOOKED_AT).flat_map(char::to_lowercase).collect();
        WORDS.iter().find(|(_, written)| written.iter().any(|part| words.contains(part))).map(|(reason, _)| *reason)
    }

    fn of_code(code: i64) -> Self {
        match code {
            550 | 551 | 553 => Self::NoAddress,
            556 => Self::NoDomain,
            552 => Self::Full,
            554 | 571 => Self::Spam,
            421 | 452 | 454 | 455 | 500..=504 | 521 | 523..=538 | 555 => Self::Server,
            400..=499 => Self::Later,
            _ => Self::Other,
        }
    }
}

fn subject_and_detail(code: &str) -> Option<(u16, u16)> {
    let mut parts = code.trim().split('.');
    let (_class, subject, detail) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then_some((subject, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_say() {
        use Reason::*;
        let table = [
            // By the enhanced code, whatever the words are.
            (550, "5.1.1", "spam? no: the email account that you tried to reach does not exist", NoAddress),
            (550, "5.1.3", "", NoAddress),
            (551, "5.1.6", "moved", NoAddress),
            (550, "5.7.17", "", NoAddress),
            (450, "4.1.1", "unverified address", NoAddress),
            (550, "5.1.2", "", NoDomain),
            (556, "5.1.10", "Recipient address has null MX", NoDomain),
            (550, "5.4.4", "Unable to route", NoDomain),
            (550, "5.7.18", "", NoDomain),
            (452, "4.2.2", "The email account is over quota", Full),
            (552, "5.2.2", "", Full),
            (550, "5.2.1", "The email account is inactive", Disabled),
            (552, "5.3.4", "Message too big for system", TooLarge),
            (552, "5.2.3", "", TooLarge),
            (550, "5.7.26", "Unauthenticated email is not accepted due to the domain's DMARC policy", Sender),
            (550, "5.7.23", "SPF", Sender),
            (553, "5.1.8", "", Sender),
            (421, "4.7.28", "unusual rate of mail", TooMany),
            (550, "", "Connection frequency limited", TooMany),
            (550, "5.4.5", "Daily user sending limit exceeded", TooMany),
            (550, "5.4.5", "Daily sending quota exceeded", TooMany),
            (550, "5.2.1", "The user you are trying to contact is receiving mail too quickly", TooMany),
            (452, "4.5.3", "", TooMany),
            (451, "4.7.1", "Greylisted", Later),
            (450, "4.7.0", "", Later),
            (451, "4.3.0", "", Later),
            (451, "4.3.2", "", Server),
            (421, "4.4.2", "timeout", Server),
            (535, "5.7.8", "Authentication failed", Server),
            (550, "5.7.30", "REQUIRETLS support required", Server),
            // Where it says nothing, by the words.
            (550, "5.7.1", "Relaying denied", Server),
            (550, "5.7.1", "Unable to relay", Server),
            (554, "5.7.1", "<a@example.org>: Relay access denied", Server),
            (550, "", "relay not permitted", Server),
            (550, "5.4.1", "Recipient address rejected: Access denied. [host]", NoAddress),
            (550, "5.4.1", "", Server),
            (550, "5.7.1", "", Spam),
            (550, "5.7.1", "Not today", Spam),
            (550, "5.7.1", "Message rejected as spam by Content Filtering", Spam),
            (550, "5.7.1", "No such user!", NoAddress),
            (554, "5.7.1", "", Spam),
            (550, "5.0.0", "Mailbox quota exceeded", Full),
            (550, "", "Message was not accepted -- invalid mailbox. Local mailbox is unavailable", NoAddress),
            (554, "", "delivery error: This user doesn't have a yahoo.com account: does not exist", NoAddress),
            (550, "", "Sorry, your IP is on our BLOCKLIST", Spam),
            (552, "", "message size exceeds fixed limit", TooLarge),
            (450, "", "Recipient address rejected: Domain not found", NoDomain),
            (421, "", "Too many connections", TooMany),
            // And at last by the code.
            (550, "", "", NoAddress),
            (550, "1.2.3.4", "", NoAddress),
            (552, "", "", Full),
            (554, "", "Transaction failed", Spam),
            (556, "", "", NoDomain),
            (421, "", "", Server),
            (450, "", "", Later),
            (530, "", "", Server),
            (599, "", "", Other),
            (0, "", "", Other),
        ];
        for (code, enhanced, words, reason) in table {
            let enhanced = Some(enhanced).filter(|enhanced| !enhanced.is_empty());
            assert_eq!(Reason::of(Some(code), enhanced, "", words, "rcpt-to"), reason, "{code} {enhanced:?} {words}");
        }
        for (words, phase, reason) in [
            ("the connection was refused: spam, quota", "connect", Server),
            ("undefined value", "render", Message),
            ("the message has 41943040 octets, the server takes 10485760", "mail", TooLarge),
            ("the address needs SMTPUTF8, which the server does not know", "mail", Other),
        ] {
            assert_eq!(Reason::of(None, None, "", words, phase), reason, "there was no reply: {words}");
        }
        for (error, phase, reason) in [
            ("smtp-connection-refused", "connect", Server),
            ("smtp-reply-timed-out", "data", Server),
            ("smtp-message-too-large", "mail-from", TooLarge),
            ("smtp-needs-smtputf8", "mail-from", Other),
            ("problem-template-unknown", "render", Message),
        ] {
            assert_eq!(Reason::of(None, None, error, "", phase), reason, "{error}");
        }
        // What is said before a message is spoken of says nothing about one.
        for phase in BEFORE_MAIL {
            assert_eq!(Reason::of(Some(554), Some("5.7.1"), "", "blocked: spam", phase), Server, "{phase}");
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_a_server_says_there_is_a_reason(
            code in proptest::option::of(proptest::num::i64::ANY),
            enhanced in proptest::option::of(".{0,40}|[0-9]{1,6}\\.[0-9]{0,6}\\.[0-9]{0,6}"),
            words in "(?s).{0,2500}",
        ) {
            let reason = Reason::of(code, enhanced.as_deref(), "", &words, "data");
            proptest::prop_assert!(Reason::ALL.contains(&reason));
            // What stands far behind decides nothing.
            let long = words.chars().chain(" ".repeat(LOOKED_AT).chars()).chain("spam".chars()).collect::<String>();
            proptest::prop_assert_eq!(Reason::of(code, enhanced.as_deref(), "", &long, "data"), reason);
        }

        #[test]
        fn an_enhanced_code_that_says_enough_cannot_be_talked_over(words in "(?s).{0,600}") {
            proptest::prop_assert_eq!(Reason::of(Some(550), Some("5.1.1"), "", &words, "rcpt-to"), Reason::NoAddress);
            proptest::prop_assert_eq!(Reason::of(Some(552), Some("5.2.2"), "", &words, "rcpt-to"), Reason::Full);
        }
    }
}
