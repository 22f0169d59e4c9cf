//! The list of users with their figures (S-40).

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Permission, UnixMillis};
use vestnik_store::people::{self, PeopleFilter, PersonRow};

use super::PAGE_SIZE;
use crate::{
    cached::USERS,
    error::Error,
    form::Query,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UsersQuery {
    pub(crate) q: String,
    /// `blocked`, `active`, or empty.
    pub(crate) state: String,
    pub(crate) at: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct UsersView {
    pub(crate) rows: Vec<PersonRow>,
    pub(crate) search: String,
    /// `blocked`, `active`, or empty.
    pub(crate) state: String,
    pub(crate) total: i64,
    pub(crate) pager: Pager,
    pub(crate) may_create: bool,
    pub(crate) now: UnixMillis,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<UsersQuery>,
) -> Result<Response, Error> {
    let blocked = match query.state.as_str() {
        "blocked" => Some(true),
        "active" => Some(false),
        _ => None,
    };
    let filter = PeopleFilter { search: query.q.trim().to_owned(), blocked };
    let cursor = query.at.parse().ok();
    let key = format!("{:?} {:?} {}", filter.search, query.state, query.at);
    page.show_cached(&app, USERS, "manage/users.html", &key, async || {
        let found = people::list(&app.db, &user.actor, &filter, cursor.as_ref(), PAGE_SIZE).await?;
        let pager = Pager::of("/manage/users", &[("q", filter.search.as_str()), ("state", &query.state)], &found);
        Ok(UsersView {
            rows: found.rows,
            search: filter.search.clone(),
            state: query.state.clone(),
            total: people::count(&app.db).await?,
            pager,
            may_create: user.actor.may(Permission::ManageUsers),
            now: app.now(),
        })
    })
    .await
}
