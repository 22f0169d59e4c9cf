use axum::http::StatusCode;
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, id::CaughtId, installation::SecondFactorPolicy};
use vestnik_store::{
    audit::Author,
    caught::{self, NewCaught, Viewer},
    people,
};

use crate::testing::{Browser, TestApp};

const MAIL: &str = "From: =?utf-8?b?0JrQvtGE0LXQudC90Y8=?= <news@vestnik.example>\r\nTo: one@example.org\r\n\
    Subject: Menu\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe menu\r\n\
    --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>The menu</h1><script>alert(1)</script>\r\n--b--\r\n";

async fn catch(app: &TestApp, recipient: &str, subject: &str, message_id: &str, raw: &str) -> CaughtId {
    let mail = NewCaught {
        sender: "news@vestnik.example".into(),
        recipient: recipient.into(),
        subject: subject.into(),
        message_id: message_id.into(),
        raw: raw.as_bytes().to_vec(),
        caught_at: UnixMillis(1_795_503_600_000),
    };
    caught::insert(&app.db, vec![mail]).await.expect("stored");
    let admin = administrator(app).await;
    let newest = caught::list(&app.db, Viewer::User(&admin), "", None, 1).await.expect("found");
    newest.rows.first().expect("a mail").id
}

/// Nobody who takes part in a test, to see all.
async fn administrator(app: &TestApp) -> Actor {
    let user = match app.find_user("root@example.org").await {
        Some(user) => user,
        None => app.user("root").await,
    };
    Actor::with(&user, BuiltinGroup::Administrators.permissions(), SecondFactorPolicy::Optional)
}

/// The Message-ID of a system email to someone, as the engine makes it.
async fn system_email(app: &TestApp, to: &str) -> String {
    app.browser().post("/recover", &[("email", to)]).await;
    format!("{}@vestnik.example", app.letters(1).await.remove(0).key)
}

#[tokio::test]
async fn caught_mail_is_listed_and_read_in_a_frame_of_its_own() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    browser.get("/caught").await.says("Nothing caught yet");
    let own = system_email(&app, "anna@example.org").await;
    let id = catch(&app, "one@example.org", "Menu <b>", &own, MAIL).await;
    browser.get("/caught").await.says("one@example.org").says("Menu &lt;b&gt;").says("Delete my emails");
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
    let id = catch(&app, "one@example.org", "", &own, "\0\u{1}no mail at all").await;
    assert_eq!(browser.get(&format!("/caught/{id}")).await.status, StatusCode::OK);
    assert_eq!(browser.get("/caught/999999").await.status, StatusCode::NOT_FOUND);
    app.stop().await;
}

#[tokio::test]
async fn pictures_on_other_servers_load_when_they_are_asked_for() {
    let app = TestApp::start().await;
    let (mut browser, _) = app.signed_in("anna").await;
    let tracked = MAIL.replace("<h1>", "<img src=\"https://tracker.example/p.png\"><h1>");
    let own = system_email(&app, "anna@example.org").await;
    let id = catch(&app, "one@example.org", "Menu", &own, &tracked).await;
    let policy = async |browser: &mut Browser, path: String| {
        let frame = browser.get(&path).await;
        frame.headers["content-security-policy"].to_str().expect("text").to_owned()
    };
    let page = browser.get(&format!("/caught/{id}")).await;
    page.says("Pictures from other servers are not loaded").says(&format!("/caught/{id}?pictures=1"));
    page.says(&format!("src=\"/caught/{id}/html\""));
    let blocked = policy(&mut browser, format!("/caught/{id}/html")).await;
    assert!(blocked.contains("img-src 'self' data:;") && !blocked.contains("http"), "{blocked}");

    let page = browser.get(&format!("/caught/{id}?pictures=1")).await;
    page.says(&format!("src=\"/caught/{id}/html?pictures=1\""));
    assert!(!page.text.contains("are not loaded"));
    let loaded = policy(&mut browser, format!("/caught/{id}/html?pictures=1")).await;
    assert!(loaded.starts_with("sandbox;") && loaded.contains("img-src http: https: data:;"), "{loaded}");

    let plain = catch(&app, "one@example.org", "Menu", &own, MAIL).await;
    assert!(!browser.get(&format!("/caught/{plain}")).await.text.contains("are not loaded"));
    app.stop().await;
}

#[tokio::test]
async fn each_user_reads_and_deletes_their_own_mail_and_administrators_all() {
    let app = TestApp::start().await;
    let (mut anna, _) = app.signed_in("anna").await;
    let (mut boris, _) = app.signed_in("boris").await;
    let (mut admin, chief) = app.signed_in("chief").await;
    let author = Author::at_console(app.clock_now());
    people::join(&app.db, chief.user(), BuiltinGroup::Administrators, &author).await.expect("joined");
    let own = system_email(&app, "anna@example.org").await;
    let id = catch(&app, "anna@example.org", "New password", &own, "Subject: x\r\n\r\nlink\r\n").await;
    let nobodys = catch(&app, "anna@example.org", "Forged", "x@vestnik.example", "Subject: x\r\n\r\nx\r\n").await;
    for page in ["", "/html", "/source"] {
        let path = format!("/caught/{id}{page}");
        assert_eq!(anna.get(&path).await.status, StatusCode::OK);
        assert_eq!(boris.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(admin.get(&path).await.status, StatusCode::OK);
        assert_eq!(app.browser().get(&path).await.status, StatusCode::SEE_OTHER, "visitors have to sign in");
        assert_eq!(anna.get(&format!("/caught/{nobodys}{page}")).await.status, StatusCode::NOT_FOUND);
    }
    boris.get("/caught").await.says("Nothing caught yet");
    assert!(!boris.get("/caught").await.text.contains("/caught/clear"));
    admin.get("/caught").await.says("Empty the catcher").says("2 in all");

    // Nobody deletes what they do not see.
    assert_eq!(boris.post("/caught/clear", &[]).await.goes_to(), Some("/caught"));
    admin.get("/caught").await.says("2 in all");
    anna.post("/caught/clear", &[]).await;
    anna.get("/caught").await.says("Emails deleted: 1.").says("Nothing caught yet");
    admin.get("/caught").await.says("1 in all").says("Forged");
    admin.post("/caught/clear", &[]).await;
    admin.get("/caught").await.says("Nothing caught yet");
    app.stop().await;
}
