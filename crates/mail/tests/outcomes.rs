//! Every way a server can misbehave during a message: the verdict, whose fault, where, and that the account agrees
//! with what the server really took.

mod common;

use std::{io, time::Duration};

use common::{BODY, envelope, in_time, open, send};
use tokio::task::JoinSet;
use vestnik_mail::{
    faults::{Action, Behaviour, FaultServer, Stage},
    session::{Outgoing, Sent},
    verdict::{
        Blame::{self, Message, Nobody, Recipient, Sender, Server},
        Phase::{self, Data, Dot, MailFrom, RcptTo},
        Verdict::{self, Accepted, Later, Never, Unknown},
    },
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    /// The message stands alone.
    Alone,
    /// Its commands ride behind an earlier message, and another's behind it.
    Riding,
    /// The server has no PIPELINING.
    LockStep,
}

/// One fault: where, what, and what must come of it.
#[derive(Debug, Clone)]
struct Case {
    stage: Stage,
    action: Action,
    verdict: Verdict,
    blame: Blame,
    phase: Phase,
    usable: bool,
}

fn cases() -> Vec<Case> {
    let reply = |text: &str| Action::reply(text);
    let last = |text: &str| Action::ReplyAndDrop(text.to_owned());
    let bytes = |bytes: &[u8]| Action::Bytes(bytes.to_vec());
    let also = |bytes: &[u8]| Action::Also(bytes.to_vec());
    let pause = Duration::from_millis;
    let table = vec![
        (Stage::Mail, Action::Proceed, Accepted, Nobody, Dot, true),
        (Stage::Mail, Action::Trickle(pause(1)), Accepted, Nobody, Dot, true),
        (Stage::Mail, reply("550 5.7.1 Not yours"), Never, Sender, MailFrom, true),
        (Stage::Mail, reply("451 4.3.0 Trouble"), Later, Server, MailFrom, true),
        (Stage::Mail, last("421 4.3.2 Goodbye"), Later, Server, MailFrom, false),
        (Stage::Mail, Action::Drop, Later, Server, MailFrom, false),
        (Stage::Mail, Action::Silence, Later, Server, MailFrom, false),
        (Stage::Mail, Action::Flood, Later, Server, MailFrom, false),
        (Stage::Mail, bytes(b"\x16\x03\x01\0\xff\r\n"), Later, Server, MailFrom, false),
        (Stage::Mail, reply("354 What?"), Later, Server, Data, false),
        (Stage::Mail, Action::Skip, Later, Server, Data, false),
        (Stage::Mail, also(b"250 Extra\r\n"), Later, Server, Data, false),
        (Stage::Rcpt, Action::Trickle(pause(1)), Accepted, Nobody, Dot, true),
        (Stage::Rcpt, Action::Trickle(pause(100)), Later, Server, RcptTo, false),
        (Stage::Rcpt, reply("550 5.1.1 No such user"), Never, Recipient, RcptTo, true),
        (Stage::Rcpt, reply("550-5.1.1 No such\n550-5.1.1 user,\n550 5.1.1 sorry"), Never, Recipient, RcptTo, true),
        (Stage::Rcpt, reply("451 4.7.1 Greylisted"), Later, Recipient, RcptTo, true),
        (Stage::Rcpt, reply("552 5.2.2 Mailbox full"), Later, Recipient, RcptTo, true),
        (Stage::Rcpt, last("421 4.7.0 Too fast"), Later, Server, RcptTo, false),
        (Stage::Rcpt, reply("421 4.7.0 Too fast"), Later, Server, RcptTo, false),
        (Stage::Rcpt, Action::Drop, Later, Server, RcptTo, false),
        (Stage::Rcpt, Action::Silence, Later, Server, RcptTo, false),
        (Stage::Rcpt, Action::Flood, Later, Server, RcptTo, false),
        (Stage::Rcpt, bytes(b"550-5.1.1 No\r\n250 Yes\r\n"), Later, Server, RcptTo, false),
        (Stage::Rcpt, Action::Skip, Later, Server, Data, false),
        (Stage::Rcpt, also(b"250 Extra\r\n"), Later, Server, Data, false),
        (Stage::Rcpt, also(b"550 5.1.1 Extra\r\n"), Later, Server, Data, false),
        (Stage::Data, reply("451 4.3.0 Trouble"), Later, Server, Data, true),
        (Stage::Data, reply("554 5.7.1 Refused"), Never, Message, Data, true),
        (Stage::Data, reply("250 What?"), Later, Server, Data, false),
        (Stage::Data, last("421 4.3.2 Goodbye"), Later, Server, Data, false),
        (Stage::Data, Action::Drop, Later, Server, Data, false),
        (Stage::Data, Action::Silence, Later, Server, Data, false),
        (Stage::Data, also(b"250 2.0.0 Accepted already\r\n"), Later, Server, Data, false),
        (Stage::Body, Action::Drop, Unknown, Server, Dot, false),
        (Stage::Dot, Action::Delay(pause(50)), Accepted, Nobody, Dot, true),
        (Stage::Dot, reply("250-2.0.0 Taken\n250 2.0.0 id=1"), Accepted, Nobody, Dot, true),
        (Stage::Dot, reply("550 5.7.1 Spam"), Never, Message, Dot, true),
        (Stage::Dot, reply("550 5.1.1 No such user"), Never, Recipient, Dot, true),
        (Stage::Dot, reply("451 4.7.1 Later"), Later, Message, Dot, true),
        (Stage::Dot, reply("452 4.3.1 Disk full"), Later, Server, Dot, true),
        (Stage::Dot, last("421 4.3.2 Goodbye"), Later, Server, Dot, false),
        (Stage::Dot, Action::Drop, Unknown, Server, Dot, false),
        (Stage::Dot, Action::AcceptAndDrop, Unknown, Server, Dot, false),
        (Stage::Dot, Action::Silence, Unknown, Server, Dot, false),
        (Stage::Dot, Action::AcceptAndSilence, Unknown, Server, Dot, false),
        (Stage::Dot, Action::Trickle(pause(100)), Unknown, Server, Dot, false),
        (Stage::Dot, Action::Flood, Unknown, Server, Dot, false),
        (Stage::Dot, bytes(b"\xff\xfe\0\r\n"), Unknown, Server, Dot, false),
        (Stage::Dot, bytes(b"250-Taken\r\n550 Or not\r\n"), Unknown, Server, Dot, false),
        (Stage::Dot, reply("354 More"), Unknown, Server, Dot, false),
    ];
    table
        .into_iter()
        .map(|(stage, action, verdict, blame, phase, usable)| Case { stage, action, verdict, blame, phase, usable })
        .collect()
}

/// What the client believes must fit what the server knows.
fn check_account(server: &FaultServer, to: &str, sent: &Sent, context: &str) {
    let taken = server.recipients().iter().filter(|one| *one == to).count();
    match sent.verdict {
        Accepted => assert_eq!(taken, 1, "{context}: accepted, but the server took {taken}"),
        Later | Never => assert_eq!(taken, 0, "{context}: {}, but the server took it", sent.verdict),
        Unknown => assert!(taken <= 1, "{context}"),
    }
    assert!(sent.reply.is_some() != sent.error.is_some(), "{context}: {sent:?}");
}

async fn run(case: Case, mode: Mode) {
    let context = format!("{mode:?} {case:?}");
    let target = |event: &vestnik_mail::faults::Event| event.from.as_deref() == Some("target@example.com");
    let mut behaviour = Behaviour::good().on_if(case.stage, target, case.action.clone());
    if mode == Mode::LockStep {
        behaviour = behaviour.without("PIPELINING");
    }
    let server = FaultServer::start(behaviour).await.expect("starts");
    let mut session = open(&server).await;
    let before = envelope("good@example.com", "before@example.com");
    let target = envelope("target@example.com", "to@example.com");
    let after = envelope("good@example.com", "after@example.com");
    if mode != Mode::Alone {
        let sent = send(&mut session, &before, Some(&target)).await;
        assert_eq!((sent.verdict, sent.usable), (Accepted, true), "{context}: before: {sent:?}");
        assert_eq!(session.announced().is_some(), mode == Mode::Riding, "{context}");
    }
    let next = Some(&after).filter(|_| mode != Mode::Alone);
    let sent = send(&mut session, &target, next).await;
    assert_eq!((sent.verdict, sent.blame), (case.verdict, case.blame), "{context}: {sent:?}");
    if mode != Mode::LockStep {
        assert_eq!((sent.phase, sent.usable), (case.phase, case.usable), "{context}: {sent:?}");
    }
    assert_eq!(sent.usable, session.is_usable());
    check_account(&server, "to@example.com", &sent, &context);
    if sent.usable {
        let sent = send(&mut session, &after, None).await;
        assert_eq!(sent.verdict, Accepted, "{context}: after: {sent:?}");
        check_account(&server, "after@example.com", &sent, &context);
    } else {
        let sent = send(&mut session, &after, None).await;
        assert_eq!((sent.verdict, sent.blame, sent.usable), (Later, Nobody, false), "{context}: after: {sent:?}");
    }
    in_time(session.quit()).await;
    assert_eq!(server.violations(), Vec::<String>::new(), "{context}");
}

async fn run_all(mode: Mode) {
    let mut tasks = JoinSet::new();
    for case in cases() {
        tasks.spawn(run(case, mode));
        // A few at a time: a busy machine must not make deadlines pass that should hold.
        if tasks.len() >= 8 {
            tasks.join_next().await.expect("there are tasks").expect("the case holds");
        }
    }
    while let Some(result) = tasks.join_next().await {
        result.expect("the case holds");
    }
}

#[tokio::test]
async fn alone() {
    run_all(Mode::Alone).await;
}

#[tokio::test]
async fn riding() {
    run_all(Mode::Riding).await;
}

#[tokio::test]
async fn in_lock_step() {
    run_all(Mode::LockStep).await;
}

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
    }
}

#[tokio::test]
async fn a_refused_recipient_may_still_be_asked_for_a_text() {
    let behaviour = Behaviour::good()
        .goes_on_despite_refusal()
        .on_recipient(Stage::Rcpt, "no@example.com", Action::reply("550 5.1.1 No such user"));
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
    let server = FaultServer::start(Behaviour::good().on_recipient(Stage::Rcpt, "no@example.com", refuse)).await.expect("starts");
    let mut session = open(&server).await;
    let all = ["one@example.com", "no@example.com", "two@example.com"].map(|to| envelope("a@example.com", to));
    for at in 0..all.len() {
        let _ = send(&mut session, &all[at], all.get(at + 1)).await;
    }
    session.quit().await;
    let shown: Vec<String> =
        server.commands().iter().map(|line| line.split([' ', ':']).next().unwrap_or_default().to_owned()).collect();
    assert_eq!(shown, [
        "EHLO", "MAIL", "RCPT", "DATA", "<text>", "MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "<text>", "QUIT",
    ]);
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
    let server = FaultServer::start(Behaviour::good().on_recipient(Stage::Rcpt, "two@example.com", refuse)).await.expect("starts");
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
        let opened = vestnik_mail::session::Session::open(stream, &Default::default(), &timeouts).await;
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
