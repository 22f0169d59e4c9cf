//! Outcomes that a database has lost in a failover are recorded again, and no others.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, claim_all, newest, outcome, plan, send_all, someone, tick};
use vestnik_model::delivery::DeliveryState;
use vestnik_model::run::RunState;
use vestnik_store::databases;
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::failover::{Position, position, recipient_hash, record_again};
use vestnik_store::ledger::{self, AttemptFilter};
use vestnik_store::settle::{Outcome, Source, settle};

/// As it is claimed some claims later, of which the database knows nothing.
fn later(claimed: &Claimed, epochs: i64, number: i64) -> Claimed {
    Claimed { epoch: claimed.epoch + epochs, number, ..claimed.clone() }
}

databases! {
    async fn what_the_database_has_lost_is_recorded_again_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 5).await;
        let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        let claimed = claim_all(&db, run, NOW).await;
        let back: Vec<Outcome> = claimed[1..]
            .iter()
            .map(|claimed| Outcome { attempt: None, ..outcome(mailing, run, claimed, DeliveryState::Pending, NOW) })
            .collect();
        settle(&db, &back, Source::Sender, NOW).await.unwrap();
        let given = |claimed: &Claimed, state| {
            (outcome(mailing, run, claimed, state, NOW), recipient_hash(&claimed.email))
        };
        let known = [
            // Its claim has survived, its outcome has not.
            given(&claimed[0], DeliveryState::Sent),
            // Two attempts are lost with their claims.
            given(&later(&claimed[1], 2, 2), DeliveryState::Sent),
            given(&later(&claimed[1], 1, 1), DeliveryState::Pending),
            given(&later(&claimed[2], 1, 1), DeliveryState::Unknown),
            // The number is another recipient's now.
            (given(&later(&claimed[3], 1, 1), DeliveryState::Sent).0, recipient_hash("x@example.org")),
            // It was noted by a version that did not note the recipient.
            (given(&later(&claimed[4], 1, 1), DeliveryState::Sent).0, 0),
        ];
        assert_eq!(record_again(&db, "node", &known, NOW).await.unwrap(), 4);
        let counts = newest(&db, &anna, mailing).await.counts;
        assert_eq!((counts.sent, counts.unknown, counts.pending()), (2, 1, 2));
        let lines = async || ledger::attempts(&db, &anna, &AttemptFilter::of(mailing), None, 100).await.unwrap().rows.len();
        assert_eq!(lines().await, 4);
        // Once more it changes nothing.
        assert_eq!(record_again(&db, "node", &known, NOW).await.unwrap(), 0);
        assert_eq!(lines().await, 4);
        // The other two are sent, as nothing is known of them.
        send_all(&db, mailing, run, NOW).await;
        let over = newest(&db, &anna, mailing).await;
        assert_eq!((over.counts.sent, over.counts.unknown, over.state), (4, 1, RunState::Completed));
        assert!(deliveries::held(&db, "node").await.unwrap().is_empty());
    }

    async fn server_says_where_it_stands(db: Db) {
        let before = position(&db).await.unwrap();
        assert_eq!(before.is_none(), db.is_embedded());
        someone(&db, "anna").await;
        if let (Some(before), Some(after)) = (before, position(&db).await.unwrap()) {
            assert!(after.written > before.written && !after.went_back(before) && before.went_back(after));
            assert!(Position { timeline: after.timeline + 1, ..after }.went_back(before), "a standby was promoted");
        }
    }
}
