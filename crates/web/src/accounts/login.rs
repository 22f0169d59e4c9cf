//! Login and logout (S-34).

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{Problem, audit::Action, recipient::address, user::User};
use vestnik_store::{
    audit::{self, Author, Entry},
    users,
};

use super::guesses;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Query},
    letters,
    page::Page,
    session::{self, own_path},
    state::AppState,
    visit::Visit,
};

/// What is typed.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
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

/// Checks the password, and begins a session or asks for the second factor.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Form(form): Form<LoginForm>,
) -> Result<Response, Error> {
    // What is no address has no account; it takes as long to say so.
    let email = address(&form.email).ok();
    guesses::count(&app, &page.visit, email.as_ref()).await?;
    let user = match &email {
        Some(email) => users::find_by_email(&app.db, email).await?,
        None => None,
    };
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let right = app.passwords.verify(form.password.clone(), hash).await?;
    let refused = |page: &Page, problem: Problem| {
        let errors = page.error("", &problem);
        page.invalid(
            "accounts/login.html",
            &LoginView { form: LoginForm { password: String::new(), ..form.clone() }, errors },
        )
    };
    let user = match user {
        Some(user) if right => user,
        known => {
            if let Some(user) = known {
                // Aside, or else the answer would take longer where there is an account.
                let (app, visit) = (app.clone(), page.visit.clone());
                letters::aside(async move { note(&app, &visit, &user, Action::LoginFailed).await });
            }
            return refused(&page, Problem::new("problem-login-wrong"));
        }
    };
    if user.blocked_at.is_some() {
        let reason = if user.blocked_reason.is_empty() { "problem-login-blocked" } else { "problem-login-blocked-why" };
        return refused(&page, Problem::new(reason).with("reason", &user.blocked_reason));
    }

    if let Some(email) = &email {
        guesses::forget(&app, &page.visit, email).await;
    }
    session::begin(&app, &page.visit, &user, own_path(&form.next).unwrap_or("/dashboard"), None).await
}

pub(super) async fn note(app: &AppState, visit: &Visit, user: &User, action: Action) -> Result<(), Error> {
    let author = Author::at_browser(user, visit.address, app.now());
    Ok(audit::note_alone(&app.db, &author, Entry::new(action, Some(user.id.0), &user.email)).await?)
}

/// Ends the session.
pub(crate) async fn logout(State(app): State<AppState>, visit: Visit) -> Result<Response, Error> {
    if let Some(who) = &visit.user {
        note(&app, &visit, &who.user, Action::LoggedOut).await?;
    }
    let goodbye = Flash::ok("flash-logged-out").and_go("/login");
    session::end(&app, &visit, goodbye).await
}
