//! Figures over time as a chart, and the same as a table.

use jiff::civil::Date;
use serde::Serialize;
use vestnik_model::{
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
    /// `day`, `week` or `month`. The words for the heading are `chart-by-{step}`.
    pub(crate) step: &'static str,
    pub(crate) rows: Vec<RowView>,
    pub(crate) total: Figures,
}

/// A row of the table: a bar of the chart.
#[derive(Debug, Serialize)]
pub(crate) struct RowView {
    pub(crate) days: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

impl DrawingView {
    /// A drawing of a period. `by_day` are the figures of its days.
    pub(crate) fn of(language: Language, period: Period, by_day: &[Figures]) -> Self {
        let step = period.step();
        let mut days = by_day.iter();
        let parts: Vec<(Period, Figures)> = period
            .parts(step)
            .into_iter()
            .map(|part| (part, days.by_ref().take(usize::try_from(part.length()).unwrap_or(0)).sum()))
            .collect();
        let bars = parts.iter().map(|(part, figures)| Bar {
            label: label(language, step, part.first()),
            title: i18n::text(
                language,
                "chart-bar",
                &[
                    ("days", i18n::days(language, part.first(), part.last()).into()),
                    ("sent", figures.sent.into()),
                    ("failed", figures.failed.into()),
                ],
            ),
            lower: figures.sent,
            upper: figures.failed,
        });
        let (name, every): (_, &[usize]) = match step {
            Step::Day => ("day", &[1, 2, 7, 14]),
            Step::Week => ("week", &[1, 2, 4, 8, 13, 26]),
            Step::Month => ("month", &[1, 2, 3, 6, 12, 24]),
        };
        let total = by_day.iter().sum();
        Self {
            chart: Chart::of(bars.collect(), every),
            summary: summary(language, period, &parts, &total),
            step: name,
            rows: parts
                .iter()
                .map(|(part, figures)| RowView {
                    days: i18n::days(language, part.first(), part.last()),
                    figures: *figures,
                })
                .collect(),
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

fn summary(language: Language, period: Period, parts: &[(Period, Figures)], total: &Figures) -> String {
    // Of several that are alike, the first.
    let most = parts.iter().rev().max_by_key(|(_, figures)| figures.sent);
    let (most_days, most) = most.map_or((period, 0), |(part, figures)| (*part, figures.sent));
    i18n::text(
        language,
        "chart-summary",
        &[
            ("days", i18n::days(language, period.first(), period.last()).into()),
            ("sent", total.sent.into()),
            ("failed", total.failed.into()),
            ("most", most.into()),
            ("most_days", i18n::days(language, most_days.first(), most_days.last()).into()),
        ],
    )
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
        assert_eq!(drawing.rows[28].days, "28 February 2026");
        assert_eq!(drawing.rows[29].days, "1 March 2026", "past the end of the month");
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
        assert_eq!(drawing.rows[0].days, "25\u{2013}30 ноября 2025", "a week that had begun");
        assert_eq!(drawing.rows[52].days, "23\u{2013}24 ноября 2026");
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
}
