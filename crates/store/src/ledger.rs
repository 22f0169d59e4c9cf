//! Reading the ledger: every attempt with the mail server's answer.

use sqlx::AssertSqlSafe;
use vestnik_model::Actor;
use vestnik_model::delivery::{Attempt, DeliveryState};
use vestnik_model::id::{AttemptId, MailingId, RecipientId, RunId};
use vestnik_model::problem::StoredProblem;

use crate::db::{Db, Param, Result};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};

const COLUMNS: &str = "a.id, a.delivery_id, a.run_id, a.mailing_id, d.email, a.number, a.at, a.successful, a.unknown,
    a.code, a.enhanced, a.reply, a.error_kind, a.error_args, a.phase, a.server, a.tls, a.duration_ms,
    u.key || '.' || a.delivery_id || '@' || u.mail_domain AS message_id";

/// Which attempts are wanted.
#[derive(Clone, Debug)]
pub struct AttemptFilter {
    /// Of which mailing.
    pub mailing: MailingId,
    /// Of one run only.
    pub run: Option<RunId>,
    /// Only successful ones, or only the others.
    pub successful: Option<bool>,
    /// Only those with this reply code.
    pub code: Option<i64>,
    /// Words in the address or the answer; empty: all.
    pub text: String,
}

impl AttemptFilter {
    /// All attempts of a mailing.
    pub fn of(mailing: MailingId) -> Self {
        Self { mailing, run: None, successful: None, code: None, text: String::new() }
    }
}

/// A page of attempts of one of the actor's mailings, newest first.
pub async fn attempts(
    db: &Db,
    actor: &Actor,
    filter: &AttemptFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Attempt>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let rows = select(db, actor, filter, from, compare, direction, size as i64 + 1).await?;
    Ok(Page::of(rows, cursor, size, |attempt: &Attempt| (attempt.id.0, String::new())))
}

/// Attempts after an id, oldest first, for exports that never hold all of them.
pub async fn batch_after(
    db: &Db,
    actor: &Actor,
    filter: &AttemptFilter,
    after: AttemptId,
    limit: i64,
) -> Result<Vec<Attempt>> {
    select(db, actor, filter, after.0, ">", "ASC", limit).await
}

async fn select(
    db: &Db,
    actor: &Actor,
    filter: &AttemptFilter,
    from: i64,
    compare: &'static str,
    direction: &'static str,
    limit: i64,
) -> Result<Vec<Attempt>> {
    let owner = actor.user();
    let words = Words::of(&filter.text);
    let mut args: Vec<&dyn Param> = vec![&filter.mailing, &owner, &from, &limit];
    let mut conditions = String::new();
    let mut also = |condition: &str, arg| {
        args.push(arg);
        conditions.push_str(&condition.replace('?', &format!("${}", args.len())));
    };
    if let Some(run) = &filter.run {
        also(" AND a.run_id = ?", run);
    }
    if let Some(successful) = &filter.successful {
        also(" AND a.successful = ?", successful);
    }
    if let Some(code) = &filter.code {
        also(" AND a.code = ?", code);
    }
    let searched = [SearchIn::Lower("lower(d.email)"), SearchIn::Lower("lower(a.reply)")];
    conditions.push_str(&format!(" AND {}", words.condition(&searched, &mut args)));
    // Only fixed conditions and numbers of placeholders are put together here.
    let sql = format!(
        "SELECT {COLUMNS} FROM attempts a
         JOIN deliveries d ON d.id = a.delivery_id
         JOIN runs u ON u.id = a.run_id
         WHERE a.mailing_id = $1 AND EXISTS (SELECT 1 FROM mailings m WHERE m.id = $1 AND m.owner_id = $2)
           AND a.id {compare} $3 AND NOT a.stale{conditions}
         ORDER BY a.id {direction} LIMIT $4"
    );
    db.heavy(actor).fetch_first(AssertSqlSafe(sql), &args).await
}

/// What has become of one recipient in one run.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Delivered {
    /// Who it was for; the recipient may be gone.
    pub recipient_id: RecipientId,
    /// To which address.
    pub email: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
}

/// Deliveries of one of the actor's runs after a recipient, for exports that never hold all of them.
pub async fn deliveries_after(
    db: &Db,
    actor: &Actor,
    run: RunId,
    after: RecipientId,
    limit: i64,
) -> Result<Vec<Delivered>> {
    db.fetch_first(
        "SELECT d.recipient_id, d.email, d.state, d.attempts FROM deliveries d
         WHERE d.run_id = $1 AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.owner_id = $2)
           AND d.recipient_id > $3 ORDER BY d.recipient_id LIMIT $4",
        &[&run, &actor.user(), &after, &limit],
    )
    .await
}

/// Which reply codes came in one of the actor's mailings, for the filter's choices. They are found one after another in
/// an index: counting a million attempts for each look at the page would take longer than the page.
pub async fn codes(db: &Db, actor: &Actor, mailing: MailingId) -> Result<Vec<i64>> {
    let codes: Vec<(i64,)> = db
        .fetch_all(
            "WITH RECURSIVE found (code) AS (
                SELECT (SELECT min(a.code) FROM attempts a WHERE a.mailing_id = $1)
                WHERE EXISTS (SELECT 1 FROM mailings m WHERE m.id = $1 AND m.owner_id = $2)
                UNION ALL
                SELECT (SELECT min(a.code) FROM attempts a WHERE a.mailing_id = $1 AND a.code > found.code)
                FROM found WHERE found.code IS NOT NULL)
             SELECT code FROM found WHERE code IS NOT NULL ORDER BY code",
            &[&mailing, &actor.user()],
        )
        .await?;
    Ok(codes.into_iter().map(|(code,)| code).collect())
}

/// Why deliveries failed for good, grouped by the last answer, the commonest first.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct FailureGroup {
    /// SMTP reply code.
    pub code: Option<i64>,
    /// Enhanced status code.
    pub enhanced: Option<String>,
    /// In which phase, where there was no reply.
    pub phase: String,
    /// One of the answers.
    pub reply: String,
    /// What happened, where the server's words alone do not say it.
    #[sqlx(flatten)]
    pub error: StoredProblem,
    /// Deliveries that ended so.
    pub count: i64,
}

/// Failed deliveries of a run of the actor's, grouped by code. What was refused for now and sent later is none of them.
pub async fn failures(db: &Db, actor: &Actor, run: RunId, limit: i64) -> Result<Vec<FailureGroup>> {
    let db = db.heavy(actor);
    db.fetch_all(
        "SELECT a.code, a.enhanced, CASE WHEN a.code IS NULL THEN a.phase ELSE '' END AS phase, a.error_kind, min(a.reply) AS reply,
            min(a.error_args) AS error_args, count(*) AS count
         FROM deliveries d
         JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts
         WHERE d.run_id = $1 AND d.state = 'failed' AND NOT a.successful AND NOT a.stale
           AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.owner_id = $2)
         GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, min(a.id) LIMIT $3",
        &[&run, &actor.user(), &limit],
    )
    .await
}
