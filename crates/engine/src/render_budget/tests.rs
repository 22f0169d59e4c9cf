use std::sync::Arc;

use vestnik_model::id::{DeliveryId, RunId};
use vestnik_store::deliveries::Claimed;

use super::*;
use crate::limits::Limits;
use crate::queue::{Queue, Taken};
use crate::run_content::RunContent;

const QUICK: Duration = Duration::from_micros(50);
const ANNA: UserId = UserId(1);
const BORIS: UserId = UserId(2);

/// A run whose messages are not known to be quick.
fn run(id: i64, owner: UserId) -> Arc<RunContent> {
    let run = Arc::new(RunContent::empty(RunId(id), owner));
    run.note_rendering(SLOW);
    run
}

fn jobs(run: &Arc<RunContent>, count: i64) -> impl Iterator<Item = Job> {
    (1..=count).map(move |id| Job {
        claimed: Claimed {
            outage_id: None,
            unreached: 0,
            id: DeliveryId(id),
            email: format!("r{id}@example.org"),
            number: 1,
            excused: 0,
            epoch: 1,
            full_name: None,
            comment: None,
        },
        run: Arc::clone(run),
    })
}

/// The next job, if there is one for a connection that has nothing else to do.
async fn next(queue: &Arc<Queue>) -> Option<Taken> {
    tokio::select! {
        biased;
        job = queue.take() => Some(job),
        () = tokio::task::yield_now() => None,
    }
}

#[tokio::test]
async fn the_first_message_of_a_run_goes_alone_and_the_others_together() {
    let queue = Arc::new(Queue::new(&Limits::default(), false));
    queue.push(jobs(&run(1, ANNA), 4));
    let first = next(&queue).await.unwrap();
    assert!(first.is_apart());
    assert!(next(&queue).await.is_none(), "the first one may be slow");
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move { queue.take().await.is_apart() })
        })
        .collect();
    tokio::task::yield_now().await;
    first.rendered(QUICK);
    for one in waiting {
        assert!(!one.await.unwrap(), "they are quick");
    }
}

#[tokio::test]
async fn a_slow_owner_holds_up_nobody_else() {
    let queue = Arc::new(Queue::new(&Limits::default(), false));
    let (slow, quick) = (run(1, ANNA), run(2, BORIS));
    quick.note_rendering(QUICK);
    queue.push(jobs(&slow, 10));
    let held = next(&queue).await.unwrap();
    queue.push(jobs(&quick, 5));
    // However many connections there are: the slow one has one thread, and rides along with nobody.
    assert_eq!(queue.take_ahead().unwrap().run.id, quick.id);
    for _ in 0..4 {
        assert_eq!(next(&queue).await.unwrap().run.id, quick.id);
    }
    assert!(next(&queue).await.is_none());
    assert!(queue.take_ahead().is_none());
    held.rendered(SLOW * 10);
    drop(held);
    // Nobody else waits, so it goes on.
    let held = next(&queue).await.unwrap();
    assert_eq!((held.run.id, held.is_apart()), (slow.id, true));
    assert!(queue.is_slow(ANNA) && !queue.is_slow(BORIS));
    assert_eq!((queue.len(), queue.ready()), (8, 0));
}

#[tokio::test]
async fn turns_go_by_the_time_that_was_used() {
    let queue = Arc::new(Queue::new(&Limits::default(), false));
    let (slow, quick) = (run(1, ANNA), run(2, BORIS));
    quick.note_rendering(QUICK);
    queue.push(jobs(&slow, 10));
    let first = next(&queue).await.unwrap();
    // An hour of it: the turn of the others lasts as long.
    first.rendered(Duration::from_secs(3_600));
    queue.push(jobs(&quick, 100));
    for _ in 0..100 {
        assert_eq!(next(&queue).await.unwrap().run.id, quick.id);
    }
    assert_eq!(next(&queue).await.unwrap().run.id, slow.id, "nobody else waits");
}

#[tokio::test]
async fn what_is_not_rendered_after_all_leaves_its_place_to_the_next() {
    let queue = Arc::new(Queue::new(&Limits::default(), false));
    queue.push(jobs(&run(1, ANNA), 2));
    let first = next(&queue).await.unwrap();
    assert!(next(&queue).await.is_none());
    drop(first);
    assert!(next(&queue).await.unwrap().is_apart());
}

#[tokio::test]
async fn few_slow_owners_render_at_once() {
    let queue = Arc::new(Queue::new(&Limits::default(), false));
    for owner in 1..=6 {
        queue.push(jobs(&run(owner, UserId(owner)), 2));
    }
    let mut taken = Vec::new();
    while let Some(job) = next(&queue).await {
        taken.push(job);
    }
    let owners: Vec<i64> = taken.iter().map(|job| job.run.owner.0).collect();
    assert_eq!(owners, [1, 2, 3, 4]);
    taken[0].rendered(SLOW);
    assert_eq!(next(&queue).await.unwrap().run.owner, UserId(5), "who has waited longest is next");
}

#[test]
fn trust_comes_back_later_each_time() {
    let now = Instant::now();
    let mut budget = RenderBudget::default();
    let quick_until_trusted = |budget: &mut RenderBudget| {
        (1..).find(|_| {
            budget.took(ANNA, QUICK, now);
            !budget.is_slow(ANNA)
        })
    };
    budget.took(ANNA, QUICK, now);
    assert!(!budget.is_slow(ANNA));
    for expected in [64, 128, 256, 512, 1_024, 2_048, 4_096, 4_096] {
        budget.took(ANNA, SLOW, now);
        assert_eq!(quick_until_trusted(&mut budget), Some(expected));
    }
    // Slow again in the middle: from the start, but no longer than that.
    budget.took(ANNA, SLOW, now);
    budget.took(ANNA, QUICK, now);
    budget.took(ANNA, SLOW, now);
    assert_eq!(quick_until_trusted(&mut budget), Some(4_096));
}
