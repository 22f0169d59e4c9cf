//! Mailings: a message, its audience and its schedule.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::UnixMillis;
use crate::id::{MailingId, MessageId, UserId};
use crate::problem::{Problem, Problems, line};
use crate::schedule::{Periodicity, Schedule, parse_local};
use crate::text_enum::text_enum;
use crate::user::time_zone_name;

/// Longest name, in characters.
pub const LONGEST_NAME: usize = 200;

text_enum! {
    /// By whom a mailing was disabled.
    pub enum DisabledBy {
        /// Its owner.
        Owner = "owner",
        /// Someone who watches over everyone's; its owner cannot enable it.
        Manager = "manager",
        /// Its owner was blocked.
        Block = "block",
    }
}

text_enum! {
    /// Where a mailing stands (S-11).
    pub enum MailingStatus {
        /// «Создана»: nothing has been sent yet.
        Created = "created",
        /// «Запущена»: something is being sent, or will be again.
        Running = "running",
        /// «Завершена»: all is sent and nothing is planned.
        Completed = "completed",
    }
}

text_enum! {
    /// To whom a mailing goes.
    pub enum Audience {
        /// Everyone in the owner's list when a run begins.
        All = "all",
        /// The recipients chosen for the mailing.
        Chosen = "chosen",
    }
}

text_enum! {
    /// What becomes of deliveries that were handed over without an answer.
    pub enum UnknownPolicy {
        /// They are shown as such and never sent again unless a person says so: no one gets a mail twice.
        Hold = "hold",
        /// They are sent again with the same Message-ID: no one goes without, and some may get a copy.
        Resend = "resend",
    }
}

/// A mailing as stored.
#[derive(Clone, Debug, Serialize, sqlx::FromRow)]
pub struct Mailing {
    /// Identifier.
    pub id: MailingId,
    /// Whose it is.
    pub owner_id: UserId,
    /// What its owner calls it.
    pub name: String,
    /// What is sent.
    pub message_id: MessageId,
    /// To whom.
    pub audience: Audience,
    /// The first sending; none: a draft, sent on demand only.
    pub starts_at: Option<UnixMillis>,
    /// The end of the window, exclusive.
    pub ends_at: Option<UnixMillis>,
    /// How often it repeats.
    pub periodicity: Periodicity,
    /// IANA name of the zone that occurrences are counted in.
    pub time_zone: String,
    /// Where it stands.
    pub status: MailingStatus,
    /// When the scheduler fires it next; none: nothing is planned.
    pub next_at: Option<UnixMillis>,
    /// What becomes of deliveries of unknown fate.
    pub on_unknown: UnknownPolicy,
    /// Since when it does not fire (S-20); none: it does.
    pub disabled_at: Option<UnixMillis>,
    /// Why it was disabled; may be empty.
    pub disabled_reason: String,
    /// By whom it was disabled, if it is.
    pub disabled_by: DisabledBy,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

impl Mailing {
    /// The zone that occurrences are counted in; UTC if its name is no longer known.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// When it fires, if it does so by itself.
    pub fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            starts_at: self.starts_at?,
            ends_at: self.ends_at,
            periodicity: self.periodicity,
            zone: self.zone(),
        })
    }

    /// Whether the end of the window has come.
    pub fn is_over(&self, now: UnixMillis) -> bool {
        self.ends_at.is_some_and(|end| end <= now)
    }
}

/// The typed fields of a mailing, before they are checked.
#[derive(Clone, Debug, Default)]
pub struct MailingInput<'a> {
    /// What its owner calls it; empty: the message's subject will do.
    pub name: &'a str,
    /// Which message.
    pub message_id: Option<MessageId>,
    /// `all` or `chosen`.
    pub audience: &'a str,
    /// A local time in `time_zone`, or RFC 3339; may be empty.
    pub starts_at: &'a str,
    /// A local time in `time_zone`, or RFC 3339; may be empty.
    pub ends_at: &'a str,
    /// `once`, `daily`, `weekly`, `monthly`; empty: once.
    pub periodicity: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// `hold`, `resend`; empty: hold.
    pub on_unknown: &'a str,
}

/// A mailing as typed, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailingDraft {
    /// What its owner calls it; empty: the message's subject will do.
    pub name: String,
    /// What is sent.
    pub message_id: MessageId,
    /// To whom.
    pub audience: Audience,
    /// The first sending.
    pub starts_at: Option<UnixMillis>,
    /// The end of the window, exclusive.
    pub ends_at: Option<UnixMillis>,
    /// How often it repeats.
    pub periodicity: Periodicity,
    /// IANA name of the zone that occurrences are counted in.
    pub time_zone: String,
    /// What becomes of deliveries of unknown fate.
    pub on_unknown: UnknownPolicy,
}

impl MailingDraft {
    /// Checks the typed fields: `name`, `message_id`, `audience`, `starts_at`, `ends_at`, `periodicity`, `time_zone`,
    /// `on_unknown`.
    pub fn parse(input: &MailingInput<'_>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", line(input.name, false, LONGEST_NAME));
        let message = problems.take("message_id", input.message_id.ok_or(Problem::new("problem-message-missing")));
        let audience = problems.take("audience", choice(input.audience, Audience::All));
        let periodicity = problems.take("periodicity", choice(input.periodicity, Periodicity::Once));
        let time_zone = problems.take("time_zone", time_zone_name(input.time_zone));
        let zone = time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let on_unknown = problems.take("on_unknown", choice(input.on_unknown, UnknownPolicy::Hold));
        let starts_at = problems.take("starts_at", time(input.starts_at, &zone));
        let ends_at = problems.take("ends_at", time(input.ends_at, &zone));
        if let (Some(Some(start)), Some(Some(end))) = (starts_at, ends_at)
            && end <= start
        {
            problems.add("ends_at", Problem::new("problem-end-before-start"));
        }
        if starts_at == Some(None) && periodicity.is_some_and(|p| p != Periodicity::Once) {
            problems.add("starts_at", Problem::new("problem-repeat-without-start"));
        }
        let draft = match (name, message, audience, starts_at, ends_at, periodicity, time_zone, on_unknown) {
            (
                Some(name),
                Some(message_id),
                Some(audience),
                Some(starts_at),
                Some(ends_at),
                Some(periodicity),
                Some(time_zone),
                Some(on_unknown),
            ) => Some(Self { name, message_id, audience, starts_at, ends_at, periodicity, time_zone, on_unknown }),
            _ => None,
        };
        problems.into_result(draft)
    }

    /// When a mailing of these settings fires first, seen from `now`.
    ///
    /// Inside of the window it fires at once (S-15): a one-off mailing whose start has passed, or a recurring one whose
    /// latest occurrence has passed, is due at that occurrence. After the end of the window it never fires.
    pub fn first_firing(&self, now: UnixMillis) -> Option<UnixMillis> {
        if self.ends_at.is_some_and(|end| end <= now) {
            return None;
        }
        let schedule = self.schedule()?;
        schedule.at_or_before(now).or_else(|| schedule.at_or_after(now))
    }

    /// When a mailing that has fired before fires next under these settings: never for what has passed.
    pub fn next_firing(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.schedule()?.at_or_after(now)
    }

    fn schedule(&self) -> Option<Schedule> {
        Some(Schedule {
            starts_at: self.starts_at?,
            ends_at: self.ends_at,
            periodicity: self.periodicity,
            zone: TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC),
        })
    }
}

fn choice<T: std::str::FromStr>(text: &str, otherwise: T) -> Result<T, Problem> {
    match text.trim() {
        "" => Ok(otherwise),
        text => text.parse().map_err(|_| Problem::new("problem-choice")),
    }
}

fn time(text: &str, zone: &TimeZone) -> Result<Option<UnixMillis>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => parse_local(text, zone).map(Some).ok_or(Problem::new("problem-time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input<'a>(starts_at: &'a str, ends_at: &'a str, periodicity: &'a str) -> MailingInput<'a> {
        MailingInput {
            name: "Autumn menu",
            message_id: Some(MessageId(1)),
            audience: "all",
            starts_at,
            ends_at,
            periodicity,
            time_zone: "Europe/Moscow",
            on_unknown: "",
        }
    }

    fn at(text: &str) -> UnixMillis {
        parse_local(text, &TimeZone::UTC).unwrap()
    }

    #[test]
    fn times_are_read_in_the_mailings_zone() {
        let draft = MailingDraft::parse(&input("2026-11-24T10:00", "2026-11-24T12:00", "once")).unwrap();
        assert_eq!(draft.starts_at, Some(at("2026-11-24T07:00")));
    }

    #[test]
    fn each_fault_stands_at_its_field() {
        let cases: &[(MailingInput<'_>, &str, &str)] = &[
            (input("2026-11-24T10:00", "2026-11-24T10:00", "once"), "ends_at", "problem-end-before-start"),
            (input("tomorrow", "", "once"), "starts_at", "problem-time"),
            (input("", "", "daily"), "starts_at", "problem-repeat-without-start"),
            (input("", "", "hourly"), "periodicity", "problem-choice"),
            (MailingInput { message_id: None, ..input("", "", "") }, "message_id", "problem-message-missing"),
            (MailingInput { time_zone: "Mars/Olympus", ..input("", "", "") }, "time_zone", "problem-time-zone"),
            (MailingInput { name: "a\r\nBcc: x@y", ..input("", "", "") }, "name", "problem-control-character"),
        ];
        for (input, field, id) in cases {
            let problems = MailingDraft::parse(input).unwrap_err();
            let found: Vec<_> = problems.iter().map(|(field, problem)| (field, problem.id.as_ref())).collect();
            assert_eq!(found, [(*field, *id)], "{input:?}");
        }
    }

    #[test]
    fn fires_at_once_inside_of_the_window_later_before_it_and_never_after_it() {
        let draft = |start, end, repeat| MailingDraft::parse(&input(start, end, repeat)).unwrap();
        let now = at("2026-11-24T09:00");
        assert_eq!(draft("2026-11-24T11:00Z", "", "once").first_firing(now), Some(at("2026-11-24T11:00")));
        assert_eq!(draft("2026-11-24T08:00Z", "", "once").first_firing(now), Some(at("2026-11-24T08:00")));
        assert_eq!(draft("2026-11-24T07:00Z", "2026-11-24T08:00Z", "once").first_firing(now), None);
        assert_eq!(draft("2026-11-20T10:00Z", "", "daily").first_firing(now), Some(at("2026-11-23T10:00")));
        assert_eq!(draft("", "", "once").first_firing(now), None);
    }
}
