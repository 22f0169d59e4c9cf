//! Figures over time as a chart, and the same as a table.

use jiff::civil::Date;
use serde::Serialize;
use vestnik_model::{
    UnixMillis,
    period::{Period, Step},
    user::Language,
};
use vestnik_store::figures::Figures;

use crate::{
    chart::{Bar, Chart},
    i18n,
};

/// What a chart is drawn from, with its words.
#[derive(Debug, Serialize)]
pub(crate) struct DrawingView {
    pub(crate) chart: Chart,
    /// What it shows in one sentence, for those who do not see it.
    pub(crate) summary: String,
    /// What each bar is: `day`, `week`, `month`, `hour`, `weekday` or `run`. The words for the heading are
    /// `chart-by-{step}`; a page has at most one drawing of each.
    pub(crate) step: &'static str,
    pub(crate) rows: Vec<RowView>,
    pub(crate) total: Figures,
}

/// A row of the table: a bar of the chart.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What a bar is drawn from.
struct Part {
    /// Below it.
    label: String,
    /// In the table.
    name: String,
    figures: Figures,
}

impl DrawingView {
    /// A drawing of a period. `by_day` are the figures of its days.
    pub(crate) fn of(language: Language, period: Period, by_day: &[Figures]) -> Self {
        let step = period.step();
        let mut days = by_day.iter();
        let parts = period.parts(step).into_iter().map(|part| Part {
            label: label(language, step, part.first()),
            name: i18n::days(language, part.first(), part.last()),
            figures: days.by_ref().take(usize::try_from(part.length()).unwrap_or(0)).sum(),
        });
        let parts = parts.collect();
        let (name, every): (_, &[usize]) = match step {
            Step::Day => ("day", &[1, 2, 7, 14]),
            Step::Week => ("week", &[1, 2, 4, 8, 13, 26]),
            Step::Month => ("month", &[1, 2, 3, 6, 12, 24]),
        };
        let days = i18n::days(language, period.first(), period.last());
        Self::drawn(language, name, every, Some(days), parts)
    }

    /// A drawing of the hours of a day. `by_hour` are the figures of the hours of a week, Monday first.
    pub(crate) fn of_hours(language: Language, by_hour: &[Figures]) -> Self {
        let parts = (0..24).map(|hour| Part {
            label: format!("{hour}:00"),
            name: format!("{hour}:00\u{2013}{}:00", hour + 1),
            figures: by_hour.iter().skip(hour).step_by(24).sum(),
        });
        Self::drawn(language, "hour", &[3], None, parts.collect())
    }

    /// A drawing of the days of a week, of the same.
    pub(crate) fn of_weekdays(language: Language, by_hour: &[Figures]) -> Self {
        let words = |id: &str, day: usize| i18n::text(language, &format!("{id}-{}", day + 1), &[]);
        let parts = by_hour.chunks(24).enumerate().map(|(day, hours)| Part {
            label: words("weekday-short", day),
            name: words("weekday", day),
            figures: hours.iter().sum(),
        });
        Self::drawn(language, "weekday", &[1], None, parts.collect())
    }

    /// A drawing of a mailing's runs, the oldest first.
    pub(crate) fn of_runs(language: Language, zone: &str, runs: &[(UnixMillis, Figures)]) -> Self {
        let day = |at: &UnixMillis| at.timestamp().in_tz(zone).map(|at| i18n::short_day(language, at.date()));
        let parts = runs.iter().map(|(at, figures)| Part {
            label: day(at).unwrap_or_default(),
            name: i18n::datetime(language, *at, zone),
            figures: *figures,
        });
        Self::drawn(language, "run", &[1, 2, 5, 10], None, parts.collect())
    }

    /// `days` are those that it is of, where its bars are in their order.
    fn drawn(language: Language, step: &'static str, every: &[usize], days: Option<String>, parts: Vec<Part>) -> Self {
        let bars = parts.iter().map(|part| Bar {
            label: part.label.clone(),
            title: i18n::text(
                language,
                "chart-bar",
                &[
                    ("days", part.name.as_str().into()),
                    ("sent", part.figures.sent.into()),
                    ("failed", part.figures.failed.into()),
                ],
            ),
            lower: part.figures.sent,
            upper: part.figures.failed,
        });
        let total: Figures = parts.iter().map(|part| &part.figures).sum();
        Self {
            chart: Chart::of(bars.collect(), every),
            summary: summary(language, days, &parts, &total),
            step,
            rows: parts.into_iter().map(|part| RowView { name: part.name, figures: part.figures }).collect(),
            total,
        }
    }
}

fn label(language: Language, step: Step, first: Date) -> String {
    match step {
        Step::Day | Step::Week => i18n::short_day(language, first),
        Step::Month => i18n::short_month(language, first),
    }
}

fn summary(language: Language, days: Option<String>, parts: &[Part], total: &Figures) -> String {
    // Of several that are alike, the first.
    let most = parts.iter().rev().max_by_key(|part| part.figures.sent);
    let (most_name, most) = most.map_or(("", 0), |part| (part.name.as_str(), part.figures.sent));
    let id = if days.is_some() { "chart-summary" } else { "chart-summary-of" };
    let args = [
        ("sent", total.sent.into()),
        ("failed", total.failed.into()),
        ("most", most.into()),
        ("most_days", most_name.into()),
        ("days", days.unwrap_or_default().into()),
    ];
    i18n::text(language, id, &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(sent: i64, failed: i64) -> Figures {
        Figures { sent, failed, attempts_ok: sent, attempts_failed: failed, ..Figures::default() }
    }

    fn until(last: &str, days: i64) -> Period {
        Period::days_until(last.parse().expect("a date"), days)
    }

    #[test]
    fn a_month_has_a_bar_for_each_day() {
        let by_day: Vec<Figures> = (1..=30).map(|day| sent(day, i64::from(day == 30))).collect();
        let drawing = DrawingView::of(Language::En, until("2026-03-01", 30), &by_day);
        assert_eq!((drawing.step, drawing.rows.len(), drawing.chart.bars.len()), ("day", 30, 30));
        assert_eq!(drawing.total, Figures { sent: 465, failed: 1, attempts_ok: 465, attempts_failed: 1, ..sent(0, 0) });
        assert_eq!(drawing.rows[28].name, "28 February 2026");
        assert_eq!(drawing.rows[29].name, "1 March 2026", "past the end of the month");
        assert_eq!(drawing.chart.bars[29].title, "1 March 2026: 30 sent, 1 refused");
        let words: Vec<&str> = drawing.chart.labels.iter().map(|label| label.words.as_str()).collect();
        assert_eq!(words, ["31\u{a0}Jan", "7\u{a0}Feb", "14\u{a0}Feb", "21\u{a0}Feb", "28\u{a0}Feb"]);
        assert_eq!(
            drawing.summary,
            "31 January \u{2013} 1 March 2026: 465 letters sent, 1 refused. Most were sent on 1 March 2026: 30."
        );
    }

    #[test]
    fn a_year_has_a_bar_for_each_week_and_nothing_is_lost() {
        let by_day: Vec<Figures> = (0..365).map(|day| sent(day % 9, day % 2)).collect();
        let drawing = DrawingView::of(Language::Ru, until("2026-11-24", 365), &by_day);
        assert_eq!((drawing.step, drawing.chart.bars.len()), ("week", 53));
        let rows: Figures = drawing.rows.iter().map(|row| &row.figures).sum();
        assert_eq!(rows, by_day.iter().sum());
        assert_eq!(drawing.rows[0].name, "25\u{2013}30 ноября 2025", "a week that had begun");
        assert_eq!(drawing.rows[52].name, "23\u{2013}24 ноября 2026");
        assert!(drawing.chart.labels.len() <= 8);
    }

    #[test]
    fn several_years_have_a_bar_for_each_month() {
        let by_day = vec![sent(1, 0); 1_000];
        let drawing = DrawingView::of(Language::Ru, until("2026-11-24", 1_000), &by_day);
        assert_eq!((drawing.step, drawing.rows[1].figures.sent), ("month", 31), "March 2024");
        assert_eq!(drawing.chart.labels[0].words, "фев\u{a0}2024");
        assert_eq!(drawing.total.sent, 1_000);
    }

    #[test]
    fn a_week_is_drawn_by_hours_and_by_days() {
        let mut week = vec![Figures::default(); 7 * 24];
        (week[10], week[24 + 10], week[6 * 24 + 23]) = (sent(5, 1), sent(7, 0), sent(2, 0));
        let hours = DrawingView::of_hours(Language::En, &week);
        assert_eq!((hours.chart.bars.len(), hours.rows[10].figures.sent, hours.rows[23].figures.sent), (24, 12, 2));
        assert_eq!(hours.summary, "14 letters sent, 1 refused. Most: 12 (10:00\u{2013}11:00).");
        let days = DrawingView::of_weekdays(Language::Ru, &week);
        assert_eq!((days.chart.bars.len(), days.rows[1].name.as_str(), days.rows[1].figures.sent), (7, "вторник", 7));
        assert_eq!(days.chart.labels[6].words, "вс");
        assert_eq!(days.total, hours.total);
    }

    #[test]
    fn runs_are_drawn_in_the_readers_zone() {
        let at = "2026-11-24T22:30:00Z".parse::<jiff::Timestamp>().expect("a time").into();
        let runs = DrawingView::of_runs(Language::En, "Europe/Moscow", &[(at, sent(3, 1))]);
        assert_eq!(runs.chart.labels[0].words, "25\u{a0}Nov");
        assert!(runs.rows[0].name.contains("1:30"), "{}", runs.rows[0].name);
    }
}
