//! Makes what reports know of runs by domain and by answer, when a run is over and now and then before.

use std::time::Duration;

use tokio::time::Instant;
use vestnik_store::{Result, summaries};

use crate::Context;

/// Between two looks for runs that want one.
const LOOK: Duration = Duration::from_secs(2);
/// Runs that are looked for at once.
const BATCH: i64 = 20;
/// After each it rests so many times as long as it took: after an update of the program, all runs that there ever were
/// want one, and meanwhile mail goes out.
const REST: u32 = 3;

/// Runs until the process stops.
pub async fn run(context: Context) {
    while context.sleep(LOOK).await {
        tokio::select! {
            made = make(&context) => {
                if let Err(error) = made {
                    tracing::error!(%error, "summaries of runs could not be made");
                }
            }
            // A large one takes seconds, and nothing is lost with it.
            () = context.stopped() => return,
        }
    }
}

async fn make(context: &Context) -> Result<()> {
    for due in summaries::due(&context.db, context.clock.now(), BATCH).await? {
        let begun = Instant::now();
        summaries::make(&context.db, &due, context.clock.now()).await?;
        tokio::time::sleep(begun.elapsed() * REST).await;
    }
    Ok(())
}
