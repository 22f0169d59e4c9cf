//! Every phase ends at its deadline, whether the server is silent, answers one byte at a time, or has stopped reading.
//! The clock is stopped, so these are the limits of the product and are met to the millisecond.

mod common;

use std::time::Duration;

use common::{BODY, address, envelope};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split},
    time::{Instant, sleep},
};
use vestnik_mail::{
    failure::{Failure, FailureKind},
    faults::{Action, Behaviour, Certificate, Encryption, FaultServer, Stage},
    session::{Credentials, Envelope, Hello, Mechanism, Outgoing, Sent, Session, Timeouts},
    verdict::{Blame, Phase, Verdict},
};

/// Those of the product.
fn limits() -> Timeouts {
    Timeouts::default()
}

const ROOM: usize = 64 * 1_024;

async fn open(stream: DuplexStream) -> Session<DuplexStream> {
    Session::open(stream, &Hello::default(), &limits()).await.expect("it opens")
}

async fn send(session: &mut Session<DuplexStream>, envelope: &Envelope, next: Option<&Envelope>) -> Sent {
    session.send(&Outgoing { envelope, body: BODY }, next, || Ok(())).await
}

/// What silence is made of. The slow one would be done after minutes.
fn too_slow() -> [Action; 2] {
    [Action::Silence, Action::Trickle(Duration::from_secs(10))]
}

fn check_time(since: Instant, limit: Duration, context: &str) {
    let took = since.elapsed();
    assert!(took >= limit && took < limit + Duration::from_millis(10), "{context}: {took:?} instead of {limit:?}");
}

async fn open_and_log_in(stream: DuplexStream, mechanism: Mechanism) -> Result<(), Failure> {
    let mut session = Session::open(stream, &Hello::default(), &limits()).await?;
    let credentials = Credentials { user: "anna".into(), secret: "secret".into(), mechanism: Some(mechanism) };
    session.authenticate(&credentials).await?;
    session.start_tls().await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn opening() {
    let t = limits();
    for (stage, phase, limit) in [
        (Stage::Greeting, Phase::Greeting, t.greeting),
        (Stage::Ehlo, Phase::Ehlo, t.ehlo),
        (Stage::Challenge, Phase::Auth, t.auth),
        (Stage::Auth, Phase::Auth, t.auth),
        (Stage::StartTls, Phase::StartTls, t.ehlo),
    ] {
        for action in too_slow() {
            let context = format!("{stage:?} {action:?}");
            let behaviour = Behaviour::good()
                .credentials("anna", "secret")
                .encryption(Encryption::StartTls(Certificate::Good))
                .on(stage, action);
            let server = FaultServer::start(behaviour).await.expect("starts");
            let started = Instant::now();
            let failure = open_and_log_in(server.pipe(ROOM), Mechanism::Login).await.expect_err(&context);
            assert_eq!((failure.phase, failure.kind), (phase, FailureKind::TimedOut), "{context}");
            assert!(!failure.needs_attention(), "{context}: it may pass by itself");
            check_time(started, limit, &context);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_message() {
    let t = limits();
    for (stage, phase, limit) in [
        (Stage::Mail, Phase::MailFrom, t.mail),
        (Stage::Rcpt, Phase::RcptTo, t.rcpt),
        (Stage::Data, Phase::Data, t.data),
        (Stage::Body, Phase::Dot, t.dot),
        (Stage::Dot, Phase::Dot, t.dot),
    ] {
        for action in too_slow() {
            for (riding, pipelining) in [(false, true), (true, true), (false, false)] {
                let context = format!("{stage:?} {action:?}, riding: {riding}, pipelining: {pipelining}");
                // A Body that trickles says nothing, and the message goes its way.
                if matches!((stage, &action), (Stage::Body, Action::Trickle(_))) {
                    continue;
                }
                let mut behaviour = Behaviour::good().on_if(
                    stage,
                    |event| event.from.as_deref() == Some("target@example.com"),
                    action.clone(),
                );
                if !pipelining {
                    behaviour = behaviour.without("PIPELINING");
                }
                let server = FaultServer::start(behaviour).await.expect("starts");
                let mut session = open(server.pipe(ROOM)).await;
                let (target, other) =
                    (envelope("target@example.com", "b@example.com"), envelope("a@example.com", "c@example.com"));
                if riding {
                    assert_eq!(send(&mut session, &other, Some(&target)).await.verdict, Verdict::Accepted);
                }
                let started = Instant::now();
                let sent = send(&mut session, &target, Some(&other)).await;
                let verdict = if phase == Phase::Dot { Verdict::Unknown } else { Verdict::Later };
                let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
                assert_eq!(found, (verdict, Blame::Server, phase, false), "{context}: {sent:?}");
                check_time(started, limit, &context);
                check_dead(session, &context).await;
            }
        }
    }
}

/// A session that has ended answers at once, touches nothing, and takes no time to quit.
async fn check_dead(mut session: Session<DuplexStream>, context: &str) {
    let started = Instant::now();
    let sent = send(&mut session, &envelope("a@example.com", "d@example.com"), None).await;
    let found = (sent.verdict, sent.blame, sent.usable);
    assert_eq!(found, (Verdict::Later, Blame::Nobody, false), "{context}: {sent:?}");
    session.quit().await;
    check_time(started, Duration::ZERO, context);
}

#[tokio::test(start_paused = true)]
async fn a_reset_between_messages() {
    let refuse = || Action::reply("550 5.1.1 No such user");
    for action in too_slow() {
        for pipelining in [true, false] {
            let context = format!("{action:?}, pipelining: {pipelining}");
            let mut behaviour = Behaviour::good().once(Stage::Rcpt, refuse()).on(Stage::Rset, action.clone());
            if !pipelining {
                behaviour = behaviour.without("PIPELINING");
            }
            let server = FaultServer::start(behaviour).await.expect("starts");
            let mut session = open(server.pipe(ROOM)).await;
            let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
            assert_eq!((sent.verdict, sent.usable), (Verdict::Never, true), "{context}");
            let started = Instant::now();
            let sent = send(&mut session, &envelope("a@example.com", "c@example.com"), None).await;
            let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
            assert_eq!(found, (Verdict::Later, Blame::Server, Phase::Reset, false), "{context}: {sent:?}");
            check_time(started, limits().ehlo, &context);
            check_dead(session, &context).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn saying_goodbye() {
    for action in too_slow() {
        let context = format!("{action:?}");
        let server = FaultServer::start(Behaviour::good().on(Stage::Quit, action)).await.expect("starts");
        let mut session = open(server.pipe(ROOM)).await;
        assert_eq!(
            send(&mut session, &envelope("a@example.com", "b@example.com"), None).await.verdict,
            Verdict::Accepted
        );
        let started = Instant::now();
        session.quit().await;
        check_time(started, limits().quit, &context);
    }
}

/// The server waits for the text of a message whose recipient it refused, and gets an empty one. What it makes of that
/// never changes the recipient's verdict, and costs no more than DATA may take.
#[tokio::test(start_paused = true)]
async fn the_end_of_an_empty_text() {
    let extra = Action::Also(b"250 2.0.0 Once more\r\n".to_vec());
    let data = limits().data;
    for (action, usable, limit) in [
        (Action::Proceed, true, Duration::ZERO),
        (Action::reply("250 2.0.0 Accepted, for nobody"), true, Duration::ZERO),
        (Action::reply("421 4.3.2 Goodbye"), false, Duration::ZERO),
        (extra, false, Duration::ZERO),
        (Action::Flood, false, Duration::ZERO),
        (Action::Drop, false, Duration::ZERO),
        (Action::Silence, false, data),
        (Action::Trickle(Duration::from_secs(10)), false, data),
    ] {
        let context = format!("{action:?}");
        let behaviour = Behaviour::good()
            .goes_on_despite_refusal()
            .once(Stage::Rcpt, Action::reply("550 5.1.1 No such user"))
            .once(Stage::Dot, action);
        let server = FaultServer::start(behaviour).await.expect("starts");
        let mut session = open(server.pipe(ROOM)).await;
        let started = Instant::now();
        let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
        let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
        assert_eq!(found, (Verdict::Never, Blame::Recipient, Phase::RcptTo, usable), "{context}: {sent:?}");
        check_time(started, limit, &context);
        if usable {
            let sent = send(&mut session, &envelope("a@example.com", "c@example.com"), None).await;
            assert_eq!(sent.verdict, Verdict::Accepted, "{context}: {sent:?}");
        } else {
            check_dead(session, &context).await;
        }
    }
}

/// The peer has vanished without a word: nothing is read at the other end, and what is in between is full.
#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading() {
    // The time for a body grows with it: one second for every 32 KiB.
    for (octets, dotted, seconds) in [(10_000, true, 0), (200_000, false, 6)] {
        for room in [64, 1_024] {
            let context = format!("{octets} octets, room for {room}");
            let behaviour = Behaviour::good().on(Stage::Body, Action::Silence);
            let server = FaultServer::start(behaviour).await.expect("starts");
            let mut session = open(server.pipe(room)).await;
            let mut asked = false;
            let message = Outgoing { envelope: &envelope("a@example.com", "b@example.com"), body: &vec![b'x'; octets] };
            let started = Instant::now();
            let sending = session.send(&message, None, || {
                asked = true;
                Ok(())
            });
            let sent = sending.await;
            let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
            assert_eq!(found, (Verdict::Later, Blame::Server, Phase::Body, false), "{context}: {sent:?}");
            // The dot of a short message was allowed to go, but did not: there is no doubt all the same.
            assert_eq!(asked, dotted, "{context}");
            assert!(server.accepted().is_empty());
            // What the server may still have said is waited for, but not long.
            let last_words = Duration::from_millis(100);
            check_time(started, limits().body + Duration::from_secs(seconds) + last_words, &context);
            check_dead(session, &context).await;
        }
    }
}

/// It takes the dot and answers, and reads nothing of the next message's commands, which ride behind the dot.
#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_behind_the_dot() {
    for (last, verdict, blame) in [
        (Action::ReplyAndSilence("250 2.0.0 Accepted".to_owned()), Verdict::Accepted, Blame::Nobody),
        (Action::ReplyAndSilence("550 5.7.1 Spam".to_owned()), Verdict::Never, Blame::Message),
        (Action::AcceptAndSilence, Verdict::Unknown, Blame::Server),
    ] {
        let context = format!("{last:?}");
        let server = FaultServer::start(Behaviour::good().on(Stage::Dot, last)).await.expect("starts");
        // Too narrow for the next message's commands.
        let mut session = open(server.pipe(32)).await;
        let (one, two) = (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
        let sent = send(&mut session, &one, Some(&two)).await;
        assert_eq!((sent.verdict, sent.blame, sent.phase), (verdict, blame, Phase::Dot), "{context}: {sent:?}");
        assert!(!sent.usable && session.announced().is_none(), "{context}: what rides was cut off");
        check_dead(session, &context).await;
    }
}

/// A line that carries one byte at a time, each way, with this pause before each. It holds as much as the smallest
/// socket buffers do: with less, commands and replies on their way would block each other (RFC 2920 3.1).
fn slow_line(server: &FaultServer, pause: Duration) -> DuplexStream {
    let (ours, near) = duplex(2_048);
    let far = server.pipe(2_048);
    let (mut near_read, mut near_write) = split(near);
    let (mut far_read, mut far_write) = split(far);
    tokio::spawn(async move {
        while let Ok(byte) = near_read.read_u8().await {
            sleep(pause).await;
            if far_write.write_u8(byte).await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        while let Ok(byte) = far_read.read_u8().await {
            sleep(pause).await;
            if near_write.write_u8(byte).await.is_err() {
                return;
            }
        }
    });
    ours
}

#[tokio::test(start_paused = true)]
async fn slowness_within_the_limits_does_no_harm() {
    let refuse = Action::reply("550-5.1.1 No\n550 5.1.1 such user");
    for (pause, pipelining) in [(1, true), (100, true), (100, false)] {
        let context = format!("{pause} ms a byte, pipelining: {pipelining}");
        let mut behaviour =
            Behaviour::good().credentials("anna", "secret").on_recipient(Stage::Rcpt, "no@example.com", refuse.clone());
        if !pipelining {
            behaviour = behaviour.without("PIPELINING");
        }
        let server = FaultServer::start(behaviour).await.expect("starts");
        let mut session = open(slow_line(&server, Duration::from_millis(pause))).await;
        for mechanism in [Mechanism::Plain, Mechanism::Login, Mechanism::XOAuth2] {
            let credentials = Credentials { user: "anna".into(), secret: "secret".into(), mechanism: Some(mechanism) };
            session.authenticate(&credentials).await.expect(&context);
        }
        let all = ["one@example.com", "no@example.com", "two@example.com", "иван@почта.рф"]
            .map(|to| Envelope::new(&address("a@example.com"), &address(to)));
        let mut verdicts = Vec::new();
        for at in 0..all.len() {
            let sent = send(&mut session, &all[at], all.get(at + 1)).await;
            assert!(sent.usable, "{context}: {sent:?}");
            verdicts.push(sent.verdict);
        }
        assert_eq!(verdicts, [Verdict::Accepted, Verdict::Never, Verdict::Accepted, Verdict::Accepted], "{context}");
        assert!(server.accepted().iter().all(|one| one.bytes == BODY), "{context}");
        assert_eq!(server.violations(), Vec::<String>::new(), "{context}");
        session.quit().await;
    }
}

#[tokio::test(start_paused = true)]
async fn slowness_beyond_the_limits_is_cut_short() {
    // Three seconds a byte: the greeting's 26 take longer than its 30 seconds.
    let server = FaultServer::start(Behaviour::good()).await.expect("starts");
    let started = Instant::now();
    let line = slow_line(&server, Duration::from_secs(3));
    let failure = Session::open(line, &Hello::default(), &limits()).await.map(drop).expect_err("it is too slow");
    assert_eq!((failure.phase, failure.kind), (Phase::Greeting, FailureKind::TimedOut));
    check_time(started, limits().greeting, "greeting");
    // A line that is quick enough for commands, but not for a text of this size: the dot never leaves.
    let mut session = open(slow_line(&server, Duration::from_millis(50))).await;
    let mut asked = false;
    let message = Outgoing { envelope: &envelope("a@example.com", "b@example.com"), body: &vec![b'x'; 100_000] };
    let sent = session.send(&message, None, || {
        asked = true;
        Ok(())
    });
    let sent = sent.await;
    assert_eq!((sent.verdict, sent.phase, sent.usable, asked), (Verdict::Later, Phase::Body, false, false), "{sent:?}");
    assert!(server.accepted().is_empty());
}
