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
use crate::queue::Job;
use crate::run_content::RunContent;

/// Most jobs that wait at once.
const DEEPEST: usize = 8_000;
/// Pause after an error of the database.
const PAUSE: Duration = Duration::from_secs(1);
/// How soon a run without due deliveries is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Runs until the process stops, then gives back what no connection has begun.
pub async fn run(context: Context, outcomes: mpsc::Sender<Outcome>) {
    let mut claimer = Claimer { contents: HashMap::new(), rate: Rate::new() };
    while !context.is_stopping() {
        let called = context.db.signals().deliveries.notified();
        let claimed = match claimer.turn(&context).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::error!(%error, "deliveries could not be claimed");
                context.sleep(PAUSE).await;
                continue;
            }
        };
        if claimed == 0 {
            tokio::select! {
                () = called => {}
                () = context.queue.drained() => {}
                _ = context.sleep(LOOK_AGAIN) => {}
            }
        }
    }
    for job in context.queue.clear() {
        give_back(&context, &outcomes, &job).await;
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

struct Claimer {
    contents: HashMap<RunId, Arc<RunContent>>,
    rate: Rate,
}

impl Claimer {
    /// Fills the queue up; answers how many were claimed.
    async fn turn(&mut self, context: &Context) -> Result<usize> {
        let waiting = context.queue.len();
        let depth = self.rate.depth(context.config.connections);
        // Refilling by halves makes large claims, which cost a tenth of small ones.
        if waiting * 2 > depth || context.relay.is_down() {
            return Ok(0);
        }
        let runs = runs::open(&context.db).await?;
        self.contents.retain(|id, _| runs.iter().any(|run| run.id == *id));
        let share = ((depth - waiting) / runs.len().max(1)).max(context.config.connections);
        let mut total = 0;
        for run in &runs {
            total += self.claim(context, run, share).await?;
        }
        self.rate.add(total);
        Ok(total)
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
