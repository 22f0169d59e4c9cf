//! The service from its first start: set up in the browser, a mail server tried, chosen and changed while it runs.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::time::Duration;

use common::Installation;
use common::browser::Browser;
use common::served::Served;
use reqwest::StatusCode;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};

const ANNA: &str = "anna@example.com";
const PASSWORD: &str = "осенний кофе 7 раз";

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(240), waiting).await.is_ok(), "it never came to this: {what}");
}

/// The fields of a mail server on a port of this machine.
fn mail_server<'a>(port: &'a str, from: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("route", "server"),
        ("host", "127.0.0.1"),
        ("port", port),
        ("encryption", "none"),
        ("from_address", from),
        ("trial_to", ANNA),
    ]
}

fn port_of(server: &FaultServer) -> String {
    server.address().port().to_string()
}

fn sent_by(server: &FaultServer, from: &str) -> usize {
    server.accepted().iter().filter(|mail| mail.from == from).count()
}

async fn from_the_first_start(installation: &Installation) {
    let first = FaultServer::start(Behaviour::good()).await.unwrap();
    let second = FaultServer::start(Behaviour::good()).await.unwrap();
    let closed =
        FaultServer::start(Behaviour::good().on(Stage::Greeting, Action::reply("554 no service"))).await.unwrap();
    let mut node = Served::start(installation, "data", &[]);
    let link = node.line("Nobody runs it yet. Set it up at ");
    let path = link.strip_prefix(node.url.trim_end_matches('/')).unwrap().to_owned();
    let mut anna = Browser::at(&node.url);
    anna.get("/").await.says("not set up yet");

    let person = [("email", ANNA), ("name", "Анна"), ("password", PASSWORD), ("installation", "Ромашка")];
    let settings = [("language", "en"), ("time_zone", "Europe/Moscow"), ("registration", "invited")];
    let (first_port, second_port, closed_port) = (port_of(&first), port_of(&second), port_of(&closed));
    let test = format!("{path}/test");
    let typed = [&person[..], &settings, &mail_server(&closed_port, "news@first.example")].concat();
    anna.post(&test, &typed).await.says("554 no service").says("The server refuses the connection");
    let typed = [&person[..], &settings, &mail_server(&first_port, "news@first.example")].concat();
    anna.post(&test, &typed).await.says("The server took the letter");
    assert_eq!(sent_by(&first, "news@first.example"), 1, "a real letter");
    assert_eq!(anna.post(&path, &typed).await.goes_to(), Some("/dashboard"));
    anna.get("/dashboard").await.says("Ромашка</title>");
    assert_eq!(Browser::at(&node.url).get(&path).await.status, StatusCode::GONE);

    // A mailing goes through what was chosen, without a restart.
    let list: String = (1..=30).map(|n| format!("r{n}@example.org\n")).collect();
    let list = installation.write("list.csv", &format!("email\n{list}"));
    let text = installation.write("letter.txt", "Hello");
    installation.ok(&["recipients", "import", "--owner", ANNA, &list]).await;
    installation.ok(&["message", "create", "--owner", ANNA, "--subject", "Hi", "--text", &text]).await;
    installation.ok(&["mailing", "create", "--message", "1", "--owner", ANNA, "--all-recipients"]).await;
    installation.ok(&["mailing", "send", "1"]).await;
    until("the first server has it", async || sent_by(&first, "news@first.example") == 31).await;

    // And through another one, as soon as it is saved.
    let changed = anna.post("/manage/settings/mail", &mail_server(&second_port, "news@second.example")).await;
    assert_eq!(changed.goes_to(), Some("/manage/settings"));
    until("the mailing is over", async || installation.ok(&["mailing", "show", "1"]).await.contains("completed")).await;
    installation.ok(&["mailing", "send", "1", "--again"]).await;
    until("the second server has it", async || sent_by(&second, "news@second.example") == 30).await;
    assert_eq!(first.accepted().len(), 31, "the first server has no more");

    // Back to the catcher: nobody gets anything.
    anna.post("/manage/settings/mail", &[("route", "catcher")]).await;
    until("the mailing is over", async || installation.ok(&["mailing", "show", "1"]).await.contains("completed")).await;
    installation.ok(&["mailing", "send", "1", "--again"]).await;
    until("the catcher has it", async || anna.get("/caught").await.text.contains("r30@example.org")).await;
    assert_eq!((first.accepted().len(), second.accepted().len()), (31, 30));

    // Once there is an administrator, a start prints no link.
    drop(node);
    let mut again = Served::start(installation, "data", &["--smtp-url", &second.url()]);
    let mut anna = Browser::at(&again.url);
    anna.log_in(ANNA, PASSWORD).await;
    anna.get("/manage/settings").await.says("was given at the start").says(&format!(":{second_port}"));
    assert!(again.says_nothing(), "no link");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_start_on_sqlite() {
    from_the_first_start(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_the_first_start_on_postgres() {
    let installation = Installation::on_postgres().await;
    from_the_first_start(&installation).await;
    installation.remove().await;
}

/// Browsers show nothing of an answer to a request that they could not send to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_is_far_too_large_is_read_out_and_answered() {
    let installation = Installation::on_sqlite();
    installation.account().await;
    let node = Served::start(&installation, "data", &[]);
    let mut anna = Browser::at(&node.url);
    anna.log_in(ANNA, "correct horse battery").await;
    let answer = anna.upload("/settings/avatar", "picture", vec![0; 60 << 20]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.says("id=\"picture-error\"").says("larger than 8");
}

async fn watched_from_outside(installation: &Installation) {
    let server = FaultServer::start(Behaviour::good()).await.unwrap();
    let url = server.url();
    installation.account().await;
    let list = installation.write("list.csv", "email\na@example.org\nb@example.org\n");
    let text = installation.write("letter.txt", "Hello");
    installation.ok(&["recipients", "import", "--owner", ANNA, &list]).await;
    installation.ok(&["message", "create", "--owner", ANNA, "--subject", "Hi", "--text", &text]).await;
    installation.ok(&["mailing", "create", "--message", "1", "--owner", ANNA, "--all-recipients"]).await;
    installation.ok(&["mailing", "send", "1"]).await;
    let mut node = Served::start(installation, "data", &["--smtp-url", &url, "--metrics-listen", "127.0.0.1:0"]);
    let metrics = node.line("Metrics are at ");
    let mut watcher = Browser::at(metrics.strip_suffix("/metrics").unwrap());
    let mut person = Browser::at(&node.url);
    assert_eq!(person.get("/healthz").await.text, "alive");
    assert_eq!(person.get("/readyz").await.says("ready").headers["cache-control"], "no-store");
    assert_eq!(person.get("/metrics").await.status, StatusCode::NOT_FOUND, "not where strangers look");
    person.get("/login").await;
    person.get("/confirm/a-secret-token").await;
    assert_eq!(person.get("/login").await.headers["x-request-id"].len(), 16);
    until("both are counted", async || {
        watcher.get("/metrics").await.text.contains("vestnik_attempts_total{result=\"sent\"} 2\n")
    })
    .await;
    let told = watcher.get("/metrics").await;
    for line in [
        "vestnik_http_requests_total{method=\"GET\",route=\"/login\",status=\"200\"} 2\n",
        "vestnik_http_request_seconds_count{route=\"/confirm/{token}\"} 1\n",
        "vestnik_database_up 1\n",
        "vestnik_runs_open 0\n",
        "vestnik_smtp_server_down 0\n",
        "vestnik_handover_seconds_count 2\n",
    ] {
        told.says(line);
    }
    assert!(told.text.ends_with("# EOF\n") && !told.text.contains("a-secret-token"));
    assert_eq!(watcher.get("/readyz").await.text, "ready");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_watched_from_outside_on_sqlite() {
    watched_from_outside(&Installation::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_watched_from_outside_on_postgres() {
    let installation = Installation::on_postgres().await;
    watched_from_outside(&installation).await;
    installation.remove().await;
}
