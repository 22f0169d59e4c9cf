//! Rates that nodes share: a lane's time is handed out in pieces, on the database's clock.

use std::time::Duration;

use crate::db::{Db, Result};

/// No more pieces of a lane's time are handed out in advance.
const FARTHEST: i64 = 100;
/// In microseconds.
const MINUTE: i64 = 60_000_000;

/// Reserves room for `count` messages of a lane that takes one every `interval`. Answers how far from now the first may
/// go; each further one follows after an interval.
pub async fn reserve(db: &Db, lane: &str, count: u32, interval: Duration) -> Result<Duration> {
    let now = db.micros().await?;
    let room = i64::try_from(interval.as_micros().saturating_mul(u128::from(count))).unwrap_or(i64::MAX / 4);
    let mut tx = db.begin().await?;
    // What nobody has used is gone: a lane that was idle must not make up for it.
    let (next_at,): (i64,) = tx
        .fetch_one(
            "INSERT INTO paces (lane, next_at) VALUES ($1, $2 + $3)
             -- What lies too far ahead was handed out before the clock was set back.
             ON CONFLICT (lane) DO UPDATE SET
                next_at = CASE WHEN paces.next_at BETWEEN $2 AND $4 THEN paces.next_at ELSE $2 END + $3
             RETURNING next_at",
            &[&lane, &now, &room, &(now + room.saturating_mul(FARTHEST).max(MINUTE))],
        )
        .await?;
    tx.commit().await?;
    Ok(Duration::from_micros(u64::try_from(next_at - room - now).unwrap_or(0)))
}
