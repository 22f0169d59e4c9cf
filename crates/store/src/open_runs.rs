//! Runs that are being sent, as the engine looks at them.

use sqlx::AssertSqlSafe;
use vestnik_model::UnixMillis;
use vestnik_model::id::{MailingId, RunId, UserId};
use vestnik_model::mailing::UnknownPolicy;

use crate::db::{Db, Result};

/// A run that has deliveries to send.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OpenRun {
    /// Identifier.
    pub id: RunId,
    /// Which mailing fired.
    pub mailing_id: MailingId,
    /// Whose it is.
    pub owner_id: UserId,
    /// Nothing is sent at or after this.
    pub ends_at: Option<UnixMillis>,
    /// Left part of each of its Message-IDs.
    pub key: String,
    /// Right side of each of its Message-IDs.
    pub mail_domain: String,
    /// What becomes of its deliveries of unknown fate.
    pub on_unknown: UnknownPolicy,
}

/// The runs that have deliveries which are due. Those that only wait for a retry are none of them: they may be many,
/// and each would cost a claim that finds nothing. While nothing may be sent there is none.
pub async fn open(db: &Db, now: UnixMillis) -> Result<Vec<OpenRun>> {
    db.fetch_all(
        "SELECT id, mailing_id, owner_id, ends_at, key, mail_domain, on_unknown FROM runs
         WHERE state IN ('expanding', 'sending') AND NOT EXISTS (SELECT 1 FROM life WHERE held) AND (
            -- From the end, where what waits is found at once: see `deliveries::claim`.
            EXISTS (SELECT 1 FROM (SELECT d.id FROM deliveries d
                WHERE d.run_id = runs.id AND d.state = 'pending' AND d.due_at = 0
                ORDER BY d.due_at DESC, d.id DESC LIMIT 1) AS fresh)
            OR EXISTS (SELECT 1 FROM deliveries d
                WHERE d.run_id = runs.id AND d.state = 'pending' AND d.due_at > 0 AND d.due_at <= $1))
         ORDER BY id",
        &[&now],
    )
    .await
}

/// One run, whether or not a delivery of it is due; `None` if it does not go on.
pub async fn open_one(db: &Db, run: RunId) -> Result<Option<OpenRun>> {
    db.fetch_optional(
        "SELECT id, mailing_id, owner_id, ends_at, key, mail_domain, on_unknown FROM runs
         WHERE id = $1 AND state IN ('expanding', 'sending')",
        &[&run],
    )
    .await
}

/// What a run sends, as it was when the run was made.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RunMessage {
    /// Subject template.
    pub subject: String,
    /// HTML template; may be empty.
    pub html: String,
    /// Text template; may be empty.
    pub text: String,
    /// When the run begins.
    pub begins_at: UnixMillis,
}

/// What a run sends.
pub async fn message(db: &Db, run: RunId) -> Result<Option<RunMessage>> {
    db.fetch_optional("SELECT subject, html, text, begins_at FROM runs WHERE id = $1", &[&run]).await
}

/// Which of these runs do not go on: halted, called off, over or gone.
pub async fn halted(db: &Db, runs: &[RunId]) -> Result<Vec<RunId>> {
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    // The list is made of numbers alone.
    let list = runs.iter().map(|run| run.0.to_string()).collect::<Vec<_>>().join(",");
    let sql = format!("SELECT id FROM runs WHERE id IN ({list}) AND state IN ('expanding', 'sending')");
    let going: Vec<(RunId,)> = db.fetch_all(AssertSqlSafe(sql), &[]).await?;
    Ok(runs.iter().copied().filter(|run| !going.contains(&(*run,))).collect())
}
