//! Puts an engine together from the settings: with the mail server that is configured, or with the built-in catcher; and
//! puts another one in its place when administrators change the mail server.

mod route;
pub mod trial;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use vestnik_engine::catcher::Keeper;
use vestnik_engine::lock::SenderLock;
use vestnik_engine::{Config, Engine, Measures};
use vestnik_mail::catcher::{self, Limits};
use vestnik_mail::relay::{Relay, Tls};
use vestnik_mail::session::Timeouts;
use vestnik_model::clock::{Clock as _, SystemClock};
use vestnik_model::secret::SystemRandom;
use vestnik_store::{Db, installation, outages};

pub use self::route::Route;
use crate::config::{DataArgs, MailArgs};
use crate::failure::Failure;

/// How long a change of the settings may go unseen when nobody has called: on SQLite another process makes it.
const LOOK: Duration = Duration::from_secs(5);
/// How long after a failure the next try is.
const PAUSE: Duration = Duration::from_secs(2);
/// How often the turn to send is tried for again, and how long after the last time: half a second in all.
const TRIES: u32 = 10;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Keeps an engine running.
pub struct Sending {
    stop: watch::Sender<bool>,
    keeper: JoinHandle<()>,
    /// What is measured, whichever engine runs.
    pub measures: Measures,
}

/// Whether this process is the one that sends.
pub enum Turn {
    /// It is. On PostgreSQL always: several processes share the work.
    Ours(Option<SenderLock>),
    /// Another process sends from the same data folder.
    Anothers,
}

/// Takes the turn to send from this installation.
pub fn turn(db: &Db, data: &DataArgs) -> Result<Turn, Failure> {
    if !db.is_embedded() {
        return Ok(Turn::Ours(None));
    }
    let folder = data.home();
    let lock = SenderLock::take(&folder)
        .map_err(|error| Failure::failed(format!("the data folder {} cannot be locked: {error}", folder.display())))?;
    Ok(lock.map_or(Turn::Anothers, |lock| Turn::Ours(Some(lock))))
}

/// The turn to send, or the failure that says who has it.
pub async fn claim_turn(db: &Db, data: &DataArgs) -> Result<Option<SenderLock>, Failure> {
    let mut tries = 0;
    loop {
        match turn(db, data)? {
            Turn::Ours(lock) => return Ok(lock),
            // `vestnik doctor` takes it for a moment, to see whether anybody has it.
            Turn::Anothers if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            Turn::Anothers => break,
        }
    }
    Err(Failure::failed(format!(
        "another vestnik process is running on the data folder {}; with an embedded database there can be one",
        data.home().display()
    )))
}

impl Sending {
    /// Starts the engine on the current runtime.
    pub async fn start(db: Db, data: &DataArgs, mail: &MailArgs, lock: Option<SenderLock>) -> Result<Self, Failure> {
        let route = Route::find(mail, &installation::read(&db).await?)?;
        let measures = Measures::default();
        let running = Running::unless_locked(&db, data, mail, &route, &measures).await?;
        let (stop, stopped) = watch::channel(false);
        let keeper = Engines {
            db,
            data: data.clone(),
            mail: mail.clone(),
            measures: measures.clone(),
            route,
            running,
            stop: stopped,
            _lock: lock,
        };
        Ok(Self { stop, keeper: tokio::spawn(keeper.keep()), measures })
    }

    /// Stops within ten seconds; see [`Engine::stop`].
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.keeper.await {
            tracing::error!(%error, "the engine did not come to a good end");
        }
    }
}

/// The engine that runs, and the settings it was made of.
struct Engines {
    db: Db,
    data: DataArgs,
    mail: MailArgs,
    measures: Measures,
    route: Route,
    running: Option<Running>,
    stop: watch::Receiver<bool>,
    // Until the last engine has stopped.
    _lock: Option<SenderLock>,
}

impl Engines {
    /// Whether it is to stop. That nobody is left who could say so says so, too.
    fn is_over(&self) -> bool {
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Runs until the process stops.
    async fn keep(mut self) {
        while !self.is_over() {
            let db = self.db.clone();
            let called = db.signals().settings.notified();
            let pause = match self.follow().await {
                Ok(()) => LOOK,
                Err(failure) => {
                    tracing::error!(%failure, "the settings of the mail server cannot be followed");
                    PAUSE
                }
            };
            tokio::select! {
                () = called => {}
                () = tokio::time::sleep(pause) => {}
                _ = self.stop.wait_for(|stop| *stop) => {}
            }
        }
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }

    /// Puts another engine in the place of the one that runs, if mail is to go another way. What is on its way is
    /// finished first; what is not yet goes the new way.
    async fn follow(&mut self) -> Result<(), Failure> {
        let route = Route::find(&self.mail, &installation::read(&self.db).await?)?;
        if route == self.route && (self.running.is_some() || route.locked.is_some()) {
            return Ok(());
        }
        if let Some(running) = self.running.take() {
            tracing::info!("the mail server was changed to {route}");
            let server = running.server.clone();
            running.stop().await;
            // Nobody asks it any more, so nobody would see it recover.
            if let Err(error) = outages::end(&self.db, &server, SystemClock.now()).await {
                tracing::warn!(%error, server, "could not end the outage of the mail server of before");
            }
        }
        self.route = route;
        if !self.is_over() {
            let Self { db, data, mail, route, measures, .. } = &*self;
            self.running = Running::unless_locked(db, data, mail, route, measures).await?;
        }
        Ok(())
    }
}

/// A running engine with what it stands on.
struct Running {
    engine: Engine,
    /// The mail server, as the table of outages names it.
    server: String,
    catcher: Option<watch::Sender<bool>>,
}

impl Running {
    /// None while the mail server's password cannot be decrypted: pages say so, and entering it anew starts one.
    async fn unless_locked(
        db: &Db,
        data: &DataArgs,
        mail: &MailArgs,
        route: &Route,
        measures: &Measures,
    ) -> Result<Option<Self>, Failure> {
        if route.locked.is_some() {
            tracing::error!("nothing is sent: {route}; enter it anew in the settings of the service");
            return Ok(None);
        }
        Self::start(db, data, mail, route, measures).await.map(Some)
    }

    async fn start(
        db: &Db,
        data: &DataArgs,
        mail: &MailArgs,
        route: &Route,
        measures: &Measures,
    ) -> Result<Self, Failure> {
        let (relay, catcher) = match &route.relay {
            Some(relay) => (relay.clone(), None),
            None => {
                let (relay, stop) = start_catcher(db.clone()).await?;
                (relay, Some(stop))
            }
        };
        let server = relay.server();
        let config = Config {
            measures: measures.clone(),
            relay,
            tls: Tls::system(),
            hello: mail.hello()?,
            timeouts: Timeouts::default(),
            connections: usize::from(mail.smtp_connections),
            from: route.from.clone(),
            from_name_fixed: route.from_name_fixed,
            limits: mail.limits(),
            retry: mail.retry(),
            journal: data.home().join("journal"),
            longest_rendering: vestnik_engine::config::LONGEST_RENDERING,
            render_check: render_check(),
            poll: mail.scheduler_poll,
            lease: mail.node_lease,
            journal_kept: mail.journal_kept,
        };
        let engine = Engine::start(db.clone(), Arc::new(SystemClock), Arc::new(SystemRandom), config).await?;
        Ok(Self { engine, server, catcher })
    }

    async fn stop(self) {
        self.engine.stop().await;
        if let Some(catcher) = self.catcher {
            let _ = catcher.send(true);
        }
    }
}

/// This program, for the engine to run its hidden command.
fn render_check() -> Option<PathBuf> {
    std::env::current_exe()
        .inspect_err(|error| tracing::warn!(%error, "could not find this program; crashes are not looked into"))
        .ok()
}

/// The built-in catcher on a free port of loopback.
async fn start_catcher(db: Db) -> Result<(Relay, watch::Sender<bool>), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("smtp://{}?starttls=off", listener.local_addr()?);
    let relay = Relay::parse(&url).map_err(|error| Failure::failed(error.to_string()))?;
    let keeper = Arc::new(Keeper::start(db, Arc::new(SystemClock)));
    let (stop, mut stopped) = watch::channel(false);
    tokio::spawn(catcher::serve(listener, keeper, Limits::default(), async move {
        // The sender being gone means that the process stops, too.
        let _ = stopped.wait_for(|stop| *stop).await;
    }));
    Ok((relay, stop))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::installation as installed;

    #[tokio::test(flavor = "multi_thread")]
    async fn an_engine_that_nobody_can_stop_any_more_stops() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().display().to_string();
        let line = ["vestnik", "worker", "--data-dir", &data_dir];
        let Command::Worker(args) = Cli::try_parse_from(line).unwrap().command else { panic!("another command") };
        let db = installed::open(&args.data).await.unwrap();
        let lock = claim_turn(&db, &args.data).await.unwrap();
        let sending = Sending::start(db.clone(), &args.data, &args.mail, lock).await.unwrap();
        assert!(matches!(turn(&db, &args.data).unwrap(), Turn::Anothers));
        drop(sending);
        let stopped = async {
            while matches!(turn(&db, &args.data).unwrap(), Turn::Anothers) {
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), stopped).await.expect("it stops");
        let (nodes,): (i64,) = db.fetch_one("SELECT count(*) FROM nodes", &[]).await.unwrap();
        assert_eq!(nodes, 0, "it has said farewell");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_only_looks_whether_someone_sends_keeps_nobody_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().display().to_string();
        let line = ["vestnik", "worker", "--data-dir", &data_dir];
        let Command::Worker(args) = Cli::try_parse_from(line).unwrap().command else { panic!("another command") };
        let db = installed::open(&args.data).await.unwrap();
        let Turn::Ours(looking) = turn(&db, &args.data).unwrap() else { panic!("nobody sends") };
        let (waiting, _) = tokio::join!(claim_turn(&db, &args.data), async {
            tokio::time::sleep(BETWEEN_TRIES * 2).await;
            drop(looking);
        });
        let held = waiting.unwrap();
        let said = claim_turn(&db, &args.data).await.err().unwrap().to_string();
        assert!(said.contains("another vestnik process"), "{said}");
        drop(held);
    }
}
