//! The first page a stranger sees (S-49, S-50): what this is, how much of it there is, something to read, and the ways in.
//! Whoever has signed in goes on to the overview.

#[cfg(test)]
mod tests;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_store::{articles, installation, stats};

use crate::{
    blog::{self, Card},
    cached::{FIGURES, HOME, UNIQUE},
    error::Error,
    page::Page,
    state::AppState,
};

/// Articles on the page.
const ARTICLES: usize = 3;
/// Figures over everyone's data.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) mailings: i64,
    pub(crate) active: i64,
    /// Each address once.
    pub(crate) recipients: i64,
    /// Whether someone runs the installation.
    pub(crate) set_up: bool,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct HomeView {
    pub(crate) figures: Figures,
    pub(crate) cards: Vec<Card>,
    pub(crate) zone: String,
    pub(crate) canonical: String,
}

/// Shows it.
pub(crate) async fn show(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    if page.visit.user.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let shown = page.show_public(&app, HOME, "home.html", "", async || Ok((view(&app, &page).await?, ()))).await;
    shown.map(|(response, ())| response)
}

async fn view(app: &AppState, page: &Page) -> Result<HomeView, Error> {
    let (figures, cards) = figures_and_articles(app).await?;
    let zone = blog::zone(app, &page.visit).await?;
    Ok(HomeView { figures, cards, zone, canonical: app.settings.link("/") })
}

/// The figures, and articles that are chosen at random: others for everyone who looks, every few seconds.
pub(crate) async fn figures_and_articles(app: &AppState) -> Result<(Figures, Vec<Card>), Error> {
    let (figures, _) = app.cache.get_or_make_json(FIGURES, "figures", async || figures(app).await).await?;
    let chosen = async || blog::cards(app, articles::random(&app.db, app.now(), &*app.random, ARTICLES).await?).await;
    let (cards, _) = app.cache.get_or_make_json(FIGURES, "articles", chosen).await?;
    Ok((figures, cards))
}

async fn figures(app: &AppState) -> Result<Figures, Error> {
    let totals = stats::public_totals(&app.db).await?;
    let count = async || Ok::<_, Error>(stats::unique_recipients(&app.db).await?);
    let (recipients, _) = app.cache.get_or_make_json(UNIQUE, &totals.listed.to_string(), count).await?;
    let set_up = installation::has_administrator(&app.db).await?;
    Ok(Figures { mailings: totals.mailings, active: totals.active, recipients, set_up })
}
