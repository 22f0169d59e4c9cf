//! Runs on demand (S-17, S-18), and undoing them.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use vestnik_model::id::{MailingId, RunId};
use vestnik_model::mailing::Mailing;
use vestnik_model::run::RunState;
use vestnik_model::{Actor, Permission, UnixMillis};

use super::{Origin, insert, settle_status};
use crate::db::{Db, Result, Tx, Wake};
use crate::submitted_forms::{self, FormHash};
use crate::{control, mailings};

/// What came of sending on demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demanded {
    /// A new run is planned.
    Planned(RunId),
    /// An earlier run is not over; it goes on.
    Continues(RunId),
    /// The same form was sent before, and has planned this run.
    Repeated(RunId),
    /// The actor has no such mailing.
    NotFound,
    /// The end of the mailing's window has come.
    WindowOver,
    /// The mailing is disabled.
    Disabled,
    /// No one would get it.
    NoRecipients,
    /// The actor may not let mail go out.
    MayNotSend,
}

/// How a request that may be made more than once is told from a new one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repeat<'a> {
    /// Begin another run of a mailing that has been sent.
    pub again: bool,
    /// The request's name: of each mailing it begins one run, however often it is made.
    pub key: Option<&'a str>,
}

/// What came of a request that may have been made before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemandedOnce {
    /// The same as with [`demand`].
    Asked(Demanded),
    /// It was made before, and its run is over: nothing is sent.
    AlreadyOver(RunId),
    /// A run of another request is not over, and this one asks for a run of its own.
    Busy(RunId),
}

/// Sends a mailing on demand (S-17, S-18), `delay` from now: the time to undo. An unfinished run of it goes on instead.
pub async fn demand(
    db: &Db,
    actor: &Actor,
    mailing: MailingId,
    key: &str,
    delay: Duration,
    now: UnixMillis,
) -> Result<Demanded> {
    demand_once(db, actor, mailing, key, delay, None, now).await
}

/// The same for a form, which plans one run however often it is sent.
pub async fn demand_once(
    db: &Db,
    actor: &Actor,
    mailing: MailingId,
    key: &str,
    delay: Duration,
    form: Option<&FormHash>,
    now: UnixMillis,
) -> Result<Demanded> {
    let request = match Request::new(db, actor, mailing).await? {
        Ok(request) => request,
        Err(refused) => return Ok(refused),
    };
    let Some(mut tx) = request.begin(db).await? else { return Ok(Demanded::Disabled) };
    if let Some(earlier) = submitted_forms::claim(&mut tx, actor, form, now).await? {
        return Ok(Demanded::Repeated(RunId(earlier)));
    }
    if let Some(open) = find(&mut tx, OPEN, mailing).await? {
        submitted_forms::created(&mut tx, actor, form, open.id.0).await?;
        return attach(tx, open.id, None).await;
    }
    let planned = request.plan(&mut tx, key, None, delay, now).await?;
    if let Demanded::Planned(run) = planned {
        submitted_forms::created(&mut tx, actor, form, run.0).await?;
        tx.commit().await?;
    }
    Ok(planned)
}

/// The same for a command that is repeated when its outcome was not seen: a mailing whose newest run on demand is over
/// is not sent again, unless [`Repeat`] says so.
pub async fn demand_by_command(
    db: &Db,
    actor: &Actor,
    mailing: MailingId,
    key: &str,
    repeat: Repeat<'_>,
    now: UnixMillis,
) -> Result<DemandedOnce> {
    let request = match Request::new(db, actor, mailing).await? {
        Ok(request) => request,
        Err(refused) => return Ok(DemandedOnce::Asked(refused)),
    };
    let Some(mut tx) = request.begin(db).await? else { return Ok(DemandedOnce::Asked(Demanded::Disabled)) };
    if let Some(name) = repeat.key
        && let Some(own) = find_named(&mut tx, mailing, name).await?
    {
        return attach_or_over(tx, own, repeat.key).await;
    }
    if let Some(open) = find(&mut tx, OPEN, mailing).await? {
        if repeat.again && repeat.key.is_some() {
            return Ok(DemandedOnce::Busy(open.id));
        }
        return attach(tx, open.id, repeat.key).await.map(DemandedOnce::Asked);
    }
    if !repeat.again
        && let Some(newest) = find(&mut tx, NEWEST_ON_DEMAND, mailing).await?
    {
        return attach_or_over(tx, newest, repeat.key).await;
    }
    let planned = request.plan(&mut tx, key, repeat.key, Duration::ZERO, now).await?;
    if let Demanded::Planned(_) = planned {
        tx.commit().await?;
    }
    Ok(DemandedOnce::Asked(planned))
}

const OPEN: &str = "SELECT id, state FROM runs
    WHERE mailing_id = $1 AND state IN ('planned', 'expanding', 'sending', 'paused') ORDER BY id DESC LIMIT 1";
const OF_KEY: &str = "SELECT id, state FROM runs WHERE mailing_id = $1 AND demand_key = $2";
const NEWEST_ON_DEMAND: &str =
    "SELECT id, state FROM runs WHERE mailing_id = $1 AND on_demand ORDER BY id DESC LIMIT 1";

const UNFINISHED: &str = "SELECT id FROM runs
    WHERE mailing_id = $1 AND state IN ('planned', 'expanding', 'sending', 'paused', 'stopping') ORDER BY id";

/// Has others wait who would change the mailing's runs that are not over.
async fn lock_unfinished(tx: &mut Tx, mailing: MailingId) -> Result<Vec<(RunId,)>> {
    if tx.is_shared() {
        tx.fetch_all(AssertSqlSafe(format!("{UNFINISHED} FOR NO KEY UPDATE")), &[&mailing]).await
    } else {
        Ok(Vec::new())
    }
}

/// A run of the mailing, as it stands.
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
struct Found {
    id: RunId,
    state: RunState,
}

async fn find(tx: &mut Tx, sql: &'static str, mailing: MailingId) -> Result<Option<Found>> {
    tx.fetch_optional(sql, &[&mailing]).await
}

async fn find_named(tx: &mut Tx, mailing: MailingId, name: &str) -> Result<Option<Found>> {
    tx.fetch_optional(OF_KEY, &[&mailing, &name]).await
}

/// Lets an unfinished run go on, and marks it as asked for, also if the schedule made it: after its end, the request that
/// is repeated finds it. Both in the transaction that found the run, so that a process that is killed leaves both or none.
async fn attach(mut tx: Tx, run: RunId, key: Option<&str>) -> Result<Demanded> {
    let sql = "UPDATE runs SET on_demand = TRUE, demand_key = COALESCE(demand_key, $1)
        WHERE id = $2 AND state IN ('planned', 'expanding', 'sending', 'paused', 'stopping')";
    tx.execute(sql, &[&key.map(str::to_owned), &run]).await?;
    control::resume_in(&mut tx, run).await?;
    tx.commit().await?;
    Ok(Demanded::Continues(run))
}

async fn attach_or_over(tx: Tx, run: Found, key: Option<&str>) -> Result<DemandedOnce> {
    if run.state.is_final() {
        return Ok(DemandedOnce::AlreadyOver(run.id));
    }
    attach(tx, run.id, key).await.map(DemandedOnce::Asked)
}

/// A mailing that someone who may do so wants to be sent.
struct Request {
    mailing: Mailing,
    recipients: i64,
}

impl Request {
    async fn new(db: &Db, actor: &Actor, mailing: MailingId) -> Result<Result<Self, Demanded>> {
        let Some(mailing) = mailings::find(db, actor, mailing).await? else { return Ok(Err(Demanded::NotFound)) };
        if !actor.may(Permission::SendMail) {
            return Ok(Err(Demanded::MayNotSend));
        }
        let recipients = mailings::audience_size(db, actor, &mailing).await?;
        Ok(Ok(Self { mailing, recipients }))
    }

    /// Locks the mailing before looking for a run, so that of two presses of a button the second finds the first's run;
    /// and before that its runs that are not over, because elsewhere runs are locked before their mailing. `None`: it is
    /// disabled.
    async fn begin(&self, db: &Db) -> Result<Option<Tx>> {
        loop {
            let mut tx = db.begin().await?;
            let locked = lock_unfinished(&mut tx, self.mailing.id).await?;
            let sql = "UPDATE mailings SET status = 'running' WHERE id = $1 AND disabled_at IS NULL";
            if tx.execute(sql, &[&self.mailing.id]).await? == 0 {
                return Ok(None);
            }
            let unfinished: Vec<(RunId,)> = tx.fetch_all(UNFINISHED, &[&self.mailing.id]).await?;
            // From here on no run of the mailing can begin. One that did a moment ago is locked in the next round.
            if !tx.is_shared() || unfinished.iter().all(|run| locked.contains(run)) {
                return Ok(Some(tx));
            }
        }
    }

    /// Plans a run. `key` begins its Message-IDs, `demand_key` names the request.
    async fn plan(
        &self,
        tx: &mut Tx,
        key: &str,
        demand_key: Option<&str>,
        delay: Duration,
        now: UnixMillis,
    ) -> Result<Demanded> {
        let begins_at = now.plus(delay);
        // Also when it would end before anything could be sent.
        if self.mailing.is_over(begins_at) {
            return Ok(Demanded::WindowOver);
        }
        if self.recipients == 0 {
            return Ok(Demanded::NoRecipients);
        }
        let (mut occurrence, origin) = (now, Origin::Demand { key: demand_key });
        let run = loop {
            match insert(tx, &self.mailing, RunState::Planned, occurrence, begins_at, key, origin, now).await? {
                Some(run) => break run,
                // A run of this very millisecond is over already; its place is taken.
                None => occurrence = UnixMillis(occurrence.0 + 1),
            }
        };
        tx.wake(Wake::Schedule);
        Ok(Demanded::Planned(run))
    }
}

/// Calls off one of the actor's runs while its time to undo lasts. `false`: it has begun, or is not the actor's.
pub async fn undo(db: &Db, actor: &Actor, id: RunId, now: UnixMillis) -> Result<bool> {
    let mut tx = db.begin().await?;
    let undone: Option<(MailingId,)> = tx
        .fetch_optional(
            // Nobody asks for it any more, under whatever name.
            "UPDATE runs SET state = 'cancelled', finished_at = $1, on_demand = FALSE, demand_key = NULL
             WHERE id = $2 AND owner_id = $3 AND state = 'planned' AND begins_at > $1 RETURNING mailing_id",
            &[&now, &id, &actor.user()],
        )
        .await?;
    if let Some((mailing,)) = undone {
        settle_status(&mut tx, mailing).await?;
    }
    tx.commit().await?;
    Ok(undone.is_some())
}
