//! Reserves room for rates that nodes share, before it is used up.

use std::time::Duration;

use tokio::time::Instant;
use vestnik_store::paces;

use crate::Context;

/// Pause after an error of the database. Without room nothing goes: a limit holds also then.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs until the process stops.
pub async fn run(context: Context) {
    while !context.is_stopping() {
        tokio::select! {
            () = context.queue.wanting() => {}
            () = context.stopped() => return,
        }
        for (lane, interval, count) in context.queue.wanted() {
            let name = if lane.is_empty() { context.relay.server.clone() } else { format!("@{lane}") };
            match paces::reserve(&context.db, &name, count, interval).await {
                Ok(wait) => context.queue.reserved(&lane, Instant::now() + wait, count),
                Err(error) => {
                    tracing::error!(%error, "no room could be reserved for a rate");
                    context.sleep(PAUSE).await;
                    // Nobody calls again for what was called for already.
                    context.queue.reserved(&lane, Instant::now(), 0);
                }
            }
        }
    }
}
