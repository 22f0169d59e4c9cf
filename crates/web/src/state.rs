//! What every handler can reach: the database, the clock, the settings, and the brakes.

use std::{ops::Deref, path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::watch;
use url::Url;
use vestnik_cache::Cache;
use vestnik_model::{Clock, UnixMillis, secret::Random};
use vestnik_store::Db;

use crate::{counts::KnownCounts, media::Media, password::Passwords};

/// Settings of the web interface.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach the service, for links in letters and for the origin check: `https://mail.example.org/`.
    /// With `https` cookies are `Secure`.
    pub base_url: Url,
    /// Whether mail goes to the built-in catcher and not out into the world: pages say so, and the catcher's page is there.
    pub catcher: bool,
    /// What mailings are sent from: an address, or `Name <address>` where the name is the same for all users.
    pub mail_from: String,
    /// Whether a proxy of ours stands in front and appends the visitor's address to `X-Forwarded-For`.
    /// False means: the peer's own address counts, and the header is ignored (anyone could write it).
    pub behind_proxy: bool,
    /// How many passwords are hashed at once; each takes 19 MiB and a core for some 30 ms.
    pub password_hashes_at_once: usize,
    /// Folder for files that are being received; it exists. They have no name there and vanish with the process.
    pub data_dir: PathBuf,
    /// How long "send now" can be undone.
    pub undo_delay: Duration,
}

impl Settings {
    /// Whether people come by HTTPS.
    pub fn https(&self) -> bool {
        self.base_url.scheme() == "https"
    }

    /// The origin of the base URL (RFC 6454), as browsers write it in `Origin`.
    pub fn origin(&self) -> String {
        self.base_url.origin().ascii_serialization()
    }

    /// An address for a letter, from an own path.
    pub fn link(&self, path: &str) -> String {
        link(&self.base_url, path)
    }
}

/// An address for a letter: the base URL with an own path (`/confirm/…`) behind it.
pub(crate) fn link(base_url: &Url, path: &str) -> String {
    format!("{}{path}", base_url.as_str().trim_end_matches('/'))
}

/// Everything handlers share. Cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

/// The parts of [`AppState`].
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The time; a test moves it.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from; a test repeats it.
    pub random: Arc<dyn Random>,
    /// Uploaded pictures.
    pub media: Media,
    /// Settings.
    pub settings: Settings,
    /// What was made once, and how often someone has tried; shared by nodes that share a Redis.
    pub cache: Cache,
    /// Hashing and checking passwords, a few at once.
    pub passwords: Passwords,
    /// What stands beside the entries of the navigation.
    pub counts: KnownCounts,
    closing: watch::Sender<bool>,
}

impl AppState {
    /// Puts the state together.
    pub fn new(
        db: Db,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        cache: Cache,
        media: Media,
        settings: Settings,
    ) -> Self {
        let passwords = Passwords::new(settings.password_hashes_at_once, random.clone());
        let closing = watch::Sender::new(false);
        let counts = KnownCounts::default();
        Self(Arc::new(Parts { db, clock, random, media, settings, cache, passwords, counts, closing }))
    }

    /// Ends the streams of progress, which would otherwise keep a service that is stopping from coming to its end.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the service is stopping.
    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// The time now.
    pub fn now(&self) -> UnixMillis {
        self.clock.now()
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}
