//! What goes wrong on this side: panics, a full disk, a database that is locked, full or away, a clock that is set back.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{
    NOW, add_recipients, attempts, config, newest, number_of, sending, someone, someone_else, start, start_with, until,
    until_over,
};
use vestnik_engine::Engine;
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_model::clock::{Clock as _, SettableClock, SystemClock};
use vestnik_model::secret::{Random, SystemRandom};
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::testing::{TestDatabase, assert_figures_agree};
use vestnik_store::{Db, databases};

/// Randomness that is at hand now and then only. One byte is asked for after each attempt, to spread the retries.
struct Brittle(AtomicUsize);

impl Random for Brittle {
    fn fill(&self, buffer: &mut [u8]) {
        let asked = self.0.fetch_add(1, Ordering::SeqCst);
        assert!(buffer.len() > 1 || !asked.is_multiple_of(10), "no randomness at the moment");
        SystemRandom.fill(buffer);
    }
}

/// Everyone has one final state and no mail was lost: what the ledger calls sent was accepted.
async fn assert_accounted(db: &Db, anna: &Actor, server: &FaultServer, mailing: vestnik_model::id::MailingId) {
    let over = until_over(db, anna, mailing).await;
    assert_eq!(over.counts.done(), over.counts.recipients);
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted.len(), once.len(), "nobody has it twice");
    for attempt in attempts(db, anna, mailing).await.iter().filter(|attempt| attempt.successful) {
        assert!(accepted.binary_search(&attempt.email).is_ok(), "{} is called sent and never arrived", attempt.email);
    }
}

databases! {
    async fn a_panic_in_a_worker_loses_neither_its_claim_nor_its_connection(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 100).await;
        let folder = tempfile::tempdir().unwrap();
        let brittle = Arc::new(Brittle(AtomicUsize::new(1)));
        let engine =
            Engine::start(db.clone(), Arc::new(SystemClock), brittle, config(&server.url(), folder.path())).await.unwrap();
        let mailing = sending(&db, &anna, "hold").await;
        assert_accounted(&db, &anna, &server, mailing).await;
        let over = newest(&db, &anna, mailing).await.unwrap();
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert!(over.counts.unknown >= 5, "each tenth was handed over when it panicked: {:?}", over.counts);
        assert_eq!((over.counts.sent + over.counts.unknown, server.accepted().len()), (100, 100));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and nothing is left in the journal");
    }

    async fn a_journal_that_cannot_be_written_hands_nothing_over(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 50).await;
        let folder = tempfile::tempdir().unwrap();
        // The name of a node is known beforehand, and so is its journal's. /dev/full is a disk without room.
        struct Fixed;
        impl Random for Fixed {
            fn fill(&self, buffer: &mut [u8]) {
                buffer.fill(7);
            }
        }
        for segment in 0..20 {
            let segment = folder.path().join(format!("0707070707070707-{segment:08}.log"));
            std::os::unix::fs::symlink("/dev/full", segment).unwrap();
        }
        let engine =
            Engine::start(db.clone(), Arc::new(SystemClock), Arc::new(Fixed), config(&server.url(), folder.path()))
                .await
                .unwrap();
        let mailing = sending(&db, &anna, "hold").await;
        until("it is told of", || async {
            let outage = vestnik_store::outages::current(&db).await.unwrap().pop();
            outage.filter(|outage| outage.error.error_args.contains("space"))
        })
        .await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((run.counts.attempts(), run.counts.pending(), server.accepted().len()), (0, 50, 0));
        engine.stop().await;
        assert_figures_agree(&db).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        assert_accounted(&db, &anna, &server, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!(server.accepted().len(), 50);
    }

    async fn a_clock_that_is_set_back_holds_nothing_up(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        server.accept_only(50);
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 400).await;
        let clock = Arc::new(SettableClock::at(SystemClock.now().plus(Duration::from_secs(60))));
        let engine = start(&db, clock.clone(), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("it is going", || async { (server.accepted().len() == 50).then_some(()) }).await;
        clock.set(UnixMillis(clock.now().0 - 3_600_000));
        server.accept_all();
        assert_accounted(&db, &anna, &server, mailing).await;
        assert_eq!(newest(&db, &anna, mailing).await.unwrap().counts.sent, 400);
        // Neither does it hold up what is planned after it.
        let boris = someone_else(&db, "boris").await;
        add_recipients(&db, &boris, 5).await;
        let next = common::plan(&db, &boris, "", "", "once", NOW).await;
        common::send_now(&db, &boris, next, clock.now()).await;
        assert_eq!(until_over(&db, &boris, next).await.counts.sent, 5);
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn one_bad_recipient_does_not_hold_the_others_up(db: Db) {
        let bad = |event: &Event| number_of(event) == 7;
        let server =
            FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, bad, Action::Silence)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 60).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("the others have it", || async { (server.accepted().len() == 59).then_some(()) }).await;
        until("the ledger has it, too", || async {
            newest(&db, &anna, mailing).await.filter(|run| run.counts.pending() + run.counts.failed == 1)
        })
        .await;
        engine.stop().await;
        assert_figures_agree(&db).await;
    }
}

/// A mailing to 1,000 of which the server has taken 100; the others wait for the test.
async fn caught_in_the_middle(db: &Db) -> (FaultServer, Actor, vestnik_model::id::MailingId, Engine) {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(100);
    let anna = someone(db).await;
    add_recipients(db, &anna, 1_000).await;
    let folder = tempfile::tempdir().unwrap().keep();
    let engine = start_with(db, Arc::new(SystemClock), config(&server.url(), &folder)).await;
    let mailing = sending(db, &anna, "hold").await;
    until("it is going", || async { (server.accepted().len() == 100).then_some(()) }).await;
    (server, anna, mailing, engine)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_another_process_locks_is_waited_for() {
    let database = TestDatabase::sqlite();
    let db = database.open().await;
    let (server, anna, mailing, engine) = caught_in_the_middle(&db).await;
    let other = Db::open(&database.address()).await.unwrap();
    let tx = other.begin().await.unwrap();
    server.accept_all();
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(tx);
    assert_accounted(&db, &anna, &server, mailing).await;
    engine.stop().await;
    assert_figures_agree(&db).await;
    assert_eq!(newest(&db, &anna, mailing).await.unwrap().counts.sent, 1_000);
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_database_loses_no_answer() {
    let database = TestDatabase::sqlite();
    let db = database.open().await;
    let (server, anna, mailing, engine) = caught_in_the_middle(&db).await;
    // What SQLite says when the disk is full, it says as well when the file may not grow.
    db.execute("PRAGMA max_page_count = 1", &[]).await.unwrap();
    server.accept_all();
    tokio::time::sleep(Duration::from_secs(3)).await;
    db.execute("PRAGMA max_page_count = 1000000", &[]).await.unwrap();
    assert_accounted(&db, &anna, &server, mailing).await;
    engine.stop().await;
    assert_figures_agree(&db).await;
    assert_eq!(newest(&db, &anna, mailing).await.unwrap().counts.sent, 1_000);
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_goes_away_and_comes_back_loses_no_answer() {
    let database = TestDatabase::postgres().await;
    let db = database.open().await;
    let (server, anna, mailing, engine) = caught_in_the_middle(&db).await;
    let TestDatabase::Postgres(_, name) = &database else { unreachable!() };
    // From another database of the server, all connections to this one are ended, and none is let in.
    let outside = TestDatabase::postgres().await;
    let other = outside.open().await;
    let admit = async |admitted: bool| {
        let sql = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {admitted}");
        other.execute(sqlx::AssertSqlSafe(sql), &[]).await.unwrap();
    };
    admit(false).await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    other.execute(sql, &[&name.as_str()]).await.unwrap();
    server.accept_all();
    tokio::time::sleep(Duration::from_secs(3)).await;
    admit(true).await;
    assert_accounted(&db, &anna, &server, mailing).await;
    engine.stop().await;
    assert_figures_agree(&db).await;
    assert_eq!(newest(&db, &anna, mailing).await.unwrap().counts.sent, 1_000);
    other.close().await;
    outside.remove().await;
    db.close().await;
    database.remove().await;
}
