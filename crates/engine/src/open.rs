//! Opening sessions with the mail server, as its state allows, and telling the tables when it stops or begins to take
//! any.

use std::borrow::Cow;
use std::future::pending;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_mail::error::SmtpError;
use vestnik_mail::failure::{Failure, FailureKind};
use vestnik_mail::relay::{Stream, connect};
use vestnik_mail::session::{Sent, Session};
use vestnik_mail::verdict::{Phase, Verdict};
use vestnik_model::Problem;
use vestnik_model::id::OutageId;
use vestnik_model::outage::OutageKind;
use vestnik_store::outages::{self, Finding};

use crate::Context;
use crate::error_delay::SessionErrors;
use crate::relay_state::Opened;
use crate::session_limit::Count;

/// A session, counted as open as long as it lives.
pub struct OpenSession {
    session: Session<Stream>,
    opened: Opened,
    /// The refusals in it.
    errors: SessionErrors,
}

impl OpenSession {
    /// Whether the message at hand is the last that it takes.
    pub fn is_at_its_last(&self) -> bool {
        self.opened.most.is_some_and(|most| most.is_reached_by(self.count().and_one()))
    }

    fn count(&self) -> Count {
        Count { judged: self.session.judged(), taken: self.session.taken() }
    }

    /// Whether the server, which has closed it, has only had enough of this session, and is not in trouble.
    pub fn was_only_ended(&self, sent: &Sent) -> bool {
        self.session.judged() > 0 && self.opened.ended(self.count(), &words(sent))
    }

    /// The server has judged one more message.
    pub fn went_on(&self) {
        self.opened.went_on(self.count());
    }

    /// Whether one more refusal is the last that it bears.
    pub fn is_near_its_last_error(&self) -> bool {
        self.opened.most_errors().is_some_and(|most| self.errors.count() + 1 >= most)
    }

    /// Whether the errors in it, with this one, if it is one, have made it slow, or are about to: another session is quicker.
    pub fn is_slowed_by(&mut self, sent: &Sent) -> bool {
        if sent.verdict == Verdict::Accepted {
            self.errors = SessionErrors::default();
            return false;
        }
        if sent.reply.is_none() {
            return false;
        }
        let before = self.errors.count();
        let took = (sent.phase <= Phase::Data).then_some(sent.duration);
        let slowed = self.errors.refused(took) && self.opened.slowed(before);
        slowed || self.opened.most_errors().is_some_and(|most| self.errors.count() >= most)
    }

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

/// What a server said, or what happened instead, for logs.
pub fn words(sent: &Sent) -> String {
    let reply = sent.reply.as_ref().map(ToString::to_string);
    reply.or_else(|| sent.error.as_ref().map(ToString::to_string)).unwrap_or_default()
}

/// Why there is no session.
#[derive(Debug)]
pub enum NotOpened {
    /// The process stops, or whoever wanted one gave up.
    GivenUp,
    /// The server takes no further session beside those that are open, or this could not be noted.
    NotNow,
    /// The server takes none at all.
    Outage(Box<Unreached>),
}

/// A try to open a session that failed, in an outage.
#[derive(Debug)]
pub struct Unreached {
    /// Which outage.
    pub outage: OutageId,
    /// Why it failed.
    pub failure: Failure,
    /// How long it took.
    pub duration: Duration,
}

/// Opens a session when the server takes one.
pub async fn open(context: &Context) -> Result<OpenSession, NotOpened> {
    open_unless(context, pending()).await
}

/// The same, until `given_up` completes: nothing is waited for then, whatever the server does.
pub async fn open_unless(context: &Context, given_up: impl Future<Output = ()>) -> Result<OpenSession, NotOpened> {
    let config = &context.config;
    let connecting = async {
        context.relay.turn_to_connect().await;
        let _trying = context.relay.trying();
        let began = Instant::now();
        (began, connect(&config.relay, &config.tls, &config.hello, &config.timeouts).await)
    };
    let (began, connected) = tokio::select! {
        connected = connecting => connected,
        () = given_up => return Err(NotOpened::GivenUp),
        () = context.stopped() => return Err(NotOpened::GivenUp),
    };
    // Not to be cut short: what the relay's state knows, the tables are to know as well.
    match connected {
        Ok(session) => {
            if context.relay.connected(began) {
                let server = &context.relay.server;
                tracing::info!(server, "the mail server takes connections again");
                end_outage(context).await;
            }
            Ok(OpenSession { session, opened: context.relay.opened(), errors: SessionErrors::default() })
        }
        Err(failure) => {
            context.relay.unreachable(began);
            Err(unreached(context, failure, began.elapsed()).await)
        }
    }
}

async fn unreached(context: &Context, failure: Failure, duration: Duration) -> NotOpened {
    let server = &context.relay.server;
    // A cap shows in no other way. Who was quicker than the others is not known yet.
    let may_be_cap = failure.phase <= Phase::Ehlo && matches!(failure.kind, FailureKind::Refused | FailureKind::Lost);
    if !context.relay.is_down() || may_be_cap && context.relay.is_trying() {
        // It caps the number of sessions, and is not in trouble.
        tracing::debug!(server, %failure, "the mail server takes no further session");
        return NotOpened::NotNow;
    }
    tracing::warn!(server, %failure, "the mail server cannot be reached");
    match note_outage(context, &finding(&failure)).await {
        Some(outage) => NotOpened::Outage(Box::new(Unreached { outage, failure, duration })),
        None => NotOpened::NotNow,
    }
}

fn finding(failure: &Failure) -> Finding {
    let rejects = failure.kind == FailureKind::Refused || failure.needs_attention();
    Finding {
        kind: if rejects { OutageKind::Rejecting } else { OutageKind::Unreachable },
        error: Some(problem(failure.error.clone())),
        code: failure.reply.as_ref().map(|reply| i64::from(reply.code)),
        enhanced: failure.reply.as_ref().and_then(|reply| reply.enhanced).map(|code| code.to_string()),
        reply: failure.reply.as_ref().map(|reply| reply.text.clone()).unwrap_or_default(),
        phase: failure.phase.id(),
    }
}

/// Notes that the server takes no mail. `None`: the tables could not be reached, which is logged.
pub async fn note_outage(context: &Context, finding: &Finding) -> Option<OutageId> {
    match outages::begin(&context.db, &context.relay.server, finding, context.clock.now()).await {
        Ok(outage) => {
            context.relay.in_outage(Some(outage));
            Some(outage)
        }
        Err(error) => {
            tracing::error!(%error, server = context.relay.server, "could not record the outage of the mail server");
            None
        }
    }
}

/// Notes that the server takes mail again.
pub async fn end_outage(context: &Context) {
    context.relay.in_outage(None);
    if let Err(error) = outages::end(&context.db, &context.relay.server, context.clock.now()).await {
        tracing::error!(%error, server = context.relay.server, "could not record the end of the mail server's outage");
    }
}

/// An error of the conversation, as the ledger keeps it.
pub fn problem(error: SmtpError) -> Problem {
    let id = error.id();
    let args = error.args().into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    Problem { id: Cow::Borrowed(id), args }
}
