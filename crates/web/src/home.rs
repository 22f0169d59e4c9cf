//! The first page a stranger sees. Whoever has signed in goes on to the overview.

use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;

use crate::{error::Error, page::Page};

/// Nothing but words.
#[derive(Debug, Serialize)]
pub(crate) struct HomeView {}

/// Shows it.
pub(crate) async fn show(page: Page) -> Result<Response, Error> {
    if page.visit.user.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    page.show("home.html", &HomeView {})
}
