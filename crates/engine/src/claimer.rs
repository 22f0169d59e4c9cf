//! Claims deliveries that are due and puts them into the queue: as many as the connections will send within about two
//! seconds, so that stopping is quick and a claim never waits long.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::RunId;
use vestnik_store::deliveries::{self, Outcome};
use vestnik_store::runs::{self, OpenRun};
use vestnik_store::{Result, users};

use crate::Context;
use crate::config::LEASE;
use crate::connection::open;
use crate::queue::Job;
use crate::run_content::RunContent;

/// Most jobs that wait at once.
const DEEPEST: usize = 8_000;
/// Pause after an error of the database.
const PAUSE: Duration = Duration::from_secs(1);
/// Contents of runs that are kept compiled, at least.
const CONTENTS: usize = 64;
/// How soon a run without due deliveries is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Runs until the process stops, then gives back what no connection has begun.
pub async fn run(context: Context, outcomes: mpsc::Sender<Outcome>) {
    let mut claimer = Claimer { contents: HashMap::new(), rate: Rate::new() };
    // Whether a run may have come that has no job in the queue yet.
    let mut newcomers = true;
    while !context.is_stopping() {
        let called = context.db.signals().deliveries.notified();
        let turn = claimer.turn(&context, newcomers).await;
        newcomers = true;
        match turn {
            Ok(Turn::Claimed) => {}
            Ok(Turn::Full) => tokio::select! {
                () = context.queue.drained() => newcomers = false,
                () = called => {}
                _ = context.sleep(LOOK_AGAIN) => {}
            },
            // Whatever waits goes back: a claim must not be held through an outage, nor past the end of its window.
            Ok(Turn::Away) => {
                give_all_back(&context, &outcomes).await;
                // No connection has a job to try the server with, so it is tried here.
                if let Some(session) = open(&context).await {
                    session.quit().await;
                }
            }
            Ok(Turn::NothingDue) => tokio::select! {
                () = called => {}
                _ = context.sleep(LOOK_AGAIN) => {}
            },
            Err(error) => {
                tracing::error!(%error, "deliveries could not be claimed");
                context.sleep(PAUSE).await;
            }
        }
    }
    give_all_back(&context, &outcomes).await;
}

async fn give_all_back(context: &Context, outcomes: &mpsc::Sender<Outcome>) {
    for job in context.queue.clear() {
        give_back(context, outcomes, &job).await;
    }
}

/// Gives a claimed delivery back as if it had never been claimed.
pub async fn give_back(context: &Context, outcomes: &mpsc::Sender<Outcome>, job: &Job) {
    let outcome = Outcome {
        delivery: job.claimed.id,
        run: job.claimed.run_id,
        mailing: job.run.mailing,
        epoch: job.claimed.epoch,
        state: DeliveryState::Pending,
        due_at: context.clock.now(),
        attempt: None,
    };
    // The recorder outlives every loop that sends to it.
    let _ = outcomes.send(outcome).await;
}

/// What came of looking for work.
enum Turn {
    /// Something was claimed; there may be more.
    Claimed,
    /// Enough jobs wait already.
    Full,
    /// The mail server takes no connections, and there is mail for it.
    Away,
    /// No delivery is due.
    NothingDue,
}

struct Claimer {
    contents: HashMap<RunId, Arc<RunContent>>,
    rate: Rate,
}

impl Claimer {
    /// Fills the queue up. While enough jobs wait, only `newcomers` are looked for: a run without a job in the queue gets
    /// its first ones at once, so that ten letters do not wait behind a slow server's hundreds.
    async fn turn(&mut self, context: &Context, newcomers: bool) -> Result<Turn> {
        let waiting = context.queue.len();
        let depth = self.rate.depth(context.config.connections);
        if context.relay.is_down() {
            let wanted = waiting > 0 || !runs::open(&context.db, context.clock.now()).await?.is_empty();
            return Ok(if wanted { Turn::Away } else { Turn::NothingDue });
        }
        // Refilling by halves makes large claims, which cost a tenth of small ones.
        let full = waiting * 2 > depth;
        if full && !newcomers {
            return Ok(Turn::Full);
        }
        let runs = runs::open(&context.db, context.clock.now()).await?;
        if self.contents.len() > CONTENTS {
            self.contents.retain(|id, _| runs.iter().any(|run| run.id == *id));
        }
        let least = context.config.connections;
        let share = (depth.saturating_sub(waiting) / runs.len().max(1)).max(least);
        let mut total = 0;
        for run in &runs {
            if !full {
                total += self.claim(context, run, share).await?;
            } else if !context.queue.has(run.id) {
                total += self.claim(context, run, least).await?;
            }
        }
        if full {
            return Ok(Turn::Full);
        }
        self.rate.add(total);
        Ok(if total == 0 { Turn::NothingDue } else { Turn::Claimed })
    }

    async fn claim(&mut self, context: &Context, run: &OpenRun, limit: usize) -> Result<usize> {
        let now = context.clock.now();
        if run.ends_at.is_some_and(|end| end <= now) {
            return Ok(0);
        }
        let Some(content) = self.content(context, run).await? else { return Ok(0) };
        let claimed = deliveries::claim(&context.db, run.id, &context.node, limit as i64, now, now.plus(LEASE)).await?;
        let count = claimed.len();
        context.queue.push(run.id, claimed.into_iter().map(|claimed| Job { claimed, run: Arc::clone(&content) }));
        Ok(count)
    }

    async fn content(&mut self, context: &Context, run: &OpenRun) -> Result<Option<Arc<RunContent>>> {
        if let Some(content) = self.contents.get(&run.id) {
            return Ok(Some(Arc::clone(content)));
        }
        let (Some(message), Some(owner)) =
            (runs::message(&context.db, run.id).await?, users::find(&context.db, run.owner_id).await?)
        else {
            return Ok(None);
        };
        let content = Arc::new(RunContent::compile(run, &message, &owner, &context.config));
        self.contents.insert(run.id, Arc::clone(&content));
        Ok(Some(content))
    }
}

/// How fast jobs have gone lately, which is how fast they were claimed to keep the queue filled.
struct Rate {
    since: Instant,
    claimed: usize,
    per_second: f64,
}

impl Rate {
    fn new() -> Self {
        Self { since: Instant::now(), claimed: 0, per_second: 0.0 }
    }

    fn add(&mut self, claimed: usize) {
        self.claimed += claimed;
    }

    /// How many jobs are to wait: two seconds' worth.
    fn depth(&mut self, connections: usize) -> usize {
        let elapsed = self.since.elapsed().as_secs_f64();
        if elapsed >= 0.2 {
            let now = self.claimed as f64 / elapsed;
            self.per_second = if self.per_second > 0.0 { 0.5 * self.per_second + 0.5 * now } else { now };
            self.since = Instant::now();
            self.claimed = 0;
        }
        ((self.per_second * 2.0) as usize).clamp(connections * 8, DEEPEST.max(connections * 8))
    }
}
