//! When a mailing fires: occurrences of a start, repeated in a time zone.
//!
//! An occurrence is computed on the calendar of the mailing's zone and then placed on the time line, so that
//! «09:00 in Berlin» stays 09:00 across daylight-saving changes. Each occurrence is counted from the first one, not
//! from the one before: the 31st stays the 31st after it was shown on 28 February. The start is kept as the local time
//! that was typed as well: where a change of the clocks skips it, only that day's occurrence moves on by the gap.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan};

use crate::clock::UnixMillis;
use crate::problem::Problem;
use crate::text_enum::text_enum;

text_enum! {
    /// How often a mailing fires (S-10).
    pub enum Periodicity {
        /// Once.
        Once = "once",
        /// Every day at the same local time.
        Daily = "daily",
        /// Every week on the same weekday.
        Weekly = "weekly",
        /// Every month on the same day, or on the month's last one where that day is missing.
        Monthly = "monthly",
    }
}

/// A start with its repetition.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// The first occurrence.
    pub starts_at: UnixMillis,
    /// The first occurrence on the calendar of the zone, as it was typed. It differs from `starts_at` only where that
    /// local time does not exist.
    pub starts_local: DateTime,
    /// No occurrence at or after this.
    pub ends_at: Option<UnixMillis>,
    /// How often.
    pub periodicity: Periodicity,
    /// The zone whose calendar is counted on.
    pub zone: TimeZone,
}

impl Schedule {
    /// The first occurrence at or after `from`, if the window has one.
    pub fn at_or_after(&self, from: UnixMillis) -> Option<UnixMillis> {
        let found = if from <= self.starts_at {
            self.starts_at
        } else {
            let mut index = self.lowest_index_near(from)?;
            loop {
                let occurrence = self.occurrence(index)?;
                if occurrence >= from {
                    break occurrence;
                }
                index += 1;
            }
        };
        self.ends_at.is_none_or(|end| found < end).then_some(found)
    }

    /// The last occurrence at or before `until`, if there is one.
    pub fn at_or_before(&self, until: UnixMillis) -> Option<UnixMillis> {
        // Looked for from within the window: near a time long past its end no occurrence would be found.
        let until = self.ends_at.map_or(until, |end| until.min(UnixMillis(end.0.saturating_sub(1))));
        if until < self.starts_at {
            return None;
        }
        let mut found = self.starts_at;
        let mut next = self.lowest_index_near(until).unwrap_or(0);
        while let Some(occurrence) = self.occurrence(next) {
            if occurrence > until {
                break;
            }
            found = occurrence;
            next += 1;
        }
        Some(found)
    }

    /// The first occurrence after `after`, if the window has one.
    pub fn next_after(&self, after: UnixMillis) -> Option<UnixMillis> {
        self.at_or_after(UnixMillis(after.0.checked_add(1)?))
    }

    /// The `index`-th occurrence, 0 being the start, whatever the window says; `None` past a single occurrence and past
    /// the calendar's end.
    fn occurrence(&self, index: i64) -> Option<UnixMillis> {
        if index == 0 {
            return Some(self.starts_at);
        }
        let step: Span = match self.periodicity {
            Periodicity::Once => return None,
            Periodicity::Daily => Span::new().try_days(index).ok()?,
            Periodicity::Weekly => Span::new().try_weeks(index).ok()?,
            Periodicity::Monthly => Span::new().try_months(index).ok()?,
        };
        let local = self.starts_local.checked_add(step).ok()?;
        // "Compatible" (RFC 5545, 3.3.5): a local time that a change skips moves on by the gap; of one that happens
        // twice, the first counts.
        let zoned = self.zone.to_ambiguous_zoned(local).compatible().ok()?;
        Some(zoned.timestamp().into())
    }

    /// An index whose occurrence is not after the first one at or after `from`, and close to it. Two steps early, because
    /// clock changes and short months shift occurrences by less than one step.
    fn lowest_index_near(&self, from: UnixMillis) -> Option<i64> {
        let start = self.starts_local;
        let target = self.local(from);
        let index = match self.periodicity {
            Periodicity::Once => return (from <= self.starts_at).then_some(0),
            Periodicity::Daily => days_between(start, target),
            Periodicity::Weekly => days_between(start, target) / 7,
            Periodicity::Monthly => {
                i64::from(target.year() - start.year()) * 12 + i64::from(target.month() - start.month())
            }
        };
        Some((index - 2).max(0))
    }

    fn local(&self, at: UnixMillis) -> DateTime {
        self.zone.to_datetime(at.timestamp())
    }
}

fn days_between(start: DateTime, end: DateTime) -> i64 {
    start.date().until(end.date()).map_or(0, |span| i64::from(span.get_days()))
}

/// A time as a person means it: the local date and time, and the moment that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// On the calendar of the zone, as typed.
    pub local: DateTime,
    /// The moment. A local time that a change of the clocks skips moves on by the gap; of one that happens twice, the
    /// first counts ("compatible", RFC 5545, 3.3.5).
    pub at: UnixMillis,
}

impl LocalTime {
    /// Reads a local date and time as forms and people write it, `2026-11-24T10:00` or `2026-11-24 10:00[:00]`, in
    /// `zone`; or an RFC 3339 time with an offset, which stands for itself.
    pub fn parse(text: &str, zone: &TimeZone) -> Option<Self> {
        let text = text.trim();
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Some(Self { local: zone.to_datetime(timestamp), at: timestamp.into() });
        }
        let local: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
        // At the calendar's end there are local times without a moment.
        let end = if local.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let at = zone.to_ambiguous_zoned(local).compatible().map_or(end, |at| at.timestamp());
        Some(Self { local, at: at.into() })
    }

    /// Refuses years that nobody plans for: a mistyped year would otherwise send at once, or never.
    pub fn plausible(self, now: UnixMillis, zone: &TimeZone) -> Result<Self, Problem> {
        let last = zone.to_datetime(now.timestamp()).year().saturating_add(YEARS_AHEAD);
        if (FIRST_YEAR..=last).contains(&self.local.year()) {
            return Ok(self);
        }
        Err(Problem::new("problem-year")
            .with("year", self.local.year())
            .with("first_year", FIRST_YEAR)
            .with("last_year", last))
    }
}

/// The first year that can be typed.
const FIRST_YEAR: i16 = 2000;
/// How many years ahead can be typed.
const YEARS_AHEAD: i16 = 10;
/// A start that lies further in the past than this may be a mistake, and is asked about.
pub const LATE: Duration = Duration::from_secs(86_400);

/// Reads a time as [`LocalTime::parse`] does; answers the moment alone.
pub fn parse_local(text: &str, zone: &TimeZone) -> Option<UnixMillis> {
    LocalTime::parse(text, zone).map(|time| time.at)
}

/// The form of a time that a `datetime-local` field takes, in `zone`, to the minute.
pub fn local_input(at: UnixMillis, zone: &TimeZone) -> String {
    minute_input(zone.to_datetime(at.timestamp()))
}

/// The form of a local time that a `datetime-local` field takes, to the minute.
pub fn minute_input(local: DateTime) -> String {
    local.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// The moments of the calendar day in `zone` that `at` lies in: its beginning and the next one's.
pub fn day_of(at: UnixMillis, zone: &TimeZone) -> Option<(UnixMillis, UnixMillis)> {
    let day = at.timestamp().to_zoned(zone.clone()).start_of_day().ok()?;
    let next = day.checked_add(1.day()).ok()?;
    Some((day.timestamp().into(), next.timestamp().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(start: &str, periodicity: Periodicity, zone: &str) -> Schedule {
        let zone = TimeZone::get(zone).unwrap();
        let LocalTime { local, at } = LocalTime::parse(start, &zone).unwrap();
        Schedule { starts_at: at, starts_local: local, ends_at: None, periodicity, zone }
    }

    /// The first `count` occurrences as local times with their offsets.
    fn first(count: usize, schedule: &Schedule) -> Vec<String> {
        let mut shown = Vec::new();
        let mut from = UnixMillis(i64::MIN);
        while shown.len() < count {
            let Some(at) = schedule.at_or_after(from) else { break };
            shown.push(at.timestamp().to_zoned(schedule.zone.clone()).strftime("%Y-%m-%d %H:%M %:z").to_string());
            from = UnixMillis(at.0 + 1);
        }
        shown
    }

    #[test]
    fn the_31st_falls_on_the_last_day_of_shorter_months_and_comes_back() {
        let monthly = schedule("2026-12-31 09:00", Periodicity::Monthly, "Europe/Berlin");
        assert_eq!(
            first(5, &monthly),
            [
                "2026-12-31 09:00 +01:00",
                "2027-01-31 09:00 +01:00",
                "2027-02-28 09:00 +01:00",
                "2027-03-31 09:00 +02:00",
                "2027-04-30 09:00 +02:00",
            ]
        );
    }

    #[test]
    fn daily_keeps_its_local_time_across_a_change_and_steps_over_a_gap() {
        let daily = schedule("2026-03-28 02:30", Periodicity::Daily, "Europe/Berlin");
        assert_eq!(first(3, &daily), ["2026-03-28 02:30 +01:00", "2026-03-29 03:30 +02:00", "2026-03-30 02:30 +02:00"]);
        let autumn = schedule("2026-10-24 02:30", Periodicity::Daily, "Europe/Berlin");
        assert_eq!(
            first(3, &autumn),
            ["2026-10-24 02:30 +02:00", "2026-10-25 02:30 +02:00", "2026-10-26 02:30 +01:00"]
        );
    }

    #[test]
    fn start_in_a_gap_moves_on_that_day_alone() {
        let daily = schedule("2027-03-28 02:30", Periodicity::Daily, "Europe/Berlin");
        assert_eq!(first(3, &daily), ["2027-03-28 03:30 +02:00", "2027-03-29 02:30 +02:00", "2027-03-30 02:30 +02:00"]);
        let weekly = schedule("2027-03-14 02:15", Periodicity::Weekly, "America/New_York");
        assert_eq!(first(2, &weekly), ["2027-03-14 03:15 -04:00", "2027-03-21 02:15 -04:00"]);
        let monthly = schedule("2027-03-28 02:30", Periodicity::Monthly, "Europe/Berlin");
        assert_eq!(first(2, &monthly), ["2027-03-28 03:30 +02:00", "2027-04-28 02:30 +02:00"]);
        // Half an hour is skipped there.
        let half = schedule("2027-10-03 02:10", Periodicity::Daily, "Australia/Lord_Howe");
        assert_eq!(first(2, &half), ["2027-10-03 02:40 +11:00", "2027-10-04 02:10 +11:00"]);
    }

    #[test]
    fn first_of_an_hour_that_happens_twice_counts() {
        let daily = schedule("2027-10-31 02:30", Periodicity::Daily, "Europe/Berlin");
        assert_eq!(first(2, &daily), ["2027-10-31 02:30 +02:00", "2027-11-01 02:30 +01:00"]);
        // The second is meant where the offset is typed.
        let second = schedule("2027-10-31T02:30+01:00", Periodicity::Daily, "Europe/Berlin");
        assert_eq!(first(2, &second), ["2027-10-31 02:30 +01:00", "2027-11-01 02:30 +01:00"]);
    }

    #[test]
    fn implausible_years_are_refused() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now = parse_local("2026-11-24 10:00", &zone).unwrap();
        let cases = [
            ("0027-01-15T10:00", false),
            ("0001-01-01T00:00", false),
            ("1970-01-01T01:00", false),
            ("1999-12-31T23:59", false),
            ("2000-01-01T00:00", true),
            ("2026-11-24T10:00", true),
            ("2036-12-31T23:59", true),
            ("2037-01-01T00:00", false),
            ("2126-11-24T10:00", false),
            ("9999-12-31T23:59", false),
            ("0027-01-15T10:00:00Z", false),
            ("2026-11-24T10:00:00-05:00", true),
        ];
        for (text, taken) in cases {
            let typed = LocalTime::parse(text, &zone).unwrap();
            assert_eq!(typed.plausible(now, &zone).is_ok(), taken, "{text}");
        }
        let problem = LocalTime::parse(cases[0].0, &zone).unwrap().plausible(now, &zone).unwrap_err();
        assert_eq!(
            problem,
            Problem::new("problem-year").with("year", 27).with("first_year", 2000).with("last_year", 2036)
        );
    }

    #[test]
    fn weekly_keeps_its_weekday() {
        let weekly = schedule("2026-11-24 10:00", Periodicity::Weekly, "Europe/Moscow");
        assert_eq!(
            first(3, &weekly),
            ["2026-11-24 10:00 +03:00", "2026-12-01 10:00 +03:00", "2026-12-08 10:00 +03:00"]
        );
    }

    #[test]
    fn once_happens_once_and_nothing_happens_at_or_past_the_end() {
        let once = schedule("2026-11-24 10:00", Periodicity::Once, "UTC");
        assert_eq!(first(3, &once).len(), 1);
        assert_eq!(once.next_after(once.starts_at), None);
        let mut daily = schedule("2026-11-24 10:00", Periodicity::Daily, "UTC");
        daily.ends_at = daily.next_after(daily.starts_at);
        assert_eq!(first(5, &daily).len(), 1, "the end itself is outside of the window");
    }

    #[test]
    fn at_or_before_finds_the_latest_that_has_come() {
        let daily = schedule("2026-11-24 10:00", Periodicity::Daily, "UTC");
        let third = daily.starts_at.plus(std::time::Duration::from_secs(2 * 86_400));
        assert_eq!(daily.at_or_before(third), Some(third));
        assert_eq!(daily.at_or_before(UnixMillis(third.0 + 3_600_000)), Some(third));
        assert_eq!(daily.at_or_before(UnixMillis(daily.starts_at.0 - 1)), None);
        let once = schedule("2026-11-24 10:00", Periodicity::Once, "UTC");
        assert_eq!(once.at_or_before(third), Some(once.starts_at));
        let ended = Schedule { ends_at: Some(UnixMillis(third.0 + 1)), ..daily };
        let long_after = third.plus(std::time::Duration::from_secs(365 * 86_400));
        assert_eq!(ended.at_or_before(long_after), Some(third), "the last one that the window had");
    }

    proptest::proptest! {
        #[test]
        fn occurrences_rise_and_agree_from_both_sides(
            start in 946_684_800_000_i64..4_102_444_800_000,
            ahead in 0_i64..200_000_000_000,
            which in 0_usize..3,
            zone in 0_usize..5,
        ) {
            let zone = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"][zone];
            let zone = TimeZone::get(zone).unwrap();
            let schedule = Schedule {
                starts_at: UnixMillis(start),
                starts_local: zone.to_datetime(UnixMillis(start).timestamp()),
                ends_at: None,
                periodicity: [Periodicity::Daily, Periodicity::Weekly, Periodicity::Monthly][which],
                zone,
            };
            let from = UnixMillis(start + ahead);
            let next = schedule.at_or_after(from).unwrap();
            proptest::prop_assert!(next >= from);
            proptest::prop_assert_eq!(schedule.at_or_before(next), Some(next));
            let before = schedule.at_or_before(UnixMillis(from.0)).unwrap();
            proptest::prop_assert!(before <= from);
            proptest::prop_assert_eq!(schedule.next_after(before).map(|n| n >= from), Some(true));
        }
    }
}
