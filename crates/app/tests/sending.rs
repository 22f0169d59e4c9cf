//! `mailing send` as people and programs repeat it, what it says while the mail server takes nothing, and one pass of the
//! scheduler.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Stdio};

use common::Installation;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};
use vestnik_model::clock::SystemClock;
use vestnik_model::{Clock as _, UnixMillis};

const OWNER: [&str; 2] = ["--owner", "anna@example.com"];

/// Three recipients and a message.
async fn prepared(installation: &Installation) {
    installation.account().await;
    let list = installation.write("list.csv", "email\na@example.org\nb@example.org\nc@example.org\n");
    installation.ok(&[&["recipients", "import"][..], &OWNER, &[&list]].concat()).await;
    let text = installation.write("message.txt", "Hello");
    installation.ok(&[&["message", "create"][..], &OWNER, &["--subject", "Hi", "--text", &text]].concat()).await;
}

async fn create(installation: &Installation, more: &[&str]) -> String {
    let command = ["mailing", "create", "--message", "1", "--all-recipients"];
    installation.ok(&[&command[..], &OWNER, more].concat()).await
}

async fn shown(installation: &Installation, mailing: &str) -> Value {
    serde_json::from_str(&installation.ok(&["mailing", "show", mailing, "--json"]).await).unwrap()
}

const SENT: &str = "recipients 3, sent 3, failed 0, expired 0, skipped 0, unknown 0, cancelled 0, attempts 3";

async fn repeated(installation: &Installation) {
    prepared(installation).await;
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let url = server.url();
    let mailing = create(installation, &[]).await;
    let send = ["mailing", "send", &mailing, "--smtp-url", &url, "--wait"];
    assert_eq!(installation.ok(&[&send[..], &["--base-url", "https://news.example.com/"]].concat()).await, SENT);
    assert!(server.commands().contains(&"EHLO news.example.com".to_owned()), "{:?}", server.commands());
    let output = installation.run(&send).await;
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), SENT);
    let told = String::from_utf8(output.stderr).unwrap();
    let run = shown(installation, &mailing).await["run"].to_string();
    assert!(told.contains(&format!("mailing {mailing} has been sent already: run {run} ended at 20")), "{told}");
    assert!(told.contains("--again") && told.lines().count() == 1, "{told}");
    assert_eq!(installation.ok(&send[..5]).await, SENT, "without --wait");
    assert_eq!(server.accepted_count(), 3);

    // Without --wait the number of the run is in the line, too. Until it is over a key of its own has to wait.
    let planned = installation.ok(&["mailing", "send", &mailing, "--again"]).await;
    assert!(planned.starts_with("run 2 is planned"), "{planned}");
    let goes_on = installation.ok(&["mailing", "send", &mailing]).await;
    assert!(goes_on.starts_with("run 2 goes on"), "{goes_on}");
    let named = [&send[..], &["--again", "--key", "monday"]].concat();
    let busy = installation.fails(1, &named).await;
    assert!(busy.contains("run 2 of mailing") && busy.contains("is not over yet"), "{busy}");
    assert_eq!(installation.ok(&send).await, SENT);
    assert_eq!(server.accepted_count(), 6);
    for _ in 0..3 {
        assert_eq!(installation.ok(&named).await, format!("run 3\n{SENT}"));
    }
    assert_eq!(server.accepted_count(), 9);

    // A run that was cancelled counts, too.
    let other = create(installation, &[]).await;
    installation.ok(&["mailing", "send", &other]).await;
    installation.ok(&["mailing", "cancel", &other]).await;
    let send = ["mailing", "send", &other, "--smtp-url", &url, "--wait"];
    let cancelled = "recipients 0, sent 0, failed 0, expired 0, skipped 0, unknown 0, cancelled 0, attempts 0";
    assert_eq!(installation.ok(&send).await, cancelled, "it is called off at last");
    let output = installation.run(&send).await;
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && told.contains("was cancelled"), "{told}");
    assert_eq!(server.accepted_count(), 9);

    for key in ["", "a\nb", &"x".repeat(201)] {
        assert!(installation.fails(2, &["mailing", "send", &mailing, "--key", key]).await.contains("key: "), "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_send_mails_nobody_again_on_sqlite() {
    repeated(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_send_mails_nobody_again_on_postgres() {
    let installation = Installation::on_postgres().await;
    repeated(&installation).await;
    installation.remove().await;
}

/// A command that runs, and what it writes to standard error line by line.
struct Running {
    child: Child,
    lines: UnboundedReceiver<String>,
}

impl Running {
    fn start(installation: &Installation, args: &[&str]) -> Self {
        let mut command = installation.command(args);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = unbounded_channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line with these words. A connection that was begun before a change may have its say after it, so the
    /// line before may come once more.
    async fn line(&mut self, words: &str, before: &str) -> String {
        loop {
            let line = self.lines.recv().await.expect("it says something");
            if line.contains(words) {
                return line;
            }
            assert!(line.contains(before), "{line:?} is neither of {words:?} nor of {before:?}");
        }
    }

    /// Its standard output, once it has ended well.
    async fn ends(&mut self) -> String {
        while self.lines.recv().await.is_some() {}
        assert!(self.child.wait().unwrap().success());
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        printed.trim().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn outages_are_told(installation: &Installation) {
    prepared(installation).await;
    let refuses = |offers: &str| {
        Behaviour::good().credentials("anna", "s3cret").extensions(&["PIPELINING", "8BITMIME", "SMTPUTF8", offers])
    };
    // Nobody listens there until the test wants it.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("smtp://anna:s3cret@{address}");
    let mailing = create(installation, &[]).await;
    let mut send = Running::start(installation, &["mailing", "send", &mailing, "--wait", "--smtp-url", &url]);
    let (mut server, mut before) = (None, "nothing was said before");
    let stages = [
        (None, "refused the connection"),
        (Some(Behaviour::good().on(Stage::Greeting, Action::reply("554 no service"))), "554 no service"),
        (Some(refuses("AUTH CRAM-MD5")), "It offers: CRAM-MD5"),
        (Some(refuses("AUTH XOAUTH2")), "It offers: XOAUTH2"),
    ];
    for (behaviour, reason) in stages {
        match (behaviour, &server) {
            (None, _) => {}
            (Some(behaviour), None) => server = Some(FaultServer::start_on(address, behaviour).await.unwrap()),
            (Some(behaviour), Some(server)) => server.behave(behaviour),
        }
        let line = send.line(reason, before).await;
        assert!(line.contains(&format!("the mail server {address} takes no messages now: ")), "{line}");
        assert!(!line.contains("s3cret"), "{line}");
        before = reason;
        let shown = shown(installation, &mailing).await;
        assert!(shown["outage"].as_str().unwrap().starts_with(&address.to_string()), "{shown}");
        assert!(shown["outage_since"].is_string(), "{shown}");
    }
    let server = server.unwrap();
    server.behave(Behaviour::good().credentials("anna", "s3cret"));
    send.line("takes messages again", before).await;
    // Attempts of the outage count as well.
    let (counts, _) = SENT.rsplit_once(' ').unwrap();
    assert!(send.ends().await.starts_with(counts));
    assert!(shown(installation, &mailing).await["outage"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_while_a_send_waits_on_sqlite() {
    outages_are_told(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_while_a_send_waits_on_postgres() {
    let installation = Installation::on_postgres().await;
    outages_are_told(&installation).await;
    installation.remove().await;
}

/// Has the first occurrence of a mailing come a minute ago.
async fn is_due(installation: &Installation, mailing: &str) {
    let db = installation.db().await;
    let at = UnixMillis(SystemClock.now().0 - 60_000);
    let id: i64 = mailing.parse().unwrap();
    db.execute("UPDATE mailings SET starts_at = $1, next_at = $1 WHERE id = $2", &[&at, &id]).await.unwrap();
    db.close().await;
}

async fn one_pass(installation: &Installation) {
    prepared(installation).await;
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let url = server.url();
    let far = ["--start", "2031-01-31 10:00"];
    let (due, later, by_hand) =
        (create(installation, &far).await, create(installation, &far).await, create(installation, &[]).await);
    for name in ["send-mailing", "send_mailing", "send__mailing"] {
        assert_eq!(installation.ok(&[name]).await, "", "nothing is due");
        assert_eq!(installation.ok(&[name, "--wait", "--smtp-url", &url]).await, "", "nothing is due");
    }
    is_due(installation, &due).await;
    // Without --wait it is left to a service.
    assert_eq!(installation.ok(&["send_mailing"]).await, format!("mailing {due}: run 1 begins"));
    assert_eq!(installation.ok(&["send_mailing"]).await, "", "each occurrence once");
    assert_eq!(server.accepted_count(), 0);
    // There is none, so the next pass sends it, and what has come up meanwhile.
    is_due(installation, &later).await;
    let sent = installation.ok(&["send_mailing", "--wait", "--smtp-url", &url]).await;
    let expected = format!(
        "mailing {later}: run 2 begins\nmailing {due}: run 1 goes on\nmailing {due}, run 1: {SENT}\nmailing {later}, run 2: {SENT}"
    );
    assert_eq!(sent, expected);
    assert_eq!(server.accepted_count(), 6);
    assert!(shown(installation, &by_hand).await["run"].is_null(), "nobody has asked for it");
    for flag in [&["--again"][..], &["--key", "x"]] {
        let error = installation.fails(2, &[&["send_mailing"], flag].concat()).await;
        assert!(error.contains("need the number of a mailing"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pass_begins_what_is_due_on_sqlite() {
    one_pass(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_pass_begins_what_is_due_on_postgres() {
    let installation = Installation::on_postgres().await;
    one_pass(&installation).await;
    installation.remove().await;
}
