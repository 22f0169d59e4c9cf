//! What every handler can reach: the database, the clock, the settings, and the brakes.

use std::{
    ops::Deref,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, watch},
    time::Instant,
};
use url::Url;
use vestnik_cache::Cache;
use vestnik_model::{Clock, Installation, UnixMillis, mail_server::DEFAULT_FROM, secret::Random};
use vestnik_store::{Db, installation};

use crate::{
    blog::views::Views, concurrency::ConcurrencyLimits, counts::KnownCounts, delays::Delays, measures::Measures,
    media::Media, password::Passwords, render_pool::RenderPool, trial::TryMail, worker_pool::WorkerPool,
};

/// Articles that may wait to be rendered; more are refused.
const ARTICLES: usize = 32;
/// Archives that are made at once.
const ARCHIVES: usize = 4;
/// How long the settings of the installation are as good as new. Another process changes them now and then.
const FRESH: Duration = Duration::from_secs(1);

/// Settings of the web interface.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where people reach the service, for links in letters and for the origin check: `https://mail.example.org/`.
    /// With `https` cookies are `Secure`.
    pub base_url: Url,
    /// What the process was started with, and administrators cannot change on a page.
    pub mail: FixedMail,
    /// Whether a proxy of ours stands in front and appends the visitor's address to `X-Forwarded-For`.
    /// False means: the peer's own address counts, and the header is ignored (anyone could write it).
    pub behind_proxy: bool,
    /// Whether browsers are told to reach all hosts below ours by HTTPS alone, too.
    pub hsts_subdomains: bool,
    /// How many passwords are hashed at once; each takes 19 MiB and a core for some 30 ms.
    pub password_hashes_at_once: usize,
    /// Folder for files that are being received; it exists. They have no name there and vanish with the process.
    pub data_dir: PathBuf,
    /// How long "send now" can be undone.
    pub undo_delay: Duration,
}

/// The part of the mail settings that the process was started with.
#[derive(Debug, Clone, Default)]
pub struct FixedMail {
    /// The mail server, as it may be shown: without its password.
    pub server: Option<String>,
    /// Whether all mail goes into the catcher, whatever is set.
    pub catch_all: bool,
    /// What mail comes from: an address, or `Name <address>`.
    pub from: Option<String>,
}

impl Settings {
    /// Whether mail goes to the built-in catcher and not out into the world: pages say so, and the catcher's page is
    /// there.
    pub fn catches(&self, installation: &Installation) -> bool {
        self.mail.catch_all || self.mail.server.is_none() && installation.smtp_url.is_empty()
    }

    /// Whether the mail server that is set can not be used: its password was encrypted with a key that is lost.
    pub fn mail_locked(&self, installation: &Installation) -> bool {
        installation.mail_password_unreadable && !self.mail.catch_all && self.mail.server.is_none()
    }

    /// What mailings are sent from: an address, or `Name <address>` where the name is the same for all users.
    pub fn mail_from(&self, installation: &Installation) -> String {
        let stored = Some(&installation.mail_from).filter(|from| !from.is_empty());
        self.mail.from.as_ref().or(stored).map_or_else(|| DEFAULT_FROM.to_owned(), Clone::clone)
    }

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
    /// Renders users' messages.
    pub renders: RenderPool,
    /// Renders articles.
    pub(crate) articles: WorkerPool,
    /// What stands beside the entries of the navigation.
    pub counts: KnownCounts,
    /// Turns to compress archives.
    pub(crate) archives: Arc<Semaphore>,
    /// How often articles were read since a moment ago.
    pub(crate) views: Views,
    /// Tries mail servers out.
    pub trial: Arc<dyn TryMail>,
    /// Limits on what each user has in progress.
    pub(crate) concurrency: ConcurrencyLimits,
    /// Scheduling delays of this process.
    pub delays: Delays,
    /// What is measured of pages.
    pub measures: Measures,
    installation: RwLock<Option<(Instant, Arc<Installation>)>>,
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
        trial: Arc<dyn TryMail>,
        settings: Settings,
    ) -> Self {
        let passwords = Passwords::new(settings.password_hashes_at_once, random.clone());
        let closing = watch::Sender::new(false);
        let counts = KnownCounts::default();
        let installation = RwLock::default();
        Self(Arc::new(Parts {
            db,
            clock,
            random,
            media,
            settings,
            cache,
            passwords,
            renders: RenderPool::default(),
            articles: WorkerPool::new("articles", 1, ARTICLES),
            counts,
            archives: Arc::new(Semaphore::new(ARCHIVES)),
            views: Views::default(),
            trial,
            concurrency: ConcurrencyLimits::default(),
            delays: Delays::default(),
            measures: Measures::default(),
            installation,
            closing,
        }))
    }

    /// The settings of the installation, as they are or were a second ago.
    pub(crate) async fn installation(&self) -> Result<Arc<Installation>, vestnik_store::Error> {
        let known = self.known_installation();
        if let Some((_, installation)) = known.filter(|(read_at, _)| read_at.elapsed() < FRESH) {
            return Ok(installation);
        }
        let read_at = Instant::now();
        let installation = Arc::new(installation::read(&self.db).await?);
        *self.installation.write().unwrap_or_else(PoisonError::into_inner) = Some((read_at, installation.clone()));
        Ok(installation)
    }

    /// Has the settings read anew at the next look.
    pub(crate) fn forget_installation(&self) {
        *self.installation.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The settings as they were read last.
    pub(crate) fn known_installation(&self) -> Option<(Instant, Arc<Installation>)> {
        self.installation.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends the streams of progress, which would otherwise keep a service that is stopping from coming to its end.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Becomes true when the service is stopping.
    pub fn closing(&self) -> watch::Receiver<bool> {
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
