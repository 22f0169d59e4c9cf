//! Groups and what they may (S-47).

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Group, GroupDraft, Permission, Problem, id::GroupId};
use vestnik_store::groups::{self, Changed};

use super::{author, said, user::GroupChoice};
use crate::{
    error::Error,
    form::{Form, FormErrors, Path},
    page::Page,
    session::CurrentUser,
    state::AppState,
    visit::Visit,
};

/// A group in the list.
#[derive(Debug, Serialize)]
pub(crate) struct GroupRow {
    pub(crate) group: GroupChoice,
    pub(crate) members: i64,
    /// The words are `permission-{name}`.
    pub(crate) permissions: Vec<Permission>,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct GroupsView {
    pub(crate) rows: Vec<GroupRow>,
}

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct GroupForm {
    pub(crate) name: String,
    pub(crate) permission: Vec<String>,
}

/// The form.
#[derive(Debug, Serialize)]
pub(crate) struct GroupView {
    /// None: it is a new one.
    pub(crate) id: Option<GroupId>,
    /// The words of one that is there from the start are `group-{builtin}`.
    pub(crate) builtin: Option<&'static str>,
    pub(crate) form: GroupForm,
    pub(crate) errors: FormErrors,
    /// Everything that can be ticked, and whether the one who looks may.
    pub(crate) permissions: Vec<(Permission, bool)>,
}

/// The page that asks before a group is deleted.
#[derive(Debug, Serialize)]
pub(crate) struct DeleteGroupView {
    pub(crate) id: GroupId,
    pub(crate) name: String,
}

fn view(user: &CurrentUser, group: Option<&Group>, form: GroupForm, errors: FormErrors) -> GroupView {
    GroupView {
        id: group.map(|group| group.id),
        builtin: group.and_then(|group| group.builtin).map(|builtin| builtin.as_str()),
        form,
        errors,
        permissions: shown(Permission::ALL).map(|permission| (permission, user.actor.may(permission))).collect(),
    }
}

/// Those that make a difference: things of their own everyone keeps.
fn shown(permissions: &[Permission]) -> impl Iterator<Item = Permission> {
    permissions.iter().copied().filter(|permission| *permission != Permission::ManageOwn)
}

/// Shows all.
pub(crate) async fn list(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    let rows = groups::all(&app.db).await?.into_iter().map(|(group, members)| GroupRow {
        group: GroupChoice::of(&group, false),
        members,
        permissions: shown(&group.permissions).collect(),
    });
    page.show("manage/groups.html", &GroupsView { rows: rows.collect() })
}

/// Shows the empty form.
pub(crate) async fn new(page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("manage/group.html", &view(&user, None, GroupForm::default(), FormErrors::none()))
}

/// Makes a group.
pub(crate) async fn create(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Form(form): Form<GroupForm>,
) -> Result<Response, Error> {
    let draft = match GroupDraft::parse(&form.name, &form.permission) {
        Ok(draft) => draft,
        Err(problems) => {
            let errors = page.errors(&problems);
            return page.invalid("manage/group.html", &view(&user, None, form, errors));
        }
    };
    let (changed, _) = groups::create(&app.db, Some(&user.actor), &draft, &author(&app, &visit, &user)).await?;
    if changed == Changed::NameTaken {
        let errors = page.error("name", &Problem::new("problem-group-name-taken"));
        return page.invalid("manage/group.html", &view(&user, None, form, errors));
    }
    Ok(said(changed, "flash-group-saved")?.with("name", &draft.name).and_go("/manage/groups"))
}

/// Shows the form of a group.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<GroupId>,
) -> Result<Response, Error> {
    let group = groups::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    let permission = group.permissions.iter().map(ToString::to_string).collect();
    let form = GroupForm { name: group.name.clone(), permission };
    page.show("manage/group.html", &view(&user, Some(&group), form, FormErrors::none()))
}

/// Changes a group.
pub(crate) async fn update(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Path(id): Path<GroupId>,
    Form(mut form): Form<GroupForm>,
) -> Result<Response, Error> {
    let group = groups::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    if group.builtin.is_some() {
        form.name.clone_from(&group.name);
    }
    let draft = match GroupDraft::parse(&form.name, &form.permission) {
        Ok(draft) => draft,
        Err(problems) => {
            let errors = page.errors(&problems);
            return page.invalid("manage/group.html", &view(&user, Some(&group), form, errors));
        }
    };
    let changed = groups::update(&app.db, &user.actor, id, &draft, &author(&app, &visit, &user)).await?;
    if changed == Changed::NameTaken {
        let errors = page.error("name", &Problem::new("problem-group-name-taken"));
        return page.invalid("manage/group.html", &view(&user, Some(&group), form, errors));
    }
    Ok(said(changed, "flash-group-saved")?.with("name", &draft.name).and_go("/manage/groups"))
}

/// Asks whether to delete a group.
pub(crate) async fn ask_delete(
    State(app): State<AppState>,
    page: Page,
    Path(id): Path<GroupId>,
) -> Result<Response, Error> {
    let group = groups::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    page.show("manage/delete_group.html", &DeleteGroupView { id, name: group.name })
}

/// Deletes a group.
pub(crate) async fn delete(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<GroupId>,
) -> Result<Response, Error> {
    let changed = groups::delete(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    Ok(said(changed, "flash-group-deleted")?.and_go("/manage/groups"))
}
