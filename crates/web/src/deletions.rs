//! The progress of something that is deleted step by step.

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_model::id::DeletionId;
use vestnik_store::deletions::{self, Deletion};

use crate::{error::Error, form::Path, page::Page, session::CurrentUser, state::AppState};

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ShowView {
    pub(crate) deletion: Deletion,
}

/// How far it has come.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<DeletionId>,
) -> Result<Response, Error> {
    let deletion = deletions::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    if deletion.finished_at.is_some() {
        // What the pages had counted before.
        app.counts.forget(user.actor.user());
    }
    page.show("deletion.html", &ShowView { deletion })
}
