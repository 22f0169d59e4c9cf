//! Which days a report is about, as it stands in the address.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use url::form_urlencoded;
use vestnik_model::{Problems, UnixMillis, period::Period, user::User};

/// The periods that are offered, by what stands in the address. Their words are `report-period-{name}`.
pub(crate) const OFFERED: [&str; 4] = ["7", "30", "90", "year"];
/// The one that is shown to whoever has not chosen.
pub(crate) const USUAL: &str = "30";

/// What is asked for.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ReportQuery {
    /// One of those that are offered. What makes no sense counts as not given.
    pub(crate) period: String,
    /// Days of one's own choice, as typed; they come before `period`.
    pub(crate) from: String,
    pub(crate) to: String,
    /// Where the page of mailings begins.
    #[serde(skip_serializing)]
    pub(crate) at: String,
}

impl ReportQuery {
    /// The name of what is chosen among those that are offered; empty: days of one's own choice.
    pub(crate) fn name(&self) -> &'static str {
        if !(self.from.trim().is_empty() && self.to.trim().is_empty()) {
            return "";
        }
        OFFERED.into_iter().find(|name| *name == self.period).unwrap_or(USUAL)
    }

    /// The days, of which the last is not after today.
    pub(crate) fn period(&self, today: Date) -> Result<Period, Problems> {
        match self.name() {
            "" => Period::parse(&self.from, &self.to, today),
            "7" => Ok(Period::days_until(today, 7)),
            "90" => Ok(Period::days_until(today, 90)),
            "year" => Ok(Period::year_until(today)),
            _ => Ok(usual(today)),
        }
    }

    /// The choice as it stands in an address.
    pub(crate) fn pairs(&self) -> Vec<(&'static str, &str)> {
        match self.name() {
            "" => vec![("from", self.from.trim()), ("to", self.to.trim())],
            name => vec![("period", name)],
        }
    }

    /// The same, with the question mark.
    pub(crate) fn address(&self) -> String {
        address(&self.pairs())
    }
}

/// These parameters as they stand in an address.
pub(crate) fn address(pairs: &[(&str, &str)]) -> String {
    format!("?{}", form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The days that are shown to whoever has not chosen: thirty, with today.
pub(crate) fn usual(today: Date) -> Period {
    Period::days_until(today, 30)
}

/// The day that it is for someone.
pub(crate) fn today(now: UnixMillis, reader: &User) -> Date {
    now.timestamp().to_zoned(reader.zone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(period: &str, from: &str, to: &str) -> ReportQuery {
        ReportQuery { period: period.into(), from: from.into(), to: to.into(), at: "a1".into() }
    }

    #[test]
    fn the_address_says_which_days() {
        let today: Date = "2026-11-24".parse().expect("a date");
        for (asked, first, last, address) in [
            (query("", "", ""), "2026-10-26", "2026-11-24", "?period=30"),
            (query("7", "", " "), "2026-11-18", "2026-11-24", "?period=7"),
            (query("90", "", ""), "2026-08-27", "2026-11-24", "?period=90"),
            (query("year", "", ""), "2025-11-25", "2026-11-24", "?period=year"),
            (query("century", "", ""), "2026-10-26", "2026-11-24", "?period=30"),
            (query("7", "2026-11-01", "02.11.2026"), "2026-11-01", "2026-11-02", "?from=2026-11-01&to=02.11.2026"),
        ] {
            let period = asked.period(today).expect("days");
            assert_eq!((period.first().to_string().as_str(), period.last().to_string().as_str()), (first, last));
            assert_eq!(asked.address(), address);
        }
        assert!(query("7", "2026-11-01", "").period(today).is_err(), "a half of a choice is none");
    }
}
