//! Login and logout (S-34).

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{Problem, recipient::address};
use vestnik_store::users;

use super::{count_account, count_address};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Query},
    limits::Limit,
    page::Page,
    session::{self, own_path},
    state::AppState,
    visit::Visit,
};

const BY_ACCOUNT: Limit = Limit::per_minutes("login-account", 10, 15);
const BY_ADDRESS: Limit = Limit::per_minutes("login-address", 60, 15);

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct LoginForm {
    #[serde(default)]
    pub(crate) email: String,
    #[serde(default, skip_serializing)]
    pub(crate) password: String,
    /// Where to go afterwards.
    #[serde(default)]
    pub(crate) next: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct LoginView {
    pub(crate) form: LoginForm,
    pub(crate) errors: FormErrors,
}

/// The form, with where to go afterwards.
pub(crate) async fn form(page: Page, Query(query): Query<LoginForm>) -> Result<Response, Error> {
    let next = own_path(&query.next).unwrap_or("/dashboard").to_owned();
    if page.visit.user.is_some() {
        return Ok(Redirect::to(&next).into_response());
    }
    let form = LoginForm { next, ..LoginForm::default() };
    page.show("accounts/login.html", &LoginView { form, errors: FormErrors::none() })
}

/// Checks the password and begins a session.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Form(form): Form<LoginForm>,
) -> Result<Response, Error> {
    count_address(&app, &page, BY_ADDRESS)?;
    count_account(&app, BY_ACCOUNT, &form.email)?;
    // What is no address has no account; it takes as long to say so.
    let user = match address(&form.email) {
        Ok(email) => users::find_by_email(&app.db, &email).await?,
        Err(_) => None,
    };
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = app.passwords.verify(form.password.clone(), hash).await?;
    let Some(user) = user.filter(|_| right) else {
        let errors = page.error("", &Problem::new("problem-login-wrong"));
        return page.invalid("accounts/login.html", &LoginView { form, errors });
    };

    app.limiter.forget(BY_ACCOUNT, form.email.trim());
    let next = own_path(&form.next).unwrap_or("/dashboard");
    let welcome = Flash::ok("flash-welcome").with("name", &user.name).and_go(next);
    session::begin(&app, &page.visit, &user, welcome).await
}

/// Ends the session.
pub(crate) async fn logout(State(app): State<AppState>, visit: Visit) -> Result<Response, Error> {
    let goodbye = Flash::ok("flash-logged-out").and_go("/login");
    session::end(&app, &visit, goodbye).await
}
