//! Servers that say anything at all: no panic, no hang, nothing believed that was not said. The clock is stopped, so
//! deadlines pass at once.

mod common;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use common::{BODY, envelope};
use proptest::prelude::*;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    time::timeout,
};
use vestnik_mail::{
    session::{Hello, Outgoing, Session, Timeouts},
    verdict::{Blame, Phase, Verdict},
};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

/// Bytes a server might say: mostly replies, some of them wrong, some of them noise.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let reply = prop_oneof![
        8 => Just("250 2.0.0 OK\r\n".to_owned()),
        3 => Just("354 Go on\r\n".to_owned()),
        2 => "[245][0-5][0-9][ -][245]\\.[0-7]\\.[0-9] [a-z]{0,8}\r\n",
        1 => Just("421 4.3.2 Goodbye\r\n".to_owned()),
        1 => "[0-9]{0,4}[ -]?[a-z\0]{0,8}\r?\n",
    ];
    let noise = prop::collection::vec(any::<u8>(), 0..6);
    let piece = prop_oneof![12 => reply.prop_map(String::into_bytes), 1 => noise];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Says `words` in pieces whenever it hears something, then closes or goes quiet.
async fn rambler(stream: DuplexStream, words: Vec<u8>, cuts: Vec<usize>, closes: bool) {
    let (mut input, mut output) = tokio::io::split(stream);
    if output.write_all(b"220 x ESMTP\r\n").await.is_err() {
        return;
    }
    let mut heard = [0; 4_096];
    let _ = input.read(&mut heard).await;
    let _ = output.write_all(b"250-x\r\n250-PIPELINING\r\n250 SIZE 1000\r\n").await;
    let mut rest = words.as_slice();
    for cut in cuts.iter().cycle() {
        if rest.is_empty() || !matches!(input.read(&mut heard).await, Ok(1..)) {
            break;
        }
        let (now, later) = rest.split_at((*cut).min(rest.len()));
        rest = later;
        if output.write_all(now).await.is_err() {
            return;
        }
    }
    if !closes {
        while matches!(input.read(&mut heard).await, Ok(1..)) {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn anything_a_server_says_is_survived(
        words in anything(),
        cuts in prop::collection::vec(1usize..200, 1..8),
        closes in any::<bool>(),
        ride in any::<bool>(),
    ) {
        runtime().block_on(async {
            let (ours, theirs) = duplex(64 * 1_024);
            let server = tokio::spawn(rambler(theirs, words.clone(), cuts.clone(), closes));
            let opened = Session::open(ours, &Hello::default(), &Timeouts::default()).await;
            let mut session = opened.expect("the greeting was good");
            let positive = words.split(|&b| b == b'\n').filter(|line| line.starts_with(b"2")).count();
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
    #![proptest_config(ProptestConfig::with_cases(500))]

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
