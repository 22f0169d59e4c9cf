//! What was typed is neither lost nor taken twice: forms sent twice, in two tabs, after the session has ended, and by
//! another account.

use axum::http::StatusCode;
use vestnik_model::BuiltinGroup;
use vestnik_store::{letters, mailings, messages, recipients, runs};

use crate::{
    mailings::tests::{form, mailing_of, prepared},
    manage::tests::member,
    testing::{Answer, Browser, PASSWORD, TestApp},
};

/// The value of a hidden field of a page.
fn hidden<'a>(page: &'a Answer, name: &str) -> &'a str {
    let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).expect("the field");
    rest.split('"').next().expect("a value")
}

/// The browser's session ends, as it does by itself after a while; everything else stays.
async fn session_ends(app: &TestApp, browser: &mut Browser) {
    app.clock.advance(std::time::Duration::from_secs(400 * 86_400));
    let stranger = browser.get("/messages").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
}

async fn sign_in(browser: &mut Browser, email: &str, next: &str) -> Answer {
    browser.post("/login", &[("email", email), ("password", PASSWORD), ("next", next)]).await
}

/// Where the login leads to afterwards.
fn next_of(answer: &Answer) -> String {
    let address = answer.goes_to().expect("a redirect");
    let query = address.strip_prefix("/login?").expect("the login page");
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "next").expect("a page to go on to").1.into_owned()
}

#[tokio::test]
async fn form_that_is_sent_twice_creates_once() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, _) = prepared(&app).await;
    let page = browser.get("/messages/new").await;
    let id = hidden(&page, "form_id").to_owned();
    let typed = [("form_id", id.as_str()), ("subject", "Menu"), ("text", "Coffee")];
    let first = browser.post("/messages/new", &typed).await;
    let second = browser.post("/messages/new", &typed).await;
    assert_eq!((first.status, first.goes_to()), (StatusCode::SEE_OTHER, second.goes_to()));
    assert_eq!(messages::count(&app.db, &actor).await.expect("counted"), 2, "with the one of before");
    // Changed and sent again, it is another wish, and nothing of it is lost.
    let changed = [("form_id", id.as_str()), ("subject", "Menu"), ("text", "Tea")];
    assert_ne!(browser.post("/messages/new", &changed).await.goes_to(), first.goes_to());
    assert_ne!(hidden(&browser.get("/messages/new").await, "form_id"), id, "each page has another");

    let recipient = [("form_id", "r1"), ("email", "new@example.org")];
    let first = browser.post("/recipients/new", &recipient).await;
    let second = browser.post("/recipients/new", &recipient).await;
    assert_eq!((first.status, second.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(recipients::count(&app.db, &actor, "").await.expect("counted"), 4);

    let message = message.to_string();
    let mailing = form(&message, &[("form_id", "m1")]);
    let first = mailing_of(&browser.post("/mailings/new", &mailing).await);
    assert_eq!(mailing_of(&browser.post("/mailings/new", &mailing).await), first);
    assert_eq!(mailings::count(&app.db, &actor).await.expect("counted"), 1);

    // A test send, and the button that sends.
    let test = [("form_id", "t1"), ("recipient", "")];
    browser.post(&format!("/messages/{message}/test"), &test).await;
    browser.post(&format!("/messages/{message}/test"), &test).await;
    let now = vestnik_model::UnixMillis(i64::MAX - 1);
    assert_eq!(letters::claim(&app.db, 10, now, now).await.expect("claimed").len(), 1);
    let send = format!("/mailings/{first}/send");
    browser.post(&send, &[("form_id", "s1")]).await;
    let run = runs::open_of(&app.db, &actor, 10).await.expect("found")[0].id;
    assert!(runs::undo(&app.db, &actor, run, app.clock_now()).await.expect("undone"));
    let again = browser.post(&send, &[("form_id", "s1")]).await;
    let review = format!("/mailings/{first}/review");
    assert_eq!(again.goes_to(), Some(review.as_str()));
    browser.get(&review).await.says("Press the button here to send once more");
    assert!(runs::open_of(&app.db, &actor, 10).await.expect("found").is_empty(), "what was undone stays so");
    app.stop().await;
}

#[tokio::test]
async fn article_that_is_sent_twice_is_created_once() {
    let app = TestApp::start().await;
    let mut writer = writer(&app).await;
    let typed = [("form_id", "a1"), ("title", "Autumn"), ("body", "Leaves"), ("when", "draft")];
    let first = writer.post("/manage/articles/new", &typed).await;
    let second = writer.post("/manage/articles/new", &typed).await;
    assert_eq!((first.status, first.goes_to()), (StatusCode::SEE_OTHER, second.goes_to()));
    app.stop().await;
}

/// Someone who keeps the blog.
async fn writer(app: &TestApp) -> Browser {
    member(app, "vera", BuiltinGroup::ContentManagers).await.0
}

#[tokio::test]
async fn message_saved_in_two_tabs_loses_neither_text() {
    let app = TestApp::start().await;
    let (mut browser, actor, id, _) = prepared(&app).await;
    let path = format!("/messages/{id}/edit");
    let tab = browser.get(&path).await;
    let version = hidden(&tab, "version").to_owned();
    let typed = |text| [("version", version.as_str()), ("subject", "Menu"), ("text", text)];
    assert_eq!(browser.post(&path, &typed("First tab")).await.status, StatusCode::SEE_OTHER);
    let conflict = browser.post(&path, &typed("Second tab")).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    conflict
        .says("Saved elsewhere while you were typing")
        .says("<mark>First</mark> tab")
        .says("<mark>Second</mark> tab")
        .says("\nSecond tab</textarea>")
        .says("Save mine over it")
        .says("Keep the saved one");
    let stored = async || messages::find(&app.db, &actor, id).await.expect("found").expect("a message").text;
    assert_eq!(stored().await, "First tab");
    // Whoever saves once more has seen both.
    let seen = hidden(&conflict, "version").to_owned();
    let mine = [("version", seen.as_str()), ("subject", "Menu"), ("text", "Second tab")];
    assert_eq!(browser.post(&path, &mine).await.status, StatusCode::SEE_OTHER);
    assert_eq!(stored().await, "Second tab");
    // The same text twice is no conflict.
    assert_eq!(browser.post(&path, &mine).await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test]
async fn mailing_saved_in_two_tabs_shows_what_differs() {
    let app = TestApp::start().await;
    let (mut browser, actor, message, ids) = prepared(&app).await;
    let message = message.to_string();
    let one = ids[0].to_string();
    let chosen = form(&message, &[("audience", "chosen"), ("id", &one), ("name", "News")]);
    let id = mailing_of(&browser.post("/mailings/new", &chosen).await);
    let path = format!("/mailings/{id}/edit");
    let everyone = form(&message, &[("version", "1"), ("name", "To everyone")]);
    assert_eq!(browser.post(&path, &everyone).await.status, StatusCode::SEE_OTHER);
    let typed = form(&message, &[("version", "1"), ("audience", "keep"), ("name", "To one")]);
    let conflict = browser.post(&path, &typed).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    conflict.says("everyone</mark>").says("one</mark>").says("value=\"To one\"");
    // Those who were to be kept are chosen no more: never everyone instead of them.
    let typed = form(&message, &[("version", "2"), ("audience", "keep"), ("name", "To one")]);
    let answer = browser.post(&path, &typed).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("id=\"audience-error\"");
    let typed = form(&message, &[("version", "2"), ("audience", ""), ("name", "To one")]);
    browser.post(&path, &typed).await.says("id=\"audience-error\"");
    let stored = mailings::find(&app.db, &actor, id.parse().expect("an id")).await.expect("found").expect("a mailing");
    assert_eq!(stored.name, "To everyone");
    app.stop().await;
}

#[tokio::test]
async fn article_saved_in_two_tabs_loses_neither_text() {
    let app = TestApp::start().await;
    let mut writer = writer(&app).await;
    let new = [("title", "Autumn"), ("body", "Leaves"), ("when", "draft")];
    let path = writer.post("/manage/articles/new", &new).await.goes_to().expect("the article").to_owned();
    let seen = hidden(&writer.get(&path).await, "seen").to_owned();
    let typed =
        |body| [("seen", seen.as_str()), ("title", "Autumn"), ("slug", "autumn"), ("body", body), ("when", "draft")];
    app.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(writer.post(&path, &typed("Red leaves")).await.status, StatusCode::SEE_OTHER);
    let conflict = writer.post(&path, &typed("Yellow leaves")).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    conflict.says("<mark>Red</mark> leaves").says("<mark>Yellow</mark> leaves").says("\nYellow leaves</textarea>");
    let seen = hidden(&conflict, "seen").to_owned();
    let mine = [
        ("seen", seen.as_str()),
        ("title", "Autumn"),
        ("slug", "autumn"),
        ("body", "Yellow leaves"),
        ("when", "draft"),
    ];
    assert_eq!(writer.post(&path, &mine).await.status, StatusCode::SEE_OTHER);
    app.stop().await;
}

#[tokio::test]
async fn form_whose_session_has_ended_is_there_again_after_the_login() {
    let app = TestApp::start().await;
    let (mut browser, actor, id, ids) = prepared(&app).await;
    let user = actor.user().to_string();
    for (path, field, text) in [
        ("/messages/new".to_owned(), "subject", "Осень & <кофе>"),
        (format!("/messages/{id}/edit"), "subject", "Осень & <кофе>"),
        ("/mailings/new".to_owned(), "name", "Осень & <кофе>"),
        ("/recipients/new".to_owned(), "comment", "Осень & <кофе>"),
        (format!("/recipients/{}/edit", ids[0]), "comment", "Осень & <кофе>"),
    ] {
        session_ends(&app, &mut browser).await;
        let answer = browser.post(&path, &[("form_user", user.as_str()), (field, text)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        let next = next_of(&answer);
        browser.get(answer.goes_to().expect("the login")).await.says("what you typed will be there again");
        let answer = sign_in(&mut browser, "anna@example.org", &next).await;
        assert_eq!(answer.goes_to(), Some(next.as_str()));
        let page = browser.get(&next).await;
        page.says("Осень &amp; &lt;кофе&gt;").says("This is what you typed before you were signed out");
        assert!(next.starts_with(&path), "{next}");
        assert!(page.text.replace("&#x2f;", "/").contains(&format!("action=\"{path}\"")), "{path}");
    }
    assert_eq!(messages::count(&app.db, &actor).await.expect("counted"), 1, "nothing is saved by itself");
    app.stop().await;
}

#[tokio::test]
async fn answer_and_article_are_kept_as_well() {
    let app = TestApp::start().await;
    let (mut browser, actor) = member(&app, "anna", BuiltinGroup::Administrators).await;
    let mut stranger = app.browser();
    stranger.get("/contacts").await;
    let opened = (app.clock_now().0 - 60_000).to_string();
    let written = [
        ("name", "Boris"),
        ("email", "boris@example.org"),
        ("subject", "Prices"),
        ("text", "How much?"),
        ("opened", opened.as_str()),
        ("key", "k1"),
    ];
    stranger.post("/contacts", &written).await;
    let user = actor.user().to_string();
    for (path, shown, field) in [
        ("/manage/feedback/1/answer", "/manage/feedback/1", "answer"),
        ("/manage/articles/new", "/manage/articles/new", "body"),
    ] {
        session_ends(&app, &mut browser).await;
        let answer = browser.post(path, &[("form_user", user.as_str()), (field, "A long answer")]).await;
        let next = next_of(&answer);
        assert!(next.starts_with(shown), "{next}");
        sign_in(&mut browser, "anna@example.org", &next).await;
        browser.get(&next).await.says("\nA long answer</textarea>");
    }
    app.stop().await;
}

#[tokio::test]
async fn what_one_person_typed_is_shown_to_no_other() {
    let app = TestApp::start().await;
    let (mut browser, anna) = app.signed_in("anna").await;
    app.user("boris").await;
    let user = anna.user().to_string();
    session_ends(&app, &mut browser).await;
    let answer = browser.post("/messages/new", &[("form_user", user.as_str()), ("subject", "Secret plans")]).await;
    let next = next_of(&answer);
    // Another browser with the address, and another person on this one.
    let mut elsewhere = app.browser();
    sign_in(&mut elsewhere, "anna@example.org", &next).await;
    assert!(!elsewhere.get(&next).await.text.contains("Secret plans"));
    sign_in(&mut browser, "boris@example.org", &next).await;
    assert!(!browser.get(&next).await.text.contains("Secret plans"));
    browser.post("/logout", &[]).await;
    sign_in(&mut browser, "anna@example.org", &next).await;
    browser.get(&next).await.says("Secret plans");
    // Not for ever.
    app.clock.advance(std::time::Duration::from_secs(3_601));
    assert!(!browser.get(&next).await.text.contains("Secret plans"));
    app.stop().await;
}

#[tokio::test]
async fn form_of_one_account_is_not_saved_in_another() {
    let app = TestApp::start().await;
    let (mut browser, actor) = app.signed_in("anna").await;
    let boris = app.user("boris").await;
    let typed = [("form_user", boris.id.to_string()), ("subject", "Menu".to_owned()), ("text", "Coffee".to_owned())];
    let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = browser.post("/messages/new", &typed).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    answer.says("opened by another account");
    assert_eq!(messages::count(&app.db, &actor).await.expect("counted"), 0);
    app.stop().await;
}

#[tokio::test]
async fn what_is_kept_has_its_bounds() {
    let app = TestApp::start().await;
    let user = app.user("anna").await.id.to_string();
    let mut browser = app.browser();
    let login = |answer: &Answer| answer.goes_to().is_some_and(|address| address == "/login");
    // Without a mark, or of nobody, or too large.
    assert!(login(&browser.post("/messages/new", &[("subject", "Menu")]).await));
    assert!(login(&browser.post("/messages/new", &[("form_user", "999"), ("subject", "Menu")]).await));
    let large = "x".repeat(5 * 1024 * 1024);
    assert!(login(&browser.post("/messages/new", &[("form_user", user.as_str()), ("html", &large)]).await));
    // What has nothing to lose is not kept: a button.
    assert!(login(&browser.post("/runs/1/undo", &[("form_user", user.as_str())]).await));
    let mut kept = 0;
    for _ in 0..30 {
        let answer = browser.post("/messages/new", &[("form_user", user.as_str()), ("subject", "Menu")]).await;
        kept += usize::from(!login(&answer));
    }
    assert!(kept < 20, "an address cannot fill the table: {kept}");
    assert!(kept > 5);
    app.stop().await;
}

#[tokio::test]
async fn text_that_is_too_long_keeps_its_page() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    // Above the size of ordinary forms, below that of forms into which people type at length.
    let long = "ё".repeat(1_500_000);
    let answer = browser.post("/messages/new", &[("subject", "Menu"), ("html", &long)]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("Too long: 1,500,000 characters, at most 1,000,000 fit.").says("value=\"Menu\"");
    assert!(answer.text.contains(&long), "the text is there again");
    app.stop().await;
}
