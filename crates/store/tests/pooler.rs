//! Behind a PgBouncer in transaction mode, which gives each transaction whatever session of the server is free.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::{add_recipients, someone};
use vestnik_store::db::HeavyLimits;
use vestnik_store::testing::{TestDatabase, test_keys};
use vestnik_store::{Db, Error, Wake, recipients};

/// Only a fault reaches it.
const NEVER: Duration = Duration::from_secs(60);

/// Another handle of a database.
async fn open(database: &TestDatabase, parameters: &str) -> Db {
    let address = database.address();
    let separator = if address.contains('?') { '&' } else { '?' };
    Db::open(&format!("{address}{separator}{parameters}")).await.unwrap().with_keys(Some(test_keys()))
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_pooler_is_recognised() {
    let database = TestDatabase::pooled().await;
    let db = open(&database, "").await;
    assert!(db.is_pooled());
    db.close().await;
    database.remove().await;
    let database = TestDatabase::postgres().await;
    let direct = open(&database, "").await;
    assert!(!direct.is_pooled());
    let told = open(&database, "pooler=transaction").await;
    assert!(told.is_pooled());
    told.migrate().await.unwrap();
    for db in [direct, told] {
        db.close().await;
    }
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_is_made_through_a_pooler_by_many_at_once() {
    let database = TestDatabase::pooled().await;
    let all: Vec<Db> = futures_util::future::join_all((0..6).map(|_| open(&database, ""))).await;
    for migrated in futures_util::future::join_all(all.iter().map(Db::migrate)).await {
        migrated.unwrap();
    }
    // Nothing of the schema's steps is left in a session: another process finds nothing in its way.
    let other = open(&database, "").await;
    other.migrate().await.unwrap();
    for db in all.into_iter().chain([other]) {
        db.close().await;
    }
    database.remove().await;
}

/// More tasks than the pooler has sessions, with statements that differ: one that met another's prepared statement would
/// fail, or give another's answer.
#[tokio::test(flavor = "multi_thread")]
async fn statements_meet_no_other_session_s_statements() {
    let database = TestDatabase::pooled().await;
    let limits = HeavyLimits { per_user: 4, wait: NEVER, statement: NEVER };
    let one = database.open().await.with_heavy_limits(limits);
    let two = open(&database, "").await.with_heavy_limits(limits);
    let anna = someone(&one, "anna").await;
    add_recipients(&one, &anna, 20).await;
    let tasks = (0..16_i64).map(|task| {
        let (db, anna) = (if task % 2 == 0 { one.clone() } else { two.clone() }, anna.clone());
        tokio::spawn(async move {
            for round in 0..40_i64 {
                let sql = sqlx::AssertSqlSafe(format!("SELECT $1 * 100 + {}", (task + round) % 7));
                let (found,): (i64,) = db.fetch_one(sql, &[&task]).await.unwrap();
                assert_eq!(found, task * 100 + (task + round) % 7);
                let (found,): (i64,) = db.heavy(&anna).fetch_one("SELECT $1 + 1", &[&round]).await.unwrap();
                assert_eq!(found, round + 1);
                let mut tx = db.begin().await.unwrap();
                let (found,): (String,) = tx.fetch_one("SELECT CAST($1 AS TEXT)", &[&task]).await.unwrap();
                assert_eq!(found, task.to_string());
                tx.commit().await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let left: (i64,) = one.fetch_one("SELECT count(*) FROM pg_prepared_statements", &[]).await.unwrap();
    assert_eq!(left, (0,), "nothing stays prepared");
    assert_eq!(recipients::batch_after(&one, &anna, vestnik_model::id::RecipientId(0), 100).await.unwrap().len(), 20);
    one.close().await;
    two.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heavy_read_is_cancelled_through_a_pooler() {
    const ENDLESS: &str = "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT (x + 1) % 1000 FROM c)
        SELECT CAST(count(*) AS BIGINT) FROM c WHERE x < 0";
    let database = TestDatabase::pooled().await;
    let db = database.open().await;
    let anna = someone(&db, "anna").await;
    let hasty = db.with_heavy_limits(HeavyLimits { per_user: 2, wait: NEVER, statement: Duration::from_millis(50) });
    for _ in 0..6 {
        let ended = hasty.heavy(&anna).fetch_one::<(i64,)>(ENDLESS, &[]).await;
        assert!(matches!(ended, Err(Error::ReadTooLong)), "{ended:?}");
    }
    // The limit of its statement was the transaction's, not the session's.
    let (limit,): (String,) = db.fetch_one("SELECT current_setting('statement_timeout')", &[]).await.unwrap();
    assert_eq!(limit, "0");
    let going = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'active' AND query LIKE 'WITH RECURSIVE c (x)%'";
    let gone = async { while db.fetch_one::<(i64,)>(going, &[]).await.unwrap() != (0,) {} };
    tokio::time::timeout(NEVER, gone).await.unwrap();
    db.close().await;
    database.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_behind_a_pooler_wake_by_looking() {
    let database = TestDatabase::pooled().await;
    let (one, two) = (database.open().await, open(&database, "").await);
    let listening = {
        let two = two.clone();
        tokio::spawn(async move { two.listen().await.map(|_| ()) })
    };
    // Twice: the first look is made at once.
    for _ in 0..2 {
        one.wake(Wake::Deliveries).await.unwrap();
        tokio::time::timeout(NEVER, two.signals().deliveries.notified()).await.unwrap();
    }
    listening.abort();
    one.close().await;
    two.close().await;
    database.remove().await;
}

/// What was meant for a session of one's own fails in words that name the remedy.
#[tokio::test(flavor = "multi_thread")]
async fn overlooked_pooler_is_named_by_the_error() {
    let database = TestDatabase::pooled().await;
    let wrong = [open(&database, "pooler=none").await, open(&database, "pooler=none").await];
    assert!(!wrong[0].is_pooled());
    let failed = async {
        loop {
            for (index, db) in wrong.iter().enumerate() {
                let sql = sqlx::AssertSqlSafe(format!("SELECT {index} + $1"));
                if let Err(error) = db.fetch_one::<(i64,)>(sql, &[&1_i64]).await {
                    return error;
                }
            }
        }
    };
    let error = tokio::time::timeout(NEVER, failed).await.unwrap();
    assert!(error.to_string().contains("pooler=transaction"), "{error}");
    for db in wrong {
        db.close().await;
    }
    database.remove().await;
}
