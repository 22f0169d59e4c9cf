//! The loops that make mail go out.
//!
//! | loop | turns | into |
//! |---|---|---|
//! | [`scheduler`] | time, and mailings that are due | runs and their deliveries |
//! | [`claimer`] | deliveries that are due | jobs in the [`queue`] |
//! | [`connection`] (many) | jobs | outcomes, over SMTP |
//! | [`prepare`] | a run's message | one that is compiled and was tried on a sample recipient |
//! | [`recorder`] | outcomes | rows of the ledger: the one door |
//! | [`halt`] | runs that were paused or called off | jobs that go back |
//! | [`letters`] | letters of the service itself | mail |
//! | [`node`], [`rates`] | the other processes that send | leases, and parts of what is shared |
//! | [`janitor`] | what others left behind, and what has had its time | nothing |
//! | [`deletions`] | what is large and to be deleted | nothing |
//! | [`summaries`] | runs that are over | what reports know of them |
//!
//! [`journal`] remembers for the next process what this one has handed over, and [`history`] records it again if the
//! database has lost it. [`outcome`] says what an attempt means.
//! [`render_check`] finds messages that ended a process. [`supervise`] lets a loop that panics begin anew.
//!
//! They meet in tables and in the queue; `web` never calls them. No transaction is open while the network is used.

pub mod catcher;
pub mod claimer;
pub mod config;
pub mod connection;
pub mod deletions;
mod error_delay;
pub mod gate;
pub mod halt;
pub mod held;
pub mod history;
pub mod janitor;
pub mod journal;
pub mod lanes;
pub mod letters;
pub mod limits;
pub mod lock;
pub mod measures;
pub mod node;
pub mod open;
pub mod outcome;
pub mod pace;
pub mod prepare;
pub mod queue;
pub mod rates;
mod recipient_trouble;
pub mod recorder;
mod refusals;
pub mod relay_state;
pub mod render_budget;
pub mod render_check;
mod render_job;
mod rendering;
pub mod run_content;
pub mod scheduler;
mod session_limit;
pub mod summaries;
pub mod supervise;
pub mod turns;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;
use vestnik_model::Clock;
use vestnik_model::secret::{Random, new_key};
use vestnik_store::life::{self, Life};
use vestnik_store::settle::Outcome;
use vestnik_store::{Db, outages};

pub use config::Config;
pub use measures::Measures;

use crate::halt::Contents;
use crate::held::Held;
use crate::history::History;
use crate::journal::Journal;
use crate::node::Node;
use crate::prepare::Preparing;
use crate::queue::Queue;
use crate::recorder::Recorder;
use crate::relay_state::RelayState;
use crate::supervise::supervise;

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
    /// This process among those that share the work.
    pub node: Arc<Node>,
    /// Claimed deliveries that wait for a connection.
    pub queue: Arc<Queue>,
    /// What the runs send whose deliveries wait there.
    pub contents: Arc<Contents>,
    /// The runs whose messages are being prepared.
    pub preparing: Arc<Preparing>,
    /// The claims that this process knows of.
    pub held: Arc<Held>,
    /// Where the database stood when it was last asked.
    pub history: Arc<History>,
    /// The way to the recorder.
    pub outcomes: mpsc::Sender<Outcome>,
    /// What has been handed over.
    pub journal: Arc<Journal>,
    /// Whose journals are replayed. Whether anything is held is asked of the tables, where it may change.
    pub life: Arc<Life>,
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

    /// Waits until the process is to stop.
    pub async fn stopped(&self) {
        // An error means that whoever could say so is gone.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// Waits; `false`: the process is to stop.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(duration) => !self.is_stopping(),
            () = self.stopped() => false,
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
        let id = new_key(&*random, 8);
        let life = life::enter(&db, &new_key(&*random, 12)).await?;
        // An embedded database has no standby that could lag.
        let keep = if db.is_embedded() { Duration::ZERO } else { config.journal_kept };
        let journal = Arc::new(Journal::begin(&config.journal, &id, &life.name)?.keeping(keep));
        let node = Node::enter(&db, &id, config.lease, config.connections).await?;
        let server = config.relay.server();
        outages::end_of_others(&db, &server, clock.now()).await?;
        let outage = outages::open(&db, &server).await?;
        let (outcomes, received) = mpsc::channel(recorder::CAPACITY);
        let context = Context {
            node: Arc::new(node),
            queue: Arc::new(Queue::new(&config.limits, !db.is_embedded())),
            contents: Arc::default(),
            preparing: Arc::default(),
            held: Arc::default(),
            history: Arc::default(),
            outcomes,
            journal: Arc::clone(&journal),
            life: Arc::new(life),
            relay: Arc::new(RelayState::new(server, outage, &config.measures)),
            config: Arc::new(config),
            db: db.clone(),
            clock: Arc::clone(&clock),
            random,
            stop: stopped,
        };
        history::look(&context).await?;
        janitor::recover(&context).await?;
        // What a predecessor on this machine had of the connections is free now.
        context.node.beat(&context.db, 0).await?;
        let recorder = Recorder {
            db: db.clone(),
            measures: context.config.measures.clone(),
            clock,
            journal: Arc::clone(&journal),
            held: Arc::clone(&context.held),
            outcomes: received,
            batch: Vec::new(),
        };
        let mut engine = Self { loops: JoinSet::new(), recorder: JoinSet::new(), journal, db, node: id.into(), stop };
        engine.begin(&context, recorder);
        Ok(engine)
    }

    fn begin(&mut self, context: &Context, recorder: Recorder) {
        let recorder = Arc::new(Mutex::new(recorder));
        self.recorder.spawn(supervise("recorder", (), move |()| {
            let recorder = Arc::clone(&recorder);
            async move { recorder.lock().await.run().await }
        }));
        macro_rules! spawn {
            ($($name:ident),+) => {
                $(self.loops.spawn(supervise(stringify!($name), context.clone(), $name::run));)+
            };
        }
        spawn!(scheduler, claimer, letters, janitor, deletions, summaries, halt, node, rates, calls);
        for index in 0..context.config.connections {
            self.loops.spawn(connection::run(context.clone(), index));
        }
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

/// Passes on what other processes call, until the process stops.
mod calls {
    use std::time::Duration;

    use crate::Context;

    /// Meanwhile the loops look by themselves.
    const PAUSE: Duration = Duration::from_secs(2);

    pub async fn run(context: Context) {
        while !context.is_stopping() {
            tokio::select! {
                Err(error) = context.db.listen() => {
                    tracing::error!(%error, "calls of other processes cannot be heard");
                    context.sleep(PAUSE).await;
                }
                () = context.stopped() => {}
            }
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
