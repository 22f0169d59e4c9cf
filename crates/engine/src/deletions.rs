//! Deletes what is large, step by step: recipients, the history of mailings, what belonged to deleted accounts.
//!
//! The steps are as large as the machine deletes in some forty milliseconds, and after each one it rests for as long, so
//! that others who write never wait long. Then the space is given back.

use std::time::Duration;

use tokio::time::Instant;
use vestnik_store::deletions::{self, FIRST_STEP, Step};
use vestnik_store::{Db, Result};

use crate::Context;

/// Between two looks when nothing is to be deleted.
const INTERVAL: Duration = Duration::from_secs(60);
/// After a step that another process has done: it goes on with the rest.
const LEAVE_TO_OTHERS: Duration = Duration::from_secs(10);
/// Until the log is looked at again that a reader holds.
const LOG_HELD: Duration = Duration::from_secs(1);
/// After an error of the database, which may be restarting.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a step should take.
const STEP: Duration = Duration::from_millis(40);
/// Rows of a step, at least and at most.
const SIZES: (i64, i64) = (100, 5_000);

/// Runs until the process stops.
pub async fn run(context: Context) {
    let mut size = FIRST_STEP;
    while !context.is_stopping() {
        // Listen before looking, so that a call between the look and the wait is not lost.
        let called = context.db.signals().deletions.notified();
        let begun = Instant::now();
        let rest = match turn(&context, size).await {
            Ok(Turn::Deleted) => {
                size = next_size(size, begun.elapsed());
                begun.elapsed()
            }
            Ok(Turn::GaveBack) => begun.elapsed(),
            Ok(Turn::LogIsHeld) => LOG_HELD,
            Ok(Turn::Raced) => LEAVE_TO_OTHERS,
            Ok(Turn::Nothing) => {
                tokio::select! {
                    () = called => {}
                    goes_on = context.sleep(INTERVAL) => if !goes_on { break },
                }
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "could not go on with a deletion; trying again");
                PAUSE
            }
        };
        if !context.sleep(rest).await {
            break;
        }
    }
}

/// What was done in a turn.
enum Turn {
    Deleted,
    GaveBack,
    Raced,
    /// A reader keeps the log from being emptied, which grows with each step.
    LogIsHeld,
    Nothing,
}

async fn turn(context: &Context, size: i64) -> Result<Turn> {
    let db: &Db = &context.db;
    if !db.log_has_room().await? {
        return Ok(Turn::LogIsHeld);
    }
    Ok(match deletions::step(db, size, context.clock.now()).await? {
        Step::Done => Turn::Deleted,
        Step::Raced => Turn::Raced,
        Step::Nothing if db.give_space_back().await? => Turn::GaveBack,
        Step::Nothing => Turn::Nothing,
    })
}

/// The size of the next step, after one that took so long.
fn next_size(size: i64, took: Duration) -> i64 {
    let next = if took > STEP {
        size / 2
    } else if took < STEP / 2 {
        size + size / 2
    } else {
        size
    };
    next.clamp(SIZES.0, SIZES.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_follow_the_speed_of_the_machine() {
        let cases = [(1_000, 10, 1_500), (1_000, 30, 1_000), (1_000, 41, 500), (150, 900, 100), (5_000, 1, 5_000)];
        for (size, took, next) in cases {
            assert_eq!(next_size(size, Duration::from_millis(took)), next, "{size} in {took} ms");
        }
    }
}
