//! Time: fires mailings that are due, lets runs begin, makes their deliveries, ends those whose window is over.

use std::time::Duration;

use vestnik_model::UnixMillis;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::secret::{Random, new_key};
use vestnik_store::expansion::{self, Expanded};
use vestnik_store::runs::Fired;
use vestnik_store::{Db, Result, Wake, control, deliveries, runs};

use crate::Context;

/// Mailings fired in one turn.
const BATCH: i64 = 100;
/// Deliveries after which the database counts its rows again.
const LARGE: i64 = 20_000;
/// Pause after an error of the database, which may be restarting.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until the process stops.
pub async fn run(context: Context) {
    while !context.is_stopping() {
        // Listen before looking, so that a call between the look and the wait is not lost.
        let called = context.db.signals().schedule.notified();
        match turn(&context).await {
            // A large list is expanded step by step, and whatever else is due comes in between.
            Ok(More::Yes) => {}
            Ok(More::No) => {
                let wait = until_next(&context).await;
                tokio::select! {
                    () = called => {}
                    goes_on = context.sleep(wait) => if !goes_on { break },
                }
            }
            Err(error) => {
                tracing::error!(%error, "the scheduler could not work");
                context.sleep(PAUSE).await;
            }
        }
    }
}

/// Whether there is more to do at once.
#[derive(PartialEq)]
enum More {
    Yes,
    No,
}

/// Does everything that is due now, and one step of what takes long.
async fn turn(context: &Context) -> Result<More> {
    let db = &context.db;
    let now = context.clock.now();
    control::stop_forbidden(db, now).await?;
    fire_due(db, &*context.random, now).await?;
    let mail_domain = context.config.from.address.domain();
    runs::begin_due(db, mail_domain, now).await?;
    let mut more = More::No;
    for run in expansion::expanding(db).await? {
        match expansion::expand(db, run, context.clock.now()).await? {
            Expanded::More => more = More::Yes,
            // The planner must know that a table has grown by a large list before it is claimed from.
            Expanded::Done { recipients } if recipients > LARGE => db.analyze("deliveries").await?,
            Expanded::Done { .. } => {}
        }
        db.wake(Wake::Deliveries).await?;
    }
    if deliveries::end_waiting(db, context.clock.now()).await? {
        more = More::Yes;
    }
    Ok(more)
}

/// Fires the mailings that are due, as many as one turn takes. Answers which of them have a run now.
///
/// # Errors
/// The database cannot be read. A mailing that cannot be fired is logged, and holds no other up.
pub async fn fire_due(db: &Db, random: &dyn Random, now: UnixMillis) -> Result<Vec<(MailingId, RunId)>> {
    let mut fired = Vec::new();
    for mailing in runs::due(db, now, BATCH).await? {
        match runs::fire(db, &mailing, &new_key(random, 8), now).await {
            Ok(Fired::Run(run)) => fired.push((mailing.id, run)),
            Ok(Fired::Nothing) => {}
            Err(error) => tracing::error!(%error, mailing = mailing.id.0, "a mailing could not be fired"),
        }
    }
    Ok(fired)
}

/// Until the next thing is due; the poll's interval at most, because other processes plan as well.
async fn until_next(context: &Context) -> Duration {
    let now = context.clock.now();
    match runs::next_due(&context.db).await {
        Ok(Some(at)) => now.until(at).min(context.config.poll),
        _ => context.config.poll,
    }
}
