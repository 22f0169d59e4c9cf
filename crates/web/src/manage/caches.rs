//! How the cache is (S-54 to S-58): what it spared, by region, and a way to have a region made anew.

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_cache::{CacheState, RedisCondition, RegionFigures};
use vestnik_model::audit::Action;
use vestnik_store::audit::{self, Entry};

use super::author;
use crate::{
    cached::REGIONS, error::Error, flash::Flash, form::Form, page::Page, session::CurrentUser, state::AppState,
    visit::Visit,
};

/// A region.
#[derive(Debug, Serialize)]
pub(crate) struct RegionView {
    pub(crate) name: &'static str,
    /// Seconds for which its values are fresh.
    pub(crate) fresh_for: u64,
    /// Answered from memory, from Redis, and made anew.
    pub(crate) memory: u64,
    pub(crate) redis: u64,
    pub(crate) made: u64,
    /// Lookups, and those that made nothing.
    pub(crate) asked: u64,
    pub(crate) found: u64,
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct CachesView {
    pub(crate) regions: Vec<RegionView>,
    pub(crate) bytes: u64,
    pub(crate) most_bytes: u64,
    /// `up`, `refusing`, `down`, or `none`.
    pub(crate) redis: &'static str,
    /// Minutes for which it has been so.
    pub(crate) lasting: u64,
    /// The error that made it so.
    pub(crate) reason: String,
}

/// Which region is to be made anew.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ForgetForm {
    region: String,
}

impl CachesView {
    fn of(state: CacheState) -> Self {
        // Also those that nobody has asked for yet.
        let regions = REGIONS.iter().map(|known| {
            let figures = state.regions.iter().find(|region| region.name == known.name);
            let count = |of: fn(&RegionFigures) -> u64| figures.map_or(0, of);
            let (memory, redis, made) =
                (count(|region| region.memory), count(|region| region.redis), count(|region| region.made));
            RegionView {
                name: known.name,
                fresh_for: known.fresh_for.as_secs(),
                memory,
                redis,
                made,
                asked: memory + redis + made,
                found: memory + redis,
                entries: count(|region| region.entries),
                bytes: count(|region| region.bytes),
            }
        });
        let condition = state.redis.as_ref().map(|redis| redis.condition);
        Self {
            regions: regions.collect(),
            bytes: state.bytes,
            most_bytes: state.most_bytes,
            redis: match condition {
                None => "none",
                Some(RedisCondition::Up) => "up",
                Some(RedisCondition::Refusing) => "refusing",
                Some(RedisCondition::Down) => "down",
            },
            lasting: state.redis.as_ref().map_or(0, |redis| redis.lasting.as_secs() / 60),
            reason: state.redis.and_then(|redis| redis.reason).unwrap_or_default(),
        }
    }
}

/// Shows how it is in this process.
pub(crate) async fn show(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    page.show("manage/caches.html", &CachesView::of(app.cache.state()))
}

/// Has a region made anew, on every node.
pub(crate) async fn forget(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Form(form): Form<ForgetForm>,
) -> Result<Response, Error> {
    let known = REGIONS.iter().find(|region| region.name == form.region).ok_or(Error::NotFound)?;
    app.cache.forget(*known).await;
    audit::note_alone(&app.db, &author(&app, &visit, &user), Entry::new(Action::CacheForgotten, None, known.name))
        .await?;
    Ok(Flash::ok("flash-cache-forgotten").and_go("/manage/caches"))
}
