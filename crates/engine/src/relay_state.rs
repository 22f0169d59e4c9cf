//! How the mail server fares: two circuit breakers. One is for connections: while none can be made nothing is claimed
//! and no attempt is burned. The other is for messages: a server that takes connections and then says "later" to
//! everything, or asks to slow down, is left in peace for a while. A server that refuses one connection beside others
//! that work (it caps their number) is not down: only further connections wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::gate::Gate;
use crate::measures::Measures;

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
pub struct Opened(Arc<RelayState>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
        self.0.measures.sessions.dec();
    }
}

impl RelayState {
    /// A server of which nothing bad is known.
    pub fn new(server: String, measures: &Measures) -> Self {
        let state =
            State { connecting: Gate::new(FIRST_PAUSE, CONNECTING), sending: Gate::new(FIRST_PAUSE, SENDING), open: 0 };
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

    /// Whether messages may go at any time.
    pub fn is_fine(&self) -> bool {
        self.lock().sending.is_open()
    }

    /// Sessions that are open.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    /// Counts a session as open until the answer is dropped.
    pub fn opened(self: &Arc<Self>) -> Opened {
        self.lock().open += 1;
        self.measures.sessions.inc();
        Opened(Arc::clone(self))
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
        let recovered = self.lock().connecting.succeeded(began);
        self.measures.server_down.set(0);
        self.call(recovered)
    }

    /// A connection that was begun at `began` could not be made.
    pub fn unreachable(&self, began: Instant) {
        self.lock().connecting.failed(began, Instant::now());
        self.measures.server_down.set(i64::from(self.is_down()));
    }

    /// A message that was begun at `began` was judged by itself. `true`: the server was in trouble until now.
    pub fn fine(&self, began: Instant) -> bool {
        let recovered = self.lock().sending.succeeded(began);
        self.call(recovered)
    }

    /// A message that was begun at `began` met the server's own trouble. `true`: it was not known until now.
    pub fn troubled(&self, began: Instant) -> bool {
        self.lock().sending.failed(began, Instant::now())
    }

    fn call(&self, recovered: bool) -> bool {
        if recovered {
            self.recovered.notify_waiters();
        }
        recovered
    }
}
