//! One user: figures (S-31), blocking (S-41), groups (S-47), and what an administrator does to an account (S-46).

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Group, Permission, UnixMillis,
    audit::Action,
    id::{GroupId, UserId},
};
use vestnik_store::{
    audit::{self, Entry},
    groups,
    letters::{LetterFate, newest_link},
    people::{self, Person},
};

use super::{ReasonForm, author, said};
use crate::{
    accounts::password_recovery,
    dashboard::{FiguresView, figures},
    error::Error,
    flash::Flash,
    form::{Form, Path},
    letters::{self, Kind},
    mailings::{control::one_line, explanation::Explanation},
    page::Page,
    session::CurrentUser,
    state::AppState,
    visit::Visit,
};

/// A group to tick.
#[derive(Debug, Serialize)]
pub(crate) struct GroupChoice {
    pub(crate) id: GroupId,
    /// The words are `group-{builtin}`; none: it is called by its name.
    pub(crate) builtin: Option<&'static str>,
    pub(crate) name: String,
    pub(crate) chosen: bool,
}

impl GroupChoice {
    pub(crate) fn of(group: &Group, chosen: bool) -> Self {
        Self { id: group.id, builtin: group.builtin.map(|builtin| builtin.as_str()), name: group.name.clone(), chosen }
    }
}

/// What the one who looks may do to this person.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Allowed {
    pub(crate) block: bool,
    pub(crate) manage: bool,
    pub(crate) groups: bool,
    pub(crate) report: bool,
    pub(crate) see_mailings: bool,
    pub(crate) see_recipients: bool,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct UserView {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) confirmed: bool,
    pub(crate) created_at: UnixMillis,
    pub(crate) seen_at: Option<UnixMillis>,
    pub(crate) blocked_at: Option<UnixMillis>,
    pub(crate) blocked_reason: String,
    /// Since when a second factor is asked for.
    pub(crate) second_factor_at: Option<UnixMillis>,
    /// What became of the newest letter that lets them in; for those who may have one sent.
    pub(crate) letter: Option<LetterView>,
    pub(crate) figures: FiguresView,
    pub(crate) groups: Vec<GroupChoice>,
    pub(crate) allowed: Allowed,
    /// Whether it is the one who looks.
    pub(crate) oneself: bool,
}

/// A letter that lets someone in.
#[derive(Debug, Serialize)]
pub(crate) struct LetterView {
    pub(crate) subject: String,
    /// The words are `feedback-letter-{state}`.
    pub(crate) state: String,
    pub(crate) tone: &'static str,
    pub(crate) explanation: Explanation,
    pub(crate) at: UnixMillis,
}

impl From<LetterFate> for LetterView {
    fn from(letter: LetterFate) -> Self {
        let tone = match letter.state.as_str() {
            "sent" => "ok",
            "failed" => "warn",
            _ => "wait",
        };
        let explanation = Explanation::of((None, None, &letter.reply), &letter.error, "");
        Self { subject: letter.subject, tone, state: letter.state, explanation, at: letter.created_at }
    }
}

/// The page that asks before something is done to someone.
#[derive(Debug, Serialize)]
pub(crate) struct AskView {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) email: String,
}

/// The groups that are ticked.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct GroupsForm {
    group: Vec<GroupId>,
}

/// Someone whom the visitor may know of.
pub(super) async fn found(app: &AppState, user: &CurrentUser, id: UserId) -> Result<Person, Error> {
    people::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    let all = groups::all(&app.db).await?;
    let actor = &user.actor;
    let outranks = actor.may_all(&person.permissions);
    let manages = people::may_act_on(actor, Permission::ManageUsers, &person);
    let letter = if manages { newest_link(&app.db, actor, id).await?.map(LetterView::from) } else { None };
    let view = UserView {
        id,
        letter,
        figures: figures(&app, &user.user, &actor.looking_at(id)).await?.0,
        groups: all.iter().map(|(group, _)| GroupChoice::of(group, person.groups.contains(&group.id))).collect(),
        allowed: Allowed {
            block: people::may_act_on(actor, Permission::BlockUsers, &person),
            manage: manages,
            groups: actor.may(Permission::ManageUsers) && outranks,
            report: actor.may(Permission::ViewUsers),
            see_mailings: actor.may(Permission::ViewMailings),
            see_recipients: actor.may(Permission::ViewRecipients),
        },
        oneself: actor.user() == id,
        confirmed: person.user.confirmed_at.is_some(),
        created_at: person.user.created_at,
        seen_at: person.user.seen_at,
        blocked_at: person.user.blocked_at,
        second_factor_at: person.user.second_factor_at,
        blocked_reason: person.user.blocked_reason,
        email: person.user.email,
        name: person.user.name,
    };
    page.show("manage/user.html", &view)
}

/// Asks whether, and why, to block someone.
pub(crate) async fn ask_block(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    if !people::may_act_on(&user.actor, Permission::BlockUsers, &person) {
        return Err(Error::Forbidden);
    }
    let view = AskView { id, name: person.user.name, email: person.user.email };
    page.show("manage/block.html", &view)
}

/// Blocks someone and tells them by letter.
pub(crate) async fn block(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Form(form): Form<ReasonForm>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    let reason = one_line(&form.reason);
    let changed = people::block(&app.db, &user.actor, id, &reason, &author(&app, &visit, &user)).await?;
    if changed == groups::Changed::Done {
        app.counts.forget(id);
        letters::send_blocked(&app, &person.user, &reason).await?;
    }
    Ok(said(changed, "flash-user-blocked")?.with("name", &person.user.name).and_go(&format!("/manage/users/{id}")))
}

/// Lets someone in again.
pub(crate) async fn unblock(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    let changed = people::unblock(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    Ok(said(changed, "flash-user-unblocked")?.with("name", &person.user.name).and_go(&format!("/manage/users/{id}")))
}

/// Puts someone into the groups that are ticked.
pub(crate) async fn set_groups(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Form(form): Form<GroupsForm>,
) -> Result<Response, Error> {
    let changed = people::set_groups(&app.db, &user.actor, id, &form.group, &author(&app, &visit, &user)).await?;
    Ok(said(changed, "flash-user-groups")?.and_go(&format!("/manage/users/{id}")))
}

/// Signs someone out of every browser.
pub(crate) async fn sign_out(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let changed = people::end_sessions(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    Ok(said(changed, "flash-user-signed-out")?.and_go(&format!("/manage/users/{id}")))
}

/// Sends someone a letter to set a new password.
pub(crate) async fn recovery(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    if !people::may_act_on(&user.actor, Permission::ManageUsers, &person) {
        return Err(Error::Forbidden);
    }
    if person.user.blocked_at.is_some() {
        return Ok(Flash::warn("flash-manage-not-now").and_go(&format!("/manage/users/{id}")));
    }
    // Noted first: a letter that was not sent can be explained, one that nobody has noted cannot.
    let entry = Entry::new(Action::RecoverySent, Some(id.0), &person.user.email);
    audit::note_alone(&app.db, &author(&app, &visit, &user), entry).await?;
    password_recovery::send_link(&app, &person.user, Kind::Recover).await?;
    Ok(Flash::ok("flash-user-recovery").with("email", &person.user.email).and_go(&format!("/manage/users/{id}")))
}

/// Asks whether to switch off the second factor of someone who has lost it.
pub(crate) async fn ask_second_factor(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    if !people::may_act_on(&user.actor, Permission::ManageUsers, &person) {
        return Err(Error::Forbidden);
    }
    page.show("manage/second_factor.html", &AskView { id, name: person.user.name, email: person.user.email })
}

/// Switches it off, and tells them by letter.
pub(crate) async fn reset_second_factor(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    let author = author(&app, &visit, &user);
    let changed = people::reset_second_factor(&app.db, Some(&user.actor), id, &author).await?;
    if changed == groups::Changed::Done {
        letters::send(&app, Kind::FactorReset, &person.user, "/login").await?;
    }
    Ok(said(changed, "flash-user-factor-reset")?.with("name", &person.user.name).and_go(&format!("/manage/users/{id}")))
}

/// Asks whether to delete someone.
pub(crate) async fn ask_delete(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    if !people::may_act_on(&user.actor, Permission::ManageUsers, &person) {
        return Err(Error::Forbidden);
    }
    page.show("manage/delete_user.html", &AskView { id, name: person.user.name, email: person.user.email })
}

/// Deletes someone with all that is theirs.
pub(crate) async fn delete(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<UserId>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    let changed = people::delete(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    if changed == groups::Changed::Done {
        for picture in [&person.user.avatar, &person.user.avatar_small] {
            app.media.forget(picture).await;
        }
    }
    let to = if changed == groups::Changed::Done { "/manage/users".to_owned() } else { format!("/manage/users/{id}") };
    Ok(said(changed, "flash-user-deleted")?.with("name", &person.user.name).and_go(&to))
}
