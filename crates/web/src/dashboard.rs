//! «Обзор»: what is being sent now, what there is, and what to do next.

use axum::{extract::State, response::Response};
use serde::Serialize;

use crate::{error::Error, page::Page, session::CurrentUser, state::AppState};

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct DashboardView {}

/// Shows it.
pub(crate) async fn show(
    State(_app): State<AppState>,
    page: Page,
    _user: CurrentUser,
) -> Result<Response, Error> {
    page.show("dashboard/show.html", &DashboardView {})
}
