//! Metrics for Prometheus and whoever else reads OpenMetrics, on an address of their own: they are nobody's business
//! outside, and there when pages are not.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use vestnik_cache::{CacheState, RedisCondition};
use vestnik_engine::Measures;
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_store::{Db, letters, stats};
use vestnik_web::delays::Delays;
use vestnik_web::{AppState, health};

/// How long the database has to give its figures.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is told.
pub struct Watched {
    db: Db,
    /// The pages' state; `None`: this process has none.
    pages: Option<AppState>,
    /// Scheduling delays of the process.
    delays: Delays,
    /// What counts by itself.
    counting: Registry,
}

impl Watched {
    /// Of a process that sends, and serves pages if it has a state of them.
    pub fn new(db: Db, engine: &Measures, pages: Option<AppState>) -> Self {
        let mut counting = Registry::with_prefix("vestnik");
        engine.register(&mut counting);
        if let Some(pages) = &pages {
            pages.measures.register(&mut counting);
        }
        let delays = pages.as_ref().map(|pages| pages.delays.clone()).unwrap_or_default();
        Self { db, pages, delays, counting }
    }

    /// What is looked up at each reading.
    async fn looked_up(&self) -> Registry {
        let mut registry = Registry::with_prefix("vestnik");
        let version: Family<VersionLabel, Gauge> = Family::default();
        version.get_or_create(&VersionLabel { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build", "The version that runs", version);
        if let Some(pages) = &self.pages {
            cache(&mut registry, &pages.cache.state());
        }
        let began = Instant::now();
        let known = timeout(PATIENCE, figures(&self.db)).await.ok().and_then(Result::ok);
        gauge(&mut registry, "database_up", "1 if the database gave its figures", i64::from(known.is_some()));
        if let Some((queue, letters)) = known {
            let took: Gauge<f64, std::sync::atomic::AtomicU64> = Gauge::default();
            took.set(began.elapsed().as_secs_f64());
            registry.register_with_unit(
                "database_figures",
                "How long it took to read these figures",
                Unit::Seconds,
                took,
            );
            gauge(&mut registry, "runs_open", "Runs that are going on", queue.runs);
            gauge(&mut registry, "deliveries_open", "Recipients of these whose fate is open", queue.deliveries);
            gauge(&mut registry, "letters_waiting", "Letters of the service that wait to be sent", letters);
            let age = queue.oldest.map_or(0, |at| at.until(SystemClock.now()).as_secs());
            let help = "How long ago the oldest run that is going on began";
            let oldest: Gauge = Gauge::default();
            oldest.set(i64::try_from(age).unwrap_or(i64::MAX));
            registry.register_with_unit("oldest_run_age", help, Unit::Seconds, oldest);
        }
        registry
    }

    async fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.counting)?;
        encode_registry(&mut text, &self.looked_up().await)?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

async fn figures(db: &Db) -> vestnik_store::Result<(stats::Queue, i64)> {
    Ok((stats::queue(db).await?, letters::pending(db).await?))
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct VersionLabel {
    version: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LookupLabels {
    region: &'static str,
    from: &'static str,
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: i64) {
    let gauge: Gauge = Gauge::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn cache(registry: &mut Registry, state: &CacheState) {
    let lookups: Family<LookupLabels, Counter> = Family::default();
    for region in &state.regions {
        for (from, count) in [("memory", region.memory), ("redis", region.redis), ("made", region.made)] {
            lookups.get_or_create(&LookupLabels { region: region.name, from }).inc_by(count);
        }
    }
    registry.register("cache_lookups", "Lookups in the cache, by region and where the value came from", lookups);
    let bytes: Gauge = Gauge::default();
    bytes.set(i64::try_from(state.bytes).unwrap_or(i64::MAX));
    registry.register_with_unit("cache_memory", "What the cache holds in memory", Unit::Bytes, bytes);
    if let Some(redis) = &state.redis {
        gauge(registry, "redis_up", "1 while Redis answers", i64::from(redis.condition != RedisCondition::Down));
    }
}

/// Tells whoever asks, until the process ends.
pub fn serve(listener: TcpListener, watched: Watched) {
    // Pages watch their process themselves.
    if watched.pages.is_none() {
        let (delays, db) = (watched.delays.clone(), watched.db.clone());
        tokio::spawn(async move { delays.watch(&db, None).await });
    }
    let router = Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(ready))
        .with_state(Arc::new(watched));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
}

async fn metrics(State(watched): State<Arc<Watched>>) -> Response {
    match watched.text().await {
        Ok(text) => ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text)
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(watched): State<Arc<Watched>>) -> Response {
    health::readiness(&watched.db, &watched.delays, watched.pages.as_ref()).await
}
