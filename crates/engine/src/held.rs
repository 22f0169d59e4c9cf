//! The claims that this process knows of: from the moment when they are read to the moment when their outcome is in the
//! ledger. What the tables call claimed by this process and is not among them was claimed by a statement whose answer
//! was lost, and goes back.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vestnik_model::delivery::DeliveryState;
use vestnik_store::settle::{Claim, Outcome};
use vestnik_store::{Result, deliveries};

use crate::{Context, history};

/// See the module.
#[derive(Default)]
pub struct Held(Mutex<HashSet<Claim>>);

impl Held {
    fn lock(&self) -> MutexGuard<'_, HashSet<Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim was read. `false`: it is known already, from before the database went back, and on its way: its outcome
    /// will be this claim's.
    pub fn take(&self, claim: Claim) -> bool {
        self.lock().insert(claim)
    }

    /// Outcomes are in the ledger.
    pub fn settled(&self, outcomes: &[Outcome]) {
        let mut held = self.lock();
        for outcome in outcomes {
            held.remove(&outcome.claim());
        }
    }
}

/// Gives back what is claimed in this process's name and unknown to it. Not to be called while it claims.
pub async fn give_strays_back(context: &Context) -> Result<()> {
    let claimed = deliveries::held(&context.db, &context.node.id).await?;
    // Claims from before a failover look like that, too, and their messages may have been handed over.
    history::look(context).await?;
    let strays: Vec<Outcome> = {
        let held = context.held.lock();
        claimed
            .into_iter()
            .filter(|claim| !held.contains(&(claim.id, claim.epoch)))
            .map(|claim| Outcome {
                delivery: claim.id,
                run: claim.run_id,
                mailing: claim.mailing_id,
                epoch: claim.epoch,
                state: DeliveryState::Pending,
                due_at: None,
                excused: false,
                attempt: None,
            })
            .collect()
    };
    if !strays.is_empty() {
        tracing::warn!(claims = strays.len(), "claims whose answer was lost go back");
    }
    for stray in strays {
        // The recorder outlives every loop that sends to it.
        let _ = context.outcomes.send(stray).await;
    }
    Ok(())
}
