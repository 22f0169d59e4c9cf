use axum::http::StatusCode;
use vestnik_model::{UnixMillis, id::CaughtId};
use vestnik_store::caught::{self, NewCaught};

use crate::testing::TestApp;

const MAIL: &str = "From: =?utf-8?b?0JrQvtGE0LXQudC90Y8=?= <news@vestnik.example>\r\nTo: one@example.org\r\n\
    Subject: Menu\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe menu\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>The menu</h1><script>alert(1)</script>\r\n--b--\r\n";

async fn catch(app: &TestApp, recipient: &str, subject: &str, raw: &str) -> CaughtId {
    let mail = NewCaught {
        sender: "news@vestnik.example".into(),
        recipient: recipient.into(),
        subject: subject.into(),
        raw: raw.as_bytes().to_vec(),
        caught_at: UnixMillis(1_795_503_600_000),
    };
    caught::insert(&app.db, vec![mail]).await.expect("stored");
    caught::list(&app.db, "", None, 1).await.expect("found").rows.first().expect("a mail").id
}

#[tokio::test]
async fn caught_mail_is_listed_and_read_in_a_frame_of_its_own() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    browser.get("/caught").await.says("Nothing caught yet");
    let id = catch(&app, "one@example.org", "Menu <b>", MAIL).await;
    browser.get("/caught").await.says("one@example.org").says("Menu &lt;b&gt;");
    assert!(!browser.get("/caught?q=nobody").await.text.contains("one@example.org"));
    browser.get(&format!("/caught/{id}")).await.says("Кофейня &lt;news@vestnik.example&gt;").says("The menu");

    let frame = browser.get(&format!("/caught/{id}/html")).await;
    frame.says("<h1>The menu</h1>");
    let policy = frame.headers["content-security-policy"].to_str().expect("text");
    assert!(
        policy.starts_with("sandbox; default-src 'none';") && policy.contains("frame-ancestors 'self'"),
        "{policy}"
    );
    let source = browser.get(&format!("/caught/{id}/source")).await;
    assert_eq!(source.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(source.text, MAIL);

    // Broken mail is no reason to break.
    let id = catch(&app, "one@example.org", "", "\0\u{1}no mail at all").await;
    assert_eq!(browser.get(&format!("/caught/{id}")).await.status, StatusCode::OK);
    assert_eq!(browser.get("/caught/999999").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn a_letter_with_anothers_secret_link_stays_closed() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let (mut boris, _) = app.signed_in("boris").await;
    let letter = "Subject: New password\r\n\r\nhttp://vestnik.example/recover/0123\r\n";
    let id = catch(&app, "anna@example.org", "New password", letter).await;
    for page in ["", "/html", "/source"] {
        let path = format!("/caught/{id}{page}");
        assert_eq!(anna.get(&path).await.status, StatusCode::OK);
        assert_eq!(boris.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.browser().get(&path).await.status, StatusCode::SEE_OTHER, "strangers have to sign in");
    }
    assert_eq!(boris.post("/caught/clear", &[]).await.status, StatusCode::FORBIDDEN);
    app.stop().await;
}
