//! Letters of the service itself. They are written here, in the person's language, and put into the store's queue;
//! the engine sends them.

use minijinja::context;
use tracing::Instrument;
use url::Url;
use vestnik_model::{
    EmailAddress, UnixMillis,
    id::UserId,
    recipient::address,
    secret::{Random, new_key},
    user::{Language, User},
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
    /// Prove it again: so far only the catcher has seen it.
    ConfirmAgain,
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
    /// Prove that the address that you want is yours.
    NewAddress,
    /// Your account wants another address.
    AddressWanted,
    /// Another account wanted yours.
    AddressTaken,
    /// Your account has another address.
    AddressChanged,
    /// Your account is deleted.
    Goodbye,
    /// Someone wrote on the contacts page.
    Feedback,
    /// Many have.
    FeedbackMore,
    /// Someone answers what you wrote there.
    FeedbackAnswer,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::Confirm,
        Self::ConfirmAgain,
        Self::Recover,
        Self::Exists,
        Self::Invite,
        Self::Blocked,
        Self::FactorOn,
        Self::FactorOff,
        Self::FactorReset,
        Self::NewAddress,
        Self::AddressWanted,
        Self::AddressTaken,
        Self::AddressChanged,
        Self::Goodbye,
        Self::Feedback,
        Self::FeedbackMore,
        Self::FeedbackAnswer,
    ];

    /// The name: in the queue, and in the ids of its sentences (`letter-{name}-…`).
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::ConfirmAgain => "confirm-again",
            Self::Recover => "recover",
            Self::Exists => "exists",
            Self::Invite => "invite",
            Self::Blocked => "blocked",
            Self::FactorOn => "factor-on",
            Self::FactorOff => "factor-off",
            Self::FactorReset => "factor-reset",
            Self::NewAddress => "new-address",
            Self::AddressWanted => "address-wanted",
            Self::AddressTaken => "address-taken",
            Self::AddressChanged => "address-changed",
            Self::Goodbye => "goodbye",
            Self::Feedback => "feedback",
            Self::FeedbackMore => "feedback-more",
            Self::FeedbackAnswer => "feedback-answer",
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

/// What a letter speaks of besides its reader; what is empty is left out.
#[derive(Debug, Default)]
pub(crate) struct About<'a> {
    /// An own path to follow.
    pub(crate) path: &'a str,
    /// Why it is sent, where someone has given a reason.
    pub(crate) reason: &'a str,
    /// Another address than the reader's, or whoever it is about.
    pub(crate) other: &'a str,
    /// What the subject line speaks of.
    pub(crate) topic: &'a str,
    /// What a person says in it, in lines.
    pub(crate) words: &'a str,
    /// What that answers, in lines.
    pub(crate) quote: &'a str,
}

/// To whom a letter speaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    pub(crate) language: Language,
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
}

impl<'a> Reader<'a> {
    fn of(user: &'a User) -> Self {
        Self { language: user.language, name: &user.name, email: &user.email }
    }
}

/// A letter that waits to be put into the queue.
#[derive(Debug)]
pub(crate) struct Composed {
    user: UserId,
    kind: Kind,
    recipient: EmailAddress,
    recipient_name: String,
    written: Written,
    key: String,
}

impl Composed {
    pub(crate) fn as_new(&self) -> NewLetter<'_> {
        NewLetter {
            user: self.user,
            kind: self.kind.name(),
            recipient: &self.recipient,
            recipient_name: &self.recipient_name,
            subject: &self.written.subject,
            text: &self.written.text,
            html: &self.written.html,
            key: &self.key,
        }
    }
}

/// From where a letter comes.
struct Origin<'a> {
    /// What the service calls itself, as it stands in a sentence.
    service: &'a str,
    /// Where it is.
    host: &'a str,
    /// The whole address of what the letter leads to.
    link: &'a str,
}

/// Puts a letter into words, in the language of its reader.
fn write(kind: Kind, reader: &Reader<'_>, origin: &Origin<'_>, about: &About<'_>) -> Result<Written, Error> {
    let language = reader.language;
    let words = [("topic", about.topic.into()), ("service", origin.service.into())];
    let subject = i18n::text(language, &format!("letter-{}-subject", kind.name()), &words);
    let context = context! {
        kind => kind.name(),
        language => language.as_str(),
        subject => &subject,
        name => reader.name,
        email => reader.email,
        other => about.other,
        service => origin.service,
        link => origin.link,
        host => origin.host,
        reason => about.reason,
        words => about.words,
        quote => about.quote,
        quoted => about.quote.lines().map(|line| format!("> {line}\n")).collect::<String>(),
    };
    Ok(Written {
        subject,
        text: page::render(language, "letters/letter.txt", context.clone())?,
        html: page::render(language, "letters/letter.html", context)?,
    })
}

/// What it takes to queue a letter.
pub struct Post<'a> {
    /// Whose queue.
    pub db: &'a Db,
    /// What the service calls itself; empty: by its own name.
    pub service: String,
    /// Where people reach it.
    pub base_url: &'a Url,
    /// For the letter's key.
    pub random: &'a dyn Random,
    /// The time now.
    pub now: UnixMillis,
}

impl<'a> Post<'a> {
    pub(crate) async fn of(app: &'a AppState) -> Result<Self, Error> {
        let service = app.installation().await?.name.clone();
        let base_url = &app.settings.base_url;
        Ok(Self { db: &app.db, service, base_url, random: &*app.random, now: app.now() })
    }

    /// Queues a letter to a person, with a link to an own path.
    pub async fn send(&self, kind: Kind, user: &User, path: &str) -> Result<(), Error> {
        self.queue(kind, user, &About { path, ..About::default() }).await
    }

    async fn queue(&self, kind: Kind, user: &User, about: &About<'_>) -> Result<(), Error> {
        let letter = self.compose_for(kind, user, about)?;
        letters::enqueue(self.db, &letter.as_new(), self.now).await?;
        Ok(())
    }

    /// Writes a letter to a person at an address, to be queued together with what it tells of.
    pub(crate) fn compose(
        &self,
        kind: Kind,
        user: &User,
        to: EmailAddress,
        about: &About<'_>,
    ) -> Result<Composed, Error> {
        self.compose_to(kind, user.id, &Reader::of(user), to, about)
    }

    /// Writes a letter to a person at their own address.
    pub(crate) fn compose_for(&self, kind: Kind, user: &User, about: &About<'_>) -> Result<Composed, Error> {
        self.compose(kind, user, own_address(user)?, about)
    }

    /// Writes a letter in a person's name to someone who need not have an account.
    pub(crate) fn compose_to(
        &self,
        kind: Kind,
        by: UserId,
        reader: &Reader<'_>,
        to: EmailAddress,
        about: &About<'_>,
    ) -> Result<Composed, Error> {
        let host = self.base_url.host_str().unwrap_or_default();
        let link = if about.path.is_empty() { String::new() } else { link(self.base_url, about.path) };
        let service = &i18n::quoted_service(reader.language, &self.service);
        Ok(Composed {
            user: by,
            kind,
            recipient: to,
            recipient_name: reader.name.to_owned(),
            written: write(kind, reader, &Origin { service, host, link: &link }, about)?,
            key: new_key(self.random, 12),
        })
    }
}

/// The address of an account.
pub(crate) fn own_address(user: &User) -> Result<EmailAddress, Error> {
    address(&user.email)
        .map_err(|problem| Error::internal(format!("user {} has no usable address: {}", user.id, problem.id)))
}

/// Queues a letter to a person, with a link to an own path.
pub(crate) async fn send(app: &AppState, kind: Kind, user: &User, path: &str) -> Result<(), Error> {
    Post::of(app).await?.send(kind, user, path).await
}

/// Queues the letter that tells someone that they are blocked, and why.
pub(crate) async fn send_blocked(app: &AppState, user: &User, reason: &str) -> Result<(), Error> {
    Post::of(app).await?.queue(Kind::Blocked, user, &About { path: "/login", reason, ..About::default() }).await
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
