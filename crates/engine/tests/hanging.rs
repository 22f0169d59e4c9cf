//! A mail server that hangs, in every phase: what has not been handed over goes back as soon as its run is paused,
//! cancelled or disabled. No deadline of a phase ends in these tests, so a run that is over did not wait for the server.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{
    Running, add_recipients, config, newest, number_of, sending, sending_of, someone, someone_else, start_with, until,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use vestnik_engine::Config;
use vestnik_mail::faults::{Action, Behaviour, Certificate, Encryption, Event, FaultServer, Stage};
use vestnik_mail::relay::Tls;
use vestnik_mail::session::Timeouts;
use vestnik_model::Actor;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::id::MailingId;
use vestnik_model::run::RunState;
use vestnik_store::control::{self, Controlled};
use vestnik_store::testing::assert_figures_agree;
use vestnik_store::{Db, databases};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3_600);

/// A server and where it hangs.
struct Hanging {
    phase: &'static str,
    behaviour: Behaviour,
    scheme: &'static str,
    query: &'static str,
    /// What the server has heard when it hangs; empty: it knows of a connection, and of no command.
    last: &'static str,
}

fn hanging(phase: &'static str, stage: Stage, last: &'static str) -> Hanging {
    let behaviour = Behaviour::good().max_size(100_000_000).on(stage, Action::Silence);
    Hanging { phase, behaviour, scheme: "smtp", query: "", last }
}

/// Every phase before the final dot but that of connecting.
fn phases() -> Vec<Hanging> {
    let encrypted =
        |hanging: Hanging, encryption| Hanging { behaviour: hanging.behaviour.encryption(encryption), ..hanging };
    let in_steps = |hanging: Hanging| Hanging { behaviour: hanging.behaviour.without("PIPELINING"), ..hanging };
    let login = hanging("login", Stage::Auth, "AUTH PLAIN");
    vec![
        hanging("greeting", Stage::Greeting, ""),
        hanging("EHLO", Stage::Ehlo, "EHLO"),
        Hanging {
            scheme: "smtps",
            ..encrypted(hanging("TLS", Stage::Tls, ""), Encryption::Implicit(Certificate::Good))
        },
        Hanging {
            query: "?starttls=required",
            ..encrypted(hanging("STARTTLS", Stage::StartTls, "STARTTLS"), Encryption::StartTls(Certificate::Good))
        },
        Hanging {
            query: "?starttls=required",
            ..encrypted(hanging("TLS after STARTTLS", Stage::Tls, "STARTTLS"), Encryption::StartTls(Certificate::Good))
        },
        Hanging { behaviour: login.behaviour.credentials("anna", "secret"), ..login },
        hanging("MAIL", Stage::Mail, "MAIL"),
        hanging("RCPT", Stage::Rcpt, "RCPT"),
        hanging("DATA", Stage::Data, "DATA"),
        in_steps(hanging("MAIL in steps", Stage::Mail, "MAIL")),
        in_steps(hanging("RCPT in steps", Stage::Rcpt, "RCPT")),
        in_steps(hanging("DATA in steps", Stage::Data, "DATA")),
        hanging("body", Stage::Body, "DATA"),
    ]
}

fn patient(url: &str, journal: &std::path::Path) -> Config {
    // Ended by the engine's stop at the latest, so only the goodbye may be short.
    Config { timeouts: Timeouts { quit: Duration::from_millis(100), ..Timeouts::all(NEVER) }, ..config(url, journal) }
}

async fn claimed(db: &Db) -> i64 {
    let sql = "SELECT count(*) FROM deliveries WHERE state = 'leased'";
    db.fetch_one::<(i64,)>(sql, &[]).await.unwrap().0
}

/// A mailing that hangs at a server, and the engine that waits for it.
async fn caught_hanging(db: &Db, anna: &Actor, hanging: &Hanging) -> (FaultServer, Running, MailingId) {
    let server = FaultServer::start(hanging.behaviour.clone()).await.unwrap();
    let login = if hanging.phase == "login" { "anna:secret@" } else { "" };
    let url = format!("{}://{login}localhost:{}{}", hanging.scheme, server.address().port(), hanging.query);
    let journal = tempfile::tempdir().unwrap();
    let config = Config { tls: Tls::with_extra_roots([server.root()]).unwrap(), ..patient(&url, journal.path()) };
    let engine = start_with(db, Arc::new(SystemClock), config).await;
    // A body of five megabytes, which the sockets' buffers do not hold.
    let words = if hanging.phase == "body" { "слово ".repeat(166_000) } else { "Hello".to_owned() };
    let mailing = sending_of(db, anna, &words).await;
    until(hanging.phase, || async {
        let heard = server.commands().iter().any(|line| line.starts_with(hanging.last));
        let reached = if hanging.last.is_empty() { server.connections() > 0 } else { heard };
        (reached && claimed(db).await > 0).then_some(())
    })
    .await;
    (server, Running::new(engine, journal), mailing)
}

async fn until_cancelled(db: &Db, actor: &Actor, mailing: MailingId, phase: &str) {
    let over = until(phase, || async { newest(db, actor, mailing).await.filter(|run| run.state.is_final()) }).await;
    assert_eq!(over.state, RunState::Cancelled, "{phase}");
    assert_eq!((over.counts.sent, over.counts.unknown), (0, 0), "{phase}");
    assert_eq!(over.counts.cancelled, over.counts.recipients, "{phase}");
}

databases! {
    async fn cancelling_does_not_wait_for_a_server_that_hangs(db: Db) {
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        for hanging in phases() {
            let (server, engine, mailing) = caught_hanging(&db, &anna, &hanging).await;
            let run = newest(&db, &anna, mailing).await.unwrap().id;
            assert_eq!(control::cancel(&db, &anna, run, SystemClock.now()).await.unwrap(), Controlled::Done);
            until_cancelled(&db, &anna, mailing, hanging.phase).await;
            engine.stop().await;
            assert_eq!(server.accepted().len(), 0, "{}", hanging.phase);
        }
        assert_figures_agree(&db).await;
    }

    async fn pausing_and_disabling_do_not_wait_either(db: Db) {
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        let (server, engine, mailing) = caught_hanging(&db, &anna, &hanging("RCPT", Stage::Rcpt, "RCPT")).await;
        let run = newest(&db, &anna, mailing).await.unwrap().id;
        assert_eq!(control::pause(&db, &anna, run, SystemClock.now()).await.unwrap(), Controlled::Done);
        until("everything is given back", || async { (claimed(&db).await == 0).then_some(()) }).await;
        let paused = newest(&db, &anna, mailing).await.unwrap();
        assert_eq!((paused.state, paused.counts.attempts()), (RunState::Paused, 0));

        // The connections are free for what comes next.
        server.behave(Behaviour::good());
        control::resume(&db, &anna, run).await.unwrap();
        let over = common::until_over(&db, &anna, mailing).await;
        assert_eq!((over.counts.sent, over.counts.attempts()), (20, 20));
        engine.stop().await;

        let (_server, engine, mailing) = caught_hanging(&db, &anna, &hanging("DATA", Stage::Data, "DATA")).await;
        control::disable(&db, &anna, mailing, "", SystemClock.now()).await.unwrap();
        until_cancelled(&db, &anna, mailing, "disabled").await;
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn cancelling_does_not_wait_for_a_connection(db: Db) {
        // Nobody accepts, and once the queue is full, the system ignores whoever knocks.
        let (listener, _waiting) = full_listener().await;
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 20).await;
        let journal = tempfile::tempdir().unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let engine = start_with(&db, Arc::new(SystemClock), patient(&url, journal.path())).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("it is claimed", || async { (claimed(&db).await > 0).then_some(()) }).await;
        let run = newest(&db, &anna, mailing).await.unwrap().id;
        control::cancel(&db, &anna, run, SystemClock.now()).await.unwrap();
        until_cancelled(&db, &anna, mailing, "connecting").await;
        engine.stop().await;
        assert_figures_agree(&db).await;
    }

    async fn a_message_that_rides_along_is_given_back_while_the_other_hangs(db: Db) {
        // One connection; the first message of it hangs after its dot, and the other run's waits behind it.
        let behaviour = Behaviour::good()
            .on(Stage::Greeting, Action::Delay(Duration::from_millis(500)))
            .on_if(Stage::Dot, |event: &Event| number_of(event) == 1, Action::Silence);
        let server = FaultServer::start(behaviour).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 1).await;
        let boris = someone_else(&db, "boris").await;
        common::add_recipients_at(&db, &boris, "example.net", 1).await;
        let journal = tempfile::tempdir().unwrap();
        let config = Config { connections: 1, ..patient(&server.url(), journal.path()) };
        let hers = sending(&db, &anna, "hold").await;
        let his = sending(&db, &boris, "hold").await;
        let engine = start_with(&db, Arc::new(SystemClock), config).await;
        until("the first hangs", || async {
            (server.commands().iter().any(|line| line == "<text>") && claimed(&db).await == 2).then_some(())
        })
        .await;
        // Whichever was first has been handed over; the other one has not.
        let first_is_hers = server.commands().iter().any(|line| line.contains("r1@example.org"));
        let (other, waiting) = if first_is_hers { (&boris, his) } else { (&anna, hers) };
        let run = newest(&db, other, waiting).await.unwrap().id;
        control::cancel(&db, other, run, SystemClock.now()).await.unwrap();
        until_cancelled(&db, other, waiting, "riding along").await;
        assert_eq!(claimed(&db).await, 1, "the other one waits for its answer");
        engine.stop().await;
    }
}

async fn full_listener() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the queue never fills");
    }
    (listener, waiting)
}
