//! The end of an account, by its owner: with the password, and the address typed once more, because nothing brings it
//! back.

use axum::response::{IntoResponse, Redirect};
use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Problem, Problems, recipient::address};
use vestnik_store::{
    groups::{self, Changed},
    people, runs, stats,
};

use super::{MessageView, security::check_password};
use crate::{
    error::Error,
    form::{Form, FormErrors},
    letters::{self, About, Kind, Post},
    manage::author,
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
};

/// Runs that are counted; more going on at once say no more.
const RUNS: i64 = 1_000;

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LeaveForm {
    pub(crate) email: String,
    #[serde(skip_serializing)]
    pub(crate) current: String,
}

/// The page, with what goes.
#[derive(Debug, Serialize)]
pub(crate) struct LeaveView {
    pub(crate) form: LeaveForm,
    pub(crate) errors: FormErrors,
    pub(crate) recipients: i64,
    pub(crate) messages: i64,
    pub(crate) mailings: i64,
    pub(crate) attempts: i64,
    /// Runs that are stopped.
    pub(crate) running: usize,
    /// Whether nobody else could run the installation.
    pub(crate) last_administrator: bool,
}

async fn view(app: &AppState, user: &CurrentUser, form: LeaveForm, errors: FormErrors) -> Result<LeaveView, Error> {
    let totals = stats::totals(&app.db, &user.actor).await?;
    Ok(LeaveView {
        form,
        errors,
        recipients: totals.recipients,
        messages: totals.messages,
        mailings: totals.mailings,
        attempts: totals.attempts_ok + totals.attempts_failed,
        running: runs::open_of(&app.db, &user.actor, RUNS).await?.len(),
        last_administrator: groups::is_last_administrator(&app.db, user.user.id).await?,
    })
}

/// Says what goes, and asks.
pub(crate) async fn ask(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    page.show("accounts/leave.html", &view(&app, &user, LeaveForm::default(), FormErrors::none()).await?)
}

/// Deletes the account.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<LeaveForm>,
) -> Result<Response, Error> {
    let own = letters::own_address(&user.user)?;
    let mut problems = Problems::default();
    if address(&form.email).ok().as_ref() != Some(&own) {
        problems.add("email", Problem::new("problem-address-not-own"));
    }
    check_password(&app, &user, &form.current, &mut problems).await?;
    if !problems.is_empty() {
        let shown = view(&app, &user, form, page.errors(&problems)).await?;
        return page.invalid("accounts/leave.html", &shown);
    }

    let goodbye = Post::of(&app).await?.compose(Kind::Goodbye, &user.user, own, &About::default())?;
    let author = author(&app, &page.visit, &user);
    match people::delete_oneself(&app.db, &user.actor, &goodbye.as_new(), &author).await? {
        Changed::Done => {}
        Changed::LastAdministrator => {
            // The page says why.
            let shown = view(&app, &user, form, FormErrors::none()).await?;
            return page.invalid("accounts/leave.html", &shown);
        }
        _ => return Err(Error::SignIn),
    }
    for picture in [&user.user.avatar, &user.user.avatar_small] {
        app.media.forget(picture).await;
    }
    app.counts.forget(user.user.id);
    session::end(&app, &page.visit, Redirect::to("/goodbye").into_response()).await
}

/// Says that it is done, to someone whom nobody here knows any more.
pub(crate) async fn goodbye(page: Page) -> Result<Response, Error> {
    page.show("accounts/message.html", &MessageView { words: "goodbye", email: "", href: "/", button: "error-home" })
}
