//! Runs: firing mailings, ending runs. Their deliveries are made in [`crate::expansion`].

mod demand;

use sqlx::AssertSqlSafe;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::mailing::Mailing;
use vestnik_model::run::{Counts, Run, RunState};
use vestnik_model::schedule::Schedule;
use vestnik_model::{Actor, UnixMillis};

pub use self::demand::{Demanded, DemandedOnce, Repeat, demand, demand_by_command, demand_once, undo};
use crate::db::{Args, Db, Result, Tx};
pub use crate::open_runs::{OpenRun, RunMessage, halted, message, open, open_one};
use crate::page::{Cursor, NewestFirst, Page};

const COLUMNS: &str = "u.id, u.mailing_id, u.owner_id, u.occurrence_at, u.planned_at, u.state, u.begins_at, u.ends_at,
    u.key, u.on_unknown, u.paused_by, u.unrenderable_for, u.pause_problem, u.paused_at, u.started_at, u.finished_at, u.recipients, u.sent, u.failed, u.expired, u.skipped, u.unknown, u.cancelled,
    u.attempts_ok, u.attempts_failed";

/// The actor's runs of a mailing, newest first.
pub async fn of_mailing(db: &Db, actor: &Actor, mailing: MailingId, limit: i64) -> Result<Vec<Run>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM runs u WHERE u.mailing_id = $1 AND u.owner_id = $2 ORDER BY u.id DESC LIMIT $3"
        )),
        &[&mailing, &actor.user(), &limit],
    )
    .await
}

/// The newest run of one of the actor's mailings.
pub async fn newest(db: &Db, actor: &Actor, mailing: MailingId) -> Result<Option<Run>> {
    Ok(of_mailing(db, actor, mailing, 1).await?.into_iter().next())
}

/// A page of the actor's runs of a mailing that have begun, newest first.
pub async fn begun(
    db: &Db,
    actor: &Actor,
    mailing: MailingId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Run>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let sql = format!(
        "SELECT {COLUMNS} FROM runs u WHERE u.mailing_id = $1 AND u.owner_id = $2 AND u.started_at IS NOT NULL
            AND u.id {compare} $3 ORDER BY u.id {direction} LIMIT $4"
    );
    let args: Args<'_> = &[&mailing, &actor.user(), &from, &(size as i64 + 1)];
    let rows: Vec<Run> = db.fetch_all(AssertSqlSafe(sql), args).await?;
    Ok(Page::of(rows, cursor, size, |run| (run.id.0, String::new())))
}

/// All runs of a mailing that have begun, together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct RunTotals {
    /// How many there are.
    pub runs: i64,
    /// Their figures.
    #[sqlx(flatten)]
    pub counts: Counts,
}

/// The actor's runs of a mailing that have begun, together.
pub async fn totals(db: &Db, actor: &Actor, mailing: MailingId) -> Result<RunTotals> {
    let sums = [
        "recipients",
        "sent",
        "failed",
        "expired",
        "skipped",
        "unknown",
        "cancelled",
        "attempts_ok",
        "attempts_failed",
    ]
    .map(|column| format!("CAST(COALESCE(sum({column}), 0) AS BIGINT) AS {column}"));
    let sql = format!(
        "SELECT count(*) AS runs, {} FROM runs WHERE mailing_id = $1 AND owner_id = $2 AND started_at IS NOT NULL",
        sums.join(", ")
    );
    db.fetch_one(AssertSqlSafe(sql), &[&mailing, &actor.user()]).await
}

/// The actor's runs after an id, oldest first, for an export that never holds all of them.
pub async fn batch_after(db: &Db, actor: &Actor, after: RunId, limit: i64) -> Result<Vec<Run>> {
    let sql = format!("SELECT {COLUMNS} FROM runs u WHERE u.owner_id = $1 AND u.id > $2 ORDER BY u.id LIMIT $3");
    db.fetch_all(AssertSqlSafe(sql), &[&actor.user(), &after, &limit]).await
}

/// What one of the actor's runs sends.
pub async fn message_of(db: &Db, actor: &Actor, id: RunId) -> Result<Option<RunMessage>> {
    let sql = "SELECT subject, html, text, begins_at FROM runs WHERE id = $1 AND owner_id = $2";
    db.fetch_optional(sql, &[&id, &actor.user()]).await
}

/// One of the actor's runs.
pub async fn find(db: &Db, actor: &Actor, id: RunId) -> Result<Option<Run>> {
    db.fetch_optional(
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs u WHERE u.id = $1 AND u.owner_id = $2")),
        &[&id, &actor.user()],
    )
    .await
}

/// These runs, whosever they are, oldest first: for the command that waits for them.
pub async fn all_of(db: &Db, ids: &[RunId]) -> Result<Vec<Run>> {
    // The list is made of numbers alone, and is never empty.
    let list = ids.iter().map(|id| id.0.to_string()).collect::<Vec<_>>().join(",");
    db.fetch_all(AssertSqlSafe(format!("SELECT {COLUMNS} FROM runs u WHERE u.id IN ({list}) ORDER BY u.id")), &[]).await
}

/// Everyone's runs that have begun or may begin, and are neither over nor paused, oldest first.
pub async fn unfinished(db: &Db, now: UnixMillis) -> Result<Vec<Run>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM runs u
             WHERE u.state IN ('expanding', 'sending', 'stopping') OR u.state = 'planned' AND u.begins_at <= $1
             ORDER BY u.id"
        )),
        &[&now],
    )
    .await
}

/// The actor's runs that are not over, oldest first.
pub async fn open_of(db: &Db, actor: &Actor, limit: i64) -> Result<Vec<Run>> {
    db.fetch_all(
        AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM runs u
             WHERE u.owner_id = $1 AND u.state IN ('planned', 'expanding', 'sending', 'paused', 'stopping')
             ORDER BY u.id LIMIT $2"
        )),
        &[&actor.user(), &limit],
    )
    .await
}

/// What a run was made for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin<'a> {
    /// An occurrence of its mailing's schedule.
    Schedule,
    /// Someone asked for it, a program perhaps under a name.
    Demand { key: Option<&'a str> },
}

/// Makes a run of a mailing with what its message says now. `None`: the occurrence has its run already.
#[expect(clippy::too_many_arguments, reason = "each is a column")]
pub(crate) async fn insert(
    tx: &mut Tx,
    mailing: &Mailing,
    state: RunState,
    occurrence_at: UnixMillis,
    begins_at: UnixMillis,
    key: &str,
    origin: Origin<'_>,
    now: UnixMillis,
) -> Result<Option<RunId>> {
    let finished_at = state.is_final().then_some(now);
    let (on_demand, demand_key) = match origin {
        Origin::Schedule => (false, None),
        Origin::Demand { key } => (true, key.map(str::to_owned)),
    };
    let made: Option<(RunId,)> = tx
        .fetch_optional(
            "INSERT INTO runs (mailing_id, owner_id, occurrence_at, state, begins_at, ends_at, key,
                subject, html, text, audience, on_unknown, finished_at, planned_at, on_demand, demand_key)
             -- A run that was missed sends nothing, and a year of them must not hold a year of copies.
             SELECT $1, $2, $3, $4, $5, $6, $7, s.subject, CASE WHEN $4 = 'missed' THEN '' ELSE s.html END,
                CASE WHEN $4 = 'missed' THEN '' ELSE s.text END, $8, $9, $10, $12, $13, $14
             FROM messages s WHERE s.id = $11
             ON CONFLICT (mailing_id, occurrence_at) DO NOTHING
             RETURNING id",
            &[
                &mailing.id,
                &mailing.owner_id,
                &occurrence_at,
                &state,
                &begins_at,
                &mailing.ends_at,
                &key,
                &mailing.audience,
                &mailing.on_unknown,
                &finished_at,
                &mailing.message_id,
                &now,
                &on_demand,
                &demand_key,
            ],
        )
        .await?;
    Ok(made.map(|(id,)| id))
}

pub(crate) const DUE: &str =
    "SELECT id, owner_id, name, message_id, audience, starts_at, starts_local, ends_at, periodicity, time_zone,
        status, next_at, on_unknown, disabled_at, disabled_reason, disabled_by, created_at, updated_at, version
    FROM mailings WHERE next_at IS NOT NULL AND next_at <= $1 AND disabled_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM life WHERE held)
    ORDER BY next_at, id LIMIT $2";

/// The mailings whose time has come, the longest due first; none while nothing may be sent: see [`crate::life`].
pub async fn due(db: &Db, now: UnixMillis, limit: i64) -> Result<Vec<Mailing>> {
    db.fetch_all(DUE, &[&now, &limit]).await
}

/// What came of a mailing whose time had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fired {
    /// A run begins.
    Run(RunId),
    /// Nothing was to be sent any more: the window is over, or another process was quicker.
    Nothing,
}

/// Fires a mailing that is due, and plans its next occurrence, in one transaction.
///
/// Of several occurrences that have passed, the latest is within its window and runs at once; the earlier ones are
/// noted as *missed*. Past the end of the mailing's window all are missed.
pub async fn fire(db: &Db, mailing: &Mailing, key: &str, now: UnixMillis) -> Result<Fired> {
    let (Some(due), Some(schedule)) = (mailing.next_at, mailing.schedule()) else { return Ok(Fired::Nothing) };
    let next = schedule.next_after(now.max(due));
    let mut tx = db.begin().await?;
    // Whoever moves the mailing on has it; another process finds nothing to move.
    let moved = tx
        .execute(
            "UPDATE mailings SET next_at = $1 WHERE id = $2 AND next_at = $3 AND disabled_at IS NULL
                AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = mailings.owner_id AND u.blocked_at IS NOT NULL)",
            &[&next, &mailing.id, &due],
        )
        .await?;
    if moved == 0 {
        return Ok(Fired::Nothing);
    }
    let latest = schedule.at_or_before(now).unwrap_or(due).max(due);
    let runs_now = (!mailing.is_over(now)).then_some(latest);
    miss(&mut tx, mailing, &schedule, due, |at| at <= latest && Some(at) != runs_now, key, now).await?;
    let mut fired = Fired::Nothing;
    if let Some(at) = runs_now
        && let Some(run) = insert(&mut tx, mailing, RunState::Planned, at, now, key, Origin::Schedule, now).await?
    {
        tx.execute("UPDATE mailings SET status = 'running' WHERE id = $1", &[&mailing.id]).await?;
        fired = Fired::Run(run);
    }
    settle_status(&mut tx, mailing.id).await?;
    tx.commit().await?;
    Ok(fired)
}

/// Notes occurrences as missed, from `first` on, as long as they are `among` those.
async fn miss(
    tx: &mut Tx,
    mailing: &Mailing,
    schedule: &Schedule,
    first: UnixMillis,
    among: impl Fn(UnixMillis) -> bool,
    key: &str,
    now: UnixMillis,
) -> Result<()> {
    let mut occurrence = Some(first);
    while let Some(at) = occurrence
        && among(at)
    {
        insert(tx, mailing, RunState::Missed, at, at, key, Origin::Schedule, now).await?;
        occurrence = schedule.next_after(at);
    }
    Ok(())
}

/// Lets the occurrences of a mailing that have passed go without a run: they are noted as missed, and it fires at its
/// next one. `false`: it was not due any more.
pub(crate) async fn let_pass(tx: &mut Tx, mailing: &Mailing, key: &str, now: UnixMillis) -> Result<bool> {
    let (Some(due), Some(schedule)) = (mailing.next_at, mailing.schedule()) else { return Ok(false) };
    let moved = tx
        .execute(
            "UPDATE mailings SET next_at = $1 WHERE id = $2 AND next_at = $3",
            &[&schedule.next_after(now.max(due)), &mailing.id, &due],
        )
        .await?;
    if moved > 0 {
        miss(tx, mailing, &schedule, due, |at| at <= now, key, now).await?;
        settle_status(tx, mailing.id).await?;
    }
    Ok(moved > 0)
}

/// When the next thing is due: a mailing to fire, or a run to begin. Never, while nothing may be sent.
pub async fn next_due(db: &Db) -> Result<Option<UnixMillis>> {
    let (at,): (Option<UnixMillis>,) = db
        .fetch_one(
            "SELECT min(at) FROM (
                SELECT min(next_at) AS at FROM mailings WHERE next_at IS NOT NULL
                UNION ALL
                SELECT min(begins_at) AS at FROM runs WHERE state = 'planned'
             ) AS times WHERE NOT EXISTS (SELECT 1 FROM life WHERE held)",
            &[],
        )
        .await?;
    Ok(at)
}

/// Lets the runs begin whose time to undo is over. Their mails' ids name `mail_domain`.
pub async fn begin_due(db: &Db, mail_domain: &str, now: UnixMillis) -> Result<Vec<RunId>> {
    let mut tx = db.begin().await?;
    let begun: Vec<(RunId,)> = tx
        .fetch_all(
            "UPDATE runs SET state = 'expanding', started_at = $1, mail_domain = $2
             WHERE state = 'planned' AND begins_at <= $1 AND NOT EXISTS (SELECT 1 FROM life WHERE held)
             RETURNING id",
            &[&now, &mail_domain],
        )
        .await?;
    tx.commit().await?;
    Ok(begun.into_iter().map(|(id,)| id).collect())
}

/// Ends those of the runs whose deliveries all have their final state.
pub(crate) async fn complete(tx: &mut Tx, runs: &[RunId], now: UnixMillis) -> Result<()> {
    for run in runs {
        let completed: Option<(MailingId,)> = tx
            .fetch_optional(
                "UPDATE runs SET state = CASE state WHEN 'stopping' THEN 'cancelled' ELSE 'completed' END,
                    finished_at = $1
                 WHERE id = $2 AND state IN ('sending', 'stopping')
                   AND recipients = sent + failed + expired + skipped + unknown + cancelled
                 RETURNING mailing_id",
                &[&now, run],
            )
            .await?;
        if let Some((mailing,)) = completed {
            settle_status(tx, mailing).await?;
        }
    }
    Ok(())
}

/// Lets a run go on that was over: some of its deliveries wait again. One that was called off is called off anew.
pub(crate) async fn reopen(tx: &mut Tx, run: RunId) -> Result<()> {
    let reopened: Option<(MailingId,)> = tx
        .fetch_optional(
            "UPDATE runs SET state = CASE state WHEN 'cancelled' THEN 'stopping' ELSE 'sending' END, finished_at = NULL
             WHERE id = $1 AND state IN ('completed', 'cancelled') RETURNING mailing_id",
            &[&run],
        )
        .await?;
    if let Some((mailing,)) = reopened {
        settle_status(tx, mailing).await?;
    }
    Ok(())
}

/// Brings a mailing's status (S-11) in line with its runs and its plan.
pub(crate) async fn settle_status(tx: &mut Tx, mailing: MailingId) -> Result<()> {
    tx.execute(
        "UPDATE mailings SET status = CASE
            WHEN EXISTS (SELECT 1 FROM runs u
                WHERE u.mailing_id = mailings.id
                    AND u.state IN ('planned', 'expanding', 'sending', 'paused', 'stopping')) THEN 'running'
            -- Between two occurrences it is running, once the first has been.
            WHEN next_at IS NOT NULL AND EXISTS (SELECT 1 FROM runs u WHERE u.mailing_id = mailings.id
                AND (u.state IN ('completed', 'missed') OR u.state = 'cancelled' AND u.sent > 0)) THEN 'running'
            WHEN next_at IS NOT NULL THEN 'created'
            WHEN EXISTS (SELECT 1 FROM runs u WHERE u.mailing_id = mailings.id
                AND (u.state IN ('completed', 'missed') OR u.state = 'cancelled' AND u.sent > 0)) THEN 'completed'
            ELSE 'created' END
         WHERE id = $1",
        &[&mailing],
    )
    .await?;
    Ok(())
}
