//! Opening sessions with the mail server, as its state allows, and telling the tables when it stops or begins to take
//! any.

use tokio::time::Instant;
use vestnik_mail::relay::{Stream, connect};
use vestnik_mail::session::Session;
use vestnik_store::troubles;

use crate::Context;
use crate::relay_state::Opened;

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

/// Opens a session when the server takes one. `None`: it could not be reached, or the process stops.
pub async fn open(context: &Context) -> Option<OpenSession> {
    tokio::select! {
        open = reach(context) => open,
        () = context.stopped() => None,
    }
}

async fn reach(context: &Context) -> Option<OpenSession> {
    context.relay.turn_to_connect().await;
    let began = Instant::now();
    let config = &context.config;
    let server = &context.relay.server;
    let connected = connect(&config.relay, &config.tls, &config.hello, &config.timeouts).await;
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
    connected.ok().map(|session| OpenSession { session, _opened: context.relay.opened() })
}
