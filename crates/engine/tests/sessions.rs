//! Mail servers that end a session after a number of messages: it is no trouble, and no message notices.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{
    add_recipients, config, newest, number_of, sending, someone, someone_else, start, start_with, until, until_over,
};
use vestnik_engine::Config;
use vestnik_engine::limits::Limits;
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_mail::session::Timeouts;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::run::RunState;
use vestnik_store::control::{self, Controlled};
use vestnik_store::letters::{self, NewLetter};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, databases, outages};

const RECIPIENTS: usize = 300;

/// Takes seven messages in a session.
fn seven(end: Action) -> Behaviour {
    Behaviour::good().on_if(Stage::Mail, |event: &Event| event.here >= 7, end)
}

fn farewell() -> Action {
    Action::ReplyAndDrop("421 4.7.0 Too many messages in one session".to_owned())
}

fn settings(url: &str) -> Config {
    config(url, &tempfile::tempdir().unwrap().keep())
}

async fn leased(db: &Db) -> i64 {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM deliveries WHERE state = 'leased'", &[]).await.unwrap();
    count
}

databases! {
    async fn it_is_no_trouble_and_the_number_is_learned(db: Db) {
        for (who, end) in [("polite", farewell()), ("silent", Action::Drop)] {
            let server = FaultServer::start(seven(end)).await.unwrap();
            let anna = someone_else(&db, who).await;
            add_recipients(&db, &anna, RECIPIENTS).await;
            let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
            let mailing = sending(&db, &anna, "hold").await;
            let over = until("it is over, and nothing was the matter", || async {
                assert_eq!(outages::current(&db).await.unwrap().len(), 0, "{who}");
                newest(&db, &anna, mailing).await.filter(|run| run.state.is_final())
            })
            .await;
            engine.stop().await;
            let all = RECIPIENTS as i64;
            assert_eq!((over.counts.sent, over.counts.attempts()), (all, all), "{who}: nobody was refused anything");
            // Once it is known, sessions are ended here, before the server does.
            let left = server.commands().iter().filter(|command| command.as_str() == "QUIT").count();
            assert!(left > 20, "{who}: {left} of {}", server.connections());
        }
    }

    async fn refusals_count_as_messages_and_an_end_at_rset_is_one(db: Db) {
        let unknown = |event: &Event| number_of(event).is_multiple_of(5);
        let behaviour = Behaviour::good()
            .on_if(Stage::Rcpt, unknown, Action::reply("550 5.1.1 No such user"))
            .on_if(Stage::Rset, |event: &Event| event.here >= 2, farewell());
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.failed, over.counts.attempts()), (240, 60, 300));
    }

    async fn a_server_that_counts_what_it_takes_is_understood(db: Db) {
        let unknown = |event: &Event| number_of(event).is_multiple_of(7);
        let behaviour = Behaviour::good()
            .on_if(Stage::Rcpt, unknown, Action::reply("550 5.1.1 No such user"));
        // After the fifth message that it takes it answers nothing but 421.
        let enough = |event: &Event| event.taken >= 5;
        let server = FaultServer::start(behaviour.on_if(Stage::Mail, enough, farewell()).on_if(Stage::Rset, enough, farewell()));
        let server = server.await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until("it is over, and nothing was the matter", || async {
            assert_eq!(outages::current(&db).await.unwrap().len(), 0);
            newest(&db, &anna, mailing).await.filter(|run| run.state.is_final())
        })
        .await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.failed, over.counts.attempts()), (258, 42, 300));
    }

    async fn a_domain_with_one_connection_keeps_it(db: Db) {
        let server = FaultServer::start(seven(farewell())).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let limits = Limits { domains: "example.org=:1".parse().unwrap(), ..Limits::default() };
        let engine = start_with(&db, Arc::new(SystemClock), Config { limits, ..settings(&server.url()) }).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (300, 300));
    }

    async fn what_waits_for_another_session_can_be_paused_and_given_back(db: Db) {
        // Further sessions do not come about: nobody greets.
        let silent = |event: &Event| event.connection >= 4;
        let server = FaultServer::start(seven(Action::Drop).on_if(Stage::Greeting, silent, Action::Silence)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let patient = Config { timeouts: Timeouts::all(Duration::from_secs(30)), ..settings(&server.url()) };
        let engine = start_with(&db, Arc::new(SystemClock), patient).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("all sessions have ended", || async { (server.connections() >= 5 && server.accepted().len() == 28).then_some(()) })
            .await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!(control::pause(&db, &anna, run.id, SystemClock.now()).await.unwrap(), Controlled::Done);
        engine.stop().await;
        assert_eq!(leased(&db).await, 0, "all of it is given back");
        let paused = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((paused.state, paused.counts.sent, paused.counts.attempts()), (RunState::Paused, 28, 28));

        server.behave(Behaviour::good());
        control::resume(&db, &anna, run.id).await.unwrap();
        let engine = start_with(&db, Arc::new(SystemClock), settings(&server.url())).await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.attempts(), server.accepted().len()), (300, 300, 300));
    }

    async fn letters_of_the_service_go_on_in_another_session(db: Db) {
        let behaviour = Behaviour::good().on_if(Stage::Mail, |event: &Event| event.here >= 2, farewell());
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        for number in 0..9 {
            let letter = NewLetter {
                user: anna.user(),
                kind: "test",
                recipient: &format!("r{number}@example.org").parse().unwrap(),
                recipient_name: "",
                subject: "Hello",
                text: "Hello",
                html: "",
                key: &format!("key-{number}"),
            };
            letters::enqueue(&db, &letter, SystemClock.now()).await.unwrap();
        }
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        until("they are done", || async { (letters::pending(&db).await.unwrap() == 0).then_some(()) }).await;
        engine.stop().await;
        assert_eq!(server.accepted().len(), 9);
        let (most,): (i64,) = db.fetch_one("SELECT max(attempts) FROM letters", &[]).await.unwrap();
        assert_eq!(most, 1, "none was put off");
    }
}
