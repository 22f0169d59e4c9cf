//! `vestnik doctor`: what is well, what is not, and an end in time whatever hangs.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::Installation;
use common::served::Served;
use tokio::time::Instant;
use vestnik_mail::faults::{Action, Behaviour, Certificate, Encryption, FaultServer, Stage};

/// What it says, by check: the level and the words. Answers its exit status as well.
async fn doctor(installation: &Installation, more: &[&str]) -> (BTreeMap<String, (String, String)>, i32) {
    let output = installation.run(&[&["doctor", "--json"][..], more].concat()).await;
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut checks: BTreeMap<String, (String, String)> = BTreeMap::new();
    for check in told["checks"].as_array().unwrap() {
        let word = |name: &str| check[name].as_str().unwrap().to_owned();
        // Of several of one kind the worst counts.
        let entry = checks.entry(word("check")).or_default();
        if entry.0.is_empty() || entry.0 == "ok" {
            *entry = (word("level"), word("found"));
        }
        assert!(word("level") == "ok" || !word("advice").is_empty(), "what to do about it: {check}");
        assert!(!check.to_string().contains("s3cret"), "{check}");
    }
    (checks, output.status.code().unwrap())
}

fn level<'a>(checks: &'a BTreeMap<String, (String, String)>, check: &str) -> &'a str {
    &checks.get(check).unwrap_or_else(|| panic!("{check} is not among {checks:?}")).0
}

async fn a_service_that_is_well(installation: &Installation) {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let smtp = server.url();
    installation.account().await;
    let node = Served::start(installation, "data", &["--smtp-url", &smtp]);
    let redis = std::env::var("VESTNIK_TEST_REDIS_URL").unwrap();
    let more = ["--smtp-url", &smtp, "--base-url", &node.url, "--redis-url", &redis];
    let (checks, status) = doctor(installation, &more).await;
    assert_eq!(status, 0, "{checks:#?}");
    for check in [
        "database",
        "schema",
        "writing",
        "sending",
        "processes",
        "pictures",
        "journal",
        "reachable",
        "redis",
        "mail server",
    ] {
        assert_eq!(level(&checks, check), "ok", "{check}: {:?}", checks[check]);
    }
    assert!(server.accepted().is_empty(), "no message is sent");
    let greeted = server.commands().into_iter().find(|command| command.starts_with("EHLO"));
    assert_eq!(greeted.as_deref(), Some("EHLO [127.0.0.1]"), "this machine has no other name");
    for absent in ["replication", "pooler"] {
        assert!(!checks.contains_key(absent), "{absent}: {:?}", checks[absent]);
    }
    assert!(checks["reachable"].1.contains("Vestnik"));
    let media = installation.path("data/media");
    let left = media.join("doctor").read_dir().map_or(0, |left| left.count());
    assert_eq!(left, 0, "the probe is taken back");

    // As lines for people.
    let said = installation.ok(&[&["doctor"][..], &more].concat()).await;
    assert!(said.lines().any(|line| line.starts_with("ok       database")), "{said}");
    drop(node);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_well_on_sqlite() {
    a_service_that_is_well(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_well_on_postgres() {
    let installation = Installation::on_postgres().await;
    a_service_that_is_well(&installation).await;
    installation.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_well_is_said() {
    let installation = Installation::on_sqlite();
    let (checks, status) = doctor(&installation, &[]).await;
    assert_eq!((level(&checks, "database"), status), ("problem", 1));
    assert!(!installation.path("data/vestnik.db").exists(), "it makes nothing");

    installation.account().await;
    let refuses =
        FaultServer::start(Behaviour::good().on(Stage::Greeting, Action::reply("554 no service"))).await.unwrap();
    let wrong = refuses.url().replace("smtp://", "smtp://anna:s3cret@");
    std::fs::create_dir_all(installation.path("data/journal")).unwrap();
    installation.write("data/journal/gone.lock", "a boot\nanother life\n");
    let strange = installation.path("list.csv").display().to_string();
    installation.write("list.csv", "");
    let more = ["--smtp-url", &wrong, "--base-url", "http://127.0.0.1:1/", "--media", &strange];
    let (checks, status) = doctor(&installation, &more).await;
    assert_eq!(status, 1);
    assert!(checks["mail server"].1.contains("554 no service"), "{checks:#?}");
    for (check, expected) in [
        ("mail server", "problem"),
        ("reachable", "problem"),
        ("pictures", "problem"),
        ("journal", "warning"),
        ("processes", "warning"),
        ("database", "ok"),
        ("integrity", "ok"),
        ("base URL", "ok"),
    ] {
        assert_eq!(level(&checks, check), expected, "{check}: {:?}", checks[check]);
    }
    // TLS where the server greets in plain text, and the name that it is greeted with.
    let plain = FaultServer::start(Behaviour::good()).await.unwrap();
    let (checks, _) = doctor(&installation, &["--smtp-url", &plain.url().replace("smtp://", "smtps://")]).await;
    let told = &checks["mail server"].1;
    assert!(told.contains("speaks no TLS at once on port") && !told.contains("corrupt"), "{told}");
    let smtp = plain.url();
    doctor(&installation, &["--smtp-url", &smtp, "--ehlo-name", "mx7.example.com"]).await;
    assert!(plain.commands().contains(&"EHLO mx7.example.com".to_owned()), "{:?}", plain.commands());
    let (checks, _) = doctor(&installation, &["--smtp-url", &smtp, "--ehlo-name", "no name"]).await;
    assert!(checks["mail server"].1.contains("VESTNIK_EHLO_NAME"), "{checks:#?}");
    // Something else answers there.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1_024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
        }
    });
    let with_password = other.replace("//", "//anna:s3cret@");
    for strange in [other.as_str(), &with_password, "http://:s3cret@127.0.0.1:1/"] {
        let output = installation.run(&["doctor", "--base-url", strange]).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("reachable") && !said.contains("s3cret"), "{said}");
        let (checks, _) = doctor(&installation, &["--base-url", strange]).await;
        assert_eq!(level(&checks, "reachable"), "problem");
    }
    let (checks, _) = doctor(&installation, &["--base-url", &other]).await;
    assert_eq!(level(&checks, "reachable"), "problem");
    assert_eq!(level(&checks, "mail server"), "warning", "the catcher");
    // A damaged database.
    let db = installation.db().await;
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.unwrap();
    db.close().await;
    let file = installation.path("data/vestnik.db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8_192].fill(0x5a);
    std::fs::write(&file, bytes).unwrap();
    let (checks, status) = doctor(&installation, &[]).await;
    assert_eq!((level(&checks, "integrity"), status), ("problem", 1), "{checks:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_does_not_hold_is_told_from_a_service_that_is_away() {
    let installation = Installation::on_sqlite();
    installation.account().await;
    // It speaks TLS, which is as far as this comes.
    let server =
        FaultServer::start(Behaviour::good().encryption(Encryption::Implicit(Certificate::Good))).await.unwrap();
    let base = format!("https://{}/", server.address());
    let output = installation.run(&["doctor", "--base-url", &base]).await;
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find(|line| line.contains("reachable")).unwrap();
    assert!(line.starts_with("problem") && line.contains("certificate") && line.contains("SSL_CERT_FILE"), "{line}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("rustls"), "one line is enough");
}

/// Takes connections and says nothing.
async fn silent() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_everything_hangs() {
    let installation = Installation::on_sqlite();
    let hole = silent().await;
    let (smtp, base, redis) = (format!("smtp://{hole}"), format!("http://{hole}/"), format!("redis://{hole}/"));
    let postgres = format!("postgres://nobody@{hole}/none");
    let s3 = ["--media", "s3://bucket", "--s3-endpoint", &base, "--s3-allow-http"];
    let more = ["--smtp-url", &smtp, "--base-url", &base, "--redis-url", &redis, "--database-url", &postgres];
    let began = Instant::now();
    let (checks, status) = doctor(&installation, &[&more[..], &s3].concat()).await;
    // The deadlines of the checks come to half a minute; one without a deadline would wait for TCP, which gives up after
    // more than two.
    assert!(began.elapsed() < Duration::from_secs(110), "{:?}", began.elapsed());
    assert_eq!(status, 1);
    for check in ["database", "mail server", "reachable", "redis", "pictures"] {
        assert_eq!(level(&checks, check), "problem", "{check}: {:?}", checks[check]);
    }
}
