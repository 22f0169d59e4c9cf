//! The queue in the ledger: claiming deliveries, ending those whose window is over or whose run was called off, and
//! what becomes of the claims of processes that are gone. [`crate::settle`] notes what became of a claim.
//!
//! A claim names its node and counts an epoch up; it holds as long as its node lives (see [`crate::nodes`]). A result is
//! taken only from the claim that is still in force.

use serde::Deserialize;
use sqlx::AssertSqlSafe;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, MailingId, OutageId, RunId};
use vestnik_model::mailing::UnknownPolicy;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Args, Db, Result, Rows, Tx};
use crate::figures::Tally;
use crate::{outages, runs};

/// Deliveries that are ended in one transaction.
const STEP: i64 = 10_000;

/// A claimed delivery with what its message speaks of.
#[derive(Clone, Debug, Deserialize, sqlx::FromRow)]
pub struct Claimed {
    /// Identifier.
    pub id: DeliveryId,
    /// To which address.
    pub email: String,
    /// Which attempt this is, 1 for the first.
    pub number: i64,
    /// How many attempts before it do not count.
    pub excused: i64,
    /// How many of these never reached the server.
    pub unreached: i64,
    /// The last outage that it has an attempt of.
    pub outage_id: Option<OutageId>,
    /// Which claim this is.
    pub epoch: i64,
    /// The recipient's «Ф. И. О.»; `None`: the recipient was removed since the run began.
    pub full_name: Option<String>,
    /// The recipient's comment.
    pub comment: Option<String>,
}

/// Claims deliveries of a run that are due, the longest due first; none if the run does not go on.
///
/// `after` is the last that was claimed before, 0 to begin from the start. On PostgreSQL the index holds what has been
/// claimed until it is vacuumed, and each claim of a million would step over all of it.
pub async fn claim(
    db: &Db,
    run: RunId,
    owner: &str,
    after: DeliveryId,
    limit: i64,
    now: UnixMillis,
) -> Result<Vec<Claimed>> {
    if db.is_embedded() {
        return claim_embedded(db.begin().await?, &[&run, &now, &limit, &owner, &after]).await;
    }
    // Other nodes claim beside this one and must not wait for it.
    db.fetch_all(
        "WITH due AS MATERIALIZED (
            SELECT id FROM deliveries WHERE run_id = $1 AND state = 'pending' AND due_at <= $2 AND (due_at, id) > (0, $5)
                AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.state IN ('expanding', 'sending'))
            ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED),
         claimed AS (
            UPDATE deliveries SET state = 'leased', owner = $4, epoch = epoch + 1, attempts = attempts + 1
            FROM due WHERE deliveries.id = due.id
            RETURNING deliveries.id, recipient_id, email, attempts, excused, unreached, outage_id, epoch)
         SELECT c.id, c.email, c.attempts AS number, c.excused, c.unreached, c.outage_id, c.epoch, r.full_name,
            r.comment
         FROM claimed c LEFT JOIN recipients r ON r.id = c.recipient_id",
        &[&run, &now, &limit, &owner, &after],
    )
    .await
}

/// Behind all that is due at once, and so was not tried: what is due at a time of its own.
const AFTER_FIRST_TRIES: DeliveryId = DeliveryId(i64::MAX);

/// The same, by turns: up to half of them have waited for another attempt, so that a server which puts many off for a
/// while, as greylisting does, sees their second attempts when it wants them, and not when all others have had their
/// first. The second part of the answer is how far those in order were claimed, if there are more.
pub async fn claim_by_turns(
    db: &Db,
    run: RunId,
    owner: &str,
    after: DeliveryId,
    limit: i64,
    now: UnixMillis,
) -> Result<(Vec<Claimed>, Option<DeliveryId>)> {
    let retries = claim(db, run, owner, AFTER_FIRST_TRIES, (limit + 1) / 2, now).await?;
    let rest = limit - retries.len() as i64;
    let in_order = if rest > 0 { claim(db, run, owner, after, rest, now).await? } else { Vec::new() };
    let reached = in_order.iter().map(|claimed| claimed.id).max().filter(|_| in_order.len() as i64 == rest);
    let mut claimed = Vec::with_capacity(retries.len() + in_order.len());
    let (mut retries, mut in_order) = (retries.into_iter(), in_order.into_iter());
    loop {
        match (retries.next(), in_order.next()) {
            (None, None) => return Ok((claimed, reached)),
            turn => claimed.extend(turn.0.into_iter().chain(turn.1)),
        }
    }
}

/// Run, now, limit, owner, after. There is one writer. The claims come as one text: each row and each value of its own
/// has a price here, which for thousands of them was the half of a claim's.
async fn claim_embedded(mut tx: Tx, args: Args<'_>) -> Result<Vec<Claimed>> {
    let (claimed,): (String,) = tx
        .fetch_one(
            "SELECT json_group_array(json_object('id', d.id, 'email', d.email, 'number', d.attempts + 1,
                'excused', d.excused, 'unreached', d.unreached, 'outage_id', d.outage_id, 'epoch', d.epoch + 1,
                'full_name', r.full_name, 'comment', r.comment))
             FROM (SELECT id, recipient_id, email, attempts, excused, unreached, outage_id, epoch FROM deliveries
                WHERE run_id = $1 AND state = 'pending' AND due_at <= $2 AND (due_at, id) > (0, $5)
                    AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.state IN ('expanding', 'sending'))
                ORDER BY due_at, id LIMIT $3) d
             LEFT JOIN recipients r ON r.id = d.recipient_id",
            args,
        )
        .await?;
    let claimed: Vec<Claimed> = serde_json::from_str(&claimed).map_err(|error| sqlx::Error::Decode(error.into()))?;
    if claimed.is_empty() {
        return Ok(claimed);
    }
    tx.execute(
        "UPDATE deliveries SET state = 'leased', owner = $4, epoch = epoch + 1, attempts = attempts + 1
         WHERE id IN (SELECT id FROM deliveries
            WHERE run_id = $1 AND state = 'pending' AND due_at <= $2 AND (due_at, id) > (0, $5)
            ORDER BY due_at, id LIMIT $3)",
        args,
    )
    .await?;
    tx.commit().await?;
    Ok(claimed)
}

/// One delivery of a run that goes on, if it is claimed, as it was claimed.
pub async fn leased(db: &Db, run: RunId, delivery: DeliveryId) -> Result<Option<Claimed>> {
    db.fetch_optional(
        "SELECT d.id, d.email, d.attempts AS number, d.excused, d.unreached, d.outage_id, d.epoch, r.full_name, r.comment
         FROM deliveries d JOIN runs u ON u.id = d.run_id LEFT JOIN recipients r ON r.id = d.recipient_id
         WHERE d.id = $1 AND d.run_id = $2 AND d.state = 'leased' AND u.state IN ('expanding', 'sending')",
        &[&delivery, &run],
    )
    .await
}

/// When the next of a run's waiting deliveries is due, if none is under way; it may be in the past. `None`: none waits, or
/// the run is not the actor's.
pub async fn next_due(db: &Db, actor: &Actor, run: RunId) -> Result<Option<UnixMillis>> {
    let due: Option<(UnixMillis,)> = db
        .fetch_optional(
            "SELECT due_at FROM deliveries WHERE run_id = $1 AND state = 'pending'
                AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.owner_id = $2)
                AND NOT EXISTS (SELECT 1 FROM deliveries l WHERE l.owner IS NOT NULL AND l.run_id = $1)
             ORDER BY due_at, id LIMIT 1",
            &[&run, &actor.user()],
        )
        .await?;
    Ok(due.map(|(at,)| at))
}

/// Ends waiting deliveries of runs whose window is over (*expired*) or which were called off (*cancelled*). `true`:
/// there may be more.
pub async fn end_waiting(db: &Db, now: UnixMillis) -> Result<bool> {
    // A paused run that nothing can be sent of any more goes on, to its end: one that had not begun begins first.
    db.execute(
        "UPDATE runs SET state = CASE WHEN started_at IS NULL THEN 'planned' ELSE 'expanding' END, paused_by = '',
            unrenderable_for = NULL, pause_problem = '', paused_at = NULL
         WHERE state = 'paused' AND ends_at <= $1",
        &[&now],
    )
    .await?;
    let over: Vec<(RunId, MailingId, bool)> = db
        .fetch_all(
            "SELECT id, mailing_id, state = 'stopping' FROM runs
             WHERE state = 'stopping' OR state IN ('expanding', 'sending') AND ends_at <= $1 ORDER BY id",
            &[&now],
        )
        .await?;
    let mut more = false;
    for (run, mailing, stopping) in over {
        let state = if stopping { DeliveryState::Cancelled } else { DeliveryState::Expired };
        let outage = outages::of_waiting_run(db, run, now).await?;
        let mut tx = db.begin().await?;
        // Those first that the mail server is to blame for: one attempt each says so, however long it lasted. What is given
        // back between the two statements has none, and waits for the next look.
        let (unreached, blamed) = match outage {
            Some(outage) => (end_unreached(&mut tx, (run, mailing), state, outage, now).await?, "AND outage_id = $5"),
            None => (0, "AND CAST($5 AS BIGINT) IS NULL"),
        };
        let sql = format!(
            "UPDATE deliveries SET state = $1, ended_at = $2 WHERE id IN
                (SELECT id FROM deliveries WHERE run_id = $3 AND state = 'pending' {blamed} ORDER BY due_at, id LIMIT $4)
             AND state = 'pending'"
        );
        let rest = STEP - unreached;
        let ended = unreached + tx.execute(AssertSqlSafe(sql), &[&state, &now, &run, &rest, &outage]).await? as i64;
        if ended > 0 || stopping {
            let mut tally = Tally::default();
            tally.count(run, mailing, now, |figures| {
                figures.move_to(state, ended);
                figures.attempts_failed += unreached;
            });
            let by_quarter = tally.add_to_runs(&mut tx).await?;
            runs::complete(&mut tx, &[run], now).await?;
            by_quarter.add(&mut tx).await?;
            tx.commit().await?;
            more |= ended == STEP;
        }
    }
    Ok(more)
}

/// Ends waiting deliveries of a run that have no attempt of this outage yet, each with one: it was not successful, and
/// the outage's error is why. Answers how many.
async fn end_unreached(
    tx: &mut Tx,
    (run, mailing): (RunId, MailingId),
    state: DeliveryState,
    outage: OutageId,
    now: UnixMillis,
) -> Result<i64> {
    let ended: Vec<(DeliveryId, i64)> = tx
        .fetch_all(
            "UPDATE deliveries SET state = $1, ended_at = $2, attempts = attempts + 1, excused = excused + 1,
                unreached = unreached + 1, outage_id = $5
             WHERE id IN (SELECT id FROM deliveries WHERE run_id = $3 AND state = 'pending'
                AND outage_id IS DISTINCT FROM $5 ORDER BY due_at, id LIMIT $4)
             AND state = 'pending' RETURNING id, attempts",
            &[&state, &now, &run, &STEP, &outage],
        )
        .await?;
    if ended.is_empty() {
        return Ok(0);
    }
    let same = |value: i64| ended.iter().map(move |_| value);
    let rows = Rows::new()
        .ints(ended.iter().map(|(id, _)| id.0))
        .ints(ended.iter().map(|(_, number)| *number))
        .ints(same(run.0))
        .ints(same(mailing.0))
        .ints(same(now.0))
        .ints(same(outage.0));
    // Not joined with the deliveries: PostgreSQL believes that hardly any refers to an outage, and took two minutes.
    tx.execute_rows(
        "WITH v (id, number, run_id, mailing_id, at, outage_id) AS ({rows})
         INSERT INTO attempts (delivery_id, run_id, mailing_id, number, at, successful, unknown, code, enhanced, reply,
            error_kind, error_args, outage_id, phase, server, tls, duration_ms, stale)
         SELECT v.id, v.run_id, v.mailing_id, v.number, v.at, FALSE, FALSE, o.code, o.enhanced, o.reply, o.error_kind,
            o.error_args, o.id, o.phase, o.server, '', 0, FALSE
         FROM v JOIN outages o ON o.id = v.outage_id",
        &rows,
    )
    .await?;
    outages::affects_in(tx, [(run, outage)].into_iter()).await?;
    Ok(ended.len() as i64)
}

/// Gives back what `owner` has claimed, as if it had never been claimed: its process is gone, and its journal shows
/// that these messages had not been handed over. So are those that others have taken for unknown since. Answers how
/// many.
pub async fn release(db: &Db, owner: &str) -> Result<u64> {
    let mut tx = db.begin().await?;
    let leased = tx
        .execute(
            "UPDATE deliveries SET state = 'pending', owner = NULL, attempts = attempts - 1
             WHERE owner = $1 AND state = 'leased'",
            &[&owner],
        )
        .await?;
    // After the others, which may have become unknown just now: what is counted must be what was changed.
    let unknown: Vec<(RunId, MailingId, UnixMillis)> = tx
        .fetch_all(
            "UPDATE deliveries SET state = 'pending', owner = NULL, attempts = attempts - 1
             WHERE owner = $1 AND state = 'unknown'
             -- A process of a version before figures were kept notes no time; what it did is in no quarter.
             RETURNING run_id, (SELECT u.mailing_id FROM runs u WHERE u.id = run_id), COALESCE(ended_at, 0)",
            &[&owner],
        )
        .await?;
    let mut tally = Tally::default();
    for (run, mailing, since) in &unknown {
        tally.count(*run, *mailing, *since, |figures| figures.move_to(DeliveryState::Unknown, -1));
    }
    let reopened = tally.runs();
    let by_quarter = tally.add_to_runs(&mut tx).await?;
    for run in reopened {
        runs::reopen(&mut tx, run).await?;
    }
    by_quarter.add(&mut tx).await?;
    tx.commit().await?;
    Ok(leased + unknown.len() as u64)
}

/// A claim, as the tables have it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Held {
    /// Which delivery.
    pub id: DeliveryId,
    /// Of which run.
    pub run_id: RunId,
    /// Of which mailing.
    pub mailing_id: MailingId,
    /// Which claim it is.
    pub epoch: i64,
}

/// What a node has claimed and not settled.
pub async fn held(db: &Db, owner: &str) -> Result<Vec<Held>> {
    db.fetch_all(
        "SELECT d.id, d.run_id, u.mailing_id, d.epoch FROM deliveries d JOIN runs u ON u.id = d.run_id
         WHERE d.owner = $1 AND d.state = 'leased'",
        &[&owner],
    )
    .await
}

/// A claim whose process is gone.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Abandoned {
    /// Identifier.
    pub id: DeliveryId,
    /// Of which run.
    pub run_id: RunId,
    /// Of which mailing.
    pub mailing_id: MailingId,
    /// Which claim it is.
    pub epoch: i64,
    /// Which attempt it was.
    pub number: i64,
    /// How many attempts before it do not count.
    pub excused: i64,
    /// What becomes of it.
    pub on_unknown: UnknownPolicy,
    /// The end of its window.
    pub ends_at: Option<UnixMillis>,
}

/// Claims of nodes that are gone: whether the mail server has these messages is not known.
pub async fn abandoned(db: &Db, except: &str, limit: i64) -> Result<Vec<Abandoned>> {
    db.fetch_all(
        "SELECT d.id, d.run_id, u.mailing_id, d.epoch, d.attempts AS number, d.excused, u.on_unknown, u.ends_at
         FROM deliveries d JOIN runs u ON u.id = d.run_id
         WHERE d.owner IS NOT NULL AND d.owner <> $1 AND d.state = 'leased'
            AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = d.owner)
         ORDER BY d.owner LIMIT $2",
        &[&except, &limit],
    )
    .await
}
