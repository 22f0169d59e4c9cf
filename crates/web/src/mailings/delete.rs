//! Deleting a mailing: asked once, done by a form.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use vestnik_model::id::MailingId;
use vestnik_store::{
    deletions::{self, MailingDeletion},
    mailings,
};

use crate::{error::Error, flash::Flash, form::Path, page::Page, session::CurrentUser, state::AppState};

/// The page that asks.
#[derive(Debug, Serialize)]
pub(crate) struct DeleteView {
    pub(crate) id: MailingId,
    pub(crate) name: String,
}

/// Asks.
pub(crate) async fn ask(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    page.show("mailings/delete.html", &DeleteView { id, name: mailing.name })
}

/// Deletes.
pub(crate) async fn submit(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    match deletions::delete_mailing(&app.db, &user.actor, id, app.now()).await? {
        MailingDeletion::Done => Ok(Flash::ok("flash-mailing-deleted").with("name", mailing.name).and_go("/mailings")),
        MailingDeletion::InSteps(id) => Ok(Redirect::to(&format!("/deletions/{id}")).into_response()),
        MailingDeletion::NotFound => Err(Error::NotFound),
        MailingDeletion::Running => Ok(Flash::warn("flash-mailing-running").and_go(&format!("/mailings/{id}"))),
    }
}
