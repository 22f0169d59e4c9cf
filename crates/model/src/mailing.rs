//! Mailings: a message, its audience and its schedule.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::clock::UnixMillis;
use crate::id::{MailingId, MessageId, UserId};
use crate::problem::{Problem, Problems, line};
use crate::schedule::{LATE, LocalTime, Periodicity, Schedule, minute_input};
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
    /// The first sending as it was typed, a local time in `time_zone`; none with a start: the time of `starts_at` there.
    pub starts_local: Option<String>,
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
    /// Rises whenever its fields are changed.
    pub version: i64,
}

impl Mailing {
    /// The zone that occurrences are counted in; UTC if its name is no longer known.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }

    /// The first sending as it was typed, a local time in its zone.
    pub fn start(&self) -> Option<LocalTime> {
        let at = self.starts_at?;
        let typed = self.starts_local.as_deref().and_then(|text| text.parse::<DateTime>().ok());
        Some(LocalTime { local: typed.unwrap_or_else(|| self.zone().to_datetime(at.timestamp())), at })
    }

    /// When it fires, if it does so by itself.
    pub fn schedule(&self) -> Option<Schedule> {
        let start = self.start()?;
        Some(Schedule {
            starts_at: start.at,
            starts_local: start.local,
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
    pub start: Option<LocalTime>,
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
    /// `on_unknown`. Whether the times make sense for what is stored is for [`Self::check_window`] to say.
    pub fn parse(input: &MailingInput<'_>, now: UnixMillis) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let name = problems.take("name", line(input.name, false, LONGEST_NAME));
        let message = problems.take("message_id", input.message_id.ok_or(Problem::new("problem-message-missing")));
        let audience = problems.take("audience", choice(input.audience, Audience::All));
        let periodicity = problems.take("periodicity", choice(input.periodicity, Periodicity::Once));
        let time_zone = problems.take("time_zone", time_zone_name(input.time_zone));
        let zone = time_zone.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let on_unknown = problems.take("on_unknown", choice(input.on_unknown, UnknownPolicy::Hold));
        let start = problems.take("starts_at", time(input.starts_at, now, &zone));
        let ends_at = problems.take("ends_at", time(input.ends_at, now, &zone)).map(|end| end.map(|end| end.at));
        if let (Some(Some(start)), Some(Some(end))) = (start, ends_at)
            && end <= start.at
        {
            problems.add("ends_at", Problem::new("problem-end-before-start"));
        }
        if start == Some(None) && periodicity.is_some_and(|p| p != Periodicity::Once) {
            problems.add("starts_at", Problem::new("problem-repeat-without-start"));
        }
        let draft = match (name, message, audience, start, ends_at, periodicity, time_zone, on_unknown) {
            (
                Some(name),
                Some(message_id),
                Some(audience),
                Some(start),
                Some(ends_at),
                Some(periodicity),
                Some(time_zone),
                Some(on_unknown),
            ) => Some(Self { name, message_id, audience, start, ends_at, periodicity, time_zone, on_unknown }),
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

    /// The occurrence for which a mailing of these settings fires at once, because it has passed already.
    pub fn fires_at_once(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.first_firing(now).filter(|occurrence| *occurrence <= now)
    }

    /// By how many days the start has passed, if that is more than one and the mailing would fire at once: perhaps
    /// another year was meant.
    pub fn days_late(&self, now: UnixMillis) -> Option<u64> {
        let passed = self.start?.at.until(now);
        let late = passed > LATE && self.fires_at_once(now).is_some();
        late.then(|| passed.as_secs() / LATE.as_secs())
    }

    /// Refuses a window in which nothing can be sent any more: one that has ended, or that ends before a mailing which
    /// fires at once has had its time to `undo`. A schedule that stays as it was `before` is not looked at.
    pub fn check_window(&self, before: Option<&Mailing>, undo: Duration, now: UnixMillis) -> Result<(), Problems> {
        let Some(end) = self.ends_at.filter(|_| before.is_none_or(|before| !self.keeps_schedule(before))) else {
            return Ok(());
        };
        if end <= now {
            return Err(Problems::one("ends_at", Problem::new("problem-end-passed")));
        }
        if end <= now.plus(undo) && self.fires_at_once(now).is_some() {
            let problem = Problem::new("problem-end-too-soon").with("seconds", undo.as_secs());
            return Err(Problems::one("ends_at", problem));
        }
        Ok(())
    }

    /// Whether a stored mailing fires at the same times already. Forms know times to the minute only.
    pub fn keeps_schedule(&self, mailing: &Mailing) -> bool {
        let minute = |at: Option<UnixMillis>| at.map(|at| at.0.div_euclid(60_000));
        let start =
            |start: Option<LocalTime>| (minute(start.map(|start| start.at)), start.map(|s| minute_input(s.local)));
        start(mailing.start()) == start(self.start)
            && minute(mailing.ends_at) == minute(self.ends_at)
            && mailing.periodicity == self.periodicity
            && mailing.time_zone == self.time_zone
    }

    fn schedule(&self) -> Option<Schedule> {
        let start = self.start?;
        Some(Schedule {
            starts_at: start.at,
            starts_local: start.local,
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

fn time(text: &str, now: UnixMillis, zone: &TimeZone) -> Result<Option<LocalTime>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let time = LocalTime::parse(text, zone).ok_or(Problem::new("problem-time"))?;
            time.plausible(now, zone).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;
    use crate::schedule::parse_local;

    const HALF_A_MINUTE: Duration = Duration::from_secs(30);

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

    fn now() -> UnixMillis {
        at("2026-11-24T09:00")
    }

    fn draft(start: &str, end: &str, repeat: &str) -> MailingDraft {
        MailingDraft::parse(&input(start, end, repeat), now()).unwrap()
    }

    /// A stored mailing with the schedule of a draft.
    fn stored(draft: &MailingDraft) -> Mailing {
        Mailing {
            id: MailingId(1),
            owner_id: UserId(1),
            name: draft.name.clone(),
            message_id: draft.message_id,
            audience: draft.audience,
            starts_at: draft.start.map(|start| start.at),
            starts_local: draft.start.map(|start| start.local.to_string()),
            ends_at: draft.ends_at,
            periodicity: draft.periodicity,
            time_zone: draft.time_zone.clone(),
            status: MailingStatus::Created,
            next_at: None,
            on_unknown: draft.on_unknown,
            disabled_at: None,
            disabled_reason: String::new(),
            disabled_by: DisabledBy::Owner,
            created_at: now(),
            updated_at: now(),
            version: 1,
        }
    }

    #[test]
    fn times_are_read_in_the_mailings_zone() {
        let draft = MailingDraft::parse(&input("2026-11-24T10:00", "2026-11-24T12:00", "once"), now()).unwrap();
        assert_eq!(draft.start.unwrap().at, at("2026-11-24T07:00"));
        assert_eq!(minute_input(draft.start.unwrap().local), "2026-11-24T10:00");
    }

    #[test]
    fn each_fault_stands_at_its_field() {
        let cases: &[(MailingInput<'_>, &str, &str)] = &[
            (input("2026-11-24T10:00", "2026-11-24T10:00", "once"), "ends_at", "problem-end-before-start"),
            (input("tomorrow", "", "once"), "starts_at", "problem-time"),
            (input("0027-01-15T10:00", "", "once"), "starts_at", "problem-year"),
            (input("2126-11-24T10:00", "", "daily"), "starts_at", "problem-year"),
            (input("", "0027-01-15T10:00", "once"), "ends_at", "problem-year"),
            (input("2026-11-24T10:00", "2126-11-24T10:00", "once"), "ends_at", "problem-year"),
            (input("", "1970-01-01T00:00", "once"), "ends_at", "problem-year"),
            (input("", "", "daily"), "starts_at", "problem-repeat-without-start"),
            (input("", "", "hourly"), "periodicity", "problem-choice"),
            (MailingInput { message_id: None, ..input("", "", "") }, "message_id", "problem-message-missing"),
            (MailingInput { time_zone: "Mars/Olympus", ..input("", "", "") }, "time_zone", "problem-time-zone"),
            (MailingInput { name: "a\r\nBcc: x@y", ..input("", "", "") }, "name", "problem-control-character"),
        ];
        for (input, field, id) in cases {
            let problems = MailingDraft::parse(input, now()).unwrap_err();
            let found: Vec<_> = problems.iter().map(|(field, problem)| (field, problem.id.as_ref())).collect();
            assert_eq!(found, [(*field, *id)], "{input:?}");
        }
    }

    #[test]
    fn fires_at_once_inside_of_the_window_later_before_it_and_never_after_it() {
        let now = now();
        assert_eq!(draft("2026-11-24T11:00Z", "", "once").first_firing(now), Some(at("2026-11-24T11:00")));
        assert_eq!(draft("2026-11-24T08:00Z", "", "once").first_firing(now), Some(at("2026-11-24T08:00")));
        assert_eq!(draft("2026-11-24T07:00Z", "2026-11-24T08:00Z", "once").first_firing(now), None);
        assert_eq!(draft("2026-11-20T10:00Z", "", "daily").first_firing(now), Some(at("2026-11-23T10:00")));
        assert_eq!(draft("", "", "once").first_firing(now), None);
    }

    #[test]
    fn start_more_than_a_day_past_is_late_where_it_fires_at_once() {
        let cases = [
            ("2026-11-24T09:00Z", "", "once", None),
            ("2026-11-23T09:00Z", "", "once", None),
            ("2026-11-23T08:59Z", "", "once", Some(1)),
            ("2026-11-20T10:00Z", "", "daily", Some(3)),
            ("2025-11-24T09:00Z", "", "once", Some(365)),
            ("2026-11-20T10:00Z", "2026-11-24T08:00Z", "once", None),
            ("2026-11-25T10:00Z", "", "once", None),
            ("", "", "once", None),
        ];
        for (start, end, repeat, days) in cases {
            assert_eq!(draft(start, end, repeat).days_late(now()), days, "{start}");
        }
    }

    #[test]
    fn window_in_which_nothing_can_be_sent_is_refused_at_its_field() {
        let cases = [
            ("", "2026-11-24T08:59Z", Some("problem-end-passed")),
            ("2026-11-24T08:00Z", "2026-11-24T09:00Z", Some("problem-end-passed")),
            ("2026-11-24T08:00Z", "2026-11-24T09:00:30Z", Some("problem-end-too-soon")),
            ("2026-11-24T08:00Z", "2026-11-24T09:00:31Z", None),
            ("2026-11-24T09:00:01Z", "2026-11-24T09:00:20Z", None),
            ("", "2026-11-24T09:00:20Z", None),
            ("2026-11-24T08:00Z", "", None),
        ];
        for (start, end, refused) in cases {
            let draft = draft(start, end, "once");
            let problems = draft.check_window(None, HALF_A_MINUTE, now()).err().unwrap_or_default();
            let found: Vec<_> = problems.iter().map(|(field, problem)| (field, problem.id.as_ref())).collect();
            assert_eq!(found, refused.map(|id| ("ends_at", id)).into_iter().collect::<Vec<_>>(), "{start} to {end}");
        }
    }

    #[test]
    fn an_ended_window_that_stays_as_it_was_is_no_problem() {
        let ended = draft("2026-11-20T10:00Z", "2026-11-21T10:00Z", "once");
        let before = stored(&ended);
        assert!(ended.check_window(Some(&before), HALF_A_MINUTE, now()).is_ok());
        let moved = MailingDraft { periodicity: Periodicity::Daily, ..ended };
        assert!(moved.check_window(Some(&before), HALF_A_MINUTE, now()).is_err());
    }

    #[test]
    fn a_typed_time_in_a_gap_is_kept() {
        let gap = MailingInput { time_zone: "Europe/Berlin", ..input("2027-03-28T02:30", "", "daily") };
        let gap = MailingDraft::parse(&gap, now()).unwrap();
        let later = MailingInput { time_zone: "Europe/Berlin", ..input("2027-03-28T03:30", "", "daily") };
        let later = MailingDraft::parse(&later, now()).unwrap();
        assert_eq!(gap.start.unwrap().at, later.start.unwrap().at);
        let next_day = at("2027-03-29T00:30");
        assert_eq!(stored(&gap).schedule().unwrap().next_after(gap.start.unwrap().at), Some(next_day));
        assert!(gap.keeps_schedule(&stored(&gap)));
        assert!(!later.keeps_schedule(&stored(&gap)), "another time of day from the next day on");
        // One that was stored before local times were.
        let old = Mailing { starts_local: None, ..stored(&gap) };
        assert!(later.keeps_schedule(&old));
    }
}
