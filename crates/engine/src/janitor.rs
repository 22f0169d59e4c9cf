//! Ends and removes what has had its time: claims of processes that are gone, ended sessions and links, caught mails
//! beyond those that are kept.

use std::time::Duration;

use tokio::time::Instant;
use vestnik_store::failover::record_again;
use vestnik_store::settle::{Outcome, Source, settle};
use vestnik_store::{
    Result, Wake, caught, deletions, deliveries, feedback, import, kept_forms, letters, logins, new_address, nodes,
    outages, second_factor, sessions, submitted_forms, tokens,
};

use crate::{Context, journal, outcome, render_check};

/// Between two cleanings.
const INTERVAL: Duration = Duration::from_secs(60);
/// Links say "used" or "expired" for this long after their end, and then nothing at all.
const TOKENS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// What became of a letter can be seen for this long.
const LETTERS_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// An outage that held no run up is forgotten after this.
const OUTAGES_KEPT: Duration = Duration::from_secs(90 * 86_400);
/// Who was taken for a machine by mistake has this long to be found.
const SPAM_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// A form that a browser has open for longer is not sent twice any more.
const SUBMITTED_KEPT: Duration = Duration::from_secs(86_400);
/// The page of something that was deleted step by step is there for this long.
const DELETIONS_KEPT: Duration = Duration::from_secs(30 * 86_400);
/// Claims ended in one transaction.
const BATCH: i64 = 1_000;

/// Between two looks for processes that are gone.
const LOOK: Duration = Duration::from_secs(2);

/// Runs until the process stops.
pub async fn run(context: Context) {
    let mut cleaned = Instant::now();
    while context.sleep(LOOK).await {
        if let Err(error) = take_over(&context).await {
            tracing::error!(%error, "it could not be seen whether a process is gone");
        }
        if cleaned.elapsed() >= INTERVAL {
            cleaned = Instant::now();
            if let Err(error) = clean(&context).await {
                tracing::error!(%error, "old things could not be removed");
            }
        }
    }
}

async fn clean(context: &Context) -> Result<()> {
    let now = context.clock.now();
    sessions::remove_expired(&context.db, now).await?;
    logins::remove_expired(&context.db, now).await?;
    logins::remove_old_devices(&context.db, now).await?;
    second_factor::remove_expired(&context.db, now).await?;
    tokens::remove_ended(&context.db, now.minus(TOKENS_KEPT)).await?;
    new_address::remove_expired(&context.db, now).await?;
    caught::prune(&context.db).await?;
    letters::remove_settled(&context.db, now.minus(LETTERS_KEPT)).await?;
    outages::remove_old(&context.db, now.minus(OUTAGES_KEPT)).await?;
    feedback::remove_spam(&context.db, now.minus(SPAM_KEPT)).await?;
    submitted_forms::forget(&context.db, now.minus(SUBMITTED_KEPT)).await?;
    kept_forms::forget(&context.db, now.minus(kept_forms::LIFETIME)).await?;
    deletions::forget(&context.db, now.minus(DELETIONS_KEPT)).await?;
    Ok(())
}

/// At the start, before the first claim. On an embedded database no other process sends, so whatever is claimed after
/// the journals are replayed was claimed by one that is gone without its journal.
pub async fn recover(context: &Context) -> Result<()> {
    if context.db.is_embedded() {
        import::fail_abandoned(&context.db, context.clock.now()).await?;
        replay(context).await?;
        return end_claims(context).await;
    }
    take_over(context).await
}

/// Takes over what processes had claimed that are gone: exactly, where their journal is at hand, and as unknown after the
/// end of their lease, where it is not.
async fn take_over(context: &Context) -> Result<()> {
    replay(context).await?;
    if context.db.is_embedded() {
        return Ok(());
    }
    if context.node.is_steady() {
        let dead = nodes::remove_dead(&context.db, &context.node.id).await?;
        if dead > 0 {
            tracing::warn!(dead, "processes that send have not been heard of for too long");
        }
    }
    end_claims(context).await
}

/// Notes what the journals of processes that are gone tell, and gives back what they had claimed and not handed over.
async fn replay(context: &Context) -> Result<()> {
    for mut left in journal::left_behind(&context.config.journal, &context.life)? {
        // Before anything of it can be claimed again.
        let counted = render_check::look(context, &left).await?;
        let records = std::mem::take(&mut left.records);
        let count = records.len();
        let replayed = records.into_iter().map(|record| outcome::replayed(context, record));
        let recipient = |outcome: &Outcome| left.recipients.get(&outcome.claim()).copied().unwrap_or(0);
        let outcomes: Vec<(Outcome, u64)> = replayed
            .chain(counted)
            .map(|outcome| {
                let recipient = recipient(&outcome);
                (outcome, recipient)
            })
            .collect();
        let mut recorded = 0;
        for outcomes in outcomes.chunks(BATCH as usize) {
            recorded += record_again(&context.db, &left.node, outcomes, context.clock.now()).await?;
        }
        // Where records may be missing, after a power cut or behind a torn one, claims without one are not known to be
        // unsent.
        let released = if left.complete { deliveries::release(&context.db, &left.node).await? } else { 0 };
        nodes::remove(&context.db, &left.node).await?;
        tracing::warn!(
            node = left.node,
            records = count,
            released,
            recorded,
            "a process had been killed; its journal is replayed"
        );
        left.forget()?;
        context.db.wake(Wake::Deliveries).await?;
    }
    Ok(())
}

/// Ends the claims of nodes that are gone. Whether the mail server has those messages is not known here.
async fn end_claims(context: &Context) -> Result<()> {
    loop {
        let claims = deliveries::abandoned(&context.db, &context.node.id, BATCH).await?;
        if claims.is_empty() {
            return Ok(());
        }
        let now = context.clock.now();
        let outcomes: Vec<Outcome> = claims.iter().map(|claim| outcome::taken_over(context, claim)).collect();
        tracing::warn!(claims = outcomes.len(), "a process was lost without telling what became of its messages");
        settle(&context.db, &outcomes, Source::Takeover, now).await?;
        context.db.wake(Wake::Deliveries).await?;
    }
}
