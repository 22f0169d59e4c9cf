//! Event streams end with their session; a user has a limited number of them; sessions have an absolute limit.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    http::{Request, StatusCode, header},
};
use tokio_stream::StreamExt as _;
use tower::ServiceExt as _;
use vestnik_model::{BuiltinGroup, UnixMillis};
use vestnik_store::{audit::Author, people};

use crate::testing::{Browser, PASSWORD, TestApp};

/// A test that would hang fails instead; nothing here takes a part of it.
const NEVER: Duration = Duration::from_secs(60);

/// Opens a stream as this browser does: its status, and what it says.
async fn open(app: &TestApp, browser: &Browser, path: &str) -> (StatusCode, BodyDataStream) {
    let cookie = format!("session={}", browser.cookie("session").unwrap_or_default());
    let request = Request::get(path)
        .header(header::COOKIE, cookie)
        .header(header::HOST, "vestnik.example")
        .header(header::ACCEPT, "text/event-stream")
        .body(Body::empty())
        .expect("a request");
    let response = app.router().oneshot(request).await.expect("the router never fails");
    (response.status(), response.into_body().into_data_stream())
}

/// Opens a stream and waits for its first event.
async fn begun(app: &TestApp, browser: &Browser) -> BodyDataStream {
    let (status, mut stream) = open(app, browser, "/live").await;
    assert_eq!(status, StatusCode::OK);
    let first = tokio::time::timeout(NEVER, stream.next()).await.expect("soon").expect("an event").expect("whole");
    assert!(first.starts_with(b"id: 1") || first.starts_with(b"data:"), "{first:?}");
    stream
}

async fn ends(mut stream: BodyDataStream) {
    let rest = async { while stream.next().await.is_some() {} };
    tokio::time::timeout(NEVER, rest).await.expect("the stream ends");
}

#[tokio::test]
async fn stream_ends_with_its_session() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let stream = begun(&app, &anna).await;
    anna.post("/logout", &[]).await;
    ends(stream).await;

    // Blocking a user ends their sessions.
    let keeper = app.user("keeper").await;
    let console = Author::at_console(UnixMillis(0));
    people::join(&app.db, keeper.id, BuiltinGroup::Administrators, &console).await.expect("in");
    let mut admin = app.browser();
    admin.post("/login", &[("email", &keeper.email), ("password", PASSWORD)]).await;
    let (boris, actor) = app.signed_in("boris").await;
    let stream = begun(&app, &boris).await;
    let blocked = admin.post(&format!("/manage/users/{}/block", actor.user()), &[("reason", "spam")]).await;
    assert_eq!(blocked.status, StatusCode::SEE_OTHER);
    ends(stream).await;

    // A stream does not keep its session alive.
    let (vera, _) = app.signed_in("vera").await;
    let stream = begun(&app, &vera).await;
    app.clock.advance(Duration::from_secs(30 * 86_400));
    ends(stream).await;
    app.stop().await;
}

#[tokio::test]
async fn streams_per_user_are_limited() {
    let app = TestApp::start().await;
    let (anna, _) = app.signed_in("anna").await;
    let (boris, _) = app.signed_in("boris").await;
    let mut streams = Vec::new();
    for _ in 0..12 {
        streams.push(begun(&app, &anna).await);
    }
    let (refused, mut words) = open(&app, &anna, "/live").await;
    assert_eq!(refused, StatusCode::TOO_MANY_REQUESTS);
    assert!(words.next().await.is_none(), "no page for a script");
    drop(begun(&app, &boris).await);
    // One that is closed makes room.
    streams.pop();
    drop(begun(&app, &anna).await);
    app.stop().await;
}

#[tokio::test]
async fn session_ends_at_its_absolute_limit() {
    const DAY: Duration = Duration::from_secs(86_400);
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let days_until_login = async |browser: &mut Browser, most: u32| {
        for day in 1..=most {
            app.clock.advance(DAY);
            if browser.get("/dashboard").await.goes_to().is_some_and(|path| path.starts_with("/login")) {
                return Some(day);
            }
        }
        None
    };
    assert_eq!(days_until_login(&mut anna, 100).await, Some(90));
    // A shorter limit applies to existing sessions.
    let login = [("email", "anna@example.org"), ("password", PASSWORD)];
    anna.post("/login", &login).await;
    assert_eq!(days_until_login(&mut anna, 10).await, None);
    let keeper = app.user("keeper").await;
    let console = Author::at_console(app.clock_now());
    people::join(&app.db, keeper.id, BuiltinGroup::Administrators, &console).await.expect("in");
    let mut admin = app.browser();
    admin.post("/login", &[("email", &keeper.email), ("password", PASSWORD)]).await;
    let settings = [
        ("name", ""),
        ("language", "en"),
        ("time_zone", "UTC"),
        ("registration", "open"),
        ("session_days", "30"),
        ("session_limit_days", "14"),
        ("second_factor", "optional"),
    ];
    assert_eq!(admin.post("/manage/settings", &settings).await.goes_to(), Some("/manage/settings"));
    assert_eq!(days_until_login(&mut anna, 10).await, Some(4));
    app.stop().await;
}
