//! An account that an administrator makes for someone (S-46): they get a letter and set their own password.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{BuiltinGroup, Problem, secret::new_secret, user::Registration};
use vestnik_store::people::{self, Created};

use super::author;
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
    pub(crate) group: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct NewUserView {
    pub(crate) form: NewUserForm,
    pub(crate) errors: FormErrors,
}

/// Shows the empty form.
pub(crate) async fn form(page: Page) -> Result<Response, Error> {
    let form = NewUserForm {
        language: page.language().to_string(),
        group: BuiltinGroup::Users.to_string(),
        ..NewUserForm::default()
    };
    page.show("manage/new_user.html", &NewUserView { form, errors: FormErrors::none() })
}

/// Makes the account and sends the invitation.
pub(crate) async fn submit(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Form(form): Form<NewUserForm>,
) -> Result<Response, Error> {
    let group: BuiltinGroup = form.group.parse().map_err(|_| Error::BadRequest)?;
    let language = form.language.parse().unwrap_or(page.language());
    // Nobody knows it, so nobody signs in with it.
    let unknown = new_secret(&*app.random);
    let zone = user.user.time_zone.clone();
    let registration = match Registration::parse(&form.email, &form.name, &unknown, language, &zone) {
        Ok(registration) => registration,
        Err(problems) => {
            let errors = page.errors(&problems);
            return page.invalid("manage/new_user.html", &NewUserView { form, errors });
        }
    };
    let hash = app.passwords.hash(unknown).await?;
    let author = author(&app, &visit, &user);
    let made = match people::create(&app.db, Some(&user.actor), &registration, &hash, None, group, &author).await? {
        Created::Done(made) => made,
        Created::NotAllowed => return Err(Error::Forbidden),
        Created::EmailTaken => {
            let errors = page.error("email", &Problem::new("problem-email-has-account"));
            return page.invalid("manage/new_user.html", &NewUserView { form, errors });
        }
    };
    password_recovery::send_link(&app, &made, Kind::Invite).await?;
    Ok(Flash::ok("flash-user-invited").with("email", &made.email).and_go(&format!("/manage/users/{}", made.id)))
}
