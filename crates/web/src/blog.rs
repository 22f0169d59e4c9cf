//! The blog as everyone reads it (S-49 to S-52): the list, an article, the feed, and the map for search engines. It is
//! written in `manage::articles`.

pub(crate) mod feed;
pub(crate) mod markdown;
pub(crate) mod nesting;
#[cfg(test)]
mod tests;
pub(crate) mod views;

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Permission, UnixMillis,
    article::{Article, Publication},
    id::ArticleId,
};
use vestnik_store::{
    Cursor,
    articles::{self, AtSlug},
    pictures::{self, Picture},
};

use self::markdown::{Place, VERSION, beginning, image, render_any};
use crate::{
    cached::{ARTICLE, ARTICLES},
    error::Error,
    form::{Path, Query},
    home::{self, Figures},
    page::{Page, Pager},
    state::AppState,
    visit::Visit,
};

const PAGE_SIZE: usize = 12;
/// Characters of an article's beginning, where nobody wrote what it is about.
const BEGINNING: usize = 180;

/// Where the list begins.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    at: String,
}

/// An article in a list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Card {
    pub(crate) title: String,
    pub(crate) slug: String,
    pub(crate) lead: String,
    /// HTML of the picture; empty: none.
    pub(crate) cover: String,
    pub(crate) published_at: UnixMillis,
    pub(crate) views: i64,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    /// Over everyone's data, and articles chosen at random, on the first page alone.
    pub(crate) figures: Option<Figures>,
    pub(crate) chosen: Vec<Card>,
    pub(crate) cards: Vec<Card>,
    pub(crate) pager: Pager,
    pub(crate) zone: String,
    /// This page's address, for search engines.
    pub(crate) canonical: String,
}

/// An article.
#[derive(Debug, Serialize)]
pub(crate) struct ArticleView {
    pub(crate) title: String,
    pub(crate) lead: String,
    /// HTML that has gone through the sieve.
    pub(crate) html: String,
    pub(crate) cover: String,
    /// The cover's address in full, for messengers; empty: none.
    pub(crate) cover_address: String,
    pub(crate) author: String,
    /// Empty only before those who keep the blog.
    pub(crate) published_at: Option<UnixMillis>,
    pub(crate) views: i64,
    pub(crate) zone: String,
    pub(crate) canonical: String,
    /// Where it can be changed, for those who may.
    pub(crate) edit: String,
    /// Whether everyone reads it.
    pub(crate) public: bool,
}

/// In which zone a visitor reads dates: their own, or the installation's.
pub(crate) async fn zone(app: &AppState, visit: &Visit) -> Result<String, Error> {
    match &visit.user {
        Some(who) => Ok(who.user.time_zone.clone()),
        None => Ok(app.installation().await?.time_zone.clone()),
    }
}

/// Cards for articles that are published.
pub(crate) async fn cards(app: &AppState, found: Vec<Article>) -> Result<Vec<Card>, Error> {
    let covers: Vec<_> = found.iter().filter_map(|article| article.cover_id).collect();
    let covers = pictures::find(&app.db, &covers).await?;
    let card = |article: Article| Card {
        cover: cover_of(&article, &covers)
            .map(|cover| image(cover, &article.cover_alt, &Place::Page))
            .unwrap_or_default(),
        lead: lead_of(&article),
        title: article.title,
        slug: article.slug,
        published_at: article.published_at.unwrap_or(article.created_at),
        views: article.views,
    };
    Ok(found.into_iter().map(card).collect())
}

/// What an article is about, in its writer's words, or as it begins.
fn lead_of(article: &Article) -> String {
    if article.lead.is_empty() { beginning(&article.body, BEGINNING) } else { article.lead.clone() }
}

pub(crate) fn cover_of<'a>(article: &Article, pictures: &'a [Picture]) -> Option<&'a Picture> {
    pictures.iter().find(|picture| Some(picture.id) == article.cover_id)
}

/// The list, newest first.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let view = async || {
        let cursor: Option<Cursor> = query.at.parse().ok();
        let found = articles::published(&app.db, app.now(), cursor.as_ref(), PAGE_SIZE).await?;
        let pager = Pager::of("/blog", &[], &found);
        let (cards, zone) = (cards(&app, found.rows).await?, zone(&app, &page.visit).await?);
        let (figures, chosen) = match query.at.is_empty() {
            true => home::figures_and_articles(&app).await.map(|(figures, chosen)| (Some(figures), chosen))?,
            false => (None, Vec::new()),
        };
        let canonical = app.settings.link("/blog");
        Ok::<_, Error>((ListView { figures, chosen, cards, pager, zone, canonical }, ()))
    };
    // The ways further back are without number, and few go there.
    if !query.at.is_empty() {
        return page.show("blog/list.html", &view().await?.0);
    }
    let shown = page.show_public(&app, ARTICLES, "blog/list.html", "", view);
    shown.await.map(|(response, ())| response)
}

/// An article. What is not published yet is there for those who keep the blog alone.
pub(crate) async fn show(State(app): State<AppState>, page: Page, Path(slug): Path<String>) -> Result<Response, Error> {
    let slug = slug.replace('\0', "");
    let view = async || article(&app, &page.visit, &slug).await;
    match page.show_public(&app, ARTICLE, "blog/article.html", &slug, view).await {
        Ok((response, read)) => {
            if let Some(id) = read {
                views::note(&app, &page.visit, id).await;
            }
            Ok(response)
        }
        Err(Instead::Elsewhere(slug)) => Ok(Redirect::permanent(&format!("/blog/{slug}")).into_response()),
        Err(Instead::Failed(error)) => Err(error),
    }
}

/// What comes in place of an article.
enum Instead {
    /// It has this address now.
    Elsewhere(String),
    /// Nothing.
    Failed(Error),
}

impl From<Error> for Instead {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The article at an address as this visitor sees it, and, if everyone may read it, which one it is.
async fn article(app: &AppState, visit: &Visit, slug: &str) -> Result<(ArticleView, Option<ArticleId>), Instead> {
    let (article, moved) = match articles::at_slug(&app.db, slug).await.map_err(Error::from)? {
        AtSlug::Article(article) => (*article, false),
        AtSlug::Moved(article) => (*article, true),
        AtSlug::Nothing => return Err(Error::NotFound.into()),
    };
    let keeps = visit.user.as_ref().is_some_and(|who| who.actor.may(Permission::ManageBlog));
    let public = article.publication(app.now()) == Publication::Published;
    if !public && !keeps {
        return Err(Error::NotFound.into());
    }
    if moved {
        return Err(Instead::Elsewhere(article.slug));
    }
    let id = public.then_some(article.id);
    Ok((ArticleView::of(app, visit, article, public, keeps).await?, id))
}

/// The article's body as HTML: as stored, or rendered and stored now.
async fn html_of(app: &AppState, article: &Article) -> Result<String, Error> {
    if let Some(html) = articles::html(&app.db, article.id, VERSION).await? {
        return Ok(html);
    }
    let html = render_any(app, &article.body, Place::Page).await?;
    articles::keep_html(&app.db, article.id, article.updated_at, VERSION, &html).await?;
    Ok(html)
}

impl ArticleView {
    pub(crate) async fn of(
        app: &AppState,
        visit: &Visit,
        article: Article,
        public: bool,
        keeps: bool,
    ) -> Result<Self, Error> {
        let pictures = pictures::find(&app.db, article.cover_id.as_slice()).await?;
        let cover = cover_of(&article, &pictures);
        let author = match article.author_id {
            Some(id) => articles::author_name(&app.db, id).await?.unwrap_or_default(),
            None => String::new(),
        };
        let widest = cover.and_then(|cover| Some(app.settings.link(&format!("/media/{}", cover.files.last()?.0))));
        let lead = lead_of(&article);
        Ok(Self {
            html: html_of(app, &article).await?,
            cover: cover.map(|cover| image(cover, &article.cover_alt, &Place::Page)).unwrap_or_default(),
            cover_address: widest.unwrap_or_default(),
            author,
            lead,
            canonical: app.settings.link(&format!("/blog/{}", article.slug)),
            edit: if keeps { format!("/manage/articles/{}", article.id) } else { String::new() },
            title: article.title,
            published_at: article.published_at,
            views: article.views,
            zone: zone(app, visit).await?,
            public,
        })
    }
}
