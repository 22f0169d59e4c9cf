//! Expansion: making a run's deliveries, one for each recipient.

use vestnik_model::UnixMillis;
use vestnik_model::id::{MailingId, RunId, UserId};
use vestnik_model::mailing::Audience;

use crate::db::{Db, Result, Tx};
use crate::runs;

/// Recipients that get their delivery in one transaction.
const EXPANSION: i64 = 20_000;

/// The runs whose deliveries are being made; none while nothing may be sent: see [`crate::life`].
pub async fn expanding(db: &Db) -> Result<Vec<RunId>> {
    let sql =
        "SELECT id FROM runs WHERE state = 'expanding' AND NOT EXISTS (SELECT 1 FROM life WHERE held) ORDER BY id";
    let runs: Vec<(RunId,)> = db.fetch_all(sql, &[]).await?;
    Ok(runs.into_iter().map(|(id,)| id).collect())
}

/// How far the deliveries of a run are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expanded {
    /// There are more recipients.
    More,
    /// All are made, by this process or another.
    Done {
        /// How many there are.
        recipients: i64,
    },
}

/// Makes deliveries for the next recipients of a run; no row of them leaves the database.
///
/// A process that dies between two steps leaves a run that goes on where it stood.
///
/// They are due at once, which is noted as 0: a clock that is set back must not hold them up.
pub async fn expand(db: &Db, run: RunId, now: UnixMillis) -> Result<Expanded> {
    let mut tx = db.begin().await?;
    // Of two nodes one expands. The run's row is not locked meanwhile: results are counted there.
    tx.lock(run.0).await?;
    let found: Option<(UserId, MailingId, Audience, i64)> = tx
        .fetch_optional(
            "SELECT owner_id, mailing_id, audience, expanded_to FROM runs WHERE id = $1 AND state = 'expanding'",
            &[&run],
        )
        .await?;
    let Some((owner, mailing, audience, from)) = found else { return Ok(Expanded::Done { recipients: 0 }) };
    let (to,): (Option<i64>,) = match audience {
        Audience::All => {
            tx.fetch_one(
                "SELECT max(id) FROM
                    (SELECT id FROM recipients WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3) AS step",
                &[&owner, &from, &EXPANSION],
            )
            .await?
        }
        Audience::Chosen => {
            tx.fetch_one(
                "SELECT max(recipient_id) FROM
                    (SELECT recipient_id FROM mailing_recipients WHERE mailing_id = $1 AND recipient_id > $2
                     ORDER BY recipient_id LIMIT $3) AS step",
                &[&mailing, &from, &EXPANSION],
            )
            .await?
        }
    };
    let Some(to) = to else {
        let Some(recipients) = finish_expansion(&mut tx, run, mailing, now).await? else {
            return Ok(Expanded::Done { recipients: 0 });
        };
        tx.commit().await?;
        return Ok(Expanded::Done { recipients });
    };
    let made = match audience {
        Audience::All => {
            tx.execute(
                "INSERT INTO deliveries (run_id, recipient_id, email, state, due_at)
                 SELECT $1, id, email, 'pending', 0 FROM recipients
                 WHERE owner_id = $2 AND id > $3 AND id <= $4 ORDER BY id
                 ON CONFLICT (run_id, recipient_id) DO NOTHING",
                &[&run, &owner, &from, &to],
            )
            .await?
        }
        Audience::Chosen => {
            tx.execute(
                "INSERT INTO deliveries (run_id, recipient_id, email, state, due_at)
                 SELECT $1, r.id, r.email, 'pending', 0 FROM mailing_recipients c
                 JOIN recipients r ON r.id = c.recipient_id AND r.owner_id = $2
                 WHERE c.mailing_id = $3 AND c.recipient_id > $4 AND c.recipient_id <= $5 ORDER BY r.id
                 ON CONFLICT (run_id, recipient_id) DO NOTHING",
                &[&run, &owner, &mailing, &from, &to],
            )
            .await?
        }
    };
    let goes_on = tx
        .execute(
            "UPDATE runs SET expanded_to = $1, recipients = recipients + $2 WHERE id = $3 AND state = 'expanding'",
            &[&to, &(made as i64), &run],
        )
        .await?;
    if goes_on == 0 {
        // Halted meanwhile: without a commit this step has not been.
        return Ok(Expanded::Done { recipients: 0 });
    }
    tx.commit().await?;
    Ok(Expanded::More)
}

/// `None`: it was halted meanwhile.
async fn finish_expansion(tx: &mut Tx, run: RunId, mailing: MailingId, now: UnixMillis) -> Result<Option<i64>> {
    let finished: Option<(i64,)> = tx
        .fetch_optional(
            "UPDATE runs SET state = 'sending' WHERE id = $1 AND state = 'expanding' RETURNING recipients",
            &[&run],
        )
        .await?;
    let Some((recipients,)) = finished else { return Ok(None) };
    // A run without recipients, or one that was sent while it was expanded, is over here.
    runs::complete(tx, &[run], now).await?;
    runs::settle_status(tx, mailing).await?;
    Ok(Some(recipients))
}
