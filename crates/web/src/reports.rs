//! «Отчёты»: figures over everything, and each mailing with its own (S-29 to S-31).

use axum::{extract::State, response::Response};
use serde::Serialize;
use vestnik_store::mailings;

use crate::{
    dashboard::{FiguresView, figures},
    error::Error,
    form::Query,
    mailings::list::{ListQuery, PAGE_SIZE, Row},
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
};

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ReportsView {
    pub(crate) figures: FiguresView,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let cursor = query.at.parse().ok();
    let found = mailings::list(&app.db, &user.actor, cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/reports", &[], &found);
    let rows = found.rows.into_iter().map(Row::from).collect();
    let figures = figures(&app, &user.actor).await?;
    page.show("reports/show.html", &ReportsView { figures, rows, pager })
}
