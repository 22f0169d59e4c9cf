//! What becomes of work that was under way when a backup was made. The original knows how it went on; the copy does not,
//! and does nothing of it by itself.

use vestnik_model::UnixMillis;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{MailingId, RunId};

use crate::db::{Result, Tx};
use crate::figures::Tally;
use crate::{import, outages};

/// What was under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quieted {
    /// Deliveries that a process of the original had claimed.
    pub unknown: i64,
    /// Runs that were open.
    pub paused: u64,
}

/// What their line in the ledger says.
const ERROR: &str = "delivery-error-before-backup";

/// Has everything hold still.
pub(super) async fn quiet(tx: &mut Tx, backup_at: UnixMillis, now: UnixMillis) -> Result<Quieted> {
    // What has an owner is found by an index.
    tx.execute(
        "INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, unknown, code, enhanced, reply,
            error_kind, phase, server, tls, duration_ms, stale)
         SELECT d.id, d.run_id, u.mailing_id, d.attempts, $1, FALSE, TRUE, NULL, NULL, '', $2, 'dot', '', '', 0, FALSE
         FROM deliveries d JOIN runs u ON u.id = d.run_id WHERE d.owner IS NOT NULL AND d.state = 'leased'",
        &[&backup_at, &ERROR],
    )
    .await?;
    let claimed: Vec<(RunId, MailingId, i64)> = tx
        .fetch_all(
            "SELECT d.run_id, u.mailing_id, count(*) FROM deliveries d JOIN runs u ON u.id = d.run_id
             WHERE d.owner IS NOT NULL AND d.state = 'leased' GROUP BY d.run_id, u.mailing_id",
            &[],
        )
        .await?;
    // Whatever the mailing would do about it: to send it again is what a person decides here.
    tx.execute(
        "UPDATE deliveries SET state = 'unknown', ended_at = $1 WHERE owner IS NOT NULL AND state = 'leased'",
        &[&backup_at],
    )
    .await?;
    // Those that others had taken over kept their owner, who might have come back and known better. Here nobody does.
    tx.execute("UPDATE deliveries SET owner = NULL WHERE owner IS NOT NULL", &[]).await?;
    let mut tally = Tally::default();
    for (run, mailing, count) in &claimed {
        tally.count(*run, *mailing, backup_at, |figures| {
            figures.move_to(DeliveryState::Unknown, *count);
            figures.attempts_failed += count;
        });
    }
    let by_quarter = tally.add_to_runs(tx).await?;
    // Those that were called off end by themselves.
    let paused = tx
        .execute(
            "UPDATE runs SET state = 'paused', paused_by = '', pause_problem = '', paused_at = $1
             WHERE state IN ('planned', 'expanding', 'sending')",
            &[&now],
        )
        .await?;
    outages::end_all_in(tx).await?;
    import::fail_abandoned_in(tx, now).await?;
    by_quarter.add(tx).await?;
    Ok(Quieted { unknown: claimed.iter().map(|(_, _, count)| count).sum(), paused })
}
