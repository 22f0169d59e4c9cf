//! Figures over all of a user's data.

use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Result};

/// A person's figures (S-29, S-30).
#[derive(Clone, Copy, Debug, Default, sqlx::FromRow)]
pub struct Totals {
    /// Recipients in the list.
    pub recipients: i64,
    /// Messages written.
    pub messages: i64,
    /// Mailings made.
    pub mailings: i64,
    /// Messages that a mail server took.
    pub sent: i64,
    /// Deliveries that failed for good.
    pub failed: i64,
    /// Attempts that succeeded.
    pub attempts_ok: i64,
    /// Attempts that did not.
    pub attempts_failed: i64,
}

/// The actor's figures.
pub async fn totals(db: &Db, actor: &Actor) -> Result<Totals> {
    db.fetch_one(
        "SELECT
            COALESCE((SELECT recipients FROM users WHERE id = $1), 0) AS recipients,
            (SELECT count(*) FROM messages WHERE owner_id = $1) AS messages,
            (SELECT count(*) FROM mailings WHERE owner_id = $1) AS mailings,
            CAST(COALESCE(sum(sent), 0) AS BIGINT) AS sent,
            CAST(COALESCE(sum(failed), 0) AS BIGINT) AS failed,
            CAST(COALESCE(sum(attempts_ok), 0) AS BIGINT) AS attempts_ok,
            CAST(COALESCE(sum(attempts_failed), 0) AS BIGINT) AS attempts_failed
         FROM runs WHERE owner_id = $1",
        &[&actor.user()],
    )
    .await
}

/// How many runs wait for a person because the mail server refuses them, and what it says to the newest.
pub async fn refused(db: &Db) -> Result<(i64, String)> {
    db.fetch_one(
        "SELECT count(*), COALESCE((SELECT paused_by FROM runs WHERE state = 'paused' AND paused_by <> ''
            AND unrenderable_for IS NULL ORDER BY id DESC LIMIT 1), '')
         FROM runs WHERE state = 'paused' AND paused_by <> '' AND unrenderable_for IS NULL",
        &[],
    )
    .await
}

/// Figures over everyone's data, for the public (S-49).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct PublicTotals {
    /// Mailings.
    pub mailings: i64,
    /// Those that are going on or planned.
    pub active: i64,
    /// Addresses in all lists together, each as often as it stands there.
    pub listed: i64,
}

/// The figures that are quickly counted.
pub async fn public_totals(db: &Db) -> Result<PublicTotals> {
    db.fetch_one(
        "SELECT
            (SELECT count(*) FROM mailings) AS mailings,
            (SELECT count(*) FROM mailings WHERE status = 'running' OR next_at IS NOT NULL) AS active,
            (SELECT CAST(COALESCE(sum(recipients), 0) AS BIGINT) FROM users) AS listed",
        &[],
    )
    .await
}

/// How many addresses there are in all lists together, each counted once. Reads them all.
pub async fn unique_recipients(db: &Db) -> Result<i64> {
    let db = db.heavy_shared();
    let (count,): (i64,) = db.fetch_one("SELECT count(DISTINCT email_key) FROM recipients", &[]).await?;
    Ok(count)
}

/// What is going on, in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Queue {
    /// Runs that are going on, those that are paused included.
    pub runs: i64,
    /// Their recipients whose fate is open.
    pub deliveries: i64,
    /// When the oldest of those began that are not paused.
    pub oldest: Option<UnixMillis>,
}

/// Counted by runs, of which there are few, and not by deliveries.
pub async fn queue(db: &Db) -> Result<Queue> {
    db.fetch_one(
        "SELECT count(*) AS runs,
            CAST(COALESCE(sum(recipients - sent - failed - expired - skipped - unknown - cancelled), 0) AS BIGINT)
                AS deliveries,
            min(CASE WHEN state = 'paused' THEN NULL ELSE begins_at END) AS oldest
         FROM runs WHERE state IN ('expanding', 'sending', 'paused', 'stopping')",
        &[],
    )
    .await
}
