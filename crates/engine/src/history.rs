//! Whether the database has gone back: to a standby that lagged when it was promoted, or to an earlier moment otherwise.
//!
//! The database is asked where it stands in its history with each heartbeat, after each claim and before claims that this
//! process does not know of are given back. If it has gone back, everything that the journal still has is recorded again
//! which is missing ([`vestnik_store::failover`]), what waits in the queue goes back, and nothing is claimed for a third
//! of a lease: so the other nodes, which look with each heartbeat, have recorded theirs by then.

use std::sync::{Mutex as BlockingMutex, PoisonError};

use tokio::sync::Mutex;
use tokio::time::Instant;
use vestnik_store::failover::{self, Position, record_again};
use vestnik_store::{Error, Result};

use crate::Context;
use crate::claimer::give_back;

/// Outcomes looked up in one transaction.
const BATCH: usize = 1_000;

/// See the module.
#[derive(Debug, Default)]
pub struct History {
    seen: Mutex<Option<Position>>,
    rests_until: BlockingMutex<Option<Instant>>,
}

impl History {
    /// Whether nothing is to be claimed yet.
    pub fn rests(&self) -> bool {
        self.rests_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }
}

/// Asks the database where it stands. `true`: it had gone back, and what was missing is recorded again.
pub async fn look(context: &Context) -> Result<bool> {
    // Others that look meanwhile wait for what comes of it.
    let mut seen = context.history.seen.lock().await;
    let Some(position) = failover::position(&context.db).await? else { return Ok(false) };
    if !seen.is_some_and(|seen| position.went_back(seen)) {
        *seen = Some(position);
        context.journal.forget_kept();
        return Ok(false);
    }
    tracing::warn!(
        before = ?*seen,
        now = ?position,
        "the database has gone back in its history, as after a failover to a standby that lagged"
    );
    let rest = context.config.lease / 3;
    *context.history.rests_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + rest);
    let (mut known, mut again) = (0, 0);
    for outcomes in context.journal.outcomes() {
        let outcomes = outcomes.map_err(Error::File)?;
        known += outcomes.len();
        for outcomes in outcomes.chunks(BATCH) {
            again += record_again(&context.db, &context.node.id, outcomes, context.clock.now()).await?;
        }
    }
    tracing::warn!(known, again, "outcomes that the database had lost are recorded again from the journal");
    for job in context.queue.clear() {
        give_back(context, &job, None).await;
    }
    *seen = Some(position);
    Ok(true)
}
