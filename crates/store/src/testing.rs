//! Databases for tests. Each case gets a fresh one, on SQLite and on PostgreSQL:
//!
//! ```ignore
//! databases! {
//!     async fn an_address_is_unique_for_its_owner(db: Db) { ... }
//! }
//! ```
//!
//! PostgreSQL is named by `VESTNIK_TEST_POSTGRES_URL`, which `make test` sets; without it the cases fail and say so,
//! because a suite that skips half of what is promised is green for nothing.

pub mod servers;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use vestnik_model::keyring::Keyring;
use vestnik_model::secret::SystemRandom;

use crate::db::Db;
use crate::figures::Figures;
use crate::secrets;

/// The key of tests, as `VESTNIK_SECRET_KEY` names it.
pub const TEST_KEY: &str = "dGhlIGtleSBvZiB0ZXN0cywgd2hpY2ggaXMgbm9uZSE=";

/// The keys of tests.
pub fn test_keys() -> Keyring {
    Keyring::parse(TEST_KEY, Arc::new(SystemRandom)).expect("a key")
}

static NEXT: AtomicU64 = AtomicU64::new(1);

fn unique_name() -> String {
    format!("vestnik_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A database that is removed when the test ends.
#[derive(Debug)]
pub enum TestDatabase {
    /// A folder with a SQLite file.
    Sqlite(PathBuf),
    /// A database of the test server, by its address and name.
    Postgres(Box<PgConnectOptions>, String),
    /// Whatever is at an address; it goes with its server.
    At(String),
}

impl TestDatabase {
    /// A folder for a SQLite database.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(unique_name());
        std::fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        Self::Sqlite(folder)
    }

    /// A fresh database on the test server.
    pub async fn postgres() -> Self {
        Self::at("VESTNIK_TEST_POSTGRES_URL").await
    }

    /// The same through a PgBouncer in transaction mode.
    pub async fn pooled() -> Self {
        Self::at("VESTNIK_TEST_PGBOUNCER_URL").await
    }

    async fn at(variable: &str) -> Self {
        let address = std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} names a PostgreSQL server for tests; `make test` starts one"));
        let options = PgConnectOptions::from_str(&address).expect("the variable has an address");
        // PgBouncer does not know it, and the whole suite may be run through one.
        let options = options.extra_float_digits(None);
        let name = unique_name();
        let mut connection = options.connect().await.expect("the PostgreSQL server for tests answers");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut connection)
            .await
            .expect("the test server makes databases");
        connection.close().await.expect("the connection closes");
        Self::Postgres(Box::new(options), name)
    }

    /// The address to open it by.
    pub fn address(&self) -> String {
        match self {
            Self::At(address) => address.clone(),
            Self::Sqlite(folder) => format!("sqlite:{}", folder.join("vestnik.db").display()),
            Self::Postgres(options, name) => (**options).clone().database(name).to_url_lossy().to_string(),
        }
    }

    /// Opens it and brings its schema up to date.
    pub async fn open(&self) -> Db {
        let db = Db::open(&self.address()).await.expect("the database opens").with_keys(Some(test_keys()));
        db.migrate().await.expect("the schema is made");
        secrets::prepare(&db).await.expect("secrets are encrypted");
        db
    }

    /// Removes it.
    pub async fn remove(self) {
        match self {
            Self::At(_) => {}
            Self::Sqlite(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Self::Postgres(options, name) => {
                if let Ok(mut connection) = options.connect().await {
                    let drop = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
                    let _ = sqlx::raw_sql(drop).execute(&mut connection).await;
                }
            }
        }
    }
}

/// The ledger, a line for each attempt that counts and each delivery that is over.
const LEDGER: &str = "SELECT mailing_id, run_id, at - at % 900000 AS quarter,
        CASE WHEN successful THEN 1 ELSE 0 END AS attempts_ok, CASE WHEN successful THEN 0 ELSE 1 END AS attempts_failed,
        'none' AS state
    FROM attempts WHERE NOT stale
    UNION ALL
    SELECT u.mailing_id, d.run_id, d.ended_at - d.ended_at % 900000, 0, 0, d.state
    FROM deliveries d JOIN runs u ON u.id = d.run_id WHERE d.state NOT IN ('pending', 'leased')";

#[derive(sqlx::FromRow)]
struct Counted {
    id: i64,
    quarter: i64,
    #[sqlx(flatten)]
    figures: Figures,
}

async fn counted(db: &Db, sql: String) -> BTreeMap<(i64, i64), Figures> {
    let rows: Vec<Counted> = db.fetch_all(AssertSqlSafe(sql), &[]).await.expect("the figures are read");
    let rows = rows.into_iter().map(|row| ((row.id, row.quarter), row.figures));
    rows.filter(|(_, figures)| *figures != Figures::default()).collect()
}

/// Panics where the figures of runs, or of mailings by quarters of an hour, say something else than a count of the
/// ledger. To be called when nothing writes.
pub async fn assert_figures_agree(db: &Db) {
    const STATES: [&str; 6] = ["sent", "failed", "expired", "skipped", "unknown", "cancelled"];
    let states =
        STATES.map(|state| format!("CAST(sum(CASE WHEN state = '{state}' THEN 1 ELSE 0 END) AS BIGINT) AS {state}"));
    let sums = format!(
        "CAST(sum(attempts_ok) AS BIGINT) AS attempts_ok, CAST(sum(attempts_failed) AS BIGINT) AS attempts_failed, {}",
        states.join(", ")
    );
    let kept = counted(db, "SELECT mailing_id AS id, figures.* FROM figures".into()).await;
    let sql =
        format!("SELECT mailing_id AS id, quarter, {sums} FROM ({LEDGER}) AS ledger GROUP BY mailing_id, quarter");
    assert_eq!(kept, counted(db, sql).await, "mailings by quarters, and a count of the ledger");
    let kept = counted(db, "SELECT CAST(0 AS BIGINT) AS quarter, runs.* FROM runs".into()).await;
    let sql =
        format!("SELECT run_id AS id, CAST(0 AS BIGINT) AS quarter, {sums} FROM ({LEDGER}) AS ledger GROUP BY run_id");
    assert_eq!(kept, counted(db, sql).await, "runs, and a count of the ledger");
    for (what, sql) in CONTRADICTIONS {
        let found: Vec<(i64,)> = db.fetch_all(*sql, &[]).await.expect("the ledger is read");
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

/// What the ledger must never say, and the ids of what says so.
const CONTRADICTIONS: &[(&str, &str)] = &[
    (
        "deliveries that have two attempts which never reached the server in one outage",
        "SELECT delivery_id FROM attempts WHERE outage_id IS NOT NULL AND NOT stale
            AND phase IN ('dns', 'connect', 'tls', 'greeting', 'ehlo', 'starttls', 'auth')
         GROUP BY delivery_id, outage_id HAVING count(*) > 1",
    ),
    (
        "runs that have attempts of an outage which they do not refer to",
        "SELECT DISTINCT a.run_id FROM attempts a WHERE a.outage_id IS NOT NULL AND NOT a.stale AND NOT EXISTS
            (SELECT 1 FROM run_outages r WHERE r.run_id = a.run_id AND r.outage_id = a.outage_id)",
    ),
    (
        "deliveries whose attempts are counted wrong: unreached, excused, all",
        "SELECT id FROM deliveries WHERE unreached < 0 OR excused < unreached OR attempts < excused",
    ),
    (
        "runs whose summary has another number of attempts",
        "SELECT u.id FROM runs u WHERE u.summed_for = u.finished_at AND u.attempts_failed <>
            (SELECT COALESCE(sum(r.attempts), 0) FROM run_replies r WHERE r.run_id = u.id)",
    ),
];

/// Runs each test once on SQLite and once on PostgreSQL, with a database of its own.
#[macro_export]
macro_rules! databases {
    ($(async fn $name:ident($db:ident: Db) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn case($db: $crate::Db) $body

            async fn on(database: $crate::testing::TestDatabase) {
                let db = database.open().await;
                case(db.clone()).await;
                db.close().await;
                database.remove().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                on($crate::testing::TestDatabase::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                on($crate::testing::TestDatabase::postgres().await).await;
            }
        }
    )+};
}
