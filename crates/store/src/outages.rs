//! Outages: times in which a mail server takes no mail, with the error, and the runs that had something to send
//! meanwhile. They are kept after they are over, so that a run can say why it was late or sent nothing.
//!
//! Whatever several nodes find out about a server at the same time is one outage. A server that goes and comes is one as
//! well: an outage that has ended a moment ago goes on. Nobody looks at a server while nothing is to be sent, so an
//! outage is known as far as its last failed try, and not further.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use vestnik_model::id::{MailingId, OutageId, RunId};
use vestnik_model::outage::OutageKind;
use vestnik_model::problem::StoredProblem;
use vestnik_model::{Actor, Problem, UnixMillis};

use crate::db::{Db, Result, Rows, Tx};

/// An outage that ended less than this ago goes on if the server is found in the same state again.
const REOPENED: Duration = Duration::from_secs(60);
/// What lies further back than the last failed try tells nothing: nobody has looked since.
const UNSEEN: Duration = Duration::from_secs(10 * 60);
/// A failed try of a moment ago holds for all runs, also for those that nobody has noted yet.
const FRESH: Duration = Duration::from_secs(2 * 60);

/// What was found at a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is the matter.
    pub kind: OutageKind,
    /// What happened, where the server's words alone do not say it.
    pub error: Option<Problem>,
    /// SMTP reply code.
    pub code: Option<i64>,
    /// Enhanced status code.
    pub enhanced: Option<String>,
    /// The server's words.
    pub reply: String,
    /// Where in the conversation.
    pub phase: &'static str,
}

/// An outage.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Outage {
    /// Identifier.
    pub id: OutageId,
    /// `host:port`.
    pub server: String,
    /// What is the matter.
    pub kind: OutageKind,
    /// When it was first found so.
    pub since: UnixMillis,
    /// When it was last found so.
    pub seen_at: UnixMillis,
    /// When the server took mail again; `None`: it goes on.
    pub ended_at: Option<UnixMillis>,
    /// What was found last.
    #[sqlx(flatten)]
    pub error: StoredProblem,
    /// SMTP reply code.
    pub code: Option<i64>,
    /// Enhanced status code.
    pub enhanced: Option<String>,
    /// The server's words.
    pub reply: String,
}

const COLUMNS: &str = "o.id, o.server, o.kind, o.since, o.seen_at, o.ended_at, o.error_kind, o.error_args, o.code,
    o.enhanced, o.reply";

/// Notes that a server takes no mail. Answers the outage, which is a new one if none goes on.
pub async fn begin(db: &Db, server: &str, finding: &Finding, now: UnixMillis) -> Result<OutageId> {
    let error = StoredProblem::of(finding.error.as_ref());
    let reply = finding.reply.replace('\0', "\u{fffd}");
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE outages SET ended_at = seen_at WHERE server = $1 AND ended_at IS NULL AND seen_at < $2",
        &[&server, &now.minus(UNSEEN)],
    )
    .await?;
    // The newest, if it ended a moment ago. Of two nodes that do so at once the second one finds it open, below.
    tx.execute(
        "UPDATE outages SET ended_at = NULL WHERE server = $1 AND ended_at > $2 AND kind = $3
            AND id = (SELECT max(o.id) FROM outages o WHERE o.server = $1)",
        &[&server, &now.minus(REOPENED), &finding.kind],
    )
    .await?;
    let (id,): (OutageId,) = tx
        .fetch_one(
            "INSERT INTO outages (server, kind, since, seen_at, error_kind, error_args, code, enhanced, reply, phase)
             VALUES ($1, $2, $3, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (server) WHERE ended_at IS NULL DO UPDATE SET kind = excluded.kind, seen_at = excluded.seen_at,
                error_kind = excluded.error_kind, error_args = excluded.error_args, code = excluded.code,
                enhanced = excluded.enhanced, reply = excluded.reply, phase = excluded.phase
             RETURNING id",
            &[
                &server,
                &finding.kind,
                &now,
                &error.error_kind,
                &error.error_args,
                &finding.code,
                &finding.enhanced,
                &reply,
                &finding.phase,
            ],
        )
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// The end of one that was last seen at `seen_at`: now, or then, if nobody has looked for long.
const END: &str = "ended_at = CASE WHEN seen_at < $2 THEN seen_at ELSE $3 END";

/// Notes that a server takes mail again, or that nobody asks it any more.
pub async fn end(db: &Db, server: &str, now: UnixMillis) -> Result<()> {
    let sql = format!("UPDATE outages SET {END} WHERE server = $1 AND ended_at IS NULL");
    db.execute(AssertSqlSafe(sql), &[&server, &now.minus(UNSEEN), &now]).await?;
    Ok(())
}

/// Ends those of all other servers: nobody asks them any more.
pub async fn end_of_others(db: &Db, server: &str, now: UnixMillis) -> Result<()> {
    let sql = format!("UPDATE outages SET {END} WHERE server <> $1 AND ended_at IS NULL");
    db.execute(AssertSqlSafe(sql), &[&server, &now.minus(UNSEEN), &now]).await?;
    Ok(())
}

/// Ends all, as they were last seen: in a copy of the database nobody knows how they went on.
pub(crate) async fn end_all_in(tx: &mut Tx) -> Result<()> {
    tx.execute("UPDATE outages SET ended_at = seen_at WHERE ended_at IS NULL", &[]).await?;
    Ok(())
}

/// The outage of a server that goes on, if one does.
pub async fn open(db: &Db, server: &str) -> Result<Option<OutageId>> {
    let sql = "SELECT id FROM outages WHERE server = $1 AND ended_at IS NULL";
    let found: Option<(OutageId,)> = db.fetch_optional(sql, &[&server]).await?;
    Ok(found.map(|(id,)| id))
}

/// Notes that these runs have something to send, and that it waits.
pub async fn affects(db: &Db, outage: OutageId, runs: impl Iterator<Item = RunId>) -> Result<()> {
    let mut tx = db.begin().await?;
    affects_in(&mut tx, runs.map(|run| (run, outage))).await?;
    tx.commit().await
}

pub(crate) async fn affects_in(tx: &mut Tx, pairs: impl Iterator<Item = (RunId, OutageId)>) -> Result<()> {
    let pairs: Vec<(RunId, OutageId)> = pairs.collect();
    if pairs.is_empty() {
        return Ok(());
    }
    let rows = Rows::new().ints(pairs.iter().map(|(run, _)| run.0)).ints(pairs.iter().map(|(_, outage)| outage.0));
    // Either may be gone meanwhile.
    let sql = "WITH v (run_id, outage_id) AS ({rows})
        INSERT INTO run_outages (run_id, outage_id)
        SELECT v.run_id, v.outage_id FROM v JOIN runs u ON u.id = v.run_id JOIN outages o ON o.id = v.outage_id
        WHERE true ON CONFLICT (run_id, outage_id) DO NOTHING";
    tx.execute_rows(sql, &rows).await?;
    Ok(())
}

/// The outage that goes on and that a run waits for, if one does.
pub(crate) async fn of_waiting_run(db: &Db, run: RunId, now: UnixMillis) -> Result<Option<OutageId>> {
    let found: Option<(OutageId,)> = db
        .fetch_optional(
            "SELECT o.id FROM outages o WHERE o.ended_at IS NULL AND (o.seen_at >= $2
                OR EXISTS (SELECT 1 FROM run_outages r WHERE r.run_id = $1 AND r.outage_id = o.id))
             ORDER BY o.id DESC LIMIT 1",
            &[&run, &now.minus(FRESH)],
        )
        .await?;
    Ok(found.map(|(id,)| id))
}

/// Those that go on, the longest first.
pub async fn current(db: &Db) -> Result<Vec<Outage>> {
    let sql = format!("SELECT {COLUMNS} FROM outages o WHERE o.ended_at IS NULL ORDER BY o.since, o.id");
    db.fetch_all(AssertSqlSafe(sql), &[]).await
}

/// Whether an outage goes on, or lasted so many milliseconds: a connection that was lost once is over in a moment, and
/// need not be told of.
const LASTED: &str = "(o.ended_at IS NULL OR o.ended_at - o.since >= $3)";

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// The outages that held one of the actor's runs up, newest first; of those that are over only what lasted this long.
pub async fn of_run(db: &Db, actor: &Actor, run: RunId, lasted: Duration, limit: i64) -> Result<Vec<Outage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM run_outages r JOIN outages o ON o.id = r.outage_id
         WHERE r.run_id = $1 AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.owner_id = $2) AND {LASTED}
         ORDER BY o.id DESC LIMIT $4"
    );
    db.fetch_all(AssertSqlSafe(sql), &[&run, &actor.user(), &millis(lasted), &limit]).await
}

/// The same of all runs of one of the actor's mailings.
pub async fn of_mailing(
    db: &Db,
    actor: &Actor,
    mailing: MailingId,
    lasted: Duration,
    limit: i64,
) -> Result<Vec<Outage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outages o WHERE o.id IN (SELECT r.outage_id FROM runs u
            JOIN run_outages r ON r.run_id = u.id WHERE u.mailing_id = $1 AND u.owner_id = $2) AND {LASTED}
         ORDER BY o.id DESC LIMIT $4"
    );
    db.fetch_all(AssertSqlSafe(sql), &[&mailing, &actor.user(), &millis(lasted), &limit]).await
}

/// The same of all the actor's runs, as far as the outages have ended since then.
pub async fn ended_since(
    db: &Db,
    actor: &Actor,
    since: UnixMillis,
    lasted: Duration,
    limit: i64,
) -> Result<Vec<Outage>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outages o WHERE o.ended_at >= $2 AND EXISTS (SELECT 1 FROM run_outages r
            JOIN runs u ON u.id = r.run_id WHERE r.outage_id = o.id AND u.owner_id = $1) AND {LASTED}
         ORDER BY o.id DESC LIMIT $4"
    );
    db.fetch_all(AssertSqlSafe(sql), &[&actor.user(), &since, &millis(lasted), &limit]).await
}

/// Removes those that ended before and that no run was held up by, or only runs that are gone.
pub async fn remove_old(db: &Db, before: UnixMillis) -> Result<()> {
    db.execute(
        "DELETE FROM outages WHERE ended_at < $1
            AND NOT EXISTS (SELECT 1 FROM run_outages r WHERE r.outage_id = outages.id)",
        &[&before],
    )
    .await?;
    Ok(())
}
