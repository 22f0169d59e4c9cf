//! Heavy reads: the limit per user, the time limit, and cancellation when the caller is gone.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{NOW, add_recipients, draft, someone};
use vestnik_model::recipient::RecipientSort;
use vestnik_store::db::HeavyLimits;
use vestnik_store::recipients::{self, RecipientQuery};
use vestnik_store::{Db, Error, databases};

/// Goes on for longer than any test.
const ENDLESS: &str = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT (x + 1) % 1000 FROM c)
    SELECT CAST(count(*) AS BIGINT) FROM c WHERE x < 0";
/// A test that would hang fails instead; nothing here takes a part of it.
const NEVER: Duration = Duration::from_secs(60);

fn limits(per_user: usize, wait: Duration, statement: Duration) -> HeavyLimits {
    HeavyLimits { per_user, wait, statement }
}

async fn endless(db: &Db) -> Result<(i64,), Error> {
    db.fetch_one(ENDLESS, &[]).await
}

async fn one(db: &Db) -> (i64,) {
    db.fetch_one("SELECT CAST(1 AS BIGINT)", &[]).await.unwrap()
}

databases! {
    async fn dropped_read_cancels_its_statement(db: Db) {
        let db = db.with_heavy_limits(limits(100, NEVER, NEVER));
        let anna = db.heavy(&someone(&db, "anna").await);
        // More than there are connections, so that each of them has to come back.
        for _ in 0..6 {
            assert!(tokio::time::timeout(Duration::from_millis(50), endless(&anna)).await.is_err());
        }
        let all: Vec<_> = (0..8).map(|_| { let anna = anna.clone(); tokio::spawn(async move { one(&anna).await }) }).collect();
        for one in all {
            assert_eq!(tokio::time::timeout(NEVER, one).await.unwrap().unwrap(), (1,));
        }
        if !db.is_embedded() {
            let going = "SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND state = 'active' AND query LIKE 'WITH RECURSIVE c (x)%'";
            let gone = async { while db.fetch_one::<(i64,)>(going, &[]).await.unwrap() != (0,) {} };
            tokio::time::timeout(NEVER, gone).await.unwrap();
        }
    }

    async fn statement_is_cancelled_at_its_time_limit(db: Db) {
        let actor = someone(&db, "anna").await;
        let hasty = db.with_heavy_limits(limits(2, NEVER, Duration::from_millis(50)));
        for _ in 0..6 {
            let ended = tokio::time::timeout(NEVER, endless(&hasty.heavy(&actor))).await.unwrap();
            assert!(matches!(ended, Err(Error::ReadTooLong)), "{ended:?}");
        }
        assert_eq!(one(&db.heavy(&actor)).await, (1,));
    }

    async fn limit_per_user_does_not_affect_others(db: Db) {
        let (anna, boris) = (someone(&db, "anna").await, someone(&db, "boris").await);
        let db = db.with_heavy_limits(limits(2, Duration::from_millis(50), NEVER));
        let of_anna = db.heavy(&anna);
        // As files they wait for as long as it takes to begin, on a slow machine as well.
        let of_file = db.heavy_for_file(&anna);
        let going: Vec<_> =
            (0..2).map(|_| { let db = of_file.clone(); tokio::spawn(async move { endless(&db).await }) }).collect();
        // The third is refused as soon as the two are under way; once alone may be for want of a connection.
        let refused = async {
            let mut in_a_row = 0;
            while in_a_row < 5 {
                match of_anna.fetch_one::<(i64,)>("SELECT CAST(1 AS BIGINT)", &[]).await {
                    Err(Error::TooManyReads) => in_a_row += 1,
                    other => { other.unwrap(); in_a_row = 0 }
                }
            }
        };
        tokio::time::timeout(NEVER, refused).await.unwrap();
        // Another user has permits of their own, and short reads have a pool of their own.
        assert_eq!(one(&db.with_heavy_limits(limits(2, NEVER, NEVER)).heavy(&boris)).await, (1,));
        for _ in 0..20 {
            assert_eq!(one(&db).await, (1,));
        }
        // A file waits instead.
        let file = db.heavy_for_file(&anna);
        let waiting = tokio::spawn(async move { one(&file).await });
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(!waiting.is_finished(), "it waits longer than a page may");
        for read in going {
            read.abort();
        }
        assert_eq!(tokio::time::timeout(NEVER, waiting).await.unwrap().unwrap(), (1,));
    }

    async fn searching_is_a_heavy_read_and_paging_is_not(db: Db) {
        let anna = someone(&db, "anna").await;
        add_recipients(&db, &anna, 5).await;
        recipients::add_all(&db, &anna, &[draft("boris@example.org", "Boris", "")], NOW).await.unwrap();
        let query = |search: &str| RecipientQuery {
            search: search.into(), sort: RecipientSort::Newest, cursor: None, size: 10,
        };
        // Without permits every heavy read is refused.
        let closed = db.with_heavy_limits(limits(0, Duration::from_millis(10), NEVER));
        assert_eq!(recipients::list(&closed, &anna, &query("")).await.unwrap().rows.len(), 6);
        let refused = recipients::list(&closed, &anna, &query("boris")).await.unwrap_err();
        assert!(matches!(refused, Error::TooManyReads), "{refused:?}");
        assert!(matches!(recipients::count(&closed, &anna, "boris").await, Err(Error::TooManyReads)));
        assert_eq!(recipients::list(&db, &anna, &query("boris")).await.unwrap().rows.len(), 1);
        assert_eq!(recipients::count(&db, &anna, "boris").await.unwrap(), 1);
    }
}

/// A search that is added without `Db::heavy` fails here.
#[test]
fn every_search_is_a_heavy_read() {
    // They look whether there are words, and leave the search to another.
    const NO_SEARCH: [&str; 2] = ["async fn delete_matching(", "async fn choose("];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let mut searches = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let functions = text.split("\n}\n").filter(|function| function.contains("async fn"));
        let searches_text = |function: &&str| ["containing(", "Words::of("].iter().any(|call| function.contains(call));
        for function in functions.filter(searches_text) {
            searches += 1;
            let is_heavy = function.contains(".heavy") || NO_SEARCH.iter().any(|name| function.contains(name));
            assert!(is_heavy, "{}: a search that is no heavy read:{function}", path.display());
        }
    }
    assert!(searches > 8, "{searches}");
}
