//! The one door through which outcomes reach the ledger. It commits what has come in as soon as the previous commit is
//! done: under load hundreds of outcomes share a commit, and a single one does not wait for others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use vestnik_model::Clock;
use vestnik_model::delivery::DeliveryState;
use vestnik_store::failover::record_again;
use vestnik_store::settle::{Outcome, Source, settle};
use vestnik_store::{Db, Result};

use crate::held::Held;
use crate::journal::Journal;
use crate::measures::Measures;

/// Outcomes that may wait; connections pause when the database cannot keep up.
pub const CAPACITY: usize = 4_000;
/// Outcomes in one commit.
const LARGEST_COMMIT: usize = 2_000;
/// Pauses between tries while the database does not answer.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// See the module. It has no [`Context`](crate::Context): that sends to it, and it ends when nobody does.
pub struct Recorder {
    /// The tables.
    pub db: Db,
    /// Where it is counted what was committed.
    pub measures: Measures,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What may be forgotten once it is in the ledger.
    pub journal: Arc<Journal>,
    /// The claims that are settled by it.
    pub held: Arc<Held>,
    /// What comes in.
    pub outcomes: mpsc::Receiver<Outcome>,
    /// What is being committed.
    pub batch: Vec<Outcome>,
}

impl Recorder {
    /// Runs until every sender is gone and everything they sent is committed. Called again after a panic, it begins with
    /// what it was at.
    pub async fn run(&mut self) {
        loop {
            if self.batch.is_empty() && self.outcomes.recv_many(&mut self.batch, LARGEST_COMMIT).await == 0 {
                return;
            }
            self.commit().await;
            if self.batch.iter().any(|outcome| outcome.state == DeliveryState::Pending) {
                self.db.signals().deliveries.notify_one();
            }
            self.batch.clear();
        }
    }

    /// Writes a batch, however long the database takes to come back: what the mail server has answered must not be lost.
    async fn commit(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            match self.settle().await {
                Ok(stale) => {
                    if stale > 0 {
                        tracing::warn!(stale, "results came after their claims had been taken over");
                    }
                    self.measures.committed(&self.batch, began.elapsed());
                    self.journal.committed(&self.batch);
                    self.held.settled(&self.batch);
                    return;
                }
                Err(error) => {
                    let outcomes = self.batch.len();
                    tracing::error!(%error, outcomes, "outcomes could not be written; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }

    /// Answers how many were stale. Their claims were taken over, or the database has lost them: see [`crate::history`].
    async fn settle(&self) -> Result<usize> {
        let now = self.clock.now();
        let stale = settle(&self.db, &self.batch, Source::Sender, now).await?;
        if stale == 0 {
            return Ok(0);
        }
        let handed_over: Vec<(Outcome, u64)> = self
            .batch
            .iter()
            .filter_map(|outcome| Some((outcome.clone(), self.journal.recipient(outcome.claim())?)))
            .collect();
        let again = record_again(&self.db, self.journal.node(), &handed_over, now).await?;
        Ok(stale.saturating_sub(again))
    }
}
