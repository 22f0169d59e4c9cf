//! Several nodes on one Redis.

mod common;

use std::time::Duration;

use bytes::Bytes;
use common::{
    PAGES, RedisServer, ask, ask_in, condition, connected, node, open, open_with, shared_redis, unique_prefix, until,
};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until};
use vestnik_cache::{Counted, Found, RedisCondition, Region, Timing};

#[tokio::test]
async fn what_one_node_made_the_other_finds() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    let (a, b) = (node(&redis, &prefix).await, node(&redis, &prefix).await);
    assert_eq!(ask(&a, "key", "made by a").await, ("made by a".into(), Found::Made));
    assert_eq!(ask(&a, "key", "").await, ("made by a".into(), Found::Memory));
    assert_eq!(ask(&b, "key", "").await, ("made by a".into(), Found::Redis));
    assert_eq!(ask(&b, "key", "").await, ("made by a".into(), Found::Memory));
    let figures = b.state().regions.remove(0);
    assert_eq!((figures.memory, figures.redis, figures.made, figures.entries), (1, 1, 0, 1));
}

#[tokio::test]
async fn prefixes_keep_installations_apart() {
    let redis = shared_redis();
    let (a, b) = (node(&redis, &unique_prefix()).await, node(&redis, &unique_prefix()).await);
    ask(&a, "key", "a").await;
    assert_eq!(ask(&b, "key", "b").await, ("b".into(), Found::Made));
    a.forget(PAGES).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(ask(&b, "key", "").await, ("b".into(), Found::Memory));
    let minute = Duration::from_secs(60);
    assert_eq!(a.count("act", "key", 1, minute).await, Counted::Allowed);
    assert_eq!(b.count("act", "key", 1, minute).await, Counted::Allowed);
}

#[tokio::test]
async fn a_forget_reaches_the_other_node_as_a_message() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    // Only the message itself can tell the other node in this time.
    let hour = Duration::from_secs(3_600);
    let timing = Timing { deadline: hour, assurance: hour, beat: hour };
    let a = connected(open_with(Some(&redis), &prefix, timing)).await;
    let b = connected(open_with(Some(&redis), &prefix, timing)).await;
    for round in 0..20 {
        let (old, new) = (format!("old {round}"), format!("new {round}"));
        a.forget(PAGES).await;
        until("both have the old one", async || {
            ask(&a, "key", &old).await.0 == old && ask(&b, "key", &old).await.0 == old
        })
        .await;
        a.forget(PAGES).await;
        assert_eq!(ask(&a, "key", &new).await.0, new, "on the node itself there is no delay");
        until("the other has heard it", async || ask(&b, "key", &new).await.0 == new).await;
    }
}

#[tokio::test]
async fn what_was_begun_before_anothers_forget_is_answered_to_nobody_later() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    let (a, b) = (node(&redis, &prefix).await, node(&redis, &prefix).await);
    let (begun, forgotten) = (Notify::new(), Notify::new());
    let slow = b.get_or_make(PAGES, "key", async || {
        begun.notify_one();
        forgotten.notified().await;
        Ok::<_, ()>(Bytes::from_static(b"stale"))
    });
    let meanwhile = async {
        begun.notified().await;
        a.forget(PAGES).await;
        forgotten.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    assert!(slow.is_ok());
    assert_eq!(ask(&a, "key", "new").await, ("new".into(), Found::Made), "Redis did not take it");
    until("b has the new one", async || ask(&b, "key", "new").await.0 == "new").await;
    assert_eq!(ask(&b, "key", "newer").await.0, "new");
}

#[tokio::test]
async fn freshness_counts_from_the_making_on_another_node() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    let brief = Region { name: "brief", fresh_for: Duration::from_secs(2) };
    let (a, b) = (node(&redis, &prefix).await, node(&redis, &prefix).await);
    let began = Instant::now();
    ask_in(&a, brief, "key", "old").await;
    sleep(Duration::from_millis(1_000)).await;
    ask_in(&b, brief, "key", "old").await;
    // Were it counted from when this node got it, there would be a second left.
    sleep_until(began + brief.fresh_for + Duration::from_millis(50)).await;
    assert_eq!(ask_in(&b, brief, "key", "new").await, ("new".into(), Found::Made));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_are_counted_exactly_on_two_nodes_at_once() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    let (a, b) = (node(&redis, &prefix).await, node(&redis, &prefix).await);
    let window = Duration::from_secs(30);
    let tasks = (0..200).map(|number| {
        let cache = if number % 2 == 0 { a.clone() } else { b.clone() };
        tokio::spawn(async move { cache.count("act", "key", 50, window).await })
    });
    let counted = futures_util::future::join_all(tasks).await;
    let allowed = counted.iter().filter(|counted| matches!(counted, Ok(Counted::Allowed))).count();
    assert_eq!(allowed, 50);
    assert!(counted.iter().flatten().all(|counted| match counted {
        Counted::Allowed => true,
        Counted::Wait(wait) => *wait > Duration::from_secs(10) && *wait <= window,
    }));
    assert_eq!((condition(&a), condition(&b)), (RedisCondition::Up, RedisCondition::Up));
    b.uncount("act", "key").await;
    assert_eq!(a.count("act", "key", 50, window).await, Counted::Allowed);
}

#[tokio::test]
async fn waiting_as_long_as_told_helps_on_any_node() {
    let (redis, prefix) = (shared_redis(), unique_prefix());
    let (a, b) = (node(&redis, &prefix).await, node(&redis, &prefix).await);
    let window = Duration::from_secs(3);
    assert_eq!(a.count("act", "key", 1, window).await, Counted::Allowed);
    let Counted::Wait(wait) = b.count("act", "key", 1, window).await else { panic!("there was one") };
    // Refused ones are not counted.
    assert_ne!(b.count("act", "key", 1, window).await, Counted::Allowed);
    sleep(wait + Duration::from_millis(2)).await;
    assert_eq!(b.count("act", "key", 1, window).await, Counted::Allowed);
    assert_eq!(a.count("act", "other", 0, window).await, Counted::Wait(window));
    assert_eq!((condition(&a), condition(&b)), (RedisCondition::Up, RedisCondition::Up));
}

#[tokio::test]
async fn an_emptied_redis_forgets_nothing_wrongly() {
    let server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let (a, b) = (node(&server.address, &prefix).await, node(&server.address, &prefix).await);
    ask(&a, "key", "old").await;
    ask(&b, "key", "old").await;
    let mut connection = server.connection().await;
    redis::cmd("FLUSHALL").query_async::<()>(&mut connection).await.expect("flushed");
    until("a notices", async || ask(&a, "key", "new").await.0 == "new").await;
    until("b follows", async || ask(&b, "key", "new").await.0 == "new").await;
    assert_eq!(condition(&a), RedisCondition::Up);
}

#[tokio::test]
async fn a_node_that_hears_nothing_compares() {
    let server = RedisServer::start(&[]).await;
    let prefix = unique_prefix();
    let (a, b) = (node(&server.address, &prefix).await, node(&server.address, &prefix).await);
    ask(&a, "key", "old").await;
    ask(&a, "only in Redis", "old").await;
    ask(&b, "key", "old").await;
    // The generation moves and nobody is told: as if the message were lost.
    let mut connection = server.connection().await;
    let names: Vec<String> = redis::cmd("KEYS")
        .arg(format!("{prefix}:generation:*"))
        .query_async(&mut connection)
        .await
        .expect("the generation has a name");
    assert_eq!(names.len(), 1);
    redis::cmd("INCR").arg(&names[0]).query_async::<()>(&mut connection).await.expect("moved");
    // What comes from Redis is confirmed by it, and so is never behind.
    assert_eq!(ask(&b, "only in Redis", "new").await, ("new".into(), Found::Made));
    until("b notices", async || ask(&b, "key", "new").await.0 == "new").await;
}

#[tokio::test]
async fn tls_needs_no_more_than_the_address() {
    // Nothing speaks TLS there: what matters is that the attempt fails well.
    let server = RedisServer::start(&[]).await;
    let cache = open(Some(&server.address.replace("redis://", "rediss://")), &unique_prefix());
    assert_eq!(ask(&cache, "key", "value").await, ("value".into(), Found::Made));
    until("it was tried", async || {
        cache.state().redis.is_some_and(|redis| redis.reason != Some("not connected yet".into()))
    })
    .await;
    assert_eq!(condition(&cache), RedisCondition::Down);
}
