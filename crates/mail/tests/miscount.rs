//! Servers that lose count of their replies. All that ties a reply to a command is its place in the row, so a reply too
//! many or too few must never be taken for the answer to something else; above all, no message may be believed accepted
//! whose own dot was not answered so.

mod common;

use std::time::Duration;

use common::{BODY, cases, envelope, longest, runtime};
use proptest::prelude::*;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    task::yield_now,
    time::timeout,
};
use vestnik_mail::{
    session::{Hello, Outgoing, Sent, Session, Timeouts},
    verdict::{Blame, Phase, Verdict},
};

/// Where a server loses count.
#[derive(Debug, Clone, Copy)]
struct Slip {
    /// At which command, EHLO being 0; a final dot counts as one.
    command: usize,
    /// How many replies it gives instead of one.
    replies: usize,
    /// The code of those after the first.
    extra: u16,
}

/// What a server does with a message: the stage, from 0 MAIL to 3 the dot, and the code of its refusal.
type Refusal = Option<(usize, u16)>;

#[derive(Debug, Clone)]
struct Plan {
    /// For each message.
    refusals: Vec<Refusal>,
    slips: Vec<Slip>,
    pipelining: bool,
    /// Answers what came together together, as RFC 2920 3.2 has it, and else each command in a packet of its own.
    together: bool,
    /// Answers 354 to DATA although the recipient was refused.
    eager: bool,
    /// The client lets the next message's commands ride.
    ride: bool,
}

fn slip() -> impl Strategy<Value = Slip> {
    let code = prop_oneof![4 => Just(250u16), 2 => Just(354), 1 => Just(450), 2 => Just(550), 1 => Just(421)];
    (0usize..30, prop_oneof![Just(0usize), Just(2), Just(3)], code).prop_map(|(command, replies, extra)| Slip {
        command,
        replies,
        extra,
    })
}

fn plan(slips: std::ops::Range<usize>) -> impl Strategy<Value = Plan> {
    let refusal = prop_oneof![
        3 => Just(None),
        1 => (0usize..4, prop_oneof![3 => Just(450u16), 3 => Just(550), 1 => Just(421)]).prop_map(Some),
    ];
    let flags = any::<[bool; 4]>();
    (prop::collection::vec(refusal, 1..8), prop::collection::vec(slip(), slips), flags).prop_map(
        |(refusals, slips, [pipelining, together, eager, ride])| Plan {
            refusals,
            slips,
            pipelining,
            together,
            eager,
            ride,
        },
    )
}

struct Server {
    plan: Plan,
    out: String,
    /// How many commands were answered.
    commands: usize,
    /// The message that is being spoken of.
    at: usize,
    has_sender: bool,
    has_recipient: bool,
    in_text: bool,
    accepted: Vec<usize>,
}

impl Server {
    fn new(plan: Plan) -> Self {
        Self {
            plan,
            out: String::new(),
            commands: 0,
            at: 0,
            has_sender: false,
            has_recipient: false,
            in_text: false,
            accepted: Vec::new(),
        }
    }

    /// Until the client goes; which messages it took.
    async fn talk(mut self, stream: DuplexStream) -> Vec<usize> {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        self.out.push_str("220 x\r\n");
        loop {
            if !self.plan.together || stream.buffer().is_empty() {
                if stream.write_all(self.out.as_bytes()).await.is_err() {
                    return self.accepted;
                }
                self.out.clear();
                yield_now().await;
            }
            line.clear();
            if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
                return self.accepted;
            }
            self.obey(&line);
        }
    }

    fn obey(&mut self, line: &str) {
        if self.in_text {
            if line == ".\r\n" {
                self.in_text = false;
                let code = if self.has_recipient { self.code(3, 250) } else { 554 };
                if code == 250 {
                    self.accepted.push(self.at);
                }
                (self.has_sender, self.has_recipient) = (false, false);
                self.answer(code, "dot");
            }
        } else if line.starts_with("EHLO") {
            let extensions = if self.plan.pipelining { "250-x\r\n250-PIPELINING\r\n" } else { "250-x\r\n" };
            self.out.push_str(extensions);
            self.answer(250, "ehlo");
        } else if let Some(rest) = line.strip_prefix("MAIL FROM:<m") {
            self.at = rest.split('@').next().and_then(|number| number.parse().ok()).expect("our own address");
            let code = self.code(0, 250);
            (self.has_sender, self.has_recipient) = (code == 250, false);
            self.answer(code, "mail");
        } else if line.starts_with("RCPT") {
            let code = if self.has_sender { self.code(1, 250) } else { 503 };
            self.has_recipient = code == 250;
            self.answer(code, "rcpt");
        } else if line.starts_with("DATA") {
            let code = match (self.has_recipient, self.has_sender && self.plan.eager) {
                (true, _) => self.code(2, 354),
                (false, true) => 354,
                (false, false) => 503,
            };
            self.in_text = code == 354;
            self.answer(code, "data");
        } else if line.starts_with("RSET") {
            (self.has_sender, self.has_recipient) = (false, false);
            self.answer(250, "rset");
        } else if line.starts_with("QUIT") {
            self.out.push_str("221 bye\r\n");
        } else {
            // A text that nobody had asked for.
            self.out.push_str("500 what?\r\n");
        }
    }

    fn code(&self, stage: usize, good: u16) -> u16 {
        match self.plan.refusals[self.at] {
            Some((at, code)) if at == stage => code,
            _ => good,
        }
    }

    /// Says what it answers, so that the client can be asked whether it got that right.
    fn answer(&mut self, code: u16, command: &str) {
        let slip = self.plan.slips.iter().find(|slip| slip.command == self.commands);
        // A dot taken in silence with commands behind it is the one thing that no client can see.
        let unseen = |slip: &&Slip| !(command == "dot" && slip.replies == 0 && self.plan.ride);
        let (replies, extra) = slip.filter(unseen).map_or((1, 0), |slip| (slip.replies, slip.extra));
        for number in 0..replies {
            let code = match (number, extra) {
                (0, _) => code,
                // One that comes before its time, in a packet of its own, cannot be told from the right one.
                (_, 354) if !self.plan.together => 250,
                _ => extra,
            };
            self.out.push_str(&format!("{code} {command} {} #{number}\r\n", self.at));
        }
        self.commands += 1;
    }
}

/// Sends all messages; what was believed of each, and what the server really took.
fn run(plan: &Plan) -> (Vec<Sent>, Vec<usize>) {
    runtime().block_on(async {
        let limits = Timeouts::default();
        let (ours, theirs) = duplex(64 * 1_024);
        let server = tokio::spawn(Server::new(plan.clone()).talk(theirs));
        let mut all = Vec::new();
        if let Ok(mut session) = Session::open(ours, &Hello::default(), &limits).await {
            let envelopes: Vec<_> =
                (0..plan.refusals.len()).map(|at| envelope(&format!("m{at}@example.com"), "to@example.com")).collect();
            for (at, envelope) in envelopes.iter().enumerate() {
                let next = envelopes.get(at + 1).filter(|_| plan.ride);
                let mut dotted = false;
                let message = Outgoing { envelope, body: BODY };
                let sending = session.send(&message, next, || {
                    dotted = true;
                    Ok(())
                });
                let sent = timeout(Duration::from_secs(3_600), sending).await.expect("no hang");
                assert!(sent.duration <= longest(&limits), "{sent:?}");
                assert!(dotted || !matches!(sent.verdict, Verdict::Accepted | Verdict::Unknown), "{sent:?}");
                let usable = sent.usable;
                all.push(sent);
                if !usable {
                    break;
                }
            }
            session.quit().await;
        }
        (all, server.await.expect("no panic"))
    })
}

proptest! {
    #![proptest_config(cases(3_000))]

    /// However many slips there are: 354 comes at a moment when both agree, so what follows the text is its answer.
    /// That is, where replies arrive together. When several too many trickle in one after the other, they can look
    /// like the answers to the commands after them, and no client could tell; one slip does not suffice for that.
    #[test]
    fn nothing_is_accepted_but_by_the_answer_to_its_own_dot(plan in plan(0..8)) {
        let plan = Plan { together: plan.together || plan.slips.len() > 1, ..plan };
        let (all, taken) = run(&plan);
        for (at, sent) in all.iter().enumerate() {
            let words = sent.reply.as_ref().map(|reply| reply.text.as_str());
            if sent.phase == Phase::Dot && words.is_some() && sent.verdict != Verdict::Unknown {
                let own = format!("dot {at} #0");
                prop_assert!(words == Some(&own) || words == Some("what?"), "{at}: {sent:?}");
            }
            let taken = taken.iter().filter(|&&one| one == at).count();
            prop_assert!(sent.verdict != Verdict::Accepted || taken == 1, "{at}: {sent:?}, taken {taken} times");
        }
    }

    /// A single slip is noticed before anything is believed that is not so.
    #[test]
    fn after_one_slip_no_reply_is_taken_for_anothers(plan in plan(0..2)) {
        let plan = Plan { together: true, ..plan };
        let (all, taken) = run(&plan);
        for (at, sent) in all.iter().enumerate() {
            // 421 is the one thing that a server may say unasked.
            if let Some(reply) = sent.reply.as_ref().filter(|reply| reply.code != 421) {
                let own = match sent.phase {
                    // It is the end of the connection and says nothing of any recipient, whatever the server meant.
                    Phase::Reset => {
                        prop_assert!(sent.verdict == Verdict::Later && sent.blame == Blame::Server && !sent.usable);
                        continue;
                    }
                    Phase::MailFrom => format!("mail {at} #0"),
                    Phase::RcptTo => format!("rcpt {at} #0"),
                    Phase::Data => format!("data {at} #0"),
                    Phase::Dot => format!("dot {at} #0"),
                    other => panic!("{at}: a reply in {other}: {sent:?}"),
                };
                prop_assert_eq!(&reply.text, &own, "{}: {:?}", at, sent);
            }
            let taken = taken.iter().filter(|&&one| one == at).count();
            match sent.verdict {
                Verdict::Accepted => prop_assert_eq!(taken, 1, "{}: {:?}", at, sent),
                Verdict::Later | Verdict::Never => prop_assert_eq!(taken, 0, "{}: {:?}", at, sent),
                Verdict::Unknown => prop_assert!(taken <= 1, "{at}: {sent:?}"),
            }
        }
        if plan.slips.is_empty() {
            let went_on = all.iter().take_while(|sent| sent.usable).count();
            let ended = all.get(went_on).and_then(|sent| sent.reply.as_ref()).is_none_or(|reply| reply.code == 421);
            prop_assert!(ended, "a faultless server was left: {all:?}");
        }
    }
}
