//! Refusals that speak of a rate or of a quota for a time, and come as 5xx. They say "not now", whatever their code is: the
//! same mail is taken an hour or a day later.
//!
//! The table is small on purpose. A text stands in it only if the provider is known to say it of a rate and of nothing
//! else; in particular, none of a reputation, of content or of a mailbox that is full.

/// Of whose rate a refusal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateOf {
    /// What we send, to whomever.
    Sender,
    /// What this one mailbox gets.
    Recipient,
}

/// What the provider says, in lower case and on one line, and of whose rate.
#[rustfmt::skip] // One line a text.
const TEXTS: &[(&str, RateOf)] = &[
    // Gmail and Google Workspace.
    ("daily user sending limit exceeded", RateOf::Sender),
    ("daily sending quota exceeded", RateOf::Sender),
    ("daily smtp relay limit exceeded", RateOf::Sender),
    ("peak smtp relay limit exceeded", RateOf::Sender),
    ("mail has been temporarily rate limited", RateOf::Sender),
    ("is receiving mail too quickly", RateOf::Recipient),
    ("is receiving mail at a rate that prevents additional messages", RateOf::Recipient),
    // Outlook and Exchange Online.
    ("submissionquotaexceededexception", RateOf::Sender),
    ("reached your daily limit for message recipients", RateOf::Sender),
    ("reached your 24 hour limit for message recipients", RateOf::Sender),
    ("has exceeded the rate limit allowed", RateOf::Sender),
    ("limits for how many messages can be sent per hour and per day", RateOf::Sender),
    ("per hour message receive limit", RateOf::Recipient),
    // Mail.ru: of the mailbox that sends.
    ("ratelimit exceeded for mailbox", RateOf::Sender),
    // UniSender.
    ("too many messages. try again in", RateOf::Sender),
    // QQ.
    ("connection frequency limited", RateOf::Sender),
    ("domain frequency limited", RateOf::Sender),
    ("ip frequency limited", RateOf::Sender),
    ("sender frequency limited", RateOf::Sender),
    // Amazon SES.
    ("maximum sending rate exceeded", RateOf::Sender),
    ("daily message quota exceeded", RateOf::Sender),
    // Exim as cPanel configures it.
    ("has exceeded the max emails per hour", RateOf::Sender),
    ("has exceeded the max defers and failures per hour", RateOf::Sender),
    // Policy services of Postfix, and hosts in general.
    ("rate limited, try again later", RateOf::Sender),
    ("rate limit exceeded, try again later", RateOf::Sender),
    ("rate limit exceeded, please try again later", RateOf::Sender),
];

/// Of whose rate a refusal with these words speaks, if it speaks of one.
pub fn speaks_of_rate(words: &str) -> Option<RateOf> {
    // Lines are broken anywhere, and spaces are doubled there.
    let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
    let text = words.join(" ");
    TEXTS.iter().find(|(known, _)| text.contains(known)).map(|(_, of)| *of)
}
