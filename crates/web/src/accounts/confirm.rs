//! Confirmation of the address (S-33). The link in the letter opens a page with a button: programs that look at links in
//! mail must not use them up.

use std::time::Duration;

use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Serialize;
use vestnik_model::{
    secret::new_secret,
    user::{TokenPurpose, User},
};
use vestnik_store::{
    tokens::{self, Redeemed},
    users,
};

use super::{count_account, gone};
use crate::{
    error::Error, flash::Flash, form::Path, letters, limits::Limit, page::Page, preferences::came_from,
    session::CurrentUser, state::AppState,
};

const LIFETIME: Duration = Duration::from_secs(3 * 24 * 3600);
const RESEND: Limit = Limit::per_minutes("confirm", 3, 15);

/// The page with the button.
#[derive(Debug, Serialize)]
pub(crate) struct ConfirmView {
    pub(crate) email: String,
}

/// Sends the letter with a fresh link.
pub(super) async fn send_link(app: &AppState, user: &User) -> Result<(), Error> {
    let token = new_secret(&*app.random);
    let now = app.now();
    tokens::issue(&app.db, user.id, TokenPurpose::Confirm, &token, now, now.plus(LIFETIME)).await?;
    letters::send(app, letters::Kind::Confirm, user, &format!("/confirm/{token}")).await
}

/// Asks whether to confirm.
pub(crate) async fn ask(State(app): State<AppState>, page: Page, Path(token): Path<String>) -> Result<Response, Error> {
    match tokens::look(&app.db, TokenPurpose::Confirm, &token, app.now()).await? {
        Redeemed::Valid(id) => {
            let user = users::find(&app.db, id).await?.ok_or(Error::NotFound)?;
            page.show("accounts/confirm.html", &ConfirmView { email: user.email })
        }
        Redeemed::Used(_) | Redeemed::Expired(_) | Redeemed::Unknown => {
            gone(&page, "confirm-gone", "/login", "confirm-gone-login")
        }
    }
}

/// Confirms.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    match tokens::redeem(&app.db, TokenPurpose::Confirm, &token, app.now()).await? {
        Redeemed::Valid(id) => {
            users::confirm(&app.db, id, app.now()).await?;
            let next = if page.visit.user.is_some() { "/dashboard" } else { "/login" };
            Ok(Flash::ok("flash-confirmed").and_go(next))
        }
        Redeemed::Used(_) | Redeemed::Expired(_) | Redeemed::Unknown => {
            gone(&page, "confirm-gone", "/login", "confirm-gone-login")
        }
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
    count_account(&app, RESEND, &user.user.email).await?;
    send_link(&app, &user.user).await?;
    Ok(Flash::ok("flash-confirm-sent").with("email", &user.user.email).and_go(&back))
}
