//! Limits hold, and who must wait does not make others wait.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::{
    add_recipients, add_recipients_at, attempts, config, newest, sending, someone, someone_else, start, start_with,
    until, until_over,
};
use tokio::time::Instant;
use vestnik_engine::Config;
use vestnik_engine::limits::{Limits, Rate};
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_model::clock::SystemClock;
use vestnik_model::delivery::RetryPolicy;
use vestnik_store::databases;

fn at(domain: &str) -> impl Fn(&Event) -> bool + Send + Sync + 'static {
    let domain = format!("@{domain}");
    move |event| event.to.as_deref().is_some_and(|to| to.ends_with(&domain))
}

/// A configuration whose journal is left to the system's cleaning.
fn limited(url: &str, limits: Limits) -> Config {
    Config { limits, ..config(url, &tempfile::tempdir().unwrap().keep()) }
}

databases! {
    async fn a_rate_is_kept_by_one_process_and_by_two_together(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 5_000).await;
        let limits = Limits { rate: Some(Rate::per_second(100.0)), ..Limits::default() };
        let one = start_with(&db, Arc::new(SystemClock), limited(&server.url(), limits.clone())).await;
        let mailing = sending(&db, &anna, "hold").await;
        // A busy machine may be slower than the limit; none may be faster.
        let measure = async || {
            let (before, began) = (server.accepted().len(), Instant::now());
            until("400 more are taken", || async { (server.accepted().len() >= before + 400).then_some(()) }).await;
            (server.accepted().len() - before) as f64 / began.elapsed().as_secs_f64()
        };
        until("it is going", || async { (server.accepted().len() > 50).then_some(()) }).await;
        let alone = measure().await;
        assert!(alone <= 105.0, "{alone} messages a second");
        let (claimed,): (i64,) =
            db.fetch_one("SELECT count(*) FROM deliveries WHERE state = 'leased'", &[]).await.unwrap();
        assert!(claimed < 500, "{claimed} are claimed, of which 100 go in a second");
        if !db.is_embedded() {
            let two = start_with(&db, Arc::new(SystemClock), limited(&server.url(), limits)).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let together = measure().await;
            assert!(together <= 105.0, "{together} messages a second");
            two.stop().await;
        }
        one.stop().await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((run.counts.sent as usize, run.counts.unknown), (server.accepted().len(), 0));
    }

    async fn a_domain_with_a_limit_does_not_hold_the_others_up(db: Db) {
        let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (enter, leave, seen) = (Arc::clone(&busy), Arc::clone(&busy), Arc::clone(&most));
        let limited_to = at("slow.example");
        let counts = move |event: &Event| {
            if limited_to(event) {
                seen.fetch_max(enter.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            }
            false
        };
        let limited_to = at("slow.example");
        let done = move |event: &Event| {
            let limited = limited_to(event);
            if limited {
                leave.fetch_sub(1, Ordering::SeqCst);
            }
            limited
        };
        let behaviour = Behaviour::good()
            .on_if(Stage::Rcpt, counts, Action::Proceed)
            .on_if(Stage::Dot, done, Action::Delay(Duration::from_millis(20)));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients_at(&db, &anna, "slow.example", 300).await;
        add_recipients_at(&db, &anna, "quick.example", 300).await;
        let limits = Limits { domains: "slow.example=20/s:2".parse().unwrap(), ..Limits::default() };
        let engine = start_with(&db, Arc::new(SystemClock), limited(&server.url(), limits)).await;
        let mailing = sending(&db, &anna, "hold").await;
        let quick = || server.recipients().iter().filter(|to| to.ends_with("quick.example")).count();
        let began = Instant::now();
        until("the others are done", || async { (quick() == 300).then_some(()) }).await;
        let waited = began.elapsed();
        let slow = server.accepted().len() - 300;
        assert!(slow as f64 <= 20.0 * waited.as_secs_f64() + 5.0, "{slow} in {waited:?}");
        let over = until_over(&db, &anna, mailing).await;
        let waited = began.elapsed();
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (600, 600));
        assert!(waited > Duration::from_secs(13), "300 at 20 a second, in {waited:?}");
        assert!(most.load(Ordering::SeqCst) <= 2, "{most:?} connections at once");
    }

    async fn a_domain_that_asks_for_a_rest_gets_it_alone_and_burns_no_attempt(db: Db) {
        let busy = Action::reply("452 4.3.1 Too busy for this domain");
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, at("slow.example"), busy)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients_at(&db, &anna, "slow.example", 100).await;
        add_recipients_at(&db, &anna, "quick.example", 100).await;
        let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
        let engine = start_with(
            &db,
            Arc::new(SystemClock),
            Config { retry: once, ..limited(&server.url(), Limits::default()) },
        )
        .await;
        let mailing = sending(&db, &anna, "hold").await;
        until("the others are done", || async { (server.accepted().len() == 100).then_some(()) }).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((run.counts.failed, run.counts.pending()), (0, 100));
        assert!(run.counts.attempts_failed < 20, "a few have asked for all: {:?}", run.counts);
        server.behave(Behaviour::good());
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.failed), (200, 0));
        let excused = attempts(&db, &anna, mailing).await.iter().filter(|attempt| !attempt.successful).count();
        assert_eq!(excused as i64, over.counts.attempts_failed, "each is in the ledger all the same");
    }

    async fn a_session_that_was_asked_for_a_rest_is_not_asked_again(db: Db) {
        // As it is with several servers behind one address, of which one is full.
        let full = |event: &Event| event.connection.is_multiple_of(2);
        let busy = Action::reply("452 4.3.1 Insufficient system storage");
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, full, busy)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.failed), (200, 0));
        assert!(over.counts.attempts_failed < 20, "{:?}", over.counts);
    }

    async fn a_server_that_says_later_to_everyone_gets_a_rest_and_burns_no_attempt(db: Db) {
        for words in ["421 4.7.0 Try again later", "451 4.3.2 System not accepting messages"] {
            let server = FaultServer::start(Behaviour::good().on(Stage::Mail, Action::reply(words))).await.unwrap();
            let anna = someone_else(&db, &format!("anna{}", &words[..3])).await;
            add_recipients(&db, &anna, 100).await;
            let once = RetryPolicy { attempts: 1, ..RetryPolicy::default() };
            let settings = Config { retry: once, ..limited(&server.url(), Limits::default()) };
            let engine = start_with(&db, Arc::new(SystemClock), settings).await;
            let mailing = sending(&db, &anna, "hold").await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            let run = newest(&db, &anna, mailing).await.unwrap();
            assert_eq!((run.counts.failed, run.counts.pending()), (0, 100), "{words}");
            assert!(run.counts.attempts() < 20, "{words}: {:?}", run.counts);
            let outages = vestnik_store::outages::current(&db).await.unwrap();
            assert_eq!(outages[0].reply, words[10..], "{outages:?}");
            server.behave(Behaviour::good());
            let over = until_over(&db, &anna, mailing).await;
            engine.stop().await;
            assert_eq!((over.counts.sent, over.counts.failed), (100, 0), "{words}");
            assert!(vestnik_store::outages::current(&db).await.unwrap().is_empty());
        }
    }

    async fn a_greylisting_domain_is_tried_once_each_and_not_held_up(db: Db) {
        let first = |event: &Event| event.seen == 0;
        let greylisted = Action::reply("450 4.2.0 Greylisted");
        let server = FaultServer::start(Behaviour::good().on_if(Stage::Rcpt, first, greylisted)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 100).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.sent, over.counts.attempts_failed), (100, 100));
    }

    async fn users_take_turns_whatever_they_have(db: Db) {
        let behaviour = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(5)));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients_at(&db, &anna, "anna.example", 1_000).await;
        let boris = someone_else(&db, "boris").await;
        add_recipients_at(&db, &boris, "boris.example", 300).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        for _ in 0..3 {
            sending(&db, &anna, "hold").await;
        }
        let of_boris = sending(&db, &boris, "hold").await;
        until_over(&db, &boris, of_boris).await;
        // In the order in which the server took them, from Boris's first to his last.
        let his: Vec<bool> = server.accepted().iter().map(|mail| mail.to[0].ends_with("boris.example")).collect();
        let (first, last) = (his.iter().position(|his| *his).unwrap(), his.iter().rposition(|his| *his).unwrap());
        let others = his[first..last].iter().filter(|his| !**his).count();
        // By runs he would have a quarter of the turns, and 900 of hers would go.
        assert!(others < 500, "{others} of Anna's went while 300 of Boris's did");
        engine.stop().await;
    }
}
