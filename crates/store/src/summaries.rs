//! What came of each run by recipients' domain and by what servers answered, so that a report need not read a million
//! deliveries again.
//!
//! Nothing of it is counted while mail goes out. A run's summary is made from the ledger when the run is over, and made
//! anew when it went on and is over again; while it goes on, now and then, the seldomer the larger it is. Reading goes in
//! steps beside everything else; writing some hundreds of rows takes one short transaction.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use sqlx::AssertSqlSafe;
use vestnik_model::UnixMillis;
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, RecipientId, RunId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::reason::Reason;

use crate::db::{Db, Result, Rows, Tx};
use crate::figures::Figures;

/// Domains that are kept of a run, those with the most deliveries; the others are one more row.
pub const DOMAINS: usize = 200;
/// Kinds of answers that are kept of a run, likewise, with one more row a reason.
pub const REPLIES: usize = 100;
/// Domains, and kinds of answers, that are held while they are counted: as many different ones as deliveries must not
/// fill the memory. When there are more, the rarest half is counted among the others.
const HELD: usize = 20_000;
/// Deliveries that are read at once.
const STEP: i64 = 20_000;
/// Characters of a server's words that are kept.
const WORDS: usize = 300;
/// A process that has taken a summary upon itself and is not done by then is gone.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// All deliveries that are not among those that are named.
const OTHERS: &str = "";
/// The code of all answers that are not among those that are named.
pub const OTHER_CODES: i64 = -1;

/// A run whose summary is to be made.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Due {
    /// Which.
    pub id: RunId,
    /// `None`: it goes on.
    finished_at: Option<UnixMillis>,
    attempts_failed: i64,
    counted: i64,
}

pub(crate) const COUNTED: &str =
    "u.sent + u.failed + u.expired + u.skipped + u.unknown + u.cancelled + u.attempts_ok + u.attempts_failed";

/// The runs whose summary is to be made: those that are over, newest first, before those that go on.
pub async fn due(db: &Db, now: UnixMillis, limit: i64) -> Result<Vec<Due>> {
    let columns = format!("u.id, u.finished_at, u.attempts_failed, {COUNTED} AS counted");
    let over = format!(
        "SELECT {columns} FROM runs u LEFT JOIN run_summaries s ON s.run_id = u.id
         WHERE u.state IN ('completed', 'cancelled') AND (u.summed_for IS NULL OR u.summed_for <> u.finished_at)
            AND (s.taken_until IS NULL OR s.taken_until <= $1)
         ORDER BY u.id DESC LIMIT $2"
    );
    let mut found: Vec<Due> = db.fetch_all(AssertSqlSafe(over), &[&now, &limit]).await?;
    // A second of reading for a thousand of waiting, on any machine. The states are those of their index, word by word,
    // or SQLite would read every run; of what is planned nothing is counted.
    let going = format!(
        "SELECT {columns} FROM runs u LEFT JOIN run_summaries s ON s.run_id = u.id
         WHERE u.state IN ('planned', 'expanding', 'sending', 'paused', 'stopping') AND u.finished_at IS NULL
            AND {COUNTED} <> COALESCE(s.counted, 0) AND (s.taken_until IS NULL OR s.taken_until <= $1)
            AND (s.made_at IS NULL OR s.made_at > $1
                OR s.made_at + CASE WHEN u.recipients > 30000 THEN u.recipients ELSE 30000 END <= $1)
         ORDER BY u.id LIMIT $2"
    );
    let left = limit - found.len() as i64;
    if left > 0 {
        found.extend(db.fetch_all::<Due>(AssertSqlSafe(going), &[&now, &left]).await?);
    }
    Ok(found)
}

/// Makes a run's summary. `false`: another process is at it, or the run has gone on, or is gone, meanwhile.
pub async fn make(db: &Db, due: &Due, now: UnixMillis) -> Result<bool> {
    let taken = db
        .execute(
            "INSERT INTO run_summaries (run_id, counted, taken_until) SELECT id, 0, $2 FROM runs WHERE id = $1
             ON CONFLICT (run_id) DO UPDATE SET taken_until = excluded.taken_until
                WHERE run_summaries.taken_until <= $3",
            &[&due.id, &now.plus(PATIENCE), &now],
        )
        .await?;
    if taken == 0 {
        return Ok(false);
    }
    let mut summary = read(db, due.id, Looked::AtTroubled).await?;
    if due.finished_at.is_some() && summary.attempts() != due.attempts_failed {
        // A delivery of unknown fate turned out to have been sent, and has an attempt that failed and one that did not.
        summary = read(db, due.id, Looked::AtAll).await?;
    }
    let mut tx = db.begin().await?;
    let written = write(&mut tx, due, summary, now).await?;
    tx.execute("UPDATE run_summaries SET taken_until = 0 WHERE run_id = $1", &[&due.id]).await?;
    tx.commit().await?;
    Ok(written)
}

/// Counts, with an end to how many different things are told apart.
#[derive(Debug)]
struct Counts<K, V>(HashMap<K, V>);

impl<K: Hash + Eq + Clone, V: Default> Counts<K, V> {
    fn at(&mut self, key: K) -> &mut V {
        self.0.entry(key).or_default()
    }

    /// Leaves the `kept` greatest and folds the others into what `fold` says.
    fn keep(&mut self, kept: usize, size: impl Fn(&V) -> i64, fold: impl Fn(&K) -> K, add: impl Fn(&mut V, V)) {
        if self.0.len() <= kept {
            return;
        }
        let mut all: Vec<(K, V)> = self.0.drain().collect();
        all.sort_by_key(|(key, value)| (fold(key) != *key, std::cmp::Reverse(size(value))));
        for (index, (key, value)) in all.into_iter().enumerate() {
            let key = if index < kept { key } else { fold(&key) };
            add(self.0.entry(key).or_default(), value);
        }
    }
}

impl<K, V> Default for Counts<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

/// Reason, reply code, enhanced code, and the id of what happened.
type Answer = (Reason, i64, String, String);

#[derive(Clone, Debug, Default)]
struct Replied {
    attempts: i64,
    failed: i64,
    expired: i64,
    unknown: i64,
    reply: String,
    error_args: String,
}

#[derive(Debug, Default)]
struct Summary {
    domains: Counts<String, Figures>,
    replies: Counts<Answer, Replied>,
}

impl Summary {
    fn attempts(&self) -> i64 {
        self.replies.0.values().map(|replied| replied.attempts).sum()
    }

    fn keep(&mut self, domains: usize, replies: usize) {
        let total = |figures: &Figures| {
            figures.sent + figures.failed + figures.expired + figures.skipped + figures.unknown + figures.cancelled
        };
        self.domains.keep(domains, total, |_| OTHERS.to_owned(), |sum, more| *sum = *sum + more);
        let size = |replied: &Replied| replied.failed + replied.expired + replied.unknown + replied.attempts;
        let fold = |(reason, ..): &Answer| (*reason, OTHER_CODES, String::new(), String::new());
        self.replies.keep(replies, size, fold, |sum, more| {
            sum.attempts += more.attempts;
            sum.failed += more.failed;
            sum.expired += more.expired;
            sum.unknown += more.unknown;
            if sum.reply.is_empty() {
                sum.reply = more.reply;
            }
        });
    }
}

/// Whose attempts are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// All but those of deliveries that were sent at the first attempt, which is nearly all of them.
    AtTroubled,
    /// Of every delivery.
    AtAll,
}

#[derive(sqlx::FromRow)]
struct OfDomain {
    domain: String,
    state: DeliveryState,
    count: i64,
}

#[derive(sqlx::FromRow)]
struct OfAttempt {
    delivery: DeliveryId,
    state: DeliveryState,
    code: Option<i64>,
    enhanced: Option<String>,
    phase: String,
    reply: String,
    #[sqlx(flatten)]
    error: StoredProblem,
}

async fn read(db: &Db, run: RunId, looked: Looked) -> Result<Summary> {
    let mut summary = Summary::default();
    let mut after = RecipientId(0);
    loop {
        let (count, last): (i64, Option<RecipientId>) = db
            .fetch_one(
                "SELECT count(*), max(recipient_id) FROM
                    (SELECT recipient_id FROM deliveries WHERE run_id = $1 AND recipient_id > $2
                     ORDER BY recipient_id LIMIT $3) AS step",
                &[&run, &after, &STEP],
            )
            .await?;
        let Some(last) = last else { return Ok(summary) };
        // What stands behind the last @, in words that both databases know.
        let domains: Vec<OfDomain> = db
            .fetch_all(
                "SELECT substr(email, length(rtrim(email, replace(email, '@', ''))) + 1) AS domain, state,
                    count(*) AS count
                 FROM deliveries WHERE run_id = $1 AND recipient_id > $2 AND recipient_id <= $3
                    AND state NOT IN ('pending', 'leased')
                 GROUP BY 1, state",
                &[&run, &after, &last],
            )
            .await?;
        for OfDomain { domain, state, count } in domains {
            summary.domains.at(domain).move_to(state, count);
        }
        let troubled = if looked == Looked::AtTroubled { "AND (d.state <> 'sent' OR d.attempts > 1)" } else { "" };
        let attempts: Vec<OfAttempt> = db
            .fetch_all(
                AssertSqlSafe(format!(
                    "SELECT d.id AS delivery, d.state, a.code, a.enhanced, a.phase, substr(a.reply, 1, {WORDS}) AS reply,
                        a.error_kind, a.error_args
                     FROM deliveries d JOIN attempts a ON a.delivery_id = d.id
                     WHERE d.run_id = $1 AND d.recipient_id > $2 AND d.recipient_id <= $3 AND d.attempts > 0 {troubled}
                        AND NOT a.successful AND NOT a.stale
                     ORDER BY d.id, a.id"
                )),
                &[&run, &after, &last],
            )
            .await?;
        let mut attempts = attempts.into_iter().peekable();
        while let Some(attempt) = attempts.next() {
            let is_last = attempts.peek().is_none_or(|next| next.delivery != attempt.delivery);
            let reason = Reason::of(
                attempt.code,
                attempt.enhanced.as_deref(),
                &attempt.error.error_kind,
                &attempt.reply,
                &attempt.phase,
            );
            let code = attempt.code.unwrap_or_default();
            let key = (reason, code, attempt.enhanced.unwrap_or_default(), attempt.error.error_kind);
            let replied = summary.replies.at(key);
            replied.attempts += 1;
            match attempt.state {
                DeliveryState::Failed if is_last => replied.failed += 1,
                DeliveryState::Expired if is_last => replied.expired += 1,
                DeliveryState::Unknown if is_last => replied.unknown += 1,
                _ => {}
            }
            if replied.reply.is_empty() {
                replied.reply = attempt.reply;
            }
            if replied.error_args.is_empty() {
                replied.error_args = attempt.error.error_args;
            }
        }
        if summary.domains.0.len() > HELD || summary.replies.0.len() > HELD {
            summary.keep(HELD / 2, HELD / 2);
        }
        if count < STEP {
            return Ok(summary);
        }
        after = last;
    }
}

async fn write(tx: &mut Tx, due: &Due, mut summary: Summary, now: UnixMillis) -> Result<bool> {
    // The run first, as whoever deletes it locks it first.
    let same = tx
        .execute(
            "UPDATE runs SET summed_for = finished_at WHERE id = $1 AND finished_at IS NOT DISTINCT FROM $2",
            &[&due.id, &due.finished_at],
        )
        .await?;
    if same == 0 {
        return Ok(false);
    }
    tx.execute("UPDATE run_summaries SET made_at = $2, counted = $3 WHERE run_id = $1", &[&due.id, &now, &due.counted])
        .await?;
    summary.keep(DOMAINS, REPLIES);
    tx.execute("DELETE FROM run_domains WHERE run_id = $1", &[&due.id]).await?;
    tx.execute("DELETE FROM run_replies WHERE run_id = $1", &[&due.id]).await?;
    let run = due.id.0;
    let domains: Vec<(String, Figures)> = summary.domains.0.into_iter().collect();
    if !domains.is_empty() {
        let column = |of: fn(&Figures) -> i64| domains.iter().map(move |(_, figures)| of(figures));
        let rows = Rows::new()
            .ints(domains.iter().map(|_| run))
            .texts(domains.iter().map(|(domain, _)| domain.as_str()))
            .ints(column(|figures| figures.sent))
            .ints(column(|figures| figures.failed))
            .ints(column(|figures| figures.expired))
            .ints(column(|figures| figures.skipped))
            .ints(column(|figures| figures.unknown))
            .ints(column(|figures| figures.cancelled));
        let sql = "INSERT INTO run_domains (run_id, domain, sent, failed, expired, skipped, unknown, cancelled) {rows}";
        tx.execute_rows(sql, &rows).await?;
    }
    let replies: Vec<(Answer, Replied)> = summary.replies.0.into_iter().collect();
    if !replies.is_empty() {
        let column = |of: fn(&Replied) -> i64| replies.iter().map(move |(_, replied)| of(replied));
        let rows = Rows::new()
            .ints(replies.iter().map(|_| run))
            .texts(replies.iter().map(|((reason, ..), _)| reason.as_str()))
            .ints(replies.iter().map(|((_, code, ..), _)| *code))
            .texts(replies.iter().map(|((.., enhanced, _), _)| enhanced.as_str()))
            .texts(replies.iter().map(|((.., error), _)| error.as_str()))
            .texts(replies.iter().map(|(_, replied)| replied.error_args.as_str()))
            .ints(column(|replied| replied.attempts))
            .ints(column(|replied| replied.failed))
            .ints(column(|replied| replied.expired))
            .ints(column(|replied| replied.unknown))
            .texts(replies.iter().map(|(_, replied)| replied.reply.as_str()));
        let sql = "INSERT INTO run_replies (run_id, reason, code, enhanced, error_kind, error_args, attempts, failed,
            expired, unknown, reply) {rows}";
        tx.execute_rows(sql, &rows).await?;
    }
    Ok(true)
}
