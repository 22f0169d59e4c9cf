//! What an outcome means: [`classify`] turns what happened, and in which phase, into a [`Verdict`] and a [`Blame`].
//!
//! The rule, in the order it is applied:
//! 1. Before the final dot nothing was handed over, so everything is safe to try again.
//! 2. After it, only a proper reply says what became of the message; silence, a lost connection or garbage leave
//!    it [`Verdict::Unknown`].
//! 3. A server that is in trouble or does not want us (421, lost connections, any refusal before `MAIL FROM`,
//!    protocol errors) is to blame itself: that says nothing of the recipient.
//! 4. Otherwise 4xx is later and 5xx never (RFC 5321 4.2.1), and the enhanced code (RFC 3463) says whose fault. A 5xx that
//!    is known to speak of a rate is later as well.

use std::fmt;

use crate::rate_refusals::{RateOf, speaks_of_rate};
use crate::reply::Reply;

/// Gives a field-less enum stable names for storage and translation.
macro_rules! named {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// All of them, in order.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];

            /// A stable name in kebab case, for storage and translation.
            pub fn id(self) -> &'static str {
                match self { $($type::$variant => $name),+ }
            }

            /// The one with this name.
            pub fn from_id(id: &str) -> Option<Self> {
                match id { $($name => Some($type::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.id())
            }
        }
    };
}

/// How far a delivery had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Looking the relay's name up.
    Dns,
    /// Connecting.
    Connect,
    /// The TLS handshake, at once or after STARTTLS.
    Tls,
    /// Waiting for the server's first words.
    Greeting,
    /// EHLO.
    Ehlo,
    /// The STARTTLS command.
    StartTls,
    /// AUTH.
    Auth,
    /// RSET, after an earlier message was refused.
    Reset,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, up to its 354.
    Data,
    /// Writing the message, up to the final dot.
    Body,
    /// From the final dot on.
    Dot,
}

named!(Phase {
    Dns = "dns",
    Connect = "connect",
    Tls = "tls",
    Greeting = "greeting",
    Ehlo = "ehlo",
    StartTls = "starttls",
    Auth = "auth",
    Reset = "reset",
    MailFrom = "mail-from",
    RcptTo = "rcpt-to",
    Data = "data",
    Body = "body",
    Dot = "dot",
});

/// What became of a message for its recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The server took it.
    Accepted,
    /// It was not taken; trying again is safe and may help.
    Later,
    /// It was not taken and will not be.
    Never,
    /// It may have been taken: the final dot was written and no proper reply came.
    Unknown,
}

named!(Verdict { Accepted = "accepted", Later = "later", Never = "never", Unknown = "unknown" });

/// Whose doing it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Nobody's: accepted, or stopped on our side.
    Nobody,
    /// The server, the way to it, or our configuration of it. Every message through it fares alike: back off from
    /// the server, not from the recipient.
    Server,
    /// The sender's address or standing: every message from it through this server fares alike.
    Sender,
    /// The recipient's address or mailbox.
    Recipient,
    /// What the message holds or how big it is.
    Message,
}

named!(Blame {
    Nobody = "nobody",
    Server = "server",
    Sender = "sender",
    Recipient = "recipient",
    Message = "message",
});

/// What happened in a phase.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// The server answered.
    Reply(&'a Reply),
    /// The connection was refused, broke or ended.
    Lost,
    /// The phase's deadline passed.
    TimedOut,
    /// What came was no reply, one that the phase does not know, or one that nobody had asked for.
    Garbage,
}

/// The verdict with its blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judgement {
    /// What became of the message.
    pub verdict: Verdict,
    /// Whose doing it was.
    pub blame: Blame,
}

const fn judge(verdict: Verdict, blame: Blame) -> Judgement {
    Judgement { verdict, blame }
}

/// The verdict on what happened in a phase. Pure; the table of its tests is its specification.
pub fn classify(phase: Phase, outcome: Outcome<'_>) -> Judgement {
    let reply = match outcome {
        Outcome::Reply(reply) => reply,
        Outcome::Lost | Outcome::TimedOut | Outcome::Garbage if phase == Phase::Dot => {
            return judge(Verdict::Unknown, Blame::Server);
        }
        Outcome::Lost | Outcome::TimedOut | Outcome::Garbage => {
            return judge(Verdict::Later, Blame::Server);
        }
    };
    match reply.code / 100 {
        2 if phase == Phase::Dot => judge(Verdict::Accepted, Blame::Nobody),
        4 | 5 if phase < Phase::MailFrom => judge(Verdict::Later, Blame::Server),
        4 => judge(Verdict::Later, blame_transient(phase, reply)),
        5 => judge_permanent(phase, reply),
        // A positive answer where the message was refused in no way, or a 3xx where none belongs: not a reply to
        // what was asked.
        _ => classify(phase, Outcome::Garbage),
    }
}

fn enhanced(reply: &Reply) -> Option<(u16, u16)> {
    reply.enhanced.map(|code| (code.subject, code.detail))
}

/// Sender's address or system wrong (RFC 3463 x.1.7, x.1.8; RFC 7372 and RFC 8601 x.7.20 to x.7.27 and x.7.30).
fn names_sender(code: Option<(u16, u16)>) -> bool {
    matches!(code, Some((1, 7 | 8) | (7, 20..=27 | 29 | 30)))
}

/// Too big for the mailbox or the system (RFC 3463 x.2.3, x.3.4).
fn names_size(code: Option<(u16, u16)>) -> bool {
    matches!(code, Some((2, 3) | (3, 4)))
}

/// Commands not known, not in order, with parameters not known; authentication wanted or failed. They concern the
/// conversation, never the message.
fn concerns_conversation(code: u16) -> bool {
    matches!(code, 421 | 454 | 455 | 500 | 502..=504 | 523 | 524 | 530 | 534 | 535 | 538 | 555)
}

fn blame_transient(phase: Phase, reply: &Reply) -> Blame {
    let code = enhanced(reply);
    if concerns_conversation(reply.code) || matches!(code, Some((3 | 5, _)) | Some((4, _))) {
        return Blame::Server;
    }
    match phase {
        Phase::MailFrom => Blame::Sender,
        // Plain 452 is a full disk (RFC 5321 4.2.2); 4.2.2 in a 452 is a full mailbox.
        Phase::RcptTo | Phase::Data | Phase::Dot if reply.code == 452 && !matches!(code, Some((1 | 2, _))) => {
            Blame::Server
        }
        // Greylisting comes as 450 or 451 with 4.2.0 or 4.7.1, at RCPT or, with a policy that wants to know all
        // recipients, at DATA, and concerns this recipient alone: were it blamed on the server, one greylisted address
        // would hold up the lane.
        Phase::RcptTo | Phase::Data => {
            if names_sender(code) {
                Blame::Sender
            } else {
                Blame::Recipient
            }
        }
        Phase::Dot => match code {
            Some((1 | 2, _)) => Blame::Recipient,
            _ if names_sender(code) => Blame::Sender,
            _ => Blame::Message,
        },
        _ => Blame::Server,
    }
}

fn judge_permanent(phase: Phase, reply: &Reply) -> Judgement {
    let code = enhanced(reply);
    match speaks_of_rate(&reply.text) {
        Some(RateOf::Recipient) if phase >= Phase::RcptTo => return judge(Verdict::Later, Blame::Recipient),
        Some(_) => return judge(Verdict::Later, Blame::Sender),
        None => {}
    }
    if names_size(code) {
        return judge(Verdict::Never, Blame::Message);
    }
    // Some say 524 of an address that a list of theirs does not have: where the enhanced code names the mailbox, it decides.
    let names_mailbox = phase >= Phase::RcptTo && matches!(code, Some((1 | 2, _)));
    // x.4.x, x.5.x: routing and protocol. A relay that lost its way says so with a 5xx all too readily.
    if (concerns_conversation(reply.code) && !names_mailbox) || matches!(code, Some((5, _))) {
        return judge(Verdict::Later, Blame::Server);
    }
    match phase {
        // The server refuses the sender, so it would refuse the whole mailing, recipient by recipient. It is still
        // final: no retry mends an address. Who reads the blame can stop before the rest is burnt.
        Phase::MailFrom => match reply.code {
            552 => judge(Verdict::Never, Blame::Message),
            _ => judge(Verdict::Never, Blame::Sender),
        },
        // RFC 5321 4.5.3.1.10: an old mistake for 452, "clients SHOULD treat a 552 code in this case as a
        // temporary failure". Where it means a full mailbox (5.2.2) waiting helps as well.
        Phase::RcptTo if reply.code == 552 => judge(Verdict::Later, Blame::Recipient),
        Phase::RcptTo => judge(
            Verdict::Never,
            match code {
                // Policy: this sender may not write here; the address itself may be sound.
                Some((7, _)) => Blame::Sender,
                _ if names_sender(code) => Blame::Sender,
                Some((6, _)) => Blame::Message,
                _ => Blame::Recipient,
            },
        ),
        Phase::Dot | Phase::Body | Phase::Data => judge(
            Verdict::Never,
            match code {
                _ if names_sender(code) => Blame::Sender,
                Some((1 | 2, _)) => Blame::Recipient,
                // Plain 550 after the content is nearly always "mailbox unavailable" decided late; the others speak of
                // the content.
                None if matches!(reply.code, 550 | 551 | 553 | 556) => Blame::Recipient,
                _ => Blame::Message,
            },
        ),
        _ => judge(Verdict::Later, Blame::Server),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
