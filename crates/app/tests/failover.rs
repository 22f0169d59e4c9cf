//! A failover in the middle of a run, to a standby that has not heard of the last half of it: what was handed over is
//! recorded again from the node's journal, and nobody gets a second copy.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::HashSet;
use std::time::Duration;

use common::Installation;
use common::served::Served;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};
use vestnik_store::testing::servers::{PrivatePostgres, address};

const RECIPIENTS: usize = 600;
/// So many have arrived when the standby hears of it, and so many more when the primary is gone.
const STEP: usize = 200;
/// Only a fault reaches it.
const NEVER: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(20);

/// The way from a primary to its standby, on which nothing arrives any more once it is frozen.
struct Way {
    port: u16,
    frozen: watch::Sender<bool>,
}

impl Way {
    async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (frozen, is_frozen) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((standby, _)) = listener.accept().await {
                let Ok(primary) = TcpStream::connect(("127.0.0.1", port)).await else { continue };
                let mut is_frozen = is_frozen.clone();
                let (mut from_standby, mut to_standby) = standby.into_split();
                let (mut from_primary, mut to_primary) = primary.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_standby, &mut to_primary).await });
                tokio::spawn(async move {
                    let mut octets = vec![0; 65_536];
                    while let Ok(count @ 1..) = from_primary.read(&mut octets).await {
                        let goes_on = is_frozen.wait_for(|frozen| !frozen).await.is_ok();
                        if !goes_on || to_standby.write_all(&octets[..count]).await.is_err() {
                            break;
                        }
                    }
                });
            }
        });
        Self { port: own, frozen }
    }
}

/// Waits until a query of a server answers this.
async fn until(server: &PrivatePostgres, sql: &str, answer: &str) {
    let there = async {
        while server.query(sql).await.as_deref() != Some(answer) {
            tokio::time::sleep(LOOK).await;
        }
    };
    if tokio::time::timeout(NEVER, there).await.is_err() {
        panic!("{sql} answers {:?} and never {answer}", server.query(sql).await);
    }
}

async fn failed_over(is_killed: bool) {
    const SENT: &str = "SELECT COALESCE(sum(sent), 0)::text FROM runs";
    let mut primary = PrivatePostgres::start(&[]);
    let way = Way::to(primary.port()).await;
    // On this very thread: a server ends with the thread that started it.
    let standby = tokio::task::block_in_place(|| primary.standby(way.port));
    let installation = Installation::at(address(&[primary.port(), standby.port()], ""));
    // Slow enough that not everything is claimed when the standby hears of something for the last time.
    let behaviour = Behaviour::good().on(Stage::Dot, Action::Delay(Duration::from_millis(40)));
    let server = FaultServer::start(behaviour).await.unwrap();
    let url = server.url();
    installation.account().await;
    let list: String = (1..=RECIPIENTS).map(|n| format!("r{n}@example.org\n")).collect();
    let list = installation.write("list.csv", &format!("email\n{list}"));
    let text = installation.write("message.txt", "Hello {{ recipient.email }}");
    let owner = ["--owner", "anna@example.com"];
    installation.ok(&[&["recipients", "import"][..], &owner, &[&list]].concat()).await;
    installation.ok(&[&["message", "create"][..], &owner, &["--subject", "Hi", "--text", &text]].concat()).await;
    let create = ["--message", "1", "--all-recipients", "--unknown", "hold"];
    installation.ok(&[&["mailing", "create"][..], &owner, &create].concat()).await;

    server.accept_only(STEP);
    let more = ["--smtp-url", &url, "--smtp-connections", "4", "--node-lease", "6s"];
    let mut node = Served::start(&installation, "data-2", &more);
    installation.ok(&["mailing", "send", "1"]).await;
    let step = STEP.to_string();
    until(&primary, SENT, &step).await;
    until(&standby, SENT, &step).await;
    way.frozen.send(true).unwrap();
    server.accept_only(STEP);
    until(&primary, SENT, &(2 * STEP).to_string()).await;
    assert_eq!(standby.query(SENT).await.as_deref(), Some(&*step), "it lags");
    let told = installation.ok(&["doctor", "--smtp-url", &url]).await;
    assert!(told.lines().any(|line| line.starts_with("warning  replication")), "{told}");

    primary.crash();
    if is_killed {
        drop(node);
        standby.promote();
        server.accept_all();
        node = Served::start(&installation, "data-2", &more);
    } else {
        standby.promote();
        server.accept_all();
    }
    until(&standby, "SELECT state FROM runs", "completed").await;
    let arrived = server.recipients();
    let distinct: HashSet<&String> = arrived.iter().collect();
    assert_eq!(arrived.len(), distinct.len(), "copies");
    let sent: usize = standby.query(SENT).await.unwrap().parse().unwrap();
    let unknown: usize =
        standby.query("SELECT COALESCE(sum(unknown), 0)::text FROM runs").await.unwrap().parse().unwrap();
    assert_eq!(sent + unknown, RECIPIENTS, "everyone has a line");
    // What was on its way when the node was killed; one that goes on hears the answers.
    assert!(unknown <= if is_killed { 4 } else { 0 }, "{unknown} unknown");
    assert!(
        sent <= distinct.len() && distinct.len() + unknown >= RECIPIENTS,
        "{sent} sent, {} arrived",
        distinct.len()
    );
    installation.figures_agree().await;
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_that_goes_on_sends_no_copies_after_a_failover() {
    failed_over(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_that_is_started_again_sends_no_copies_after_a_failover() {
    failed_over(true).await;
}
