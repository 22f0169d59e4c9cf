//! What became of each recipient of a run: the whole ledger of it, those included for whom nothing was tried.

use sqlx::AssertSqlSafe;
use vestnik_model::delivery::{DeliveryState, Fate};
use vestnik_model::id::{MailingId, RecipientId, RunId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Param, Result};
use crate::page::{Cursor, Page};
use crate::search::{SearchIn, Words};

/// As it stands in their index: SQLite knows it again by its words alone.
const NOT_SENT: &str = "d.state IN ('failed', 'expired', 'skipped', 'unknown', 'cancelled')";

/// What happened, of an attempt `a` that there may not be.
const ERROR: &str = "COALESCE(a.error_kind, '') AS error_kind, COALESCE(a.error_args, '') AS error_args, a.phase";

/// Whose fates are wanted.
#[derive(Clone, Debug)]
pub struct FateFilter {
    /// Of which run.
    pub run: RunId,
    /// Only those with this one.
    pub fate: Option<Fate>,
    /// Words in the address; empty: all.
    pub text: String,
}

/// What the server answered to the last attempt at a letter; nothing if there was none.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LastAnswer {
    /// When the attempt ended.
    pub at: Option<UnixMillis>,
    /// The reply code.
    pub code: Option<i64>,
    /// The enhanced status code.
    pub enhanced: Option<String>,
    /// The server's words.
    pub reply: Option<String>,
    /// What happened, where the server's words alone do not say it.
    #[sqlx(flatten)]
    pub error: StoredProblem,
    /// Where in the conversation it was decided.
    pub phase: Option<String>,
}

/// A recipient of a run.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Addressee {
    /// Who it was for.
    pub recipient_id: RecipientId,
    /// To which address.
    pub email: String,
    /// What they are called; `None`: they are no longer in the list.
    pub full_name: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
    /// What was said last.
    #[sqlx(flatten)]
    pub last: LastAnswer,
}

/// A letter to someone in the list.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Addressed {
    /// Of which run.
    pub run_id: RunId,
    /// Of which mailing.
    pub mailing_id: MailingId,
    /// What the mailing is called.
    pub name: String,
    /// When the run was due.
    pub occurrence_at: UnixMillis,
    /// To which address, which may not be theirs any more.
    pub email: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts so far.
    pub attempts: i64,
    /// What was said last.
    #[sqlx(flatten)]
    pub last: LastAnswer,
}

/// Runs in which letters to a recipient are looked for: each is a look into an index.
const RUNS: i64 = 1_000;

/// The newest letters to one of the actor's recipients, in the newest thousand of the actor's runs.
pub async fn of_recipient(db: &Db, actor: &Actor, recipient: RecipientId, limit: i64) -> Result<Vec<Addressed>> {
    let sql = format!(
        "SELECT u.id AS run_id, u.mailing_id, m.name, u.occurrence_at, d.email, d.state, d.attempts, a.at, a.code,
            a.enhanced, a.reply, {ERROR}
         FROM (SELECT id, mailing_id, occurrence_at FROM runs WHERE owner_id = $1 ORDER BY id DESC LIMIT $3) u
         JOIN deliveries d ON d.run_id = u.id AND d.recipient_id = $2
         JOIN mailings m ON m.id = u.mailing_id
         LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts AND NOT a.stale
         ORDER BY u.id DESC LIMIT $4"
    );
    db.fetch_first(AssertSqlSafe(sql), &[&actor.user(), &recipient, &RUNS, &limit]).await
}

/// A page of the recipients of one of the actor's runs, as they came into the list.
pub async fn list(
    db: &Db,
    actor: &Actor,
    filter: &FateFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Addressee>> {
    let back = cursor.is_some_and(|cursor| cursor.back);
    let (compare, direction) = if back { ("<", "DESC") } else { (">", "ASC") };
    let from = cursor.map_or(0, |cursor| cursor.id);
    let rows = select(db, actor, filter, from, compare, direction, size as i64 + 1).await?;
    Ok(Page::of(rows, cursor, size, |one: &Addressee| (one.recipient_id.0, String::new())))
}

/// Those after a recipient, for exports that never hold all of them.
pub async fn after(
    db: &Db,
    actor: &Actor,
    filter: &FateFilter,
    after: RecipientId,
    limit: i64,
) -> Result<Vec<Addressee>> {
    select(db, actor, filter, after.0, ">", "ASC", limit).await
}

async fn select(
    db: &Db,
    actor: &Actor,
    filter: &FateFilter,
    from: i64,
    compare: &'static str,
    direction: &'static str,
    limit: i64,
) -> Result<Vec<Addressee>> {
    let owner = actor.user();
    let words = Words::of(&filter.text);
    let mut args: Vec<&dyn Param> = vec![&filter.run, &owner, &from, &limit];
    let mut conditions = match filter.fate {
        None => String::new(),
        Some(Fate::Waiting) => " AND d.state IN ('pending', 'leased')".to_owned(),
        Some(Fate::Sent) => " AND d.state = 'sent'".to_owned(),
        Some(fate) => format!(" AND d.state = '{fate}' AND {NOT_SENT}"),
    };
    conditions.push_str(&format!(" AND {}", words.condition(&[SearchIn::Lower("lower(d.email)")], &mut args)));
    // Only fixed conditions are put together here.
    let sql = format!(
        "SELECT d.recipient_id, d.email, r.full_name, d.state, d.attempts, a.at, a.code, a.enhanced,
            a.reply, {ERROR}
         FROM deliveries d
         LEFT JOIN recipients r ON r.id = d.recipient_id AND r.owner_id = $2
         LEFT JOIN attempts a ON a.delivery_id = d.id AND a.number = d.attempts AND NOT a.stale
         WHERE d.run_id = $1 AND EXISTS (SELECT 1 FROM runs u WHERE u.id = $1 AND u.owner_id = $2)
           AND d.recipient_id {compare} $3{conditions}
         ORDER BY d.recipient_id {direction} LIMIT $4"
    );
    db.heavy(actor).fetch_first(AssertSqlSafe(sql), &args).await
}
