//! Figures over all of a user's data.

use vestnik_model::Actor;

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
