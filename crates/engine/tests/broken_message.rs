//! A run whose message does not compile, as one may that was written for an earlier template language.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;

use common::{add_recipients, newest, send_now, someone, start, until, until_over};
use vestnik_mail::faults::{Behaviour, FaultServer};
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::message::MessageDraft;
use vestnik_model::run::RunState;
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{control, databases, mailings, messages};

databases! {
    async fn a_run_whose_message_does_not_compile_is_paused_before_anything_is_sent(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let html = "<p>{{ 'Dear ' ~ recipient.full_name }}</p>".to_owned();
        let draft = MessageDraft { subject: "Hello".to_owned(), html, text: String::new() };
        let now = SystemClock.now();
        let message = messages::create(&db, &anna, &draft, now).await.unwrap();
        let input = MailingInput { message_id: Some(message), time_zone: "UTC", ..MailingInput::default() };
        let mailing = MailingDraft::parse(&input, now).unwrap();
        let saved = mailings::create(&db, &anna, &mailing, &Selection::All, &Saving::at(now, "key")).await.unwrap();
        let Saved::Saved(mailing) = saved else { panic!("not saved") };
        send_now(&db, &anna, mailing, now).await;

        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let is_paused = || async {
            newest(&db, &anna, mailing).await.filter(|run| run.state == RunState::Paused && run.counts.recipients == 200)
        };
        let paused = until("it is paused", is_paused).await;
        let problem = control::pause_problem(&paused).unwrap();
        assert_eq!(problem.id, "problem-template-operator");
        assert_eq!((paused.counts.pending(), paused.counts.attempts()), (200, 0), "nobody was tried, and nobody failed");

        // What it sends is fixed: resuming comes to the same, and cancelling ends it.
        control::resume(&db, &anna, paused.id).await.unwrap();
        assert!(control::pause_problem(&until("it is paused again", is_paused).await).is_some());
        control::cancel(&db, &anna, paused.id, SystemClock.now()).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.cancelled), (RunState::Cancelled, 200));
        engine.stop().await;
        assert!(server.accepted().is_empty());
        assert_figures_agree(&db).await;
    }
}
