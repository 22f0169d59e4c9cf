//! «Отчёты»: what a person sent and what came of it, in all, by day and by mailing, over days of their choice (S-29 to
//! S-31). Whoever may look at users sees the same page of anyone: `manage/report.rs`.

pub(crate) mod breakdown;
pub(crate) mod choice;
pub(crate) mod drawing;
pub(crate) mod files;
pub(crate) mod mailing;
#[cfg(test)]
mod tests;
pub(crate) mod view;
pub(crate) mod workbook;

use axum::{extract::State, response::Response};

use crate::{error::Error, form::Query, page::Page, session::CurrentUser, state::AppState};

use self::{choice::ReportQuery, view::Subject};

/// Shows one's own.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    view::show(&app, &page, &user.user, Subject::oneself(&user.actor), query).await
}

/// The days of it as a CSV file.
pub(crate) async fn days_csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    files::days(&app, &page, &user.user, &user.actor, &query)
}

/// The mailings of it as a CSV file.
pub(crate) async fn mailings_csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    files::mailings(&app, &page, &user.user, &user.actor, &query)
}

/// All of it as a workbook for spreadsheet programs.
pub(crate) async fn workbook(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    workbook::answer(&app, &page, &user.user, &user.actor, &query)
}
