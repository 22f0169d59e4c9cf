//! Messages that were written for an earlier template language: the upgrade names them with their owners.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::Installation;
use vestnik_model::Actor;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::message::MessageDraft;
use vestnik_store::{messages, users};

async fn outdated_messages_are_named(installation: &Installation) {
    installation.account().await;
    assert!(!installation.ok(&["migrate"]).await.contains("template"), "there is nothing to tell of");

    let db = installation.db().await;
    let owner = users::find_by_email(&db, &"anna@example.com".parse().unwrap()).await.unwrap().unwrap();
    let actor = Actor::of(&owner);
    for (subject, html) in [
        ("Good", "<style>@media{#box{width:100%}}</style>{{ recipient.full_name }}"),
        ("Joined", "<p>\n{{ 'Dear ' ~ recipient.full_name }}</p>"),
        ("Macro", "{% macro m() %}x{% endmacro %}"),
        ("Noted", "<p>x{# ask Boris #}</p>"),
    ] {
        let draft = MessageDraft { subject: subject.to_owned(), html: html.to_owned(), text: String::new() };
        messages::create(&db, &actor, &draft, SystemClock.now()).await.unwrap();
    }
    db.close().await;

    let told = installation.ok(&["migrate"]).await;
    let named: Vec<&str> = told.lines().filter(|line| line.contains("message ")).collect();
    assert_eq!(named.len(), 3, "{told}");
    for (line, words) in named.iter().zip([
        ["\"Joined\"", "html: Line 2: “~”"],
        ["\"Macro\"", "there is no tag “macro”"],
        ["\"Noted\"", "“{# ask Boris #}” will be sent as it is"],
    ]) {
        assert!(line.contains("anna@example.com") && words.iter().all(|word| line.contains(word)), "{line}");
    }
}

#[tokio::test]
async fn on_sqlite() {
    outdated_messages_are_named(&Installation::on_sqlite()).await;
}

#[tokio::test]
async fn on_postgres() {
    let installation = Installation::on_postgres().await;
    outdated_messages_are_named(&installation).await;
    installation.remove().await;
}
