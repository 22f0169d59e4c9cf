//! How the mail server fares: two circuit breakers. One is for connections: while none can be made nothing is claimed
//! and no attempt is burned. The other is for messages: a server that takes connections and then says "later" to
//! everything, or asks to slow down, is left in peace for a while. A server that refuses one connection beside others
//! that work (it caps their number) is not down: only further connections wait. Nor is one that ends a session after a
//! number of messages: that number is learned.

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
    /// What is known of how many messages the server takes in a session.
    session: SessionLimit,
}

/// How many messages a server takes in a session before it ends it, which it tells nobody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SessionLimit {
    /// After how many it ended the last one that it ended.
    last: Option<u32>,
    /// Twice in a row the same: the next ones are ended here first.
    most: Option<u32>,
}

impl SessionLimit {
    /// The server has ended a session after so many.
    fn ended(&mut self, after: u32) {
        if self.last == Some(after) {
            self.most = Some(after);
        } else if self.most.is_some_and(|most| after < most) {
            self.most = None;
        }
        self.last = Some(after);
    }
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
        let state = State {
            connecting: Gate::new(FIRST_PAUSE, CONNECTING),
            sending: Gate::new(FIRST_PAUSE, SENDING),
            open: 0,
            session: SessionLimit::default(),
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

    /// The server has ended a session after so many messages.
    pub fn session_ended(&self, after: u32) {
        self.lock().session.ended(after);
    }

    /// Messages that the server takes in a session, if it has shown that it counts them.
    pub fn most_in_session(&self) -> Option<u32> {
        self.lock().session.most
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

#[cfg(test)]
mod tests {
    use super::SessionLimit;

    #[test]
    fn a_number_that_comes_twice_is_a_rule() {
        let mut limit = SessionLimit::default();
        let mut after = |ended: u32| {
            limit.ended(ended);
            limit.most
        };
        assert_eq!(after(100), None, "it may have had another reason");
        assert_eq!(after(100), Some(100));
        assert_eq!(after(40), None, "it was another reason, or there is a new rule");
        assert_eq!(after(7), None);
        assert_eq!(after(7), Some(7));
        assert_eq!(after(90), Some(7), "it does not bother whoever ends sessions earlier");
    }
}
