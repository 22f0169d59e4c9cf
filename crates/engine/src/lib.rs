//! The loops that make mail go out.
//!
//! | loop | turns | into |
//! |---|---|---|
//! | [`scheduler`] | time, and mailings that are due | runs and their deliveries |
//! | [`claimer`] | deliveries that are due | jobs in the [`queue`] |
//! | [`connection`] (many) | jobs | outcomes, over SMTP |
//! | [`recorder`] | outcomes | rows of the ledger: the one door |
//! | [`letters`] | letters of the service itself | mail |
//! | [`janitor`] | what has had its time | nothing |
//!
//! [`journal`] remembers for the next process what this one has handed over.
//!
//! They meet in tables and in the queue; `web` never calls them. No transaction is open while the network is used.

pub mod catcher;
pub mod claimer;
pub mod config;
pub mod connection;
pub mod janitor;
pub mod journal;
pub mod letters;
pub mod lock;
pub mod queue;
pub mod recorder;
pub mod relay_state;
pub mod run_content;
pub mod scheduler;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use vestnik_model::Clock;
use vestnik_model::secret::{Random, new_key};
use vestnik_store::Db;

pub use config::Config;

use crate::journal::Journal;
use crate::queue::Queue;
use crate::relay_state::RelayState;

/// How long a graceful stop waits for messages that are on their way.
const FINISH_WITHIN: Duration = Duration::from_secs(6);
/// How long it then waits for the database to take the last outcomes; the journal keeps what it does not.
const COMMIT_WITHIN: Duration = Duration::from_millis(1_500);

/// What every loop has at hand.
#[derive(Clone)]
pub struct Context {
    /// The tables.
    pub db: Db,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// How to send.
    pub config: Arc<Config>,
    /// This process, as claims name it.
    pub node: Arc<str>,
    /// Claimed deliveries that wait for a connection.
    pub queue: Arc<Queue>,
    /// What has been handed over.
    pub journal: Arc<Journal>,
    /// How the mail server fares.
    pub relay: Arc<RelayState>,
    /// Becomes `true` when the process is to stop.
    pub stop: watch::Receiver<bool>,
}

impl Context {
    /// Whether the process is to stop.
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits; `false`: the process is to stop.
    pub async fn sleep(&self, duration: Duration) -> bool {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(duration) => !self.is_stopping(),
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }
}

/// The running loops.
pub struct Engine {
    loops: JoinSet<()>,
    recorder: JoinSet<()>,
    journal: Arc<Journal>,
    db: Db,
    node: Arc<str>,
    stop: watch::Sender<bool>,
}

impl Engine {
    /// Starts all loops on the current runtime. First notes what a process that died here has left behind.
    ///
    /// # Errors
    /// The database cannot be read, or the journal's folder not be written.
    pub async fn start(
        db: Db,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        config: Config,
    ) -> vestnik_store::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let node = new_key(&*random, 8);
        let context = Context {
            journal: Arc::new(Journal::begin(&config.journal, &node)?),
            node: node.into(),
            db,
            clock,
            random,
            queue: Arc::new(Queue::default()),
            relay: Arc::new(RelayState::new(config.relay.to_string())),
            config: Arc::new(config),
            stop: stopped,
        };
        janitor::recover(&context).await?;
        let (outcomes, received) = mpsc::channel(recorder::CAPACITY);
        let mut recorder = JoinSet::new();
        recorder.spawn(recorder::run(context.clone(), received));
        let mut loops = JoinSet::new();
        loops.spawn(scheduler::run(context.clone()));
        loops.spawn(claimer::run(context.clone(), outcomes.clone()));
        loops.spawn(letters::run(context.clone()));
        loops.spawn(janitor::run(context.clone()));
        for _ in 0..context.config.connections {
            loops.spawn(connection::run(context.clone(), outcomes.clone()));
        }
        Ok(Self { loops, recorder, journal: context.journal, db: context.db, node: context.node, stop })
    }

    /// Stops: no message is begun any more, those on their way are finished, all outcomes are committed. Ends within ten
    /// seconds; a message that takes longer is left to the journal.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        let finished = tokio::time::timeout(FINISH_WITHIN, async {
            while let Some(ended) = self.loops.join_next().await {
                report(ended);
            }
        })
        .await;
        if finished.is_err() {
            tracing::warn!("messages were still on their way when the time to stop was over");
            self.loops.shutdown().await;
        }
        // The loops held the senders; the recorder ends when it has written what they sent.
        let committed = tokio::time::timeout(COMMIT_WITHIN, async {
            while let Some(ended) = self.recorder.join_next().await {
                report(ended);
            }
        })
        .await;
        if committed.is_err() {
            self.recorder.abort_all();
            tracing::warn!("the database took too long to take the last outcomes; they are in the journal");
            return;
        }
        // What an aborted connection held and had not handed over. With the journal gone the next process could not know.
        match tokio::time::timeout(COMMIT_WITHIN, self.journal.give_back_rest(&self.db, &self.node)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "claims could not be given back; the journal is kept"),
            Err(_) => tracing::warn!("claims could not be given back in time; the journal is kept"),
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a loop of the engine panicked");
    }
}
