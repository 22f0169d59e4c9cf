//! One connection's worth of sending: takes jobs, keeps a session open, hands messages over one after another with the
//! next one's commands riding along, and passes what became of each to the recorder.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vestnik_mail::relay::{Stream, connect};
use vestnik_mail::session::{Outgoing, Sent, Session};
use vestnik_mail::verdict::{Phase, Verdict};
use vestnik_model::UnixMillis;
use vestnik_model::delivery::{DeliveryState, Next};
use vestnik_store::deliveries::{AttemptMade, Outcome};
use vestnik_store::troubles;

use crate::Context;
use crate::claimer::give_back;
use crate::queue::Job;
use crate::relay_state::Opened;
use crate::run_content::Prepared;

/// How long a session without work stays open.
const IDLE: Duration = Duration::from_secs(5);

/// A job with its mail.
struct Ready {
    job: Job,
    mail: Prepared,
}

/// Runs until the process stops.
pub async fn run(context: Context, outcomes: mpsc::Sender<Outcome>) {
    let mut connection = Connection { context, outcomes, session: None };
    let mut ahead: Option<Ready> = None;
    loop {
        let ready = match ahead.take() {
            Some(ready) => ready,
            None => {
                let Some(job) = connection.next_job().await else { break };
                let Some(ready) = connection.prepare(job).await else { continue };
                ready
            }
        };
        let Some(mut session) = connection.session().await else {
            give_back(&connection.context, &connection.outcomes, &ready.job).await;
            continue;
        };
        // The wait for the server may have been long. A message whose commands are out already goes: its window was open
        // when they went.
        let announced = session.announced().is_some();
        let ready = if announced {
            ready
        } else {
            match connection.still_due(ready).await {
                Some(ready) => ready,
                None => {
                    connection.session = Some(session);
                    continue;
                }
            }
        };
        if !connection.context.is_stopping() {
            ahead = connection.job_ahead().await;
        }
        let outgoing = Outgoing { envelope: &ready.mail.envelope, body: &ready.mail.body };
        let unknown = connection.unknown(&ready.job);
        let journal = Arc::clone(&connection.context.journal);
        let next = ahead.as_ref().map(|ready| &ready.mail.envelope);
        let sent = session.send(&outgoing, next, || journal.note(&unknown)).await;
        if sent.usable {
            connection.session = Some(session);
        }
        connection.record(&ready.job, sent).await;
    }
    if let Some(session) = connection.session.take() {
        session.quit().await;
    }
}

struct Connection {
    context: Context,
    outcomes: mpsc::Sender<Outcome>,
    session: Option<OpenSession>,
}

/// A session, counted as open as long as it lives.
pub struct OpenSession {
    session: Session<Stream>,
    _opened: Opened,
}

impl OpenSession {
    /// Ends it politely.
    pub async fn quit(self) {
        self.session.quit().await;
    }
}

impl std::ops::Deref for OpenSession {
    type Target = Session<Stream>;

    fn deref(&self) -> &Session<Stream> {
        &self.session
    }
}

impl std::ops::DerefMut for OpenSession {
    fn deref_mut(&mut self) -> &mut Session<Stream> {
        &mut self.session
    }
}

impl Connection {
    /// The next job; `None` when the process stops. Meanwhile a session that has nothing to do is closed.
    async fn next_job(&mut self) -> Option<Job> {
        let context = self.context.clone();
        loop {
            if context.is_stopping() {
                return None;
            }
            tokio::select! {
                job = context.queue.take() => return Some(job),
                goes_on = context.sleep(IDLE) => {
                    if let Some(session) = self.session.take() {
                        session.quit().await;
                    }
                    if !goes_on {
                        return None;
                    }
                }
            }
        }
    }

    /// A job whose commands can ride along with the message at hand.
    async fn job_ahead(&self) -> Option<Ready> {
        while let Some(job) = self.context.queue.take_ahead() {
            if let Some(ready) = self.prepare(job).await {
                return Some(ready);
            }
        }
        None
    }

    /// Makes a job's mail, or settles it if there is nothing to send.
    async fn prepare(&self, job: Job) -> Option<Ready> {
        let now = self.context.clock.now();
        if job.run.ends_at.is_some_and(|end| end <= now) {
            self.settle(&job, DeliveryState::Expired, None).await;
            return None;
        }
        let Some(person) = &job.claimed.person else {
            self.settle(&job, DeliveryState::Skipped, None).await;
            return None;
        };
        match job.run.prepare(&job.claimed, person) {
            Ok(mail) => Some(Ready { job, mail }),
            Err(reason) => {
                let attempt = AttemptMade {
                    number: job.claimed.number,
                    at: now,
                    successful: false,
                    code: None,
                    enhanced: None,
                    reply: reason,
                    phase: "render".into(),
                    server: String::new(),
                    duration_ms: 0,
                    message_id: job.run.message_id(&job.claimed),
                };
                self.settle(&job, DeliveryState::Failed, Some(attempt)).await;
                None
            }
        }
    }

    /// A job whose window has ended while it waited is settled and gone.
    async fn still_due(&self, ready: Ready) -> Option<Ready> {
        let now = self.context.clock.now();
        if ready.job.run.ends_at.is_some_and(|end| end <= now) {
            self.settle(&ready.job, DeliveryState::Expired, None).await;
            return None;
        }
        Some(ready)
    }

    /// An open session; waits while the server takes no connections. `None` when the process stops, or when the server
    /// could not be reached: the job goes back and burns no attempt.
    async fn session(&mut self) -> Option<OpenSession> {
        // A server may have closed a session that had nothing to do; that is nobody's failed attempt.
        if let Some(mut session) = self.session.take()
            && (session.announced().is_some() || session.check_idle())
        {
            return Some(session);
        }
        open(&self.context).await
    }

    /// What is to be noted of a message if this process dies between its final dot and its reply.
    fn unknown(&self, job: &Job) -> Outcome {
        let now = self.context.clock.now();
        let attempt = AttemptMade {
            number: job.claimed.number,
            at: now,
            successful: false,
            code: None,
            enhanced: None,
            reply: "the sending process ended before the mail server answered".to_owned(),
            phase: Phase::Dot.id().into(),
            server: self.context.relay.server.clone(),
            duration_ms: 0,
            message_id: job.run.message_id(&job.claimed),
        };
        self.outcome(job, DeliveryState::Unknown, now, Some(attempt))
    }

    /// Passes on what became of a job.
    async fn record(&self, job: &Job, sent: Sent) {
        let now = self.context.clock.now();
        let number = job.claimed.number;
        let mut jitter = [0_u8; 1];
        self.context.random.fill(&mut jitter);
        let next = self.context.config.retry.after(
            sent.verdict,
            u32::try_from(number).unwrap_or(u32::MAX),
            now,
            job.run.ends_at,
            f64::from(jitter[0]) / 255.0,
        );
        let attempt = AttemptMade {
            number,
            at: now,
            successful: sent.verdict == Verdict::Accepted,
            code: sent.reply.as_ref().map(|reply| i64::from(reply.code)),
            enhanced: sent.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
            reply: sent.reply.map(|reply| reply.text).or(sent.error).unwrap_or_default(),
            phase: sent.phase.id().into(),
            server: self.context.relay.server.clone(),
            duration_ms: i64::try_from(sent.duration.as_millis()).unwrap_or(i64::MAX),
            message_id: job.run.message_id(&job.claimed),
        };
        let (state, due_at) = match next {
            Next::Final(state) => (state, now),
            Next::Again(at) => (DeliveryState::Pending, at),
        };
        self.send(job, state, due_at, Some(attempt)).await;
    }

    async fn settle(&self, job: &Job, state: DeliveryState, attempt: Option<AttemptMade>) {
        self.send(job, state, self.context.clock.now(), attempt).await;
    }

    async fn send(&self, job: &Job, state: DeliveryState, due_at: UnixMillis, attempt: Option<AttemptMade>) {
        let outcome = self.outcome(job, state, due_at, attempt);
        // Only messages whose dot was at hand have a record that this one corrects; the others are claimed again.
        let handed_over = [Phase::Body.id(), Phase::Dot.id()];
        if outcome.attempt.as_ref().is_some_and(|attempt| handed_over.contains(&attempt.phase.as_ref()))
            && let Err(error) = self.context.journal.note(&outcome)
        {
            tracing::error!(%error, "an outcome could not be written to the journal");
        }
        // The recorder outlives every loop that sends to it.
        let _ = self.outcomes.send(outcome).await;
    }

    fn outcome(&self, job: &Job, state: DeliveryState, due_at: UnixMillis, attempt: Option<AttemptMade>) -> Outcome {
        Outcome {
            delivery: job.claimed.id,
            run: job.claimed.run_id,
            mailing: job.run.mailing,
            epoch: job.claimed.epoch,
            state,
            due_at,
            attempt,
        }
    }
}

/// Opens a session when the server takes one, noting in the tables when it stops or begins to. `None`: it could not be
/// reached, or the process stops.
pub async fn open(context: &Context) -> Option<OpenSession> {
    let mut stop = context.stop.clone();
    tokio::select! {
        open = reach(context) => open,
        _ = stop.wait_for(|stop| *stop) => None,
    }
}

async fn reach(context: &Context) -> Option<OpenSession> {
    context.relay.wait_for_turn().await;
    let probe = Probe(Arc::clone(&context.relay), true);
    let config = &context.config;
    let server = &context.relay.server;
    let connected = connect(&config.relay, &config.tls, &config.hello, &config.timeouts).await;
    probe.known();
    let noted = match &connected {
        Ok(_) if context.relay.succeeded() => {
            tracing::info!(server, "the mail server takes connections again");
            troubles::end(&context.db, server).await
        }
        Ok(_) => Ok(()),
        Err(failure) => {
            context.relay.failed();
            tracing::warn!(server, %failure, "the mail server cannot be reached");
            troubles::begin(&context.db, server, &failure.to_string(), context.clock.now()).await
        }
    };
    if let Err(error) = noted {
        tracing::error!(%error, "the mail server's state could not be noted");
    }
    connected.ok().map(|session| OpenSession { session, _opened: context.relay.opened() })
}

/// Gives the turn back if the try is dropped before its end.
struct Probe(Arc<crate::relay_state::RelayState>, bool);

impl Probe {
    fn known(mut self) {
        self.1 = false;
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if self.1 {
            self.0.abandoned();
        }
    }
}
