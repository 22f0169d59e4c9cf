//! What a run sends, compiled once, and the mail that it becomes for one recipient.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vestnik_mail::address::EmailAddress;
use vestnik_mail::message::{HeaderName, HeaderText, Mail, Mailbox, MessageId};
use vestnik_mail::session::Envelope;
use vestnik_model::delivery::message_id;
use vestnik_model::id::{MailingId, RunId, UserId};
use vestnik_model::mailing::UnknownPolicy;
use vestnik_model::problem::Problems;
use vestnik_model::template::{Content, Person, RenderLimits};
use vestnik_model::user::User;
use vestnik_model::{Problem, UnixMillis};
use vestnik_store::deliveries::Claimed;
use vestnik_store::runs::{OpenRun, RunMessage};

use crate::Config;
use crate::halt::HaltFlag;
use crate::refusals::Refusals;
use crate::render_budget::SLOW;
use crate::rendering::render;

/// What a run sends.
#[derive(Debug)]
pub struct RunContent {
    /// Which run.
    pub id: RunId,
    /// Whose it is.
    pub owner: UserId,
    /// Which mailing fired.
    pub mailing: MailingId,
    /// What becomes of its deliveries of unknown fate.
    pub on_unknown: UnknownPolicy,
    halted: HaltFlag,
    /// What the server refuses of it.
    pub refusals: Refusals,
    /// Nothing is sent at or after this.
    pub ends_at: Option<UnixMillis>,
    key: String,
    mail_domain: String,
    /// Stands in each mail's `Date`: the run's beginning, so that a retry gives the same bytes.
    date: UnixMillis,
    from: Mailbox,
    extra: Vec<(HeaderName, HeaderText)>,
    content: Content,
    /// Whether one of its messages was rendered quickly.
    known_quick: AtomicBool,
}

/// A mail ready to be handed over.
pub struct Prepared {
    /// From whom and to whom.
    pub envelope: Envelope,
    /// The mail's bytes.
    pub body: Vec<u8>,
}

impl RunContent {
    /// Compiles what a run sends.
    ///
    /// # Errors
    /// Its templates were checked when the message was saved, by a program that may have allowed more.
    pub fn compile(run: &OpenRun, message: &RunMessage, owner: &User, config: &Config) -> Result<Self, Problem> {
        let content = Content::compile(&message.subject, &message.html, &message.text).map_err(first)?;
        let (from, reply_to) = author(owner, config);
        let reply_to = reply_to.map(|value| (HeaderName::from_static("Reply-To"), value));
        Ok(Self {
            id: run.id,
            owner: run.owner_id,
            mailing: run.mailing_id,
            on_unknown: run.on_unknown,
            halted: HaltFlag::default(),
            refusals: Refusals::default(),
            ends_at: run.ends_at,
            key: run.key.clone(),
            mail_domain: run.mail_domain.clone(),
            date: message.begins_at,
            from,
            extra: reply_to.into_iter().collect(),
            content,
            known_quick: AtomicBool::new(false),
        })
    }

    /// Of a run that sends nothing, for tests of what happens around it.
    #[cfg(test)]
    pub fn empty(id: RunId, owner: UserId) -> Self {
        Self {
            id,
            owner,
            mailing: MailingId(1),
            on_unknown: UnknownPolicy::Hold,
            halted: HaltFlag::default(),
            refusals: Refusals::default(),
            ends_at: None,
            key: String::new(),
            mail_domain: String::new(),
            date: UnixMillis(0),
            from: Mailbox::new(EmailAddress::parse("news@vestnik.example").unwrap()),
            extra: Vec::new(),
            content: Content::compile("", "", "").unwrap(),
            known_quick: AtomicBool::new(true),
        }
    }

    /// Nothing of the run is begun any more. `true`: until now it was.
    pub fn halt(&self) -> bool {
        self.halted.set()
    }

    /// Whether the run was paused, called off, or is over.
    pub fn is_halted(&self) -> bool {
        self.halted.is_set()
    }

    /// Waits until it is.
    pub async fn halted(&self) {
        self.halted.wait().await;
    }

    /// Whether one of its messages was rendered quickly: the others will be, most probably.
    pub fn is_known_quick(&self) -> bool {
        self.known_quick.load(Ordering::Relaxed)
    }

    /// Notes how long rendering one of its messages took.
    pub fn note_rendering(&self, took: Duration) {
        self.known_quick.store(took < SLOW, Ordering::Relaxed);
    }

    /// Renders for a made-up recipient: what fails for them fails for everyone, as far as can be known beforehand.
    ///
    /// # Errors
    /// What is wrong with the message.
    pub fn try_sample(&self, limits: RenderLimits<'_>) -> Result<(), Problem> {
        self.content.try_sample(limits).map_err(first)
    }

    /// Renders the mail for one recipient within limits. The problem is for the ledger.
    pub fn prepare(&self, claimed: &Claimed, full_name: &str, limits: RenderLimits<'_>) -> Result<Prepared, Problem> {
        let address = EmailAddress::parse(&claimed.email).map_err(|_| Problem::new("delivery-error-address"))?;
        let fields = Person { email: &claimed.email, full_name, comment: claimed.comment.as_deref().unwrap_or("") };
        let rendered = render(&self.content, fields, limits).map_err(first)?;
        let envelope = Envelope::new(&self.from.address, &address);
        let subject = HeaderText::new(&rendered.subject).map_err(|_| Problem::new("delivery-error-subject"))?;
        let to = match HeaderText::new(full_name) {
            Ok(name) => Mailbox::named(name, address),
            Err(_) => Mailbox::new(address),
        };
        let id = message_id(&self.key, claimed.id, &self.mail_domain);
        let id = MessageId::new(&id).map_err(|_| Problem::new("delivery-error-identifier"))?;
        let mut body = Vec::with_capacity(rendered.text.len() * 2 + rendered.html.as_ref().map_or(0, String::len) * 2);
        let mail = Mail {
            from: &self.from,
            to: &to,
            subject: &subject,
            text: Some(&rendered.text),
            html: rendered.html.as_deref(),
            parts: &[],
            message_id: &id,
            date_ms: self.date.0,
            extra: &self.extra,
        };
        mail.write(&mut body);
        Ok(Prepared { envelope: envelope.with_size(body.len() as u64), body })
    }
}

/// The problem that a delivery's attempt tells of: the first is enough to begin with.
fn first(problems: Problems) -> Problem {
    let first = problems.iter().next().map(|(_, problem)| problem.clone());
    first.unwrap_or_else(|| Problem::new("delivery-error-internal"))
}

/// From whom a user's mail comes: the installation's address, because the mail server lets no other pass, under the
/// user's name, with answers going to the user.
fn author(owner: &User, config: &Config) -> (Mailbox, Option<HeaderText>) {
    let from = match HeaderText::new(&owner.name) {
        Ok(name) if !config.from_name_fixed => Mailbox::named(name, config.from.address.clone()),
        _ => config.from.clone(),
    };
    let reply_to = EmailAddress::parse(&owner.email).ok().filter(|address| !address.needs_smtputf8());
    (from, reply_to.and_then(|address| HeaderText::new(&address.envelope()).ok()))
}
