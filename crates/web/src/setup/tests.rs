//! The first start: one link, one administrator, and the settings they choose.

use axum::http::StatusCode;
use vestnik_model::installation::RegistrationPolicy;
use vestnik_store::installation;

use crate::testing::{Browser, TestApp};

const LINK: &str = "/setup/printed-at-the-start";

async fn not_set_up() -> (TestApp, Browser) {
    let app = TestApp::start().await;
    installation::allow_setup(&app.db, "printed-at-the-start", app.clock_now()).await.expect("stored");
    let browser = app.browser();
    (app, browser)
}

fn typed<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = vec![
        ("email", "anna@example.org"),
        ("name", "Анна"),
        ("password", "осенний кофе 7"),
        ("installation", "Ромашка"),
        ("language", "ru"),
        ("time_zone", "Asia/Omsk"),
        ("registration", "invited"),
        ("route", "catcher"),
    ];
    form.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    form.extend(more);
    form
}

#[tokio::test]
async fn the_link_makes_the_administrator_and_signs_them_in() {
    let (app, mut browser) = not_set_up().await;
    browser.get("/").await.says("not set up yet");
    browser.get(LINK).await.says("The first administrator").says("Into the catcher");
    let done = browser.post(LINK, &typed(&[])).await;
    assert_eq!(done.goes_to(), Some("/dashboard"), "{}", done.text);
    browser.get("/dashboard").await.says("Ромашка</title>").says("<html lang=\"ru\"");
    assert_eq!(browser.get("/manage/settings").await.status, StatusCode::OK);
    let kept = installation::read(&app.db).await.expect("settings");
    assert_eq!((kept.name.as_str(), kept.time_zone.as_str()), ("Ромашка", "Asia/Omsk"));
    assert_eq!(kept.registration, RegistrationPolicy::Invited);

    let mut stranger = app.browser();
    assert_eq!(stranger.get(LINK).await.status, StatusCode::GONE);
    assert_eq!(stranger.post(LINK, &typed(&[("email", "mallory@example.org")])).await.status, StatusCode::GONE);
    assert!(app.find_user("mallory@example.org").await.is_none());
    assert!(!stranger.get("/").await.text.contains("not set up yet"));
    app.stop().await;
}

#[tokio::test]
async fn a_guessed_link_shows_nothing() {
    let (app, mut browser) = not_set_up().await;
    for path in ["/setup/guessed", "/setup/guessed/test"] {
        assert_eq!(browser.post(path, &typed(&[])).await.status, StatusCode::GONE);
    }
    assert_eq!(browser.get("/setup/guessed").await.status, StatusCode::GONE);
    assert!(app.find_user("anna@example.org").await.is_none());
    app.stop().await;
}

#[tokio::test]
async fn what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost() {
    let (app, mut browser) = not_set_up().await;
    let wrong = typed(&[
        ("password", "short"),
        ("time_zone", "Mars/Base"),
        ("route", "server"),
        ("host", "smtp://mail.example.org"),
        ("encryption", "starttls"),
        ("from_address", "nobody"),
    ]);
    let page = browser.post(LINK, &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["password", "time_zone", "host", "from_address"] {
        page.says(&format!("id=\"{field}-error\""));
    }
    page.says("value=\"Ромашка\"").says("value=\"smtp:&#x2f;&#x2f;mail.example.org\"");
    assert!(app.find_user("anna@example.org").await.is_none());

    app.user("boris").await;
    let page = browser.post(LINK, &typed(&[("email", "boris@example.org")])).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    page.says("id=\"email-error\"");
    browser.get(LINK).await.says("The first administrator");
    app.stop().await;
}

#[tokio::test]
async fn a_mail_server_that_does_not_answer_is_kept_and_told_of() {
    let (app, mut browser) = not_set_up().await;
    let server = typed(&[
        ("language", "en"),
        ("route", "server"),
        ("host", "nowhere.example"),
        ("encryption", "tls"),
        ("from_address", "news@example.org"),
    ]);
    assert_eq!(browser.post(LINK, &server).await.goes_to(), Some("/manage/settings"));
    let page = browser.get("/manage/settings").await;
    page.says("no mail will go out yet. There is no such server (&lt;no&gt; such host)").says("nowhere.example");
    app.stop().await;
}

#[tokio::test]
async fn a_mail_server_can_be_tried_before_it_is_chosen() {
    let (app, mut browser) = not_set_up().await;
    let server = typed(&[
        ("route", "server"),
        ("host", "mail.example.org"),
        ("encryption", "tls"),
        ("from_address", "news@example.org"),
        ("trial_to", "anna@example.org"),
    ]);
    let path = format!("{LINK}/test");
    browser.post(&path, &server).await.says("250 2.0.0 for &lt;anna@example.org&gt;").says("value=\"Ромашка\"");
    assert_eq!(installation::read(&app.db).await.expect("settings").smtp_url, "", "nothing is kept");
    assert_eq!(browser.post(LINK, &server).await.goes_to(), Some("/dashboard"));
    let kept = installation::read(&app.db).await.expect("settings");
    assert_eq!((kept.smtp_url.as_str(), kept.mail_from.as_str()), ("smtps://mail.example.org:465", "news@example.org"));
    // Mail goes out now: no catcher, and no word of it.
    assert_eq!(browser.get("/caught").await.status, StatusCode::NOT_FOUND);
    assert!(!browser.get("/dashboard").await.text.contains("/caught"));
    app.stop().await;
}
