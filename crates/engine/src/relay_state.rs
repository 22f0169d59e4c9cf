//! How the mail server fares: a circuit breaker. While it takes no connections nothing is claimed and no attempt is
//! burned; one connection at a time tries again, ever more slowly, and the first that succeeds lets all others on.
//! A server that refuses one connection beside others that work (it caps their number) is not down: only further
//! connections wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The first pause after a failed connection; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause: a server that is back is noticed within it.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

#[derive(Default)]
struct State {
    /// When the next connection may be tried; `None`: the server is well.
    try_at: Option<Instant>,
    pause: Duration,
    /// Whether some connection is trying now.
    probing: bool,
    /// Sessions that are open.
    open: usize,
}

/// See the module.
pub struct RelayState {
    /// The server, as the ledger names it.
    pub server: String,
    state: Mutex<State>,
    recovered: Notify,
}

/// An open session, as it is counted.
pub struct Opened(Arc<RelayState>);

impl Drop for Opened {
    fn drop(&mut self) {
        self.0.lock().open -= 1;
    }
}

/// Whether a connection may be tried.
enum Turn {
    Go,
    Wait(Duration),
}

impl RelayState {
    /// A server of which nothing bad is known.
    pub fn new(server: String) -> Self {
        Self { server, state: Mutex::default(), recovered: Notify::new() }
    }

    /// Whether the server cannot be reached at all.
    pub fn is_down(&self) -> bool {
        let state = self.lock();
        state.try_at.is_some() && state.open == 0
    }

    /// Counts a session as open until the answer is dropped.
    pub fn opened(self: &Arc<Self>) -> Opened {
        self.lock().open += 1;
        Opened(Arc::clone(self))
    }

    /// Waits until a connection may be tried. Whoever is let through says how it went.
    pub async fn wait_for_turn(&self) {
        loop {
            let recovered = self.recovered.notified();
            let wait = match self.turn() {
                Turn::Go => return,
                Turn::Wait(wait) => wait,
            };
            tokio::select! {
                () = recovered => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn turn(&self) -> Turn {
        let mut state = self.lock();
        let Some(try_at) = state.try_at else { return Turn::Go };
        if state.probing {
            return Turn::Wait(LONGEST_PAUSE);
        }
        let now = Instant::now();
        if now < try_at {
            return Turn::Wait(try_at - now);
        }
        state.probing = true;
        Turn::Go
    }

    /// A connection was made. `true`: the server had been down.
    pub fn succeeded(&self) -> bool {
        let was_down = {
            let mut state = self.lock();
            let was_down = state.try_at.is_some();
            *state = State { open: state.open, ..State::default() };
            was_down
        };
        self.recovered.notify_waiters();
        was_down
    }

    /// A connection could not be made.
    pub fn failed(&self) {
        let mut state = self.lock();
        if state.try_at.is_some() && !state.probing {
            // One of many that were tried together; the first has said it.
            return;
        }
        state.pause = if state.pause.is_zero() { FIRST_PAUSE } else { (state.pause * 2).min(LONGEST_PAUSE) };
        state.try_at = Some(Instant::now() + state.pause);
        state.probing = false;
    }

    /// A connection that was being tried was dropped before it was known how it went.
    pub fn abandoned(&self) {
        self.lock().probing = false;
        self.recovered.notify_waiters();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
