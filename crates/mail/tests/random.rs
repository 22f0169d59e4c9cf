//! Servers that say anything at all: no panic, no hang, nothing believed that was not said. The clock is stopped, so
//! deadlines pass at once.

mod common;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use common::{BODY, cases, envelope, longest, runtime};
use proptest::prelude::*;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    time::{Instant, sleep, timeout},
};
use vestnik_mail::{
    session::{Credentials, Hello, Mechanism, Outgoing, Session, Timeouts},
    verdict::{Blame, Phase, Verdict},
};

/// What a server might say in place of one reply: another reply, a wrong one, noise, nothing.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let reply = prop_oneof![
        4 => Just("250 2.0.0 OK\r\n".to_owned()),
        2 => Just("354 Go on\r\n".to_owned()),
        4 => "[2345][0-5][0-9][ -][245]\\.[0-7]\\.[0-9] [a-z]{0,8}\r\n",
        1 => Just("421 4.3.2 Goodbye\r\n".to_owned()),
        2 => "[0-9]{0,4}[ -]?[a-z\0]{0,8}\r?\n",
    ];
    let reply = reply.prop_map(String::into_bytes);
    prop_oneof![6 => reply, 2 => prop::collection::vec(any::<u8>(), 0..40), 1 => Just(Vec::new())]
}

/// What is wrong with one reply.
#[derive(Debug, Clone)]
enum Wrong {
    /// This stands in its place.
    Instead(Vec<u8>),
    /// This follows it.
    Also(Vec<u8>),
}

/// For each reply of a conversation, mostly nothing.
fn faults() -> impl Strategy<Value = Vec<Option<Wrong>>> {
    let fault = prop_oneof![
        20 => Just(None),
        1 => anything().prop_map(|words| Some(Wrong::Instead(words))),
        1 => anything().prop_map(|words| Some(Wrong::Also(words))),
    ];
    prop::collection::vec(fault, 24)
}

/// What is right to say at each turn, with its faults.
fn garbled(right: &[&[&str]], faults: &[Option<Wrong>]) -> Vec<Vec<u8>> {
    let mut faults = faults.iter();
    let turn = |replies: &&[&str]| {
        let said = replies.iter().map(|right| match faults.next() {
            Some(Some(Wrong::Instead(words))) => words.clone(),
            Some(Some(Wrong::Also(words))) => [right.as_bytes(), words].concat(),
            Some(None) | None => right.as_bytes().to_vec(),
        });
        said.collect::<Vec<_>>().concat()
    };
    right.iter().map(turn).collect()
}

/// How a server says what it says.
#[derive(Debug, Clone)]
struct Manner {
    /// Octets said at once, in turn.
    cuts: Vec<usize>,
    /// Seconds before each piece, in turn.
    pauses: Vec<u64>,
    /// Closes before this turn; at the end it goes quiet.
    closes: Option<usize>,
}

fn manner() -> impl Strategy<Value = Manner> {
    let pause = prop_oneof![12 => Just(0), 1 => 0u64..200];
    let pauses = prop::collection::vec(pause, 1..8);
    let cut = prop_oneof![1 => 1usize..20, 2 => 20usize..500];
    let closes = prop_oneof![3 => Just(None), 1 => (0usize..12).prop_map(Some)];
    (prop::collection::vec(cut, 1..8), pauses, closes).prop_map(|(cuts, pauses, closes)| Manner {
        cuts,
        pauses,
        closes,
    })
}

/// Says the first of `turns` at once and each of the others when it has heard something.
async fn rambler(stream: DuplexStream, turns: Vec<Vec<u8>>, manner: Manner) {
    let (mut input, mut output) = tokio::io::split(stream);
    let mut pieces = manner.cuts.iter().cycle().zip(manner.pauses.iter().cycle());
    let mut heard = [0; 4_096];
    for (at, turn) in turns.iter().enumerate() {
        if manner.closes == Some(at) {
            return;
        }
        let mut rest = turn.as_slice();
        while !rest.is_empty() {
            let (&cut, &pause) = pieces.next().expect("it goes round");
            let (now, later) = rest.split_at(cut.min(rest.len()));
            rest = later;
            sleep(Duration::from_secs(pause)).await;
            if output.write_all(now).await.is_err() {
                return;
            }
        }
        if !matches!(input.read(&mut heard).await, Ok(1..)) {
            return;
        }
    }
    while matches!(input.read(&mut heard).await, Ok(1..)) {}
}

const GREETING: &str = "220 x ESMTP\r\n";
const EXTENSIONS: &str = "250-x\r\n250-PIPELINING\r\n250-STARTTLS\r\n250-AUTH PLAIN LOGIN XOAUTH2\r\n250 SIZE 1000\r\n";
const OK: &str = "250 2.0.0 OK\r\n";
const GO_ON: &str = "354 Go on\r\n";

proptest! {
    #![proptest_config(cases(3_000))]

    #[test]
    fn anything_instead_of_an_opening_is_survived(
        faults in faults(),
        manner in manner(),
        mechanism in prop_oneof![Just(Mechanism::Plain), Just(Mechanism::Login), Just(Mechanism::XOAuth2)],
    ) {
        let (question, welcome, go_ahead) = ("334 VXNlcg==\r\n", "235 2.7.0 Welcome\r\n", "220 2.0.0 Go ahead\r\n");
        let right: &[&[&str]] = match mechanism {
            Mechanism::Login => &[&[GREETING], &[EXTENSIONS], &[question], &[question], &[welcome], &[go_ahead]],
            Mechanism::Plain | Mechanism::XOAuth2 => &[&[GREETING], &[EXTENSIONS], &[welcome], &[go_ahead]],
        };
        let turns = garbled(right, &faults);
        runtime().block_on(async {
            let started = Instant::now();
            let limits = Timeouts::default();
            let (ours, theirs) = duplex(64 * 1_024);
            let server = tokio::spawn(rambler(theirs, turns, manner));
            let opening = async {
                let mut session = Session::open(ours, &Hello::default(), &limits).await?;
                let credentials = Credentials { user: "u".into(), secret: "secret".into(), mechanism: Some(mechanism) };
                session.authenticate(&credentials).await?;
                session.start_tls().await
            };
            let opened = timeout(Duration::from_secs(3_600), opening).await.expect("no hang");
            // EHLO and then HELO, AUTH with up to three steps, STARTTLS.
            assert!(started.elapsed() <= limits.greeting + 3 * limits.ehlo + 3 * limits.auth);
            if let Err(failure) = opened {
                assert!(failure.phase < Phase::MailFrom, "{failure:?}");
                assert_eq!((failure.verdict(), failure.blame()), (Verdict::Later, Blame::Server));
                assert!(!failure.to_string().contains("secret"));
            }
            server.abort();
        });
    }

    #[test]
    fn anything_a_server_says_is_survived(faults in faults(), manner in manner(), ride in any::<bool>()) {
        let right: &[&[&str]] = if ride {
            &[&[OK, OK, GO_ON], &[OK, OK, OK, GO_ON], &[OK, OK, OK, GO_ON], &[OK, OK, OK, GO_ON], &[OK]]
        } else {
            &[&[OK, OK, GO_ON], &[OK], &[OK, OK, GO_ON], &[OK], &[OK, OK, GO_ON], &[OK], &[OK, OK, GO_ON], &[OK]]
        };
        let words = garbled(right, &faults);
        let positive = words.concat().split(|&b| b == b'\n').filter(|line| line.starts_with(b"2")).count();
        let opening = [GREETING, EXTENSIONS].map(|words| words.as_bytes().to_vec());
        let turns = opening.into_iter().chain(words).collect();
        let faultless = faults[..right.concat().len()].iter().all(Option::is_none);
        let steady = manner.closes.is_none() && manner.pauses.iter().all(|&pause| pause == 0);
        runtime().block_on(async {
            let limits = Timeouts::default();
            let (ours, theirs) = duplex(64 * 1_024);
            let server = tokio::spawn(rambler(theirs, turns, manner));
            let opened = Session::open(ours, &Hello::default(), &limits).await;
            let Ok(mut session) = opened else {
                assert!(!steady, "the opening was right");
                return;
            };
            let mut accepted = 0;
            let all = ["a@example.com", "b@example.com", "c@example.com", "d@example.com"].map(|to| envelope("x@example.com", to));
            for at in 0..all.len() {
                let next = all.get(at + 1).filter(|_| ride);
                let dot = AtomicUsize::new(0);
                let message = Outgoing { envelope: &all[at], body: BODY };
                let sending = session.send(&message, next, || {
                    dot.fetch_add(1, Ordering::SeqCst);
                    Ok(())
                });
                let sent = timeout(Duration::from_secs(3_600), sending).await.expect("no hang");
                assert!(sent.duration <= longest(&limits), "{sent:?}");
                let dots = dot.into_inner();
                // Nothing is accepted or in doubt that was not handed over.
                assert!(dots <= 1);
                let reached = dots == 1;
                assert!(reached || !matches!(sent.verdict, Verdict::Accepted | Verdict::Unknown), "{sent:?}");
                assert!(reached || sent.phase != Phase::Dot, "{sent:?}");
                assert!(sent.verdict != Verdict::Never || sent.reply.is_some(), "{sent:?}");
                assert_eq!(sent.usable, session.is_usable());
                accepted += usize::from(sent.verdict == Verdict::Accepted);
                if !sent.usable {
                    break;
                }
            }
            // Each acceptance takes three positive replies: to MAIL, to RCPT, to the dot.
            assert!(3 * accepted <= positive, "{accepted} accepted with {positive} positive replies");
            assert!(!(faultless && steady) || accepted == all.len(), "only {accepted} accepted");
            session.quit().await;
            server.abort();
        });
    }
}

/// What a well-behaved but choosy server does with a recipient.
#[derive(Debug, Clone, Copy)]
struct Choice {
    /// 0 MAIL, 1 RCPT, 2 DATA, 3 the dot, 4 no refusal.
    stage: usize,
    permanent: bool,
}

/// Answers a stage by the plan; whether positively.
fn answer(plan: &[Choice], at: usize, stage: usize, good: u16, out: &mut String) -> bool {
    if plan[at].stage == stage {
        let class = if plan[at].permanent { 5 } else { 4 };
        *out += &format!("{class}50 {class}.1.0 message {at}\r\n");
        return false;
    }
    *out += &format!("{good} message {at}\r\n");
    true
}

/// Answers each recipient by the plan, naming the recipient in every reply.
async fn chooser(stream: DuplexStream, plan: Vec<Choice>, pipelining: bool, eager: bool) -> Vec<usize> {
    let mut stream = BufReader::new(stream);
    let mut taken = Vec::new();
    let (mut line, mut at, mut rcpt_ok, mut text) = (String::new(), 0, false, false);
    let mut out = "220 x\r\n".to_owned();
    loop {
        if stream.buffer().is_empty() {
            if stream.write_all(out.as_bytes()).await.is_err() {
                return taken;
            }
            out.clear();
        }
        line.clear();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return taken;
        }
        if text {
            if line == ".\r\n" {
                text = false;
                if !rcpt_ok {
                    out += &format!("554 5.5.1 nobody {at}\r\n");
                } else if answer(&plan, at, 3, 250, &mut out) {
                    taken.push(at);
                }
            }
        } else if line.starts_with("EHLO") {
            out += if pipelining { "250-x\r\n250 PIPELINING\r\n" } else { "250 x\r\n" };
        } else if let Some(rest) = line.strip_prefix("MAIL FROM:<m") {
            at = rest.split('@').next().and_then(|number| number.parse().ok()).expect("our own address");
            answer(&plan, at, 0, 250, &mut out);
            rcpt_ok = false;
        } else if line.starts_with("RCPT") {
            rcpt_ok = plan[at].stage != 0 && answer(&plan, at, 1, 250, &mut out);
            if plan[at].stage == 0 {
                out += "503 5.5.1 MAIL first\r\n";
            }
        } else if line.starts_with("DATA") {
            if rcpt_ok {
                text = answer(&plan, at, 2, 354, &mut out);
            } else if eager && plan[at].stage != 0 {
                text = true;
                out += "354 whatever\r\n";
            } else {
                out += "503 5.5.1 RCPT first\r\n";
            }
        } else {
            out += "250 fine\r\n";
        }
    }
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn every_recipient_gets_its_own_answer(
        choices in prop::collection::vec((0usize..9, any::<bool>()), 1..24),
        pipelining in any::<bool>(),
        eager in any::<bool>(),
        ride in any::<bool>(),
    ) {
        let plan: Vec<Choice> =
            choices.into_iter().map(|(stage, permanent)| Choice { stage: stage.min(4), permanent }).collect();
        runtime().block_on(async {
            let (ours, theirs) = duplex(64 * 1_024);
            let server = tokio::spawn(chooser(theirs, plan.clone(), pipelining, eager));
            let opened = Session::open(ours, &Hello::default(), &Timeouts::default()).await;
            let mut session = opened.expect("the greeting was good");
            let all: Vec<_> =
                (0..plan.len()).map(|at| envelope(&format!("m{at}@example.com"), &format!("r{at}@example.com"))).collect();
            let mut accepted = Vec::new();
            for (at, choice) in plan.iter().enumerate() {
                let next = all.get(at + 1).filter(|_| ride);
                let sent = session.send(&Outgoing { envelope: &all[at], body: BODY }, next, || Ok(())).await;
                let expected = match (choice.stage, choice.permanent) {
                    (4, _) => Verdict::Accepted,
                    (_, true) => Verdict::Never,
                    (_, false) => Verdict::Later,
                };
                let phase = [Phase::MailFrom, Phase::RcptTo, Phase::Data, Phase::Dot, Phase::Dot][choice.stage];
                assert_eq!((sent.verdict, sent.phase, sent.usable), (expected, phase, true), "{at}: {sent:?}");
                assert_eq!(sent.reply.map(|reply| reply.text), Some(format!("message {at}")));
                assert!(sent.verdict != Verdict::Never || sent.blame != Blame::Server);
                if sent.verdict == Verdict::Accepted {
                    accepted.push(at);
                }
            }
            session.quit().await;
            assert_eq!(server.await.expect("no panic"), accepted);
        });
    }
}
