//! A process that is killed loses nothing, and doubles nothing unless it may: the next one goes on from the journal.
//!
//! `VESTNIK_TEST_KILLS` and `VESTNIK_TEST_KILLED_RECIPIENTS` make it as long as one likes.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use common::Installation;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};

const CONNECTIONS: usize = 8;

fn setting(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap())
}

/// What the ledger says of one recipient.
#[derive(Debug, Default)]
struct Line {
    sent: usize,
    unknown: usize,
}

async fn killed_again_and_again(installation: &Installation, policy: &str) {
    let kills = setting("VESTNIK_TEST_KILLS", 6);
    let recipients = setting("VESTNIK_TEST_KILLED_RECIPIENTS", 3_000);
    let behaviour = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(4)));
    let server = FaultServer::start(behaviour).await.unwrap();
    installation.account().await;
    let mut list = String::from("email\n");
    for n in 1..=recipients {
        list.push_str(&format!("r{n}@example.org\n"));
    }
    let list = installation.write("list.csv", &list);
    let text = installation.write("letter.txt", "Hello {{ recipient.email }}");
    let owner = ["--owner", "anna@example.com"];
    installation.ok(&[&["recipients", "import"][..], &owner, &[&list]].concat()).await;
    installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    let create = ["--message", "1", "--all-recipients", "--unknown", policy];
    installation.ok(&[&["mailing", "create"][..], &owner, &create].concat()).await;

    let connections = CONNECTIONS.to_string();
    let url = server.url();
    let send = ["mailing", "send", "1", "--wait", "--smtp-url", &url, "--smtp-connections", &connections];
    for kill in 0..kills {
        let mut child = installation.command(&send).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Somewhere in the middle, each time elsewhere: a few messages after its first, or many.
        let usual = recipients * 4 / 5 / kills;
        let more = usual / 2 + kill * 37 % usual;
        let enough = server.accepted().len() + more;
        while server.accepted().len() < enough && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    installation.ok(&send).await;

    // Each recipient has one final state.
    let shown = installation.ok(&["mailing", "show", "1", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let count = |name: &str| usize::try_from(shown[name].as_i64().unwrap()).unwrap();
    assert_eq!((shown["runs"].as_i64(), shown["run_state"].as_str()), (Some(1), Some("completed")));
    assert_eq!(count("sent") + count("unknown"), recipients, "{shown}");

    let export = installation.ok(&["attempts", "export", "--mailing", "1", "--format", "jsonl"]).await;
    let mut lines: HashMap<String, Line> = HashMap::new();
    for line in export.lines() {
        let attempt: serde_json::Value = serde_json::from_str(line).unwrap();
        let line = lines.entry(attempt["email"].as_str().unwrap().to_owned()).or_default();
        line.sent += usize::from(attempt["successful"].as_bool().unwrap());
        line.unknown += usize::from(attempt["unknown"].as_bool().unwrap());
    }
    assert_eq!(lines.len(), recipients, "everyone has a line, none is skipped");
    let unknown: usize = lines.values().map(|line| line.unknown).sum();
    assert!(unknown <= kills * CONNECTIONS, "{unknown} after {kills} kills");

    // Figures, the ledger and the server tell the same story.
    installation.figures_agree().await;
    let mut copies: HashMap<String, usize> = HashMap::new();
    for email in server.recipients() {
        *copies.entry(email).or_default() += 1;
    }
    for (email, line) in &lines {
        let arrived = copies.get(email).copied().unwrap_or(0);
        assert!(arrived >= line.sent, "{email} is called sent and never arrived: {line:?}");
        assert!(arrived <= line.sent + line.unknown, "{email} has a copy that nothing tells of: {arrived} {line:?}");
        assert!(line.sent <= 1, "{email} was sent twice although nothing was unknown: {line:?}");
    }
    let arrived: usize = copies.values().sum();
    match policy {
        "hold" => {
            assert_eq!(count("unknown"), unknown);
            assert_eq!(arrived, copies.len(), "nobody has it twice");
        }
        _ => {
            assert_eq!((count("sent"), copies.len()), (recipients, recipients), "nobody goes without");
        }
    }
    println!("{policy}: {kills} kills, {recipients} recipients, {arrived} arrived, {unknown} unknown, {shown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_sqlite() {
    killed_again_and_again(&Installation::on_sqlite(), "hold").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_postgres() {
    let installation = Installation::on_postgres().await;
    killed_again_and_again(&installation, "hold").await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_without_and_copies_are_few_and_flagged_on_sqlite() {
    killed_again_and_again(&Installation::on_sqlite(), "resend").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_without_and_copies_are_few_and_flagged_on_postgres() {
    let installation = Installation::on_postgres().await;
    killed_again_and_again(&installation, "resend").await;
    installation.remove().await;
}
