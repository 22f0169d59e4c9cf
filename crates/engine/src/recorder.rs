//! The one door through which outcomes reach the ledger. It commits what has come in as soon as the previous commit is
//! done: under load hundreds of outcomes share a commit, and a single one does not wait for others.

use std::time::Duration;

use tokio::sync::mpsc;
use vestnik_model::delivery::DeliveryState;
use vestnik_store::deliveries::{self, Outcome, Stale};

use crate::Context;

/// Outcomes that may wait; connections pause when the database cannot keep up.
pub const CAPACITY: usize = 4_000;
/// Outcomes in one commit.
const LARGEST_COMMIT: usize = 2_000;
/// Pauses between tries while the database does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Runs until every sender is gone and everything they sent is committed.
pub async fn run(context: Context, mut outcomes: mpsc::Receiver<Outcome>) {
    let mut batch = Vec::with_capacity(LARGEST_COMMIT);
    while outcomes.recv_many(&mut batch, LARGEST_COMMIT).await > 0 {
        commit(&context, &batch).await;
        if batch.iter().any(|outcome| outcome.state == DeliveryState::Pending) {
            context.db.signals().deliveries.notify_one();
        }
        batch.clear();
    }
}

/// Writes a batch, however long the database takes to come back: what the mail server has answered must not be lost.
async fn commit(context: &Context, batch: &[Outcome]) {
    let mut pause = FIRST_PAUSE;
    loop {
        match deliveries::settle(&context.db, &context.node, batch, Stale::Keep, context.clock.now()).await {
            Ok(stale) => {
                if stale > 0 {
                    tracing::warn!(stale, "results came after their claims had been taken over");
                }
                context.journal.committed(batch);
                return;
            }
            Err(error) => {
                tracing::error!(%error, outcomes = batch.len(), "outcomes could not be written; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}
