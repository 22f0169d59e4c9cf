//! Recipients: the actor's list of people.

use std::collections::{HashMap, HashSet};

use sqlx::AssertSqlSafe;
use vestnik_mail::address::EmailAddress;
use vestnik_model::id::RecipientId;
use vestnik_model::recipient::{Recipient, RecipientDraft, RecipientSort};
use vestnik_model::text::fold;
use vestnik_model::{Actor, UnixMillis};

use crate::db::{Db, Param, Result, Rows, Tx};
use crate::deletions::FIRST_STEP;
use crate::page::{Cursor, Page};
use crate::search::{SearchIn, Words};
use crate::submitted_forms::{self, FormHash};

const COLUMNS: &str = "id, owner_id, email, full_name, comment, created_at, updated_at";

/// What of the list is wanted.
#[derive(Clone, Debug)]
pub struct RecipientQuery {
    /// Words to look for in all fields; empty: everyone.
    pub search: String,
    /// The order.
    pub sort: RecipientSort,
    /// Where the page begins.
    pub cursor: Option<Cursor>,
    /// Rows in a page.
    pub size: usize,
}

/// What of a recipient is searched. The address as typed has the domain in letters where its key has it in IDNA's form.
pub(crate) const SEARCHED: &[SearchIn] = &[
    SearchIn::Lower("r.email_key"),
    SearchIn::Lower("r.email"),
    SearchIn::Folded("r.name_key"),
    SearchIn::Folded("r.comment_key"),
];

/// A page of the actor's recipients.
pub async fn list(db: &Db, actor: &Actor, query: &RecipientQuery) -> Result<Page<Recipient>> {
    // The sort key, and whether the list rises in it.
    let (key, rising) = match query.sort {
        RecipientSort::Newest => ("id", false),
        RecipientSort::Email => ("email_key", true),
        RecipientSort::Name => ("name_key", true),
    };
    let back = query.cursor.as_ref().is_some_and(|cursor| cursor.back);
    let (compare, direction) = if rising != back { (">", "ASC") } else { ("<", "DESC") };
    let words = Words::of(&query.search);
    let limit = query.size as i64 + 1;
    let owner = actor.user();
    let db = &db.heavy_if(!words.is_empty(), actor);
    let mut args: Vec<&dyn Param> = vec![&owner, &limit];
    let mut filter = format!("owner_id = $1 AND {}", words.condition(SEARCHED, &mut args));
    if let Some(cursor) = &query.cursor {
        if key == "id" {
            args.push(&cursor.id);
            filter.push_str(&format!(" AND id {compare} ${}", args.len()));
        } else {
            args.push(&cursor.key);
            args.push(&cursor.id);
            filter.push_str(&format!(" AND ({key}, id) {compare} (${}, ${})", args.len() - 1, args.len()));
        }
    }
    let order = if key == "id" { format!("id {direction}") } else { format!("{key} {direction}, id {direction}") };
    // Only names of columns and numbers of placeholders are put together here.
    let sql = format!("SELECT {COLUMNS} FROM recipients r WHERE {filter} ORDER BY {order} LIMIT $2");
    let rows = db.fetch_all(AssertSqlSafe(sql), &args).await?;
    Ok(Page::of(rows, query.cursor.as_ref(), query.size, |recipient: &Recipient| {
        let key = match query.sort {
            RecipientSort::Newest => String::new(),
            RecipientSort::Email => email_key(&recipient.email),
            RecipientSort::Name => fold(&recipient.full_name),
        };
        (recipient.id.0, key)
    }))
}

fn email_key(email: &str) -> String {
    EmailAddress::parse(email).map_or_else(|_| email.to_lowercase(), |address| address.key().to_owned())
}

/// How many of the actor's recipients match; all of them when `search` is empty.
pub async fn count(db: &Db, actor: &Actor, search: &str) -> Result<i64> {
    let words = Words::of(search);
    if words.is_empty() {
        let known: Option<(i64,)> =
            db.fetch_optional("SELECT recipients FROM users WHERE id = $1", &[&actor.user()]).await?;
        return Ok(known.map_or(0, |(count,)| count));
    }
    let owner = actor.user();
    let mut args: Vec<&dyn Param> = vec![&owner];
    let found = words.condition(SEARCHED, &mut args);
    let sql = format!("SELECT count(*) FROM recipients r WHERE owner_id = $1 AND {found}");
    let (count,): (i64,) = db.heavy(actor).fetch_one(AssertSqlSafe(sql), &args).await?;
    Ok(count)
}

/// Has others wait who would change the actor's list. Comes before any change of it: whoever held a row of the list and
/// waited for this could be waited for.
pub(crate) async fn lock(tx: &mut Tx, actor: &Actor) -> Result<()> {
    if tx.is_shared() {
        tx.execute("SELECT 1 FROM users WHERE id = $1 FOR NO KEY UPDATE", &[&actor.user()]).await?;
    }
    Ok(())
}

/// Counts recipients that came or, with a negative number, went.
async fn note(tx: &mut Tx, actor: &Actor, change: i64) -> Result<()> {
    if change != 0 {
        tx.execute("UPDATE users SET recipients = recipients + $1 WHERE id = $2", &[&change, &actor.user()]).await?;
    }
    Ok(())
}

/// One of the actor's recipients.
pub async fn find(db: &Db, actor: &Actor, id: RecipientId) -> Result<Option<Recipient>> {
    db.fetch_optional(
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM recipients WHERE id = $1 AND owner_id = $2")),
        &[&id, &actor.user()],
    )
    .await
}

/// The newest of the actor's recipients, for a preview.
pub async fn any(db: &Db, actor: &Actor) -> Result<Option<Recipient>> {
    db.fetch_optional(
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM recipients WHERE owner_id = $1 ORDER BY id DESC LIMIT 1")),
        &[&actor.user()],
    )
    .await
}

/// What came of storing a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saved {
    /// It is stored.
    Saved(RecipientId),
    /// This one has the address already.
    EmailTaken(RecipientId),
    /// The actor has no such recipient.
    NotFound,
}

async fn holder(db: &Db, actor: &Actor, draft: &RecipientDraft) -> Result<Saved> {
    let found: Option<(RecipientId,)> = db
        .fetch_optional(
            "SELECT id FROM recipients WHERE owner_id = $1 AND email_key = $2",
            &[&actor.user(), &draft.email.key()],
        )
        .await?;
    Ok(found.map_or(Saved::NotFound, |(id,)| Saved::EmailTaken(id)))
}

/// Adds a recipient.
pub async fn create(db: &Db, actor: &Actor, draft: &RecipientDraft, now: UnixMillis) -> Result<Saved> {
    create_once(db, actor, draft, None, now).await
}

/// The same for a form: sent again, it leads to the recipient that it has added.
pub async fn create_once(
    db: &Db,
    actor: &Actor,
    draft: &RecipientDraft,
    form: Option<&FormHash>,
    now: UnixMillis,
) -> Result<Saved> {
    let mut tx = db.begin().await?;
    lock(&mut tx, actor).await?;
    if let Some(earlier) = submitted_forms::claim(&mut tx, actor, form, now).await? {
        return Ok(Saved::Saved(RecipientId(earlier)));
    }
    let created: Option<(RecipientId,)> = tx
        .fetch_optional(
            "INSERT INTO recipients
                (owner_id, email, email_key, domain, full_name, name_key, comment, comment_key, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
             ON CONFLICT (owner_id, email_key) DO NOTHING
             RETURNING id",
            &[
                &actor.user(),
                &draft.email.as_str(),
                &draft.email.key(),
                &draft.email.domain(),
                &draft.full_name,
                &fold(&draft.full_name),
                &draft.comment,
                &fold(&draft.comment),
                &now,
            ],
        )
        .await?;
    let Some((id,)) = created else {
        drop(tx);
        return holder(db, actor, draft).await;
    };
    note(&mut tx, actor, 1).await?;
    submitted_forms::created(&mut tx, actor, form, id.0).await?;
    tx.commit().await?;
    Ok(Saved::Saved(id))
}

/// Changes a recipient.
pub async fn update(db: &Db, actor: &Actor, id: RecipientId, draft: &RecipientDraft, now: UnixMillis) -> Result<Saved> {
    let updated = db
        .execute(
            "UPDATE recipients SET email = $1, email_key = $2, domain = $3, full_name = $4, name_key = $5,
                comment = $6, comment_key = $7, updated_at = $8
             WHERE id = $9 AND owner_id = $10",
            &[
                &draft.email.as_str(),
                &draft.email.key(),
                &draft.email.domain(),
                &draft.full_name,
                &fold(&draft.full_name),
                &draft.comment,
                &fold(&draft.comment),
                &now,
                &id,
                &actor.user(),
            ],
        )
        .await;
    match updated {
        Ok(0) => Ok(Saved::NotFound),
        Ok(_) => Ok(Saved::Saved(id)),
        Err(error) if error.is_unique_violation() => holder(db, actor, draft).await,
        Err(error) => Err(error),
    }
}

/// Deletes a recipient; what was sent to them stays in the ledger. `false`: the actor has no such recipient.
pub async fn delete(db: &Db, actor: &Actor, id: RecipientId) -> Result<bool> {
    Ok(delete_many(db, actor, &[id]).await? == 1)
}

/// Deletes every recipient that matches the search; answers how many. An empty search deletes no one: that is a slip.
pub async fn delete_matching(db: &Db, actor: &Actor, search: &str) -> Result<u64> {
    if Words::of(search).is_empty() { Ok(0) } else { delete_found(db, actor, search).await }
}

/// Deletes every recipient of the actor's; answers how many.
pub async fn delete_all(db: &Db, actor: &Actor) -> Result<u64> {
    delete_found(db, actor, "").await
}

async fn delete_found(db: &Db, actor: &Actor, search: &str) -> Result<u64> {
    let (mut after, last, mut deleted) = (RecipientId(0), newest(db).await?, 0);
    while let Some(found) = find_part(db, actor, search, (after, last), FIRST_STEP).await? {
        deleted += delete_many(db, actor, &found.ids).await?;
        after = found.end;
    }
    Ok(deleted)
}

/// Deletes the recipients with these ids that are the actor's, step by step; answers how many.
pub async fn delete_many(db: &Db, actor: &Actor, ids: &[RecipientId]) -> Result<u64> {
    let mut deleted = 0;
    for ids in ids.chunks(FIRST_STEP as usize) {
        let mut tx = db.begin().await?;
        deleted += delete_in(&mut tx, actor, ids).await?;
        tx.commit().await?;
    }
    Ok(deleted)
}

/// The same in a transaction.
pub(crate) async fn delete_in(tx: &mut Tx, actor: &Actor, ids: &[RecipientId]) -> Result<u64> {
    lock(tx, actor).await?;
    let rows = Rows::new().ints(ids.iter().map(|id| id.0)).ints(ids.iter().map(|_| actor.user().0));
    let deleted = tx
        .execute_rows(
            "WITH v (id, owner_id) AS ({rows})
             DELETE FROM recipients WHERE (id, owner_id) IN (SELECT id, owner_id FROM v)",
            &rows,
        )
        .await?;
    note(tx, actor, -(deleted as i64)).await?;
    Ok(deleted)
}

/// The highest id that any recipient has: those who are added later have higher ones.
pub(crate) async fn newest(db: &Db) -> Result<RecipientId> {
    let (newest,): (RecipientId,) = db.fetch_one("SELECT COALESCE(max(id), 0) FROM recipients", &[]).await?;
    Ok(newest)
}

/// Recipients that a search looks at in one statement.
const LOOKED_AT: i64 = 20_000;

/// Some of the recipients that match a search.
#[derive(Debug)]
pub(crate) struct FoundPart {
    /// In rising order; perhaps none.
    pub(crate) ids: Vec<RecipientId>,
    /// The id up to which was looked.
    pub(crate) end: RecipientId,
}

/// Up to `size` of the actor's recipients that match the search (an empty one: all), of those after the first id and up to
/// the second. It reads a bounded part of the list, without a transaction that others wait for. `None`: there are no more
/// to look at.
pub(crate) async fn find_part(
    db: &Db,
    actor: &Actor,
    search: &str,
    (after, last): (RecipientId, RecipientId),
    size: i64,
) -> Result<Option<FoundPart>> {
    let (words, owner) = (Words::of(search), actor.user());
    if words.is_empty() {
        let sql = "SELECT id FROM recipients WHERE owner_id = $1 AND id > $2 AND id <= $3 ORDER BY id LIMIT $4";
        let found: Vec<(RecipientId,)> = db.fetch_all(sql, &[&owner, &after, &last, &size]).await?;
        let ids: Vec<_> = found.into_iter().map(|(id,)| id).collect();
        return Ok(ids.last().copied().map(|end| FoundPart { ids, end }));
    }
    let sql = "SELECT max(id) FROM (SELECT id FROM recipients WHERE owner_id = $1 AND id > $2 AND id <= $3
        ORDER BY id LIMIT $4) AS part";
    let (end,): (Option<RecipientId>,) = db.fetch_one(sql, &[&owner, &after, &last, &LOOKED_AT]).await?;
    let Some(end) = end else { return Ok(None) };
    let mut args: Vec<&dyn Param> = vec![&owner, &after, &end, &size];
    let matches = words.condition(SEARCHED, &mut args);
    let sql = format!(
        "SELECT id FROM recipients r WHERE owner_id = $1 AND id > $2 AND id <= $3 AND {matches} ORDER BY id LIMIT $4"
    );
    let found: Vec<(RecipientId,)> = db.heavy_for_file(actor).fetch_all(AssertSqlSafe(sql), &args).await?;
    let ids: Vec<_> = found.into_iter().map(|(id,)| id).collect();
    let end = if ids.len() as i64 == size { ids.last().copied().unwrap_or(end) } else { end };
    Ok(Some(FoundPart { ids, end }))
}

/// Recipients after an id, oldest first, for exports that never hold the whole list.
pub async fn batch_after(db: &Db, actor: &Actor, after: RecipientId, limit: i64) -> Result<Vec<Recipient>> {
    db.fetch_all(
        AssertSqlSafe(format!("SELECT {COLUMNS} FROM recipients WHERE owner_id = $1 AND id > $2 ORDER BY id LIMIT $3")),
        &[&actor.user(), &after, &limit],
    )
    .await
}

/// How a batch of imported recipients changed the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// New addresses.
    pub added: u64,
    /// Known addresses whose name or comment changed.
    pub updated: u64,
}

/// Merges imported recipients into the list. An address that is known gets the name and the comment of the file where
/// the file has them; nothing is ever emptied.
pub(crate) async fn merge(tx: &mut Tx, actor: &Actor, drafts: &[RecipientDraft], now: UnixMillis) -> Result<Merged> {
    lock(tx, actor).await?;
    let owner = actor.user().0;
    let rows = Rows::new()
        .ints(drafts.iter().map(|_| owner))
        .texts(drafts.iter().map(|draft| draft.email.as_str()))
        .texts(drafts.iter().map(|draft| draft.email.key()))
        .texts(drafts.iter().map(|draft| draft.email.domain()))
        .texts(drafts.iter().map(|draft| draft.full_name.as_str()))
        .texts(drafts.iter().map(|draft| fold(&draft.full_name)))
        .texts(drafts.iter().map(|draft| draft.comment.as_str()))
        .texts(drafts.iter().map(|draft| fold(&draft.comment)))
        .ints(drafts.iter().map(|_| now.0));
    // An address comes once in a file, so a row returned with an id above all earlier ones is new.
    let (last,): (i64,) = tx.fetch_one("SELECT COALESCE(max(id), 0) FROM recipients", &[]).await?;
    let touched: Vec<(i64,)> = tx
        .fetch_rows(
            "WITH v (owner_id, email, email_key, domain, full_name, name_key, comment, comment_key, now) AS ({rows})
             INSERT INTO recipients
                (owner_id, email, email_key, domain, full_name, name_key, comment, comment_key, created_at, updated_at)
             SELECT owner_id, email, email_key, domain, full_name, name_key, comment, comment_key, now, now FROM v WHERE true
             ON CONFLICT (owner_id, email_key) DO UPDATE SET
                full_name = CASE WHEN excluded.full_name = '' THEN recipients.full_name ELSE excluded.full_name END,
                name_key = CASE WHEN excluded.full_name = '' THEN recipients.name_key ELSE excluded.name_key END,
                comment = CASE WHEN excluded.comment = '' THEN recipients.comment ELSE excluded.comment END,
                comment_key = CASE WHEN excluded.comment = '' THEN recipients.comment_key ELSE excluded.comment_key END,
                updated_at = excluded.updated_at
             WHERE (excluded.full_name <> '' AND excluded.full_name <> recipients.full_name)
                OR (excluded.comment <> '' AND excluded.comment <> recipients.comment)
             RETURNING id",
            &rows,
        )
        .await?;
    let added = touched.iter().filter(|(id,)| *id > last).count() as u64;
    note(tx, actor, added as i64).await?;
    Ok(Merged { added, updated: touched.len() as u64 - added })
}

/// Of those of the addresses that are in the actor's list, whether the name and the comment are filled. Others who would
/// change the list wait from here on.
pub(crate) async fn filled_texts(
    tx: &mut Tx,
    actor: &Actor,
    emails: &[&EmailAddress],
) -> Result<HashMap<String, (bool, bool)>> {
    lock(tx, actor).await?;
    let rows = Rows::new().ints(emails.iter().map(|_| actor.user().0)).texts(emails.iter().map(|email| email.key()));
    let found: Vec<(String, bool, bool)> = tx
        .fetch_rows(
            "WITH v (owner_id, email_key) AS ({rows})
             SELECT r.email_key, r.full_name <> '', r.comment <> '' FROM v
             JOIN recipients r ON r.owner_id = v.owner_id AND r.email_key = v.email_key",
            &rows,
        )
        .await?;
    Ok(found.into_iter().map(|(key, name, comment)| (key, (name, comment))).collect())
}

/// Those of the addresses that are not in the actor's list.
pub async fn strangers(db: &Db, actor: &Actor, emails: &[EmailAddress]) -> Result<Vec<EmailAddress>> {
    let rows = Rows::new().ints(emails.iter().map(|_| actor.user().0)).texts(emails.iter().map(|email| email.key()));
    let mut tx = db.begin().await?;
    let known: Vec<(String,)> = tx
        .fetch_rows(
            "WITH v (owner_id, email_key) AS ({rows})
             SELECT r.email_key FROM v JOIN recipients r ON r.owner_id = v.owner_id AND r.email_key = v.email_key",
            &rows,
        )
        .await?;
    let known: HashSet<String> = known.into_iter().map(|(key,)| key).collect();
    Ok(emails.iter().filter(|email| !known.contains(&email.key())).cloned().collect())
}

/// Adds many recipients at once; those with known addresses get the new names and comments.
pub async fn add_all(db: &Db, actor: &Actor, drafts: &[RecipientDraft], now: UnixMillis) -> Result<Merged> {
    let mut tx = db.begin().await?;
    let merged = merge(&mut tx, actor, drafts, now).await?;
    tx.commit().await?;
    Ok(merged)
}
