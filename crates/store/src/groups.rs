//! Groups of people and what they may (S-47).

use std::collections::BTreeMap;

use vestnik_model::audit::Action;
use vestnik_model::id::{GroupId, UserId};
use vestnik_model::user::User;
use vestnik_model::{Actor, BuiltinGroup, Group, GroupDraft, Permission};

use crate::audit::{self, Author};
use crate::db::{Args, Db, Result, Rows, Tx};
use crate::people;

/// Whoever changes who may what does so alone.
const CHANGING: i64 = 0x7665_7374_6e69_6b02;

#[derive(sqlx::FromRow)]
struct Row {
    id: GroupId,
    builtin: Option<BuiltinGroup>,
    name: String,
}

const GROUPS: &str = "SELECT id, builtin, name FROM groups ORDER BY builtin IS NULL, id";
const GRANTS: &str = "SELECT group_id, permission FROM group_permissions";

fn grouped(rows: Vec<Row>, granted: &[(GroupId, String)]) -> Vec<Group> {
    let group = |row: Row| {
        // In the order in which they are declared, which is the one that people read them in.
        let has =
            |permission: &Permission| granted.iter().any(|(id, name)| *id == row.id && name == permission.as_str());
        let permissions = Permission::ALL.iter().copied().filter(has).collect();
        Group { id: row.id, builtin: row.builtin, name: row.name, permissions }
    };
    rows.into_iter().map(group).collect()
}

/// All groups, those that are there from the start first, each with its permissions and how many are in it.
pub async fn all(db: &Db) -> Result<Vec<(Group, i64)>> {
    let groups = grouped(db.fetch_all(GROUPS, &[]).await?, &db.fetch_all(GRANTS, &[]).await?);
    let members: Vec<(GroupId, i64)> =
        db.fetch_all("SELECT group_id, count(*) FROM user_groups GROUP BY group_id", &[]).await?;
    let members: BTreeMap<GroupId, i64> = members.into_iter().collect();
    let counted = |group: Group| {
        let count = members.get(&group.id).copied().unwrap_or(0);
        (group, count)
    };
    Ok(groups.into_iter().map(counted).collect())
}

/// One group.
pub async fn find(db: &Db, id: GroupId) -> Result<Option<Group>> {
    Ok(all(db).await?.into_iter().map(|(group, _)| group).find(|group| group.id == id))
}

pub(crate) const OF_USER: &str = "SELECT group_id FROM user_groups WHERE user_id = $1 ORDER BY group_id";
pub(crate) const PERMISSIONS_OF: &str = "SELECT DISTINCT p.permission FROM group_permissions p
    JOIN user_groups g ON g.group_id = p.group_id WHERE g.user_id = $1";

/// The groups of a person.
pub async fn of_user(db: &Db, user: UserId) -> Result<Vec<GroupId>> {
    let ids: Vec<(GroupId,)> = db.fetch_all(OF_USER, &[&user]).await?;
    Ok(ids.into_iter().map(|(id,)| id).collect())
}

/// What a person may by their groups. See [`Actor::with`] for what becomes of it.
pub async fn permissions_of(db: &Db, user: UserId) -> Result<Vec<Permission>> {
    Ok(known(db.fetch_all(PERMISSIONS_OF, &[&user]).await?))
}

/// A person with what they may now.
pub async fn actor_of(db: &Db, user: &User) -> Result<Actor> {
    let granted = permissions_of(db, user.id).await?;
    let (wanted,) = db.fetch_one(WANTED_FACTOR, &[]).await?;
    Ok(Actor::with(user, &granted, wanted))
}

/// The same in a transaction; `None`: there is nobody such.
pub(crate) async fn actor_in(tx: &mut Tx, id: UserId) -> Result<Option<Actor>> {
    let Some(person) = people::person_in(tx, id).await? else { return Ok(None) };
    let (wanted,) = tx.fetch_one(WANTED_FACTOR, &[]).await?;
    Ok(Some(Actor::with(&person.user, &person.permissions, wanted)))
}

const WANTED_FACTOR: &str = "SELECT second_factor FROM installation";

/// One that this version does not know allows nothing here.
pub(crate) fn known(granted: Vec<(String,)>) -> Vec<Permission> {
    granted.iter().filter_map(|(permission,)| permission.parse().ok()).collect()
}

/// What came of a change of who may what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is none such.
    NotFound,
    /// It has no effect as things stand, which may have changed a moment ago.
    NotNow,
    /// The name is another group's.
    NameTaken,
    /// The actor may not, or would give or take more than they have.
    NotAllowed,
    /// Nobody would be left who can manage users and groups.
    LastAdministrator,
    /// It is one of those that are there from the start.
    Builtin,
}

/// A change of who may what, which nobody else changes until it is committed.
pub(crate) struct Change {
    /// Its transaction.
    pub(crate) tx: Tx,
    /// Whoever makes it, with what they may now and not when their request began; `None`: the command line, which may
    /// everything.
    actor: Option<Actor>,
    /// Whether there was an administrator before. An installation on which none has been made yet needs none.
    had: bool,
}

impl Change {
    pub(crate) async fn begin(db: &Db, actor: Option<&Actor>) -> Result<Self> {
        let mut tx = db.begin().await?;
        tx.lock(CHANGING).await?;
        let had = has_administrator(&mut tx).await?;
        let actor = match actor {
            None => None,
            Some(actor) => {
                let now = actor_in(&mut tx, actor.user()).await?;
                Some(now.unwrap_or_else(|| actor.looking_at(actor.user())))
            }
        };
        Ok(Self { tx, actor, had })
    }

    /// Whether whoever makes the change may do so, and may all that it gives, takes or touches.
    pub(crate) fn is_allowed(&self, needed: Permission, touched: &[Permission]) -> bool {
        self.actor.as_ref().is_none_or(|actor| actor.may(needed) && actor.may_all(touched))
    }

    /// All groups, as they stand in this transaction.
    pub(crate) async fn groups(&mut self) -> Result<Vec<Group>> {
        Ok(grouped(self.tx.fetch_all(GROUPS, &[]).await?, &self.tx.fetch_all(GRANTS, &[]).await?))
    }

    async fn group(&mut self, id: GroupId) -> Result<Option<Group>> {
        Ok(self.groups().await?.into_iter().find(|group| group.id == id))
    }

    /// Whether nobody would be left who can manage users and groups.
    pub(crate) async fn removes_last_administrator(&mut self) -> Result<bool> {
        Ok(self.had && !has_administrator(&mut self.tx).await?)
    }

    /// Makes it visible and lasting, with its entry in the audit log.
    pub(crate) async fn commit(mut self, author: &Author, entry: audit::Entry) -> Result<Changed> {
        audit::note(&mut self.tx, author, entry).await?;
        self.tx.commit().await?;
        Ok(Changed::Done)
    }
}

/// Whether someone who can sign in can manage users and groups, other than the person with this id.
pub(crate) const HAS_ADMINISTRATOR: &str =
    "SELECT EXISTS (SELECT 1 FROM users u WHERE u.id <> $3 AND u.blocked_at IS NULL AND u.confirmed_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM user_groups g JOIN group_permissions p ON p.group_id = g.group_id
            WHERE g.user_id = u.id AND p.permission = $1)
        AND EXISTS (SELECT 1 FROM user_groups g JOIN group_permissions p ON p.group_id = g.group_id
            WHERE g.user_id = u.id AND p.permission = $2))";
/// The arguments of [`HAS_ADMINISTRATOR`], with nobody left out.
pub(crate) const RUNS_THE_INSTALLATION: Args<'static> =
    &[&Permission::ManageUsers, &Permission::ManageGroups, &UserId(0)];

/// Whether the installation would have no administrator without this one.
pub async fn is_last_administrator(db: &Db, id: UserId) -> Result<bool> {
    let (has,): (bool,) = db.fetch_one(HAS_ADMINISTRATOR, RUNS_THE_INSTALLATION).await?;
    let others: Args<'_> = &[&Permission::ManageUsers, &Permission::ManageGroups, &id];
    let (has_others,): (bool,) = db.fetch_one(HAS_ADMINISTRATOR, others).await?;
    Ok(has && !has_others)
}

/// The same, as things stand in this transaction.
pub(crate) async fn has_administrator(tx: &mut Tx) -> Result<bool> {
    let (has,): (bool,) = tx.fetch_one(HAS_ADMINISTRATOR, RUNS_THE_INSTALLATION).await?;
    Ok(has)
}

async fn grant(tx: &mut Tx, group: GroupId, permissions: &[Permission]) -> Result<()> {
    tx.execute("DELETE FROM group_permissions WHERE group_id = $1", &[&group]).await?;
    let rows = Rows::new()
        .ints(permissions.iter().map(|_| group.0))
        .texts(permissions.iter().map(|permission| permission.as_str()));
    if !permissions.is_empty() {
        tx.execute_rows("INSERT INTO group_permissions (group_id, permission) {rows}", &rows).await?;
    }
    Ok(())
}

/// Makes a group; `actor` is `None` for the command line.
pub async fn create(
    db: &Db,
    actor: Option<&Actor>,
    draft: &GroupDraft,
    author: &Author,
) -> Result<(Changed, Option<GroupId>)> {
    let mut change = Change::begin(db, actor).await?;
    if !change.is_allowed(Permission::ManageGroups, &draft.permissions) {
        return Ok((Changed::NotAllowed, None));
    }
    let created: Option<(GroupId,)> = change
        .tx
        .fetch_optional(
            "INSERT INTO groups (name, name_key) VALUES ($1, $2) ON CONFLICT (name_key) DO NOTHING RETURNING id",
            &[&draft.name, &draft.name.to_lowercase()],
        )
        .await?;
    let Some((id,)) = created else { return Ok((Changed::NameTaken, None)) };
    grant(&mut change.tx, id, &draft.permissions).await?;
    let entry = audit::Entry::new(Action::GroupCreated, Some(id.0), &draft.name).after(&names(&draft.permissions));
    Ok((change.commit(author, entry).await?, Some(id)))
}

/// Changes a group. Those that are there from the start keep their name.
pub async fn update(db: &Db, actor: &Actor, id: GroupId, draft: &GroupDraft, author: &Author) -> Result<Changed> {
    let mut change = Change::begin(db, Some(actor)).await?;
    let Some(before) = change.group(id).await? else { return Ok(Changed::NotFound) };
    let differs =
        |permission: &&Permission| before.permissions.contains(permission) != draft.permissions.contains(permission);
    let changed: Vec<Permission> = Permission::ALL.iter().filter(differs).copied().collect();
    if !change.is_allowed(Permission::ManageGroups, &changed) {
        return Ok(Changed::NotAllowed);
    }
    let name = if before.builtin.is_some() { &before.name } else { &draft.name };
    let sql = "UPDATE groups SET name = $1, name_key = $2 WHERE id = $3";
    match change.tx.execute(sql, &[name, &name.to_lowercase(), &id]).await {
        Ok(_) => {}
        Err(error) if error.is_unique_violation() => return Ok(Changed::NameTaken),
        Err(error) => return Err(error),
    }
    grant(&mut change.tx, id, &draft.permissions).await?;
    if change.removes_last_administrator().await? {
        return Ok(Changed::LastAdministrator);
    }
    let entry = audit::Entry::new(Action::GroupChanged, Some(id.0), name)
        .before(&names(&before.permissions))
        .after(&names(&draft.permissions));
    change.commit(author, entry).await
}

/// Deletes a group; its members keep what they have from others.
pub async fn delete(db: &Db, actor: &Actor, id: GroupId, author: &Author) -> Result<Changed> {
    let mut change = Change::begin(db, Some(actor)).await?;
    let Some(group) = change.group(id).await? else { return Ok(Changed::NotFound) };
    if group.builtin.is_some() {
        return Ok(Changed::Builtin);
    }
    if !change.is_allowed(Permission::ManageGroups, &group.permissions) {
        return Ok(Changed::NotAllowed);
    }
    change.tx.execute("DELETE FROM groups WHERE id = $1", &[&id]).await?;
    if change.removes_last_administrator().await? {
        return Ok(Changed::LastAdministrator);
    }
    let entry = audit::Entry::new(Action::GroupDeleted, Some(id.0), &group.name).before(&names(&group.permissions));
    change.commit(author, entry).await
}

/// Gives the groups that are there from the start the permissions that they had in the beginning. A second time changes
/// nothing. Answers how many groups were changed.
pub async fn restore_builtin(db: &Db, author: &Author) -> Result<usize> {
    let mut changed = 0;
    for builtin in BuiltinGroup::ALL {
        let found = all(db).await?.into_iter().map(|(group, _)| group).find(|group| group.builtin == Some(*builtin));
        let Some(group) = found else { continue };
        let wanted: Vec<Permission> =
            Permission::ALL.iter().copied().filter(|permission| builtin.permissions().contains(permission)).collect();
        if group.permissions == wanted {
            continue;
        }
        let mut change = Change::begin(db, None).await?;
        grant(&mut change.tx, group.id, &wanted).await?;
        let entry = audit::Entry::new(Action::GroupChanged, Some(group.id.0), &group.name)
            .before(&names(&group.permissions))
            .after(&names(&wanted));
        change.commit(author, entry).await?;
        changed += 1;
    }
    Ok(changed)
}

/// Puts a person into one of the groups that are there from the start; `false`: they are in it.
pub(crate) async fn join(tx: &mut Tx, user: UserId, group: BuiltinGroup) -> Result<bool> {
    let joined = tx
        .execute(
            "INSERT INTO user_groups (user_id, group_id) SELECT $1, id FROM groups WHERE builtin = $2
         ON CONFLICT (user_id, group_id) DO NOTHING",
            &[&user, &group],
        )
        .await?;
    Ok(joined > 0)
}

/// Puts a person into a group.
pub(crate) async fn join_id(tx: &mut Tx, user: UserId, group: GroupId) -> Result<()> {
    let sql = "INSERT INTO user_groups (user_id, group_id) VALUES ($1, $2) ON CONFLICT (user_id, group_id) DO NOTHING";
    tx.execute(sql, &[&user, &group]).await.map(|_| ())
}

fn names(permissions: &[Permission]) -> Vec<&'static str> {
    permissions.iter().map(|permission| permission.as_str()).collect()
}
