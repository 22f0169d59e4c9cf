//! Two nodes that share PostgreSQL and Redis: what is done at one holds at once at the other, and the loss of Redis
//! costs no request.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::Installation;
use common::browser::Browser;
use common::served::Served;
use reqwest::StatusCode;

const ADMIN: &str = "admin@example.com";
const ANNA: &str = "anna@example.com";
const PASSWORD: &str = "correct horse battery";

/// A Redis of this test alone, to be killed.
struct Redis {
    child: Child,
    url: String,
}

impl Redis {
    async fn start() -> Self {
        // Should somebody take the port meanwhile, no client of ours could tell: the server ends, and the test with it.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        let options = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        let child = Command::new("redis-server").args(options).stdout(Stdio::null()).spawn().unwrap();
        let redis = Self { child, url: format!("redis://127.0.0.1:{port}") };
        let address = format!("127.0.0.1:{port}");
        for _ in 0..200 {
            if tokio::net::TcpStream::connect(&address).await.is_ok() {
                return redis;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("redis-server does not answer");
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn two_nodes(installation: &Installation, redis: &Redis) -> (Served, Served) {
    installation.ok(&["create-admin", "--email", ADMIN, "--name", "Admin", "--password", PASSWORD]).await;
    installation.account().await;
    let more = ["--redis-url", &redis.url];
    (Served::start(installation, "first", &more), Served::start(installation, "second", &more))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_at_one_node_holds_at_once_at_the_other() {
    let installation = Installation::on_postgres().await;
    let redis = Redis::start().await;
    let (first, second) = two_nodes(&installation, &redis).await;
    let mut admin = Browser::at(&first.url);
    admin.log_in(ADMIN, PASSWORD).await;
    let mut admin_there = admin.moved_to(&second.url);
    let mut anna = Browser::at(&second.url);
    anna.log_in(ANNA, PASSWORD).await;
    assert_eq!(anna.get("/dashboard").await.status, StatusCode::OK);

    let blocking = anna_page(&mut admin).await;
    let list = "/manage/users?state=active";
    for _ in 0..2 {
        admin_there.get(list).await.says(ANNA);
    }
    // Not "soon": the next request to the other node. The answer tells where the list comes from.
    let done = admin.post(&format!("{blocking}/block"), &[("reason", "wrong lists")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    let answer = anna.get("/dashboard").await;
    assert!(answer.goes_to().unwrap().starts_with("/login"), "{}", answer.status);
    let answer = anna.get("/live").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "a stream is not begun either");
    until("the list shows it", async || admin_there.get("/manage/users").await.text.contains("Blocked")).await;
    installation.remove().await;
}

/// The address of Anna's page.
async fn anna_page(admin: &mut Browser) -> String {
    let found = admin.get("/manage/users?q=anna").await.text.replace("&#x2f;", "/");
    let mut links = found.split("\"/manage/users/").skip(1).filter_map(|rest| rest.split('"').next());
    let id = links.find(|id| id.bytes().all(|b| b.is_ascii_digit())).unwrap();
    format!("/manage/users/{id}")
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..6_000 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never came to this: {what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_redis_stops_sleeps_and_dies() {
    let installation = Installation::on_postgres().await;
    let redis = Redis::start().await;
    let (first, second) = two_nodes(&installation, &redis).await;
    let over = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let mut visitors = Vec::new();
    for url in [&first.url, &second.url, &first.url, &second.url] {
        let mut admin = Browser::at(url);
        admin.log_in(ADMIN, PASSWORD).await;
        let (over, asked) = (over.clone(), asked.clone());
        visitors.push(tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                for path in ["/manage/users", "/dashboard", "/"] {
                    let answer = admin.get(path).await;
                    assert!(answer.status.is_success() || answer.status == StatusCode::SEE_OTHER, "{path}: {answer:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
                // A form counts against a limit, and has the list made anew.
                let answer = admin.post("/theme", &[("theme", "dark")]).await;
                assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
            }
        }));
    }
    let enough = async |more: usize| {
        let from = asked.load(Ordering::Relaxed);
        until("visitors get answers", async || asked.load(Ordering::Relaxed) > from + more).await;
    };
    enough(20).await;
    redis.signal("-STOP");
    enough(20).await;
    redis.signal("-CONT");
    enough(20).await;
    redis.signal("-KILL");
    enough(20).await;
    over.store(true, Ordering::Relaxed);
    for visitor in visitors {
        visitor.await.unwrap();
    }
    // Guessing is still counted, by each node for itself.
    let mut guesser = Browser::at(&first.url);
    let mut last = StatusCode::OK;
    for _ in 0..12 {
        last = guesser.post("/login", &[("email", ANNA), ("password", "wrong")]).await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
    installation.remove().await;
}
