//! Recipients that are put off: by the one at whom the server ends each session, by answers of "later", and by a server that
//! slows clients down which make errors.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{
    add_recipients, add_recipients_at, attempts, config, newest, number_of, sending, someone, someone_else, start_with,
    until, until_over,
};
use vestnik_engine::Config;
use vestnik_engine::limits::{Limits, Rate};
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage, Tarpit};
use vestnik_model::clock::{Clock as _, SettableClock, SystemClock};
use vestnik_model::delivery::RetryPolicy;
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{databases, outages};

const HOUR: Duration = Duration::from_secs(3_600);

/// A clock that a test moves, past the beginning of whatever is sent at once.
fn clock() -> Arc<SettableClock> {
    Arc::new(SettableClock::at(SystemClock.now().plus(Duration::from_secs(60))))
}

fn hourly(defaults: Config) -> Config {
    let retry = RetryPolicy { first_delay: HOUR, ceiling: HOUR, ..defaults.retry };
    Config { retry, ..defaults }
}

databases! {
    async fn what_follows_one_recipient_counts_for_that_one(db: Db) {
        let closing = || Action::ReplyAndDrop("421 4.7.28 Too many messages for you".to_owned());
        for (name, stage, action) in
            [("rcpt", Stage::Rcpt, closing()), ("dot", Stage::Dot, closing()), ("lost", Stage::Rcpt, Action::Drop)]
        {
            // The last one, so that in the end no other is left.
            let server = FaultServer::start(Behaviour::good().on_recipient(stage, "r60@example.org", action)).await.unwrap();
            let anna = someone_else(&db, &format!("anna-{name}")).await;
            add_recipients(&db, &anna, 60).await;
            let boris = someone_else(&db, &format!("boris-{name}")).await;
            add_recipients_at(&db, &boris, "other.example", 40).await;
            let journal = tempfile::tempdir().unwrap();
            let engine = start_with(&db, Arc::new(SystemClock), config(&server.url(), journal.path())).await;
            let (mailing, other) = (sending(&db, &anna, "hold").await, sending(&db, &boris, "hold").await);
            let over = until_over(&db, &anna, mailing).await;
            assert_eq!(until_over(&db, &boris, other).await.counts.sent, 40, "{name}");
            engine.stop().await;
            assert_figures_agree(&db).await;
            assert_eq!((over.counts.sent, over.counts.failed), (59, 1), "{name}");
            // Three count, and at most two were needed to find out.
            let tries = over.counts.attempts_failed;
            assert!((4..=5).contains(&tries), "{name}: {tries}");
        }
    }

    async fn what_comes_regardless_of_the_recipient_counts_for_nobody(db: Db) {
        let busy = Action::ReplyAndDrop("421 4.7.0 Too busy".to_owned());
        let server = FaultServer::start(Behaviour::good().times(Stage::Rcpt, 6, busy)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        let journal = tempfile::tempdir().unwrap();
        let defaults = config(&server.url(), journal.path());
        let once = Config { retry: RetryPolicy { attempts: 1, ..defaults.retry }, ..defaults };
        let engine = start_with(&db, Arc::new(SystemClock), once).await;
        let mailing = sending(&db, &anna, "hold").await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.failed, over.counts.attempts_failed), (20, 0, 6));
    }

    async fn whatever_is_put_off_in_an_answer_waits_for_the_first_delay(db: Db) {
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 3).await;
        for (stage, answer) in [
            (Stage::Rcpt, "450 4.2.0 Greylisted"),
            (Stage::Rcpt, "451 4.3.0 Temporary lookup failure"),
            (Stage::Rcpt, "451 4.7.1 Greylisted"),
            (Stage::Data, "450 4.7.1 <DATA>: Data command rejected: Greylisted"),
            (Stage::Data, "451 4.3.0 Try again later"),
            (Stage::Dot, "451 4.3.0 Queue trouble"),
        ] {
            let first = |event: &Event| event.seen == 0;
            let server = FaultServer::start(Behaviour::good().on_if(stage, first, Action::reply(answer))).await.unwrap();
            let journal = tempfile::tempdir().unwrap();
            let clock = clock();
            let settings = hourly(config(&server.url(), journal.path()));
            let engine = start_with(&db, clock.clone(), settings).await;
            let mailing = sending(&db, &anna, "hold").await;
            let put_off = async || newest(&db, &anna, mailing).await.filter(|run| run.counts.attempts_failed == 3);
            let run = until("all are put off", put_off).await;
            let sql = "SELECT min(due_at), max(due_at) FROM deliveries WHERE run_id = $1 AND state = 'pending'";
            let (soonest, latest): (i64, i64) = db.fetch_one(sql, &[&run.id]).await.unwrap();
            let (least, most) = (clock.now().plus(HOUR * 4 / 5).0, clock.now().plus(HOUR).0);
            assert!(least <= soonest && latest <= most, "{answer}: {} ms", soonest - clock.now().0);
            clock.advance(HOUR);
            let over = until_over(&db, &anna, mailing).await;
            engine.stop().await;
            assert_eq!((over.counts.sent, over.counts.attempts()), (3, 6), "{answer}");
        }
        assert_figures_agree(&db).await;
    }

    async fn what_is_due_again_does_not_wait_for_all_first_tries(db: Db) {
        // At an agreed rate no more is claimed beforehand than goes in two seconds, however fast the machine is.
        let first_ten = |event: &Event| event.seen == 0 && number_of(event) <= 10;
        let greylisting = Behaviour::good().on_if(Stage::Rcpt, first_ten, Action::reply("450 4.2.0 Greylisted"));
        let server = FaultServer::start(greylisting).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let journal = tempfile::tempdir().unwrap();
        let clock = clock();
        let limits = Limits { rate: Some(Rate::per_second(20.0)), ..Limits::default() };
        let settings = Config { limits, ..hourly(config(&server.url(), journal.path())) };
        let engine = start_with(&db, clock.clone(), settings).await;
        let mailing = sending(&db, &anna, "hold").await;
        let put_off = async || newest(&db, &anna, mailing).await.filter(|run| run.counts.attempts_failed == 10);
        until("the first ten are put off", put_off).await;
        clock.advance(HOUR);
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (200, 210));
        let last = server.accepted().iter().rposition(|mail| {
            (1..=10).any(|number| mail.to[0] == format!("r{number}@example.org"))
        });
        assert!(last.is_some_and(|place| place < 150), "the last of the ten came in place {last:?}");
    }

    async fn a_session_that_its_errors_have_made_slow_gives_way_to_another(db: Db) {
        // As Postfix, on a smaller scale: two errors for each refused recipient, the second one for the DATA behind it.
        let tarpit = Tarpit { soft: 10, delay: Duration::from_millis(250), hard: 20, together: true };
        let greylisting =
            Behaviour::good().on_if(Stage::Rcpt, |event: &Event| event.seen == 0, Action::reply("450 4.2.0 Greylisted"));
        let server = FaultServer::start(greylisting.tarpit(tarpit)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 200).await;
        let journal = tempfile::tempdir().unwrap();
        let clock = clock();
        let engine = start_with(&db, clock.clone(), hourly(config(&server.url(), journal.path()))).await;
        let mailing = sending(&db, &anna, "hold").await;
        let put_off = async || newest(&db, &anna, mailing).await.filter(|run| run.counts.attempts_failed == 200);
        until("all are put off", put_off).await;
        // A session bears five refusals, and each of the four connections tries once or twice what a sixth one costs.
        assert!(server.connections() >= 30, "{}", server.connections());
        clock.advance(HOUR);
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (200, 400));
        assert!(attempts(&db, &anna, mailing).await.iter().all(|attempt| attempt.code != Some(421)));
        let all = outages::of_run(&db, &anna, over.id, Duration::ZERO, 10).await.unwrap();
        assert_eq!(all.len(), 0, "{all:?}");
    }

    async fn a_server_that_ends_sessions_for_their_errors_is_in_no_trouble(db: Db) {
        // Without a warning, so that nothing can be learned from slowness.
        for (name, hard, stage, together) in
            [("one", 7, Stage::Rcpt, true), ("two", 7, Stage::Rcpt, false), ("three", 6, Stage::Data, true)]
        {
            let tarpit = Tarpit { soft: usize::MAX, delay: Duration::ZERO, hard, together };
            let first = |event: &Event| event.seen == 0;
            let greylisting = Behaviour::good().on_if(stage, first, Action::reply("450 4.2.0 Greylisted"));
            let server = FaultServer::start(greylisting.tarpit(tarpit)).await.unwrap();
            let anna = someone_else(&db, name).await;
            add_recipients(&db, &anna, 100).await;
            let journal = tempfile::tempdir().unwrap();
            let engine = start_with(&db, Arc::new(SystemClock), config(&server.url(), journal.path())).await;
            let mailing = sending(&db, &anna, "hold").await;
            let over = until_over(&db, &anna, mailing).await;
            engine.stop().await;
            // What the server broke off, between RCPT and DATA, is no attempt.
            assert_eq!(over.counts.sent, 100, "{name}");
            assert!(over.counts.attempts() <= 200, "{name}: {:?}", over.counts);
            for attempt in attempts(&db, &anna, mailing).await.iter().filter(|attempt| !attempt.successful) {
                assert_eq!(attempt.code, Some(450), "{name}: {attempt:?}");
            }
            let all = outages::of_run(&db, &anna, over.id, Duration::ZERO, 10).await.unwrap();
            assert_eq!(all.len(), 0, "{name}: {all:?}");
        }
        assert_figures_agree(&db).await;
    }
}
