//! What stands in the files of an archive: the same as on the pages, with times as programs read them (RFC 3339).

use serde::{Serialize, Serializer};
use vestnik_model::{
    UnixMillis,
    feedback::Feedback,
    id::{MailingId, MessageId, RunId},
    mailing::{Audience, DisabledBy, Mailing, MailingStatus, UnknownPolicy},
    message::Message,
    run::Run,
    schedule::Periodicity,
    user::{Language, Session, Theme, User},
};
use vestnik_store::{feedback::Answer, runs::RunMessage};

/// A time as text.
struct Time(UnixMillis);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

#[derive(Serialize)]
pub(super) struct ProfileFile<'a> {
    email: &'a str,
    name: &'a str,
    phone: &'a str,
    city: &'a str,
    language: Language,
    time_zone: &'a str,
    theme: Theme,
    groups: Vec<String>,
    created_at: Time,
    confirmed_at: Option<Time>,
    second_factor_at: Option<Time>,
    seen_at: Option<Time>,
}

impl<'a> ProfileFile<'a> {
    pub(super) fn of(user: &'a User, groups: Vec<String>) -> Self {
        Self {
            email: &user.email,
            name: &user.name,
            phone: &user.phone,
            city: &user.city,
            language: user.language,
            time_zone: &user.time_zone,
            theme: user.theme,
            groups,
            created_at: Time(user.created_at),
            confirmed_at: user.confirmed_at.map(Time),
            second_factor_at: user.second_factor_at.map(Time),
            seen_at: user.seen_at.map(Time),
        }
    }
}

/// What someone has written on the contacts page.
#[derive(Serialize)]
pub(super) struct FeedbackFile<'a> {
    name: &'a str,
    email: &'a str,
    subject: &'a str,
    text: &'a str,
    created_at: Time,
    answers: Vec<AnswerFile<'a>>,
}

#[derive(Serialize)]
struct AnswerFile<'a> {
    author: &'a str,
    text: &'a str,
    created_at: Time,
}

impl<'a> FeedbackFile<'a> {
    pub(super) fn of((written, answers): &'a (Feedback, Vec<Answer>)) -> Self {
        let answer = |answer: &'a Answer| AnswerFile {
            author: &answer.author_name,
            text: &answer.text,
            created_at: Time(answer.created_at),
        };
        Self {
            name: &written.name,
            email: &written.email,
            subject: &written.subject,
            text: &written.text,
            created_at: Time(written.created_at),
            answers: answers.iter().map(answer).collect(),
        }
    }
}

#[derive(Serialize)]
pub(super) struct SessionFile<'a> {
    browser: &'a str,
    address: &'a str,
    created_at: Time,
    seen_at: Time,
    expires_at: Time,
}

impl<'a> SessionFile<'a> {
    pub(super) fn of(session: &'a Session) -> Self {
        Self {
            browser: &session.agent,
            address: &session.address,
            created_at: Time(session.created_at),
            seen_at: Time(session.seen_at),
            expires_at: Time(session.expires_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct MessageFile<'a> {
    id: MessageId,
    subject: &'a str,
    html: &'a str,
    text: &'a str,
    created_at: Time,
    updated_at: Time,
}

impl<'a> MessageFile<'a> {
    pub(super) fn of(message: &'a Message) -> Self {
        Self {
            id: message.id,
            subject: &message.subject,
            html: &message.html,
            text: &message.text,
            created_at: Time(message.created_at),
            updated_at: Time(message.updated_at),
        }
    }
}

#[derive(Serialize)]
pub(super) struct MailingFile<'a> {
    id: MailingId,
    name: &'a str,
    message: MessageId,
    audience: Audience,
    status: MailingStatus,
    starts_at: Option<Time>,
    ends_at: Option<Time>,
    periodicity: Periodicity,
    time_zone: &'a str,
    next_at: Option<Time>,
    on_unknown: UnknownPolicy,
    disabled: Option<DisabledFile<'a>>,
    created_at: Time,
    updated_at: Time,
}

#[derive(Serialize)]
struct DisabledFile<'a> {
    at: Time,
    by: DisabledBy,
    reason: &'a str,
}

impl<'a> MailingFile<'a> {
    pub(super) fn of(mailing: &'a Mailing) -> Self {
        let disabled = |at| DisabledFile { at, by: mailing.disabled_by, reason: &mailing.disabled_reason };
        Self {
            id: mailing.id,
            name: &mailing.name,
            message: mailing.message_id,
            audience: mailing.audience,
            status: mailing.status,
            starts_at: mailing.starts_at.map(Time),
            ends_at: mailing.ends_at.map(Time),
            periodicity: mailing.periodicity,
            time_zone: &mailing.time_zone,
            next_at: mailing.next_at.map(Time),
            on_unknown: mailing.on_unknown,
            disabled: mailing.disabled_at.map(Time).map(disabled),
            created_at: Time(mailing.created_at),
            updated_at: Time(mailing.updated_at),
        }
    }
}

/// What a run sent: the message as it was then.
#[derive(Serialize)]
pub(super) struct SentFile {
    run: RunId,
    mailing: MailingId,
    subject: String,
    html: String,
    text: String,
}

impl SentFile {
    pub(super) fn of(run: &Run, message: RunMessage) -> Self {
        let RunMessage { subject, html, text, .. } = message;
        Self { run: run.id, mailing: run.mailing_id, subject, html, text }
    }
}

pub(super) const RUN_HEADS: [&str; 18] = [
    "run",
    "mailing",
    "occurrence_at",
    "state",
    "begins_at",
    "ends_at",
    "started_at",
    "finished_at",
    "on_unknown",
    "recipients",
    "sent",
    "failed",
    "expired",
    "skipped",
    "unknown",
    "cancelled",
    "attempts_ok",
    "attempts_failed",
];

pub(super) fn run_line(run: &Run) -> [String; 18] {
    let maybe = |at: Option<UnixMillis>| at.map(|at| at.to_string()).unwrap_or_default();
    let counts = &run.counts;
    [
        run.id.to_string(),
        run.mailing_id.to_string(),
        run.occurrence_at.to_string(),
        run.state.to_string(),
        run.begins_at.to_string(),
        maybe(run.ends_at),
        maybe(run.started_at),
        maybe(run.finished_at),
        run.on_unknown.to_string(),
        counts.recipients.to_string(),
        counts.sent.to_string(),
        counts.failed.to_string(),
        counts.expired.to_string(),
        counts.skipped.to_string(),
        counts.unknown.to_string(),
        counts.cancelled.to_string(),
        counts.attempts_ok.to_string(),
        counts.attempts_failed.to_string(),
    ]
}
