//! What holds for every page: headers, forms of other sites, errors, preferences.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use vestnik_model::recipient::RecipientDraft;
use vestnik_store::recipients;

use crate::{
    routes::{self, Who},
    testing::{Browser, TestApp},
};

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    for path in ["/", "/login", "/no/such/page", "/dashboard"] {
        let answer = browser.get(path).await;
        let policy = answer.headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text");
        assert!(policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(answer.headers[header::REFERRER_POLICY], "same-origin");
        // Strangers see the same first page; what was made for one visitor is kept for no other.
        let caching = if path == "/" { "public, max-age=1" } else { "private, no-cache" };
        assert_eq!(answer.headers[header::CACHE_CONTROL], caching);
        let varies: Vec<_> = answer.headers.get_all(header::VARY).iter().collect();
        assert!(path == "/dashboard" || varies.iter().any(|by| *by == "cookie, accept-language"), "{path}: {varies:?}");
    }
    let (mut anna, _) = app.signed_in("anna").await;
    for path in ["/blog", "/dashboard"] {
        assert_eq!(anna.get(path).await.headers[header::CACHE_CONTROL], "private, no-cache", "{path}");
    }
    app.stop().await;
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = Request::post("/logout").header(name, value).body(Body::empty()).expect("a request");
        let answer = browser.send(request).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}: {value}");
        answer.says("The form came from another site");
    }
    assert_eq!(browser.get("/dashboard").await.status, StatusCode::OK, "still signed in");
    let own = Request::post("/logout").header("origin", "http://vestnik.example").body(Body::empty());
    assert_eq!(browser.send(own.expect("a request")).await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test]
async fn errors_are_pages_in_the_visitors_language() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    browser.language = "ru-RU,ru;q=0.9";
    let answer = browser.get("/no/such/page").await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    answer.says("Такой страницы нет").says("lang=\"ru\"");
    let answer = browser.post("/", &[]).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    answer.says("Так эта страница не открывается");
    let long = "x".repeat(9 * 1024 * 1024);
    let answer = browser.post("/login", &[("email", &long)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.says("Слишком большой объём");
    let answer = browser.get("/broken").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.says("У нас что-то сломалось").says("Номер запроса");
    assert!(!answer.text.contains("secret"), "{}", answer.text);
    // The session and the counts need the database; without it the page is ours, and tells nothing.
    let (mut signed_in, _) = app.signed_in("anna").await;
    app.db.close().await;
    let answer = signed_in.get("/dashboard").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.says("Something broke on our side");
    assert!(!answer.text.to_lowercase().contains("sql") && !answer.text.contains("database"), "{}", answer.text);
    app.stop().await;
}

#[tokio::test]
async fn language_and_theme_are_remembered_with_and_without_an_account() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    assert_eq!(browser.post("/language", &[("language", "ru")]).await.goes_to(), Some("/dashboard"));
    browser.post("/theme", &[("theme", "dark")]).await;
    browser.get("/login").await.says("<html lang=\"ru\" data-bs-theme=\"dark\">");
    assert_eq!(browser.post("/theme", &[("theme", "pink")]).await.status, StatusCode::BAD_REQUEST);

    let (mut browser, _) = app.signed_in("anna").await;
    browser.get("/settings").await.says("<html lang=\"en\">");
    browser.post("/language", &[("language", "ru")]).await;
    browser.post("/theme", &[("theme", "light")]).await;
    browser.get("/settings").await.says("<html lang=\"ru\" data-bs-theme=\"light\">");
    app.stop().await;
}

#[tokio::test]
async fn strangers_are_sent_to_the_login_page_from_every_route_that_is_not_for_all() {
    let app = TestApp::start().await;
    let mut browser = app.browser();
    let mut walked = 0;
    for route in routes::list().into_iter().filter(|route| route.who != Who::Anyone) {
        let path = route.path.replace("{id}", "1").replace("{run}", "1");
        let answer = browser.ask(&route.method, &path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{} {}", route.method, route.path);
        assert!(answer.goes_to().is_some_and(|to| to.starts_with("/login")), "{} {}", route.method, route.path);
        walked += 1;
    }
    assert!(walked > 3);
    app.stop().await;
}

#[tokio::test]
async fn the_numbers_beside_the_navigation_are_right_at_once_after_a_form() {
    let app = TestApp::start().await;
    let (mut browser, actor) = app.signed_in("anna").await;
    let number = |n: i64| format!("<span class=\"count num\">{n}</span>");
    browser.get("/messages").await;
    let add = async |browser: &mut Browser, email: &str| {
        let answer = browser.post("/recipients/new", &[("email", email), ("full_name", ""), ("comment", "")]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    };
    add(&mut browser, "one@example.org").await;
    browser.get("/messages").await.says(&number(1));
    add(&mut browser, "two@example.org").await;
    browser.get("/messages").await.says(&number(2));

    // What another process does is seen after some seconds: the first page asks for it, the next has it.
    let draft = RecipientDraft::parse("three@example.org", "", "").expect("a recipient");
    recipients::create(&app.db, &actor, &draft, app.clock_now()).await.expect("stored");
    browser.get("/messages").await.says(&number(2));
    app.clock.advance(Duration::from_secs(5));
    for _ in 0..500 {
        if browser.get("/messages").await.text.contains(&number(3)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    browser.get("/messages").await.says(&number(3));
    app.stop().await;
}
