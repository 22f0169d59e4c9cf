//! The second step of a login: the code of an app, or a recovery code.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use vestnik_model::{Problem, audit::Action, second_factor::Code};
use vestnik_store::{logins::Finished, second_factor};

use super::login;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Query},
    limits::Limit,
    page::Page,
    session::{self, own_path},
    state::AppState,
};

/// By account, from wherever: who gets this far knows the password, and there are only a million codes.
pub(super) const CODES: Limit = Limit::per_minutes("second-factor", 10, 15);

/// What is typed.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CodeForm {
    #[serde(skip_serializing)]
    pub(crate) code: String,
    /// Where to go afterwards.
    pub(crate) next: String,
    /// `recovery`: the field is for one of the recovery codes, which have letters. Both kinds are taken in either case.
    pub(crate) with: String,
}

/// The page.
#[derive(Serialize)]
pub(crate) struct CodeView {
    pub(crate) form: CodeForm,
    pub(crate) errors: FormErrors,
}

/// Asks for the code.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    jar: CookieJar,
    Query(form): Query<CodeForm>,
) -> Result<Response, Error> {
    if session::half_login(&app, &jar).await?.is_none() {
        return Ok(Redirect::to("/login").into_response());
    }
    page.show("accounts/login_code.html", &CodeView { form, errors: FormErrors::none() })
}

/// Checks it and begins the session.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    jar: CookieJar,
    Form(form): Form<CodeForm>,
) -> Result<Response, Error> {
    let gone = || Flash::warn("flash-login-again").and_go("/login");
    let Some(half) = session::half_login(&app, &jar).await? else { return Ok(gone()) };
    let refused = |page: &Page, form: CodeForm, problem: Problem| {
        page.invalid("accounts/login_code.html", &CodeView { form, errors: page.error("code", &problem) })
    };
    let code = match Code::parse(&form.code) {
        Ok(code) => code,
        Err(problem) => return refused(&page, form, problem),
    };
    let account = half.user.id.to_string();
    CODES.count(&app, &account).await?;
    let next = own_path(&form.next).unwrap_or("/dashboard").to_owned();
    match session::finish(&app, &page.visit, &half, &code, &next).await? {
        Ok(welcome) => {
            CODES.forget(&app, &account).await;
            Ok(welcome)
        }
        Err(Finished::WrongCode) => {
            login::note(&app, &page.visit, &half.user, Action::SecondFactorFailed).await?;
            // A recovery code would have done.
            let lost = matches!(code, Code::App(_)) && !second_factor::is_readable(&app.db, half.user.id).await?;
            let problem = if lost { "problem-code-unreadable" } else { "problem-code-wrong" };
            refused(&page, form, Problem::new(problem))
        }
        Err(_) => Ok(gone()),
    }
}
