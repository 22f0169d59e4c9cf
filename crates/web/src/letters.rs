//! Letters of the service itself. They are written here, in the person's language, and put into the store's queue;
//! the engine sends them.

use minijinja::context;
use tracing::Instrument;
use vestnik_model::{recipient::address, secret::new_key, user::User};
use vestnik_store::letters::{self, NewLetter};

use crate::{error::Error, i18n, page, state::AppState};

/// What a letter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Prove that the address is yours.
    Confirm,
    /// Set a new password.
    Recover,
    /// Someone tried to register with an address that has an account.
    Exists,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Confirm, Self::Recover, Self::Exists];

    /// The name: in the queue, and in the ids of its sentences (`letter-{name}-…`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Recover => "recover",
            Self::Exists => "exists",
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

/// Puts a letter into words, in the language of its reader. `link` is the whole address, `host` names this service.
pub(crate) fn write(kind: Kind, user: &User, link: &str, host: &str) -> Result<Written, Error> {
    let language = user.language;
    let context = context! {
        kind => kind.name(),
        language => language.as_str(),
        name => &user.name,
        email => &user.email,
        link => link,
        host => host,
    };
    Ok(Written {
        subject: i18n::text(language, &format!("letter-{}-subject", kind.name()), &[]),
        text: page::render(language, "letters/letter.txt", context.clone())?,
        html: page::render(language, "letters/letter.html", context)?,
    })
}

/// Queues a letter to a person, with a link to an own path.
pub(crate) async fn send(app: &AppState, kind: Kind, user: &User, path: &str) -> Result<(), Error> {
    let host = app.settings.base_url.host_str().unwrap_or_default();
    let written = write(kind, user, &app.settings.link(path), host)?;
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
        key: &new_key(&*app.random, 12),
    };
    letters::enqueue(&app.db, &letter, app.now()).await?;
    Ok(())
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
