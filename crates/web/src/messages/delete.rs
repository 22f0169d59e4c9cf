//! Deleting a message that no mailing sends.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use vestnik_model::id::MessageId;
use vestnik_store::messages::{self, Deleted};

use super::show::{MailingLink, used_by};
use crate::{error::Error, flash::Flash, form::Path, page::Page, session::CurrentUser, state::AppState};

/// The question, or why it cannot be deleted.
#[derive(Debug, Serialize)]
pub(crate) struct AskView {
    pub(crate) id: MessageId,
    pub(crate) subject: String,
    /// Mailings that send it, in the way of deleting.
    pub(crate) mailings: Vec<MailingLink>,
}

/// Asks whether to delete it.
pub(crate) async fn ask(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
) -> Result<Response, Error> {
    page.show("messages/delete.html", &view(&app, &user, id).await?)
}

/// Deletes it.
pub(crate) async fn delete(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MessageId>,
) -> Result<Response, Error> {
    let view = view(&app, &user, id).await?;
    match messages::delete(&app.db, &user.actor, id).await? {
        Deleted::Gone => Ok(Flash::ok("flash-message-deleted").with("subject", view.subject).and_go("/messages")),
        Deleted::NotFound => Err(Error::NotFound),
        Deleted::InUse(_) => page.answer(StatusCode::CONFLICT, "messages/delete.html", &view),
    }
}

async fn view(app: &AppState, user: &CurrentUser, id: MessageId) -> Result<AskView, Error> {
    let message = messages::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    Ok(AskView { id, subject: message.subject, mailings: used_by(app, user, id).await? })
}
