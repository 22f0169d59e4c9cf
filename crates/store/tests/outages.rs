//! Outages of mail servers: kept after they are over, with the runs that they held up; whatever waits at the end of a run
//! gets one attempt that says why (S-23 to S-25, S-29).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{DAY, NOW, add_recipients, claim_all, minutes, newest, outcome, plan, someone, tick};
use vestnik_model::delivery::DeliveryState;
use vestnik_model::outage::OutageKind;
use vestnik_model::reason::Reason;
use vestnik_model::run::RunState;
use vestnik_model::{Problem, UnixMillis};
use vestnik_store::breakdown::{self, RunsOf};
use vestnik_store::ledger::{self, AttemptFilter};
use vestnik_store::outages::{self, Finding};
use vestnik_store::settle::{AttemptMade, Outcome, Source, settle};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{control, databases, deliveries, fates, summaries};

const SERVER: &str = "mail.example:25";

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn refused() -> Finding {
    Finding {
        kind: OutageKind::Unreachable,
        error: Some(Problem::new("smtp-connection-refused").with("server", SERVER)),
        code: None,
        enhanced: None,
        reply: String::new(),
        phase: "connect",
    }
}

fn deferring() -> Finding {
    Finding {
        kind: OutageKind::Deferring,
        error: None,
        code: Some(421),
        enhanced: Some("4.3.2".into()),
        reply: "Later \0".into(),
        phase: "mail-from",
    }
}

databases! {
    async fn an_outage_is_one_as_long_as_it_lasts_and_is_kept_after_it(db: Db) {
        let first = outages::begin(&db, SERVER, &refused(), NOW).await.unwrap();
        let minute = |count| NOW.plus(minutes(count));
        assert_eq!(outages::begin(&db, SERVER, &deferring(), minute(5)).await.unwrap(), first, "what is found changes");
        assert_ne!(outages::begin(&db, "other:25", &refused(), NOW).await.unwrap(), first);
        assert_eq!(outages::open(&db, SERVER).await.unwrap(), Some(first));
        let current = outages::current(&db).await.unwrap();
        assert_eq!(current.len(), 2);
        let found = current.iter().find(|outage| outage.id == first).unwrap();
        assert_eq!((found.since, found.seen_at, found.ended_at), (NOW, minute(5), None));
        assert_eq!((found.kind, found.code, found.error.problem()), (OutageKind::Deferring, Some(421), None));
        assert_eq!(found.reply, "Later \u{fffd}");

        outages::end(&db, SERVER, minute(6)).await.unwrap();
        assert_eq!(outages::open(&db, SERVER).await.unwrap(), None);
        // A server that goes and comes is in one outage; one that is found in another state, or later, is not.
        let again = minute(6).plus(seconds(30));
        assert_eq!(outages::begin(&db, SERVER, &deferring(), again).await.unwrap(), first);
        outages::end(&db, SERVER, minute(7)).await.unwrap();
        let second = outages::begin(&db, SERVER, &refused(), minute(7)).await.unwrap();
        assert_ne!(second, first);
        outages::end(&db, SERVER, minute(8)).await.unwrap();
        let third = outages::begin(&db, SERVER, &refused(), minute(10)).await.unwrap();
        assert_ne!(third, second);
        // Nobody has looked for an hour: it is known as far as its last failed try.
        let fourth = outages::begin(&db, SERVER, &refused(), minute(70)).await.unwrap();
        assert_ne!(fourth, third);
        outages::end(&db, SERVER, minute(200)).await.unwrap();
        outages::end_of_others(&db, SERVER, minute(200)).await.unwrap();
        let sql = "SELECT since, ended_at FROM outages WHERE server = $1 ORDER BY id";
        let times: Vec<(UnixMillis, Option<UnixMillis>)> = db.fetch_all(sql, &[&SERVER]).await.unwrap();
        let expected = [(0, 7), (7, 8), (10, 10), (70, 70)].map(|(from, until)| (minute(from), Some(minute(until))));
        assert_eq!(times, expected);
        assert!(outages::current(&db).await.unwrap().is_empty());
    }

    async fn two_nodes_that_find_a_server_away_find_one_outage(db: Db) {
        let finding = refused();
        let begin = |at| outages::begin(&db, SERVER, &finding, at);
        let found = tokio::join!(begin(NOW), begin(NOW), begin(NOW));
        let outage = found.0.unwrap();
        assert_eq!((found.1.unwrap(), found.2.unwrap()), (outage, outage));
        outages::end(&db, SERVER, NOW).await.unwrap();
        let later = NOW.plus(seconds(1));
        let again = tokio::join!(begin(later), begin(later), begin(later));
        assert_eq!((again.0.unwrap(), again.1.unwrap(), again.2.unwrap()), (outage, outage, outage));
        assert_eq!(outages::current(&db).await.unwrap().len(), 1);
    }

    async fn whatever_waits_at_the_end_gets_one_attempt_with_the_error(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 10).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T08:00Z", "once").await;
        let run = tick(&db, NOW).await[0];
        // One is sent, one is to be tried again, one was at hand when the server went away.
        let claimed = deliveries::claim(&db, run, "here", vestnik_model::id::DeliveryId(0), 3, NOW).await.unwrap();
        let outage = outages::begin(&db, SERVER, &refused(), NOW).await.unwrap();
        let at_hand = Outcome { excused: true, ..outcome(mailing, run, &claimed[2], DeliveryState::Pending, NOW) };
        let attempt = AttemptMade {
            outage: Some(outage),
            unreached: true,
            code: None,
            enhanced: None,
            reply: "".into(),
            error: refused().error,
            phase: "connect".into(),
            ..at_hand.attempt.clone().unwrap()
        };
        let outcomes = [
            outcome(mailing, run, &claimed[0], DeliveryState::Sent, NOW),
            outcome(mailing, run, &claimed[1], DeliveryState::Pending, NOW.plus(minutes(30))),
            Outcome { attempt: Some(attempt), ..at_hand },
        ];
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        assert_figures_agree(&db).await;
        let found = outages::of_run(&db, &anna, run, Duration::ZERO, 10).await.unwrap();
        assert_eq!(found.iter().map(|outage| outage.id).collect::<Vec<_>>(), [outage], "the run is known to wait for it");

        let end = NOW.plus(minutes(60));
        for passed in (5..=60).step_by(5) {
            assert_eq!(outages::begin(&db, SERVER, &refused(), NOW.plus(minutes(passed))).await.unwrap(), outage);
        }
        assert!(!deliveries::end_waiting(&db, end).await.unwrap());
        assert_figures_agree(&db).await;
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.sent, over.counts.expired), (RunState::Completed, 1, 9));
        let filter = AttemptFilter::of(mailing);
        let attempts = ledger::batch_after(&db, &anna, &filter, vestnik_model::id::AttemptId(0), 100).await.unwrap();
        let of = |index: usize| attempts.iter().filter(|attempt| attempt.delivery_id == claimed[index].id).count();
        assert_eq!((of(0), of(1), of(2)), (1, 2, 1), "one attempt each tells of the outage");
        let unreached = attempts.iter().filter(|attempt| attempt.error.error_kind == "smtp-connection-refused").count();
        assert_eq!(unreached, 9);
        assert_eq!(over.counts.attempts() as usize, attempts.len());
        let last = attempts.last().unwrap();
        assert_eq!((last.successful, last.code, last.at, last.number), (false, None, end, last.number));
        assert_eq!((last.server.as_str(), last.phase.as_str()), (SERVER, "connect"));
        assert_eq!(last.error.problem(), refused().error);
        // Those who are told of one by one are told of it, too.
        let filter = fates::FateFilter { run, fate: Some(vestnik_model::delivery::Fate::Expired), text: String::new() };
        let expired = fates::list(&db, &anna, &filter, None, 100).await.unwrap().rows;
        assert_eq!(expired.len(), 9);
        assert!(expired.iter().all(|one| one.last.error.error_kind == "smtp-connection-refused"));

        // And so is the report, a day later.
        let later = end.plus(DAY);
        outages::end(&db, SERVER, later).await.unwrap();
        for due in summaries::due(&db, later, 10).await.unwrap() {
            assert!(summaries::make(&db, &due, later).await.unwrap());
        }
        let replies = breakdown::by_reply(&db, &anna, RunsOf::Mailing(mailing), 10).await.unwrap();
        let reply = replies.iter().find(|reply| reply.error.error_kind == "smtp-connection-refused").unwrap();
        assert_eq!((reply.reason, reply.expired, reply.attempts as usize), (Reason::Server, 9, unreached));
        assert_eq!(reply.error.problem(), refused().error);
        assert_eq!(replies.iter().map(|reply| reply.attempts).sum::<i64>(), over.counts.attempts_failed);
        let boris = someone(&db, "boris").await;
        assert!(outages::of_run(&db, &boris, run, Duration::ZERO, 10).await.unwrap().is_empty());
        assert!(outages::of_mailing(&db, &boris, mailing, minutes(60), 10).await.unwrap().is_empty());
        assert!(outages::ended_since(&db, &boris, NOW, minutes(60), 10).await.unwrap().is_empty());
        assert!(!outages::of_mailing(&db, &anna, mailing, minutes(60), 10).await.unwrap().is_empty());
        let long = outages::of_run(&db, &anna, run, 2 * DAY, 10).await.unwrap();
        assert!(long.is_empty(), "it has not lasted two days");
        assert!(!outages::ended_since(&db, &anna, NOW, minutes(60), 10).await.unwrap().is_empty());
    }

    async fn a_run_that_is_cancelled_in_an_outage_says_so_and_one_that_is_not_does_not(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 5).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let outage = outages::begin(&db, SERVER, &deferring(), NOW).await.unwrap();
        outages::affects(&db, outage, [run].into_iter()).await.unwrap();
        // Noted as held up: also if nobody could look since, as when the process was stopped.
        let later = NOW.plus(minutes(300));
        control::cancel(&db, &anna, run, later).await.unwrap();
        deliveries::end_waiting(&db, later).await.unwrap();
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.cancelled, over.counts.attempts_failed), (RunState::Cancelled, 5, 5));
        assert_figures_agree(&db).await;

        // Sent again, it has as many tries as before; in the same outage it gets no second attempt of that kind.
        control::send_again(&db, &anna, run, control::Again::NotReached, later).await.unwrap();
        tick(&db, later).await;
        let claimed = claim_all(&db, run, later).await;
        assert_eq!(claimed.iter().map(|one| (one.number, one.excused, one.outage_id)).collect::<Vec<_>>(), [(2, 1, Some(outage)); 5]);
        deliveries::release(&db, "node").await.unwrap();
        outages::end(&db, SERVER, later).await.unwrap();
        control::cancel(&db, &anna, run, later).await.unwrap();
        deliveries::end_waiting(&db, later).await.unwrap();
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.counts.cancelled, over.counts.attempts_failed), (5, 5), "the server is back: nothing is its fault");
        assert_figures_agree(&db).await;
    }

    async fn an_outage_is_kept_as_long_as_a_run_refers_to_it(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let kept = outages::begin(&db, SERVER, &refused(), NOW).await.unwrap();
        outages::affects(&db, kept, [run].into_iter()).await.unwrap();
        outages::affects(&db, kept, [run].into_iter()).await.unwrap();
        outages::begin(&db, "other:25", &refused(), NOW).await.unwrap();
        outages::begin(&db, "third:25", &refused(), NOW).await.unwrap();
        outages::end(&db, SERVER, NOW).await.unwrap();
        outages::end(&db, "other:25", NOW).await.unwrap();
        outages::remove_old(&db, NOW.plus(DAY)).await.unwrap();
        let left: Vec<(String,)> = db.fetch_all("SELECT server FROM outages ORDER BY id", &[]).await.unwrap();
        assert_eq!(left.iter().map(|(server,)| server.as_str()).collect::<Vec<_>>(), [SERVER, "third:25"]);
        control::cancel(&db, &anna, run, NOW).await.unwrap();
        deliveries::end_waiting(&db, NOW).await.unwrap();
        vestnik_store::mailings::delete(&db, &anna, mailing).await.unwrap();
        outages::remove_old(&db, NOW.plus(DAY)).await.unwrap();
        let left: Vec<(String,)> = db.fetch_all("SELECT server FROM outages", &[]).await.unwrap();
        assert_eq!(left.len(), 1, "it goes on");
    }

    // `RECIPIENTS=100000 cargo test ... -- --nocapture` measures it. What is asserted does not depend on the machine.
    async fn many_end_in_bounded_steps(db: Db) {
        let count: usize = std::env::var("RECIPIENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(25_000);
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, count).await;
        for in_outage in [false, true] {
            let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T08:00Z", "once").await;
            tick(&db, NOW).await;
            db.analyze("deliveries").await.unwrap();
            let end = NOW.plus(minutes(60));
            if in_outage {
                outages::begin(&db, SERVER, &refused(), end).await.unwrap();
            }
            let (began, mut longest, mut steps) = (tokio::time::Instant::now(), Duration::ZERO, 0);
            loop {
                let step = tokio::time::Instant::now();
                let more = deliveries::end_waiting(&db, end).await.unwrap();
                longest = longest.max(step.elapsed());
                steps += 1;
                if !more {
                    break;
                }
            }
            let took = began.elapsed();
            println!("{count} ended in {took:?}, {steps} steps, the longest {longest:?}; in an outage: {in_outage}");
            assert!(steps >= count / 10_000, "no transaction is longer than that of 10,000");
            let over = newest(&db, &anna, mailing).await;
            assert_eq!((over.state, over.counts.expired), (RunState::Completed, count as i64));
            let attempts = if in_outage { count as i64 } else { 0 };
            assert_eq!((over.counts.attempts_ok, over.counts.attempts_failed), (0, attempts));
        }
    }
}
