//! An installation behind a PgBouncer in transaction mode: commands, a run by two processes, a backup, the doctor.

mod common;

use common::Installation;
use common::served::Served;
use vestnik_mail::faults::{Behaviour, FaultServer};

const RECIPIENTS: usize = 500;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_is_sent_and_the_doctor_names_the_pooler() {
    let installation = Installation::behind_pooler().await;
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let url = server.url();
    installation.account().await;
    let list: String = (1..=RECIPIENTS).map(|n| format!("r{n}@example.org\n")).collect();
    let list = installation.write("list.csv", &format!("email\n{list}"));
    let text = installation.write("message.txt", "Hello {{ recipient.email }}");
    let owner = ["--owner", "anna@example.com"];
    installation.ok(&[&["recipients", "import"][..], &owner, &[&list]].concat()).await;
    installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    installation.ok(&[&["mailing", "create"][..], &owner, &["--message", "1", "--all-recipients"]].concat()).await;
    let node = Served::start(&installation, "data-2", &["--smtp-url", &url]);
    installation.ok(&["mailing", "send", "1", "--wait", "--smtp-url", &url]).await;
    let mut reached = server.recipients();
    reached.sort();
    reached.dedup();
    assert_eq!((reached.len(), server.accepted().len()), (RECIPIENTS, RECIPIENTS), "everyone once");
    installation.figures_agree().await;

    let backup = installation.path("backup.zip").display().to_string();
    installation.ok(&["backup", &backup]).await;
    let told = installation.ok(&["doctor", "--smtp-url", &url]).await;
    assert!(told.lines().any(|line| line.starts_with("ok       pooler")), "{told}");
    drop(node);
    installation.remove().await;
}
