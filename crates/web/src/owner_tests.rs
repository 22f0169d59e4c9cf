//! S-04, S-38: another person's object is not there, for reading and for writing. Walks every route with an id.

use axum::http::StatusCode;
use vestnik_model::{
    Actor,
    mailing::{MailingDraft, MailingInput},
    message::MessageDraft,
    recipient::RecipientDraft,
};
use vestnik_store::{deletions, import, mailings, messages, recipients, runs, sessions};

use crate::{
    routes::{self, Who},
    testing::TestApp,
};

/// One of each thing that has an owner, by the beginning of its paths. The longest beginning that fits counts.
async fn belongings(app: &TestApp, actor: &Actor) -> Vec<(&'static str, String)> {
    let now = app.clock_now();
    let recipient = RecipientDraft::parse("one@example.org", "One", "").expect("a recipient");
    let recipient = match recipients::create(&app.db, actor, &recipient, now).await.expect("stored") {
        recipients::Saved::Saved(id) => id,
        other => panic!("{other:?}"),
    };
    let message = MessageDraft::parse("Subject", "", "Text").expect("a message");
    let message = messages::create(&app.db, actor, &message, now).await.expect("stored");
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..MailingInput::default() };
    let draft = MailingDraft::parse(&input, now).expect("a mailing");
    let mailing =
        match mailings::create(&app.db, actor, &draft, &mailings::Selection::All, &mailings::Saving::at(now, "key"))
            .await
            .expect("stored")
        {
            mailings::Saved::Saved(id) => id,
            other => panic!("{other:?}"),
        };
    let delay = std::time::Duration::from_secs(30);
    let run = match runs::demand(&app.db, actor, mailing, "key", delay, now).await.expect("stored") {
        runs::Demanded::Planned(id) => id,
        other => panic!("{other:?}"),
    };
    let session = sessions::all(&app.db, actor, now).await.expect("found")[0].id;
    let read = import::begin(&app.db, actor, "list.csv", 100, now).await.expect("stored");
    let deletion = deletions::begin_recipients(&app.db, actor, "", 1, now).await.expect("stored");
    vec![
        ("/deletions/", deletion.to_string()),
        ("/recipients/imports/", read.to_string()),
        ("/recipients/", recipient.to_string()),
        ("/messages/", message.to_string()),
        ("/mailings/", mailing.to_string()),
        ("/runs/", run.to_string()),
        ("/settings/sessions/", session.to_string()),
    ]
}

#[tokio::test]
async fn s38_anothers_object_is_not_found_on_any_route() {
    let app = TestApp::start().await;
    let (_, anna) = app.signed_in("anna").await;
    let (mut boris, _) = app.signed_in("boris").await;
    let belongings = belongings(&app, &anna).await;
    let mut walked = 0;
    for route in routes::list() {
        let has_id = route.path.contains("{id}");
        assert_eq!(
            has_id && !route.path.starts_with("/caught/") && !matches!(route.who, Who::May(_)),
            route.who == Who::Owner,
            "{} {}: a path with an id is for its owner",
            route.method,
            route.path
        );
        if route.who != Who::Owner {
            continue;
        }
        let (_, id) = belongings
            .iter()
            .find(|(start, _)| route.path.starts_with(start))
            .unwrap_or_else(|| panic!("{}: say in this test what its id names", route.path));
        for id in [id.as_str(), "999999", "0", "-1", "x", "99999999999999999999"] {
            let path = route.path.replace("{id}", id);
            let answer = boris.ask(&route.method, &path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{} {path}\n{}", route.method, answer.text);
        }
        walked += 1;
    }
    assert!(walked >= 20, "{walked}");

    // And all of it is still there, as it was.
    assert!(runs::open_of(&app.db, &anna, 1).await.expect("found").len() == 1);
    assert_eq!(recipients::count(&app.db, &anna, "").await.expect("counted"), 1);
    assert_eq!(messages::count(&app.db, &anna).await.expect("counted"), 1);
    assert_eq!(mailings::count(&app.db, &anna).await.expect("counted"), 1);
    app.stop().await;
}
