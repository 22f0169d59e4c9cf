//! The audit log: who did what, when, from where, on whom. It is written in the transaction of the act itself, so that
//! there is neither an act without its entry nor an entry without its act; nothing here changes or removes one.

use serde::Serialize;
use sqlx::AssertSqlSafe;
use vestnik_model::audit::Action;
use vestnik_model::id::{AuditId, UserId};
use vestnik_model::text::fold;
use vestnik_model::user::User;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::db::{Db, Param, Result, Tx};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};

/// Who does something, and from where.
#[derive(Clone, Debug)]
pub struct Author {
    /// The person; `None`: whoever runs the installation's commands.
    pub user: Option<UserId>,
    /// How the log names them: an address.
    pub name: String,
    /// The network address; empty: the command line.
    pub address: String,
    /// When.
    pub at: UnixMillis,
}

impl Author {
    /// Someone at a browser.
    pub fn at_browser(user: &User, address: impl ToString, at: UnixMillis) -> Self {
        Self { user: Some(user.id), name: user.email.clone(), address: address.to_string(), at }
    }

    /// Whoever runs the installation's commands.
    pub fn at_console(at: UnixMillis) -> Self {
        Self { user: None, name: String::new(), address: String::new(), at }
    }
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Entry {
    action: Action,
    subject_id: Option<i64>,
    subject: String,
    before: String,
    after: String,
}

impl Entry {
    /// An act, with what it was done to: its id and what it is called.
    pub fn new(action: Action, subject_id: Option<i64>, subject: &str) -> Self {
        Self { action, subject_id, subject: subject.to_owned(), before: String::new(), after: String::new() }
    }

    /// How it was before.
    #[must_use]
    pub fn before(mut self, value: &impl Serialize) -> Self {
        self.before = json(value);
        self
    }

    /// How it is now.
    #[must_use]
    pub fn after(mut self, value: &impl Serialize) -> Self {
        self.after = json(value);
        self
    }
}

fn json(value: &impl Serialize) -> String {
    // Strings, numbers and lists of them always have a JSON form.
    serde_json::to_string(value).unwrap_or_default()
}

/// What an entry is found by.
pub(crate) fn search_key(actor: &str, subject: &str) -> String {
    fold(&format!("{actor}\n{subject}"))
}

/// Writes an entry in the act's own transaction.
pub async fn note(tx: &mut Tx, author: &Author, entry: Entry) -> Result<()> {
    tx.execute(
        "INSERT INTO audit (at, actor_id, actor, address, action, subject_id, subject, before, after, search_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &[
            &author.at,
            &author.user,
            &author.name,
            &author.address,
            &entry.action,
            &entry.subject_id,
            &entry.subject,
            &entry.before,
            &entry.after,
            &search_key(&author.name, &entry.subject),
        ],
    )
    .await?;
    Ok(())
}

/// Writes an entry about what changes no row, such as a login.
pub async fn note_alone(db: &Db, author: &Author, entry: Entry) -> Result<()> {
    let mut tx = db.begin().await?;
    note(&mut tx, author, entry).await?;
    tx.commit().await
}

/// An entry as it is read.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Noted {
    /// Identifier.
    pub id: AuditId,
    /// When.
    pub at: UnixMillis,
    /// Who; empty: the command line.
    pub actor: String,
    /// From which network address.
    pub address: String,
    /// What.
    pub action: Action,
    /// Whom or what it was done to.
    pub subject: String,
    /// How that was before, as JSON.
    pub before: String,
    /// How it is since, as JSON.
    pub after: String,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only this act.
    pub action: Option<Action>,
    /// Words in who did it, or to whom; empty: all.
    pub text: String,
}

/// A page of the log, newest first; nothing for those who may not read it.
pub async fn list(
    db: &Db,
    actor: &Actor,
    filter: &AuditFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Noted>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let rows = select(db, actor, filter, from, compare, direction, size as i64 + 1).await?;
    Ok(Page::of(rows, cursor, size, |entry: &Noted| (entry.id.0, String::new())))
}

/// Entries after an id, oldest first, for an export that never holds the whole log.
pub async fn batch_after(
    db: &Db,
    actor: &Actor,
    filter: &AuditFilter,
    after: AuditId,
    limit: i64,
) -> Result<Vec<Noted>> {
    select(db, actor, filter, after.0, ">", "ASC", limit).await
}

/// What the actor has done, after an id, oldest first: whatever they may, this is theirs.
pub async fn own_after(db: &Db, actor: &Actor, after: AuditId, limit: i64) -> Result<Vec<Noted>> {
    db.fetch_all(
        "SELECT id, at, actor, address, action, subject, before, after FROM audit
         WHERE actor_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        &[&actor.user(), &after, &limit],
    )
    .await
}

async fn select(
    db: &Db,
    actor: &Actor,
    filter: &AuditFilter,
    from: i64,
    compare: &'static str,
    direction: &'static str,
    limit: i64,
) -> Result<Vec<Noted>> {
    if !actor.may(Permission::ViewAudit) {
        return Ok(Vec::new());
    }
    let db = &db.heavy_if(!filter.text.trim().is_empty(), actor);
    let words = Words::of(&filter.text);
    let mut args: Vec<&dyn Param> = vec![&from, &limit];
    let mut conditions = String::new();
    if let Some(action) = &filter.action {
        args.push(action);
        conditions.push_str(&format!(" AND action = ${}", args.len()));
    }
    conditions.push_str(&format!(" AND {}", words.condition(&[SearchIn::Folded("search_key")], &mut args)));
    // Only fixed conditions and numbers of placeholders are put together here.
    let sql = format!(
        "SELECT id, at, actor, address, action, subject, before, after FROM audit
         WHERE id {compare} $1{conditions} ORDER BY id {direction} LIMIT $2"
    );
    db.fetch_all(AssertSqlSafe(sql), &args).await
}
