//! Confirmation of the address (S-33). The link in the email opens a page with a button: programs that look at links in
//! mail must not use them up. Who is not signed in to the account gives its password there: see [`super::proof`].
//!
//! What the catcher alone has seen is confirmed again when a mail server is set ([`ask_again`]).

use std::time::Duration;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use vestnik_model::{
    secret::new_secret,
    user::{TokenPurpose, User},
};
use vestnik_store::{
    installation,
    tokens::{self, Redeemed},
    users,
};

use super::{
    count_account, gone,
    proof::{self, ProofForm, Shown, is_at_hand},
};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    letters,
    limits::Limit,
    page::Page,
    preferences::came_from,
    session::{self, CurrentUser},
    state::AppState,
};

const LIFETIME: Duration = Duration::from_secs(3 * 24 * 3600);
const RESEND: Limit = Limit::per_minutes("confirm", 3, 15);
/// Whoever registered with another's address must not fill that mailbox.
const RESEND_DAILY: Limit = Limit::per_minutes("confirm-daily", 5, 24 * 60);

/// The page with the button.
#[derive(Debug, Serialize)]
pub(crate) struct ConfirmView {
    pub(crate) email: String,
    /// Whether the account's password is asked for, because this browser is not signed in to it.
    pub(crate) asks_password: bool,
    pub(crate) errors: FormErrors,
}

/// Sends the email with a fresh link.
pub(super) async fn send_link(app: &AppState, user: &User) -> Result<(), Error> {
    let token = new_secret(&*app.random);
    let now = app.now();
    let kind = if user.confirmed_by_catcher { letters::Kind::ConfirmAgain } else { letters::Kind::Confirm };
    tokens::issue(&app.db, user.id, TokenPurpose::Confirm, &token, now, now.plus(LIFETIME)).await?;
    letters::send(app, kind, user, &format!("/confirm/{token}")).await
}

/// Once mail reaches people, asks those to confirm their address again whose confirmation the catcher alone has seen.
///
/// # Errors
/// The database cannot be asked.
pub async fn ask_again(app: &AppState) -> Result<(), Error> {
    if app.settings.catches(&installation::read(&app.db).await?) {
        return Ok(());
    }
    let users = users::unconfirm_caught(&app.db).await?;
    for user in users.iter().filter(|user| user.blocked_at.is_none()) {
        send_link(app, user).await?;
    }
    if !users.is_empty() {
        tracing::info!(users = users.len(), "asked to confirm addresses again that the catcher alone had seen");
    }
    Ok(())
}

/// Whose address a link confirms.
async fn holder(app: &AppState, token: &str) -> Result<Option<User>, Error> {
    match tokens::look(&app.db, TokenPurpose::Confirm, token, app.now()).await? {
        Redeemed::Valid(id) => Ok(users::find(&app.db, id).await?.filter(|user| user.blocked_at.is_none())),
        Redeemed::Used(_) | Redeemed::Expired(_) | Redeemed::Unknown => Ok(None),
    }
}

fn over(page: &Page) -> Result<Response, Error> {
    gone(page, "confirm-gone", "/login", "confirm-gone-login")
}

/// Asks whether to confirm, and for the password where nobody is signed in to the account.
pub(crate) async fn ask(State(app): State<AppState>, page: Page, Path(token): Path<String>) -> Result<Response, Error> {
    let Some(user) = holder(&app, &token).await? else { return over(&page) };
    let asks_password = !is_at_hand(&page, &user);
    page.show("accounts/confirm.html", &ConfirmView { email: user.email, asks_password, errors: FormErrors::none() })
}

/// Confirms. Whoever has given the password is signed in as well.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Error> {
    let Some(user) = holder(&app, &token).await? else { return over(&page) };
    let shown = proof::show(&app, &page, &user, &form).await?;
    if let Shown::No(problem) = shown {
        let view = ConfirmView { email: user.email, asks_password: true, errors: page.error("password", &problem) };
        return page.invalid("accounts/confirm.html", &view);
    }
    if !matches!(users::confirm(&app.db, &token, app.now()).await?, Redeemed::Valid(_)) {
        return over(&page);
    }
    let done = Flash::ok("flash-confirmed");
    match shown {
        Shown::Password => session::begin(&app, &page.visit, &user, "/dashboard", Some(done)).await,
        Shown::Session | Shown::No(_) => Ok(done.and_go("/dashboard")),
    }
}

/// Sends the letter again and goes back to the page with the banner.
pub(crate) async fn resend(
    State(app): State<AppState>,
    user: CurrentUser,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let back = came_from(&headers);
    if user.user.confirmed_at.is_some() {
        return Ok(Flash::ok("flash-confirm-done").and_go(&back));
    }
    let address = letters::own_address(&user.user)?;
    count_account(&app, RESEND, &address).await?;
    count_account(&app, RESEND_DAILY, &address).await?;
    send_link(&app, &user.user).await?;
    Ok(Flash::ok("flash-confirm-sent").with("email", &user.user.email).and_go(&back))
}
