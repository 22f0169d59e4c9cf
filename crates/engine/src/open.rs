//! Opening sessions with the mail server, as its state allows, and telling the tables when it stops or begins to take
//! any.

use std::future::pending;

use tokio::time::Instant;
use vestnik_mail::relay::{Stream, connect};
use vestnik_mail::session::{Sent, Session};
use vestnik_store::troubles;

use crate::Context;
use crate::relay_state::Opened;
use crate::session_limit::Count;

/// A session, counted as open as long as it lives.
pub struct OpenSession {
    session: Session<Stream>,
    opened: Opened,
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
        let words = sent.reply.as_ref().map(ToString::to_string);
        let words = words.as_deref().or(sent.error.as_deref()).unwrap_or_default();
        self.session.judged() > 0 && self.opened.ended(self.count(), words)
    }

    /// The server has judged one more message.
    pub fn went_on(&self) {
        self.opened.went_on(self.count());
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

/// Opens a session when the server takes one. `None`: it could not be reached, or the process stops.
pub async fn open(context: &Context) -> Option<OpenSession> {
    open_unless(context, pending()).await
}

/// The same, until `given_up` completes: nothing is waited for then, whatever the server does.
pub async fn open_unless(context: &Context, given_up: impl Future<Output = ()>) -> Option<OpenSession> {
    let config = &context.config;
    let server = &context.relay.server;
    let connecting = async {
        context.relay.turn_to_connect().await;
        let began = Instant::now();
        (began, connect(&config.relay, &config.tls, &config.hello, &config.timeouts).await)
    };
    let (began, connected) = tokio::select! {
        connected = connecting => connected,
        () = given_up => return None,
        () = context.stopped() => return None,
    };
    // Not to be cut short: what the relay's state knows, the tables are to know as well.
    let noted = match &connected {
        Ok(_) if context.relay.connected(began) => {
            tracing::info!(server, "the mail server takes connections again");
            troubles::end(&context.db, server).await
        }
        Ok(_) => Ok(()),
        Err(failure) => {
            context.relay.unreachable(began);
            tracing::warn!(server, %failure, "the mail server cannot be reached");
            troubles::begin(&context.db, server, &failure.to_string(), context.clock.now()).await
        }
    };
    if let Err(error) = noted {
        tracing::error!(%error, "the mail server's state could not be noted");
    }
    connected.ok().map(|session| OpenSession { session, opened: context.relay.opened() })
}
