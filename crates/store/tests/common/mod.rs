//! What a person does, in the tests' words.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::time::Duration;

use vestnik_model::id::{MailingId, RecipientId};
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::message::MessageDraft;
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::user::{Language, Registration};
use vestnik_model::{Actor, UnixMillis};
use vestnik_store::mailings::{Saved, Selection};
use vestnik_store::{Db, mailings, messages, recipients, users};

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
    let draft = MailingDraft::parse(&MailingInput {
        name: "News",
        message_id: Some(message),
        audience: if *selection == Selection::All { "all" } else { "chosen" },
        starts_at: start,
        ends_at: end,
        periodicity: repeat,
        time_zone: "UTC",
    })
    .unwrap();
    match mailings::create(db, actor, &draft, selection, NOW).await.unwrap() {
        Saved::Saved(id) => id,
        other => panic!("not saved: {other:?}"),
    }
}
