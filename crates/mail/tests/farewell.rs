//! Servers that end a session after a number of errors, as Postfix does: 421 follows the reply to the last of them, in the
//! same packet or in the next. No recipient's answer is lost by that, nor taken for another's.

mod common;

use std::time::Duration;

use common::{BODY, cases, envelope, runtime};
use proptest::prelude::*;
use tokio::time::timeout;
use vestnik_mail::{
    error::SmtpError,
    faults::{Action, Behaviour, FaultServer, Stage, Tarpit},
    session::{Hello, Outgoing, Sent, Session, Timeouts},
    verdict::{Phase, Verdict},
};

/// What a server does with a message: where it refuses it, and whether for good.
type Refusal = Option<(Stage, bool)>;

#[derive(Debug, Clone)]
struct Plan {
    refusals: Vec<Refusal>,
    /// Errors that a session may have.
    hard: usize,
    /// Whether 421 comes in one packet with the reply before it.
    together: bool,
    pipelining: bool,
    /// Answers 354 to DATA although the recipient was refused.
    eager: bool,
    /// The client lets the next message's commands ride.
    ride: bool,
}

fn plan() -> impl Strategy<Value = Plan> {
    let stage =
        prop_oneof![1 => Just(Stage::Mail), 3 => Just(Stage::Rcpt), 3 => Just(Stage::Data), 1 => Just(Stage::Dot)];
    let refusal = prop_oneof![1 => Just(None), 3 => (stage, any::<bool>()).prop_map(Some)];
    (prop::collection::vec(refusal, 1..16), 3usize..8, any::<[bool; 4]>()).prop_map(
        |(refusals, hard, [together, pipelining, eager, ride])| Plan {
            refusals,
            hard,
            together,
            pipelining,
            eager,
            ride,
        },
    )
}

fn recipient(at: usize) -> String {
    format!("r{at}@example.com")
}

fn behaviour(plan: &Plan) -> Behaviour {
    let tarpit = Tarpit { soft: usize::MAX, delay: Duration::ZERO, hard: plan.hard, together: plan.together };
    let mut behaviour = Behaviour::good().tarpit(tarpit);
    if !plan.pipelining {
        behaviour = behaviour.without("PIPELINING");
    }
    if plan.eager {
        behaviour = behaviour.goes_on_despite_refusal();
    }
    for (at, refusal) in plan.refusals.iter().enumerate() {
        let Some((stage, for_good)) = *refusal else { continue };
        let reply = if for_good { format!("550 5.2.1 message {at}") } else { format!("450 4.2.0 message {at}") };
        let sender = format!("m{at}@example.com");
        let is_it = move |event: &vestnik_mail::faults::Event| event.from.as_deref() == Some(&sender);
        behaviour = behaviour.on_if(stage, is_it, Action::Reply(reply));
    }
    behaviour
}

/// Sends all messages, each in as many sessions as it takes. Answers what was believed of each.
async fn send_all(server: &FaultServer, plan: &Plan) -> Vec<Sent> {
    let envelopes: Vec<_> =
        (0..plan.refusals.len()).map(|at| envelope(&format!("m{at}@example.com"), &recipient(at))).collect();
    let mut all = Vec::new();
    let mut session = None;
    let mut tries = 0;
    while all.len() < envelopes.len() {
        let at = all.len();
        let mut open = match session.take() {
            Some(session) => session,
            None => {
                Session::open(server.pipe(64 * 1_024), &Hello::default(), &Timeouts::default()).await.expect("it opens")
            }
        };
        tries += 1;
        assert!(tries <= 3 * envelopes.len(), "it goes in circles at {at}");
        let next = envelopes.get(at + 1).filter(|_| plan.ride);
        let sent = open.send(&Outgoing { envelope: &envelopes[at], body: BODY }, next, || Ok(())).await;
        if open.is_usable() {
            session = Some(open);
        }
        if !sent.closed {
            all.push(sent);
        }
    }
    all
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn every_recipient_gets_its_own_answer(plan in plan()) {
        runtime().block_on(async {
            let server = FaultServer::start(behaviour(&plan)).await.expect("it starts");
            let sending = timeout(Duration::from_secs(3_600), send_all(&server, &plan));
            let all = sending.await.expect("no hang");
            let mut taken = Vec::new();
            for (at, (sent, refusal)) in all.iter().zip(&plan.refusals).enumerate() {
                let (verdict, phase) = match refusal {
                    None => (Verdict::Accepted, Phase::Dot),
                    Some((stage, for_good)) => {
                        let phase = match stage {
                            Stage::Mail => Phase::MailFrom,
                            Stage::Rcpt => Phase::RcptTo,
                            Stage::Data => Phase::Data,
                            _ => Phase::Dot,
                        };
                        (if *for_good { Verdict::Never } else { Verdict::Later }, phase)
                    }
                };
                assert_eq!((sent.verdict, sent.phase), (verdict, phase), "{at}: {sent:?}");
                let words = sent.reply.as_ref().map(|reply| reply.text.as_str());
                let expected = refusal.map_or("Accepted".to_owned(), |_| format!("message {at}"));
                assert_eq!(words, Some(expected.as_str()), "{at}: {sent:?}");
                taken.extend(refusal.is_none().then(|| recipient(at)));
            }
            taken.sort();
            assert_eq!(server.recipients(), taken);
        });
    }
}

/// What a farewell is not.
#[test]
fn a_reply_too_many_is_still_one() {
    runtime().block_on(async {
        for surplus in
            ["250 2.0.0 Ok\r\n", "450 4.2.0 Later\r\n", "421 Bye\r\n250 2.0.0 Ok\r\n", "421-Bye\r\n", "421 B"]
        {
            let bytes = [b"450 4.7.1 Greylisted\r\n", surplus.as_bytes()].concat();
            let server =
                FaultServer::start(Behaviour::good().on(Stage::Data, Action::Bytes(bytes))).await.expect("it starts");
            let opened = Session::open(server.pipe(64 * 1_024), &Hello::default(), &Timeouts::default()).await;
            let mut session = opened.expect("it opens");
            let envelope = envelope("m@example.com", "r@example.com");
            let sent = session.send(&Outgoing { envelope: &envelope, body: BODY }, None, || Ok(())).await;
            assert_eq!((sent.verdict, sent.usable), (Verdict::Later, false), "{surplus:?}");
            assert_eq!(sent.error, Some(SmtpError::TooManyReplies {}), "{surplus:?}: {sent:?}");
        }
    });
}
