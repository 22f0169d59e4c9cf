//! What a person does, and a mail server to do it with, in the tests' words.
#![allow(dead_code, reason = "each test file uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use vestnik_engine::limits::Limits;
use vestnik_engine::{Config, Engine, Measures};
use vestnik_mail::faults::{Event, FaultServer};
use vestnik_mail::message::Mailbox;
use vestnik_mail::relay::{Relay, Tls};
use vestnik_mail::session::{Hello, Timeouts};
use vestnik_model::delivery::RetryPolicy;
use vestnik_model::id::MailingId;
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::message::MessageDraft;
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::run::Run;
use vestnik_model::secret::SystemRandom;
use vestnik_model::user::{Language, Registration};
use vestnik_model::{Actor, Clock, UnixMillis};
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::runs::Demanded;
use vestnik_store::{Db, mailings, messages, recipients, runs, users};

/// 24 November 2026, 07:00 UTC.
pub const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
/// No wait in these tests takes longer unless something hangs, however slow the machine is.
pub const PATIENCE: Duration = Duration::from_secs(240);

pub fn config(url: &str, journal: &Path) -> Config {
    Config {
        measures: Measures::default(),
        relay: Relay::parse(url).unwrap(),
        tls: Tls::system(),
        hello: Hello::default(),
        // Servers that hold a message until told do so at its end.
        timeouts: Timeouts { dot: PATIENCE, ..Timeouts::all(Duration::from_secs(5)) },
        connections: 4,
        from: Mailbox::new("news@vestnik.example".parse().unwrap()),
        from_name_fixed: false,
        retry: RetryPolicy {
            attempts: 3,
            first_delay: Duration::from_millis(300),
            factor: 1.0,
            ceiling: Duration::from_secs(1),
        },
        limits: Limits::default(),
        journal: journal.to_owned(),
        longest_rendering: vestnik_engine::config::LONGEST_RENDERING,
        render_check: None,
        poll: Duration::from_millis(50),
        lease: Duration::from_secs(30),
        journal_kept: Duration::from_secs(600),
    }
}

/// An engine with the folder of its journal, to which it adds files as it goes on.
pub struct Running {
    engine: Engine,
    _journal: TempDir,
}

impl Running {
    pub fn new(engine: Engine, journal: TempDir) -> Self {
        Self { engine, _journal: journal }
    }

    pub async fn stop(self) {
        self.engine.stop().await;
    }
}

pub async fn start(db: &Db, clock: Arc<dyn Clock>, url: &str) -> Running {
    let journal = tempfile::tempdir().unwrap();
    let engine = start_with(db, clock, config(url, journal.path())).await;
    Running::new(engine, journal)
}

pub async fn start_with(db: &Db, clock: Arc<dyn Clock>, config: Config) -> Engine {
    Engine::start(db.clone(), clock, Arc::new(SystemRandom), config).await.unwrap()
}

pub async fn someone(db: &Db) -> Actor {
    let registration =
        Registration::parse("anna@example.com", "Анна", "correct horse battery", Language::Ru, "UTC").unwrap();
    let user = users::create(db, &registration, "hash", Some(NOW), NOW).await.unwrap().unwrap();
    Actor::of(&user)
}

pub async fn add_recipients(db: &Db, actor: &Actor, count: usize) {
    let drafts: Vec<_> = (1..=count)
        .map(|n| RecipientDraft::parse(&format!("r{n}@example.org"), &format!("Имя {n}"), "").unwrap())
        .collect();
    recipients::add_all(db, actor, &drafts, NOW).await.unwrap();
}

pub async fn plan(db: &Db, actor: &Actor, start: &str, end: &str, repeat: &str, now: UnixMillis) -> MailingId {
    let message = MessageDraft::parse("Для {{ recipient.full_name }}", "<p>{{ recipient.email }}</p>", "").unwrap();
    let message = messages::create(db, actor, &message, now).await.unwrap();
    let input = MailingInput {
        message_id: Some(message),
        starts_at: start,
        ends_at: end,
        periodicity: repeat,
        time_zone: "UTC",
        ..MailingInput::default()
    };
    let draft = MailingDraft::parse(&input, now).unwrap();
    match mailings::create(db, actor, &draft, &Selection::All, &Saving::at(now, "key")).await.unwrap() {
        Saved::Saved(id) | Saved::Begins(id, _) => id,
        other => panic!("not saved: {other:?}"),
    }
}

pub async fn send_now(db: &Db, actor: &Actor, mailing: MailingId, now: UnixMillis) {
    let demanded = runs::demand(db, actor, mailing, "key", Duration::ZERO, now).await.unwrap();
    assert!(matches!(demanded, Demanded::Planned(_)), "{demanded:?}");
}

pub async fn newest(db: &Db, actor: &Actor, mailing: MailingId) -> Option<Run> {
    runs::newest(db, actor, mailing).await.unwrap()
}

/// Waits until something is so.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "it never came to this: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn until_over(db: &Db, actor: &Actor, mailing: MailingId) -> Run {
    until("the run is over", || async { newest(db, actor, mailing).await.filter(|run| run.state.is_final()) }).await
}

/// Waits until every claim has come home: nothing is on its way to the mail server, or waits for it.
pub async fn until_nothing_is_claimed(db: &Db) {
    until("nothing is claimed", || async {
        let sql = "SELECT count(*) FROM deliveries WHERE state = 'leased'";
        let (claimed,): (i64,) = db.fetch_one(sql, &[]).await.unwrap();
        (claimed == 0).then_some(())
    })
    .await;
}

/// Waits until the engine has ended its sessions: those that are open keep to what the server did when they began.
pub async fn until_all_sessions_end(server: &FaultServer) {
    until("all sessions have ended", || async { (server.open_connections() == 0).then_some(()) }).await;
}

pub fn number_of(event: &Event) -> usize {
    let address = event.to.as_deref().unwrap_or("");
    address.trim_start_matches('r').split('@').next().unwrap_or("").parse().unwrap_or(0)
}

/// A mailing to everyone in the list that is sent at once; under `resend` what is unknown is sent again.
pub async fn sending(db: &Db, actor: &Actor, on_unknown: &str) -> MailingId {
    sending_as(db, actor, on_unknown, ("", "{{ recipient.email }}")).await
}

/// The same, with these words as HTML and as text.
pub async fn sending_of(db: &Db, actor: &Actor, words: &str) -> MailingId {
    sending_as(db, actor, "hold", (words, words)).await
}

async fn sending_as(db: &Db, actor: &Actor, on_unknown: &str, (html, text): (&str, &str)) -> MailingId {
    let message = MessageDraft::parse("Hello", html, text).unwrap();
    let message = messages::create(db, actor, &message, NOW).await.unwrap();
    let input = MailingInput { message_id: Some(message), time_zone: "UTC", on_unknown, ..MailingInput::default() };
    let draft = MailingDraft::parse(&input, NOW).unwrap();
    let Saved::Saved(mailing) =
        mailings::create(db, actor, &draft, &Selection::All, &Saving::at(NOW, "key")).await.unwrap()
    else {
        panic!("not saved")
    };
    send_now(db, actor, mailing, vestnik_model::clock::SystemClock.now()).await;
    mailing
}

/// Someone else with a confirmed account.
pub async fn someone_else(db: &Db, name: &str) -> Actor {
    let email = format!("{name}@example.com");
    let registration = Registration::parse(&email, name, "correct horse battery", Language::En, "UTC").unwrap();
    let user = users::create(db, &registration, "hash", Some(NOW), NOW).await.unwrap().unwrap();
    Actor::of(&user)
}

/// Recipients whose domains come in turn, numbered from 1.
pub async fn add_recipients_among(db: &Db, actor: &Actor, domains: &[&str], count: usize) {
    let drafts: Vec<_> = (1..=count)
        .zip(domains.iter().cycle())
        .map(|(n, domain)| RecipientDraft::parse(&format!("r{n}@{domain}"), "", "").unwrap())
        .collect();
    recipients::add_all(db, actor, &drafts, NOW).await.unwrap();
}

/// Recipients at a domain, numbered from 1.
pub async fn add_recipients_at(db: &Db, actor: &Actor, domain: &str, count: usize) {
    let drafts: Vec<_> =
        (1..=count).map(|n| RecipientDraft::parse(&format!("r{n}@{domain}"), "", "").unwrap()).collect();
    recipients::add_all(db, actor, &drafts, NOW).await.unwrap();
}

/// All attempts of a mailing that are not stale, oldest first.
pub async fn attempts(db: &Db, actor: &Actor, mailing: MailingId) -> Vec<vestnik_model::delivery::Attempt> {
    let filter = vestnik_store::ledger::AttemptFilter::of(mailing);
    vestnik_store::ledger::batch_after(db, actor, &filter, vestnik_model::id::AttemptId(0), 100_000).await.unwrap()
}
