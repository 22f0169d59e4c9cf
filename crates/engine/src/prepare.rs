//! Prepares the message of a run before anything of it is claimed: compiles it and tries it on a sample recipient. A run
//! whose message fails for everyone is paused with the reason, instead of failing for one recipient after the other.
//!
//! A message may be slow to render, so this is done beside the claimer, which goes on with other runs meanwhile.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vestnik_model::Problem;
use vestnik_model::id::RunId;
use vestnik_model::user::User;
use vestnik_store::runs::{self, OpenRun, RunMessage};
use vestnik_store::{Result, control, users};

use crate::Context;
use crate::render_job::{NotRendered, within};
use crate::run_content::RunContent;

/// Messages that are prepared at once.
const MOST: usize = 4;

/// The runs whose messages are being prepared.
#[derive(Default)]
pub struct Preparing(Mutex<[Option<RunId>; MOST]>);

impl Preparing {
    fn lock(&self) -> MutexGuard<'_, [Option<RunId>; MOST]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a run. `None`: it has one already, or all are taken.
    fn enter(self: &Arc<Self>, run: RunId) -> Option<Place> {
        let mut places = self.lock();
        if places.contains(&Some(run)) {
            return None;
        }
        let index = places.iter().position(Option::is_none)?;
        places[index] = Some(run);
        Some(Place { preparing: Arc::clone(self), index })
    }
}

/// A place among those that are prepared, free again when this is dropped.
struct Place {
    preparing: Arc<Preparing>,
    index: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.preparing.lock()[self.index] = None;
    }
}

/// Begins to prepare a run's message, unless that is under way. The claimer is woken when it can go on.
pub fn begin(context: &Context, run: &OpenRun) {
    let Some(place) = context.preparing.enter(run.id) else { return };
    let (context, run) = (context.clone(), run.clone());
    tokio::spawn(async move {
        let prepared = prepare(&context, &run, place.index).await;
        drop(place);
        match prepared {
            Ok(true) => context.db.signals().deliveries.notify_one(),
            // The claimer looks again by itself, after a while.
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, run = %run.id, "could not prepare the message of a run; trying again")
            }
        }
    });
}

/// Whether the run can be claimed from now.
async fn prepare(context: &Context, run: &OpenRun, place: usize) -> Result<bool> {
    let (Some(message), Some(owner)) =
        (runs::message(&context.db, run.id).await?, users::find(&context.db, run.owner_id).await?)
    else {
        return Ok(false);
    };
    context.journal.preparing(place, run.id);
    let work = {
        let (context, run) = (context.clone(), run.clone());
        move || compile_and_try(&context, &run, &message, &owner)
    };
    let problem = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(content)) => {
            context.contents.keep(&Arc::new(content));
            return Ok(true);
        }
        Ok(Err(problem)) => problem,
        Err(error) if error.is_panic() => Problem::new("delivery-error-internal"),
        // The runtime is ending.
        Err(_) => return Ok(false),
    };
    // Perhaps it was only cut short.
    if context.is_stopping() {
        return Ok(false);
    }
    // Nothing of it has been claimed: one pause with the reason instead of as many failures as there are recipients.
    tracing::warn!(run = %run.id, problem = %problem.id, "paused a run whose message cannot be rendered");
    control::pause_for_problem(&context.db, run.id, &problem, context.clock.now()).await?;
    Ok(false)
}

fn compile_and_try(
    context: &Context,
    run: &OpenRun,
    message: &RunMessage,
    owner: &User,
) -> std::result::Result<RunContent, Problem> {
    let content = RunContent::compile(run, message, owner, &context.config)?;
    let stop = || context.is_stopping();
    match within(context.config.longest_rendering, stop, |limits| content.try_sample(limits)).0 {
        Err(NotRendered::Wrong(problem)) => Err(problem),
        // Perhaps the machine is busy. Each delivery has its own deadline, and its retries.
        Ok(()) | Err(NotRendered::TooSlow(_)) => Ok(content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_prepared_once_at_a_time_and_few_at_once() {
        let preparing = Arc::new(Preparing::default());
        let mut places: Vec<Place> = (1..=MOST).filter_map(|run| preparing.enter(RunId(run as i64))).collect();
        assert_eq!(places.iter().map(|place| place.index).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(preparing.enter(RunId(9)).is_none(), "all places are taken");
        drop(places.remove(1));
        assert!(preparing.enter(RunId(3)).is_none(), "it is being prepared");
        assert_eq!(preparing.enter(RunId(9)).map(|place| place.index), Some(1));
    }
}
