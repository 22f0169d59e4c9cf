//! Several processes on one PostgreSQL: each delivery once, whoever dies, hangs or is cut off.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use common::{add_recipients, attempts, config, newest, sending, someone, start_with, until, until_over};
use vestnik_engine::{Config, Engine};
use vestnik_mail::faults::{Behaviour, FaultServer};
use vestnik_model::clock::SystemClock;
use vestnik_model::run::RunState;
use vestnik_store::Db;
use vestnik_store::testing::{TestDatabase, assert_figures_agree};

const LEASE: Duration = Duration::from_secs(3);

async fn node(db: &Db, url: &str, journal: &Path) -> Engine {
    let settings = Config { lease: LEASE, ..config(url, journal) };
    start_with(db, Arc::new(SystemClock), settings).await
}

/// A server that takes this many messages and makes the others wait.
async fn server_for(first: usize) -> FaultServer {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(first);
    server
}

async fn until_accepted(server: &FaultServer, count: usize) {
    until("it is going", || async { (server.accepted().len() == count).then_some(()) }).await;
}

struct Nodes {
    database: TestDatabase,
    db: Db,
    folder: tempfile::TempDir,
}

impl Nodes {
    async fn new() -> Self {
        let database = TestDatabase::postgres().await;
        let db = database.open().await;
        Self { database, db, folder: tempfile::tempdir().unwrap() }
    }

    /// A node with a way to the database of its own.
    async fn start(&self, name: &str, url: &str) -> (Db, Engine) {
        let db = Db::open(&self.database.address()).await.unwrap();
        let engine = node(&db, url, &self.folder.path().join(name)).await;
        (db, engine)
    }

    async fn remove(self) {
        assert_figures_agree(&self.db).await;
        self.db.close().await;
        self.database.remove().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_the_work_and_the_connections() {
    let nodes = Nodes::new().await;
    let server = server_for(100).await;
    let anna = someone(&nodes.db).await;
    add_recipients(&nodes.db, &anna, 3_000).await;
    let (one_db, one) = nodes.start("one", &server.url()).await;
    let (two_db, two) = nodes.start("two", &server.url()).await;
    tokio::time::sleep(LEASE / 2).await;
    let mailing = sending(&nodes.db, &anna, "hold").await;
    until("both are at it", || async { (server.connections() >= 4).then_some(()) }).await;
    server.accept_all();
    let over = until_over(&nodes.db, &anna, mailing).await;
    one.stop().await;
    two.stop().await;
    assert_eq!((over.counts.sent, over.counts.attempts(), over.counts.unknown), (3_000, 3_000, 0));
    assert_eq!(server.accepted().len(), 3_000);
    one_db.close().await;
    two_db.close().await;
    nodes.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_node_had_claimed_is_held_until_its_journal_tells() {
    let nodes = Nodes::new().await;
    let server = server_for(200).await;
    let anna = someone(&nodes.db).await;
    add_recipients(&nodes.db, &anna, 2_000).await;
    let (lost_db, lost) = nodes.start("lost", &server.url()).await;
    let mailing = sending(&nodes.db, &anna, "hold").await;
    until_accepted(&server, 200).await;
    // Without a stop: its loops end where they are, as those of a machine that is gone.
    drop(lost);
    server.accept_all();
    lost_db.close().await;

    let (other_db, other) = nodes.start("other", &server.url()).await;
    let over = until("the rest is sent", || async {
        newest(&nodes.db, &anna, mailing).await.filter(|run| run.state == RunState::Completed)
    })
    .await;
    assert!(over.counts.unknown > 0, "whether they were handed over is not known here");
    assert_eq!(over.counts.sent + over.counts.unknown, 2_000);
    assert!(server.accepted().len() <= 2_000, "and none is sent twice");
    other.stop().await;
    other_db.close().await;

    // Its machine is back, with the journal.
    let (back_db, back) = nodes.start("lost", &server.url()).await;
    let over = until("all is known", || async {
        newest(&nodes.db, &anna, mailing)
            .await
            .filter(|run| run.state == RunState::Completed && run.counts.unknown <= 4)
    })
    .await;
    back.stop().await;
    assert_eq!(over.counts.sent + over.counts.unknown, 2_000);
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted.len(), once.len(), "nobody has it twice");
    back_db.close().await;
    nodes.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_lost_node_had_claimed_is_sent_again_where_that_is_wanted() {
    let nodes = Nodes::new().await;
    let server = server_for(200).await;
    let anna = someone(&nodes.db).await;
    add_recipients(&nodes.db, &anna, 2_000).await;
    let (lost_db, lost) = nodes.start("lost", &server.url()).await;
    let (other_db, other) = nodes.start("other", &server.url()).await;
    let mailing = sending(&nodes.db, &anna, "resend").await;
    until_accepted(&server, 200).await;
    drop(lost);
    server.accept_all();
    lost_db.close().await;
    let over = until_over(&nodes.db, &anna, mailing).await;
    other.stop().await;
    assert_eq!((over.counts.sent, over.counts.unknown), (2_000, 0));
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(once.len(), 2_000, "nobody goes without");
    let flagged = attempts(&nodes.db, &anna, mailing).await.iter().filter(|attempt| attempt.unknown).count();
    assert!(accepted.len() - once.len() <= flagged, "each copy is flagged: {} {flagged}", accepted.len() - once.len());
    other_db.close().await;
    nodes.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_cut_off_from_the_database_hands_nothing_over_past_its_lease() {
    let nodes = Nodes::new().await;
    let server = server_for(100).await;
    let anna = someone(&nodes.db).await;
    add_recipients(&nodes.db, &anna, 3_000).await;
    let (cut_db, cut) = nodes.start("cut", &server.url()).await;
    let mailing = sending(&nodes.db, &anna, "hold").await;
    until_accepted(&server, 100).await;
    // Its way to the database ends; the one to the mail server does not.
    cut_db.close().await;
    server.accept_all();
    tokio::time::sleep(LEASE).await;
    let then = server.accepted().len();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(server.accepted().len(), then, "nothing more is handed over");

    let (other_db, other) = nodes.start("other", &server.url()).await;
    let over = until_over(&nodes.db, &anna, mailing).await;
    other.stop().await;
    drop(cut);
    assert_eq!(over.counts.sent + over.counts.unknown, 3_000);
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted.len(), once.len(), "nobody has it twice");
    other_db.close().await;
    nodes.remove().await;
}
