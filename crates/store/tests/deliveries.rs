//! Claims are exclusive, results are counted once, and what is unknown can be learned (S-23 to S-25).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{NOW, add_recipients, claim_all, minutes, newest, outcome, plan, someone, tick};
use vestnik_model::delivery::{DeliveryState, Fate};
use vestnik_model::id::DeliveryId;
use vestnik_model::run::RunState;
use vestnik_store::fates::{self, FateFilter};
use vestnik_store::ledger::{self, AttemptFilter};
use vestnik_store::settle::{Outcome, Source, settle};
use vestnik_store::{databases, deliveries, recipients, runs};

databases! {
    async fn a_claim_is_exclusive_and_a_late_result_changes_nothing(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 10).await;
        let _mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claim = |node: &'static str| deliveries::claim(&db, run, node, DeliveryId(0), 7, NOW);
        let (one, two) = tokio::join!(claim("one"), claim("two"));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.len() + two.len(), 10);
        let mut ids: Vec<_> = one.iter().chain(&two).map(|claimed| claimed.id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 10);

    }

    async fn retries_that_are_due_take_turns_with_first_tries(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 40).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claim = async |after, limit, now| {
            let (claimed, reached) = deliveries::claim_by_turns(&db, run, "node", after, limit, now).await.unwrap();
            let numbers: Vec<i64> = claimed.iter().map(|claimed| claimed.number).collect();
            (claimed, numbers, reached)
        };
        let (first, numbers, reached) = claim(DeliveryId(0), 6, NOW).await;
        assert_eq!(numbers, [1; 6], "nothing was tried yet");
        let put_off: Vec<_> = first
            .iter()
            .map(|claimed| Outcome {
                due_at: Some(NOW.plus(minutes(1))),
                ..outcome(mailing, run, claimed, DeliveryState::Pending, NOW)
            })
            .collect();
        settle(&db, &put_off, Source::Sender, NOW).await.unwrap();

        let (_, numbers, reached) = claim(reached.unwrap(), 2, NOW).await;
        assert_eq!(numbers, [1, 1], "not before they are due");
        let (_, numbers, reached) = claim(reached.unwrap(), 8, NOW.plus(minutes(1))).await;
        assert_eq!(numbers, [2, 1, 2, 1, 2, 1, 2, 1]);
        let (_, numbers, reached) = claim(reached.unwrap(), 9, NOW.plus(minutes(1))).await;
        assert_eq!(numbers, [2, 1, 2, 1, 1, 1, 1, 1, 1], "the rest of them, and whatever there is");
        let (last, numbers, reached) = claim(reached.unwrap(), 100, NOW.plus(minutes(1))).await;
        assert_eq!((numbers, reached), (vec![1; 21], None), "there are no more");
        assert_eq!(last.iter().map(|claimed| claimed.id).max().unwrap().0 - first[0].id.0, 39, "everyone once");
    }

    async fn claims_of_a_node_that_is_gone_are_unknown_until_it_comes_back_and_knows_better(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 4).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claimed = deliveries::claim(&db, run, "gone", DeliveryId(0), 10, NOW).await.unwrap();
        let abandoned = deliveries::abandoned(&db, "here", 100).await.unwrap();
        assert_eq!(abandoned.len(), 4);
        assert!(deliveries::abandoned(&db, "gone", 100).await.unwrap().is_empty(), "whoever asks lives");
        let unknown: Vec<_> =
            claimed.iter().map(|claimed| outcome(mailing, run, claimed, DeliveryState::Unknown, NOW)).collect();
        assert_eq!(settle(&db, &unknown, Source::Takeover, NOW).await.unwrap(), 0);
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.state, over.counts.unknown), (RunState::Completed, 4));

        // It had sent one, does not know of another either, was refused a third, and never began the fourth.
        let knows = [
            outcome(mailing, run, &claimed[0], DeliveryState::Sent, NOW),
            unknown[1].clone(),
            outcome(mailing, run, &claimed[2], DeliveryState::Failed, NOW),
        ];
        assert_eq!(settle(&db, &knows, Source::Journal, NOW).await.unwrap(), 0);
        assert_eq!(deliveries::release(&db, "gone").await.unwrap(), 1);
        let open = newest(&db, &anna, mailing).await;
        assert_eq!((open.state, open.finished_at), (RunState::Sending, None));
        let counts = open.counts;
        assert_eq!((counts.sent, counts.failed, counts.unknown, counts.pending()), (1, 1, 1, 1));
        let rest = claim_all(&db, run, NOW).await;
        assert_eq!((rest.len(), rest[0].id, rest[0].number), (1, claimed[3].id, 1));
        settle(&db, &[outcome(mailing, run, &rest[0], DeliveryState::Sent, NOW)], Source::Sender, NOW).await.unwrap();
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Completed);
        // Replayed once more, it changes nothing and adds no line.
        let lines = ledger::attempts(&db, &anna, &AttemptFilter::of(mailing), None, 100).await.unwrap().rows.len();
        assert_eq!(settle(&db, &knows, Source::Journal, NOW).await.unwrap(), 3);
        let after = ledger::attempts(&db, &anna, &AttemptFilter::of(mailing), None, 100).await.unwrap().rows.len();
        assert_eq!(lines, after);
    }

    async fn what_another_node_has_sent_again_is_not_overwritten_by_a_late_result(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let old = deliveries::claim(&db, run, "old", DeliveryId(0), 10, NOW).await.unwrap();
        // Under the policy *resend* they wait again, and one of them is claimed by another node.
        let again: Vec<_> = old
            .iter()
            .map(|claimed| outcome(mailing, run, claimed, DeliveryState::Pending, NOW))
            .collect();
        settle(&db, &again, Source::Takeover, NOW).await.unwrap();
        let new = deliveries::claim(&db, run, "new", DeliveryId(0), 1, NOW).await.unwrap();
        let late: Vec<_> = old.iter().map(|claimed| outcome(mailing, run, claimed, DeliveryState::Sent, NOW)).collect();
        assert_eq!(settle(&db, &late, Source::Sender, NOW).await.unwrap(), 1, "one is stale, of one it is good to know");
        let counts = newest(&db, &anna, mailing).await.counts;
        assert_eq!((counts.sent, counts.pending()), (1, 1));
        settle(&db, &[outcome(mailing, run, &new[0], DeliveryState::Failed, NOW)], Source::Sender, NOW).await.unwrap();
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.counts.sent, over.counts.failed, over.state), (1, 1, RunState::Completed));
        assert!(deliveries::release(&db, "old").await.unwrap() == 0);
    }

    async fn what_is_tried_again_is_due_then_and_counted_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claimed = claim_all(&db, run, NOW).await;
        let again = NOW.plus(minutes(5));
        let outcomes = [
            outcome(mailing, run, &claimed[0], DeliveryState::Pending, again),
            outcome(mailing, run, &claimed[1], DeliveryState::Failed, NOW),
        ];
        settle(&db, &outcomes, Source::Sender, NOW).await.unwrap();
        assert!(claim_all(&db, run, NOW).await.is_empty());
        assert!(runs::open(&db, NOW).await.unwrap().is_empty(), "nothing is due");
        assert_eq!(runs::open(&db, again).await.unwrap().len(), 1);
        let second = claim_all(&db, run, again).await;
        assert_eq!((second.len(), second[0].number), (1, 2));
        let sent = [outcome(mailing, run, &second[0], DeliveryState::Sent, again)];
        settle(&db, &sent, Source::Sender, again).await.unwrap();
        let run = newest(&db, &anna, mailing).await;
        assert_eq!(run.state, RunState::Completed);
        assert_eq!((run.counts.sent, run.counts.failed, run.counts.attempts()), (1, 1, 3));

        let boris = someone(&db, "boris").await;
        let filter = AttemptFilter::of(mailing);
        let all = ledger::attempts(&db, &anna, &filter, None, 10).await.unwrap().rows;
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].reply, "words\u{fffd}of the server");
        let failed = AttemptFilter { successful: Some(false), code: Some(451), text: "WORDS".into(), ..filter.clone() };
        assert_eq!(ledger::attempts(&db, &anna, &failed, None, 10).await.unwrap().rows.len(), 2);
        assert!(ledger::attempts(&db, &boris, &filter, None, 10).await.unwrap().rows.is_empty());
        assert!(ledger::failures(&db, &boris, run.id, 10).await.unwrap().is_empty());
        assert_eq!(ledger::failures(&db, &anna, run.id, 10).await.unwrap()[0].count, 1, "the other one was sent in the end");

        // S-24: by person, what came of it in the end.
        let of = |fate| FateFilter { run: run.id, fate, text: String::new() };
        let everyone = fates::list(&db, &anna, &of(None), None, 10).await.unwrap().rows;
        let told: Vec<_> = everyone.iter().map(|one| (one.state, one.attempts, one.last.code)).collect();
        assert_eq!(told, [(DeliveryState::Sent, 2, Some(250)), (DeliveryState::Failed, 1, Some(451))]);
        assert_eq!(fates::list(&db, &anna, &of(Some(Fate::Failed)), None, 10).await.unwrap().rows, everyone[1..]);
        assert!(fates::list(&db, &anna, &of(Some(Fate::Waiting)), None, 10).await.unwrap().rows.is_empty());
        assert!(fates::list(&db, &boris, &of(None), None, 10).await.unwrap().rows.is_empty());
        let first = fates::list(&db, &anna, &of(None), None, 1).await.unwrap();
        let second = fates::list(&db, &anna, &of(None), first.next.as_ref(), 1).await.unwrap();
        assert_eq!([first.rows, second.rows.clone()].concat(), everyone);
        let back = fates::list(&db, &anna, &of(None), second.previous.as_ref(), 1).await.unwrap();
        assert_eq!(back.rows, everyone[..1]);
        // And to one person, whatever was sent.
        let failed = everyone[1].recipient_id;
        let letters = fates::of_recipient(&db, &anna, failed, 10).await.unwrap();
        let told: Vec<_> = letters.iter().map(|one| (one.run_id, one.mailing_id, one.state, one.last.code)).collect();
        assert_eq!(told, [(run.id, mailing, DeliveryState::Failed, Some(451))]);
        assert!(fates::of_recipient(&db, &boris, failed, 10).await.unwrap().is_empty());
        let named = FateFilter { text: everyone[1].email[..2].to_uppercase(), ..of(None) };
        assert_eq!(fates::list(&db, &anna, &named, None, 10).await.unwrap().rows, everyone[1..]);
    }

    async fn a_claim_given_back_costs_no_attempt(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 1).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claimed = claim_all(&db, run, NOW).await;
        let back = Outcome { attempt: None, ..outcome(mailing, run, &claimed[0], DeliveryState::Pending, NOW) };
        settle(&db, &[back], Source::Sender, NOW).await.unwrap();
        assert_eq!(claim_all(&db, run, NOW).await[0].number, 1);
        assert_eq!(newest(&db, &anna, mailing).await.counts.attempts(), 0);
    }

    async fn the_end_of_the_window_ends_what_waits(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 11_000).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T08:00Z", "once").await;
        let run = tick(&db, NOW).await[0];
        let claimed = deliveries::claim(&db, run, "node", DeliveryId(0), 10, NOW).await.unwrap();
        let end = NOW.plus(minutes(60));
        assert!(!deliveries::end_waiting(&db, end.minus(Duration::from_millis(1))).await.unwrap());
        while deliveries::end_waiting(&db, end).await.unwrap() {}
        let counts = newest(&db, &anna, mailing).await.counts;
        assert_eq!((counts.expired, counts.pending()), (10_990, 10), "what is under way is left to its connection");
        let outcomes: Vec<_> = claimed.iter().map(|c| outcome(mailing, run, c, DeliveryState::Sent, end)).collect();
        settle(&db, &outcomes, Source::Sender, end).await.unwrap();
        assert_eq!(newest(&db, &anna, mailing).await.state, RunState::Completed);
    }

    async fn a_recipient_removed_meanwhile_keeps_their_line(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        recipients::delete(&db, &anna, common::all_ids(&db, &anna).await[0]).await.unwrap();
        let claimed = claim_all(&db, run, NOW).await;
        assert_eq!(claimed.iter().filter(|claimed| claimed.full_name.is_none()).count(), 1);
        assert_eq!(newest(&db, &anna, mailing).await.counts.recipients, 2);
    }
}
