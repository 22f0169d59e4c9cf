//! For whoever starts, stops and balances processes: whether this one lives, and whether it can answer pages now.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::time::timeout;
use vestnik_store::Db;

use crate::state::AppState;

/// A database that takes longer than this to say anything is as good as none.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process lives.
pub(crate) async fn alive() -> Response {
    said(StatusCode::OK, "alive")
}

/// The process answers pages: it is not stopping, and its database answers.
pub(crate) async fn ready(State(app): State<AppState>) -> Response {
    if *app.closing().borrow() {
        return said(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    if answers(&app.db).await {
        said(StatusCode::OK, "ready")
    } else {
        said(StatusCode::SERVICE_UNAVAILABLE, "no answer from the database")
    }
}

/// Whether the database answers in time.
pub async fn answers(db: &Db) -> bool {
    matches!(timeout(PATIENCE, db.micros()).await, Ok(Ok(_)))
}

fn said(status: StatusCode, words: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, words).into_response()
}
