//! Sending again what did not arrive: what failed, whoever was not reached, and, after a question, what is of unknown
//! fate.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::id::RunId;
use vestnik_store::control::{self, Again, SentAgain};

use super::{control::found, progress::RunView};
use crate::{error::Error, flash::Flash, form::Path, page::Page, session::CurrentUser, state::AppState};

/// The page that asks before letters of unknown fate are sent again.
#[derive(Debug, Serialize)]
pub(crate) struct ResendView {
    pub(crate) run: RunView,
}

/// Sends again what failed.
pub(crate) async fn failed(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    send(&app, &user, id, Again::Failed).await
}

/// Sends to all who have surely not got it.
pub(crate) async fn missed(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    send(&app, &user, id, Again::NotReached).await
}

/// Asks whether to send again to those of whom nobody knows, because some of them may get a second copy.
pub(crate) async fn ask_unknown(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    let (run, mailing) = found(&app, &user, id).await?;
    if run.counts.unknown == 0 {
        return Ok(Flash::warn("flash-again-nothing").and_go(&format!("/mailings/{}", mailing.id)));
    }
    page.show("mailings/resend.html", &ResendView { run: RunView::of(&run, &mailing.name, None, app.now()) })
}

/// Sends again to those of unknown fate.
pub(crate) async fn unknown(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RunId>,
) -> Result<Response, Error> {
    send(&app, &user, id, Again::Unknown).await
}

async fn send(app: &AppState, user: &CurrentUser, id: RunId, which: Again) -> Result<Response, Error> {
    let (_, mailing) = found(app, user, id).await?;
    let said = match control::send_again(&app.db, &user.actor, id, which, app.now()).await? {
        SentAgain::Waiting(count) => Flash::ok("flash-again-waiting").with("n", count),
        SentAgain::Nothing => Flash::warn("flash-again-nothing"),
        SentAgain::NotNow => Flash::warn("flash-again-not-now"),
        SentAgain::WindowOver => Flash::warn("flash-run-window-over"),
        SentAgain::Disabled => Flash::warn("flash-mailing-disabled"),
        SentAgain::MayNotSend => Flash::warn("flash-run-unconfirmed"),
        SentAgain::NotFound => return Err(Error::NotFound),
    };
    Ok(said.and_go(&format!("/mailings/{}", mailing.id)))
}
