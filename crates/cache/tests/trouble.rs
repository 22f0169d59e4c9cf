//! Redis away, slow, full and out of its mind.

mod common;

use std::time::Duration;

use common::{PAGES, RedisServer, ask, ask_in, condition, connected, node, open, open_with, unique_prefix, until};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use vestnik_cache::{Cache, Counted, Found, RedisCondition, Region, Timing};

/// No call takes longer when Redis is in trouble, even on a slow machine: one that waited for an answer would never end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Uses a cache for a while in every way; answers how long the slowest call took.
async fn slowest_call(cache: &Cache, rounds: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let began = Instant::now();
        let (text, _) = ask(cache, &format!("key {}", round % 7), "value").await;
        assert_eq!(text, "value");
        slowest = slowest.max(began.elapsed());
        let began = Instant::now();
        assert_eq!(cache.count("act", "key", usize::MAX, Duration::from_secs(60)).await, Counted::Allowed);
        slowest = slowest.max(began.elapsed());
        if round % 5 == 0 {
            let began = Instant::now();
            cache.forget(PAGES).await;
            slowest = slowest.max(began.elapsed());
        }
        sleep(Duration::from_millis(2)).await;
    }
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_killed_and_comes_back() {
    let mut server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let (a, b) = (node(&server.address, &prefix).await, node(&server.address, &prefix).await);
    let calls = slowest_call(&a, 300);
    let kill = async {
        sleep(Duration::from_millis(100)).await;
        server.kill();
    };
    let (slowest, ()) = tokio::join!(calls, kill);
    assert!(slowest < PATIENCE, "{slowest:?}");
    assert_eq!(condition(&a), RedisCondition::Down);
    assert!(a.state().redis.is_some_and(|redis| redis.reason.is_some()));

    // What is forgotten meanwhile is told afterwards.
    let kept = Region { name: "kept", ..PAGES };
    ask_in(&b, kept, "key", "old").await;
    a.forget(kept).await;
    server.start_again().await;
    until("both are back", async || [&a, &b].iter().all(|cache| condition(cache) == RedisCondition::Up)).await;
    until("b was told", async || ask_in(&b, kept, "key", "new").await.0 == "new").await;
    assert_eq!(ask_in(&a, kept, "key", "newer").await, ("new".into(), Found::Redis));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_hangs() {
    let server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let cache = connected(open_with(Some(&server.address), &prefix, Timing::default())).await;
    slowest_call(&cache, 10).await;
    server.pause();
    let slowest = slowest_call(&cache, 300).await;
    assert!(slowest < PATIENCE, "{slowest:?}");
    assert_eq!(condition(&cache), RedisCondition::Down);
    server.resume();
    until("it is back", async || condition(&cache) == RedisCondition::Up).await;
    let other = node(&server.address, &prefix).await;
    cache.forget(PAGES).await;
    ask(&cache, "shared", "value").await;
    assert_eq!(ask(&other, "shared", "").await, ("value".into(), Found::Redis));
}

#[tokio::test]
async fn a_node_without_redis_is_not_far_behind() {
    let mut server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let (a, b) = (node(&server.address, &prefix).await, node(&server.address, &prefix).await);
    ask(&b, "key", "old").await;
    server.kill();
    until("both have noticed", async || [&a, &b].iter().all(|cache| condition(cache) == RedisCondition::Down)).await;
    a.forget(PAGES).await;
    until("b has the new one", async || ask(&b, "key", "new").await.0 == "new").await;
    assert_eq!(ask(&b, "key", "newer").await, ("new".into(), Found::Memory), "for a while it is kept all the same");
}

#[tokio::test]
async fn nothing_is_read_that_an_earlier_server_had_written_to_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("its name is text");
    let mut server = RedisServer::start(&["--dir", path]).await;
    let prefix = unique_prefix();
    let a = node(&server.address, &prefix).await;
    ask(&a, "key", "old").await;
    redis::cmd("SAVE").query_async::<()>(&mut server.connection().await).await.expect("saved");
    a.forget(PAGES).await;
    // The only node that knows of the forget ends, and Redis comes back as it was before it.
    drop(a);
    server.kill();
    server.start_again().await;
    let left: Vec<String> =
        redis::cmd("KEYS").arg("*:value:*").query_async(&mut server.connection().await).await.expect("keys");
    assert_eq!(left.len(), 1, "the old value is there");
    let b = node(&server.address, &prefix).await;
    assert_eq!(ask(&b, "key", "new").await, ("new".into(), Found::Made));
}

#[tokio::test]
async fn a_redis_that_is_full() {
    let server = RedisServer::start(&["--maxmemory-policy", "noeviction"]).await;
    let prefix = unique_prefix();
    let (a, b) = (node(&server.address, &prefix).await, node(&server.address, &prefix).await);
    ask(&a, "early", "old").await;
    assert_eq!(ask(&b, "early", "").await.1, Found::Redis);
    let mut connection = server.connection().await;
    let mut limit = redis::cmd("CONFIG");
    limit.arg("SET").arg("maxmemory");
    limit.clone().arg("1").query_async::<()>(&mut connection).await.expect("no memory left");

    let began = Instant::now();
    assert_eq!(ask(&a, "late", "value").await, ("value".into(), Found::Made));
    assert_eq!(ask(&a, "late", "").await, ("value".into(), Found::Memory));
    assert!(began.elapsed() < PATIENCE);
    assert_eq!(condition(&a), RedisCondition::Refusing);
    assert_eq!(ask(&b, "late", "its own").await, ("its own".into(), Found::Made));
    for allowed in [true, true, false] {
        let counted = a.count("act", "key", 2, Duration::from_secs(60)).await;
        assert_eq!(counted == Counted::Allowed, allowed);
    }

    // A forget needs no memory.
    a.forget(PAGES).await;
    assert_eq!(ask(&a, "early", "new").await.0, "new");
    until("b heard it", async || ask(&b, "early", "new").await.0 == "new").await;

    limit.arg("0").query_async::<()>(&mut connection).await.expect("memory enough");
    until("a stores again", async || {
        ask(&a, "another", "value").await;
        a.count("act", "other", usize::MAX, Duration::from_secs(60)).await;
        condition(&a) == RedisCondition::Up
    })
    .await;
}

#[tokio::test]
async fn something_else_that_answers_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = format!("redis://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let cache = open(Some(&address), &unique_prefix());
    let slowest = slowest_call(&cache, 100).await;
    assert!(slowest < PATIENCE, "{slowest:?}");
    until("it was tried", async || {
        cache.state().redis.is_some_and(|redis| redis.reason != Some("not connected yet".into()))
    })
    .await;
    assert_eq!(condition(&cache), RedisCondition::Down);
    assert_eq!(ask(&cache, "key", "value").await.1, Found::Made);
    assert_eq!(ask(&cache, "key", "value").await.1, Found::Memory);
}

#[tokio::test]
async fn names_that_hold_something_else() {
    let server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let cache = node(&server.address, &prefix).await;
    let mut connection = server.connection().await;
    redis::cmd("SET")
        .arg(format!("{prefix}:count:act:key"))
        .arg("text")
        .query_async::<()>(&mut connection)
        .await
        .expect("set");
    assert_eq!(cache.count("act", "key", 1, Duration::from_secs(60)).await, Counted::Allowed);
    assert_ne!(cache.count("act", "key", 1, Duration::from_secs(60)).await, Counted::Allowed, "counted here");
}
