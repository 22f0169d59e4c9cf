//! The users of an installation, for those who watch over them: the list, blocking (S-41), accounts (S-46), groups
//! (S-47).
//!
//! Every act asks whether the actor may, on this person: nobody stops, changes or raises someone who may more than they
//! do. Every act that is done has its entry in the audit log.

use serde::Serialize;
use sqlx::AssertSqlSafe;
use vestnik_model::audit::Action;
use vestnik_model::id::{GroupId, MailingId, UserId};
use vestnik_model::mailing::DisabledBy;
use vestnik_model::user::{Registration, TokenPurpose, User};
use vestnik_model::{Actor, BuiltinGroup, Group, Permission, UnixMillis};

use crate::audit::{Author, Entry};
use crate::db::{Db, Param, Result, Rows, Tx, Wake};
use crate::groups::{self, Change, Changed};
use crate::letters::{self, NewLetter};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};
use crate::{new_address, runs, second_factor, sessions, tokens, users};

/// Someone in the list.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct PersonRow {
    /// Identifier.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// When the address was confirmed.
    pub confirmed_at: Option<UnixMillis>,
    /// When the account was made.
    pub created_at: UnixMillis,
    /// When they were last here.
    pub seen_at: Option<UnixMillis>,
    /// Since when they are blocked.
    pub blocked_at: Option<UnixMillis>,
    /// Recipients in their list.
    pub recipients: i64,
    /// Their mailings.
    pub mailings: i64,
    /// Messages that mail servers took from them.
    pub sent: i64,
}

/// Which people are wanted.
#[derive(Clone, Debug, Default)]
pub struct PeopleFilter {
    /// Words in the address or the name; empty: everyone.
    pub search: String,
    /// Only those who are blocked, or only the others.
    pub blocked: Option<bool>,
}

/// A page of the users, newest first; nobody for those who may not see them.
pub async fn list(
    db: &Db,
    actor: &Actor,
    filter: &PeopleFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<PersonRow>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let db = &db.heavy_if(!filter.search.trim().is_empty(), actor);
    let words = Words::of(&filter.search);
    let mut args: Vec<&dyn Param> = vec![&from, &limit];
    let searched = [SearchIn::Lower("u.email_key"), SearchIn::Folded("u.name_key")];
    let mut conditions = format!(" AND {}", words.condition(&searched, &mut args));
    match filter.blocked {
        Some(true) => conditions.push_str(" AND u.blocked_at IS NOT NULL"),
        Some(false) => conditions.push_str(" AND u.blocked_at IS NULL"),
        None => {}
    }
    // Only fixed conditions are put together here.
    let sql = format!(
        "SELECT u.id, u.email, u.name, u.confirmed_at, u.created_at, u.seen_at, u.blocked_at, u.recipients,
            (SELECT count(*) FROM mailings m WHERE m.owner_id = u.id) AS mailings,
            (SELECT CAST(COALESCE(sum(r.sent), 0) AS BIGINT) FROM runs r WHERE r.owner_id = u.id) AS sent
         FROM users u WHERE u.deleted_at IS NULL AND u.id {compare} $1{conditions} ORDER BY u.id {direction} LIMIT $2"
    );
    let rows = if sees(actor) { db.fetch_all(AssertSqlSafe(sql), &args).await? } else { Vec::new() };
    Ok(Page::of(rows, cursor, size, |row: &PersonRow| (row.id.0, String::new())))
}

/// How many users there are.
pub async fn count(db: &Db) -> Result<i64> {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM users WHERE deleted_at IS NULL", &[]).await?;
    Ok(count)
}

fn sees(actor: &Actor) -> bool {
    actor.may(Permission::ViewUsers) || actor.may(Permission::ManageUsers)
}

/// Someone with all that is known of what they may.
#[derive(Clone, Debug)]
pub struct Person {
    /// The account.
    pub user: User,
    /// Their groups.
    pub groups: Vec<GroupId>,
    /// What these allow.
    pub permissions: Vec<Permission>,
}

/// One of the users; `None` for those who may not see them.
pub async fn find(db: &Db, actor: &Actor, id: UserId) -> Result<Option<Person>> {
    if !sees(actor) {
        return Ok(None);
    }
    let Some(user) = users::find(db, id).await? else { return Ok(None) };
    let (groups, permissions) = (groups::of_user(db, id).await?, groups::permissions_of(db, id).await?);
    Ok(Some(Person { user, groups, permissions }))
}

/// Someone as they stand in a transaction.
pub(crate) async fn person_in(tx: &mut Tx, id: UserId) -> Result<Option<Person>> {
    let sql = format!("SELECT {} FROM users WHERE id = $1", users::COLUMNS);
    let Some(user) = tx.fetch_optional::<User>(AssertSqlSafe(sql), &[&id]).await? else { return Ok(None) };
    let groups: Vec<(GroupId,)> = tx.fetch_all(groups::OF_USER, &[&id]).await?;
    let granted: Vec<(String,)> = tx.fetch_all(groups::PERMISSIONS_OF, &[&id]).await?;
    Ok(Some(Person { user, groups: groups.into_iter().map(|(id,)| id).collect(), permissions: groups::known(granted) }))
}

/// Whether the actor may do something of this kind to this person: they hold the permission, and the person may
/// nothing that they may not.
pub fn may_act_on(actor: &Actor, needed: Permission, person: &Person) -> bool {
    actor.may(needed) && actor.may_all(&person.permissions) && actor.user() != person.user.id
}

/// Begins an act on someone; `actor` is `None` for the command line. The error is the answer when it may not be.
async fn act_on(
    db: &Db,
    actor: Option<&Actor>,
    needed: Permission,
    id: UserId,
) -> Result<Result<(Change, Person), Changed>> {
    let mut change = Change::begin(db, actor).await?;
    let Some(person) = person_in(&mut change.tx, id).await?.filter(|_| actor.is_none_or(sees)) else {
        return Ok(Err(Changed::NotFound));
    };
    let allowed = change.is_allowed(needed, &person.permissions) && actor.is_none_or(|actor| actor.user() != id);
    Ok(if allowed { Ok((change, person)) } else { Err(Changed::NotAllowed) })
}

/// Blocks someone: their sessions end, what is being sent of theirs is called off, their mailings are disabled, and
/// they cannot sign in.
pub async fn block(db: &Db, actor: &Actor, id: UserId, reason: &str, author: &Author) -> Result<Changed> {
    let (mut change, person) = match act_on(db, Some(actor), Permission::BlockUsers, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(refused),
    };
    let blocked = change
        .tx
        .execute(
            "UPDATE users SET blocked_at = $1, blocked_reason = $2 WHERE id = $3 AND blocked_at IS NULL",
            &[&author.at, &reason, &id],
        )
        .await?;
    if blocked == 0 {
        return Ok(Changed::NotNow);
    }
    if change.removes_last_administrator().await? {
        return Ok(Changed::LastAdministrator);
    }
    sessions::end_all_in(&mut change.tx, id).await?;
    end_links_in(&mut change.tx, id, author.at).await?;
    stop_everything(&mut change.tx, id, reason, author.at).await?;
    let entry = Entry::new(Action::UserBlocked, Some(id.0), &person.user.email).after(&reason);
    change.commit(author, entry).await
}

/// Calls off what someone is sending and disables their mailings; they can enable them. Runs before their mailings, as
/// everyone locks them.
pub(crate) async fn stop_everything(tx: &mut Tx, owner: UserId, reason: &str, now: UnixMillis) -> Result<()> {
    tx.execute(
        "UPDATE runs SET state = 'stopping', paused_at = NULL
         WHERE owner_id = $1 AND state IN ('planned', 'expanding', 'sending', 'paused')",
        &[&owner],
    )
    .await?;
    let disabled: Vec<(MailingId,)> = tx
        .fetch_all(
            "UPDATE mailings SET disabled_at = $1, disabled_reason = $2, disabled_by = $3, next_at = NULL, updated_at = $1
             WHERE owner_id = $4 AND disabled_at IS NULL RETURNING id",
            &[&now, &reason, &DisabledBy::Block, &owner],
        )
        .await?;
    for (mailing,) in disabled {
        runs::settle_status(tx, mailing).await?;
    }
    tx.wake(Wake::Control);
    tx.wake(Wake::Schedule);
    Ok(())
}

/// Open links that set a password or bring another address end as well.
async fn end_links_in(tx: &mut Tx, user: UserId, now: UnixMillis) -> Result<()> {
    tokens::end_in(tx, user, TokenPurpose::Recover, now).await?;
    new_address::end_in(tx, user, now).await
}

/// Lets someone in again. Their mailings stay disabled until they enable them: nothing goes out that nobody looks at.
pub async fn unblock(db: &Db, actor: &Actor, id: UserId, author: &Author) -> Result<Changed> {
    let (mut change, person) = match act_on(db, Some(actor), Permission::BlockUsers, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(refused),
    };
    let unblocked = change
        .tx
        .execute(
            "UPDATE users SET blocked_at = NULL, blocked_reason = '' WHERE id = $1 AND blocked_at IS NOT NULL
                AND deleted_at IS NULL",
            &[&id],
        )
        .await?;
    if unblocked == 0 {
        return Ok(Changed::NotNow);
    }
    // One that began in the moment of the blocking must not come to life now.
    sessions::end_all_in(&mut change.tx, id).await?;
    let entry = Entry::new(Action::UserUnblocked, Some(id.0), &person.user.email).before(&person.user.blocked_reason);
    change.commit(author, entry).await
}

/// Signs someone out of every browser.
pub async fn end_sessions(db: &Db, actor: &Actor, id: UserId, author: &Author) -> Result<Changed> {
    let (mut change, person) = match act_on(db, Some(actor), Permission::ManageUsers, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(refused),
    };
    sessions::end_all_in(&mut change.tx, id).await?;
    change.commit(author, Entry::new(Action::SessionsEnded, Some(id.0), &person.user.email)).await
}

/// Switches off the second factor of someone who has lost it, and signs them out of every browser; `actor` is `None` for
/// the command line.
pub async fn reset_second_factor(db: &Db, actor: Option<&Actor>, id: UserId, author: &Author) -> Result<Changed> {
    let (mut change, person) = match act_on(db, actor, Permission::ManageUsers, id).await? {
        Ok(begun) => begun,
        Err(refused) => return Ok(refused),
    };
    if !second_factor::remove_in(&mut change.tx, id).await? {
        return Ok(Changed::NotNow);
    }
    sessions::end_all_in(&mut change.tx, id).await?;
    change.commit(author, Entry::new(Action::SecondFactorReset, Some(id.0), &person.user.email)).await
}

/// Puts someone into these groups and no others. Their sessions begin anew, with the new rights.
pub async fn set_groups(db: &Db, actor: &Actor, id: UserId, wanted: &[GroupId], author: &Author) -> Result<Changed> {
    let mut change = Change::begin(db, Some(actor)).await?;
    let Some(person) = person_in(&mut change.tx, id).await?.filter(|_| sees(actor)) else {
        return Ok(Changed::NotFound);
    };
    let all = change.groups().await?;
    // What is given and what is taken alike; also from oneself.
    let changing = all.iter().filter(|group| wanted.contains(&group.id) != person.groups.contains(&group.id));
    let touched: Vec<Permission> =
        changing.flat_map(|group| &group.permissions).chain(&person.permissions).copied().collect();
    if !change.is_allowed(Permission::ManageUsers, &touched) {
        return Ok(Changed::NotAllowed);
    }
    let called = |ids: &[GroupId]| -> Vec<&str> {
        all.iter().filter(|group| ids.contains(&group.id)).map(|group| group.name.as_str()).collect()
    };
    change.tx.execute("DELETE FROM user_groups WHERE user_id = $1", &[&id]).await?;
    let known: Vec<GroupId> = all.iter().map(|group| group.id).filter(|group| wanted.contains(group)).collect();
    if !known.is_empty() {
        let rows = Rows::new().ints(known.iter().map(|_| id.0)).ints(known.iter().map(|group| group.0));
        change.tx.execute_rows("INSERT INTO user_groups (user_id, group_id) {rows}", &rows).await?;
    }
    if change.removes_last_administrator().await? {
        return Ok(Changed::LastAdministrator);
    }
    if id != actor.user() {
        sessions::end_all_in(&mut change.tx, id).await?;
    }
    let entry = Entry::new(Action::GroupsSet, Some(id.0), &person.user.email)
        .before(&called(&person.groups))
        .after(&called(&known));
    change.commit(author, entry).await
}

/// What came of making an account.
#[derive(Clone, Debug)]
pub enum Created {
    /// It is made.
    Done(Box<User>),
    /// The address has one already.
    EmailTaken,
    /// The actor may not, or would give more than they have.
    NotAllowed,
    /// There is no such group, perhaps no more.
    NoGroup,
}

/// The group that a new account is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstGroup {
    /// One of those that are there from the start.
    Builtin(BuiltinGroup),
    /// Any.
    Any(GroupId),
}

impl FirstGroup {
    /// Whether it is this one.
    fn is(self, group: &Group) -> bool {
        match self {
            Self::Builtin(builtin) => group.builtin == Some(builtin),
            Self::Any(id) => group.id == id,
        }
    }
}

impl From<BuiltinGroup> for FirstGroup {
    fn from(group: BuiltinGroup) -> Self {
        Self::Builtin(group)
    }
}

impl From<GroupId> for FirstGroup {
    fn from(group: GroupId) -> Self {
        Self::Any(group)
    }
}

/// Makes an account in a group; `actor` is `None` for the command line.
pub async fn create(
    db: &Db,
    actor: Option<&Actor>,
    registration: &Registration,
    password_hash: &str,
    confirmed_at: Option<UnixMillis>,
    group: impl Into<FirstGroup>,
    author: &Author,
) -> Result<Created> {
    let mut change = Change::begin(db, actor).await?;
    let wanted = group.into();
    let Some(group) = change.groups().await?.into_iter().find(|group| wanted.is(group)) else {
        return Ok(Created::NoGroup);
    };
    if !change.is_allowed(Permission::ManageUsers, &group.permissions) {
        return Ok(Created::NotAllowed);
    }
    let Some(user) = users::insert(&mut change.tx, registration, password_hash, confirmed_at, author.at).await? else {
        return Ok(Created::EmailTaken);
    };
    groups::join_id(&mut change.tx, user.id, group.id).await?;
    let called = match group.builtin {
        Some(builtin) => builtin.as_str(),
        None => group.name.as_str(),
    };
    let entry = Entry::new(Action::UserCreated, Some(user.id.0), &user.email).after(&called);
    change.commit(author, entry).await?;
    Ok(Created::Done(Box::new(user)))
}

/// Deletes someone with all that is theirs. From now on nobody sees them and their address is free; what is theirs is
/// [erased](crate::erasure) step by step.
pub async fn delete(db: &Db, actor: &Actor, id: UserId, author: &Author) -> Result<Changed> {
    match act_on(db, Some(actor), Permission::ManageUsers, id).await? {
        Ok((change, person)) => delete_in(change, &person.user, author).await,
        Err(refused) => Ok(refused),
    }
}

/// Deletes the actor's own account in the same way. The letter that tells of it has nobody's account to belong to: it is
/// sent also when everything else is erased, and leaves nothing.
pub async fn delete_oneself(db: &Db, actor: &Actor, goodbye: &NewLetter<'_>, author: &Author) -> Result<Changed> {
    let mut change = Change::begin(db, Some(actor)).await?;
    let person = person_in(&mut change.tx, actor.user()).await?.filter(|person| person.user.blocked_at.is_none());
    let Some(person) = person else { return Ok(Changed::NotFound) };
    letters::insert(&mut change.tx, goodbye, None, author.at).await?;
    delete_in(change, &person.user, author).await
}

async fn delete_in(mut change: Change, user: &User, author: &Author) -> Result<Changed> {
    let id = user.id;
    change
        .tx
        .execute(
            "UPDATE users SET deleted_at = $1, blocked_at = COALESCE(blocked_at, $1), email_key = $2 WHERE id = $3",
            &[&author.at, &format!("deleted {id}"), &id],
        )
        .await?;
    if change.removes_last_administrator().await? {
        return Ok(Changed::LastAdministrator);
    }
    sessions::end_all_in(&mut change.tx, id).await?;
    end_links_in(&mut change.tx, id, author.at).await?;
    stop_everything(&mut change.tx, id, "", author.at).await?;
    change.tx.wake(Wake::Deletions);
    change.commit(author, Entry::new(Action::UserDeleted, Some(id.0), &user.email)).await
}

/// Puts someone into one of the groups that are there from the start, beside those they are in, on the word of whoever
/// runs the installation. A second time changes nothing.
pub async fn join(db: &Db, id: UserId, group: BuiltinGroup, author: &Author) -> Result<()> {
    let Some(user) = users::find(db, id).await? else { return Ok(()) };
    let mut change = Change::begin(db, None).await?;
    if groups::join(&mut change.tx, id, group).await? {
        let entry = Entry::new(Action::GroupsSet, Some(id.0), &user.email).after(&group.as_str());
        change.commit(author, entry).await?;
    }
    Ok(())
}
