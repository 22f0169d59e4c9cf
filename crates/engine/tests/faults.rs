//! Mail servers that misbehave in every phase: nothing hangs, nothing is lost, the ledger tells the truth, and another
//! user's mailing goes on.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{
    add_recipients, add_recipients_at, attempts, config, sending, someone, someone_else, start_with, until_over,
};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use vestnik_engine::Config;
use vestnik_mail::faults::{Action, Behaviour, Event, FaultServer, Stage};
use vestnik_mail::session::Timeouts;
use vestnik_model::clock::SystemClock;
use vestnik_model::run::Counts;
use vestnik_store::Db;
use vestnik_store::testing::{TestDatabase, assert_figures_agree};

/// Recipients of the mailing that meets the fault.
const RECIPIENTS: usize = 12;
/// Recipients of the other one.
const OTHERS: usize = 5;
/// How long a phase may take here, and the whole of a case.
const PHASE: Duration = Duration::from_secs(1);
const CASE: Duration = Duration::from_secs(30);
/// Cases at once.
const AT_ONCE: usize = 6;

struct Case {
    name: String,
    behaviour: Behaviour,
    /// How many end as unknown and as failed; all others are sent.
    unknown: i64,
    failed: i64,
}

fn case(name: impl Into<String>, behaviour: Behaviour, unknown: i64, failed: i64) -> Case {
    Case { name: name.into(), behaviour, unknown, failed }
}

/// The first try at one recipient meets the fault.
fn first(event: &Event) -> bool {
    event.seen == 0 && event.to.as_deref() == Some("r3@example.org")
}

/// Faults that strike whoever is at that point.
const AT_ANYONE: [Stage; 3] = [Stage::Greeting, Stage::Ehlo, Stage::Mail];
/// Faults that strike one recipient.
const AT_ONE: [Stage; 3] = [Stage::Rcpt, Stage::Data, Stage::Body];

fn cases() -> Vec<Case> {
    let good = Behaviour::good;
    let garbage = || Action::Bytes(b"\xff\xfe\x00 what?\r\n".to_vec());
    let mut cases = Vec::new();
    let closing = || Action::ReplyAndDrop("421 4.3.2 Closing".to_owned());
    for action in [Action::Silence, Action::Drop, closing(), Action::Flood, garbage()] {
        for stage in AT_ANYONE {
            cases.push(case(format!("{action:.30?} at {stage:?}"), good().once(stage, action.clone()), 0, 0));
        }
        for stage in AT_ONE {
            // A short message has its dot on the way by then; only a proper reply tells what became of it.
            let unknown = i64::from(stage == Stage::Body && !matches!(action, Action::ReplyAndDrop(_)));
            let behaviour = good().on_if(stage, first, action.clone());
            cases.push(case(format!("{action:.30?} at {stage:?}"), behaviour, unknown, 0));
        }
    }
    for (action, unknown) in [
        (Action::Silence, 1),
        (Action::Drop, 1),
        (Action::AcceptAndDrop, 1),
        (Action::AcceptAndSilence, 1),
        (Action::Flood, 1),
        (garbage(), 1),
        (Action::reply("421 4.3.2 Closing"), 0),
        (Action::reply("451 4.3.0 Try later"), 0),
    ] {
        cases.push(case(format!("{action:.30?} at Dot"), good().on_if(Stage::Dot, first, action), unknown, 0));
    }
    for stage in [Stage::Greeting, Stage::Ehlo, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Dot] {
        let slowly = Action::Trickle(Duration::from_millis(2));
        cases.push(case(format!("a byte at a time at {stage:?}"), good().on(stage, slowly), 0, 0));
    }
    let never = |event: &Event| event.to.as_deref() == Some("r3@example.org");
    cases.extend([
        case("450, then accepted", good().on_if(Stage::Rcpt, first, Action::reply("450 4.2.0 Greylisted")), 0, 0),
        case("550 at RCPT", good().on_if(Stage::Rcpt, never, Action::reply("550 5.1.1 No such user")), 0, 1),
        case("550 at the dot", good().on_if(Stage::Dot, never, Action::reply("550 5.7.1 No, thank you")), 0, 1),
        case(
            "354 after RCPT was refused",
            good().goes_on_despite_refusal().on_if(Stage::Rcpt, never, Action::reply("550 5.1.1 No such user")),
            0,
            1,
        ),
        case(
            "a reply for a command not sent",
            good().on_if(Stage::Rcpt, first, Action::Also(b"250 Ok\r\n".to_vec())),
            0,
            0,
        ),
        case("a reply too few", good().once(Stage::Mail, Action::Skip), 0, 0),
        case(
            "many lines",
            good().on(Stage::Rcpt, Action::reply("250-2.1.5 One\n250-2.1.5 two\n250 2.1.5 three")),
            0,
            0,
        ),
        case("no PIPELINING", good().without("PIPELINING"), 0, 0),
        case("no 8BITMIME, no SMTPUTF8", good().without("8BITMIME").without("SMTPUTF8"), 0, 0),
        case("too big", good().max_size(10), 0, (RECIPIENTS + OTHERS) as i64),
    ]);
    cases
}

async fn survive(case: Case, db: &Db) {
    let server = FaultServer::start(case.behaviour).await.unwrap();
    let anna = someone(db).await;
    let boris = someone_else(db, "boris").await;
    add_recipients(db, &anna, RECIPIENTS).await;
    add_recipients_at(db, &boris, "other.example", OTHERS).await;
    let journal = tempfile::tempdir().unwrap();
    let settings = Config { timeouts: Timeouts::all(PHASE), ..config(&server.url(), journal.path()) };
    let engine = start_with(db, Arc::new(SystemClock), settings).await;
    let (one, other) = (sending(db, &anna, "hold").await, sending(db, &boris, "hold").await);
    let over = async { (until_over(db, &anna, one).await, until_over(db, &boris, other).await) };
    let (one_run, other_run) = timeout(CASE, over).await.unwrap_or_else(|_| panic!("{}: it hangs", case.name));
    engine.stop().await;
    assert_figures_agree(db).await;

    let sum = |count: fn(&Counts) -> i64| count(&one_run.counts) + count(&other_run.counts);
    let (unknown, failed, sent) = (sum(|c| c.unknown), sum(|c| c.failed), sum(|c| c.sent));
    assert_eq!((unknown, failed), (case.unknown, case.failed), "{}", case.name);
    assert_eq!(sent, (RECIPIENTS + OTHERS) as i64 - unknown - failed, "{}", case.name);
    let accepted = server.recipients();
    let mut once = accepted.clone();
    once.dedup();
    assert_eq!(accepted.len(), once.len(), "{}: nobody has it twice", case.name);
    let made = [attempts(db, &anna, one).await, attempts(db, &boris, other).await].concat();
    assert_eq!(made.len() as i64, sum(|c| c.attempts()), "{}: each attempt has its line", case.name);
    for attempt in made {
        let arrived = accepted.binary_search(&attempt.email).is_ok();
        assert!(!attempt.successful || arrived, "{}: {attempt:?} never arrived", case.name);
        let says = !attempt.reply.is_empty() || attempt.error.problem().is_some();
        assert!(attempt.successful || says, "{}: {attempt:?} says nothing", case.name);
    }
}

/// Each case has a database of its own, and several go at once: they mostly wait.
async fn survive_all<F: Future<Output = TestDatabase> + Send + 'static>(database: fn() -> F) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut going = JoinSet::new();
    for case in cases() {
        let room = Arc::clone(&room);
        going.spawn(async move {
            let _room = room.acquire_owned().await.unwrap();
            let database = database().await;
            let db = database.open().await;
            survive(case, &db).await;
            db.close().await;
            database.remove().await;
        });
    }
    while let Some(ended) = going.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hangs_nothing_is_lost_and_the_ledger_tells_the_truth_on_sqlite() {
    survive_all(|| std::future::ready(TestDatabase::sqlite())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_hangs_nothing_is_lost_and_the_ledger_tells_the_truth_on_postgres() {
    survive_all(TestDatabase::postgres).await;
}
