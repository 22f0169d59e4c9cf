//! The cache of a single process, without Redis. The clock is the test's.

mod common;

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::{PAGES, alone, ask, ask_in};
use tokio::sync::Notify;
use tokio::time::advance;
use vestnik_cache::{Cache, CacheOptions, Counted, Found, Region, Timing};

#[tokio::test(start_paused = true)]
async fn a_value_is_made_once_while_it_is_fresh() {
    let cache = alone();
    assert_eq!(ask(&cache, "a", "first").await, ("first".into(), Found::Made));
    advance(Duration::from_secs(59)).await;
    assert_eq!(ask(&cache, "a", "second").await, ("first".into(), Found::Memory));
    assert_eq!(ask(&cache, "b", "other").await, ("other".into(), Found::Made));
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(&cache, "a", "second").await, ("second".into(), Found::Made));
}

#[tokio::test(start_paused = true)]
async fn the_time_of_making_counts() {
    let cache = alone();
    let slow = async || {
        advance(Duration::from_secs(40)).await;
        Ok::<_, ()>(Bytes::from_static(b"slow"))
    };
    cache.get_or_make(PAGES, "a", slow).await.expect("made");
    advance(Duration::from_secs(21)).await;
    assert_eq!(ask(&cache, "a", "new").await.1, Found::Made);
}

#[tokio::test(start_paused = true)]
async fn a_forget_concerns_its_region() {
    let cache = alone();
    let other = Region { name: "other", ..PAGES };
    ask(&cache, "a", "old").await;
    ask_in(&cache, other, "a", "kept").await;
    cache.forget(PAGES).await;
    assert_eq!(ask(&cache, "a", "new").await, ("new".into(), Found::Made));
    assert_eq!(ask_in(&cache, other, "a", "new").await, ("kept".into(), Found::Memory));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_at_a_time_make_it_once() {
    let cache = alone();
    let made = AtomicU32::new(0);
    let make = async || {
        made.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(50)).await;
        Ok::<_, ()>(Bytes::from_static(b"value"))
    };
    let all = futures_util::future::join_all((0..100).map(|_| cache.get_or_make(PAGES, "a", make))).await;
    assert_eq!(made.load(Ordering::SeqCst), 1);
    assert_eq!(all.iter().filter(|got| matches!(got, Ok((_, Found::Made)))).count(), 1);
    assert!(all.iter().all(|got| got.as_ref().is_ok_and(|(bytes, _)| &bytes[..] == b"value")));
    let state = cache.state();
    assert_eq!((state.regions[0].made, state.regions[0].memory), (1, 99));
}

/// What axum needs of a handler.
#[tokio::test]
async fn a_call_can_move_between_threads() {
    let cache = alone();
    let text = String::from("value");
    let task = tokio::spawn(async move {
        let borrowed = &text;
        cache.get_or_make(PAGES, "a", async || Ok::<_, ()>(Bytes::from(borrowed.clone()))).await
    });
    assert_eq!(task.await.expect("no panic"), Ok((Bytes::from_static(b"value"), Found::Made)));
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_failure_makes_it_alone() {
    let cache = alone();
    let tries = Cell::new(0);
    let make = async || {
        tries.set(tries.get() + 1);
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err::<Bytes, _>("the database is away")
    };
    let began = tokio::time::Instant::now();
    let all = futures_util::future::join_all((0..10).map(|_| cache.get_or_make(PAGES, "a", make))).await;
    assert!(all.iter().all(|got| *got == Err("the database is away")));
    assert_eq!(tries.get(), 10);
    assert!(began.elapsed() < Duration::from_secs(3), "nobody waits for more than one failure");
    assert_eq!(ask(&cache, "a", "again").await.1, Found::Made, "a failure is not kept");
}

#[tokio::test(start_paused = true)]
async fn one_who_waits_takes_over_from_one_who_left() {
    let cache = alone();
    let never = cache.get_or_make(PAGES, "a", async || std::future::pending::<Result<Bytes, ()>>().await);
    let (left, got) = tokio::join!(tokio::time::timeout(Duration::from_secs(1), never), ask(&cache, "a", "mine"));
    assert!(left.is_err());
    assert_eq!(got, ("mine".into(), Found::Made));
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_before_a_forget_is_not_kept() {
    let cache = alone();
    let (begun, forgotten) = (Notify::new(), Notify::new());
    let slow = cache.get_or_make(PAGES, "a", async || {
        begun.notify_one();
        forgotten.notified().await;
        Ok::<_, ()>(Bytes::from_static(b"stale"))
    });
    let meanwhile = async {
        begun.notified().await;
        cache.forget(PAGES).await;
        // It does not join the one that is under way, either.
        assert_eq!(ask(&cache, "a", "new").await, ("new".into(), Found::Made));
        forgotten.notify_one();
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    assert_eq!(slow, Ok((Bytes::from_static(b"stale"), Found::Made)), "its own call began before");
    assert_eq!(ask(&cache, "a", "newer").await, ("new".into(), Found::Memory));
}

#[tokio::test]
async fn memory_is_bounded_by_bytes() {
    let most_bytes = 100_000;
    let cache = Cache::new(CacheOptions { redis: None, most_bytes, prefix: String::new(), timing: Timing::default() })
        .expect("no address");
    let large = "x".repeat(10_000);
    for key in 0..100 {
        ask(&cache, &key.to_string(), &large).await;
    }
    let state = cache.state();
    assert!(state.bytes <= most_bytes && state.bytes > most_bytes / 2, "{state:?}");
    assert!((5..10).contains(&state.regions[0].entries), "{state:?}");
    assert_eq!(ask(&cache, "99", "").await.1, Found::Memory, "the newest stays");
    assert_eq!(ask(&cache, "0", "").await.1, Found::Made, "the oldest goes");
    ask(&cache, "huge", &"x".repeat(200_000)).await;
    assert!(cache.state().bytes <= most_bytes);
}

#[tokio::test]
async fn typed_values_are_kept_as_json() {
    let cache = alone();
    let make = async || Ok::<_, ()>(vec![1, 2, 3]);
    assert_eq!(cache.get_or_make_json(PAGES, "a", make).await, Ok((vec![1, 2, 3], Found::Made)));
    assert_eq!(cache.get_or_make_json(PAGES, "a", make).await, Ok((vec![1, 2, 3], Found::Memory)));
    let other = async || Ok::<_, ()>(String::from("made anew"));
    assert_eq!(cache.get_or_make_json(PAGES, "a", other).await, Ok(("made anew".into(), Found::Made)));
    let fails = async || Err::<String, _>("no");
    assert_eq!(cache.get_or_make_json(PAGES, "b", fails).await, Err("no"));
}

#[tokio::test(start_paused = true)]
async fn acts_are_counted_in_a_sliding_window() {
    let cache = alone();
    let minute = Duration::from_secs(60);
    let count = async || cache.count("sign-in", "a", 2, minute).await;
    assert_eq!(count().await, Counted::Allowed);
    advance(Duration::from_secs(10)).await;
    assert_eq!(count().await, Counted::Allowed);
    assert_eq!(count().await, Counted::Wait(Duration::from_secs(50)));
    assert_eq!(cache.count("reset", "a", 2, minute).await, Counted::Allowed);
    advance(Duration::from_secs(50)).await;
    assert_eq!(count().await, Counted::Allowed);
    cache.uncount("sign-in", "a").await;
    assert_eq!(count().await, Counted::Allowed);
}
