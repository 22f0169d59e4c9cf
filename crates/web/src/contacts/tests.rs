//! Writing on the contacts page: what is kept, what is held off, and that nothing typed is lost.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use std::time::Duration;
use url::form_urlencoded;
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, installation::SecondFactorPolicy};
use vestnik_store::{
    audit::Author,
    feedback::{self, FeedbackFilter},
    groups, people,
};

use crate::testing::{Answer, Browser, TestApp};

async fn reader(app: &TestApp) -> Actor {
    let user = app.user("boss").await;
    let author = Author::at_console(UnixMillis(0));
    people::join(&app.db, user.id, BuiltinGroup::Administrators, &author).await.expect("in");
    Actor::with(&user, &groups::permissions_of(&app.db, user.id).await.expect("granted"), SecondFactorPolicy::Optional)
}

/// What the form has hidden in it.
fn hidden(page: &Answer, name: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    rest.split('"').next().expect("a value").to_owned()
}

/// Sends the form from a network address, as it was shown.
async fn write(browser: &mut Browser, address: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post("/contacts")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header("x-forwarded-for", address)
        .body(Body::from(body));
    browser.send(request.expect("a request")).await
}

async fn kept(app: &TestApp, boss: &Actor, state: &str) -> usize {
    let filter = FeedbackFilter { state: state.parse().ok(), ..FeedbackFilter::default() };
    feedback::list(&app.db, boss, &filter, None, 2_000).await.expect("a database").rows.len()
}

const WORDS: [(&str, &str); 4] = [
    ("name", "Вера"),
    ("email", "vera@example.org"),
    ("subject", "Счёт"),
    ("text", "Где он?\r\n<script>alert(1)</script>"),
];

fn filled<'a>(opened: &'a str, key: &'a str, more: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields = WORDS.to_vec();
    fields.extend([("opened", opened), ("key", key), ("more", more)]);
    fields
}

#[tokio::test]
async fn s53_what_is_written_waits_in_the_inbox_and_its_readers_are_told() {
    let app = TestApp::start().await;
    let boss = reader(&app).await;
    let mut vera = app.browser();
    let page = vera.get("/contacts").await;
    let (opened, key) = (hidden(&page, "opened"), hidden(&page, "key"));
    app.clock.advance(Duration::from_secs(10));
    let sent = write(&mut vera, "192.0.2.1", &filled(&opened, &key, "")).await;
    assert_eq!(sent.status, StatusCode::OK);
    sent.says("Thank you").says("vera@example.org");
    // The button once more, or the page once more.
    write(&mut vera, "192.0.2.1", &filled(&opened, &key, "")).await.says("Thank you");
    assert_eq!(kept(&app, &boss, "").await, 1);
    // In the same transaction, so that nothing comes later.
    let letters = app.letters(1).await;
    assert_eq!((letters.len(), vestnik_store::letters::pending(&app.db).await.expect("a database")), (1, 1));
    assert_eq!(
        (letters[0].recipient.as_str(), letters[0].subject.as_str()),
        ("boss@example.org", "Contacts page: Счёт")
    );
    assert!(letters[0].text.contains("Вера <vera@example.org>") && letters[0].text.contains("/manage/feedback/1"));
    assert!(letters[0].html.contains("&lt;script&gt;") && !letters[0].html.contains("<script>"));
    app.stop().await;
}

#[tokio::test]
async fn a_form_that_is_filled_in_too_fast_is_asked_for_once_more_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let boss = reader(&app).await;
    let mut vera = app.browser();
    let page = vera.get("/contacts").await;
    let (opened, key) = (hidden(&page, "opened"), hidden(&page, "key"));
    let hasty = write(&mut vera, "192.0.2.1", &filled(&opened, &key, "")).await;
    assert_eq!(hasty.status, StatusCode::UNPROCESSABLE_ENTITY);
    hasty.says("once more").says("Где он?").says("vera@example.org");
    assert_eq!((hidden(&hasty, "opened"), hidden(&hasty, "key")), (opened.clone(), key.clone()));
    // Without a time, or with one that has not come, the form is as good as just opened.
    for made_up in ["", "soon", "9999999999999"] {
        let answer = write(&mut vera, "192.0.2.1", &filled(made_up, "", "")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{made_up}");
        assert_eq!(hidden(&answer, "opened"), app.clock_now().0.to_string());
    }
    app.clock.advance(Duration::from_secs(3));
    assert_eq!(write(&mut vera, "192.0.2.1", &filled(&opened, &key, "")).await.status, StatusCode::OK);
    assert_eq!(kept(&app, &boss, "").await, 1);
    app.stop().await;
}

#[tokio::test]
async fn problems_stand_at_their_fields() {
    let app = TestApp::start().await;
    let mut vera = app.browser();
    let answer =
        write(&mut vera, "192.0.2.1", &[("name", ""), ("email", "vera"), ("subject", "A"), ("text", " ")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    for field in ["name", "email", "text"] {
        answer.says(&format!("id=\"{field}-error\""));
    }
    assert!(!answer.text.contains("subject-error"));
    app.stop().await;
}

#[tokio::test]
async fn whoever_fills_in_what_nobody_sees_lands_in_the_spam_and_nobody_is_told() {
    let app = TestApp::start().await;
    let boss = reader(&app).await;
    let mut machine = app.browser();
    let long_ago = "1";
    write(&mut machine, "192.0.2.1", &filled(long_ago, "a", "https://casino.example")).await.says("Thank you");
    assert_eq!((kept(&app, &boss, "").await, kept(&app, &boss, "spam").await), (0, 1));
    assert_eq!(vestnik_store::letters::pending(&app.db).await.expect("a database"), 0);
    app.stop().await;
}

#[tokio::test]
async fn a_thousand_posts_from_one_address_leave_five() {
    let app = TestApp::start().await;
    let boss = reader(&app).await;
    let mut machine = app.browser();
    for n in 0..1_000 {
        let key = n.to_string();
        let answer = write(&mut machine, "192.0.2.1", &filled("1", &key, "")).await;
        assert_eq!(answer.status, if n < 5 { StatusCode::OK } else { StatusCode::TOO_MANY_REQUESTS });
        if n == 999 {
            // A person behind the same address loses nothing of what they typed.
            answer.says("Где он?").says("Several messages");
        }
    }
    assert_eq!(kept(&app, &boss, "").await, 5);
    let elsewhere = write(&mut machine, "198.51.100.1", &filled("1", "other", "")).await;
    assert_eq!(elsewhere.status, StatusCode::OK);
    app.stop().await;
}

#[tokio::test]
async fn readers_are_told_of_a_flood_once() {
    let app = TestApp::start().await;
    reader(&app).await;
    let mut machine = app.browser();
    for n in 0..40 {
        let (key, address) = (n.to_string(), format!("198.51.100.{n}"));
        write(&mut machine, &address, &filled("1", &key, "")).await.says("Thank you");
    }
    let letters = app.letters(31).await;
    assert_eq!(letters.len(), 31);
    assert_eq!(letters.iter().filter(|letter| letter.kind == "feedback-more").count(), 1);
    app.stop().await;
}
