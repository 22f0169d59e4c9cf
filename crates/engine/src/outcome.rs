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
use vestnik_store::deliveries::{Abandoned, Claimed};
use vestnik_store::outages::Finding;
use vestnik_store::runs::OpenRun;
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

/// What an attempt means beyond its own delivery: writes to the database that may have to wait. The outcome is in the
/// journal before they begin, so that a process that is killed meanwhile loses no reply.
#[derive(Debug, Default)]
#[must_use = "the database must be told"]
pub struct FollowUp {
    /// The server takes messages again.
    recovered: bool,
    /// The server's own trouble.
    trouble: Option<Finding>,
    /// The server refuses the whole run, in these words.
    refused: Option<String>,
}

impl FollowUp {
    /// Whether nothing has to be written.
    pub fn is_empty(&self) -> bool {
        !self.recovered && self.trouble.is_none() && self.refused.is_none()
    }

    /// Writes it. Answers the outage that the attempt was made in, if the server was to blame.
    pub async fn record(self, context: &Context, job: &Job) -> Option<OutageId> {
        if self.recovered {
            end_outage(context).await;
        }
        let outage = match &self.trouble {
            Some(finding) => note_outage(context, finding).await,
            None => None,
        };
        if let Some(words) = &self.refused
            && let Err(error) = control::pause_for(&context.db, job.run.id, words, context.clock.now()).await
        {
            tracing::error!(%error, run = %job.run.id, "could not pause a run that the mail server refuses");
        }
        outage
    }
}

/// Judges an attempt: what becomes of the delivery, whether a lane must rest, and what the database is to be told beside
/// the outcome. Waits for nothing.
pub fn judge(context: &Context, job: &Job, sent: Sent, circumstances: Circumstances) -> (Outcome, FollowUp) {
    if sent.blame == Blame::Nobody && sent.verdict == Verdict::Later {
        return stopped_here(context, job, &sent, circumstances);
    }
    let follows = is_over_recipient(&sent) && context.relay.follows_recipient(job.claimed.id);
    let mut follow_up = if follows {
        tracing::info!(delivery = %job.claimed.id, words = words(&sent), "the mail server ends sessions over one recipient");
        FollowUp::default()
    } else {
        tell_lanes(context, job, &sent, circumstances.began)
    };
    let now = context.clock.now();
    let mut judgement = Judgement { verdict: sent.verdict, blame: sent.blame };
    if follows {
        judgement.blame = Blame::Recipient;
    } else if puts_sender_off(&sent) {
        judgement.blame = Blame::Server;
    }
    if refuses_sender(&sent) {
        // It would refuse everyone's mail alike, recipient by recipient. So the run waits for a person, and nobody's
        // delivery fails by it.
        judgement = Judgement { verdict: Verdict::Later, blame: Blame::Server };
        follow_up.refused = halt(job, &sent);
    } else if job.run.refusals.note(&sent, job.domain()) {
        // Here it shows only after a while: those who were refused until then have failed.
        follow_up.refused = halt(job, &sent);
    }
    let mut jitter = [0_u8; 1];
    context.random.fill(&mut jitter);
    let tried = Tried { put_off: puts_recipient_off(&sent), ..tried(job) };
    let next = context.config.retry.after(judgement, tried, now, f64::from(jitter[0]) / 255.0);
    let attempt = AttemptMade {
        number: job.claimed.number,
        at: now,
        successful: sent.verdict == Verdict::Accepted,
        unknown: sent.verdict == Verdict::Unknown,
        code: sent.reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: sent.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: sent.reply.map(|reply| reply.text).unwrap_or_default().into(),
        error: sent.error.map(problem),
        // Known once the follow-up is recorded.
        outage: None,
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
    (Outcome { due_at, excused, attempt: Some(attempt), ..untried(job, state) }, follow_up)
}

/// Has the run wait for a person, who is told what the server says. `None`: it waits already; others that were under way
/// hear the same.
fn halt(job: &Job, sent: &Sent) -> Option<String> {
    if !job.run.halt() {
        return None;
    }
    let code = sent.reply.as_ref().map(|reply| reply.code);
    tracing::warn!(run = %job.run.id, code, "the mail server refuses all of a run's messages, so it is paused");
    Some(sent.reply.as_ref().map(ToString::to_string).unwrap_or_default())
}

/// A message that this process did not let go: it is as if it had never been claimed.
fn stopped_here(context: &Context, job: &Job, sent: &Sent, circumstances: Circumstances) -> (Outcome, FollowUp) {
    let trouble = (!circumstances.withdrawn).then(|| trouble(context, sent, OutageKind::Local, circumstances.began));
    (untried(job, DeliveryState::Pending), FollowUp { trouble, ..FollowUp::default() })
}

/// RFC 5321 3.3: a refusal at MAIL FROM speaks of the sender alone.
fn refuses_sender(sent: &Sent) -> bool {
    sent.verdict == Verdict::Never && sent.blame == Blame::Sender && sent.phase == Phase::MailFrom
}

/// "Later" at MAIL FROM speaks of everyone's mail: nothing is known of the recipient yet.
fn puts_sender_off(sent: &Sent) -> bool {
    sent.verdict == Verdict::Later && sent.blame == Blame::Sender && sent.phase == Phase::MailFrom
}

/// Once it knows the recipient, a server that says 450 or 451 means this message, whatever the enhanced code says; so do
/// many that greylist. 452 speaks of its storage, and 421 ends the conversation.
fn puts_recipient_off(sent: &Sent) -> bool {
    sent.phase >= Phase::RcptTo && sent.reply.as_ref().is_some_and(|reply| matches!(reply.code, 450 | 451))
}

/// The server has ended the conversation, or fallen silent, when it knew the recipient. It may be the recipient who brings
/// it to that, and not the server that is in trouble.
fn is_over_recipient(sent: &Sent) -> bool {
    sent.verdict == Verdict::Later && sent.phase >= Phase::RcptTo && asks_for_rest(sent) == Some(Rest::Server)
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

/// Lets the server or the recipient's domain rest if it asks for it, and go on when it is well again.
fn tell_lanes(context: &Context, job: &Job, sent: &Sent, began: Instant) -> FollowUp {
    let rest = asks_for_rest(sent);
    if rest == Some(Rest::Server) {
        let trouble = Some(trouble(context, sent, OutageKind::Deferring, began));
        return FollowUp { trouble, ..FollowUp::default() };
    }
    let recovered = context.relay.fine(began);
    if recovered {
        tracing::info!(server = context.relay.server, "the mail server takes messages again");
    }
    if rest.is_none() {
        context.queue.fine(job.domain(), began);
    } else if context.queue.troubled(job.domain(), began) {
        tracing::warn!(domain = job.domain(), "mail for this domain is put off; it gets a rest");
    }
    FollowUp { recovered, ..FollowUp::default() }
}

/// Lets the server rest. Answers what is the matter.
fn trouble(context: &Context, sent: &Sent, kind: OutageKind, began: Instant) -> Finding {
    if context.relay.troubled(began) {
        let server = &context.relay.server;
        tracing::warn!(server, words = words(sent), "the mail server is in trouble and gets a rest");
    }
    Finding {
        kind,
        error: sent.error.clone().map(problem),
        code: sent.reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: sent.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: sent.reply.as_ref().map(|reply| reply.text.clone()).unwrap_or_default(),
        phase: sent.phase.id(),
    }
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

/// A delivery whose mail was not made in time. The attempt counts, so that a message that is always too slow fails at
/// last, with this as the reason.
pub fn rendered_too_slowly(context: &Context, job: &Job, problem: Problem) -> Outcome {
    let now = context.clock.now();
    let attempt = unsent(job.claimed.number, now, "render", problem);
    unmade(context, job, attempt, now)
}

/// A delivery that was at hand when something panicked.
pub fn panicked(context: &Context, job: &Job, handed_over: bool) -> Outcome {
    let now = context.clock.now();
    if handed_over {
        return unheard(context, &HandedOver::of(job, now));
    }
    let attempt = unsent(job.claimed.number, now, "", Problem::new("delivery-error-internal"));
    unmade(context, job, attempt, now)
}

/// A delivery that failed for now on this side.
fn unmade(context: &Context, job: &Job, attempt: AttemptMade, now: UnixMillis) -> Outcome {
    let (state, due_at) = after_failure_here(context, tried(job), now);
    Outcome { due_at, attempt: Some(attempt), ..untried(job, state) }
}

/// A delivery that a process was rendering when it ended, where no check could tell whether that was why.
pub fn ended_while_rendered(context: &Context, run: &OpenRun, claim: &Claimed) -> Outcome {
    let now = context.clock.now();
    let tried = tried_of(claim, run.on_unknown, run.ends_at);
    let (state, due_at) = after_failure_here(context, tried, now);
    let error = Problem::new("delivery-error-ended-while-rendered");
    Outcome {
        delivery: claim.id,
        run: run.id,
        mailing: run.mailing_id,
        epoch: claim.epoch,
        state,
        due_at,
        excused: false,
        attempt: Some(unsent(claim.number, now, "render", error)),
    }
}

fn after_failure_here(context: &Context, tried: Tried, now: UnixMillis) -> (DeliveryState, Option<UnixMillis>) {
    let judgement = Judgement { verdict: Verdict::Later, blame: Blame::Message };
    match context.config.retry.after(judgement, tried, now, 1.0) {
        Next::Final(state) => (state, None),
        Next::Again { at, .. } => (DeliveryState::Pending, Some(at)),
    }
}

fn tried(job: &Job) -> Tried {
    tried_of(&job.claimed, job.run.on_unknown, job.run.ends_at)
}

fn tried_of(claim: &Claimed, on_unknown: UnknownPolicy, ends_at: Option<UnixMillis>) -> Tried {
    Tried {
        number: u32::try_from(claim.number).unwrap_or(u32::MAX),
        excused: u32::try_from(claim.excused).unwrap_or(0),
        unreached: u32::try_from(claim.unreached).unwrap_or(0),
        put_off: false,
        on_unknown,
        ends_at,
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
        put_off: false,
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
