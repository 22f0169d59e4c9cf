//! Outages of the mail server on pages, while they last and after they are over.

use std::time::Duration;

use axum::{body::Body, http::Request};
use tokio_stream::StreamExt;
use tower::ServiceExt;
use vestnik_model::{Problem, delivery::DeliveryState, outage::OutageKind};
use vestnik_store::{deliveries, outages, runs, summaries};

use super::tests::{deliver, form, mailing_of, prepared};
use crate::testing::TestApp;

/// A server that puts everyone off with these words.
fn finding(words: &str) -> outages::Finding {
    outages::Finding {
        kind: OutageKind::Deferring,
        error: None,
        code: Some(421),
        enhanced: None,
        reply: words.to_owned(),
        phase: "mail-from",
    }
}

#[tokio::test]
async fn a_run_that_ended_in_an_outage_says_why_nothing_was_sent() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
    let page = format!("/mailings/{id}");
    browser.post(&format!("{page}/send"), &[]).await;
    app.clock.advance(Duration::from_secs(31));
    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
    deliver(&app, &actor, run, 0, |_| DeliveryState::Pending).await;
    let refused = outages::Finding {
        kind: OutageKind::Unreachable,
        error: Some(Problem::new("smtp-connection-refused").with("server", "mx.example.org:25")),
        code: None,
        reply: String::new(),
        phase: "connect",
        ..finding("")
    };
    outages::begin(&app.db, "mx.example.org:25", &refused, app.clock_now()).await.expect("noted");
    browser.post(&format!("/runs/{run}/cancel"), &[]).await;
    deliveries::end_waiting(&app.db, app.clock_now()).await.expect("ended");
    app.clock.advance(Duration::from_secs(300));
    outages::end(&app.db, "mx.example.org:25", app.clock_now()).await.expect("noted");
    // A day later.
    app.clock.advance(Duration::from_secs(86_400));
    for due in summaries::due(&app.db, app.clock_now(), 10).await.expect("found") {
        assert!(summaries::make(&app.db, &due, app.clock_now()).await.expect("made"));
    }
    let of_language = [
        (
            "en",
            "Cancelled: nothing was sent",
            "The mail server was unreachable.",
            "The mail server mx.example.org:25 was unreachable from",
            "The mail server mx.example.org:25 refused the connection.",
        ),
        (
            "ru",
            "Отменена: ничего не отправлено",
            "Почтовый сервер был недоступен.",
            "Почтовый сервер mx.example.org:25 был недоступен с",
            "Почтовый сервер mx.example.org:25 отказал в соединении.",
        ),
    ];
    for (language, state, why, outage, error) in of_language {
        browser.post("/language", &[("language", language)]).await;
        browser.get(&page).await.says(state).says(why).says(outage).says(error);
        browser.get("/dashboard").await.says(outage).says(error);
        browser.get(&format!("{page}/report")).await.says(state).says(outage).says(error);
        browser.get(&format!("{page}/recipients")).await.says(error);
        browser.get(&format!("{page}/attempts")).await.says(error);
        for file in ["recipients.csv", "attempts.csv"] {
            browser.get(&format!("{page}/{file}")).await.says(error);
        }
    }
    let counts = runs::find(&app.db, &actor, run).await.expect("found").expect("a run").counts;
    assert_eq!((counts.sent, counts.cancelled, counts.attempts_failed), (0, 3, 3));
    app.stop().await;
}

#[tokio::test]
async fn a_mail_server_in_trouble_is_told_while_letters_wait() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message.to_string(), &[])).await);
    let page = format!("/mailings/{id}");
    outages::begin(&app.db, "mx.example.org:25", &finding("<b>busy</b>"), app.clock_now()).await.expect("noted");
    let words = [
        ("en", "The mail server mx.example.org:25 has been asking us to wait since 24 November 2026, 10:00"),
        ("ru", "Почтовый сервер mx.example.org:25 просит подождать с 24 ноября 2026, 10:00"),
    ];
    assert!(!browser.get(&page).await.text.contains("421"), "nothing is being sent");

    browser.post(&format!("{page}/send"), &[]).await;
    let request = Request::get(format!("{page}/live"))
        .header("cookie", format!("session={}", browser.cookie("session").expect("a session")))
        .body(Body::empty())
        .expect("a request");
    let mut events = app.router().oneshot(request).await.expect("an answer").into_body().into_data_stream();
    let mut next = async || {
        let chunk = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("in time");
        String::from_utf8(chunk.expect("an event").expect("data").to_vec()).expect("text")
    };
    assert!(next().await.contains("421 &lt;b&gt;busy"));
    for (language, words) in words {
        browser.post("/language", &[("language", language)]).await;
        for path in [page.as_str(), "/dashboard"] {
            browser.get(path).await.says(words).says("421 &lt;b&gt;busy");
        }
    }

    outages::end(&app.db, "mx.example.org:25", app.clock_now()).await.expect("noted");
    assert!(!next().await.contains("421"), "the stream takes it back");
    for path in [page.as_str(), "/dashboard"] {
        assert!(!browser.get(path).await.text.contains("421"));
    }

    let run = runs::open_of(&app.db, &actor, 1).await.expect("found")[0].id;
    browser.post(&format!("/runs/{run}/undo"), &[]).await;
    outages::begin(&app.db, "mx.example.org:25", &finding("busy"), app.clock_now()).await.expect("noted");
    assert!(!browser.get(&page).await.text.contains("421"), "nothing waits for it");
    app.stop().await;
}
