use vestnik_model::{UnixMillis, message::MessageDraft, recipient::RecipientDraft};
use vestnik_store::{messages, recipients};

use super::tests::{form, mailing_of, prepared};
use crate::testing::TestApp;

#[tokio::test]
async fn the_review_tries_the_message_for_every_recipient() {
    let app = TestApp::start().await;
    let (mut browser, actor, _, ids) = prepared(&app).await;
    // It works for those whose name is a number.
    let html = "<p>{{ recipient.full_name|int }}</p><img src='data:image/png;base64,AA'>";
    let draft = |html: &str, subject: &str| {
        let id = MessageDraft { subject: subject.to_owned(), html: html.to_owned(), text: String::new() };
        let (db, actor) = (app.db.clone(), actor.clone());
        async move { messages::create(&db, &actor, &id, UnixMillis(1)).await.expect("stored").to_string() }
    };
    let message = draft(html, "Fish &amp; chips").await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&message, &[])).await);
    let page = format!("/mailings/{id}/review");
    let review = browser.get(&page).await;
    review.says("3 recipients will not get the email").says(&format!("/messages/{message}?recipient={}", ids[0]));
    review.says("You may mean: Fish &amp; chips");
    assert!(!review.text.contains("Send to 3"), "nobody would get it");

    let two = RecipientDraft::parse("one@example.org", "7", "").expect("a recipient");
    recipients::update(&app.db, &actor, ids[0], &two, UnixMillis(2)).await.expect("stored");
    let review = browser.get(&page).await;
    review
        .says("2 recipients will not get the email")
        .says(">Two</a>: ")
        .says("This is how one@example.org will see it");
    review.says("A picture is embedded").says("Send to 3 recipients");

    let works = draft("<p>{{ recipient.full_name }}</p>", "Hello").await;
    let id = mailing_of(&browser.post("/mailings/new", &form(&works, &[])).await);
    let review = browser.get(&format!("/mailings/{id}/review")).await;
    review.says("The placeholders work for all 3 recipients");
    assert!(!review.text.contains("embedded") && !review.text.contains("You may mean"));
    app.stop().await;
}
