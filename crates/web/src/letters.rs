//! Letters of the service itself. They are written here, in the person's language, and put into the store's queue;
//! the engine sends them.

use minijinja::context;
use tracing::Instrument;
use url::Url;
use vestnik_model::{
    UnixMillis,
    recipient::address,
    secret::{Random, new_key},
    user::User,
};
use vestnik_store::{
    Db,
    letters::{self, NewLetter},
};

use crate::{
    error::Error,
    i18n, page,
    state::{AppState, link},
};

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prove that the address is yours.
    Confirm,
    /// Set a new password.
    Recover,
    /// Someone tried to register with an address that has an account.
    Exists,
    /// An administrator has made an account for you.
    Invite,
    /// You are blocked.
    Blocked,
    /// A second factor is asked for from now on.
    FactorOn,
    /// It no longer is.
    FactorOff,
    /// An administrator has switched it off.
    FactorReset,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Confirm,
        Self::Recover,
        Self::Exists,
        Self::Invite,
        Self::Blocked,
        Self::FactorOn,
        Self::FactorOff,
        Self::FactorReset,
    ];

    /// The name: in the queue, and in the ids of its sentences (`letter-{name}-…`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Recover => "recover",
            Self::Exists => "exists",
            Self::Invite => "invite",
            Self::Blocked => "blocked",
            Self::FactorOn => "factor-on",
            Self::FactorOff => "factor-off",
            Self::FactorReset => "factor-reset",
        }
    }
}

/// A letter in words.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

/// Puts a letter into words, in the language of its reader. `link` is the whole address, `host` names this service,
/// `reason` is why it is sent, where someone has given one.
pub(crate) fn write(kind: Kind, user: &User, link: &str, host: &str, reason: &str) -> Result<Written, Error> {
    let language = user.language;
    let context = context! {
        kind => kind.name(),
        language => language.as_str(),
        name => &user.name,
        email => &user.email,
        link => link,
        host => host,
        reason => reason,
    };
    Ok(Written {
        subject: i18n::text(language, &format!("letter-{}-subject", kind.name()), &[]),
        text: page::render(language, "letters/letter.txt", context.clone())?,
        html: page::render(language, "letters/letter.html", context)?,
    })
}

/// What it takes to queue a letter.
pub struct Post<'a> {
    /// Whose queue.
    pub db: &'a Db,
    /// Where people reach the service.
    pub base_url: &'a Url,
    /// For the letter's key.
    pub random: &'a dyn Random,
    /// The time now.
    pub now: UnixMillis,
}

impl<'a> Post<'a> {
    fn of(app: &'a AppState) -> Self {
        Self { db: &app.db, base_url: &app.settings.base_url, random: &*app.random, now: app.now() }
    }

    /// Queues a letter to a person, with a link to an own path.
    pub async fn send(&self, kind: Kind, user: &User, path: &str) -> Result<(), Error> {
        self.queue(kind, user, path, "").await
    }

    async fn queue(&self, kind: Kind, user: &User, path: &str, reason: &str) -> Result<(), Error> {
        let host = self.base_url.host_str().unwrap_or_default();
        let written = write(kind, user, &link(self.base_url, path), host, reason)?;
        let recipient = address(&user.email)
            .map_err(|problem| Error::internal(format!("user {} has no usable address: {}", user.id, problem.id)))?;
        let letter = NewLetter {
            user: user.id,
            kind: kind.name(),
            recipient: &recipient,
            recipient_name: &user.name,
            subject: &written.subject,
            text: &written.text,
            html: &written.html,
            key: &new_key(self.random, 12),
        };
        letters::enqueue(self.db, &letter, self.now).await?;
        Ok(())
    }
}

/// Queues a letter to a person, with a link to an own path.
pub(crate) async fn send(app: &AppState, kind: Kind, user: &User, path: &str) -> Result<(), Error> {
    Post::of(app).send(kind, user, path).await
}

/// Queues the letter that tells someone that they are blocked, and why.
pub(crate) async fn send_blocked(app: &AppState, user: &User, reason: &str) -> Result<(), Error> {
    Post::of(app).queue(Kind::Blocked, user, "/login", reason).await
}

/// Runs work that ends in a letter aside from the request, so that the answer takes as long whether there is an
/// account or not.
pub(crate) fn aside(work: impl Future<Output = Result<(), Error>> + Send + 'static) {
    let request = tracing::Span::current();
    tokio::spawn(
        async move {
            if let Err(error) = work.await {
                tracing::error!(?error, "a letter could not be queued");
            }
        }
        .instrument(request),
    );
}
