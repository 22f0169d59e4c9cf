//! Ends and removes what has had its time: claims of processes that are gone, ended sessions and links, caught mails
//! beyond those that are kept.

use std::time::Duration;

use vestnik_model::UnixMillis;
use vestnik_model::delivery::{DeliveryState, message_id};
use vestnik_store::deliveries::{self, Abandoned, AttemptMade, Outcome, Stale};
use vestnik_store::{Result, caught, import, sessions, tokens, troubles};

use crate::config::LEASE;
use crate::{Context, journal};

/// Between two rounds.
const INTERVAL: Duration = Duration::from_secs(60);
/// Links say "used" or "expired" for this long after their end, and then nothing at all.
const TOKENS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Claims ended in one transaction.
const BATCH: i64 = 1_000;

/// Runs until the process stops.
pub async fn run(context: Context) {
    while context.sleep(INTERVAL).await {
        if let Err(error) = round(&context).await {
            tracing::error!(%error, "old things could not be removed");
        }
    }
}

async fn round(context: &Context) -> Result<()> {
    let now = context.clock.now();
    deliveries::renew(&context.db, &context.node, now.plus(LEASE)).await?;
    end_claims(context, now).await?;
    sessions::remove_expired(&context.db, now).await?;
    tokens::remove_ended(&context.db, now.minus(TOKENS_KEPT)).await?;
    caught::prune(&context.db).await?;
    Ok(())
}

/// At the start, before the first claim: notes what the journals of processes that are gone tell, and gives back what
/// they had claimed and not handed over. On an embedded database no other process sends, so whatever is claimed after
/// that was claimed by one that is gone, without its journal.
pub async fn recover(context: &Context) -> Result<()> {
    for left in journal::left_behind(&context.config.journal)? {
        for outcomes in left.outcomes.chunks(BATCH as usize) {
            deliveries::settle(&context.db, &left.node, outcomes, Stale::Skip, context.clock.now()).await?;
        }
        // After a power cut the journal may lack records that the database's claims have survived, so those claims are
        // not known to be unsent.
        let released = if left.same_boot { deliveries::release(&context.db, &left.node).await? } else { 0 };
        tracing::warn!(
            node = left.node,
            records = left.outcomes.len(),
            released,
            "a process had been killed; its journal is replayed"
        );
        left.forget()?;
    }
    let until = if context.db.is_embedded() { UnixMillis(i64::MAX) } else { context.clock.now() };
    if context.db.is_embedded() {
        troubles::forget(&context.db).await?;
        import::fail_abandoned(&context.db, context.clock.now()).await?;
    }
    end_claims(context, until).await
}

/// Ends claims whose lease is over at `until`. Whether the mail server has those messages is not known, and sending
/// them again could double them.
async fn end_claims(context: &Context, until: UnixMillis) -> Result<()> {
    loop {
        let claims = deliveries::abandoned(&context.db, until, &context.node, BATCH).await?;
        let Some(owner) = claims.first().map(|claim| claim.owner.clone()) else { return Ok(()) };
        let outcomes: Vec<Outcome> =
            claims.iter().filter(|claim| claim.owner == owner).map(|claim| unknown(context, claim)).collect();
        tracing::warn!(claims = outcomes.len(), "a process ended without noting what became of its messages");
        deliveries::settle(&context.db, &owner, &outcomes, Stale::Skip, context.clock.now()).await?;
    }
}

fn unknown(context: &Context, claim: &Abandoned) -> Outcome {
    let now = context.clock.now();
    Outcome {
        delivery: claim.id,
        run: claim.run_id,
        mailing: claim.mailing_id,
        epoch: claim.epoch,
        state: DeliveryState::Unknown,
        due_at: now,
        attempt: Some(AttemptMade {
            number: claim.attempts,
            at: now,
            successful: false,
            code: None,
            enhanced: None,
            reply: "the sending process ended before the mail server's answer was noted".to_owned(),
            phase: "dot".into(),
            server: context.relay.server.clone(),
            duration_ms: 0,
            message_id: message_id(&claim.key, claim.id, context.config.from.address.domain()),
        }),
    }
}
