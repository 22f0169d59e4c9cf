//! A worker at its work, and the command line that holds it up, lets it go on, and ends it.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::Installation;
use serde_json::Value;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};

const RECIPIENTS: usize = 2_000;
/// No wait in these tests takes longer unless something hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// A worker that is ended with the test.
struct Worker(Child);

impl Worker {
    fn start(installation: &Installation, url: &str) -> Self {
        let args = ["worker", "--smtp-url", url, "--smtp-connections", "4"];
        Self(installation.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Asks it to end, then lets what it has at the server be answered, and waits for the end.
    async fn end(mut self, server: &FaultServer) {
        let began = now();
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        server.accept_all();
        while self.0.try_wait().unwrap().is_none() {
            assert!(began.elapsed() < PATIENCE, "it does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a process takes to end is measured")]
fn now() -> Instant {
    Instant::now()
}

async fn prepared(installation: &Installation, unknown: &str) {
    installation.account().await;
    let list: String = (1..=RECIPIENTS).map(|n| format!("r{n}@example.org\n")).collect();
    let list = installation.write("list.csv", &format!("email\n{list}"));
    let text = installation.write("letter.txt", "Hello {{ recipient.email }}");
    let owner = ["--owner", "anna@example.com"];
    installation.ok(&[&["recipients", "import"][..], &owner, &[&list]].concat()).await;
    installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    let create = ["--message", "1", "--all-recipients", "--unknown", unknown];
    installation.ok(&[&["mailing", "create"][..], &owner, &create].concat()).await;
}

/// A server that takes this many messages and makes the others wait.
async fn server_for(first: usize) -> FaultServer {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    server.accept_only(first);
    server
}

async fn until_accepted(server: &FaultServer, count: usize) {
    until("it is going", async || server.accepted().len() == count).await;
}

async fn shown(installation: &Installation) -> Value {
    serde_json::from_str(&installation.ok(&["mailing", "show", "1", "--json"]).await).unwrap()
}

fn count(shown: &Value, name: &str) -> usize {
    usize::try_from(shown[name].as_i64().unwrap()).unwrap()
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = now();
    while !so().await {
        assert!(began.elapsed() < PATIENCE, "it never came to this: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until every claim has come home: nothing is on its way to the mail server, or waits for it.
async fn until_nothing_is_claimed(installation: &Installation) {
    let db = installation.db().await;
    until("nothing is claimed", async || {
        let sql = "SELECT count(*) FROM deliveries WHERE state = 'leased'";
        db.fetch_one::<(i64,)>(sql, &[]).await.unwrap().0 == 0
    })
    .await;
    db.close().await;
}

async fn until_over(installation: &Installation) -> Value {
    let over = |shown: &Value| ["completed", "cancelled"].contains(&shown["run_state"].as_str().unwrap_or(""));
    until("the run is over", async || over(&shown(installation).await)).await;
    shown(installation).await
}

async fn is_held_up_and_goes_on(installation: &Installation) {
    let server = server_for(100).await;
    prepared(installation, "hold").await;
    let _worker = Worker::start(installation, &server.url());
    installation.ok(&["mailing", "send", "1"]).await;
    until_accepted(&server, 100).await;

    assert_eq!(installation.ok(&["mailing", "pause", "1"]).await, "mailing 1 is paused");
    server.accept_all();
    until_nothing_is_claimed(installation).await;
    let then = server.accepted().len();
    let paused = shown(installation).await;
    assert_eq!((paused["run_state"].as_str(), count(&paused, "sent")), (Some("paused"), then));
    let again = installation.fails(1, &["mailing", "pause", "1"]).await;
    assert!(again.contains("mailing 1 is not being sent"), "{again}");

    server.accept_only(100);
    installation.ok(&["mailing", "resume", "1"]).await;
    until_accepted(&server, then + 100).await;
    assert_eq!(installation.ok(&["mailing", "cancel", "1"]).await, "mailing 1 is called off");
    server.accept_all();
    let over = until_over(installation).await;
    assert_eq!(count(&over, "sent"), server.accepted().len());
    assert_eq!(count(&over, "sent") + count(&over, "cancelled"), RECIPIENTS);

    let missed = installation.ok(&["mailing", "send-missed", "1"]).await;
    assert!(missed.starts_with(&format!("{} recipients of run 1 wait", count(&over, "cancelled"))), "{missed}");
    let over = until_over(installation).await;
    assert_eq!((over["run_state"].as_str(), count(&over, "sent")), (Some("completed"), RECIPIENTS));
    for nothing in ["retry-failed", "send-missed", "resend-unknown"] {
        assert_eq!(installation.ok(&["mailing", nothing, "1"]).await, "run 1 has none of those");
    }

    installation.ok(&["mailing", "disable", "1", "--reason", "wrong prices"]).await;
    let refused = installation.fails(1, &["mailing", "send", "1"]).await;
    assert!(refused.contains("mailing 1 is disabled"), "{refused}");
    installation.ok(&["mailing", "enable", "1"]).await;
    // Without the address of a mail server: whoever only waits sends nothing, and nothing to the catcher.
    installation.ok(&["mailing", "send", "1", "--wait", "--again"]).await;
    assert_eq!(server.accepted().len(), RECIPIENTS * 2);
    assert!(installation.fails(1, &["mailing", "pause", "7"]).await.contains("there is no mailing 7"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_held_up_and_goes_on_on_sqlite() {
    is_held_up_and_goes_on(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_held_up_and_goes_on_on_postgres() {
    let installation = Installation::on_postgres().await;
    is_held_up_and_goes_on(&installation).await;
    installation.remove().await;
}

async fn ends_when_told_and_leaves_nothing_unknown(installation: &Installation) {
    // Slow enough to hear the word to end before everything is sent.
    let slow = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(50)));
    let server = FaultServer::start(slow).await.unwrap();
    prepared(installation, "hold").await;
    installation.ok(&["mailing", "send", "1"]).await;
    for _ in 1..=2 {
        let before = server.accepted().len();
        server.accept_only(100);
        let worker = Worker::start(installation, &server.url());
        until_accepted(&server, before + 100).await;
        worker.end(&server).await;
        let stopped = shown(installation).await;
        assert_eq!(count(&stopped, "unknown"), 0);
        assert_eq!(count(&stopped, "sent"), server.accepted().len(), "each answer is in the ledger");
        assert!(count(&stopped, "pending") > 0, "it was stopped in the middle");
    }
    server.behave(Behaviour::good());
    let _worker = Worker::start(installation, &server.url());
    let over = until_over(installation).await;
    assert_eq!((count(&over, "sent"), count(&over, "attempts")), (RECIPIENTS, RECIPIENTS));
    assert_eq!(server.accepted().len(), RECIPIENTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_told_and_leaves_nothing_unknown_on_sqlite() {
    ends_when_told_and_leaves_nothing_unknown(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_told_and_leaves_nothing_unknown_on_postgres() {
    let installation = Installation::on_postgres().await;
    ends_when_told_and_leaves_nothing_unknown(&installation).await;
    installation.remove().await;
}

/// Three workers on one PostgreSQL; one is killed, and one sleeps through twice its lease and goes on as if nothing had
/// been.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_one_may_be_killed_and_one_may_sleep() {
    const LEASE: Duration = Duration::from_secs(3);
    const CONNECTIONS: usize = 6;
    let installation = Installation::on_postgres().await;
    let server = server_for(300).await;
    prepared(&installation, "resend").await;
    let start = |folder: &str| {
        let folder = installation.path(folder).display().to_string();
        let connections = CONNECTIONS.to_string();
        let args = ["worker", "--smtp-url", &server.url(), "--smtp-connections", &connections];
        let mut command = installation.command(&[&args[..], &["--node-lease", "3s", "--data-dir", &folder]].concat());
        Worker(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    };
    let signal = |worker: &Worker, name: &str| {
        let pid = worker.0.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    let (mut killed, asleep, _awake) = (start("killed"), start("asleep"), start("awake"));
    tokio::time::sleep(LEASE).await;
    installation.ok(&["mailing", "send", "1"]).await;
    until_accepted(&server, 300).await;
    signal(&asleep, "-STOP");
    killed.0.kill().unwrap();
    server.accept_all();
    tokio::time::sleep(LEASE * 2).await;
    signal(&asleep, "-CONT");
    let over = until_over(&installation).await;
    // What the sleeper has to tell, it tells now; late results change nothing.
    tokio::time::sleep(LEASE).await;
    assert_eq!(shown(&installation).await, over);
    assert_eq!((count(&over, "sent"), count(&over, "unknown")), (RECIPIENTS, 0));
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(once.len(), RECIPIENTS, "nobody goes without");
    let export = installation.ok(&["attempts", "export", "--mailing", "1", "--format", "jsonl"]).await;
    let flagged = export.lines().filter(|line| line.contains("\"unknown\":true")).count();
    let copies = accepted.len() - once.len();
    assert!(copies <= flagged, "{copies} copies, {flagged} flagged");
    installation.remove().await;
}

/// It hears the word before anything is sent, and ends as well as later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_stop_while_it_starts_it_ends_well() {
    for command in [&["worker"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let installation = Installation::on_sqlite();
        let mut worker =
            Worker(installation.command(command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let database = installation.path("data/vestnik.db");
        let began = now();
        while !database.exists() {
            assert!(began.elapsed() < PATIENCE, "it does not start");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let pid = worker.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = worker.0.wait().unwrap();
        assert!(status.success(), "{command:?}: {status}");
    }
}

/// What is wrong with the settings of the pages is found before anything is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_settings_that_are_no_good_nothing_is_sent() {
    let installation = Installation::on_sqlite();
    for setting in [["--redis-url", "redis://"], ["--media", "s3://"]] {
        let args = ["serve", "--listen", "127.0.0.1:0"];
        let output = installation.run(&[&args[..], &setting].concat()).await;
        assert!(!output.status.success(), "{setting:?}");
        assert!(!installation.path("data/journal").exists(), "no engine was started: {setting:?}");
    }
}
