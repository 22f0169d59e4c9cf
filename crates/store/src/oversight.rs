//! Everyone's mailings and recipients, to look at (S-39), and the one thing that a manager does to another's: disabling
//! a mailing (S-42).

use serde::Serialize;
use sqlx::AssertSqlSafe;
use vestnik_model::audit::Action;
use vestnik_model::id::{MailingId, RecipientId, UserId};
use vestnik_model::mailing::{DisabledBy, Mailing};
use vestnik_model::user::User;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::audit::{self, Author, Entry};
use crate::control::{self, Controlled};
use crate::db::{Db, Param, Result};
use crate::groups;
use crate::mailings::{self, MailingRow};
use crate::page::{Cursor, NewestFirst, Page};
use crate::recipients::SEARCHED;
use crate::search::{SearchIn, Words};

/// Someone's mailing in the list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OverseenMailing {
    /// The mailing.
    #[sqlx(flatten)]
    pub row: MailingRow,
    /// Its owner's address.
    pub owner_email: String,
    /// What its owner is called.
    pub owner_name: String,
}

/// Which of everyone's things are wanted.
#[derive(Clone, Debug, Default)]
pub struct OverseenFilter {
    /// Words to look for; empty: all.
    pub search: String,
    /// Only this person's.
    pub owner: Option<UserId>,
}

/// A page of everyone's mailings, newest first; none for those who may not see them.
pub async fn mailings(
    db: &Db,
    actor: &Actor,
    filter: &OverseenFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<OverseenMailing>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let db = &db.heavy_if(!filter.search.trim().is_empty(), actor);
    let words = Words::of(&filter.search);
    let mut args: Vec<&dyn Param> = vec![&from, &limit];
    let mut conditions = format!("m.id {compare} $1");
    if let Some(owner) = &filter.owner {
        args.push(owner);
        conditions.push_str(&format!(" AND m.owner_id = ${}", args.len()));
    }
    let searched = [SearchIn::Folded("m.name_key"), SearchIn::Lower("o.email_key"), SearchIn::Folded("o.name_key")];
    conditions.push_str(&format!(" AND {}", words.condition(&searched, &mut args)));
    let rows =
        mailings::rows_select(", o.email AS owner_email, o.name AS owner_name", "JOIN users o ON o.id = m.owner_id");
    // Only fixed conditions and numbers of placeholders are put together here.
    let sql = AssertSqlSafe(format!("{rows} WHERE {conditions} ORDER BY m.id {direction} LIMIT $2"));
    let rows = if actor.may(Permission::ViewMailings) { db.fetch_all(sql, &args).await? } else { Vec::new() };
    Ok(Page::of(rows, cursor, size, |row: &OverseenMailing| (row.row.mailing.id.0, String::new())))
}

/// Anyone's mailing with its owner; `None` for those who may not see it.
pub async fn mailing(db: &Db, actor: &Actor, id: MailingId) -> Result<Option<(Mailing, User)>> {
    if !actor.may(Permission::ViewMailings) {
        return Ok(None);
    }
    let Some(owner) = mailings::owner(db, id).await? else { return Ok(None) };
    let mailing = mailings::find(db, &actor.looking_at(owner.id), id).await?;
    Ok(mailing.map(|mailing| (mailing, owner)))
}

/// Someone's recipient in the list.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct OverseenRecipient {
    /// Identifier.
    pub id: RecipientId,
    /// Address.
    pub email: String,
    /// «Ф. И. О.»
    pub full_name: String,
    /// The owner's comment.
    pub comment: String,
    /// When it was added.
    pub created_at: UnixMillis,
    /// In whose list.
    pub owner_id: UserId,
    /// The owner's address.
    pub owner_email: String,
    /// What the owner is called.
    pub owner_name: String,
}

/// A page of everyone's recipients, newest first; none for those who may not see them.
pub async fn recipients(
    db: &Db,
    actor: &Actor,
    filter: &OverseenFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<OverseenRecipient>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let words = Words::of(&filter.search);
    let db = &db.heavy_if(!words.is_empty(), actor);
    let mut args: Vec<&dyn Param> = vec![&from, &limit];
    let mut conditions = format!("r.id {compare} $1");
    if let Some(owner) = &filter.owner {
        args.push(owner);
        conditions.push_str(&format!(" AND r.owner_id = ${}", args.len()));
    }
    conditions.push_str(&format!(" AND {}", words.condition(SEARCHED, &mut args)));
    let sql = format!(
        "SELECT r.id, r.email, r.full_name, r.comment, r.created_at, r.owner_id,
            o.email AS owner_email, o.name AS owner_name
         FROM recipients r JOIN users o ON o.id = r.owner_id
         WHERE {conditions} ORDER BY r.id {direction} LIMIT $2"
    );
    let sees = actor.may(Permission::ViewRecipients);
    let rows = if sees { db.fetch_all(AssertSqlSafe(sql), &args).await? } else { Vec::new() };
    Ok(Page::of(rows, cursor, size, |row: &OverseenRecipient| (row.id.0, String::new())))
}

/// Disables anyone's mailing, for a reason that its owner reads. Only someone who may do this enables it again.
pub async fn disable(db: &Db, actor: &Actor, id: MailingId, reason: &str, author: &Author) -> Result<Controlled> {
    let Some((mailing, owner)) = controllable(db, actor, id).await? else { return Ok(Controlled::NotFound) };
    let mut tx = db.begin().await?;
    if !control::disable_in(&mut tx, id, DisabledBy::Manager, reason, author.at).await? {
        return Ok(Controlled::NotNow);
    }
    let entry = Entry::new(Action::MailingDisabled, Some(id.0), &called(&mailing, &owner)).after(&reason);
    audit::note(&mut tx, author, entry).await?;
    tx.commit().await?;
    Ok(Controlled::Done)
}

/// Enables anyone's mailing that a manager has disabled. What its owner has stopped only its owner starts.
pub async fn enable(db: &Db, actor: &Actor, id: MailingId, author: &Author) -> Result<Controlled> {
    let Some((mailing, owner)) = controllable(db, actor, id).await? else { return Ok(Controlled::NotFound) };
    if mailing.disabled_by != DisabledBy::Manager {
        return Ok(Controlled::NotNow);
    }
    let mut tx = db.begin().await?;
    if !control::enable_in(&mut tx, &mailing, author.at).await? {
        return Ok(Controlled::NotNow);
    }
    let entry =
        Entry::new(Action::MailingEnabled, Some(id.0), &called(&mailing, &owner)).before(&mailing.disabled_reason);
    audit::note(&mut tx, author, entry).await?;
    tx.commit().await?;
    Ok(Controlled::Done)
}

async fn controllable(db: &Db, actor: &Actor, id: MailingId) -> Result<Option<(Mailing, User)>> {
    if !actor.may(Permission::DisableMailings) {
        return Ok(None);
    }
    let Some((mailing, owner)) = mailing(db, actor, id).await? else { return Ok(None) };
    let outranks = actor.may_all(&groups::permissions_of(db, owner.id).await?);
    Ok(outranks.then_some((mailing, owner)))
}

fn called(mailing: &Mailing, owner: &User) -> String {
    format!("{} ({})", mailing.name, owner.email)
}

/// Something that has an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A recipient.
    Recipient,
    /// A message.
    Message,
    /// A mailing.
    Mailing,
    /// A run of a mailing.
    Run,
}

/// Whether someone else has such a thing and the actor may know of it.
pub async fn knows_of(db: &Db, actor: &Actor, thing: Thing, id: i64) -> Result<bool> {
    let (needed, table) = match thing {
        Thing::Recipient => (Permission::ViewRecipients, "recipients"),
        Thing::Message => (Permission::ViewMailings, "messages"),
        Thing::Mailing => (Permission::ViewMailings, "mailings"),
        Thing::Run => (Permission::ViewMailings, "runs"),
    };
    if !actor.may(needed) {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE id = $1 AND owner_id <> $2)");
    let (known,): (bool,) = db.fetch_one(AssertSqlSafe(sql), &[&id, &actor.user()]).await?;
    Ok(known)
}
