//! A message that ends the process that renders it, or takes its time: its run waits, and nothing else does.
//!
//! They need a debug build: no other has the hooks that make rendering fail on purpose.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use common::Installation;
use serde_json::Value;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};

/// No wait in these tests takes longer unless something hangs.
const PATIENCE: Duration = Duration::from_secs(120);
const CONNECTIONS: usize = 4;

/// A worker that is ended with the test.
struct Worker(Child);

impl Worker {
    fn start(installation: &Installation, server: &FaultServer, hooks: &[(&str, &str)]) -> Self {
        let connections = CONNECTIONS.to_string();
        let args = ["worker", "--smtp-url", &server.url(), "--smtp-connections", &connections];
        let mut command = installation.command(&args);
        command.envs(hooks.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    fn is_alive(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waited = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, waited).await.is_ok(), "it never came to this: {what}");
}

/// Someone with a list and a mailing to all of it.
async fn owner(installation: &Installation, name: &str, list: &str) {
    let email = format!("{name}@example.com");
    let password = ["--password", "correct horse battery"];
    installation.ok(&[&["create-user", "--email", &email, "--name", name][..], &password].concat()).await;
    import(installation, name, list).await;
    let owner = ["--owner", &email];
    let text = installation.write("message.txt", "Hello {{ recipient.full_name }}, {{ recipient.comment }}");
    let id =
        installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    let id = id.split_whitespace().last().unwrap().to_owned();
    let create = ["--message", &id, "--all-recipients", "--unknown", "resend"];
    installation.ok(&[&["mailing", "create"][..], &owner, &create].concat()).await;
}

async fn import(installation: &Installation, name: &str, list: &str) {
    let list = installation.write("list.csv", &format!("email,comment\n{list}"));
    let email = format!("{name}@example.com");
    installation.ok(&["recipients", "import", "--owner", &email, &list]).await;
}

/// `r1@NAME.example` and so on, with the comment that `comment` has for each.
fn list(name: &str, count: usize, comment: impl Fn(usize) -> &'static str) -> String {
    (1..=count).map(|n| format!("r{n}@{name}.example,{}\n", comment(n))).collect()
}

async fn shown(installation: &Installation, mailing: &str) -> Value {
    serde_json::from_str(&installation.ok(&["mailing", "show", mailing, "--json"]).await).unwrap()
}

async fn until_state(installation: &Installation, mailing: &str, state: &str) -> Value {
    until(&format!("mailing {mailing} is {state}"), async || {
        shown(installation, mailing).await["run_state"].as_str() == Some(state)
    })
    .await;
    shown(installation, mailing).await
}

fn arrived(server: &FaultServer, name: &str) -> usize {
    server.recipients().iter().filter(|email| email.ends_with(&format!("@{name}.example"))).count()
}

async fn one_death_pauses_one_run(installation: &Installation) {
    const HOOK: (&str, &str) = ("VESTNIK_TEST_ABORT_RENDERING_FOR", "boom");
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    owner(installation, "anna", &list("anna", 300, |n| if n == 150 { "boom" } else { "fine" })).await;
    owner(installation, "boris", &list("boris", 300, |_| "fine")).await;
    let mut worker = Worker::start(installation, &server, &[HOOK]);
    installation.ok(&["mailing", "send", "1"]).await;
    installation.ok(&["mailing", "send", "2"]).await;
    until("it dies", async || !worker.is_alive()).await;

    let mut next = Worker::start(installation, &server, &[HOOK]);
    let paused = until_state(installation, "1", "paused").await;
    let reason = paused["paused_by"].as_str().unwrap();
    assert!(reason.contains("r150@anna.example"), "{reason}");
    let others = until_state(installation, "2", "completed").await;
    assert_eq!(others["sent"].as_i64(), Some(300), "the other run goes on: {others}");
    assert!(next.is_alive(), "one death is enough");
    assert!(paused["pending"].as_i64().unwrap() > 0, "{paused}");

    // Whoever makes it good has it go on, in the process that runs.
    import(installation, "anna", "r150@anna.example,fine\n").await;
    installation.ok(&["mailing", "resume", "1"]).await;
    let over = until_state(installation, "1", "completed").await;
    assert_eq!(over["sent"].as_i64(), Some(300), "{over}");
    assert_eq!(over["paused_by"], Value::Null);
    let whom: std::collections::HashSet<String> = server.recipients().into_iter().collect();
    assert_eq!(whom.len(), 600, "nobody goes without");
    installation.figures_agree().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_ends_the_process_does_so_once_on_sqlite() {
    one_death_pauses_one_run(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_ends_the_process_does_so_once_on_postgres() {
    let installation = Installation::on_postgres().await;
    one_death_pauses_one_run(&installation).await;
    installation.remove().await;
}

async fn kills_pause_nothing(installation: &Installation) {
    const KILLS: usize = 12;
    const RECIPIENTS: usize = 2_400;
    let behaviour = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(2)));
    let server = FaultServer::start(behaviour).await.unwrap();
    owner(installation, "anna", &list("anna", RECIPIENTS, |_| "fine")).await;
    installation.ok(&["mailing", "send", "1"]).await;
    for kill in 1..=KILLS {
        let mut worker = Worker::start(installation, &server, &[]);
        let enough = kill * RECIPIENTS / (KILLS + 4);
        until("it sends", async || server.accepted().len() >= enough).await;
        assert!(worker.is_alive());
        worker.0.kill().unwrap();
        worker.0.wait().unwrap();
        let killed = shown(installation, "1").await;
        assert_eq!(killed["run_state"].as_str(), Some("sending"), "after kill {kill}: {killed}");
    }
    let _worker = Worker::start(installation, &server, &[]);
    let over = until_state(installation, "1", "completed").await;
    assert_eq!(over["sent"].as_i64(), Some(RECIPIENTS as i64), "{over}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_healthy_run_pause_nothing_on_sqlite() {
    kills_pause_nothing(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_of_a_healthy_run_pause_nothing_on_postgres() {
    let installation = Installation::on_postgres().await;
    kills_pause_nothing(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_slow_to_render_holds_up_no_other_owner() {
    let installation = Installation::on_sqlite();
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    owner(&installation, "anna", &list("anna", 200, |_| "slow")).await;
    owner(&installation, "boris", &list("boris", 5, |_| "fine")).await;
    let (done, waiting) = (installation.path("done"), installation.path("done.waiting"));
    let hooks =
        [("VESTNIK_TEST_HOLD_RENDERING_FOR", "slow"), ("VESTNIK_TEST_HOLD_RENDERING_UNTIL", done.to_str().unwrap())];
    let _worker = Worker::start(&installation, &server, &hooks);
    installation.ok(&["mailing", "send", "1"]).await;
    until("the slow one is being rendered", async || waiting.exists()).await;

    installation.ok(&["mailing", "send", "2"]).await;
    let over = until_state(&installation, "2", "completed").await;
    assert_eq!(over["sent"].as_i64(), Some(5), "{over}");
    assert_eq!((arrived(&server, "anna"), arrived(&server, "boris")), (0, 5));

    std::fs::write(&done, "").unwrap();
    let over = until_state(&installation, "1", "completed").await;
    assert_eq!(over["sent"].as_i64(), Some(200), "{over}");
}

/// A child that renders what takes all memory, or has no end, is a death as well.
#[test]
fn the_child_has_limits() {
    let installation = Installation::on_sqlite();
    let mut command = installation.command(&["render-check"]);
    command.env("MIMALLOC_DISALLOW_ARENA_ALLOC", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    // It reads until its input ends, so its limits can be looked at meanwhile. The last of them is the core file's.
    let has = |name: &str, value: &str| {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
        limits.lines().any(|line| line.starts_with(name) && line.split_whitespace().any(|word| word == value))
    };
    while !has("Max cpu time", "600") || !has("Max core file size", "0") {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(has("Max data size", "536870912"));

    // A message that needs more than that ends it by a signal, which no error does.
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(b"{\"subject\":\"");
    let piece = vec![b'x'; 1024 * 1024];
    while input.write_all(&piece).is_ok() {}
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6), "{status}");

    let mut child = command.spawn().unwrap();
    drop(child.stdin.take());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1), "nothing to render: {status}");
}
