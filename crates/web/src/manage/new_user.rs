//! An account that an administrator makes for someone (S-46): they get an email and set their own password.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    BuiltinGroup, Problem,
    id::GroupId,
    secret::new_secret,
    user::{Registration, User},
};
use vestnik_store::{
    groups,
    people::{self, Created, FirstGroup},
};

use super::{author, user::GroupChoice};
use crate::{
    accounts::password_recovery,
    error::Error,
    flash::Flash,
    form::{Form, FormErrors},
    letters::Kind,
    page::Page,
    session::CurrentUser,
    state::AppState,
    visit::Visit,
};

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct NewUserForm {
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) language: String,
    /// The name of one that is there from the start, or the number of another.
    pub(crate) group: String,
}

impl NewUserForm {
    fn first_group(&self) -> Option<FirstGroup> {
        let builtin = self.group.parse::<BuiltinGroup>().map(FirstGroup::from);
        builtin.ok().or_else(|| self.group.parse::<GroupId>().map(FirstGroup::from).ok())
    }
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct NewUserView {
    pub(crate) form: NewUserForm,
    pub(crate) errors: FormErrors,
    /// Those that the one who looks may put someone into.
    pub(crate) groups: Vec<GroupChoice>,
}

impl NewUserView {
    async fn new(app: &AppState, user: &CurrentUser, form: NewUserForm, errors: FormErrors) -> Result<Self, Error> {
        let all = groups::all(&app.db).await?.into_iter().map(|(group, _)| group);
        let may = |group: &vestnik_model::Group| user.actor.may_all(&group.permissions);
        let groups = all.filter(may).map(|group| GroupChoice::of(&group, false)).collect();
        Ok(Self { form, errors, groups })
    }
}

/// Shows the empty form.
pub(crate) async fn form(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let form = NewUserForm {
        language: page.language().to_string(),
        group: BuiltinGroup::Users.to_string(),
        ..NewUserForm::default()
    };
    page.show("manage/new_user.html", &NewUserView::new(&app, &user, form, FormErrors::none()).await?)
}

/// Makes the account and sends the invitation.
pub(crate) async fn submit(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Form(form): Form<NewUserForm>,
) -> Result<Response, Error> {
    let Some(group) = form.first_group() else { return Err(Error::BadRequest) };
    let language = form.language.parse().unwrap_or(page.language());
    // Nobody knows it, so nobody signs in with it.
    let unknown = new_secret(&*app.random);
    let zone = user.user.time_zone.clone();
    let registration = match Registration::parse(&form.email, &form.name, &unknown, language, &zone) {
        Ok(registration) => registration,
        Err(problems) => {
            let errors = page.errors(&problems);
            return page.invalid("manage/new_user.html", &NewUserView::new(&app, &user, form, errors).await?);
        }
    };
    let hash = app.passwords.hash(unknown).await?;
    let author = author(&app, &visit, &user);
    let (field, problem) =
        match people::create(&app.db, Some(&user.actor), &registration, &hash, None, group, &author).await? {
            Created::Done(made) => return invited(&app, &made).await,
            Created::NotAllowed => return Err(Error::Forbidden),
            Created::EmailTaken => ("email", "problem-email-has-account"),
            Created::NoGroup => ("group", "problem-choice"),
        };
    let errors = page.error(field, &Problem::new(problem));
    page.invalid("manage/new_user.html", &NewUserView::new(&app, &user, form, errors).await?)
}

async fn invited(app: &AppState, made: &User) -> Result<Response, Error> {
    password_recovery::send_link(app, made, Kind::Invite).await?;
    Ok(Flash::ok("flash-user-invited").with("email", &made.email).and_go(&format!("/manage/users/{}", made.id)))
}
