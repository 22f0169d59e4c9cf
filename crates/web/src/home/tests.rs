//! What strangers see first.

use std::time::Duration;

use vestnik_model::{
    Actor,
    mailing::{MailingDraft, MailingInput},
    message::MessageDraft,
    recipient::RecipientDraft,
};
use vestnik_store::{mailings, messages, recipients};

use crate::testing::{Browser, TestApp};

/// Someone with these recipients and a mailing to them.
async fn has(app: &TestApp, actor: &Actor, addresses: &[&str], starts_at: &str) {
    let now = app.clock_now();
    for address in addresses {
        let recipient = RecipientDraft::parse(address, "", "").expect("a recipient");
        recipients::create(&app.db, actor, &recipient, now).await.expect("stored");
    }
    let message = MessageDraft::parse("Menu", "", "Text").expect("a message");
    let message = messages::create(&app.db, actor, &message, now).await.expect("stored");
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", starts_at, ..MailingInput::default() };
    let draft = MailingDraft::parse(&input, now).expect("a mailing");
    mailings::create(&app.db, actor, &draft, &mailings::Selection::All, &mailings::Saving::at(now, "key"))
        .await
        .expect("stored");
}

async fn figures(browser: &mut Browser) -> Vec<String> {
    let page = browser.get("/").await.text;
    let cells = page.split("<dd class=\"figure num\">").skip(1);
    cells.map(|cell| cell.split('<').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn s49_the_figures_are_everyones_and_count_an_address_once() {
    let app = TestApp::start().await;
    let mut stranger = app.browser();
    assert_eq!(figures(&mut stranger).await, ["0", "0", "0"]);
    let (_, anna) = app.signed_in("anna").await;
    let (_, boris) = app.signed_in("boris").await;
    has(&app, &anna, &["one@example.org", "two@example.org"], "").await;
    has(&app, &boris, &["TWO@example.org", "three@example.org"], "2027-01-01T10:00").await;
    // No sooner than the figures are looked at anew, and no later.
    tokio::time::sleep(Duration::from_millis(3_100)).await;
    assert_eq!(figures(&mut stranger).await, ["2", "1", "3"]);
    app.stop().await;
}
