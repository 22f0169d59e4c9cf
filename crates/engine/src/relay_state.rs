//! How the mail server fares: two circuit breakers. One is for connections: while none can be made nothing is claimed
//! and no attempt is burned. The other is for messages: a server that takes connections and then says "later" to
//! everything, or asks to slow down, is left in peace for a while. A server that refuses one connection beside others
//! that work (it caps their number) is not down: only further connections wait. Nor is one that ends a session after a
//! number of messages: that number is learned.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use vestnik_model::id::{DeliveryId, OutageId};

use crate::error_delay::ErrorLimit;
use crate::gate::Gate;
use crate::measures::Measures;
use crate::recipient_trouble::RecipientTrouble;
use crate::session_limit::{Count, End, Most, SessionLimit};

/// The first pause after trouble.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between connections: a server that is back is noticed within it.
const CONNECTING: Duration = Duration::from_secs(4);
/// The longest pause between messages.
const SENDING: Duration = Duration::from_secs(30);

struct State {
    connecting: Gate,
    sending: Gate,
    /// Sessions that are open.
    open: usize,
    /// Connections that are being made.
    trying: usize,
    /// What is known of how many messages the server takes in a session.
    session: SessionLimit,
    /// How many refusals a session bears before they make it slow.
    errors: ErrorLimit,
    /// Whose trouble it is when the server ends the conversation over a recipient.
    recipients: RecipientTrouble,
    /// The outage that goes on, as the tables have it.
    outage: Option<Ongoing>,
}

/// An outage that goes on.
#[derive(Clone, Copy, Debug)]
struct Ongoing {
    id: OutageId,
    /// Whether it is known from the tables alone: a process before this one, or another node, found it.
    inherited: bool,
}

/// See the module.
pub struct RelayState {
    /// The server, as the ledger names it.
    pub server: String,
    measures: Measures,
    state: Mutex<State>,
    recovered: Notify,
}

/// An open session, as it is counted.
pub struct Opened {
    state: Arc<RelayState>,
    began: Instant,
    /// After how many messages it is to be ended, before the server does.
    pub most: Option<Most>,
}

/// A connection that is being made, as long as it lives.
pub struct Trying<'a>(&'a RelayState);

impl Drop for Trying<'_> {
    fn drop(&mut self) {
        self.0.lock().trying -= 1;
    }
}

impl Opened {
    /// The server has ended it after so many messages. `true`: there is nothing else the matter with it.
    pub fn ended(&self, after: Count, words: &str) -> bool {
        let server = &self.state.server;
        match self.state.lock().session.ended(after, self.began, Instant::now()) {
            End::Learned => {
                let after = after.taken;
                tracing::info!(
                    server,
                    after,
                    words,
                    "the mail server ends sessions after so many messages; so do we now"
                );
            }
            End::Borne => tracing::debug!(server, ?after, words, "the mail server has ended a session"),
            End::TooOften => return false,
        }
        true
    }

    /// Its errors have made it slow, after so many refusals in a row. `true`: another session is worth opening.
    pub fn slowed(&self, after: u32) -> bool {
        let server = &self.state.server;
        tracing::debug!(server, after, "the mail server answers late after so many refusals in a session");
        self.state.lock().errors.slowed(after)
    }

    /// After so many refusals in a row a session is slow, if that is known.
    pub fn most_errors(&self) -> Option<u32> {
        self.state.lock().errors.most()
    }

    /// It has come as far as so many messages.
    pub fn went_on(&self, count: Count) {
        // Sessions that are ended here tell nothing new.
        if self.most.is_none() && self.state.lock().session.went_on(count) {
            tracing::info!(server = self.state.server, "the mail server takes more messages in a session than it did");
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.state.lock().open -= 1;
        self.state.measures.sessions.dec();
    }
}

impl RelayState {
    /// A server of which nothing bad is known, but for what others may have found.
    pub fn new(server: String, outage: Option<OutageId>, measures: &Measures) -> Self {
        let state = State {
            connecting: Gate::new(FIRST_PAUSE, CONNECTING),
            sending: Gate::new(FIRST_PAUSE, SENDING),
            open: 0,
            trying: 0,
            session: SessionLimit::default(),
            errors: ErrorLimit::default(),
            recipients: RecipientTrouble::default(),
            outage: outage.map(|id| Ongoing { id, inherited: true }),
        };
        let measures = measures.clone();
        measures.server_down.set(0);
        Self { server, measures, state: Mutex::new(state), recovered: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the server cannot be reached at all.
    pub fn is_down(&self) -> bool {
        let state = self.lock();
        !state.connecting.is_open() && state.open == 0
    }

    /// Whether connections are being made at the moment.
    pub fn is_trying(&self) -> bool {
        self.lock().trying > 0
    }

    /// Counts a connection as being made until the answer is dropped.
    pub fn trying(&self) -> Trying<'_> {
        self.lock().trying += 1;
        Trying(self)
    }

    /// Whether messages may go at any time.
    pub fn is_fine(&self) -> bool {
        self.lock().sending.is_open()
    }

    /// The outage that goes on, as far as it is known here.
    pub fn outage(&self) -> Option<OutageId> {
        self.lock().outage.map(|outage| outage.id)
    }

    /// This process has found the server in this outage, or out of any.
    pub fn in_outage(&self, outage: Option<OutageId>) {
        self.lock().outage = outage.map(|id| Ongoing { id, inherited: false });
    }

    /// Sessions that are open.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    /// Counts a session as open until the answer is dropped.
    pub fn opened(self: &Arc<Self>) -> Opened {
        let mut state = self.lock();
        state.open += 1;
        self.measures.sessions.inc();
        Opened { state: Arc::clone(self), began: Instant::now(), most: state.session.begin() }
    }

    /// Waits until a connection may be tried.
    pub async fn turn_to_connect(&self) {
        self.turn(|state| &mut state.connecting).await;
    }

    /// Waits until a message may be tried.
    pub async fn turn_to_send(&self) {
        self.turn(|state| &mut state.sending).await;
    }

    async fn turn(&self, gate: impl Fn(&mut State) -> &mut Gate) {
        loop {
            let recovered = self.recovered.notified();
            let at = match gate(&mut self.lock()).turn(Instant::now()) {
                Ok(()) => return,
                Err(at) => at,
            };
            tokio::select! {
                () = recovered => {}
                () = tokio::time::sleep_until(at) => {}
            }
        }
    }

    /// A connection that was begun at `began` was made. `true`: none could be made until now.
    pub fn connected(&self, began: Instant) -> bool {
        let (recovered, inherited) = {
            let mut state = self.lock();
            (state.connecting.succeeded(began), state.outage.is_some_and(|outage| outage.inherited))
        };
        self.measures.server_down.set(0);
        self.call(recovered);
        recovered || inherited
    }

    /// A connection that was begun at `began` could not be made.
    pub fn unreachable(&self, began: Instant) {
        self.lock().connecting.failed(began, Instant::now());
        self.measures.server_down.set(i64::from(self.is_down()));
    }

    /// A message that was begun at `began` was judged by itself. `true`: the server was in trouble until now.
    pub fn fine(&self, began: Instant) -> bool {
        let recovered = {
            let mut state = self.lock();
            state.recipients.passed(began);
            state.sending.succeeded(began)
        };
        self.call(recovered)
    }

    /// A message that was begun at `began` met the server's own trouble. `true`: it was not known until now.
    pub fn troubled(&self, began: Instant) -> bool {
        self.lock().sending.failed(began, Instant::now())
    }

    /// The server ended the conversation over this delivery's recipient. `true`: it does so each time while others pass,
    /// so that it is no trouble of its own.
    pub fn follows_recipient(&self, delivery: DeliveryId) -> bool {
        self.lock().recipients.met(delivery, Instant::now())
    }

    fn call(&self, recovered: bool) -> bool {
        if recovered {
            self.recovered.notify_waiters();
        }
        recovered
    }
}
