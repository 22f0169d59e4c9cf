//! What becomes of a delivery after an attempt, and of the lanes that it went through.

use tokio::time::Instant;
use vestnik_mail::session::Sent;
use vestnik_mail::verdict::{Blame, Judgement, Phase, Verdict};
use vestnik_model::delivery::{DeliveryState, Next, Tried};
use vestnik_model::id::OutageId;
use vestnik_model::mailing::UnknownPolicy;
use vestnik_model::outage::OutageKind;
use vestnik_model::{Problem, UnixMillis};
use vestnik_store::control;
use vestnik_store::deliveries::Abandoned;
use vestnik_store::outages::Finding;
use vestnik_store::settle::{AttemptMade, Outcome};

use crate::Context;
use crate::journal::{HandedOver, Record};
use crate::open::{Unreached, end_outage, note_outage, problem, words};
use crate::queue::Job;

/// How a message went, beside what the server said.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances {
    /// When it was begun.
    pub began: Instant,
    /// The version of TLS; empty: none.
    pub tls: &'static str,
    /// Whether it was not let go because its run or its claim had ended.
    pub withdrawn: bool,
}

/// Judges an attempt: what becomes of the delivery, and whether a lane must rest.
pub async fn judge(context: &Context, job: &Job, sent: Sent, circumstances: Circumstances) -> Outcome {
    if sent.blame == Blame::Nobody && sent.verdict == Verdict::Later {
        return stopped_here(context, job, &sent, circumstances).await;
    }
    let outage = tell_lanes(context, job, &sent, circumstances.began).await;
    let now = context.clock.now();
    let mut judgement = Judgement { verdict: sent.verdict, blame: sent.blame };
    if puts_sender_off(&sent) {
        judgement.blame = Blame::Server;
    }
    if refuses_sender(&sent) {
        // It would refuse everyone's mail alike, recipient by recipient. So the run waits for a person, and nobody's
        // delivery fails by it.
        judgement = Judgement { verdict: Verdict::Later, blame: Blame::Server };
        pause(context, job, &sent, now).await;
    } else if job.run.refusals.note(&sent, job.domain()) {
        // Here it shows only after a while: those who were refused until then have failed.
        pause(context, job, &sent, now).await;
    }
    let mut jitter = [0_u8; 1];
    context.random.fill(&mut jitter);
    let next = context.config.retry.after(judgement, tried(job), now, f64::from(jitter[0]) / 255.0);
    let attempt = AttemptMade {
        number: job.claimed.number,
        at: now,
        successful: sent.verdict == Verdict::Accepted,
        unknown: sent.verdict == Verdict::Unknown,
        code: sent.reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: sent.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: sent.reply.map(|reply| reply.text).unwrap_or_default().into(),
        error: sent.error.map(problem),
        outage,
        unreached: false,
        phase: sent.phase.id().into(),
        server: context.relay.server.clone().into(),
        tls: circumstances.tls.into(),
        duration_ms: i64::try_from(sent.duration.as_millis()).unwrap_or(i64::MAX),
    };
    let (state, due_at, excused) = match next {
        Next::Final(state) => (state, None, false),
        Next::Again { at, excused } => (DeliveryState::Pending, Some(at), excused),
    };
    Outcome { due_at, excused, attempt: Some(attempt), ..untried(job, state) }
}

/// Has the run wait for a person, who is told what the server says.
async fn pause(context: &Context, job: &Job, sent: &Sent, now: UnixMillis) {
    // Others that were under way hear the same.
    if !job.run.halt() {
        return;
    }
    let words = sent.reply.as_ref().map(ToString::to_string).unwrap_or_default();
    let code = sent.reply.as_ref().map(|reply| reply.code);
    tracing::warn!(run = %job.run.id, code, "the mail server refuses all of a run's messages, so it is paused");
    if let Err(error) = control::pause_for(&context.db, job.run.id, &words, now).await {
        tracing::error!(%error, "a run that is refused could not be paused");
    }
}

/// A message that this process did not let go: it is as if it had never been claimed.
async fn stopped_here(context: &Context, job: &Job, sent: &Sent, circumstances: Circumstances) -> Outcome {
    if !circumstances.withdrawn {
        note_trouble(context, sent, OutageKind::Local, circumstances.began).await;
    }
    untried(job, DeliveryState::Pending)
}

/// RFC 5321 3.3: a refusal at MAIL FROM speaks of the sender alone.
fn refuses_sender(sent: &Sent) -> bool {
    sent.verdict == Verdict::Never && sent.blame == Blame::Sender && sent.phase == Phase::MailFrom
}

/// "Later" at MAIL FROM speaks of everyone's mail: nothing is known of the recipient yet.
fn puts_sender_off(sent: &Sent) -> bool {
    sent.verdict == Verdict::Later && sent.blame == Blame::Sender && sent.phase == Phase::MailFrom
}

/// Who is to be left in peace for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// The server, with all mail.
    Server,
    /// The recipient's domain.
    Domain,
}

/// Whether an answer asks for a rest.
pub fn asks_for_rest(sent: &Sent) -> Option<Rest> {
    let by_server = sent.blame == Blame::Server || puts_sender_off(sent);
    let code = sent.reply.as_ref().map(|reply| reply.code);
    // From RCPT on a server may speak of the domain that it passes the mail on to; 421 ends the whole conversation.
    let of_domain = sent.phase >= Phase::RcptTo && code.is_some_and(|code| code != 421);
    if by_server && !of_domain {
        return Some(Rest::Server);
    }
    // What is put off for a recipient's sake, as greylisting is, says nothing of the next one.
    let of_lane = by_server || sent.verdict == Verdict::Later && sent.blame == Blame::Sender;
    of_lane.then_some(Rest::Domain)
}

/// Lets the server or the recipient's domain rest if it asks for it, and go on when it is well again. Answers the outage
/// that the attempt was made in, if the server was to blame.
async fn tell_lanes(context: &Context, job: &Job, sent: &Sent, began: Instant) -> Option<OutageId> {
    let rest = asks_for_rest(sent);
    if rest == Some(Rest::Server) {
        return note_trouble(context, sent, OutageKind::Deferring, began).await;
    }
    if context.relay.fine(began) {
        tracing::info!(server = context.relay.server, "the mail server takes messages again");
        end_outage(context).await;
    }
    if rest.is_none() {
        context.queue.fine(job.domain(), began);
    } else if context.queue.troubled(job.domain(), began) {
        tracing::warn!(domain = job.domain(), "mail for this domain is put off; it gets a rest");
    }
    None
}

async fn note_trouble(context: &Context, sent: &Sent, kind: OutageKind, began: Instant) -> Option<OutageId> {
    if context.relay.troubled(began) {
        let server = &context.relay.server;
        tracing::warn!(server, words = words(sent), "the mail server is in trouble and gets a rest");
    }
    let finding = Finding {
        kind,
        error: sent.error.clone().map(problem),
        code: sent.reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: sent.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: sent.reply.as_ref().map(|reply| reply.text.clone()).unwrap_or_default(),
        phase: sent.phase.id(),
    };
    note_outage(context, &finding).await
}

/// A delivery that was at hand when no session could be opened. The attempt uses up no retry, and the delivery is as due
/// as it was.
pub fn unreached(context: &Context, job: &Job, unreached: Unreached) -> Outcome {
    let Unreached { outage, failure, duration } = unreached;
    let now = context.clock.now();
    let reply = failure.reply;
    let attempt = AttemptMade {
        code: reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: reply.map(|reply| reply.text).unwrap_or_default().into(),
        outage: Some(outage),
        unreached: true,
        server: context.relay.server.clone().into(),
        duration_ms: i64::try_from(duration.as_millis()).unwrap_or(i64::MAX),
        ..unsent(job.claimed.number, now, failure.phase.id(), problem(failure.error))
    };
    Outcome { excused: true, attempt: Some(attempt), ..untried(job, DeliveryState::Pending) }
}

/// A delivery that ends, or goes back, without an attempt.
pub fn untried(job: &Job, state: DeliveryState) -> Outcome {
    Outcome {
        delivery: job.claimed.id,
        run: job.run.id,
        mailing: job.run.mailing,
        epoch: job.claimed.epoch,
        state,
        due_at: None,
        excused: false,
        attempt: None,
    }
}

/// A delivery whose mail cannot be made: it fails for good.
pub fn unrendered(job: &Job, problem: Problem, now: UnixMillis) -> Outcome {
    let attempt = unsent(job.claimed.number, now, "render", problem);
    Outcome { attempt: Some(attempt), ..untried(job, DeliveryState::Failed) }
}

/// A delivery that was at hand when something panicked.
pub fn panicked(context: &Context, job: &Job, handed_over: bool) -> Outcome {
    let now = context.clock.now();
    if handed_over {
        return unheard(context, &HandedOver::of(job, now));
    }
    let attempt = unsent(job.claimed.number, now, "", Problem::new("delivery-error-internal"));
    let judgement = Judgement { verdict: Verdict::Later, blame: Blame::Message };
    let (state, due_at) = match context.config.retry.after(judgement, tried(job), now, 1.0) {
        Next::Final(state) => (state, None),
        Next::Again { at, .. } => (DeliveryState::Pending, Some(at)),
    };
    Outcome { due_at, attempt: Some(attempt), ..untried(job, state) }
}

fn tried(job: &Job) -> Tried {
    Tried {
        number: u32::try_from(job.claimed.number).unwrap_or(u32::MAX),
        excused: u32::try_from(job.claimed.excused).unwrap_or(0),
        unreached: u32::try_from(job.claimed.unreached).unwrap_or(0),
        on_unknown: job.run.on_unknown,
        ends_at: job.run.ends_at,
    }
}

/// What a journal's record stands for.
pub fn replayed(context: &Context, record: Record) -> Outcome {
    match record {
        Record::Outcome(outcome) => *outcome,
        Record::HandedOver(record) => unheard(context, &record),
    }
}

/// A message that was handed over and of which nothing more was heard: it is held, or sent again.
fn unheard(context: &Context, record: &HandedOver) -> Outcome {
    let error = Problem::new("delivery-error-process-ended");
    let attempt = unknown(record.number, record.at, error, &context.relay.server);
    let (state, due_at) = after_unknown(context, record.number, record.excused, record.on_unknown);
    Outcome {
        delivery: record.delivery,
        run: record.run,
        mailing: record.mailing,
        epoch: record.epoch,
        state,
        due_at,
        excused: false,
        attempt: Some(attempt),
    }
}

/// A claim of a node that is gone: whether its message was handed over is not known here.
pub fn taken_over(context: &Context, claim: &Abandoned) -> Outcome {
    let error = Problem::new("delivery-error-process-lost");
    let attempt = unknown(claim.number, context.clock.now(), error, &context.relay.server);
    let (state, due_at) = after_unknown(context, claim.number, claim.excused, claim.on_unknown);
    Outcome {
        delivery: claim.id,
        run: claim.run_id,
        mailing: claim.mailing_id,
        epoch: claim.epoch,
        state,
        due_at,
        excused: false,
        attempt: Some(attempt),
    }
}

/// What is sent again is sent at once, and as often as the policy allows: a mail that brings its process down each time
/// must come to an end.
fn after_unknown(
    context: &Context,
    number: i64,
    excused: i64,
    on_unknown: UnknownPolicy,
) -> (DeliveryState, Option<UnixMillis>) {
    let tried = Tried {
        number: u32::try_from(number).unwrap_or(u32::MAX),
        excused: u32::try_from(excused).unwrap_or(0),
        // Of no meaning here: nothing is excused.
        unreached: 0,
        on_unknown,
        // Whoever claims it looks at the window.
        ends_at: None,
    };
    let judgement = Judgement { verdict: Verdict::Unknown, blame: Blame::Nobody };
    match context.config.retry.after(judgement, tried, context.clock.now(), 1.0) {
        Next::Final(state) => (state, None),
        Next::Again { .. } => (DeliveryState::Pending, Some(UnixMillis(0))),
    }
}

fn unknown(number: i64, at: UnixMillis, error: Problem, server: &str) -> AttemptMade {
    AttemptMade { unknown: true, server: server.to_owned().into(), ..unsent(number, at, Phase::Dot.id(), error) }
}

fn unsent(number: i64, at: UnixMillis, phase: &'static str, error: Problem) -> AttemptMade {
    AttemptMade {
        number,
        at,
        successful: false,
        unknown: false,
        code: None,
        enhanced: None,
        reply: "".into(),
        error: Some(error),
        outage: None,
        unreached: false,
        phase: phase.into(),
        server: "".into(),
        tls: "".into(),
        duration_ms: 0,
    }
}
