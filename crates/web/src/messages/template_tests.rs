//! What pages say of messages that are sent as they stand, or cannot be sent any more.

use vestnik_model::message::MessageDraft;
use vestnik_store::{messages, runs};

use crate::{
    mailings::tests::{form, mailing_of, prepared},
    testing::TestApp,
};

#[tokio::test]
async fn placeholders_of_others_are_pointed_out() {
    let app = TestApp::start().await;
    let (mut anna, ..) = prepared(&app).await;
    let message = [("subject", "Hi *|FNAME|*"), ("html", "<p>\n[[name]] {{ recipient.email }}</p>"), ("text", "")];
    let saved = anna.post("/messages/new", &message).await;
    let path = saved.goes_to().expect("it is saved").to_owned();
    let words = ["Line 1: “*|FNAME|*”", "Line 2: “[[name]]”", "Use {{ recipient.full_name }} if"];
    let page = anna.get(&path).await;
    for word in words {
        page.says(word);
    }

    let id = path.rsplit('/').next().expect("an id");
    let mailing = mailing_of(&anna.post("/mailings/new", &form(id, &[])).await);
    let review = anna.get(&format!("/mailings/{mailing}/review")).await;
    for word in words {
        review.says(word);
    }
    // It may be meant so.
    let sent = anna.post(&format!("/mailings/{mailing}/send"), &[]).await;
    assert_eq!(sent.goes_to(), Some(format!("/mailings/{mailing}").as_str()));
    app.stop().await;
}

#[tokio::test]
async fn a_message_that_no_longer_compiles_is_not_sent() {
    let app = TestApp::start().await;
    let (mut anna, actor, ..) = prepared(&app).await;
    let html = "<p>{{ 'Dear ' ~ recipient.full_name }}</p>".to_owned();
    let draft = MessageDraft { subject: "Hello".to_owned(), html, text: String::new() };
    let message = messages::create(&app.db, &actor, &draft, app.clock_now()).await.expect("a database");
    let mailing = mailing_of(&anna.post("/mailings/new", &form(&message.to_string(), &[])).await);
    let page = format!("/mailings/{mailing}");
    for path in [&format!("/messages/{message}"), &page, &format!("{page}/review")] {
        anna.get(path).await.says("Line 1: “~” cannot be used here");
    }
    anna.get(&page).await.says("has an error and cannot be sent");
    let sent = anna.post(&format!("{page}/send"), &[]).await;
    assert_eq!(sent.goes_to(), Some(format!("{page}/review").as_str()));
    assert!(runs::open_of(&app.db, &actor, 1).await.expect("a database").is_empty());
    app.stop().await;
}
