//! Ways into an account: a password that is set at the command line, and addresses that are confirmed again once mail
//! reaches people.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

use common::Installation;
use common::browser::Browser;
use common::served::Served;
use reqwest::StatusCode;
use vestnik_mail::faults::{Behaviour, FaultServer};
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_store::{sessions, users};

const ANNA: &str = "anna@example.com";
const PASSWORD: &str = "correct horse battery";

async fn a_password_is_reset(installation: &Installation) {
    installation.account().await;
    let db = installation.db().await;
    let user = users::find_by_email(&db, &ANNA.parse().unwrap()).await.unwrap().unwrap();
    let now = SystemClock.now();
    let later = now.plus(Duration::from_secs(600));
    sessions::create(&db, user.id, "signed in", sessions::Origin::default(), now, later).await.unwrap();

    // However the password comes; what is no password changes nothing.
    let flag = ["reset-password", "--email", "Anna@example.com", "--password", "a second long phrase"];
    assert_eq!(installation.ok(&flag).await, user.id.to_string());
    assert!(sessions::find(&db, "signed in", now).await.unwrap().is_none(), "signed out");
    let mut variable = installation.command(&["reset_password", "--email", ANNA]);
    let done = variable.env("VESTNIK_NEW_PASSWORD", "a third long phrase").stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let mut stdin = installation.command(&["reset-password", "--email", ANNA, "--password-stdin"]);
    let mut child = stdin.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"a fourth long phrase\n").unwrap();
    assert!(child.wait().unwrap().success());
    let hash = async || users::find(&db, user.id).await.unwrap().unwrap().password_hash;
    let before = hash().await;
    let weak = installation.fails(2, &["reset-password", "--email", ANNA, "--password", "anna"]).await;
    assert!(weak.contains("password"), "{weak}");
    let nobody = ["reset-password", "--email", "none@example.com", "--password", "a fifth long phrase"];
    assert!(installation.fails(1, &nobody).await.contains("there is no account with the address none@example.com"));
    assert!(installation.fails(2, &["reset-password", "--email", ANNA]).await.contains("--password-stdin"));
    assert_eq!(hash().await, before);
    let sql = "SELECT count(*) FROM audit WHERE action = 'password_reset' AND subject = $1";
    let (noted,): (i64,) = db.fetch_one(sql, &[&ANNA]).await.unwrap();
    assert_eq!(noted, 3);
    db.close().await;

    let node = Served::start(installation, "data", &[]);
    Browser::at(&node.url).log_in(ANNA, "a fourth long phrase").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_reset_on_sqlite() {
    a_password_is_reset(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_is_reset_on_postgres() {
    let installation = Installation::on_postgres().await;
    a_password_is_reset(&installation).await;
    installation.remove().await;
}

/// The path of the first link of this kind in a page or an email.
fn link(text: &str, kind: &str) -> Option<String> {
    let text = text.replace("=\r\n", "").replace("&#x2f;", "/");
    let start = text.find(kind)?;
    Some(text[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '/').collect())
}

async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = found().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("it never came to {what}"))
}

async fn caught_link(browser: &mut Browser, kind: &str) -> String {
    let id = until("a caught email", async || link(&browser.get("/caught").await.text, "/caught/1")).await;
    link(&browser.get(&format!("{id}/source")).await.text, kind).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_the_catcher_alone_has_seen_is_confirmed_again() {
    let installation = Installation::on_sqlite();
    let chief = ["create-admin", "--email", "chief@example.com", "--name", "Chief", "--password", PASSWORD];
    installation.ok(&chief).await;
    let node = Served::start(&installation, "data", &[]);
    let mut anna = Browser::at(&node.url);
    let form = [("email", ANNA), ("name", "Anna"), ("password", PASSWORD), ("time_zone", "UTC")];
    anna.post("/register", &form).await.says("Check your mail");
    anna.log_in(ANNA, PASSWORD).await;
    let confirm = caught_link(&mut anna, "/confirm/").await;
    assert_eq!(anna.post(&confirm, &[]).await.goes_to(), Some("/dashboard"));
    assert!(!anna.get("/dashboard").await.text.contains("Confirm the address"));
    let mut chief = Browser::at(&node.url);
    chief.log_in("chief@example.com", PASSWORD).await;

    // A mail server is set: from now on it has to be shown that mail arrives.
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let port = server.address().port().to_string();
    let mail = [
        ("route", "server"),
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("encryption", "none"),
        ("from_address", "news@example.com"),
    ];
    assert_eq!(chief.post("/manage/settings/mail", &mail).await.goes_to(), Some("/manage/settings"));
    anna.get("/dashboard").await.says("Confirm the address anna@example.com once more");
    assert!(!chief.get("/dashboard").await.text.contains("once more"), "who was vouched for is asked nothing");
    assert_eq!(anna.post(&confirm, &[]).await.status, StatusCode::GONE, "the old link is used up");
    let again = until("an email", async || {
        let mails = server.accepted();
        let mail = mails.iter().find(|mail| mail.to == [ANNA])?;
        link(&String::from_utf8_lossy(&mail.bytes), "/confirm/")
    })
    .await;
    assert_eq!(anna.post(&again, &[]).await.goes_to(), Some("/dashboard"));
    assert!(!anna.get("/dashboard").await.text.contains("once more"));

    // A restart asks nobody again.
    drop(node);
    let node = Served::start(&installation, "data", &[]);
    let mut anna = Browser::at(&node.url);
    anna.log_in(ANNA, PASSWORD).await;
    assert!(!anna.get("/dashboard").await.text.contains("Confirm the address"));
    assert_eq!(server.accepted().len(), 1);
}
