//! The list of messages, newest first.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::message::Message;
use vestnik_store::{Cursor, messages};

use crate::{
    error::Error,
    form::Query,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

const PAGE_SIZE: usize = 50;

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    pub(crate) at: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) rows: Vec<Message>,
    pub(crate) pager: Pager,
    pub(crate) total: i64,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let cursor: Option<Cursor> = query.at.parse().ok();
    let found = messages::list(&app.db, &user.actor, cursor.as_ref(), PAGE_SIZE).await?;
    if found.rows.is_empty() && cursor.is_some() {
        return Ok(Redirect::to("/messages").into_response());
    }
    let total = messages::count(&app.db, &user.actor).await?;

    let pager = Pager::of("/messages", &[], &found);
    page.show("messages/list.html", &ListView { rows: found.rows, pager, total })
}
