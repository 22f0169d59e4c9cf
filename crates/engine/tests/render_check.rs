//! A process that was ended while it rendered, where the check afterwards cannot tell whether a message was why.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::{add_recipients, attempts, config, newest, sending, someone, start_with, until, until_over};
use vestnik_engine::Config;
use vestnik_mail::faults::{Action, Behaviour, FaultServer, Stage};
use vestnik_model::clock::SystemClock;
use vestnik_model::run::RunState;
use vestnik_store::databases;
use vestnik_store::testing::assert_figures_agree;

/// A program in place of the child that checks, which is killed from outside as soon as it begins.
fn killed(folder: &Path) -> PathBuf {
    let path = folder.join("killed");
    std::fs::write(&path, "#!/bin/sh\nkill -9 $$\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

databases! {
    async fn what_cannot_be_told_pauses_nothing_and_counts_as_an_attempt(db: Db) {
        let server = FaultServer::start(Behaviour::good().on(Stage::Rcpt, Action::Silence)).await.unwrap();
        let anna = someone(&db).await;
        add_recipients(&db, &anna, 5).await;
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal");
        let settings = Config { connections: 1, ..config(&server.url(), &journal) };
        let engine = start_with(&db, Arc::new(SystemClock), settings.clone()).await;
        let mailing = sending(&db, &anna, "hold").await;
        until("a message is under way", async || {
            server.commands().iter().any(|line| line.starts_with("RCPT")).then_some(())
        })
        .await;
        // As a process that is killed: nothing is given back.
        drop(engine);

        server.behave(Behaviour::good());
        let checking = Config { render_check: Some(killed(folder.path())), ..settings };
        let journal_is_free = async || {
            let engine = start_with(&db, Arc::new(SystemClock), checking.clone()).await;
            let counted = newest(&db, &anna, mailing).await.is_some_and(|run| run.counts.attempts_failed > 0);
            if counted { Some(engine) } else { engine.stop().await; None }
        };
        let engine = until("the journal is replayed", journal_is_free).await;
        assert_ne!(newest(&db, &anna, mailing).await.unwrap().state, RunState::Paused);
        let over = until_over(&db, &anna, mailing).await;
        engine.stop().await;
        assert_figures_agree(&db).await;
        assert_eq!((over.counts.sent, over.counts.attempts_failed), (5, 1), "{:?}", over.counts);
        let failed: Vec<_> =
            attempts(&db, &anna, mailing).await.into_iter().filter(|attempt| !attempt.successful).collect();
        assert_eq!((failed.len(), failed[0].phase.as_str()), (1, "render"));
        assert_eq!(failed[0].error.problem().unwrap().id, "delivery-error-ended-while-rendered");
    }
}
