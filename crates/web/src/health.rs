//! For whoever starts, stops and balances processes: whether this one lives, and whether it can answer pages now. Nothing
//! stands in front of it that asks the database who is there.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::time::{Instant, timeout};
use vestnik_store::Db;

use crate::{delays::Delays, state::AppState};

/// A database that takes longer than this to say anything is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process lives.
pub async fn alive() -> Response {
    said(StatusCode::OK, "alive")
}

/// The process answers pages: it is not stopping, and its database answers.
pub(crate) async fn ready(State(app): State<AppState>) -> Response {
    readiness(&app.db, &app.delays, Some(&app)).await
}

/// Whether a process does its work: its pages, if it has any, are not stopping, no scheduling delay is above the limit, and
/// its database answers in time.
pub async fn readiness(db: &Db, delays: &Delays, pages: Option<&AppState>) -> Response {
    if pages.is_some_and(|app| *app.closing().borrow()) {
        return said(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    if let Some(resource) = delays.starved(Instant::now()) {
        return said(StatusCode::SERVICE_UNAVAILABLE, resource.reason());
    }
    match timeout(PATIENCE, db.micros()).await {
        Ok(Ok(_)) => said(StatusCode::OK, "ready"),
        Ok(Err(_)) | Err(_) => said(StatusCode::SERVICE_UNAVAILABLE, "no answer from the database"),
    }
}

fn said(status: StatusCode, words: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, words).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{StatusCode, header};
    use tokio::time::Instant;

    use crate::{
        delays::{LIMIT, Resource},
        testing::TestApp,
    };

    #[tokio::test]
    async fn process_with_a_long_delay_is_not_ready() {
        let app = TestApp::start().await;
        let mut balancer = app.browser();
        let now = Instant::now();
        app.delays.begin(Resource::BlockingThreads, now.checked_sub(LIMIT * 2).unwrap());
        let answer = balancer.get("/readyz").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.text, "overloaded: blocking work waits for a thread");
        assert_eq!(balancer.get("/healthz").await.text, "alive");
        app.delays.end(Resource::BlockingThreads, now);
        assert_eq!(balancer.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE, "it has just waited");
        app.delays.begin(Resource::BlockingThreads, now);
        app.delays.end(Resource::BlockingThreads, now);
        assert_eq!(balancer.get("/readyz").await.text, "ready");
        app.stop().await;
    }

    #[tokio::test]
    async fn a_process_without_its_database_lives_and_is_not_ready() {
        let app = TestApp::start().await;
        let mut balancer = app.browser();
        assert_eq!(balancer.get("/readyz").await.text, "ready");
        app.db.close().await;
        let answer = balancer.get("/readyz").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.text, "no answer from the database");
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(balancer.get("/healthz").await.text, "alive");
        app.stop().await;
    }
}
