//! The days that a report is about, on the calendar of whoever reads it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{ToSpan, Unit};

use crate::clock::UnixMillis;
use crate::problem::{Problem, Problems};

/// The longest period, in days: ten years.
pub const LONGEST: i64 = 3_653;

/// Days from one to another, both of them included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    first: Date,
    last: Date,
}

/// What a chart of a period has a bar for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Each day.
    Day,
    /// Each week from Monday to Sunday.
    Week,
    /// Each month.
    Month,
}

impl Period {
    /// So many days, at least one, the last of which is `last`.
    pub fn days_until(last: Date, days: i64) -> Self {
        let first = last.saturating_sub((days - 1).clamp(0, LONGEST - 1).days());
        Self { first, last }
    }

    /// A year of which `last` is the last day.
    pub fn year_until(last: Date) -> Self {
        Self { first: last.saturating_sub(1.year()).saturating_add(1.day()), last }
    }

    /// Checks the typed fields: `from`, `to`, of which neither is after `today`.
    pub fn parse(from: &str, to: &str, today: Date) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let first = problems.take("from", day(from, today));
        let last = problems.take("to", day(to, today));
        let (Some(first), Some(last)) = (first, last) else { return problems.into_result(None) };
        let period = Self { first, last };
        if last < first {
            problems.add("to", Problem::new("problem-period-order"));
        } else if period.length() > LONGEST {
            problems.add("from", Problem::new("problem-period-long"));
        }
        problems.into_result(Some(period))
    }

    /// The first day.
    pub fn first(&self) -> Date {
        self.first
    }

    /// The last day.
    pub fn last(&self) -> Date {
        self.last
    }

    /// How many days it has.
    pub fn length(&self) -> i64 {
        days_between(self.first, self.last) + 1
    }

    /// As many days right before it.
    pub fn before(&self) -> Self {
        Self::days_until(self.first.saturating_sub(1.day()), self.length())
    }

    /// Its days.
    pub fn days(&self) -> impl Iterator<Item = Date> + use<> {
        let last = self.last;
        self.first.series(1.day()).take_while(move |day| *day <= last)
    }

    /// When each of its days begins in a zone, and, last, when the last one is over. A day on which clocks are changed
    /// is shorter or longer than others.
    pub fn bounds(&self, zone: &TimeZone) -> Vec<UnixMillis> {
        let begins = |day: Date| zone.to_ambiguous_zoned(day.at(0, 0, 0, 0)).compatible().ok();
        let days = self.days().chain([self.last.saturating_add(1.day())]);
        days.filter_map(begins).map(|at| at.timestamp().into()).collect()
    }

    /// Its stretches on which clocks were not changed: from when, until when, and by how many milliseconds they are ahead
    /// of UTC.
    pub fn stretches(&self, zone: &TimeZone) -> Vec<(UnixMillis, UnixMillis, i64)> {
        let bounds = self.bounds(zone);
        let (Some(from), Some(until)) = (bounds.first(), bounds.last()) else { return Vec::new() };
        let changes = zone.following(from.timestamp()).map(|change| UnixMillis::from(change.timestamp()));
        let mut begins = vec![*from];
        begins.extend(changes.take_while(|change| change < until));
        let ends = begins[1..].iter().chain([until]).copied().collect::<Vec<_>>();
        let ahead = |at: UnixMillis| i64::from(zone.to_offset(at.timestamp()).seconds()) * 1_000;
        begins.into_iter().zip(ends).map(|(from, until)| (from, until, ahead(from))).collect()
    }

    /// How finely it is drawn: some dozens of bars can be told apart, some hundreds cannot.
    pub fn step(&self) -> Step {
        match self.length() {
            ..=93 => Step::Day,
            94..=740 => Step::Week,
            _ => Step::Month,
        }
    }

    /// Its parts of that length: the first and the last may be cut off by its ends.
    pub fn parts(&self, step: Step) -> Vec<Self> {
        let mut parts: Vec<Self> = Vec::new();
        for day in self.days() {
            let begins = match step {
                Step::Day => true,
                Step::Week => day.weekday() == jiff::civil::Weekday::Monday,
                Step::Month => day.day() == 1,
            };
            match parts.last_mut() {
                Some(part) if !begins => part.last = day,
                _ => parts.push(Self { first: day, last: day }),
            }
        }
        parts
    }
}

fn days_between(first: Date, last: Date) -> i64 {
    last.since((Unit::Day, first)).map_or(0, |span| i64::from(span.get_days()))
}

/// Reads a day as a field for dates gives it, `2026-11-24`, or as people write it, `24.11.2026`.
fn day(text: &str, today: Date) -> Result<Date, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::new("problem-required"));
    }
    let day = ["%Y-%m-%d", "%d.%m.%Y"].into_iter().find_map(|format| Date::strptime(format, text).ok());
    match day {
        None => Err(Problem::new("problem-date")),
        Some(day) if day > today => Err(Problem::new("problem-period-future")),
        Some(day) => Ok(day),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn period(first: &str, last: &str) -> Period {
        Period { first: date(first), last: date(last) }
    }

    const HOUR: i64 = 3_600_000;

    fn lengths(period: Period, zone: &str) -> Vec<i64> {
        let bounds = period.bounds(&TimeZone::get(zone).unwrap());
        bounds.windows(2).map(|pair| (pair[1].0 - pair[0].0) / HOUR).collect()
    }

    #[test]
    fn days_are_as_long_as_the_zone_has_them() {
        assert_eq!(lengths(period("2026-03-28", "2026-03-30"), "Europe/Berlin"), [24, 23, 24]);
        assert_eq!(lengths(period("2026-10-24", "2026-10-26"), "Europe/Berlin"), [24, 25, 24]);
        assert_eq!(lengths(period("2026-03-28", "2026-03-30"), "Europe/Moscow"), [24, 24, 24]);
        // Where midnight itself is skipped, the day begins after the gap, and where it comes twice, with the first.
        assert_eq!(lengths(period("2026-04-23", "2026-04-25"), "Africa/Cairo"), [24, 23, 24]);
        assert_eq!(lengths(period("2026-10-31", "2026-11-02"), "America/Havana"), [24, 25, 24]);
        let days = period("2026-02-27", "2026-03-02");
        assert_eq!(days.bounds(&TimeZone::UTC).len(), 5);
        assert_eq!(days.bounds(&TimeZone::UTC)[1].to_string(), "2026-02-28T00:00:00Z");
    }

    #[test]
    fn stretches_are_cut_where_clocks_are_changed() {
        let stretches = |period: Period, zone: &str| -> Vec<(i64, i64)> {
            let zone = TimeZone::get(zone).unwrap();
            let (found, bounds) = (period.stretches(&zone), period.bounds(&zone));
            assert_eq!((found[0].0, found[found.len() - 1].1), (bounds[0], bounds[bounds.len() - 1]));
            assert!(found.windows(2).all(|pair| pair[0].1 == pair[1].0));
            found.into_iter().map(|(from, until, ahead)| ((until.0 - from.0) / HOUR, ahead / 900_000)).collect()
        };
        assert_eq!(stretches(period("2026-03-28", "2026-03-30"), "Europe/Berlin"), [(26, 4), (45, 8)]);
        assert_eq!(stretches(period("2026-03-28", "2026-03-30"), "Asia/Kathmandu"), [(72, 23)]);
        assert_eq!(stretches(period("2025-11-25", "2026-11-24"), "America/New_York").len(), 3);
        assert_eq!(stretches(period("2026-11-24", "2026-11-24"), "UTC"), [(24, 0)]);
    }

    #[test]
    fn every_bound_is_a_quarter_of_an_hour() {
        let days = period("2026-01-01", "2026-12-31");
        for zone in ["Asia/Kathmandu", "Australia/Eucla", "Pacific/Chatham", "America/St_Johns", "Australia/Lord_Howe"]
        {
            let bounds = days.bounds(&TimeZone::get(zone).unwrap());
            assert_eq!(bounds.len(), 366, "{zone}");
            assert!(bounds.iter().all(|at| at.0 % (HOUR / 4) == 0), "{zone}");
        }
    }

    #[test]
    fn a_choice_ends_today() {
        let today = date("2026-03-01");
        assert_eq!(Period::days_until(today, 1), period("2026-03-01", "2026-03-01"));
        assert_eq!(Period::days_until(today, 30), period("2026-01-31", "2026-03-01"));
        assert_eq!(Period::year_until(today), period("2025-03-02", "2026-03-01"));
        assert_eq!(Period::year_until(date("2028-02-29")), period("2027-03-01", "2028-02-29"));
    }

    #[test]
    fn the_period_before_is_as_long_and_ends_the_day_before() {
        let month = period("2026-03-01", "2026-03-31");
        assert_eq!((month.length(), month.before()), (31, period("2026-01-29", "2026-02-28")));
        assert_eq!(month.before().length(), 31);
        let leap = Period::year_until(date("2028-06-30"));
        assert_eq!((leap.length(), leap.before().length(), leap.before().last), (366, 366, date("2027-06-30")));
    }

    #[test]
    fn parts_follow_the_calendar() {
        let days = period("2026-11-24", "2026-12-08");
        assert_eq!(days.parts(Step::Day).len(), 15);
        let weeks = days.parts(Step::Week);
        assert_eq!(weeks[0], period("2026-11-24", "2026-11-29"), "a week that has begun");
        assert_eq!(weeks[1], period("2026-11-30", "2026-12-06"));
        assert_eq!(weeks[2], period("2026-12-07", "2026-12-08"), "a week that is not over");
        let months = period("2026-01-31", "2026-03-01").parts(Step::Month);
        assert_eq!(months[1], period("2026-02-01", "2026-02-28"));
        assert_eq!(months.len(), 3);
        for (days, step) in
            [(7, Step::Day), (90, Step::Day), (365, Step::Week), (732, Step::Week), (1_000, Step::Month)]
        {
            let period = Period::days_until(date("2026-11-24"), days);
            let total: i64 = period.parts(step).iter().map(Period::length).sum();
            assert_eq!((period.step(), total), (step, days));
        }
    }

    #[test]
    fn what_is_typed_is_checked_at_its_field() {
        let today = date("2026-11-24");
        let parse = |from, to| {
            Period::parse(from, to, today).map_err(|problems| {
                problems.iter().map(|(field, problem)| format!("{field} {}", problem.id)).collect::<Vec<_>>().join(", ")
            })
        };
        assert_eq!(parse("2026-11-01", "2026-11-24"), Ok(period("2026-11-01", "2026-11-24")));
        assert_eq!(parse(" 01.11.2026", "24.11.2026 "), Ok(period("2026-11-01", "2026-11-24")));
        assert_eq!(parse("2026-11-24", "2026-11-24").map(|period| period.length()), Ok(1));
        for (from, to, expected) in [
            ("", "2026-11-24", "from problem-required"),
            ("2026-02-30", "soon", "from problem-date, to problem-date"),
            ("2026-11-24", "2026-11-23", "to problem-period-order"),
            ("2026-11-24", "2026-11-25", "to problem-period-future"),
            ("2015-11-24", "2026-11-24", "from problem-period-long"),
            ("0001-01-01", "2026-11-24", "from problem-period-long"),
        ] {
            assert_eq!(parse(from, to).unwrap_err(), expected, "{from} {to}");
        }
    }
}
