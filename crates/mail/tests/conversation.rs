//! How a session talks: what rides with what, when RSET and the hook come, what is never sent, long messages.

mod common;

use std::{io, time::Duration};

use common::{BODY, envelope, in_time, open, send};
use vestnik_mail::{
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
    assert_eq!(sent.error.as_deref(), Some("stopped before the final dot: the journal is full"));
    assert_eq!(server.recipients(), ["one@example.com"]);
}

#[tokio::test]
async fn a_connection_lost_within_a_long_message_leaves_no_doubt() {
    let body = [b"x".repeat(76), b"\r\n".to_vec()].concat().repeat(400_000);
    for action in [Action::Drop, Action::ReplyAndDrop("421 4.3.2 Goodbye".to_owned()), Action::Silence] {
        let behaviour = Behaviour::good().without("SIZE").once(Stage::Body, action.clone());
        let server = FaultServer::start(behaviour).await.expect("starts");
        let stream = tokio::net::TcpStream::connect(server.address()).await.expect("the server listens");
        let mut timeouts = common::short();
        timeouts.body = Duration::ZERO;
        let opened = Session::open(stream, &Default::default(), &timeouts).await;
        let mut session = opened.expect("opens");
        let one = envelope("a@example.com", "one@example.com");
        let mut dotted = false;
        // The allowance of a second for every 32 KiB would take a quarter of an hour.
        let message = Outgoing { envelope: &one, body: &body };
        let sending = session.send(&message, None, || {
            dotted = true;
            Ok(())
        });
        let Ok(sent) = tokio::time::timeout(Duration::from_secs(5), sending).await else {
            assert_eq!(action, Action::Silence);
            assert!(!dotted);
            continue;
        };
        assert!(!dotted, "{action:?}");
        assert_eq!((sent.verdict, sent.blame, sent.phase), (Later, Server, Phase::Body), "{action:?} {sent:?}");
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
    let behaviour = Behaviour::good().without("SMTPUTF8").max_size(1_000);
    let server = FaultServer::start(behaviour).await.expect("starts");
    let mut session = open(&server).await;
    let plain = envelope("a@example.com", "b@example.com");
    let commands = server.commands().len();
    let sent = send(&mut session, &envelope("a@example.com", "иван@example.com"), Some(&plain)).await;
    assert_eq!((sent.verdict, sent.blame, sent.phase), (Never, Recipient, MailFrom));
    let mut session = open(&server).await;
    let sent = send(&mut session, &envelope("анна@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Never, Sender, true));
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
