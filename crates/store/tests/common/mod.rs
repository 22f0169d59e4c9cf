//! What a person does, in the tests' words.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use vestnik_model::delivery::DeliveryState;
use vestnik_model::id::{DeliveryId, MailingId, RecipientId, RunId};
use vestnik_model::mailing::{MailingDraft, MailingInput, MailingStatus};
use vestnik_model::message::MessageDraft;
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::run::Run;
use vestnik_model::user::{Language, Registration};
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::deliveries::{self, Claimed};
use vestnik_store::expansion::{self, Expanded};
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::runs::Fired;
use vestnik_store::settle::{AttemptMade, Outcome, Source, settle};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, mailings, messages, recipients, runs, users};

/// 24 November 2026, 07:00 UTC.
pub const NOW: UnixMillis = UnixMillis(1_795_503_600_000);

pub const DAY: Duration = Duration::from_secs(86_400);

pub fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

/// Someone with a confirmed account.
pub async fn someone(db: &Db, name: &str) -> Actor {
    let email = format!("{name}@example.com");
    let registration = Registration::parse(&email, name, "correct horse battery", Language::En, "UTC").unwrap();
    let user = users::create(db, &registration, "hash", Some(NOW), NOW).await.unwrap().unwrap();
    Actor::of(&user)
}

pub fn draft(email: &str, name: &str, comment: &str) -> RecipientDraft {
    RecipientDraft::parse(email, name, comment).unwrap()
}

/// Adds `r1@example.org`, `r2@example.org` and so on.
pub async fn add_recipients(db: &Db, actor: &Actor, count: usize) {
    let drafts: Vec<_> = (1..=count).map(|n| draft(&format!("r{n}@example.org"), &format!("Name {n}"), "")).collect();
    recipients::add_all(db, actor, &drafts, NOW).await.unwrap();
}

pub async fn all_ids(db: &Db, actor: &Actor) -> Vec<RecipientId> {
    recipients::batch_after(db, actor, RecipientId(0), 1_000_000).await.unwrap().iter().map(|r| r.id).collect()
}

/// A mailing to everyone, with times in UTC.
pub async fn plan(db: &Db, actor: &Actor, start: &str, end: &str, repeat: &str) -> MailingId {
    plan_for(db, actor, start, end, repeat, &Selection::All).await
}

pub async fn plan_for(
    db: &Db,
    actor: &Actor,
    start: &str,
    end: &str,
    repeat: &str,
    selection: &Selection,
) -> MailingId {
    let message = MessageDraft::parse("Hello {{ recipient.full_name }}", "", "Text").unwrap();
    let message = messages::create(db, actor, &message, NOW).await.unwrap();
    let input = MailingInput {
        name: "News",
        message_id: Some(message),
        audience: if *selection == Selection::All { "all" } else { "chosen" },
        starts_at: start,
        ends_at: end,
        periodicity: repeat,
        time_zone: "UTC",
        on_unknown: "",
    };
    let draft = MailingDraft::parse(&input, NOW).unwrap();
    // Before its start, so that the scheduler fires it.
    let made_at = NOW.minus(DAY);
    match mailings::create(db, actor, &draft, selection, &Saving::at(made_at, "key")).await.unwrap() {
        Saved::Saved(id) => id,
        other => panic!("not saved: {other:?}"),
    }
}

/// What the scheduler does at a time: fires, begins, expands.
pub async fn tick(db: &Db, now: UnixMillis) -> Vec<RunId> {
    let mut fired = Vec::new();
    for mailing in runs::due(db, now, 100).await.unwrap() {
        if let Fired::Run(run) = runs::fire(db, &mailing, "key", now).await.unwrap() {
            fired.push(run);
        }
    }
    runs::begin_due(db, "vestnik.example", now).await.unwrap();
    for run in expansion::expanding(db).await.unwrap() {
        while expansion::expand(db, run, now).await.unwrap() == Expanded::More {}
    }
    fired
}

pub async fn claim_all(db: &Db, run: RunId, now: UnixMillis) -> Vec<Claimed> {
    deliveries::claim(db, run, "node", DeliveryId(0), 1_000_000, now).await.unwrap()
}

/// What came of a claim at a time: an attempt, and the state that it led to. One that is tried again is due then.
pub fn outcome(mailing: MailingId, run: RunId, claimed: &Claimed, state: DeliveryState, due_at: UnixMillis) -> Outcome {
    Outcome {
        delivery: claimed.id,
        run,
        mailing,
        epoch: claimed.epoch,
        state,
        due_at: Some(due_at),
        excused: false,
        attempt: Some(AttemptMade {
            number: claimed.number,
            at: due_at,
            successful: state == DeliveryState::Sent,
            unknown: state == DeliveryState::Unknown,
            code: Some(if state == DeliveryState::Sent { 250 } else { 451 }),
            enhanced: Some("2.0.0".to_owned()),
            reply: "words\0of the server".into(),
            error: None,
            outage: None,
            unreached: false,
            phase: "dot".into(),
            server: "mx:25".into(),
            tls: "TLSv1.3".into(),
            duration_ms: 3,
        }),
    }
}

pub async fn send_all(db: &Db, mailing: MailingId, run: RunId, now: UnixMillis) {
    let outcomes: Vec<_> = claim_all(db, run, now)
        .await
        .iter()
        .map(|claimed| outcome(mailing, run, claimed, DeliveryState::Sent, now))
        .collect();
    assert_eq!(settle(db, &outcomes, Source::Sender, now).await.unwrap(), 0);
}

/// A mailing's newest run. Whenever a test looks at one, all figures are what a count of the ledger says.
pub async fn newest(db: &Db, actor: &Actor, mailing: MailingId) -> Run {
    assert_figures_agree(db).await;
    runs::newest(db, actor, mailing).await.unwrap().unwrap()
}

pub async fn status(db: &Db, actor: &Actor, mailing: MailingId) -> MailingStatus {
    mailings::find(db, actor, mailing).await.unwrap().unwrap().status
}
