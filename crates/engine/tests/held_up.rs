//! What must not wait, or be given up, because something on this side is slow.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{add_recipients, attempts, config, newest, sending, someone, start_with, until, until_over};
use vestnik_engine::Config;
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_mail::session::Timeouts;
use vestnik_model::clock::{Clock as _, SettableClock, SystemClock};
use vestnik_model::delivery::RetryPolicy;
use vestnik_store::databases;
use vestnik_store::testing::assert_figures_agree;

/// The outcomes that stand in a journal, as lines.
fn outcomes(journal: &Path) -> Vec<String> {
    let files = std::fs::read_dir(journal).unwrap().map(|file| file.unwrap().path());
    let segments = files.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let text: String = segments.map(|path| std::fs::read_to_string(path).unwrap_or_default()).collect();
    text.lines().filter(|line| line.starts_with(r#"{"r":"#)).map(str::to_owned).collect()
}

/// Keeps everyone from writing about outages. An embedded database has one writer, who is kept from writing anything.
async fn hold_outages_up(db: &vestnik_store::Db) -> vestnik_store::db::Tx {
    let mut tx = db.begin().await.unwrap();
    if !db.is_embedded() {
        tx.execute("LOCK TABLE outages IN ACCESS EXCLUSIVE MODE", &[]).await.unwrap();
    }
    tx
}

databases! {
    async fn a_reply_is_in_the_journal_before_the_database_is_told_of_an_outage(db: Db) {
        // An outage begins, and the message that ends it waits at its dot for the test.
        let behaviour = Behaviour::good().once(Stage::Mail, Action::reply("451 4.3.0 Local trouble"));
        let server = FaultServer::start(behaviour).await.unwrap();
        server.accept_only(0);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 3).await;
        let journal = tempfile::tempdir().unwrap();
        let settings = Config { connections: 1, ..config(&server.url(), journal.path()) };
        let engine = start_with(&db, Arc::new(SystemClock), settings).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("a dot is out", async || server.commands().iter().any(|line| line == "<text>").then_some(())).await;
        assert_eq!(outcomes(journal.path()), [""; 0]);
        let held_up = hold_outages_up(&db).await;
        server.accept_all();
        let told = async || outcomes(journal.path()).into_iter().find(|line| line.contains(r#""state":"sent""#));
        until("the journal has it", told).await;
        drop(held_up);
        let over = until_over(&db, &anna, mailing).await;
        assert_eq!((over.counts.sent, over.counts.unknown), (3, 0));

        // The same of a reply that begins one. Only there is a database that lets all else go on meanwhile.
        if !db.is_embedded() {
            server.behave(Behaviour::good().once(Stage::Dot, Action::ReplyAndDrop("421 4.3.2 Shutting down".to_owned())));
            common::until_all_sessions_end(&server).await;
            let held_up = hold_outages_up(&db).await;
            let mailing = sending(&db, &anna, "hold").await;
            let told = async || outcomes(journal.path()).into_iter().find(|line| line.contains("Shutting down"));
            until("the journal has it", told).await;
            drop(held_up);
            let over = until_over(&db, &anna, mailing).await;
            assert_eq!((over.counts.sent, over.counts.unknown), (3, 0));
        }
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn a_reply_is_in_the_journal_although_the_next_message_hangs(db: Db) {
        // The next message's commands ride along, and the server falls silent at its recipient. The database takes nothing.
        let silent = |event: &Event| event.nth == 1;
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, silent, Action::Silence)).await.unwrap();
        server.accept_only(0);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 10).await;
        let journal = tempfile::tempdir().unwrap();
        let settings = Config {
            connections: 1,
            timeouts: Timeouts { quit: Duration::from_millis(100), ..Timeouts::all(Duration::from_secs(3_600)) },
            ..config(&server.url(), journal.path())
        };
        let engine = start_with(&db, Arc::new(SystemClock), settings).await;
        sending(&db, &anna, "hold").await;
        until("a dot is out", async || server.commands().iter().any(|line| line == "<text>").then_some(())).await;
        let mut held_up = db.begin().await.unwrap();
        if !db.is_embedded() {
            held_up.execute("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE", &[]).await.unwrap();
        }
        server.accept_all();
        let told = async || outcomes(journal.path()).into_iter().find(|line| line.contains(r#""state":"sent""#));
        until("the journal has it", told).await;
        drop(held_up);
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn a_rendering_that_is_given_up_is_tried_again_before_it_fails(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 2).await;
        let journal = tempfile::tempdir().unwrap();
        let settings = Config { longest_rendering: Duration::ZERO, ..config(&server.url(), journal.path()) };
        let engine = start_with(&db, Arc::new(SystemClock), settings.clone()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.failed, over.counts.attempts_failed), (2, 6), "three attempts each");
        for attempt in attempts(&db, &anna, mailing).await {
            assert_eq!((attempt.phase.as_str(), attempt.server.as_str()), ("render", ""));
            assert_eq!(attempt.error.problem().unwrap().id, "problem-template-cancelled");
        }

        // A machine that was only busy loses no mail.
        let clock = Arc::new(SettableClock::at(SystemClock.now().plus(Duration::from_secs(60))));
        let retry = RetryPolicy { first_delay: Duration::from_secs(3_600), ceiling: Duration::from_secs(3_600), ..settings.retry };
        let engine = start_with(&db, clock.clone(), Config { retry, ..settings }).await;
        let mailing = sending(&db, &anna, "hold").await;
        let tried = async || newest(&db, &anna, mailing).await.filter(|run| run.counts.attempts_failed == 2);
        assert_eq!(until("each was too slow once", tried).await.counts.pending(), 2);
        engine.stop().await;
        clock.advance(Duration::from_secs(7_200));
        let engine = start_with(&db, clock, config(&server.url(), journal.path())).await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (2, 4));
    }
}
