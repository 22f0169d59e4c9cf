//! Redis servers for tests: the one that all tests share, and own ones that can be stopped, paused and filled.

#![allow(dead_code, reason = "no test uses all of it")]

use std::convert::Infallible;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep, timeout};
use vestnik_cache::{Cache, CacheOptions, Found, RedisCondition, Region, Timing};

pub const PAGES: Region = Region { name: "pages", fresh_for: Duration::from_secs(60) };

/// A Redis that works is waited for, however slow the machine is.
const PATIENT: Duration = Duration::from_secs(60);

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A prefix that no other test has.
pub fn unique_prefix() -> String {
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The address of the server that the tests share.
pub fn shared_redis() -> String {
    std::env::var("VESTNIK_TEST_REDIS_URL")
        .expect("VESTNIK_TEST_REDIS_URL names a Redis for tests; scripts/with-services starts one")
}

/// Caches nothing but in the process.
pub fn alone() -> Cache {
    open(None, "alone")
}

/// A node, not yet connected.
pub fn open(redis: Option<&str>, prefix: &str) -> Cache {
    open_with(redis, prefix, Timing { deadline: PATIENT, ..Timing::default() })
}

/// The same with a timing of its own.
pub fn open_with(redis: Option<&str>, prefix: &str, timing: Timing) -> Cache {
    let options = CacheOptions {
        redis: redis.map(str::to_owned),
        most_bytes: 16 * 1024 * 1024,
        prefix: prefix.to_owned(),
        timing,
    };
    Cache::new(options).expect("the address is one")
}

/// A node that is connected.
pub async fn node(redis: &str, prefix: &str) -> Cache {
    connected(open(Some(redis), prefix)).await
}

/// Waits until it is connected.
pub async fn connected(cache: Cache) -> Cache {
    until("Redis is up", async || condition(&cache) == RedisCondition::Up).await;
    cache
}

pub fn condition(cache: &Cache) -> RedisCondition {
    cache.state().redis.expect("there is a Redis").condition
}

/// Asks for a key; `text` is what it would be made of now.
pub async fn ask(cache: &Cache, key: &str, text: &str) -> (String, Found) {
    ask_in(cache, PAGES, key, text).await
}

pub async fn ask_in(cache: &Cache, region: Region, key: &str, text: &str) -> (String, Found) {
    let made = async || Ok::<_, Infallible>(Bytes::from(text.to_owned()));
    let Ok((bytes, found)) = cache.get_or_make(region, key, made).await;
    (String::from_utf8(bytes.to_vec()).expect("text"), found)
}

/// Waits until something is so.
pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let so = async {
        while !is_so().await {
            sleep(Duration::from_millis(5)).await;
        }
    };
    // Less than a value is fresh for: that it is too old is no reason.
    assert!(timeout(Duration::from_secs(50), so).await.is_ok(), "it never came to this: {what}");
}

/// A server of one test.
pub struct RedisServer {
    pub address: String,
    port: u16,
    child: Child,
    more: Vec<String>,
}

impl RedisServer {
    pub async fn start(more: &[&str]) -> Self {
        let more: Vec<_> = more.iter().map(|word| (*word).to_owned()).collect();
        // The port was free a moment ago; should somebody else have taken it meanwhile, another one is tried.
        for _ in 0..3 {
            let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let port = probe.local_addr().expect("an address").port();
            drop(probe);
            let mut server = Self {
                address: format!("redis://127.0.0.1:{port}"),
                port,
                child: spawn(port, &more),
                more: more.clone(),
            };
            if server.answers().await {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    /// As after a crash: nothing is written, nobody is told.
    pub fn kill(&mut self) {
        self.child.kill().expect("the child can be killed");
        self.child.wait().expect("the child ends");
    }

    pub async fn start_again(&mut self) {
        self.child = spawn(self.port, &self.more);
        assert!(self.answers().await, "redis-server starts again");
    }

    /// It keeps its connections and does nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    pub fn resume(&self) {
        self.signal("-CONT");
    }

    pub async fn connection(&self) -> MultiplexedConnection {
        let client = redis::Client::open(self.address.as_str()).expect("an address");
        client.get_multiplexed_async_connection().await.expect("it answers")
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success());
    }

    async fn answers(&mut self) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline && self.child.try_wait().expect("a child").is_none() {
            let client = redis::Client::open(self.address.as_str()).expect("an address");
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && redis::cmd("PING").query_async::<()>(&mut connection).await.is_ok()
            {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.kill();
        false
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // SIGKILL ends one that is paused, too.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16, more: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}
