//! Claims deliveries that are due and puts them into the queue: as many as the connections will send within about two
//! seconds, so that stopping is quick and a claim never waits long.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, OutageId, RunId};
use vestnik_store::runs::{self, OpenRun};
use vestnik_store::settle::Outcome;
use vestnik_store::{Result, deliveries, outages};

use crate::held::give_strays_back;
use crate::open::open;
use crate::prepare;
use crate::queue::Job;
use crate::run_content::RunContent;
use crate::{Context, history};

/// Most jobs that wait at once.
const DEEPEST: usize = 8_000;
/// Pause after an error of the database.
const PAUSE: Duration = Duration::from_secs(1);
/// How soon a run without due deliveries is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Runs until the process stops, then gives back what no connection has begun.
pub async fn run(context: Context) {
    let mut claimer = Claimer { rate: Rate::new(), last: RunId(0), reached: HashMap::new(), held_up: HashSet::new() };
    // Whether a run may have come that has no job in the queue yet.
    let mut newcomers = true;
    while !context.is_stopping() {
        let called = context.db.signals().deliveries.notified();
        for (job, delay) in context.queue.put_back() {
            give_back(&context, &job, Some(delay)).await;
        }
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
                give_all_back(&context).await;
                // No connection has a job to try the server with, so it is tried here.
                if let Ok(session) = open(&context).await {
                    session.quit().await;
                }
            }
            Ok(Turn::NothingDue) => tokio::select! {
                () = called => {}
                _ = context.sleep(LOOK_AGAIN) => {}
            },
            Err(error) => {
                tracing::error!(%error, "deliveries could not be claimed");
                // The claim may have been made, and only its answer been lost.
                context.node.look_for_strays();
                context.sleep(PAUSE).await;
            }
        }
    }
    give_all_back(&context).await;
}

async fn give_all_back(context: &Context) {
    for job in context.queue.clear() {
        give_back(context, &job, None).await;
    }
}

/// Gives a claimed delivery back as if it had never been claimed, to be claimed again not before the delay is over.
pub async fn give_back(context: &Context, job: &Job, delay: Option<Duration>) {
    let outcome = Outcome {
        delivery: job.claimed.id,
        run: job.run.id,
        mailing: job.run.mailing,
        epoch: job.claimed.epoch,
        state: DeliveryState::Pending,
        due_at: delay.map(|delay| context.clock.now().plus(delay)),
        excused: false,
        attempt: None,
    };
    // The recorder outlives every loop that sends to it.
    let _ = context.outcomes.send(outcome).await;
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
    rate: Rate,
    /// The run that was claimed from last; the others come first the next time.
    last: RunId,
    /// How far each run was claimed. From the start again, for what was given back, once it finds less than it looks for.
    reached: HashMap<RunId, DeliveryId>,
    /// The runs that are noted as held up, and by which outage.
    held_up: HashSet<(OutageId, RunId)>,
}

impl Claimer {
    /// Fills the queue up. While enough jobs wait, only `newcomers` are looked for: a run without a job in the queue gets
    /// its first ones at once, so that ten letters do not wait behind a slow server's hundreds.
    async fn turn(&mut self, context: &Context, newcomers: bool) -> Result<Turn> {
        if (context.node.takes_strays() || context.held.has_doubtful())
            && let Err(error) = give_strays_back(context).await
        {
            context.node.look_for_strays();
            return Err(error);
        }
        let connections = context.node.connections();
        if !context.node.holds() || connections == 0 || context.history.rests() {
            // Others have all the connections, and whatever waits here would wait for ever.
            give_all_back(context).await;
            return Ok(Turn::NothingDue);
        }
        let waiting = context.queue.ready();
        let depth = self.rate.depth(context.queue.gone(), connections);
        if context.relay.is_down() {
            let runs = runs::open(&context.db, context.clock.now()).await?;
            self.note_held_up(context, &runs).await?;
            let wanted = !context.queue.is_empty() || !runs.is_empty();
            return Ok(if wanted { Turn::Away } else { Turn::NothingDue });
        }
        // Refilling by halves makes large claims, which cost a tenth of small ones.
        let full = waiting * 2 > depth;
        if full && !newcomers {
            return Ok(Turn::Full);
        }
        let runs = runs::open(&context.db, context.clock.now()).await?;
        self.reached.retain(|id, _| runs.iter().any(|run| run.id == *id));
        let least = connections;
        let share = (depth.saturating_sub(waiting) / runs.len().max(1)).max(least);
        let mut total = 0;
        let (earlier, later): (Vec<_>, Vec<_>) = runs.iter().partition(|run| run.id <= self.last);
        for run in later.into_iter().chain(earlier) {
            // Many runs, each with its least, would claim more than is sent in the time that a stop has.
            if waiting + total >= depth * 2 {
                break;
            }
            if context.queue.is_slow(run.owner_id) && context.queue.has(run.id) {
                // They wait for each other already.
                continue;
            }
            if !full {
                total += self.claim(context, run, share).await?;
                self.last = run.id;
            } else if !context.queue.has(run.id) {
                total += self.claim(context, run, least).await?;
            }
        }
        if full {
            return Ok(Turn::Full);
        }
        Ok(if total == 0 { Turn::NothingDue } else { Turn::Claimed })
    }

    /// Notes that these runs have something to send in an outage.
    async fn note_held_up(&mut self, context: &Context, runs: &[OpenRun]) -> Result<()> {
        let Some(outage) = context.relay.outage() else { return Ok(()) };
        self.held_up.retain(|(of, _)| *of == outage);
        let new: Vec<RunId> =
            runs.iter().map(|run| run.id).filter(|run| !self.held_up.contains(&(outage, *run))).collect();
        if !new.is_empty() {
            outages::affects(&context.db, outage, new.iter().copied()).await?;
            self.held_up.extend(new.into_iter().map(|run| (outage, run)));
        }
        Ok(())
    }

    async fn claim(&mut self, context: &Context, run: &OpenRun, limit: usize) -> Result<usize> {
        let after = self.reached.get(&run.id).copied().unwrap_or(DeliveryId(0));
        let (claimed, reached) = claim(context, run, after, limit).await?;
        self.reached.insert(run.id, reached);
        Ok(claimed)
    }
}

async fn claim(context: &Context, run: &OpenRun, after: DeliveryId, limit: usize) -> Result<(usize, DeliveryId)> {
    let nothing = (0, DeliveryId(0));
    let now = context.clock.now();
    if run.ends_at.is_some_and(|end| end <= now) {
        return Ok(nothing);
    }
    let Some(content) = content(context, run) else { return Ok(nothing) };
    let (mut claimed, reached) =
        deliveries::claim_by_turns(&context.db, run.id, &context.node.id, after, limit as i64, now).await?;
    if !claimed.is_empty() && history::look(context).await? {
        // They are of a database that does not know everything that was sent. Unknown to this process, they go back.
        context.node.look_for_strays();
        return Ok(nothing);
    }
    claimed.retain(|claimed| context.held.take((claimed.id, claimed.epoch)));
    let count = claimed.len();
    let jobs = claimed.into_iter().map(|claimed| Job { claimed, run: Arc::clone(&content) });
    if content.is_halted() || !context.node.holds() {
        // Whoever takes the run's jobs out of the queue has been there already.
        for job in jobs {
            give_back(context, &job, None).await;
        }
        return Ok(nothing);
    }
    context.queue.push(jobs);
    Ok((count, reached.unwrap_or(DeliveryId(0))))
}

/// What a run sends; `None`: it is being prepared, or the run was paused because it cannot be.
fn content(context: &Context, run: &OpenRun) -> Option<Arc<RunContent>> {
    // One whose pause could not be written, or whose window has been moved, is made anew.
    let known = context.contents.get(run.id);
    let content = known.filter(|content| !content.is_halted() && content.ends_at == run.ends_at);
    if content.is_none() {
        prepare::begin(context, run);
    }
    content
}

/// How fast jobs have gone to connections lately.
struct Rate {
    since: Instant,
    gone: u64,
    per_second: f64,
}

impl Rate {
    fn new() -> Self {
        Self { since: Instant::now(), gone: 0, per_second: 0.0 }
    }

    /// How many jobs are to wait when so many have gone in all: two seconds' worth.
    fn depth(&mut self, gone: u64, connections: usize) -> usize {
        let elapsed = self.since.elapsed().as_secs_f64();
        if elapsed >= 0.2 {
            let now = gone.saturating_sub(self.gone) as f64 / elapsed;
            self.per_second = if self.per_second > 0.0 { 0.5 * self.per_second + 0.5 * now } else { now };
            self.since = Instant::now();
            self.gone = gone;
        }
        ((self.per_second * 2.0) as usize).clamp(connections * 8, DEEPEST.max(connections * 8))
    }
}
