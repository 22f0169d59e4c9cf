//! The table that specifies [`super::classify`].

use super::{Blame, Judgement, Outcome, Phase, Verdict, classify};
use crate::reply::Reply;

use Blame::{Message, Nobody, Recipient, Sender, Server};
use Phase::{Auth, Body, Connect, Data, Dns, Dot, Ehlo, Greeting, MailFrom, RcptTo, Reset, StartTls, Tls};
use Verdict::{Accepted, Later, Never, Unknown};

#[test]
fn replies() {
    for (phase, code, text, verdict, blame) in [
        // Connecting: whatever it says, the server's fault.
        (Greeting, 554, "5.7.1 Your address is blocked", Later, Server),
        (Greeting, 421, "Too many connections", Later, Server),
        (Greeting, 521, "Host does not accept mail", Later, Server),
        (Ehlo, 550, "Bad HELO name", Later, Server),
        (StartTls, 454, "4.7.0 TLS not available", Later, Server),
        (Tls, 554, "No", Later, Server),
        (Auth, 535, "5.7.8 Bad credentials", Later, Server),
        (Auth, 454, "4.7.0 Try later", Later, Server),
        (Reset, 500, "What?", Later, Server),
        // MAIL FROM.
        (MailFrom, 421, "4.3.0 Closing", Later, Server),
        (MailFrom, 450, "4.1.8 Sender domain not found", Later, Sender),
        (MailFrom, 451, "4.3.0 Local trouble", Later, Server),
        (MailFrom, 452, "4.3.1 Disk full", Later, Server),
        (MailFrom, 530, "5.7.0 Authentication required", Later, Server),
        (MailFrom, 530, "5.7.0 Must issue STARTTLS first", Later, Server),
        (MailFrom, 503, "5.5.1 Bad sequence", Later, Server),
        (MailFrom, 555, "Parameter not known", Later, Server),
        (MailFrom, 550, "5.7.1 Sender not owned by user", Never, Sender),
        (MailFrom, 553, "5.1.8 Sender domain does not exist", Never, Sender),
        (MailFrom, 552, "Too big", Never, Message),
        (MailFrom, 552, "5.3.4 Too big", Never, Message),
        // RCPT TO.
        (RcptTo, 524, "5.2.4 Mailing list expansion problem", Never, Recipient),
        (RcptTo, 524, "Encryption needed", Later, Server),
        (RcptTo, 450, "4.2.0 Greylisted", Later, Recipient),
        (RcptTo, 451, "4.7.1 Greylisted", Later, Recipient),
        (RcptTo, 450, "Mailbox busy", Later, Recipient),
        (RcptTo, 452, "4.2.2 Mailbox full", Later, Recipient),
        (RcptTo, 452, "Insufficient storage", Later, Server),
        (RcptTo, 452, "4.5.3 Too many recipients", Later, Server),
        (RcptTo, 451, "4.3.0 Lookup failure", Later, Server),
        (RcptTo, 451, "4.4.1 No route", Later, Server),
        (RcptTo, 421, "4.7.0 Slow down", Later, Server),
        (RcptTo, 550, "5.1.1 No such user", Never, Recipient),
        (RcptTo, 550, "No such user", Never, Recipient),
        (RcptTo, 551, "User not local", Never, Recipient),
        (RcptTo, 553, "Mailbox name not allowed", Never, Recipient),
        (RcptTo, 501, "Bad address syntax", Never, Recipient),
        (RcptTo, 556, "5.1.10 Domain takes no mail", Never, Recipient),
        (RcptTo, 550, "5.7.1 Relaying denied", Never, Sender),
        (RcptTo, 550, "5.1.8 Bad sender", Never, Sender),
        (RcptTo, 552, "Too many recipients", Later, Recipient),
        (RcptTo, 552, "5.2.2 Mailbox full", Later, Recipient),
        (RcptTo, 552, "5.2.3 Message too big", Never, Message),
        (RcptTo, 503, "5.5.1 MAIL first", Later, Server),
        // DATA and after it.
        (Data, 451, "4.3.0 Trouble", Later, Server),
        (Data, 450, "4.7.1 <DATA>: Data command rejected: Greylisted", Later, Recipient),
        (Data, 450, "4.2.0 Greylisted", Later, Recipient),
        (Data, 451, "Try again later", Later, Recipient),
        (Data, 452, "Insufficient storage", Later, Server),
        (Data, 450, "4.1.8 Sender domain not found", Later, Sender),
        (Data, 554, "5.7.1 No", Never, Message),
        (Data, 503, "5.5.1 RCPT first", Later, Server),
        (Body, 552, "5.3.4 Too big", Never, Message),
        (Body, 421, "Timeout", Later, Server),
        (Body, 250, "OK", Later, Server),
        (Dot, 250, "2.0.0 Queued", Accepted, Nobody),
        (Dot, 251, "Will forward", Accepted, Nobody),
        (Dot, 354, "Go on", Unknown, Server),
        (Dot, 421, "4.3.2 Shutting down", Later, Server),
        (Dot, 451, "4.7.1 Try later", Later, Message),
        (Dot, 451, "4.3.0 Queue trouble", Later, Server),
        (Dot, 452, "Disk full", Later, Server),
        (Dot, 452, "4.2.2 Mailbox full", Later, Recipient),
        (Dot, 550, "5.7.1 Spam", Never, Message),
        (Dot, 550, "5.7.26 Unauthenticated", Never, Sender),
        (Dot, 550, "5.1.1 No such user", Never, Recipient),
        (Dot, 550, "Unavailable", Never, Recipient),
        (Dot, 552, "Too big", Never, Message),
        (Dot, 554, "Transaction failed", Never, Message),
        (Dot, 500, "Line too long", Later, Server),
    ] {
        let reply = Reply::new(code, text);
        assert_eq!(classify(phase, Outcome::Reply(&reply)), Judgement { verdict, blame }, "{phase}: {code} {text}");
    }
}

/// Words of real servers. A rate is temporary whatever the code; what only sounds like one is not.
#[test]
fn refusals_of_a_rate() {
    let long = "5.7.1 [192.0.2.1] Our system has detected an unusual rate of\n\
        unsolicited mail originating from your IP address. To protect our users from\n\
        spam, mail sent from your IP address has been blocked.";
    let quickly = "5.2.1 The user you are trying to contact is receiving mail at a rate that\n\
        prevents additional messages from being delivered. Please resend your message at a later time.";
    for (phase, code, text, verdict, blame) in [
        // QQ.
        (RcptTo, 550, "Connection frequency limited. http://service.mail.qq.com/", Later, Sender),
        (RcptTo, 550, "Ip frequency limited", Later, Sender),
        (Dot, 550, "Domain frequency limited", Later, Sender),
        (MailFrom, 550, "Sender frequency limited", Later, Sender),
        // Gmail.
        (MailFrom, 550, "5.4.5 Daily user sending limit exceeded. For more information on Gmail", Later, Sender),
        (Dot, 550, "5.4.5 Daily user sending limit exceeded", Later, Sender),
        (MailFrom, 550, "5.4.5 Daily sending quota exceeded - gsmtp", Later, Sender),
        (RcptTo, 550, "5.7.1 Daily SMTP relay limit exceeded for customer.", Later, Sender),
        (RcptTo, 550, quickly, Later, Recipient),
        (
            Dot,
            550,
            "5.7.28 Gmail has detected an unusual rate of unsolicited mail. To protect\n\
            our users from spam, mail has been temporarily rate limited.",
            Later,
            Sender,
        ),
        // Outlook and Exchange Online.
        (Dot, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Later, Sender),
        (
            RcptTo,
            550,
            "5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
            Later,
            Sender,
        ),
        (
            MailFrom,
            550,
            "RP-001 The mail server IP connecting to Outlook.com server has exceeded the rate limit allowed.",
            Later,
            Sender,
        ),
        (
            RcptTo,
            550,
            "5.2.121 Recipient's per hour message receive limit from specific sender exceeded",
            Later,
            Recipient,
        ),
        // Mail.ru, UniSender.
        (Dot, 550, "Ratelimit exceeded for mailbox anna@mail.ru. Try again later.", Later, Sender),
        (RcptTo, 550, "Too many messages. Try again in 92 seconds.", Later, Sender),
        // Others.
        (
            RcptTo,
            550,
            "Domain example.com has exceeded the max emails per hour (200/200 (100%)) allowed.  Message discarded.",
            Later,
            Sender,
        ),
        (Dot, 554, "Throttling failure: Maximum sending rate exceeded.", Later, Sender),
        (
            RcptTo,
            550,
            "5.7.1 <r@example.com>: Recipient address rejected: rate limited, try again later",
            Later,
            Sender,
        ),
        // No rates, or of none that passes by itself.
        (Dot, 550, long, Never, Message),
        (RcptTo, 550, long, Never, Sender),
        (Dot, 554, "5.7.1 Message rejected under suspicion of SPAM", Never, Message),
        (Dot, 550, "spam message rejected. Please visit http://help.mail.ru/notspam-support/id", Never, Recipient),
        (Dot, 550, "5.7.1 Low reputation rate of your domain", Never, Message),
        (RcptTo, 550, "5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", Never, Sender),
        (RcptTo, 550, "5.2.2 The email account that you tried to reach is over quota", Never, Recipient),
        (RcptTo, 550, "Requested action not taken: mailbox unavailable, rate our service", Never, Recipient),
        (RcptTo, 550, "5.1.1 No such user; try again later", Never, Recipient),
        (RcptTo, 554, "5.7.1 You have exceeded your quota of the outbound plan", Never, Sender),
    ] {
        let reply = Reply::new(code, text);
        assert_eq!(classify(phase, Outcome::Reply(&reply)), Judgement { verdict, blame }, "{phase}: {code} {text}");
    }
}

#[test]
fn only_the_dot_leaves_doubt() {
    for phase in [Dns, Connect, Tls, Greeting, Ehlo, StartTls, Auth, Reset, MailFrom, RcptTo, Data, Body] {
        for outcome in [Outcome::Lost, Outcome::TimedOut, Outcome::Garbage] {
            assert_eq!(classify(phase, outcome), Judgement { verdict: Later, blame: Server });
        }
    }
    for outcome in [Outcome::Lost, Outcome::TimedOut, Outcome::Garbage] {
        assert_eq!(classify(Dot, outcome), Judgement { verdict: Unknown, blame: Server });
    }
}

#[test]
fn only_a_reply_after_the_dot_accepts() {
    for &phase in Phase::ALL {
        for code in 200..600 {
            let Judgement { verdict, .. } = classify(phase, Outcome::Reply(&Reply::new(code, "")));
            assert_eq!(verdict == Accepted, phase == Dot && code < 300, "{phase} {code}");
            assert!(phase == Dot || verdict != Unknown, "{phase} {code}");
            assert!(phase >= MailFrom || verdict == Later, "{phase} {code}");
        }
    }
}

#[test]
fn names_round_trip() {
    for &phase in Phase::ALL {
        assert_eq!(Phase::from_id(phase.id()), Some(phase));
    }
    for &verdict in Verdict::ALL {
        assert_eq!(Verdict::from_id(verdict.id()), Some(verdict));
    }
    for &blame in Blame::ALL {
        assert_eq!(Blame::from_id(blame.id()), Some(blame));
    }
}
