//! Puts an engine together from the settings: with the mail server that is configured, or with the built-in catcher.

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use vestnik_engine::catcher::Keeper;
use vestnik_engine::lock::SenderLock;
use vestnik_engine::{Config, Engine};
use vestnik_mail::address::EmailAddress;
use vestnik_mail::catcher::{self, Limits};
use vestnik_mail::message::{HeaderText, Mailbox};
use vestnik_mail::relay::{Relay, Tls};
use vestnik_mail::session::{Hello, Timeouts};
use vestnik_model::clock::SystemClock;
use vestnik_model::secret::SystemRandom;
use vestnik_store::Db;

use crate::config::{DataArgs, MailArgs};
use crate::failure::Failure;

/// A running engine with what it stands on.
pub struct Sending {
    engine: Engine,
    catcher: Option<watch::Sender<bool>>,
    _lock: Option<SenderLock>,
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
pub fn claim_turn(db: &Db, data: &DataArgs) -> Result<Option<SenderLock>, Failure> {
    match turn(db, data)? {
        Turn::Ours(lock) => Ok(lock),
        Turn::Anothers => Err(Failure::failed(format!(
            "another vestnik process is running on the data folder {}; with an embedded database there can be one",
            data.home().display()
        ))),
    }
}

impl Sending {
    /// Starts the engine on the current runtime.
    pub async fn start(db: Db, data: &DataArgs, mail: &MailArgs, lock: Option<SenderLock>) -> Result<Self, Failure> {
        let (relay, catcher) = match mail.relay()? {
            Some(relay) => (relay, None),
            None => {
                let (relay, stop) = start_catcher(db.clone()).await?;
                (relay, Some(stop))
            }
        };
        let (from, from_name_fixed) = mail_from(&mail.mail_from)?;
        let config = Config {
            relay,
            tls: Tls::system(),
            hello: Hello::default(),
            timeouts: Timeouts::default(),
            connections: usize::from(mail.smtp_connections),
            from,
            from_name_fixed,
            limits: mail.limits(),
            retry: mail.retry(),
            journal: data.home().join("journal"),
            poll: mail.scheduler_poll,
            lease: mail.node_lease,
        };
        let engine = Engine::start(db, Arc::new(SystemClock), Arc::new(SystemRandom), config).await?;
        Ok(Self { engine, catcher, _lock: lock })
    }

    /// Stops within ten seconds; see [`Engine::stop`].
    pub async fn stop(self) {
        self.engine.stop().await;
        if let Some(catcher) = self.catcher {
            let _ = catcher.send(true);
        }
    }
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

/// Reads `address` or `Name <address>`; whether it has a name.
pub fn mail_from(text: &str) -> Result<(Mailbox, bool), Failure> {
    let wrong = |error: String| Failure::misused(format!("--mail-from {text:?}: {error}"));
    let parse = |address: &str| EmailAddress::parse(address).map_err(|error| wrong(error.to_string()));
    let named = text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    let Some((name, address)) = named else { return Ok((Mailbox::new(parse(text)?), false)) };
    let name = name.trim().trim_matches('"').trim();
    let header = HeaderText::new(name).map_err(|error| wrong(error.to_string()))?;
    Ok((Mailbox::named(header, parse(address)?), !name.is_empty()))
}
