//! The first page a stranger sees. Whoever has signed in goes on to the overview.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::Serialize;
use vestnik_store::installation;

use crate::{error::Error, page::Page, state::AppState};

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct HomeView {
    /// Whether someone runs the installation.
    pub(crate) set_up: bool,
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    if page.visit.user.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let set_up = installation::has_administrator(&app.db).await?;
    page.show("home.html", &HomeView { set_up })
}
