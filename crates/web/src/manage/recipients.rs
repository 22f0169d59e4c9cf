//! Everyone's recipients, to look at (S-39).

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_store::oversight::{self, OverseenFilter, OverseenRecipient};

use super::{ListQuery, PAGE_SIZE};
use crate::{
    error::Error,
    form::Query,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct RecipientsView {
    pub(crate) rows: Vec<OverseenRecipient>,
    pub(crate) search: String,
    /// Whose, if only one person's are wanted.
    pub(crate) owner: String,
    pub(crate) pager: Pager,
}

/// Shows it.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let filter = OverseenFilter { search: query.q.trim().to_owned(), owner: query.owner.parse().ok() };
    let cursor = query.at.parse().ok();
    let found = oversight::recipients(&app.db, &user.actor, &filter, cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/manage/recipients", &[("q", filter.search.as_str()), ("owner", &query.owner)], &found);
    let view = RecipientsView { rows: found.rows, search: filter.search, owner: query.owner, pager };
    page.show("manage/recipients.html", &view)
}
