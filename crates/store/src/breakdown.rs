//! Reports of what came of sending by recipients' domain and by what servers answered. They sum up what
//! [`summaries`](crate::summaries) keeps of each run.

use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use vestnik_model::id::MailingId;
use vestnik_model::problem::StoredProblem;
use vestnik_model::reason::Reason;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Param, Result};
use crate::reports::Span;
use crate::summaries::{COUNTED, OTHER_CODES};

/// Runs that are summed up at most, the newest: some hundred rows each, and reading more takes longer than a page may.
pub const RUNS: i64 = 1_000;

/// Which runs a breakdown is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunsOf {
    /// Those that began in a span, of all mailings.
    Span(Span),
    /// Those of one mailing.
    Mailing(MailingId),
}

/// How far a breakdown goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct Coverage {
    /// Runs that began, at most [`RUNS`] and one.
    pub runs: i64,
    /// Those of them that have no summary yet.
    pub waiting: i64,
    /// When the oldest summary was made of a run that goes on: what came later is not in it.
    pub as_of: Option<UnixMillis>,
    /// Deliveries of theirs that failed or expired, by the figures of the runs, which are never behind.
    #[serde(default)]
    pub unsent: i64,
}

/// What came of deliveries to a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct DomainFigures {
    /// In lower case; empty: all others together.
    pub domain: String,
    /// Deliveries that are over.
    pub total: i64,
    /// Of these, taken by a mail server.
    pub sent: i64,
    /// Refused for good.
    pub failed: i64,
    /// Their window was too short.
    pub expired: i64,
    /// Of unknown fate.
    pub unknown: i64,
}

/// What one kind of answer did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
pub struct ReplyFigures {
    /// What it comes to.
    pub reason: Reason,
    /// SMTP reply code; 0: there was no reply; [`OTHER_CODES`]: several.
    pub code: i64,
    /// Enhanced status code; empty: none.
    pub enhanced: String,
    /// The server's words, once.
    pub reply: String,
    /// What happened, where the server's words alone do not say it, with the arguments of one of them.
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub error: StoredProblem,
    /// Attempts that ended so.
    pub attempts: i64,
    /// Deliveries that failed for good, this being their last answer.
    pub failed: i64,
    /// Deliveries whose window ended.
    pub expired: i64,
    /// Deliveries of unknown fate.
    pub unknown: i64,
}

impl RunsOf {
    /// A query for the ids of the runs, newest first, and its arguments.
    fn chosen(&self, limit: i64) -> (String, [i64; 2]) {
        let (condition, args) = match self {
            Self::Span(span) => ("u.started_at >= $2 AND u.started_at < $3", [span.from.0, span.until.0]),
            Self::Mailing(mailing) => {
                ("u.mailing_id = $2 AND u.started_at IS NOT NULL AND CAST($3 AS BIGINT) = 0", [mailing.0, 0])
            }
        };
        let order = if matches!(self, Self::Span(_)) { "u.started_at DESC, u.id DESC" } else { "u.id DESC" };
        (format!("SELECT u.id FROM runs u WHERE u.owner_id = $1 AND {condition} ORDER BY {order} LIMIT {limit}"), args)
    }
}

/// How far a breakdown of the actor's runs goes.
pub async fn coverage(db: &Db, actor: &Actor, of: RunsOf) -> Result<Coverage> {
    let db = &db.heavy(actor);
    let (chosen, [from, until]) = of.chosen(RUNS + 1);
    let sql = format!(
        "WITH chosen AS ({chosen})
         SELECT count(*) AS runs, CAST(COALESCE(sum(CASE
                WHEN u.finished_at IS NOT NULL AND COALESCE(u.summed_for, -1) <> u.finished_at THEN 1
                WHEN s.made_at IS NULL AND {COUNTED} > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS waiting,
            min(CASE WHEN u.finished_at IS NULL THEN s.made_at END) AS as_of,
            CAST(COALESCE(sum(u.failed + u.expired), 0) AS BIGINT) AS unsent
         FROM chosen JOIN runs u ON u.id = chosen.id LEFT JOIN run_summaries s ON s.run_id = u.id"
    );
    db.fetch_one(AssertSqlSafe(sql), &[&actor.user(), &from, &until]).await
}

/// The domains that the actor's runs sent to, those with the most deliveries first. Beyond `limit` they are one more row.
pub async fn by_domain(db: &Db, actor: &Actor, of: RunsOf, limit: i64) -> Result<Vec<DomainFigures>> {
    let db = &db.heavy(actor);
    let (chosen, [from, until]) = of.chosen(RUNS);
    let sums = |of: &str| {
        ["total", "sent", "failed", "expired", "unknown"]
            .map(|column| format!("CAST(sum({of}.{column}) AS BIGINT) AS {column}"))
            .join(", ")
    };
    let sql = format!(
        "WITH chosen AS ({chosen}),
         summed AS (SELECT d.domain, {} FROM (SELECT run_id, domain, sent, failed, expired, unknown,
                sent + failed + expired + skipped + unknown + cancelled AS total FROM run_domains) AS d
            JOIN chosen ON chosen.id = d.run_id GROUP BY d.domain),
         ranked AS (SELECT s.*, CASE s.domain WHEN '' THEN 1 ELSE 0 END AS others,
            row_number() OVER (ORDER BY CASE s.domain WHEN '' THEN 1 ELSE 0 END, s.total DESC, s.domain) AS place
            FROM summed s),
         named AS (SELECT CASE WHEN place > $4 THEN '' ELSE domain END AS domain, total, sent, failed, expired, unknown
            FROM ranked)
         SELECT n.domain, {} FROM named n GROUP BY n.domain
         ORDER BY CASE n.domain WHEN '' THEN 1 ELSE 0 END, 2 DESC, n.domain",
        sums("d"),
        sums("n"),
    );
    let args: &[&dyn Param] = &[&actor.user(), &from, &until, &limit];
    db.fetch_all(AssertSqlSafe(sql), args).await
}

/// What servers answered to the actor's runs but for "taken", what left the most deliveries unsent first. Beyond `limit`
/// there is one row for each reason.
pub async fn by_reply(db: &Db, actor: &Actor, of: RunsOf, limit: i64) -> Result<Vec<ReplyFigures>> {
    let db = &db.heavy(actor);
    let (chosen, [from, until]) = of.chosen(RUNS);
    let sums = |of: &str| {
        ["attempts", "failed", "expired", "unknown"]
            .map(|column| format!("CAST(sum({of}.{column}) AS BIGINT) AS {column}"))
            .join(", ")
    };
    let unsent = "failed + expired";
    let sql = format!(
        "WITH chosen AS ({chosen}),
         summed AS (SELECT r.reason, r.code, r.enhanced, r.error_kind, min(r.error_args) AS error_args,
            min(r.reply) AS reply, {} FROM run_replies r
            JOIN chosen ON chosen.id = r.run_id GROUP BY r.reason, r.code, r.enhanced, r.error_kind),
         ranked AS (SELECT s.*, row_number() OVER (ORDER BY {unsent} DESC, attempts DESC, reason, code, enhanced, error_kind)
                AS place
            FROM summed s),
         named AS (SELECT reason, CASE WHEN place > $4 THEN {OTHER_CODES} ELSE code END AS code,
            CASE WHEN place > $4 THEN '' ELSE enhanced END AS enhanced,
            CASE WHEN place > $4 THEN '' ELSE error_kind END AS error_kind, error_args, reply, attempts, failed, expired, unknown
            FROM ranked)
         SELECT n.reason, CAST(n.code AS BIGINT) AS code, n.enhanced, n.error_kind,
            min(n.error_args) AS error_args, min(n.reply) AS reply, {} FROM named n
         GROUP BY n.reason, n.code, n.enhanced, n.error_kind
         ORDER BY sum({unsent}) DESC, sum(attempts) DESC, n.reason, n.code, n.enhanced, n.error_kind",
        sums("r"),
        sums("n"),
    );
    let args: &[&dyn Param] = &[&actor.user(), &from, &until, &limit];
    db.fetch_all(AssertSqlSafe(sql), args).await
}
