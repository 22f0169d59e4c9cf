//! Stop means stop: pause, resume, cancel and disable while mail goes out (S-20); what is unknown is held or sent again.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;

use common::{
    Running, add_recipients, add_recipients_among, add_recipients_at, attempts, newest, number_of, sending, someone,
    start, until, until_all_sessions_end, until_nothing_is_claimed, until_over,
};
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_model::Actor;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::id::MailingId;
use vestnik_model::run::RunState;
use vestnik_store::control::{self, Again, Controlled, SentAgain};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, databases};

struct Going {
    server: FaultServer,
    anna: Actor,
    mailing: MailingId,
    engine: Running,
}

/// A mailing to 1,500 of which 100 are sent, and the server makes the others wait.
async fn caught_going(db: &Db) -> Going {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(100);
    let anna = someone(db).await;
    add_recipients(db, &anna, 1_500).await;
    let engine = start(db, Arc::new(SystemClock), &server.url()).await;
    let mailing = sending(db, &anna, "hold").await;
    until("it is going", || async { newest(db, &anna, mailing).await.filter(|run| run.counts.sent == 100) }).await;
    Going { server, anna, mailing, engine }
}

databases! {
    async fn a_paused_run_stands_still_and_goes_on(db: Db) {
        let Going { server, anna, mailing, engine } = caught_going(&db).await;
        let run = newest(&db, &anna, mailing).await.unwrap().id;
        assert_eq!(control::pause(&db, &anna, run, SystemClock.now()).await.unwrap(), Controlled::Done);
        server.accept_all();
        until_nothing_is_claimed(&db).await;
        let then = server.accepted().len();
        let paused = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((paused.state, paused.counts.sent as usize), (RunState::Paused, then), "and the ledger is exact");
        assert!(paused.counts.pending() > 0, "it was caught in its middle");

        assert_eq!(control::resume(&db, &anna, run).await.unwrap(), Controlled::Done);
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.state, over.counts.sent, over.counts.attempts()), (RunState::Completed, 1_500, 1_500));
        assert_eq!(server.accepted().len(), 1_500);
    }

    async fn a_run_that_is_called_off_ends_exactly_and_the_rest_can_be_sent_later(db: Db) {
        let Going { server, anna, mailing, engine } = caught_going(&db).await;
        let run = newest(&db, &anna, mailing).await.unwrap().id;
        assert_eq!(control::cancel(&db, &anna, run, SystemClock.now()).await.unwrap(), Controlled::Done);
        server.accept_all();
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!(over.state, RunState::Cancelled);
        assert_eq!(over.counts.sent as usize, server.accepted().len());
        assert_eq!(over.counts.sent + over.counts.cancelled, 1_500);
        assert!(over.counts.cancelled > 0);

        let again = control::send_again(&db, &anna, run, Again::NotReached, SystemClock.now()).await.unwrap();
        assert_eq!(again, SentAgain::Waiting(over.counts.cancelled));
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.state, over.counts.sent), (RunState::Completed, 1_500));
        let mut once = server.recipients();
        once.dedup();
        assert_eq!((once.len(), server.accepted().len()), (1_500, 1_500));
    }

    async fn disabling_stops_what_is_being_sent(db: Db) {
        let Going { server, anna, mailing, engine } = caught_going(&db).await;
        control::disable(&db, &anna, mailing, "", SystemClock.now()).await.unwrap();
        server.accept_all();
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!(over.state, RunState::Cancelled);
        assert_eq!(over.counts.sent as usize, server.accepted().len());
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn a_server_that_refuses_the_sender_fails_nobody(db: Db) {
        let behaviour = Behaviour::good().on(Stage::Mail, Action::reply("550 5.7.1 Sender not allowed"));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let paused = until("it is paused", || async {
            newest(&db, &anna, mailing).await.filter(|run| run.state == RunState::Paused)
        })
        .await;
        assert!(paused.paused_by.contains("Sender not allowed"), "{:?}", paused.paused_by);
        until_all_sessions_end(&server).await;
        until_nothing_is_claimed(&db).await;
        let paused = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((paused.counts.failed, paused.counts.pending()), (0, 200));
        assert!(paused.counts.attempts() <= 8, "the others were not even tried: {:?}", paused.counts);

        server.behave(Behaviour::good());
        control::resume(&db, &anna, paused.id).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!(over.counts.sent, 200);
    }

    async fn a_server_that_refuses_every_letter_does_not_burn_the_list(db: Db) {
        let spam = Action::reply("554 5.7.1 Message rejected as spam");
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Dot, |event: &Event| event.nth >= 100, spam));
        let server = server.await.unwrap();
        let anna = someone(&db).await;
        add_recipients_among(&db, &anna, &["one.example", "two.example", "three.example"], 1_000).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let paused = until("it is paused", || async {
            newest(&db, &anna, mailing).await.filter(|run| run.state == RunState::Paused)
        })
        .await;
        assert!(paused.paused_by.contains("rejected as spam"), "{:?}", paused.paused_by);
        let told = vestnik_store::stats::refused(&db).await.unwrap();
        assert!(told.0 == 1 && told.1.contains("rejected as spam"), "{told:?}");
        until_all_sessions_end(&server).await;
        until_nothing_is_claimed(&db).await;
        let paused = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!(paused.counts.sent, 100);
        // What was handed over already, on each of the connections, is refused as well.
        assert!((50..100).contains(&paused.counts.failed), "{:?}", paused.counts);

        server.behave(Behaviour::good());
        control::resume(&db, &anna, paused.id).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!(over.counts.sent, 1_000 - paused.counts.failed);
        let again = control::send_again(&db, &anna, over.id, Again::Failed, SystemClock.now()).await.unwrap();
        assert_eq!(again, SentAgain::Waiting(paused.counts.failed));
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.failed), (1_000, 0));
    }

    async fn a_domain_that_does_not_want_us_is_no_reason_to_stop(db: Db) {
        let unwanted = |event: &Event| event.to.as_deref().is_some_and(|to| to.ends_with("@closed.example"));
        let no = Action::reply("550 5.7.1 Access denied");
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, unwanted, no)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients_at(&db, &anna, "closed.example", 150).await;
        add_recipients_at(&db, &anna, "open.example", 100).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.failed), (100, 150));
    }

    async fn what_is_unknown_is_held_until_a_person_decides(db: Db) {
        let lost = |event: &Event| number_of(event).is_multiple_of(10) && event.seen == 0;
        let behaviour = Behaviour::good().on_if(Stage::Dot, lost, Action::AcceptAndDrop);
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 60).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!((over.counts.sent, over.counts.unknown), (54, 6));
        assert_eq!(server.accepted().len(), 60, "nobody has it twice");
        let flagged = attempts(&db, &anna, mailing).await.iter().filter(|attempt| attempt.unknown).count();
        assert_eq!(flagged, 6);

        let again = control::send_again(&db, &anna, over.id, Again::Unknown, SystemClock.now()).await.unwrap();
        assert_eq!(again, SentAgain::Waiting(6));
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.unknown), (60, 0));
        assert_eq!(server.accepted().len(), 66);
    }

    async fn what_is_unknown_is_sent_again_with_the_same_id_where_that_is_wanted(db: Db) {
        let lost = |event: &Event| number_of(event).is_multiple_of(10) && event.seen == 0;
        let behaviour = Behaviour::good().on_if(Stage::Dot, lost, Action::AcceptAndDrop);
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 60).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "resend").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.unknown), (60, 0));
        let accepted = server.accepted();
        assert_eq!(accepted.len(), 66);
        let id = |bytes: &[u8]| mail_parser::MessageParser::new().parse(bytes).unwrap().message_id().unwrap().to_owned();
        let mut ids: Vec<String> = accepted.iter().map(|mail| id(&mail.bytes)).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 60, "a copy has its original's id");
        let flagged: Vec<_> =
            attempts(&db, &anna, mailing).await.into_iter().filter(|attempt| attempt.unknown).collect();
        assert_eq!(flagged.len(), 6);
        assert!(ids.binary_search(&flagged[0].message_id).is_ok(), "the ledger names the id that went out");
    }
}
