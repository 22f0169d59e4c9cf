//! What is large is deleted step by step, to the end, whoever is killed meanwhile.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::{NOW, add_recipients, draft, newest, plan, plan_for, send_all, someone, tick};
use vestnik_model::Actor;
use vestnik_model::id::{DeletionId, MailingId, RunId};
use vestnik_store::deletions::{self, Deletion, MailingDeletion, RecipientDeletion, Step};
use vestnik_store::mailings::Selection;
use vestnik_store::testing::TestDatabase;
use vestnik_store::{Db, databases, erasure, mailings, messages, recipients, runs};

async fn step(db: &Db, size: i64) -> Step {
    deletions::step(db, size, NOW).await.unwrap()
}

async fn finish(db: &Db, size: i64) -> usize {
    let mut steps = 0;
    while step(db, size).await != Step::Nothing {
        steps += 1;
    }
    steps
}

async fn look(db: &Db, actor: &Actor, id: DeletionId) -> Deletion {
    deletions::find(db, actor, id).await.unwrap().unwrap()
}

async fn rows(db: &Db, table: &str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    let (count,): (i64,) = db.fetch_one(sql, &[]).await.unwrap();
    count
}

async fn sent(db: &Db, actor: &Actor) -> (MailingId, RunId) {
    let ids = common::all_ids(db, actor).await;
    let mailing = plan_for(db, actor, "2026-11-24T07:00Z", "", "once", &Selection::Ids(ids)).await;
    let run = tick(db, NOW).await[0];
    send_all(db, mailing, run, NOW).await;
    (mailing, run)
}

databases! {
    async fn recipients_go_step_by_step(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 7).await;
        add_recipients(&db, &boris, 2).await;
        let (_, run) = sent(&db, &anna).await;
        let id = deletions::begin_recipients(&db, &anna, "", 7, NOW).await.unwrap();
        assert_eq!(deletions::begin_recipients(&db, &anna, "", 7, NOW).await.unwrap(), id, "asked twice");
        assert!(deletions::find(&db, &boris, id).await.unwrap().is_none());
        // Added after the question: it stays.
        recipients::add_all(&db, &anna, &[draft("new@example.org", "", "")], NOW).await.unwrap();
        assert_eq!(step(&db, 3).await, Step::Done);
        assert_eq!((look(&db, &anna, id).await.deleted, recipients::count(&db, &anna, "").await.unwrap()), (3, 5));
        finish(&db, 3).await;
        let ended = look(&db, &anna, id).await;
        assert_eq!((ended.deleted, ended.total, ended.finished_at), (7, 7, Some(NOW)));
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 1);
        assert_eq!(recipients::count(&db, &boris, "").await.unwrap(), 2);
        // The ledger outlives the recipients.
        assert_eq!(runs::find(&db, &anna, run).await.unwrap().unwrap().counts.sent, 7);
        assert_eq!((rows(&db, "deliveries").await, rows(&db, "mailing_recipients").await), (7, 0));
        assert_eq!(deletions::forget(&db, NOW).await.unwrap(), 0);
        assert_eq!(deletions::forget(&db, NOW.plus(common::DAY)).await.unwrap(), 1);
    }

    async fn found_recipients_go_step_by_step(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 25).await;
        // r1, r10 to r19 have it.
        let id = deletions::begin_recipients(&db, &anna, "r1", 11, NOW).await.unwrap();
        assert!(finish(&db, 2).await > 5);
        assert_eq!(look(&db, &anna, id).await.deleted, 11);
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 14);
        assert_eq!(recipients::count(&db, &anna, "r1").await.unwrap(), 0);
        newest_agrees(&db, &anna).await;
    }

    async fn few_are_deleted_at_once_and_many_in_the_background(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 6_000).await;
        let deleted = deletions::delete_recipients(&db, &anna, " r5 ", NOW).await.unwrap();
        let RecipientDeletion::Done(few) = deleted else { panic!("{deleted:?}") };
        assert_eq!(few, 1_111);
        add_recipients(&db, &anna, 6_000).await;
        let begun = deletions::delete_recipients(&db, &anna, "", NOW).await.unwrap();
        let RecipientDeletion::InSteps(id) = begun else { panic!("{begun:?}") };
        assert_eq!(look(&db, &anna, id).await.total, 6_000);
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 6_000, "nobody has waited for it");
        finish(&db, 2_000).await;
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 0);
    }

    async fn mailing_vanishes_at_once_and_its_ledger_in_steps(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        add_recipients(&db, &anna, 5).await;
        let (mailing, run) = sent(&db, &anna).await;
        let (kept, _) = sent(&db, &anna).await;
        let message = mailings::find(&db, &anna, mailing).await.unwrap().unwrap().message_id;
        let deleted = deletions::begin_mailing(&db, &boris, mailing, 5, NOW).await.unwrap();
        assert_eq!(deleted, MailingDeletion::NotFound);
        let deleted = deletions::begin_mailing(&db, &anna, mailing, 5, NOW).await.unwrap();
        let MailingDeletion::InSteps(id) = deleted else { panic!("{deleted:?}") };
        assert!(mailings::find(&db, &anna, mailing).await.unwrap().is_none());
        assert!(runs::find(&db, &anna, run).await.unwrap().is_none());
        messages::delete(&db, &anna, message).await.unwrap();
        assert!(messages::find(&db, &anna, message).await.unwrap().is_none(), "nothing of the mailing holds it");
        let attempts = rows(&db, "attempts").await;
        assert_eq!(step(&db, 2).await, Step::Done);
        assert_eq!(look(&db, &anna, id).await.deleted, 2);
        assert_eq!(rows(&db, "attempts").await, attempts - 2);
        finish(&db, 2).await;
        let ended = look(&db, &anna, id).await;
        assert_eq!((ended.deleted, ended.finished_at), (5, Some(NOW)));
        for (table, left) in
            [("deliveries", 5), ("attempts", 5), ("runs", 1), ("mailings", 1), ("mailing_recipients", 5), ("users", 2)]
        {
            assert_eq!(rows(&db, table).await, left, "{table}");
        }
        assert_eq!(newest(&db, &anna, kept).await.counts.sent, 5);
    }

    async fn mailing_that_is_being_sent_is_not_deleted(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 2).await;
        let mailing = plan(&db, &anna, "2026-11-24T07:00Z", "", "once").await;
        let run = tick(&db, NOW).await[0];
        assert_eq!(deletions::begin_mailing(&db, &anna, mailing, 2, NOW).await.unwrap(), MailingDeletion::Running);
        assert!(runs::find(&db, &anna, run).await.unwrap().is_some(), "all of it is as it was");
        assert_eq!(step(&db, 10).await, Step::Nothing);
        send_all(&db, mailing, run, NOW).await;
        assert_eq!(newest(&db, &anna, mailing).await.counts.sent, 2);
    }

    async fn two_processes_that_delete_at_once_delete_once(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 40).await;
        let id = deletions::begin_recipients(&db, &anna, "", 40, NOW).await.unwrap();
        let both: Vec<_> = (0..2)
            .map(|_| {
                let db = db.clone();
                tokio::spawn(async move { while step(&db, 3).await != Step::Nothing {} })
            })
            .collect();
        for one in both {
            one.await.unwrap();
        }
        assert_eq!(look(&db, &anna, id).await.deleted, 40);
        assert_eq!(recipients::count(&db, &anna, "").await.unwrap(), 0);
    }
}

/// The number of recipients that is kept is what a count says.
async fn newest_agrees(db: &Db, actor: &Actor) {
    let ids = common::all_ids(db, actor).await;
    assert_eq!(recipients::count(db, actor, "").await.unwrap(), ids.len() as i64);
}

/// Pages that have become free go back to the file system, and the log is emptied.
#[tokio::test]
async fn freed_space_is_given_back_on_sqlite() {
    let database = TestDatabase::sqlite();
    let db = Db::open(&database.address()).await.unwrap();
    db.migrate().await.unwrap();
    let TestDatabase::Sqlite(folder) = &database else { panic!("not SQLite") };
    let size = |name: &str| folder.join(name).metadata().map_or(0, |file| file.len());
    let anna = someone(&db, "anna").await;
    let comment = "x".repeat(500);
    for part in 0..6 {
        let drafts: Vec<_> =
            (0..10_000).map(|n| draft(&format!("r{part}-{n}@example.org"), "Name", &comment)).collect();
        recipients::add_all(&db, &anna, &drafts, NOW).await.unwrap();
    }
    let before = size("vestnik.db") + size("vestnik.db-wal");
    deletions::begin_recipients(&db, &anna, "", 60_000, NOW).await.unwrap();
    finish(&db, 5_000).await;
    assert!(db.log_has_room().await.unwrap());
    while db.give_space_back().await.unwrap() {}
    let after = size("vestnik.db");
    assert!(before > 60_000_000 && after < 20_000_000, "{before} bytes, then {after}");
    assert_eq!(size("vestnik.db-wal"), 0);
    erasure::erase_deleted(&db, NOW).await.unwrap();
    db.close().await;
    database.remove().await;
}
