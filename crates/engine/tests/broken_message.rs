//! A run whose message cannot be rendered, as one may be that was written for an earlier template language.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;

use common::{add_recipients, newest, send_now, someone, start, until, until_over};
use vestnik_mail::faults::{Behaviour, FaultServer};
use vestnik_model::Actor;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::id::MailingId;
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::message::MessageDraft;
use vestnik_model::run::RunState;
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, control, databases, mailings, messages};

/// A mailing to everyone in the list that is sent at once, with this message, as it may have been saved by another program.
async fn sending(db: &Db, anna: &Actor, html: &str) -> MailingId {
    let draft = MessageDraft { subject: "Hello".to_owned(), html: html.to_owned(), text: String::new() };
    let now = SystemClock.now();
    let message = messages::create(db, anna, &draft, now).await.unwrap();
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..MailingInput::default() };
    let mailing = MailingDraft::parse(&input, now).unwrap();
    let saved = mailings::create(db, anna, &mailing, &Selection::All, &Saving::at(now, "key")).await.unwrap();
    let Saved::Saved(mailing) = saved else { panic!("not saved") };
    send_now(db, anna, mailing, now).await;
    mailing
}

databases! {
    async fn a_run_whose_message_fails_for_everyone_is_paused_before_anything_is_sent(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        for (html, problem) in [
            // It does not compile, or not run.
            ("<p>{{ 'Dear ' ~ recipient.full_name }}</p>", "problem-template-operator"),
            ("<p>{{ recipient.full_name|int }}</p>", "problem-template-not-number"),
        ] {
            let mailing = sending(&db, &anna, html).await;
            let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
            let is_paused = || async {
                newest(&db, &anna, mailing).await.filter(|run| run.state == RunState::Paused && run.counts.recipients == 200)
            };
            let paused = until("it is paused", is_paused).await;
            assert_eq!(control::pause_problem(&paused).unwrap().id, problem);
            assert_eq!((paused.counts.pending(), paused.counts.attempts()), (200, 0), "nobody was tried, and nobody failed");

            // What it sends is fixed: resuming comes to the same, and cancelling ends it.
            control::resume(&db, &anna, paused.id).await.unwrap();
            assert!(control::pause_problem(&until("it is paused again", is_paused).await).is_some());
            control::cancel(&db, &anna, paused.id, SystemClock.now()).await.unwrap();
            let over = until_over(&db, &anna, mailing).await;
            assert_eq!((over.state, over.counts.cancelled), (RunState::Cancelled, 200));
            engine.stop().await;
        }
        assert!(server.accepted().is_empty());
        assert_figures_agree(&db).await;
    }

    async fn a_message_that_fails_for_some_fails_for_these(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        let html = "{% if recipient.email == 'r7@example.org' %}{{ recipient.full_name|int }}{% endif %}";
        let mailing = sending(&db, &anna, html).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.failed, server.accepted().len()), (19, 1, 19));
        assert_figures_agree(&db).await;
    }
}
