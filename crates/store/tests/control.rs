//! Pause, resume, cancel, disable, and sending again what did not arrive (S-20).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{DAY, NOW, add_recipients, claim_all, minutes, newest, outcome, plan, someone, tick};
use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, MailingId, RunId};
use vestnik_model::mailing::MailingStatus;
use vestnik_model::run::RunState;
use vestnik_model::{Actor, Problem, UnixMillis};
use vestnik_store::control::{self, Again, Controlled, SentAgain};
use vestnik_store::nodes::{self, Share};
use vestnik_store::runs::Demanded;
use vestnik_store::settle::{Source, settle};
use vestnik_store::{Db, databases, deliveries, mailings, paces, runs, stats};

async fn settle_as(db: &Db, mailing: MailingId, run: RunId, claims: &[deliveries::Claimed], state: DeliveryState) {
    let outcomes: Vec<_> = claims.iter().map(|claimed| outcome(mailing, run, claimed, state, NOW)).collect();
    settle(db, &outcomes, Source::Sender, NOW).await.unwrap();
}

/// A mailing to ten, of whom two have it, three failed, and one is unknown; four wait.
async fn half_sent(db: &Db, anna: &Actor) -> (MailingId, RunId) {
    add_recipients(db, anna, 10).await;
    let mailing = plan(db, anna, "2026-11-24T06:00Z", "2026-11-24T09:00Z", "daily").await;
    let run = tick(db, NOW).await[0];
    for (count, state) in [(2, DeliveryState::Sent), (3, DeliveryState::Failed), (1, DeliveryState::Unknown)] {
        let claimed = deliveries::claim(db, run, "node", DeliveryId(0), count, NOW).await.unwrap();
        settle_as(db, mailing, run, &claimed, state).await;
    }
    (mailing, run)
}

databases! {
    async fn a_paused_run_stands_still_and_goes_on_where_it_stood(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let (mailing, run) = half_sent(&db, &anna).await;
        assert_eq!(control::pause(&db, &boris, run, NOW).await.unwrap(), Controlled::NotFound);
        assert_eq!(control::resume(&db, &anna, run).await.unwrap(), Controlled::NotNow);
        assert_eq!(control::pause(&db, &anna, run, NOW).await.unwrap(), Controlled::Done);
        assert_eq!(control::pause(&db, &anna, run, NOW).await.unwrap(), Controlled::NotNow);
        assert_eq!(runs::halted(&db, &[run]).await.unwrap(), [run]);
        assert!(claim_all(&db, run, NOW).await.is_empty());
        assert!(runs::open(&db, NOW).await.unwrap().is_empty());
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        assert_eq!(found.status, MailingStatus::Running);
        assert_eq!(control::resume(&db, &anna, run).await.unwrap(), Controlled::Done);
        tick(&db, NOW).await;
        assert!(runs::halted(&db, &[run]).await.unwrap().is_empty());
        assert_eq!(claim_all(&db, run, NOW).await.len(), 4);
    }

    async fn a_run_that_the_server_pauses_says_why(db: Db) {
        let anna = someone(&db, "anna").await;
        let (mailing, run) = half_sent(&db, &anna).await;
        control::pause_for(&db, run, "550 5.7.1 not you", NOW).await.unwrap();
        let paused = newest(&db, &anna, mailing).await;
        assert_eq!((paused.state, paused.paused_by.as_str()), (RunState::Paused, "550 5.7.1 not you"));
        // Sending it on demand is a way to resume.
        let demanded = runs::demand(&db, &anna, mailing, "key", Duration::ZERO, NOW).await.unwrap();
        assert_eq!(demanded, Demanded::Continues(run));
        let resumed = newest(&db, &anna, mailing).await;
        assert_eq!((resumed.state, resumed.paused_by.as_str()), (RunState::Expanding, ""));
    }

    async fn a_run_whose_message_ends_the_renderer_says_for_whom(db: Db) {
        let anna = someone(&db, "anna").await;
        let (mailing, run) = half_sent(&db, &anna).await;
        for (email, reason) in [("r2@example.org", "cannot be rendered for r2@example.org:"), ("", "cannot be rendered:")] {
            control::pause_unrenderable(&db, run, email, NOW).await.unwrap();
            let paused = newest(&db, &anna, mailing).await;
            assert_eq!((paused.state, paused.unrenderable_for.as_deref()), (RunState::Paused, Some(email)));
            assert!(paused.paused_by.contains(reason), "{}", paused.paused_by);
            assert_eq!(stats::refused(&db).await.unwrap().0, 0, "the mail server has no part in it");
            control::resume(&db, &anna, run).await.unwrap();
            let resumed = newest(&db, &anna, mailing).await;
            assert_eq!((resumed.paused_by.as_str(), resumed.unrenderable_for), ("", None));
        }
        tick(&db, NOW).await;
        let claimed = claim_all(&db, run, NOW).await;
        let found = deliveries::leased(&db, run, claimed[0].id).await.unwrap().unwrap();
        assert_eq!((found.email, found.epoch), (claimed[0].email.clone(), claimed[0].epoch));
        deliveries::release(&db, "node").await.unwrap();
        assert!(deliveries::leased(&db, run, claimed[0].id).await.unwrap().is_none(), "nobody has it");
    }

    async fn a_run_whose_message_cannot_be_rendered_keeps_the_problem(db: Db) {
        let anna = someone(&db, "anna").await;
        let (mailing, run) = half_sent(&db, &anna).await;
        let problem = Problem::new("problem-template-operator").with("line", 3).with("detail", "~");
        control::pause_for_problem(&db, run, &problem, NOW).await.unwrap();
        let paused = newest(&db, &anna, mailing).await;
        assert_eq!((paused.state, control::pause_problem(&paused)), (RunState::Paused, Some(problem)));
        assert!(claim_all(&db, run, NOW).await.is_empty());
        assert_eq!(stats::refused(&db).await.unwrap().0, 0, "no mail server refuses it");
        assert_eq!(control::resume(&db, &anna, run).await.unwrap(), Controlled::Done);
        assert_eq!(control::pause_problem(&newest(&db, &anna, mailing).await), None);
    }

    async fn a_paused_run_ends_with_its_window(db: Db) {
        let anna = someone(&db, "anna").await;
        let (mailing, run) = half_sent(&db, &anna).await;
        control::pause(&db, &anna, run, NOW).await.unwrap();
        let end = NOW.plus(minutes(120));
        while deliveries::end_waiting(&db, end).await.unwrap() {}
        tick(&db, end).await;
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.expired), (RunState::Completed, 4));
    }

    async fn a_run_that_is_called_off_ends_when_what_is_on_its_way_has_come_home(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let (mailing, run) = half_sent(&db, &anna).await;
        let on_its_way = deliveries::claim(&db, run, "node", DeliveryId(0), 1, NOW).await.unwrap();
        assert_eq!(control::cancel(&db, &boris, run, NOW).await.unwrap(), Controlled::NotFound);
        assert_eq!(control::cancel(&db, &anna, run, NOW).await.unwrap(), Controlled::Done);
        assert!(claim_all(&db, run, NOW).await.is_empty());
        while deliveries::end_waiting(&db, NOW).await.unwrap() {}
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Stopping);
        settle_as(&db, mailing, run, &on_its_way, DeliveryState::Sent).await;
        let over = newest(&db, &anna, mailing).await;
        assert_eq!(over.state, RunState::Cancelled);
        assert_eq!((over.counts.sent, over.counts.cancelled, over.counts.pending()), (3, 3, 0));
        assert_eq!(control::cancel(&db, &anna, run, NOW).await.unwrap(), Controlled::NotNow);
    }

    async fn a_run_called_off_while_it_is_planned_or_made_ends_as_well(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 3).await;
        let mailing = plan(&db, &anna, "", "", "once").await;
        for begun in [false, true] {
            runs::demand(&db, &anna, mailing, "key", minutes(1), NOW).await.unwrap();
            let run = newest(&db, &anna, mailing).await.id;
            if begun {
                runs::begin_due(&db, "vestnik.example", NOW.plus(minutes(1))).await.unwrap();
            }
            assert_eq!(control::cancel(&db, &anna, run, NOW).await.unwrap(), Controlled::Done);
            while deliveries::end_waiting(&db, NOW).await.unwrap() {}
            assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Cancelled);
        }
    }

    async fn a_disabled_mailing_sends_nothing_until_it_is_enabled(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let (mailing, run) = half_sent(&db, &anna).await;
        assert_eq!(control::disable(&db, &boris, mailing, "", NOW).await.unwrap(), Controlled::NotFound);
        assert_eq!(control::disable(&db, &anna, mailing, "wrong prices", NOW).await.unwrap(), Controlled::Done);
        assert_eq!(control::disable(&db, &anna, mailing, "", NOW).await.unwrap(), Controlled::NotNow);
        while deliveries::end_waiting(&db, NOW).await.unwrap() {}
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.cancelled), (RunState::Cancelled, 4));
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        assert_eq!((found.next_at, found.disabled_at, found.disabled_reason.as_str()), (None, Some(NOW), "wrong prices"));
        assert!(tick(&db, NOW.plus(DAY)).await.is_empty(), "the next day's sending is cancelled as well");
        let demanded = runs::demand(&db, &anna, mailing, "key", Duration::ZERO, NOW).await.unwrap();
        assert_eq!(demanded, Demanded::Disabled);
        assert_eq!(control::send_again(&db, &anna, run, Again::Failed, NOW).await.unwrap(), SentAgain::Disabled);
        assert_eq!(newest(&db, &anna, mailing).await.id, run);

        assert_eq!(control::enable(&db, &anna, mailing, NOW).await.unwrap(), Controlled::Done);
        assert_eq!(control::enable(&db, &anna, mailing, NOW).await.unwrap(), Controlled::NotNow);
        let found = mailings::find(&db, &anna, mailing).await.unwrap().unwrap();
        assert_eq!((found.next_at, found.disabled_at), (None, None), "its window ends before the next occurrence");
    }

    async fn who_has_not_got_it_gets_it_when_asked_for(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let (mailing, run) = half_sent(&db, &anna).await;
        let again = async |actor, which, now: UnixMillis| control::send_again(&db, actor, run, which, now).await.unwrap();
        assert_eq!(again(&boris, Again::Failed, NOW).await, SentAgain::NotFound);
        assert_eq!(again(&anna, Again::Failed, NOW.plus(DAY)).await, SentAgain::WindowOver);
        control::cancel(&db, &anna, run, NOW).await.unwrap();
        assert_eq!(again(&anna, Again::Failed, NOW).await, SentAgain::NotNow, "it is being called off");
        while deliveries::end_waiting(&db, NOW).await.unwrap() {}

        assert_eq!(again(&anna, Again::Failed, NOW).await, SentAgain::Waiting(3));
        assert_eq!(again(&anna, Again::Failed, NOW).await, SentAgain::Nothing);
        let open = newest(&db, &anna, mailing).await;
        assert_eq!((open.state, open.counts.failed, open.counts.pending()), (RunState::Sending, 0, 3));
        let claimed = claim_all(&db, run, NOW).await;
        assert_eq!(claimed.len(), 3);
        assert!(claimed.iter().all(|claimed| (claimed.number, claimed.excused) == (2, 1)), "with all attempts anew");
        settle_as(&db, mailing, run, &claimed, DeliveryState::Failed).await;

        assert_eq!(again(&anna, Again::NotReached, NOW).await, SentAgain::Waiting(7), "the failed and the cancelled");
        let claimed = claim_all(&db, run, NOW).await;
        settle_as(&db, mailing, run, &claimed, DeliveryState::Sent).await;
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Completed);
        assert_eq!(again(&anna, Again::Unknown, NOW).await, SentAgain::Waiting(1));
        let claimed = claim_all(&db, run, NOW).await;
        settle_as(&db, mailing, run, &claimed, DeliveryState::Sent).await;
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.sent, over.counts.done()), (RunState::Completed, 10, 10));
    }

    async fn nodes_share_connections_and_the_dead_go(db: Db) {
        let lease = Duration::from_secs(60);
        let beat = async |id, new, open| nodes::beat(&db, id, new, lease, 10, open).await.unwrap();
        assert_eq!(beat("a", false, 0).await, None, "not in the table");
        assert_eq!(beat("a", true, 0).await, Some(Share { nodes: 1, rank: 0, connections: 10 }));
        // The second has none before the first has let go of some.
        assert_eq!(beat("b", true, 0).await.unwrap().connections, 0);
        assert_eq!(beat("a", false, 10).await.unwrap().connections, 5);
        assert_eq!(beat("b", false, 0).await.unwrap().connections, 0, "they are not closed yet");
        assert_eq!(beat("a", false, 5).await.unwrap().connections, 5);
        assert_eq!(beat("b", false, 0).await, Some(Share { nodes: 2, rank: 1, connections: 5 }));
        assert_eq!(nodes::remove_dead(&db, "a").await.unwrap(), 0);
        nodes::beat(&db, "b", false, Duration::ZERO, 10, 5).await.unwrap();
        assert_eq!(nodes::remove_dead(&db, "a").await.unwrap(), 1);
        assert_eq!(beat("b", false, 5).await, None);
        assert_eq!(beat("a", false, 5).await.unwrap().connections, 10);
    }

    async fn room_is_handed_out_once(db: Db) {
        let ms = Duration::from_millis;
        let first = paces::reserve(&db, "mx:25", 100, ms(10)).await.unwrap();
        let second = paces::reserve(&db, "mx:25", 100, ms(10)).await.unwrap();
        let other = paces::reserve(&db, "@example.org", 1, ms(10)).await.unwrap();
        assert!(first < ms(50) && other < ms(50), "{first:?} {other:?}");
        assert!(second > ms(800) && second <= ms(1_000), "{second:?}");
    }
}
