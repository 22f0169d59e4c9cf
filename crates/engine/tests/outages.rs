//! A mail server that takes no mail: every delivery that it held up has an attempt that says why, no retry is used up,
//! and a server that comes back gets everything (S-23 to S-25, S-29).
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use common::{
    NOW, add_recipients, attempts, config, newest, plan, sending, someone, start, start_with, until, until_over,
};
use vestnik_engine::Config;
use vestnik_mail::faults::{Action, Behaviour, Certificate, Encryption, Event, FaultServer, Stage};
use vestnik_mail::relay::Tls;
use vestnik_mail::session::Timeouts;
use vestnik_model::Actor;
use vestnik_model::clock::{Clock as _, SettableClock, SystemClock};
use vestnik_model::delivery::RetryPolicy;
use vestnik_model::id::{MailingId, OutageId};
use vestnik_model::outage::OutageKind;
use vestnik_model::reason::Reason;
use vestnik_model::run::{Run, RunState};
use vestnik_store::breakdown::{self, RunsOf};
use vestnik_store::outages::{self, Outage};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, control, databases, summaries};

const RECIPIENTS: usize = 30;

/// A way to be out of order.
struct Fault {
    name: &'static str,
    /// `None`: nobody listens.
    behaviour: Option<Behaviour>,
    url: fn(SocketAddr) -> String,
    kind: OutageKind,
    error: &'static str,
    phase: &'static str,
    code: Option<i64>,
}

fn plain(address: SocketAddr) -> String {
    format!("smtp://{address}?starttls=off")
}

fn faults() -> Vec<Fault> {
    vec![
        Fault {
            name: "refused",
            behaviour: None,
            url: plain,
            kind: OutageKind::Unreachable,
            error: "smtp-connection-refused",
            phase: "connect",
            code: None,
        },
        Fault {
            name: "silent",
            behaviour: Some(Behaviour::good().on(Stage::Greeting, Action::Silence)),
            url: plain,
            kind: OutageKind::Unreachable,
            error: "smtp-reply-timed-out",
            phase: "greeting",
            code: None,
        },
        Fault {
            name: "not let in",
            behaviour: Some(Behaviour::good().on(Stage::Greeting, Action::reply("554 5.7.1 Blocked as spam"))),
            url: plain,
            kind: OutageKind::Rejecting,
            error: "smtp-session-refused",
            phase: "greeting",
            code: Some(554),
        },
        Fault {
            name: "wrong password",
            behaviour: Some(Behaviour::good().credentials("anna", "secret")),
            url: |address| format!("smtp://anna:wrong@{address}?starttls=off"),
            kind: OutageKind::Rejecting,
            error: "smtp-login-refused",
            phase: "auth",
            code: Some(535),
        },
        Fault {
            name: "bad certificate",
            behaviour: Some(Behaviour::good().encryption(Encryption::Implicit(Certificate::Expired))),
            url: |address| format!("smtps://localhost:{}", address.port()),
            kind: OutageKind::Rejecting,
            error: "smtp-certificate-expired",
            phase: "tls",
            code: None,
        },
    ]
}

/// An address that nobody listens at, until someone does.
fn nobody() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

async fn only_outage(db: &Db, anna: &Actor, run: &Run) -> Outage {
    let mut found = outages::of_run(db, anna, run.id, Duration::ZERO, 10).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

async fn until_tried(db: &Db, anna: &Actor, mailing: MailingId) -> Run {
    let tried = async || newest(db, anna, mailing).await.filter(|run| run.counts.attempts_failed > 0);
    until("those at hand have their attempt", tried).await
}

async fn open_outage(db: &Db) -> OutageId {
    until("it is noted", async || outages::current(db).await.unwrap().first().map(|outage| outage.id)).await
}

databases! {
    async fn a_mailing_whose_whole_window_is_an_outage_tells_why(db: Db) {
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        for fault in faults() {
            let name = fault.name;
            let server = match fault.behaviour {
                Some(behaviour) => Some(FaultServer::start(behaviour).await.unwrap()),
                None => None,
            };
            let address = server.as_ref().map_or_else(nobody, FaultServer::address);
            let journal = tempfile::tempdir().unwrap();
            let roots = server.iter().map(FaultServer::root);
            let settings = Config {
                tls: Tls::with_extra_roots(roots).unwrap(),
                timeouts: Timeouts { greeting: Duration::from_millis(300), ..Timeouts::all(Duration::from_secs(10)) },
                ..config(&(fault.url)(address), journal.path())
            };
            let clock = Arc::new(SettableClock::at(NOW));
            let engine = start_with(&db, clock.clone(), settings).await;
            let mailing = plan(&db, &anna, "2026-11-24T06:00Z", "2026-11-24T07:05Z", "once", NOW).await;
            let tried = until_tried(&db, &anna, mailing).await;
            assert_eq!(tried.counts.pending() as usize, RECIPIENTS, "{name}: they wait for the server");
            clock.advance(Duration::from_secs(5 * 60));
            let over = until_over(&db, &anna, mailing).await;
            assert_eq!((over.state, over.counts.expired as usize), (RunState::Completed, RECIPIENTS), "{name}");

            let all = attempts(&db, &anna, mailing).await;
            let mut addresses: Vec<_> = all.iter().map(|attempt| attempt.email.as_str()).collect();
            addresses.sort_unstable();
            addresses.dedup();
            assert_eq!((addresses.len(), all.len()), (RECIPIENTS, RECIPIENTS), "{name}: each has one attempt");
            for attempt in &all {
                assert!(!attempt.successful && !attempt.unknown, "{name}");
                assert_eq!(attempt.error.error_kind, fault.error, "{name}");
                assert_eq!((attempt.phase.as_str(), attempt.code, attempt.number), (fault.phase, fault.code, 1), "{name}");
                assert!(attempt.server.ends_with(&address.port().to_string()), "{name}: {}", attempt.server);
            }
            assert_eq!((over.counts.attempts_ok, over.counts.attempts_failed as usize), (0, RECIPIENTS), "{name}");
            assert_figures_agree(&db).await;

            // A day later the reason is still there, though the server is another one by then.
            engine.stop().await;
            clock.advance(Duration::from_secs(86_400));
            let other = FaultServer::start(Behaviour::good()).await.unwrap();
            let engine = start(&db, clock.clone(), &other.url()).await;
            let outage = only_outage(&db, &anna, &over).await;
            assert_eq!((outage.kind, outage.since, outage.code), (fault.kind, NOW, fault.code), "{name}");
            assert_eq!(outage.ended_at, Some(outage.seen_at), "{name}: nobody asks it any more");
            assert_eq!(outage.error.error_kind, fault.error, "{name}");
            for due in summaries::due(&db, clock.now(), 100).await.unwrap() {
                summaries::make(&db, &due, clock.now()).await.unwrap();
            }
            let replies = breakdown::by_reply(&db, &anna, RunsOf::Mailing(mailing), 10).await.unwrap();
            let told: Vec<_> = replies.iter().map(|reply| (reply.reason, reply.expired, reply.attempts)).collect();
            assert_eq!(told, [(Reason::Server, RECIPIENTS as i64, RECIPIENTS as i64)], "{name}");
            engine.stop().await;
        }
    }

    async fn a_server_that_comes_back_gets_every_message_and_no_retry_is_lost(db: Db) {
        let address = nobody();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        // Two attempts each, and the server, once it is back, needs both of them.
        let journal = tempfile::tempdir().unwrap();
        let defaults = config(&plain(address), journal.path());
        let settings = Config { retry: RetryPolicy { attempts: 2, ..defaults.retry }, ..defaults };
        let engine = start_with(&db, Arc::new(SystemClock), settings).await;
        let mailing = sending(&db, &anna, "hold").await;
        let tried = until_tried(&db, &anna, mailing).await;
        let outage = only_outage(&db, &anna, &tried).await;
        assert_eq!(outage.ended_at, None);
        let before = attempts(&db, &anna, mailing).await;

        let greylisting = Behaviour::good()
            .on_if(Stage::Rcpt, |event: &Event| event.seen == 0, Action::reply("450 4.2.0 Greylisted"));
        let server = FaultServer::start_on(address, greylisting).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent as usize, over.counts.failed), (RECIPIENTS, 0));
        assert_eq!(server.accepted().len(), RECIPIENTS);
        let all = attempts(&db, &anna, mailing).await;
        let unreached = all.iter().filter(|attempt| attempt.phase == "connect").count();
        assert!(unreached >= before.len() && unreached < RECIPIENTS, "only of those at hand: {unreached}");
        assert_eq!(all.len(), 2 * RECIPIENTS + unreached);
        assert!(only_outage(&db, &anna, &over).await.ended_at.is_some());
        assert!(outages::current(&db).await.unwrap().is_empty());
    }

    async fn cancelling_in_an_outage_tells_why_nothing_was_sent(db: Db) {
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let engine = start(&db, Arc::new(SystemClock), &plain(nobody())).await;
        let mailing = sending(&db, &anna, "hold").await;
        let run = until_tried(&db, &anna, mailing).await;
        control::cancel(&db, &anna, run.id, SystemClock.now()).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.state, over.counts.cancelled as usize), (RunState::Cancelled, RECIPIENTS));
        assert_eq!(over.counts.attempts_failed as usize, RECIPIENTS);
    }

    async fn a_process_that_starts_in_an_outage_goes_on_with_it(db: Db) {
        let address = nobody();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, RECIPIENTS).await;
        let engine = start(&db, Arc::new(SystemClock), &plain(address)).await;
        let mailing = sending(&db, &anna, "hold").await;
        until_tried(&db, &anna, mailing).await;
        let outage = open_outage(&db).await;
        engine.stop().await;
        let before = newest(&db, &anna, mailing).await.unwrap().counts.attempts_failed;

        let engine = start(&db, Arc::new(SystemClock), &plain(address)).await;
        let seen = outages::current(&db).await.unwrap()[0].seen_at;
        until("it is tried again", async || {
            outages::current(&db).await.unwrap().pop().filter(|outage| outage.seen_at > seen)
        })
        .await;
        assert_eq!(open_outage(&db).await, outage);
        let server = FaultServer::start_on(address, Behaviour::good()).await.unwrap();
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent as usize, server.accepted().len()), (RECIPIENTS, RECIPIENTS));
        assert!(over.counts.attempts_failed <= before + 4, "at most those of its own four connections");
        assert!(outages::current(&db).await.unwrap().is_empty(), "the first connection has ended it");

        // Back already when the process starts: what another one has found is ended by the first connection.
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        engine.stop().await;
    }

    async fn a_server_that_caps_its_sessions_is_in_no_outage(db: Db) {
        let behaviour = Behaviour::good()
            .on_if(Stage::Greeting, |event: &Event| event.connection > 0, Action::reply("421 4.7.0 Too many sessions"))
            .on(Stage::Dot, Action::Delay(Duration::from_millis(10)));
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 60).await;
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("a session is refused while another works", async || {
            newest(&db, &anna, mailing).await.filter(|run| run.counts.sent > 20 && server.connections() > 1)
        })
        .await;
        assert!(outages::current(&db).await.unwrap().is_empty());
        let run = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!(run.counts.attempts_failed, 0);
        server.behave(Behaviour::good());
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!(over.counts.sent, 60);
        assert_figures_agree(&db).await;
    }

    async fn a_message_that_cannot_be_rendered_says_so_in_words_of_its_own(db: Db) {
        let server = FaultServer::start(Behaviour::good()).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 2).await;
        let mailing = sending(&db, &anna, "hold").await;
        // It is fine for the sample recipient, and fails for those without a comment whose name is no number.
        let sql = "UPDATE runs SET subject = 'Hello', text = $1";
        let text = "one\ntwo\n{% if not recipient.comment %}{{ recipient.full_name|int }}{% endif %}";
        db.execute(sql, &[&text]).await.unwrap();
        let engine = start(&db, Arc::new(SystemClock), &server.url()).await;
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_eq!((over.counts.failed, server.accepted().len()), (2, 0));
        for attempt in attempts(&db, &anna, mailing).await {
            assert_eq!((attempt.phase.as_str(), attempt.reply.as_str()), ("render", ""));
            let problem = attempt.error.problem().unwrap();
            assert_eq!(problem.id, "problem-template-not-number");
            assert!(problem.args.iter().any(|(name, line)| name == "line" && line == "3"), "{problem:?}");
            assert!(problem.args.iter().any(|(_, value)| value.starts_with("Имя")), "{problem:?}");
        }
    }
}
