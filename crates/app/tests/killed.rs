//! A process that is killed loses nothing and doubles nothing: the next one goes on from the journal.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::HashMap;
use std::process::Stdio;
use std::time::Duration;

use common::Installation;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};

const RECIPIENTS: usize = 3_000;
const KILLS: usize = 6;
const CONNECTIONS: usize = 8;

async fn killed_again_and_again(installation: &Installation) {
    let behaviour = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(4)));
    let server = FaultServer::start(behaviour).await.unwrap();
    installation.account().await;
    let mut list = String::from("email\n");
    for n in 1..=RECIPIENTS {
        list.push_str(&format!("r{n}@example.org\n"));
    }
    let list = installation.write("list.csv", &list);
    let text = installation.write("letter.txt", "Hello {{ recipient.email }}");
    let owner = ["--owner", "anna@example.com"];
    installation.ok(&[&["recipients", "import"][..], &owner, &[&list]].concat()).await;
    installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    installation.ok(&[&["mailing", "create"][..], &owner, &["--message", "1", "--all-recipients"]].concat()).await;

    let connections = CONNECTIONS.to_string();
    let url = server.url();
    let send = ["mailing", "send", "1", "--wait", "--smtp-url", &url, "--smtp-connections", &connections];
    for kill in 1..=KILLS {
        let mut child = installation.command(&send).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Somewhere in the middle, each time elsewhere.
        let enough = RECIPIENTS * kill / (KILLS + 2);
        while server.accepted().len() < enough && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    installation.ok(&send).await;

    // Each recipient has one final state, and no one got it twice.
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted.len(), once.len(), "someone got it twice");
    let shown = installation.ok(&["mailing", "show", "1", "--json"]).await;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let count = |name: &str| usize::try_from(shown[name].as_i64().unwrap()).unwrap();
    assert_eq!((shown["runs"].as_i64(), shown["run_state"].as_str()), (Some(1), Some("completed")));
    assert_eq!(count("sent") + count("unknown"), RECIPIENTS, "{shown}");
    assert!(count("unknown") <= KILLS * CONNECTIONS, "{shown}");

    // The ledger and the server tell the same story: a message that the ledger calls sent was accepted, and one that
    // was accepted is called sent or, if its answer was never read, unknown.
    let export = installation.ok(&["attempts", "export", "--mailing", "1", "--format", "jsonl"]).await;
    let mut attempts: HashMap<String, Vec<bool>> = HashMap::new();
    for line in export.lines() {
        let attempt: serde_json::Value = serde_json::from_str(line).unwrap();
        let email = attempt["email"].as_str().unwrap().to_owned();
        attempts.entry(email).or_default().push(attempt["successful"].as_bool().unwrap());
    }
    assert_eq!(attempts.len(), RECIPIENTS, "everyone has a line");
    assert!(attempts.values().all(|results| results.len() == 1), "and one only");
    for (email, results) in &attempts {
        if results[0] {
            assert!(accepted.binary_search(email).is_ok(), "{email} is called sent and never arrived");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_sqlite() {
    killed_again_and_again(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_postgres() {
    let installation = Installation::on_postgres().await;
    killed_again_and_again(&installation).await;
    installation.remove().await;
}
