//! Control over what is being sent: pause, resume, cancel, disable, and sending again what did not arrive.
//!
//! Each is a change of a state in one transaction, and from then on nothing of the run is claimed. What is claimed
//! already is given back by the process that has it, as soon as it is woken.

use sqlx::AssertSqlSafe;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{MailingId, RecipientId, RunId};
use vestnik_model::mailing::{DisabledBy, Mailing};
use vestnik_model::run::Run;
use vestnik_model::{Actor, Permission, Problem, UnixMillis};

use crate::db::{Args, Db, Result, Tx, Wake};
use crate::figures::Tally;
use crate::{mailings, runs};

/// Deliveries that are taken up again in one transaction.
const STEP: i64 = 20_000;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controlled {
    /// It is done.
    Done,
    /// It has no effect on a run or mailing in its state, which may have changed a moment ago.
    NotNow,
    /// The actor has none such.
    NotFound,
}

/// Halts one of the actor's runs. It goes on where it stood when it is resumed.
pub async fn pause(db: &Db, actor: &Actor, run: RunId, now: UnixMillis) -> Result<Controlled> {
    let sql = "UPDATE runs SET state = 'paused', paused_by = '', paused_at = $3
        WHERE id = $1 AND owner_id = $2 AND state IN ('expanding', 'sending')";
    halt(db, actor, run, sql, &[&run, &actor.user(), &now]).await
}

/// Halts a run in which every further message would fare alike; `reason` is what the mail server says.
pub async fn pause_for(db: &Db, run: RunId, reason: &str, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE runs SET state = 'paused', paused_by = $1, paused_at = $2
         WHERE id = $3 AND state IN ('expanding', 'sending')",
        &[&reason.replace('\0', "\u{fffd}"), &now, &run],
    )
    .await?;
    tx.wake(Wake::Control);
    tx.commit().await
}

/// Halts a run whose message ends the process that renders it, for the recipient with this address; an empty one: for
/// everyone.
pub async fn pause_unrenderable(db: &Db, run: RunId, email: &str, now: UnixMillis) -> Result<()> {
    let whom = if email.is_empty() { String::new() } else { format!(" for {email}") };
    let reason = format!("the message cannot be rendered{whom}: it ended the process that sends");
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE runs SET state = 'paused', paused_by = $1, unrenderable_for = $2, paused_at = $3
         WHERE id = $4 AND state IN ('expanding', 'sending')",
        &[&reason, &email, &now, &run],
    )
    .await?;
    tx.wake(Wake::Control);
    tx.commit().await
}

/// Halts a run whose message cannot be rendered for anyone. What it sends is fixed, so that resuming it does not help: it
/// can be cancelled, and the message be corrected for the next run.
pub async fn pause_for_problem(db: &Db, run: RunId, problem: &Problem, now: UnixMillis) -> Result<()> {
    // A struct of strings always has a JSON form.
    let stored = serde_json::to_string(problem).unwrap_or_default();
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE runs SET state = 'paused', paused_by = '', pause_problem = $1, paused_at = $2
         WHERE id = $3 AND state IN ('expanding', 'sending')",
        &[&stored, &now, &run],
    )
    .await?;
    tx.wake(Wake::Control);
    tx.commit().await
}

/// Why a run is paused whose message cannot be rendered for anyone.
pub fn pause_problem(run: &Run) -> Option<Problem> {
    serde_json::from_str(&run.pause_problem).ok()
}

/// Lets one of the actor's paused runs go on.
pub async fn resume(db: &Db, actor: &Actor, run: RunId) -> Result<Controlled> {
    let Some(found) = runs::find(db, actor, run).await? else { return Ok(Controlled::NotFound) };
    if !actor.may(Permission::SendMail) {
        return Ok(Controlled::NotNow);
    }
    let mut tx = db.begin().await?;
    let resumed = resume_in(&mut tx, found.id).await?;
    tx.commit().await?;
    Ok(if resumed { Controlled::Done } else { Controlled::NotNow })
}

/// A run that is paused goes on with making its deliveries: if all are made, that is noticed there. One that had not
/// begun, in a database that was restored meanwhile, begins.
pub(crate) async fn resume_in(tx: &mut Tx, run: RunId) -> Result<bool> {
    let resumed = tx
        .execute(
            "UPDATE runs SET state = CASE WHEN started_at IS NULL THEN 'planned' ELSE 'expanding' END, paused_by = '',
                unrenderable_for = NULL, pause_problem = '', paused_at = NULL
             WHERE id = $1 AND state = 'paused'",
            &[&run],
        )
        .await?;
    tx.wake(Wake::Schedule);
    Ok(resumed > 0)
}

/// Calls one of the actor's runs off. What has not gone out will not; what has stays in the ledger.
pub async fn cancel(db: &Db, actor: &Actor, run: RunId, now: UnixMillis) -> Result<Controlled> {
    if runs::undo(db, actor, run, now).await? {
        return Ok(Controlled::Done);
    }
    let sql = "UPDATE runs SET state = 'stopping', paused_at = NULL
        WHERE id = $1 AND owner_id = $2 AND state IN ('planned', 'expanding', 'sending', 'paused')";
    halt(db, actor, run, sql, &[&run, &actor.user()]).await
}

async fn halt(db: &Db, actor: &Actor, run: RunId, sql: &'static str, args: Args<'_>) -> Result<Controlled> {
    let mut tx = db.begin().await?;
    let halted = tx.execute(sql, args).await?;
    tx.wake(Wake::Control);
    tx.wake(Wake::Schedule);
    tx.commit().await?;
    Ok(match halted {
        0 if runs::find(db, actor, run).await?.is_none() => Controlled::NotFound,
        0 => Controlled::NotNow,
        _ => Controlled::Done,
    })
}

/// Disables one of the actor's mailings (S-20): its planned sendings are cancelled, what is being sent is called off,
/// and nothing of it is sent until it is enabled.
pub async fn disable(db: &Db, actor: &Actor, mailing: MailingId, reason: &str, now: UnixMillis) -> Result<Controlled> {
    if mailings::find(db, actor, mailing).await?.is_none() {
        return Ok(Controlled::NotFound);
    }
    let mut tx = db.begin().await?;
    if !disable_in(&mut tx, mailing, DisabledBy::Owner, reason, now).await? {
        return Ok(Controlled::NotNow);
    }
    tx.commit().await?;
    Ok(Controlled::Done)
}

/// Disables a mailing; `false`: it is already.
pub(crate) async fn disable_in(
    tx: &mut Tx,
    mailing: MailingId,
    by: DisabledBy,
    reason: &str,
    now: UnixMillis,
) -> Result<bool> {
    // Runs before their mailing, as everyone locks them.
    tx.execute(
        "UPDATE runs SET state = 'stopping', paused_at = NULL
         WHERE mailing_id = $1 AND state IN ('planned', 'expanding', 'sending', 'paused')",
        &[&mailing],
    )
    .await?;
    // What its owner has disabled a manager can disable as well: then it takes a manager to enable it.
    let disabled = tx
        .execute(
            "UPDATE mailings SET disabled_at = $1, disabled_reason = $2, disabled_by = $3, next_at = NULL, updated_at = $1
             WHERE id = $4 AND (disabled_at IS NULL OR disabled_by <> 'manager' AND $3 = 'manager')",
            &[&now, &reason, &by, &mailing],
        )
        .await?;
    runs::settle_status(tx, mailing).await?;
    tx.wake(Wake::Control);
    tx.wake(Wake::Schedule);
    Ok(disabled > 0)
}

/// Enables one of the actor's mailings again, unless a manager has disabled it.
pub async fn enable(db: &Db, actor: &Actor, mailing: MailingId, now: UnixMillis) -> Result<Controlled> {
    let Some(found) = mailings::find(db, actor, mailing).await? else { return Ok(Controlled::NotFound) };
    if found.disabled_by == DisabledBy::Manager || found.starts_at.is_some() && !actor.may(Permission::SendMail) {
        return Ok(Controlled::NotNow);
    }
    let mut tx = db.begin().await?;
    let enabled = enable_in(&mut tx, &found, now).await?;
    tx.commit().await?;
    Ok(if enabled { Controlled::Done } else { Controlled::NotNow })
}

/// Enables a mailing that is disabled as it was found to be; `false`: things have changed, or its owner is blocked. It
/// fires at its next occurrence, never for one that has passed.
pub(crate) async fn enable_in(tx: &mut Tx, mailing: &Mailing, now: UnixMillis) -> Result<bool> {
    let next_at = mailing.schedule().and_then(|schedule| schedule.at_or_after(now));
    let enabled = tx
        .execute(
            "UPDATE mailings SET disabled_at = NULL, disabled_reason = '', disabled_by = 'owner', next_at = $1,
                updated_at = $2
             WHERE id = $3 AND disabled_at IS NOT NULL AND disabled_by = $4
                AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = mailings.owner_id AND u.blocked_at IS NOT NULL)",
            &[&next_at, &now, &mailing.id, &mailing.disabled_by],
        )
        .await?;
    runs::settle_status(tx, mailing.id).await?;
    tx.wake(Wake::Schedule);
    Ok(enabled > 0)
}

/// Stops what goes on although its mailing is disabled or its owner blocked. Both stop everything that they find; a run
/// or a plan that was being made in the same moment is found here, within a second.
pub async fn stop_forbidden(db: &Db, now: UnixMillis) -> Result<()> {
    const RUNS: &str = "state IN ('planned', 'expanding', 'sending', 'paused') AND (
        EXISTS (SELECT 1 FROM mailings m WHERE m.id = runs.mailing_id AND m.disabled_at IS NOT NULL)
        OR EXISTS (SELECT 1 FROM users u WHERE u.id = runs.owner_id AND u.blocked_at IS NOT NULL))";
    const PLANS: &str = "next_at IS NOT NULL AND next_at <= $1 AND disabled_at IS NULL
        AND EXISTS (SELECT 1 FROM users u WHERE u.id = mailings.owner_id AND u.blocked_at IS NOT NULL)";
    // Looked for first: there hardly ever is any, and writing has its price.
    let (any,): (bool,) = db
        .fetch_one(
            AssertSqlSafe(format!(
                "SELECT EXISTS (SELECT 1 FROM runs WHERE {RUNS}) OR EXISTS (SELECT 1 FROM mailings WHERE {PLANS})"
            )),
            &[&now],
        )
        .await?;
    if !any {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    tx.execute(AssertSqlSafe(format!("UPDATE runs SET state = 'stopping', paused_at = NULL WHERE {RUNS}")), &[])
        .await?;
    tx.execute(
        AssertSqlSafe(format!(
            "UPDATE mailings SET next_at = NULL, disabled_at = $1, disabled_by = 'block',
                disabled_reason = (SELECT u.blocked_reason FROM users u WHERE u.id = mailings.owner_id)
             WHERE {PLANS}"
        )),
        &[&now],
    )
    .await?;
    tx.wake(Wake::Control);
    tx.commit().await
}

/// Which deliveries of a run are sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Those that failed for good.
    Failed,
    /// All who have not got it for sure: failed, expired, cancelled.
    NotReached,
    /// Those of unknown fate: some may get a second copy.
    Unknown,
}

impl Again {
    fn states(self) -> &'static [DeliveryState] {
        match self {
            Self::Failed => &[DeliveryState::Failed],
            Self::NotReached => &[DeliveryState::Failed, DeliveryState::Expired, DeliveryState::Cancelled],
            Self::Unknown => &[DeliveryState::Unknown],
        }
    }
}

/// What came of sending again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentAgain {
    /// So many deliveries wait again.
    Waiting(i64),
    /// There are none of that kind.
    Nothing,
    /// The run is not in a state to take any up.
    NotNow,
    /// The end of the mailing's window has come.
    WindowOver,
    /// The mailing is disabled.
    Disabled,
    /// The actor may not let mail go out.
    MayNotSend,
    /// The actor has no such run.
    NotFound,
}

/// Takes deliveries of one of the actor's runs up again, with as many attempts as new ones. They go by the end of the
/// mailing's window as it is now.
pub async fn send_again(db: &Db, actor: &Actor, run: RunId, which: Again, now: UnixMillis) -> Result<SentAgain> {
    let Some(found) = runs::find(db, actor, run).await? else { return Ok(SentAgain::NotFound) };
    let Some(mailing) = mailings::find(db, actor, found.mailing_id).await? else { return Ok(SentAgain::NotFound) };
    if !actor.may(Permission::SendMail) {
        return Ok(SentAgain::MayNotSend);
    }
    if mailing.disabled_at.is_some() {
        return Ok(SentAgain::Disabled);
    }
    if mailing.is_over(now) {
        return Ok(SentAgain::WindowOver);
    }
    let mut total = 0;
    for state in which.states() {
        let mut after = RecipientId(0);
        loop {
            // Deliveries before their run, and that before the mailing, as everyone locks them.
            let mut tx = db.begin().await?;
            let (step, taken) = take_up(&mut tx, run, *state, after).await?;
            if !continue_run(&mut tx, run, &mailing, which).await? {
                return Ok(SentAgain::NotNow);
            }
            if !taken.is_empty() {
                let mut tally = Tally::default();
                for ended_at in &taken {
                    tally.count(run, mailing.id, *ended_at, |figures| figures.move_to(*state, -1));
                }
                tally.add_to_runs(&mut tx).await?.add(&mut tx).await?;
                tx.wake(Wake::Schedule);
                tx.wake(Wake::Deliveries);
                tx.commit().await?;
            }
            total += taken.len() as i64;
            match step {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    Ok(if total > 0 { SentAgain::Waiting(total) } else { SentAgain::Nothing })
}

/// Takes up a step's deliveries of one state. Answers where the next step begins, if there is one, and when those that
/// were taken had come to that state.
async fn take_up(
    tx: &mut Tx,
    run: RunId,
    state: DeliveryState,
    after: RecipientId,
) -> Result<(Option<RecipientId>, Vec<UnixMillis>)> {
    let (count, last): (i64, Option<RecipientId>) = tx
        .fetch_one(
            "SELECT count(*), max(recipient_id) FROM
                (SELECT recipient_id FROM deliveries WHERE run_id = $1 AND recipient_id > $2 AND state = $3
                 ORDER BY recipient_id LIMIT $4) AS step",
            &[&run, &after, &state, &STEP],
        )
        .await?;
    let Some(last) = last else { return Ok((None, Vec::new())) };
    // Someone else may have taken some of them just now, so that those are counted which were.
    let taken: Vec<(UnixMillis,)> = tx
        .fetch_all(
            "UPDATE deliveries SET state = 'pending', due_at = 0, owner = NULL, excused = attempts
             WHERE run_id = $1 AND recipient_id > $2 AND recipient_id <= $3 AND state = $4
             -- Without a time: see `deliveries::release`.
             RETURNING COALESCE(ended_at, 0)",
            &[&run, &after, &last, &state],
        )
        .await?;
    Ok(((count == STEP).then_some(last), taken.into_iter().map(|(ended_at,)| ended_at).collect()))
}

/// A run that is over goes on, also one that was called off: perhaps before all its deliveries were made, and those who
/// had none are not reached either. `false`: it is in a state that does not allow it.
async fn continue_run(tx: &mut Tx, run: RunId, mailing: &Mailing, which: Again) -> Result<bool> {
    let called_off = if which == Again::NotReached { "expanding" } else { "sending" };
    let continued = tx
        .execute(
            "UPDATE runs SET ends_at = $1, finished_at = NULL,
                state = CASE state WHEN 'cancelled' THEN $2 WHEN 'completed' THEN 'sending' ELSE state END
             WHERE id = $3 AND state IN ('expanding', 'sending', 'paused', 'completed', 'cancelled')",
            &[&mailing.ends_at, &called_off, &run],
        )
        .await?;
    runs::settle_status(tx, mailing.id).await?;
    Ok(continued > 0)
}
