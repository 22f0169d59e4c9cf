//! A process that is killed loses nothing, and doubles nothing unless it may: the next one goes on from the journal. And
//! a command that is repeated until it succeeds, because nobody knows how it ended, sends once.
//!
//! `VESTNIK_TEST_KILLS`, `VESTNIK_TEST_KILLED_RECIPIENTS` and `VESTNIK_TEST_SEED` make it as long as one likes: 200 kills
//! of 20,000 recipients on each database, for both policies, with
//!
//! ```sh
//! VESTNIK_TEST_KILLS=200 VESTNIK_TEST_KILLED_RECIPIENTS=20000 scripts/with-services \
//!     cargo test -p vestnik --test killed -- --nocapture --test-threads 1
//! ```
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::HashMap;
use std::process::{Child, Stdio};
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
    let kills = setting("VESTNIK_TEST_KILLS", 10);
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
    let mut moments = Moments(setting("VESTNIK_TEST_SEED", 1) as u64);
    let mut killed = 0;
    let ended = loop {
        let mut child = installation.command(&send).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        if killed < kills {
            moments.wait(&server, recipients, kills, kills - killed, &mut child).await;
            // It may have ended by itself a moment ago.
            child.kill().unwrap();
            killed += 1;
        }
        let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
        // Only a kill ends it otherwise.
        assert!(ended.status.success() || ended.status.code().is_none(), "{ended:?}");
        if ended.status.success() {
            break ended;
        }
    };
    assert!(String::from_utf8_lossy(&ended.stderr).lines().all(|line| line.contains("sent already")), "{ended:?}");

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
    let twice = arrived - copies.len();
    assert!(twice <= killed * CONNECTIONS, "{twice} copies after {killed} kills");
    println!(
        "{policy}: {killed} kills, {recipients} recipients, {arrived} arrived, {twice} twice, {unknown} unknown, {shown}"
    );
    repeated_after_its_end(installation, &server, &send, recipients).await;
}

/// Whoever repeats the command sends nothing more, unless it is asked for, and then once for each key.
async fn repeated_after_its_end(installation: &Installation, server: &FaultServer, send: &[&str], recipients: usize) {
    let mut accepted = server.accepted_count();
    let first = installation.ok(send).await;
    for _ in 1..10 {
        assert_eq!(installation.ok(send).await, first, "the figures of the run");
    }
    assert_eq!(server.accepted_count(), accepted, "nothing more is sent");
    let again = installation.ok(&[send, &["--again"]].concat()).await;
    assert_eq!(again.lines().next(), Some("run 2"));
    accepted += recipients;
    assert_eq!(server.accepted_count(), accepted, "--again sends once more");
    let named = [send, &["--again", "--key", "monday"]].concat();
    let once = installation.ok(&named).await;
    assert_eq!(once.lines().next(), Some("run 3"));
    assert_eq!(installation.ok(&named).await, once);
    accepted += recipients;
    assert_eq!(server.accepted_count(), accepted, "a key sends once");
    installation.figures_agree().await;
}

/// Moments to kill a process at: by what the mail server has seen of it, so that the speed of the machine decides nothing
/// but what else is under way. SplitMix64, so that a seed gives the same ones each time.
struct Moments(u64);

impl Moments {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }

    /// Waits for the next one, or until the process has ended: while it starts, when it connects, after some messages,
    /// and the last few kills of all as late as possible, between the last message and the end of the process.
    async fn wait(&mut self, server: &FaultServer, recipients: usize, kills: usize, left: usize, child: &mut Child) {
        let (accepted, connections) = (server.accepted_count(), server.connections());
        let usual = (recipients * 4 / 5 / kills).max(2);
        let (messages, connected) = match self.below(8) {
            _ if left <= kills.div_ceil(5) => (recipients, 0),
            0 => (0, 0),
            1 => (0, connections + 1 + self.below(CONNECTIONS)),
            _ => (accepted + self.below(usual * 3 / 2), 0),
        };
        while (server.accepted_count() < messages || server.connections() < connected)
            && child.try_wait().unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
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
