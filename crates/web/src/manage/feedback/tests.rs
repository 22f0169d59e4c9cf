//! The inbox: read, answered, put aside.

use axum::http::StatusCode;
use vestnik_model::{BuiltinGroup, UnixMillis, feedback::TypedFeedback, user::Language};
use vestnik_store::{
    audit::Author,
    feedback::{self, NewFeedback},
    people,
};

use crate::testing::{Browser, PASSWORD, TestApp};

async fn boss(app: &TestApp) -> Browser {
    let user = app.user("boss").await;
    let author = Author::at_console(UnixMillis(0));
    people::join(&app.db, user.id, BuiltinGroup::Administrators, &author).await.expect("in");
    let mut browser = app.browser();
    browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
    browser
}

async fn writes(app: &TestApp, subject: &str) {
    let text = "Где он?\n<script>alert(1)</script>";
    let draft = TypedFeedback { name: "Вера", email: "vera@example.org", subject, text }.parse().expect("typed");
    let new = NewFeedback { draft: &draft, form: subject, user: None, language: Language::Ru, is_spam: false };
    let submission = feedback::submit(&app.db, new, app.clock_now()).await.expect("a database").expect("new");
    submission.keep().await.expect("kept");
}

#[tokio::test]
async fn s53_it_is_read_answered_by_mail_and_deleted() {
    let app = TestApp::start().await;
    let mut boss = boss(&app).await;
    writes(&app, "Счёт").await;
    boss.get("/manage/feedback").await.says("1 not read yet.").says("Счёт");
    boss.get("/manage/feedback/1").await.says("&lt;script&gt;alert(1)").says("vera@example.org");
    boss.get("/manage/feedback").await.says("Everything has been read.");

    let empty = boss.post("/manage/feedback/1/answer", &[("answer", " \r\n")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    empty.says("id=\"answer-error\"");
    let sent = boss.post("/manage/feedback/1/answer", &[("answer", "Вот он.\r\nС уважением")]).await;
    assert_eq!(sent.goes_to(), Some("/manage/feedback/1"));
    // The button twice, or a colleague with the same page.
    let late = boss.post("/manage/feedback/1/answer", &[("answer", "Вот он, ещё раз."), ("seen", "0")]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    late.says("A colleague has answered meanwhile").says("Вот он, ещё раз.").says("name=\"seen\" value=\"1\"");
    let letters = app.letters(1).await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].recipient.as_str(), letters[0].subject.as_str()), ("vera@example.org", "Re: Счёт"));
    // In the language in which it was written.
    assert!(letters[0].text.contains("Спасибо, что написали нам"), "{}", letters[0].text);
    assert!(letters[0].text.contains("Вот он.\nС уважением") && letters[0].text.contains("> Где он?"));
    boss.get("/manage/feedback/1").await.says("Answer of boss").says("On its way");
    boss.get("/manage/feedback?state=answered").await.says("Счёт");

    boss.get("/manage/feedback/1/delete").await.says("Delete “Счёт”?");
    assert_eq!(boss.post("/manage/feedback/1/delete", &[]).await.goes_to(), Some("/manage/feedback"));
    assert_eq!(boss.get("/manage/feedback/1").await.status, StatusCode::NOT_FOUND);
    boss.get("/manage/audit").await.says("Feedback answered").says("Feedback deleted");
    app.stop().await;
}

#[tokio::test]
async fn spam_is_put_aside_and_back() {
    let app = TestApp::start().await;
    let mut boss = boss(&app).await;
    writes(&app, "Casino").await;
    boss.post("/manage/feedback/1/state", &[("state", "spam")]).await;
    assert!(!boss.get("/manage/feedback").await.text.contains("/manage/feedback/1\""));
    boss.get("/manage/feedback?state=spam").await.says("/manage/feedback/1\"");
    boss.post("/manage/feedback/1/state", &[("state", "read")]).await;
    boss.get("/manage/feedback").await.says("/manage/feedback/1\"");
    boss.post("/manage/feedback/1/state", &[("state", "new")]).await;
    boss.get("/manage/feedback").await.says("1 not read yet.");
    let odd = boss.post("/manage/feedback/1/state", &[("state", "answered")]).await;
    assert_eq!(odd.status, StatusCode::BAD_REQUEST);
    app.stop().await;
}
