//! After a failover to a standby that lagged behind, or a restore of the server, the database is at an earlier moment than
//! this process has seen: claims and outcomes that were committed are not in it. What was handed over must not be sent
//! again: its outcome is recorded again, from the journal.

use std::collections::{BTreeMap, HashMap};

use vestnik_model::UnixMillis;
use vestnik_model::id::DeliveryId;

use crate::db::{Db, Error, Result, Rows, Tx};
use crate::settle::{Claim, Outcome, Source, settle};

/// Where the server stands in its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Counted up by each promotion of a standby and each recovery to a point in time.
    pub timeline: i64,
    /// How much has been written, as the server numbers it.
    pub written: i64,
}

impl Position {
    /// Whether something that was committed before `earlier` was seen may be missing now.
    pub fn went_back(self, earlier: Self) -> bool {
        self.timeline != earlier.timeline || self.written < earlier.written
    }
}

/// Where the server stands; `None`: the database is embedded, or does not say.
///
/// # Errors
/// The database cannot be reached, or is a standby.
pub async fn position(db: &Db) -> Result<Option<Position>> {
    if db.is_embedded() {
        return Ok(None);
    }
    // Not pg_control_checkpoint(), which tells of a promotion only after the next checkpoint.
    let sql = "SELECT CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT),
        CAST(pg_current_wal_insert_lsn() - '0/0' AS BIGINT)";
    match db.fetch_one::<(i64, i64)>(sql, &[]).await {
        Ok((timeline, written)) => Ok(Some(Position { timeline, written })),
        Err(Error::Database(sqlx::Error::Database(error))) if error.code().is_some_and(|code| is_withheld(&code)) => {
            tracing::debug!(%error, "the database does not say where it stands in its history");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether a function is not there or not for us, as with some who run databases for others.
fn is_withheld(code: &str) -> bool {
    ["42", "0A"].iter().any(|class| code.starts_with(class))
}

/// The recipient of a message that was handed over, as a journal notes it: with the sequence of the table gone back as
/// well, another recipient's delivery may have the number. FNV-1a; never 0, which stands for one that was not noted.
pub fn recipient_hash(email: &str) -> u64 {
    let hash = email
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    hash.max(1)
}

/// Records outcomes again which are not in the database, and no others: each with the hash of its recipient. Answers how
/// many.
///
/// A claim counts the epoch of its delivery up and nothing ever counts it down. So a delivery with a lower epoch than a
/// claim of it shows that the database has gone back.
pub async fn record_again(db: &Db, owner: &str, given: &[(Outcome, u64)], now: UnixMillis) -> Result<usize> {
    // Several attempts of one delivery may be missing; they are recorded in their order.
    let mut by_epoch: BTreeMap<i64, Vec<&(Outcome, u64)>> = BTreeMap::new();
    for entry in given {
        by_epoch.entry(entry.0.epoch).or_default().push(entry);
    }
    let mut again = 0;
    for given in by_epoch.values() {
        let mut tx = db.begin().await?;
        let missing = missing(&mut tx, given).await?;
        let outcomes: Vec<Outcome> = given
            .iter()
            .filter(|(outcome, _)| missing.contains_key(&outcome.claim()))
            .map(|(it, _)| forget(it))
            .collect();
        let lost: Vec<&Outcome> = outcomes.iter().filter(|outcome| missing[&outcome.claim()]).collect();
        if !lost.is_empty() {
            let rows = Rows::new()
                .ints(lost.iter().map(|outcome| outcome.delivery.0))
                .ints(lost.iter().map(|outcome| outcome.epoch))
                .optional_ints(lost.iter().map(|outcome| outcome.attempt.as_ref().map(|attempt| attempt.number)))
                .texts(lost.iter().map(|_| owner));
            let sql = "WITH v (id, epoch, number, owner) AS ({rows})
                UPDATE deliveries SET state = 'leased', owner = v.owner, epoch = v.epoch,
                    attempts = COALESCE(v.number, deliveries.attempts + 1)
                FROM v WHERE deliveries.id = v.id AND deliveries.epoch < v.epoch
                    AND deliveries.state IN ('pending', 'leased')";
            tx.execute_rows(sql, &rows).await?;
        }
        tx.commit().await?;
        if !outcomes.is_empty() {
            settle(db, &outcomes, Source::Journal, now).await?;
        }
        again += outcomes.len();
    }
    Ok(again)
}

/// The claims whose outcome is not in the database, and whether the claim itself is not. They are locked.
async fn missing(tx: &mut Tx, given: &[&(Outcome, u64)]) -> Result<HashMap<Claim, bool>> {
    let rows = Rows::new()
        .ints(given.iter().map(|(outcome, _)| outcome.delivery.0))
        .ints(given.iter().map(|(outcome, _)| outcome.run.0))
        .ints(given.iter().map(|(outcome, _)| outcome.mailing.0))
        .ints(given.iter().map(|(outcome, _)| outcome.epoch));
    let sql = "WITH v (id, run_id, mailing_id, epoch) AS ({rows})
        SELECT d.id, v.epoch, d.email, d.epoch < v.epoch
        FROM v JOIN deliveries d ON d.id = v.id AND d.run_id = v.run_id
        JOIN runs u ON u.id = d.run_id AND u.mailing_id = v.mailing_id
        WHERE (d.epoch < v.epoch AND d.state IN ('pending', 'leased'))
            OR (d.epoch = v.epoch AND d.owner IS NOT NULL AND d.state IN ('leased', 'unknown', 'pending'))";
    let found: Vec<(DeliveryId, i64, String, bool)> = tx.fetch_rows(sql, &rows).await?;
    let recipients: HashMap<Claim, u64> = given.iter().map(|(outcome, hash)| (outcome.claim(), *hash)).collect();
    let is_its = |claim: &Claim, email: &str, lost: bool| match recipients.get(claim) {
        // A version that noted no recipient: only a claim that is there is surely the one.
        Some(0) | None => !lost,
        Some(hash) => *hash == recipient_hash(email),
    };
    let found = found.into_iter().filter(|(delivery, epoch, email, lost)| is_its(&(*delivery, *epoch), email, *lost));
    Ok(found.map(|(delivery, epoch, _, lost)| ((delivery, epoch), lost)).collect())
}

/// The outage that it was met in may be missing as well.
fn forget(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    if let Some(attempt) = &mut outcome.attempt {
        attempt.outage = None;
    }
    outcome
}
