//! Several servers in the address of the database: the one that takes writes is found, also after a failover.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use vestnik_store::testing::servers::{PrivatePostgres, address};
use vestnik_store::{Db, Error};

/// Only a fault reaches it.
const NEVER: Duration = Duration::from_secs(120);

const INSERT: &str = "INSERT INTO written (at) VALUES (pg_backend_pid())";

/// Writes, as often as it takes: what was under way when the server changed fails, and the next try meets the other one.
async fn write(db: &Db) {
    let written = async {
        while db.execute(INSERT, &[]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(NEVER, written).await.unwrap();
}

async fn count(server: &PrivatePostgres) -> String {
    server.query("SELECT count(*)::text FROM written").await.unwrap()
}

async fn set_read_only(server: &PrivatePostgres, on: &str) {
    server.query(&format!("ALTER SYSTEM SET default_transaction_read_only = {on}")).await;
    server.query("SELECT pg_reload_conf()").await;
    // It hears of its new setting some time later.
    while server.query("SHOW transaction_read_only").await.as_deref() != Some(on) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_takes_writes_is_found_and_followed() {
    let (one, two) = (PrivatePostgres::start(&[]), PrivatePostgres::start(&[]));
    for server in [&one, &two] {
        server.query("CREATE TABLE written (at BIGINT)").await;
    }
    set_read_only(&one, "on").await;
    let address = address(&[one.port(), two.port()], "?target_session_attrs=read-write&connect_timeout=20");
    let db = Db::open(&address).await.unwrap();
    assert!(!db.is_pooled());
    // Several at once, so that there are connections left for the change.
    futures_util::future::join_all((0..6).map(|_| write(&db))).await;
    assert_eq!((count(&one).await, count(&two).await), ("0".into(), "6".into()));
    set_read_only(&two, "on").await;
    set_read_only(&one, "off").await;
    let before = count(&two).await;
    write(&db).await;
    write(&db).await;
    assert_eq!((count(&one).await, count(&two).await), ("2".into(), before));
    db.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promoted_standby_is_used_after_the_primary_is_gone() {
    let mut primary = PrivatePostgres::start(&[]);
    primary.query("CREATE TABLE written (at BIGINT)").await;
    let standby = primary.standby(primary.port());
    // The standby is tried first, each time.
    let db = Db::open(&address(&[standby.port(), primary.port()], "")).await.unwrap();
    let anyone = Db::open(&address(&[standby.port(), primary.port()], "?target_session_attrs=any")).await.unwrap();
    write(&db).await;
    let refused = anyone.execute(INSERT, &[]).await.unwrap_err().to_string();
    assert!(refused.contains("read-only"), "the first that answers is the standby: {refused}");
    let arrived = async { while count(&standby).await != "1" {} };
    tokio::time::timeout(NEVER, arrived).await.unwrap();
    primary.crash();
    standby.promote();
    write(&db).await;
    let (written,): (i64,) = db.heavy_shared().fetch_one("SELECT count(*) FROM written", &[]).await.unwrap();
    assert_eq!(written, 2, "reads through the other pool follow as well");
    db.close().await;
    anyone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_will_not_do_are_named_with_the_reason() {
    let mut gone = PrivatePostgres::start(&[]);
    let standby = gone.standby(gone.port());
    gone.crash();
    let address = address(&[gone.port(), standby.port()], "?target_session_attrs=primary");
    let Err(Error::NoServer(reasons)) = Db::open(&address).await else { panic!("none will do") };
    assert!(reasons.contains(&format!("127.0.0.1:{}: ", gone.port())), "{reasons}");
    assert!(reasons.contains(&format!("127.0.0.1:{}: it is a standby", standby.port())), "{reasons}");
}
