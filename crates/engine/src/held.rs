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
pub struct Held(Mutex<Claims>);

#[derive(Default)]
struct Claims {
    held: HashSet<Claim>,
    /// Those that were read once more while they were held.
    read_again: HashSet<Claim>,
}

impl Held {
    fn lock(&self) -> MutexGuard<'_, Claims> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A claim was read. `false`: it is known already, from before the database went back. If it is on its way, its outcome
    /// will be this claim's; if that was written before this claim was made, it is a stray.
    pub fn take(&self, claim: Claim) -> bool {
        let mut claims = self.lock();
        let is_new = claims.held.insert(claim);
        if !is_new {
            claims.read_again.insert(claim);
        }
        is_new
    }

    /// Outcomes are in the ledger.
    pub fn settled(&self, outcomes: &[Outcome]) {
        let mut claims = self.lock();
        for outcome in outcomes {
            claims.held.remove(&outcome.claim());
        }
    }

    /// Whether claims were read again of which it is not known yet what becomes of them.
    pub fn has_doubtful(&self) -> bool {
        !self.lock().read_again.is_empty()
    }
}

/// Gives back what is claimed in this process's name and unknown to it. Not to be called while it claims.
pub async fn give_strays_back(context: &Context) -> Result<()> {
    let claimed = deliveries::held(&context.db, &context.node.id).await?;
    // Claims from before a failover look like that, too, and their messages may have been handed over.
    history::look(context).await?;
    let strays: Vec<Outcome> = {
        let mut claims = context.held.lock();
        let Claims { held, read_again } = &mut *claims;
        let in_tables: HashSet<Claim> = claimed.iter().map(|claim| (claim.id, claim.epoch)).collect();
        read_again.retain(|claim| held.contains(claim) && in_tables.contains(claim));
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
