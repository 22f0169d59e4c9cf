//! Lives of the data. A database that was restored from a backup begins another life, beside the one that its original
//! may go on living and sending. It sends nothing until a person says so, and journals of the other life are not its own.
//!
//! While it is held, nothing is found to fire, to begin, to expand or to send: [`crate::runs`], [`crate::expansion`] and
//! [`crate::letters`] ask the one row in the statement that looks. What only ends things goes on.

use serde::Serialize;
use vestnik_model::audit::Action;
use vestnik_model::mailing::Mailing;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::audit::{Author, Entry};
use crate::db::{Db, Result, Tx, Wake};
use crate::groups::{Change, Changed};
use crate::runs;

/// A life of the data.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Life {
    /// Random; empty until a process has entered it.
    pub name: String,
    /// When it began, if with a backup.
    pub restored_at: Option<UnixMillis>,
    /// Of when that backup is.
    pub backup_at: Option<UnixMillis>,
    /// Whether nothing is sent until a person says so.
    pub held: bool,
}

/// The life as it is.
pub async fn read(db: &Db) -> Result<Life> {
    db.fetch_one("SELECT name, restored_at, backup_at, held FROM life", &[]).await
}

/// The same for a process that sends or serves: a life that has no name gets this one.
pub async fn enter(db: &Db, name: &str) -> Result<Life> {
    let life = read(db).await?;
    if !life.name.is_empty() {
        return Ok(life);
    }
    db.execute("UPDATE life SET name = $1 WHERE name = ''", &[&name]).await?;
    // Of two processes that come first, one has named it.
    read(db).await
}

/// Begins another life with what has been loaded from a backup.
pub(crate) async fn begin(tx: &mut Tx, name: &str, backup_at: UnixMillis, now: UnixMillis) -> Result<()> {
    let sql = "UPDATE life SET name = $1, restored_at = $2, backup_at = $3, held = TRUE";
    match tx.execute(sql, &[&name, &now, &backup_at]).await? {
        1 => Ok(()),
        // Without its row nothing would be held.
        _ => Err(sqlx::Error::RowNotFound.into()),
    }
}

/// What waits for the word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Waiting {
    /// Mailings that fire by themselves at a time to come, or at their next one.
    pub planned: i64,
    /// Those of them whose time has come while nothing was sent: it will be noted as missed.
    pub passed: i64,
    /// Runs that are paused, and stay so.
    pub paused: i64,
    /// Runs that people have let begin or go on meanwhile.
    pub going: i64,
    /// Letters of the service.
    pub letters: i64,
}

const WAITING: &str = "SELECT
    (SELECT count(*) FROM mailings WHERE next_at IS NOT NULL AND disabled_at IS NULL) AS planned,
    (SELECT count(*) FROM mailings WHERE next_at IS NOT NULL AND next_at <= $1 AND disabled_at IS NULL) AS passed,
    (SELECT count(*) FROM runs WHERE state = 'paused') AS paused,
    (SELECT count(*) FROM runs WHERE state IN ('planned', 'expanding', 'sending')) AS going,
    (SELECT count(*) FROM letters WHERE state = 'pending') AS letters";

/// What waits for the word.
pub async fn waiting(db: &Db, now: UnixMillis) -> Result<Waiting> {
    db.fetch_one(WAITING, &[&now]).await
}

/// Lets the installation send again: a person says so, at a page or (`actor` is `None`) at the command line. Occurrences
/// that have passed meanwhile are noted as missed, so that the word itself sets none of them off: the original may have
/// sent them. `key` names the runs that are noted.
pub async fn resume(db: &Db, actor: Option<&Actor>, author: &Author, key: &str) -> Result<Changed> {
    let now = author.at;
    let mut change = Change::begin(db, actor).await?;
    if !change.is_allowed(Permission::ManageSettings, &[]) {
        return Ok(Changed::NotAllowed);
    }
    let waiting: Waiting = change.tx.fetch_one(WAITING, &[&now]).await?;
    if change.tx.execute("UPDATE life SET held = FALSE WHERE held", &[]).await? == 0 {
        return Ok(Changed::NotNow);
    }
    let due: Vec<Mailing> = change.tx.fetch_all(runs::DUE, &[&now, &i64::MAX]).await?;
    for mailing in &due {
        runs::let_pass(&mut change.tx, mailing, key, now).await?;
    }
    for whom in [Wake::Schedule, Wake::Deliveries, Wake::Letters] {
        change.tx.wake(whom);
    }
    let told = [
        ("planned", waiting.planned),
        ("missed", waiting.passed),
        ("paused", waiting.paused),
        ("going", waiting.going),
        ("letters", waiting.letters),
    ];
    let told = told.map(|(name, count)| format!("{name}={count}"));
    change.commit(author, Entry::new(Action::SendingResumed, None, "").after(&told)).await
}
