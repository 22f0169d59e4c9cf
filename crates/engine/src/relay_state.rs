//! How the mail server fares: a circuit breaker. While it takes no connections nothing is claimed and no attempt is
//! burned; one connection at a time tries again, ever more slowly, and the first that succeeds lets all others on.

use std::sync::{Mutex, PoisonError};
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
}

/// See the module.
pub struct RelayState {
    /// The server, as the ledger names it.
    pub server: String,
    state: Mutex<State>,
    recovered: Notify,
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

    /// Whether connections fail at the moment.
    pub fn is_down(&self) -> bool {
        self.lock().try_at.is_some()
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
            *state = State::default();
            was_down
        };
        self.recovered.notify_waiters();
        was_down
    }

    /// A connection could not be made.
    pub fn failed(&self) {
        let mut state = self.lock();
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
