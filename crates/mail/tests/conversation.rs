//! How a session talks: what rides with what, when RSET and the hook come, what is never sent, long messages.

mod common;

use std::{io, time::Duration};

use common::{BODY, envelope, in_time, open, send};
use vestnik_mail::{
    error::SmtpError,
    faults::{Action, Behaviour, FaultServer, Stage},
    session::{Outgoing, Session},
    verdict::{
        Blame::{Message, Nobody, Recipient, Sender, Server},
        Phase::{self, Dot, MailFrom},
        Verdict::{Accepted, Later, Never, Unknown},
    },
};

#[tokio::test]
async fn a_missing_answer_to_the_dot_leaves_doubt() {
    let server = FaultServer::start(Behaviour::good().on(Stage::Dot, Action::Skip)).await.expect("starts");
    let sent = send(&mut open(&server).await, &envelope("a@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.phase, sent.usable), (Unknown, Dot, false));
}

#[tokio::test]
async fn an_extra_answer_to_the_dot_spoils_only_what_follows() {
    let extra = Action::Also(b"250 2.0.0 Once more\r\n".to_vec());
    let server = FaultServer::start(Behaviour::good().once(Stage::Dot, extra)).await.expect("starts");
    let mut session = open(&server).await;
    let (one, two) = (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
    assert_eq!(send(&mut session, &one, Some(&two)).await.verdict, Accepted);
    let sent = send(&mut session, &two, None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Server, false), "{sent:?}");
    assert_eq!(server.recipients(), ["one@example.com"]);
}

#[tokio::test]
async fn an_idle_connection_that_closes_is_noticed_before_anything_is_sent() {
    for farewell in [Action::Also(b"421 4.4.2 Idle too long\r\n".to_vec()), Action::Also(b"250 Hello?\r\n".to_vec())] {
        let server = FaultServer::start(Behaviour::good().once(Stage::Dot, farewell)).await.expect("starts");
        let mut session = open(&server).await;
        assert_eq!(send(&mut session, &envelope("a@example.com", "one@example.com"), None).await.verdict, Accepted);
        let commands = server.commands().len();
        let sent = send(&mut session, &envelope("a@example.com", "two@example.com"), None).await;
        assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Server, false), "{sent:?}");
        assert_eq!(server.commands().len(), commands);
        assert!(!session.check_idle());
    }
}

#[tokio::test]
async fn a_refused_recipient_may_still_be_asked_for_a_text() {
    let behaviour = Behaviour::good().goes_on_despite_refusal().on_recipient(
        Stage::Rcpt,
        "no@example.com",
        Action::reply("550 5.1.1 No such user"),
    );
    let server = FaultServer::start(behaviour).await.expect("starts");
    let mut session = open(&server).await;
    let all = ["one@example.com", "no@example.com", "two@example.com", "three@example.com"]
        .map(|to| envelope("a@example.com", to));
    let mut verdicts = Vec::new();
    for at in 0..all.len() {
        let sent = send(&mut session, &all[at], all.get(at + 1)).await;
        assert!(sent.usable);
        verdicts.push(sent.verdict);
    }
    assert_eq!(verdicts, [Accepted, Never, Accepted, Accepted]);
    assert_eq!(server.recipients(), ["one@example.com", "three@example.com", "two@example.com"]);
    assert!(server.accepted().iter().all(|one| one.bytes == BODY));
}

#[tokio::test]
async fn what_was_put_off_is_taken_the_second_time() {
    for (stage, words, phase) in [
        (Stage::Mail, "450 4.3.2 Try later", MailFrom),
        (Stage::Rcpt, "450 4.2.0 Greylisted", Phase::RcptTo),
        (Stage::Data, "451 4.3.0 Trouble", Phase::Data),
        (Stage::Dot, "450 4.2.0 Mailbox busy", Phase::Dot),
    ] {
        for pipelining in [true, false] {
            let context = format!("{words} at {stage:?}, pipelining: {pipelining}");
            let behaviour = Behaviour::good().once(stage, Action::reply(words));
            let behaviour = if pipelining { behaviour } else { behaviour.without("PIPELINING") };
            let server = FaultServer::start(behaviour).await.expect("starts");
            let mut session = open(&server).await;
            let one = envelope("a@example.com", "one@example.com");
            // Its second try rides behind the first.
            let sent = send(&mut session, &one, Some(&one)).await;
            assert_eq!((sent.verdict, sent.phase, sent.usable), (Later, phase, true), "{context}: {sent:?}");
            assert!(server.accepted().is_empty());
            let sent = send(&mut session, &one, None).await;
            assert_eq!((sent.verdict, sent.usable), (Accepted, true), "{context}: {sent:?}");
            assert_eq!(server.recipients(), ["one@example.com"], "{context}");
            assert_eq!((server.connections(), server.violations().len()), (1, 0), "{context}");
        }
    }
}

#[tokio::test]
async fn rset_can_fail_in_every_way() {
    for (action, phase) in [
        (Action::reply("421 4.3.2 Goodbye"), Phase::Reset),
        (Action::ReplyAndDrop("421 4.3.2 Goodbye".to_owned()), Phase::Reset),
        (Action::reply("500 5.5.1 Not known"), Phase::Reset),
        (Action::reply("451 4.3.0 Trouble"), Phase::Reset),
        (Action::reply("354 What?"), Phase::Reset),
        (Action::Bytes(b"\0\xff\r\n".to_vec()), Phase::Reset),
        (Action::Flood, Phase::Reset),
        (Action::Drop, Phase::Reset),
        // The row behind it is one too long or one too short; without PIPELINING, the silence is heard at once.
        (Action::Also(b"250 Extra\r\n".to_vec()), Phase::Data),
        (Action::Skip, Phase::Data),
    ] {
        for pipelining in [true, false] {
            let context = format!("{action:?}, pipelining: {pipelining}");
            let behaviour = Behaviour::good()
                .once(Stage::Rcpt, Action::reply("550 5.1.1 No such user"))
                .once(Stage::Rset, action.clone());
            let behaviour = if pipelining { behaviour } else { behaviour.without("PIPELINING") };
            let server = FaultServer::start(behaviour).await.expect("starts");
            let mut session = open(&server).await;
            assert_eq!(send(&mut session, &envelope("a@example.com", "no@example.com"), None).await.verdict, Never);
            let sent = send(&mut session, &envelope("a@example.com", "two@example.com"), None).await;
            let found = (sent.verdict, sent.blame, sent.usable);
            assert_eq!(found, (Later, Server, false), "{context}: {sent:?}");
            let phase = match action {
                Action::Skip if !pipelining => Phase::Reset,
                Action::Also(_) if !pipelining => MailFrom,
                _ => phase,
            };
            assert_eq!(sent.phase, phase, "{context}: {sent:?}");
            let sent = send(&mut session, &envelope("a@example.com", "three@example.com"), None).await;
            assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Nobody, false), "{context}: {sent:?}");
            assert!(server.accepted().is_empty(), "{context}");
        }
    }
}

#[tokio::test]
async fn an_answer_to_nothing_is_noticed_before_the_first_message() {
    for extra in [&b"250 Anything else?\r\n"[..], b"421 4.3.2 Goodbye\r\n", b"25", b"\xff\n"] {
        let server =
            FaultServer::start(Behaviour::good().on(Stage::Ehlo, Action::Also(extra.to_vec()))).await.expect("starts");
        let mut session = open(&server).await;
        let commands = server.commands().len();
        let sent = send(&mut session, &envelope("a@example.com", "one@example.com"), None).await;
        assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Server, false), "{extra:?}: {sent:?}");
        assert_eq!(server.commands().len(), commands, "{extra:?}");
    }
}

#[tokio::test]
async fn rset_comes_only_after_an_error() {
    let refuse = Action::reply("550 5.1.1 No such user");
    let server = FaultServer::start(Behaviour::good().on_recipient(Stage::Rcpt, "no@example.com", refuse))
        .await
        .expect("starts");
    let mut session = open(&server).await;
    let all = ["one@example.com", "no@example.com", "two@example.com"].map(|to| envelope("a@example.com", to));
    for at in 0..all.len() {
        let _ = send(&mut session, &all[at], all.get(at + 1)).await;
    }
    session.quit().await;
    let shown: Vec<String> =
        server.commands().iter().map(|line| line.split([' ', ':']).next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        shown,
        [
            "EHLO", "MAIL", "RCPT", "DATA", "<text>", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "<text>",
            "QUIT",
        ]
    );
}

#[tokio::test]
async fn another_message_than_the_announced_one_is_not_mixed_up() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    let all = ["one@example.com", "two@example.com", "three@example.com"].map(|to| envelope("a@example.com", to));
    assert_eq!(send(&mut session, &all[0], Some(&all[1])).await.verdict, Accepted);
    assert_eq!(session.announced().map(|envelope| envelope.to().to_owned()), Some("two@example.com".to_owned()));
    let sent = send(&mut session, &all[2], None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Nobody, false));
    assert_eq!(server.recipients(), ["one@example.com"]);
    // Unless the server had refused the announced one: then the way is free.
    let refuse = Action::reply("550 5.1.1 No such user");
    let server = FaultServer::start(Behaviour::good().on_recipient(Stage::Rcpt, "two@example.com", refuse))
        .await
        .expect("starts");
    let mut session = open(&server).await;
    assert_eq!(send(&mut session, &all[0], Some(&all[1])).await.verdict, Accepted);
    assert_eq!(send(&mut session, &all[2], None).await.verdict, Accepted);
    assert_eq!(server.recipients(), ["one@example.com", "three@example.com"]);
}

#[tokio::test]
async fn an_announced_message_can_be_given_up() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    let (one, two) = (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
    assert_eq!(send(&mut session, &one, Some(&two)).await.verdict, Accepted);
    in_time(session.quit()).await;
    assert_eq!(server.recipients(), ["one@example.com"]);
}

#[tokio::test]
async fn the_hook_is_called_once_and_before_the_dot() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    let (one, two) = (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
    let mut calls = 0;
    let message = Outgoing { envelope: &one, body: BODY };
    let sent = session.send(&message, Some(&two), || {
        calls += 1;
        assert!(server.accepted().is_empty());
        Ok(())
    });
    assert_eq!(in_time(sent).await.verdict, Accepted);
    assert_eq!(calls, 1);
    let message = Outgoing { envelope: &two, body: BODY };
    let sent = in_time(session.send(&message, None, || Err(io::Error::other("the journal is full")))).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Nobody, false));
    let detail = "the journal is full".to_owned();
    assert_eq!(sent.error, Some(SmtpError::StoppedBeforeDot { detail }));
    assert_eq!(server.recipients(), ["one@example.com"]);
}

#[tokio::test]
async fn a_connection_lost_within_a_long_message_leaves_no_doubt() {
    let body = [b"x".repeat(76), b"\r\n".to_vec()].concat().repeat(400_000);
    let farewell = Action::ReplyAndDrop("421 4.3.2 Goodbye".to_owned());
    for (action, resets) in [(Action::Drop, false), (Action::Drop, true), (farewell, false)] {
        let context = format!("{action:?}, reset: {resets}");
        let behaviour = Behaviour::good().without("SIZE").once(Stage::Body, action);
        let behaviour = if resets { behaviour.resets() } else { behaviour };
        let server = FaultServer::start(behaviour).await.expect("starts");
        let mut session = open(&server).await;
        let one = envelope("a@example.com", "one@example.com");
        let mut dotted = false;
        let message = Outgoing { envelope: &one, body: &body };
        let sent = in_time(session.send(&message, None, || {
            dotted = true;
            Ok(())
        }));
        let sent = sent.await;
        assert!(!dotted, "{context}");
        let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
        assert_eq!(found, (Later, Server, Phase::Body, false), "{context}: {sent:?}");
        let sent = send(&mut session, &one, None).await;
        assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Nobody, false), "{context}: {sent:?}");
    }
}

#[tokio::test]
async fn an_answer_ahead_of_the_dot_is_not_the_answer_to_it() {
    for (action, verdict, blame) in [
        (Action::reply("250 2.0.0 Accepted already"), Later, Server),
        (Action::reply("354 Go on"), Later, Server),
        (Action::reply("421 4.3.2 Goodbye"), Later, Server),
        (Action::Bytes(b"25".to_vec()), Later, Server),
        // A refusal is believed: nothing of the message is left with the server.
        (Action::reply("552 5.3.4 Too big"), Never, Message),
        (Action::reply("451 4.3.0 Trouble"), Later, Server),
        (Action::ReplyAndDrop("552 5.3.4 Too big".to_owned()), Never, Message),
    ] {
        let context = format!("{action:?}");
        let behaviour = Behaviour::good().without("SIZE").on(Stage::Body, action);
        let server = FaultServer::start(behaviour).await.expect("starts");
        // So narrow that the server has spoken before all is written.
        let pipe = server.pipe(16 * 1_024);
        let mut session = Session::open(pipe, &Default::default(), &common::short()).await.expect("opens");
        let mut dotted = false;
        let one = envelope("a@example.com", "one@example.com");
        let body = b"x".repeat(500_000);
        let message = Outgoing { envelope: &one, body: &body };
        let sending = session.send(&message, None, || {
            dotted = true;
            Ok(())
        });
        let sent = in_time(sending).await;
        let found = (sent.verdict, sent.blame, sent.phase, sent.usable, dotted);
        assert_eq!(found, (verdict, blame, Phase::Body, false, false), "{context}: {sent:?}");
        assert!(server.accepted().is_empty(), "{context}");
    }
}

#[tokio::test]
async fn a_long_message_arrives_whole() {
    let body = [b".".to_vec(), b"x".repeat(75), b"\r\n".to_vec()].concat().repeat(60_000);
    let server = FaultServer::start(Behaviour::good().max_size(10_000_000)).await.expect("starts");
    let mut session = open(&server).await;
    let (one, two) = (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
    for (envelope, next) in [(&one, Some(&two)), (&two, None)] {
        let sent = in_time(session.send(&Outgoing { envelope, body: &body }, next, || Ok(()))).await;
        assert_eq!(sent.verdict, Accepted, "{sent:?}");
    }
    assert!(server.accepted().iter().all(|one| one.bytes == body));
}

#[tokio::test]
async fn what_the_server_cannot_take_is_not_sent() {
    let behaviour = Behaviour::good().without("SMTPUTF8").without("8BITMIME").max_size(1_000);
    let server = FaultServer::start(behaviour).await.expect("starts");
    let mut session = open(&server).await;
    let plain = envelope("a@example.com", "b@example.com");
    let commands = server.commands().len();
    let sent = send(&mut session, &envelope("a@example.com", "иван@example.com"), Some(&plain)).await;
    assert_eq!((sent.verdict, sent.blame, sent.phase), (Never, Recipient, MailFrom));
    let mut session = open(&server).await;
    let sent = send(&mut session, &envelope("анна@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Never, Sender, true));
    let sent = send(&mut session, &plain.clone().with_eight_bit(), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.phase, sent.usable), (Never, Message, MailFrom, true));
    let sent = send(&mut session, &plain.clone().with_size(1_001), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Never, Message, true));
    let body = b"x".repeat(1_001);
    let sent = in_time(session.send(&Outgoing { envelope: &plain, body: &body }, None, || Ok(()))).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Never, Message, true));
    assert!(server.commands()[commands..].iter().all(|line| !line.contains("1001") && line.is_ascii()));
    assert_eq!(send(&mut session, &plain, None).await.verdict, Accepted);
}

#[tokio::test]
async fn international_addresses_ask_for_smtputf8() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    let utf8 = envelope("a@example.com", "иван@почта.рф").with_size(123);
    let ascii = envelope("a@почта.рф", "b@example.com");
    assert_eq!(send(&mut session, &utf8, Some(&ascii)).await.verdict, Accepted);
    assert_eq!(send(&mut session, &ascii, None).await.verdict, Accepted);
    let commands = server.commands();
    assert!(commands.contains(&"MAIL FROM:<a@example.com> SIZE=123 BODY=8BITMIME SMTPUTF8".to_owned()), "{commands:?}");
    assert!(commands.contains(&"MAIL FROM:<a@xn--80a1acny.xn--p1ai>".to_owned()), "{commands:?}");
    assert_eq!(server.recipients(), ["b@example.com", "иван@xn--80a1acny.xn--p1ai"]);
}

#[tokio::test]
async fn an_idle_connection_can_be_looked_at() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    assert!(session.check_idle());
    let one = envelope("a@example.com", "one@example.com");
    assert_eq!(send(&mut session, &one, None).await.verdict, Accepted);
    assert!(session.check_idle());
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!session.check_idle());
}

#[tokio::test]
async fn a_busy_task_does_not_take_its_own_haste_for_silence() {
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let mut session = open(&server).await;
    drop(server);
    tokio::time::sleep(Duration::from_millis(50)).await;
    // A task that has done much without a pause is told by all streams that they are not ready.
    while tokio::task::coop::has_budget_remaining() {
        tokio::task::coop::consume_budget().await;
    }
    assert!(!session.check_idle());
}
