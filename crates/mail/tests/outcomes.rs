//! Every way a server can misbehave during a message: the verdict, whose fault, where, and that the account agrees
//! with what the server really took.

mod common;

use std::time::Duration;

use common::{envelope, in_time, open, send};
use tokio::task::JoinSet;
use vestnik_mail::{
    faults::{Action, Behaviour, FaultServer, Stage},
    session::Sent,
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
    /// Alone, and where the server closes the connection, it resets it.
    Reset,
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

#[rustfmt::skip] // One line a case.
fn cases() -> Vec<Case> {
    let reply = |text: &str| Action::reply(text);
    let last = |text: &str| Action::ReplyAndDrop(text.to_owned());
    let bytes = |bytes: &[u8]| Action::Bytes(bytes.to_vec());
    let also = |bytes: &[u8]| Action::Also(bytes.to_vec());
    let pause = Duration::from_millis;
    let table = vec![
        (Stage::Mail, Action::Proceed, Accepted, Nobody, Dot, true),
        (Stage::Mail, Action::Trickle(pause(1)), Accepted, Nobody, Dot, true),
        (Stage::Mail, Action::Trickle(pause(100)), Later, Server, MailFrom, false),
        (Stage::Mail, reply("552 5.3.4 Too big"), Never, Message, MailFrom, true),
        (Stage::Mail, reply("421 4.3.2 Goodbye"), Later, Server, MailFrom, false),
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
        (Stage::Rcpt, bytes(b"\0\x80\xff"), Later, Server, RcptTo, false),
        (Stage::Rcpt, bytes(b"550-5.1.1 No\r\n250 Yes\r\n"), Later, Server, RcptTo, false),
        (Stage::Rcpt, Action::Skip, Later, Server, Data, false),
        (Stage::Rcpt, also(b"250 Extra\r\n"), Later, Server, Data, false),
        (Stage::Rcpt, also(b"550 5.1.1 Extra\r\n"), Later, Server, Data, false),
        (Stage::Data, Action::Trickle(pause(1)), Accepted, Nobody, Dot, true),
        (Stage::Data, Action::Trickle(pause(150)), Later, Server, Data, false),
        (Stage::Data, Action::Flood, Later, Server, Data, false),
        (Stage::Data, bytes(b"\xff\xfe\r\n"), Later, Server, Data, false),
        (Stage::Data, bytes(b"354-Go\r\n250 on\r\n"), Later, Server, Data, false),
        (Stage::Data, reply("354-Go\n354 on"), Accepted, Nobody, Dot, true),
        (Stage::Data, reply("421 4.3.2 Goodbye"), Later, Server, Data, false),
        (Stage::Data, Action::Skip, Later, Server, Data, false),
        (Stage::Data, reply("451 4.3.0 Trouble"), Later, Server, Data, true),
        (Stage::Data, reply("554 5.7.1 Refused"), Never, Message, Data, true),
        (Stage::Data, reply("250 What?"), Later, Server, Data, false),
        (Stage::Data, last("421 4.3.2 Goodbye"), Later, Server, Data, false),
        (Stage::Data, Action::Drop, Later, Server, Data, false),
        (Stage::Data, Action::Silence, Later, Server, Data, false),
        (Stage::Data, also(b"250 2.0.0 Accepted already\r\n"), Later, Server, Data, false),
        (Stage::Body, Action::Drop, Unknown, Server, Dot, false),
        (Stage::Body, Action::Silence, Unknown, Server, Dot, false),
        (Stage::Dot, Action::Trickle(pause(1)), Accepted, Nobody, Dot, true),
        (Stage::Dot, Action::Delay(pause(50)), Accepted, Nobody, Dot, true),
        (Stage::Dot, reply("250-2.0.0 Taken\n250 2.0.0 id=1"), Accepted, Nobody, Dot, true),
        (Stage::Dot, reply("550 5.7.1 Spam"), Never, Message, Dot, true),
        (Stage::Dot, reply("550 5.1.1 No such user"), Never, Recipient, Dot, true),
        (Stage::Dot, reply("451 4.7.1 Later"), Later, Message, Dot, true),
        (Stage::Dot, reply("552 5.3.4 Too big"), Never, Message, Dot, true),
        (Stage::Dot, reply("421 4.3.2 Goodbye"), Later, Server, Dot, false),
        (Stage::Dot, reply("503 5.5.1 What text?"), Later, Server, Dot, false),
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
        .map(|(stage, action, verdict, blame, phase, usable)| Case {
            stage,
            action,
            verdict,
            blame,
            phase,
            usable,
        })
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
    match mode {
        Mode::Alone | Mode::Riding => {}
        Mode::LockStep => behaviour = behaviour.without("PIPELINING"),
        Mode::Reset => behaviour = behaviour.resets(),
    }
    // Without PIPELINING a reply that is missing or too many shows at its own command, and not in the row.
    let phase = match (mode, case.stage) {
        (Mode::LockStep, Stage::Mail) if case.phase == Data => MailFrom,
        (Mode::LockStep, Stage::Rcpt) if case.phase == Data => RcptTo,
        _ => case.phase,
    };
    let alone = matches!(mode, Mode::Alone | Mode::Reset);
    let server = FaultServer::start(behaviour).await.expect("starts");
    let mut session = open(&server).await;
    let before = envelope("good@example.com", "before@example.com");
    let target = envelope("target@example.com", "to@example.com");
    let after = envelope("good@example.com", "after@example.com");
    if !alone {
        let sent = send(&mut session, &before, Some(&target)).await;
        assert_eq!((sent.verdict, sent.usable), (Accepted, true), "{context}: before: {sent:?}");
        assert_eq!(session.announced().is_some(), mode == Mode::Riding, "{context}");
    }
    let next = Some(&after).filter(|_| !alone);
    let sent = send(&mut session, &target, next).await;
    let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
    assert_eq!(found, (case.verdict, case.blame, phase, case.usable), "{context}: {sent:?}");
    assert_eq!(sent.usable, session.is_usable());
    let goodbye = match &case.action {
        Action::Drop => true,
        Action::Reply(words) | Action::ReplyAndDrop(words) => words.starts_with("421"),
        _ => false,
    };
    assert_eq!(sent.closed, goodbye && case.stage == Stage::Mail, "{context}: {sent:?}");
    assert_eq!(session.judged(), u32::from(!alone) + u32::from(sent.reply.is_some() && phase > MailFrom), "{context}");
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
    // What was said right before a reset may be lost or not, so only wordless ends are predictable.
    let wordless = |case: &Case| matches!(case.action, Action::Drop | Action::AcceptAndDrop);
    for case in cases().into_iter().filter(|case| mode != Mode::Reset || wordless(case)) {
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
async fn by_a_server_that_resets_connections() {
    run_all(Mode::Reset).await;
}
