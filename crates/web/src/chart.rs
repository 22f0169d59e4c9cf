//! Charts as SVG: bars of two parts, one above the other, over days, weeks or months.
//!
//! Here it is worked out where everything stands; `templates/chart.html` draws it. Positions and sizes are percentages of
//! the drawing, so that it fills any width while its words keep their size.

use std::fmt;

use serde::{Serialize, Serializer};

/// As many lines as a chart has at most, beside the one at the bottom.
const LINES: i128 = 4;
/// What people count in, in tenths of a power of ten.
const STEPS: [i128; 4] = [10, 20, 25, 50];
/// As many words stand below a chart at most. A phone shows every other one if there are more than it has room for.
const LABELS: usize = 8;
const LABELS_ON_PHONES: usize = 5;
/// The part of its place that a bar fills, and the widest that it gets.
const FILLED: f64 = 0.72;
const WIDEST: f64 = 6.0;
/// What there is only a little of is seen all the same.
const LOWEST: f64 = 1.0;
/// A part lower than this has no room for stripes.
const THIN: f64 = 4.0;

/// What a bar stands for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bar {
    /// Below it.
    pub(crate) label: String,
    /// What is said of it when it is pointed at.
    pub(crate) title: String,
    /// The lower part.
    pub(crate) lower: i64,
    /// The upper part.
    pub(crate) upper: i64,
}

/// A part of a hundred, printed as SVG takes it: `33.33%`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:.2}", self.0);
        write!(f, "{}%", digits.trim_end_matches('0').trim_end_matches('.'))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A line across, with its number.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// From the top.
    pub(crate) y: Percent,
    /// What it stands for.
    pub(crate) value: i64,
}

/// Words below the chart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Label {
    /// Their middle, from the left.
    pub(crate) x: Percent,
    /// The words.
    pub(crate) words: String,
    /// Whether a phone has room for them.
    pub(crate) on_phones: bool,
}

/// A part of a bar, from its top down.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Part {
    pub(crate) y: Percent,
    pub(crate) height: Percent,
    /// Whether there is no room for stripes in it.
    pub(crate) thin: bool,
}

/// A bar in its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Placed {
    pub(crate) x: Percent,
    pub(crate) width: Percent,
    /// The place that it has, which reaches to its neighbours.
    pub(crate) place_x: Percent,
    pub(crate) place_width: Percent,
    pub(crate) title: String,
    pub(crate) lower: Option<Part>,
    pub(crate) upper: Option<Part>,
}

/// Where everything stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Chart {
    pub(crate) lines: Vec<Line>,
    pub(crate) labels: Vec<Label>,
    pub(crate) bars: Vec<Placed>,
}

impl Chart {
    /// A chart of these bars. `every` are the numbers of bars that may lie from one label to the next, the least first:
    /// 7 where bars are days.
    pub(crate) fn of(bars: Vec<Bar>, every: &[usize]) -> Self {
        let highest = bars.iter().map(|bar| i128::from(bar.lower) + i128::from(bar.upper)).max().unwrap_or(0);
        let step = step(highest);
        let top = step * ((highest + step - 1) / step).max(1);
        let place = 100.0 / bars.len().max(1) as f64;
        let width = (place * FILLED).min(WIDEST);
        let labels = labels(&bars, every, place);
        let placed = |(index, bar): (usize, Bar)| {
            let place_x = place * index as f64;
            let [lower, upper] = heights([bar.lower, bar.upper], top);
            let part = |below: f64, height: f64| {
                let y = Percent(100.0 - below - height);
                (height > 0.0).then_some(Part { y, height: Percent(height), thin: height < THIN })
            };
            Placed {
                x: Percent(place_x + (place - width) / 2.0),
                width: Percent(width),
                place_x: Percent(place_x),
                place_width: Percent(place),
                title: bar.title,
                lower: part(0.0, lower),
                upper: part(lower, upper),
            }
        };
        let line = |number: i128| {
            let value = step * number;
            Line { y: Percent(100.0 - share(value, top)), value: i64::try_from(value).unwrap_or(i64::MAX) }
        };
        Self {
            lines: (0..=top / step).map(line).collect(),
            labels,
            bars: bars.into_iter().enumerate().map(placed).collect(),
        }
    }
}

/// From one line to the next: the least round number that takes few lines to the highest value.
fn step(highest: i128) -> i128 {
    let mut power = 1;
    loop {
        let fits = |tenths: &i128| tenths * power % 10 == 0 && tenths * power / 10 * LINES >= highest;
        if let Some(tenths) = STEPS.iter().find(|tenths| fits(tenths)) {
            return tenths * power / 10;
        }
        power *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "a drawing is exact to a hundredth of a percent")]
fn share(value: i128, top: i128) -> f64 {
    value as f64 / top as f64 * 100.0
}

/// The heights of a bar's parts. Together they do not leave the drawing.
fn heights(values: [i64; 2], top: i128) -> [f64; 2] {
    let mut heights = values.map(|value| match value {
        ..=0 => 0.0,
        value => share(value.into(), top).max(LOWEST),
    });
    let over = (heights[0] + heights[1] - 100.0).max(0.0);
    let higher = usize::from(heights[1] > heights[0]);
    heights[higher] -= over;
    heights
}

/// Words below every so many bars, from the first on.
fn labels(bars: &[Bar], every: &[usize], place: f64) -> Vec<Label> {
    let fits = |every: &&usize| bars.len().div_ceil(**every) <= LABELS;
    let every = every.iter().find(fits).copied().unwrap_or_else(|| bars.len().div_ceil(LABELS)).max(1);
    let count = bars.len().div_ceil(every);
    let label = |(number, (index, bar)): (usize, (usize, &Bar))| Label {
        x: Percent(place * (index as f64 + 0.5)),
        words: bar.label.clone(),
        on_phones: count <= LABELS_ON_PHONES || number % 2 == 0,
    };
    bars.iter().enumerate().step_by(every).enumerate().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(lower: i64, upper: i64) -> Bar {
        Bar { lower, upper, ..Bar::default() }
    }

    fn values(highest: i64) -> Vec<i64> {
        Chart::of(vec![bar(highest, 0)], &[1]).lines.iter().map(|line| line.value).collect()
    }

    #[test]
    fn lines_stand_at_round_numbers() {
        for (highest, expected) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (3, vec![0, 1, 2, 3]),
            (4, vec![0, 1, 2, 3, 4]),
            (5, vec![0, 2, 4, 6]),
            (8, vec![0, 2, 4, 6, 8]),
            (9, vec![0, 5, 10]),
            (41, vec![0, 20, 40, 60]),
            (90, vec![0, 25, 50, 75, 100]),
            (1_000, vec![0, 250, 500, 750, 1_000]),
            (1_001, vec![0, 500, 1_000, 1_500]),
            (12_480, vec![0, 5_000, 10_000, 15_000]),
        ] {
            assert_eq!(values(highest), expected, "{highest}");
        }
        // Whatever comes, there are few lines, and the highest value is below the last.
        for highest in (0..5_000).chain([i64::MAX / 3, i64::MAX]) {
            let values = values(highest);
            assert!((2..=5).contains(&values.len()) && *values.last().unwrap() >= highest, "{highest}: {values:?}");
        }
    }

    #[test]
    fn parts_stand_on_each_other() {
        let chart = Chart::of(vec![bar(500, 250), bar(0, 1_000), bar(0, 0), bar(1_000, 0)], &[1]);
        let printed = |part: Option<Part>| part.map(|part| format!("{} {}", part.y, part.height)).unwrap_or_default();
        let parts = |index: usize| [printed(chart.bars[index].lower), printed(chart.bars[index].upper)];
        assert_eq!(parts(0), ["50% 50%", "25% 25%"]);
        assert_eq!(parts(1), ["", "0% 100%"]);
        assert_eq!(parts(2), ["", ""], "a day without anything");
        assert_eq!(parts(3), ["0% 100%", ""]);
        assert_eq!(chart.lines[1], Line { y: Percent(75.0), value: 250 });
        let first = &chart.bars[0];
        assert_eq!((first.place_x, first.place_width, first.width), (Percent(0.0), Percent(25.0), Percent(WIDEST)));
        assert_eq!(first.x, Percent(9.5), "in the middle of its place");
    }

    #[test]
    fn one_huge_day_leaves_the_others_to_be_seen() {
        let mut bars = vec![bar(1, 0); 29];
        bars.push(bar(1_000_000, 3));
        let chart = Chart::of(bars, &[1, 7]);
        assert_eq!(chart.bars[0].lower, Some(Part { y: Percent(99.0), height: Percent(1.0), thin: true }));
        let (huge, few) = (chart.bars[29].lower.unwrap(), chart.bars[29].upper.unwrap());
        assert_eq!((few.height, few.thin, huge.thin), (Percent(1.0), true, false));
        assert!(few.y.0 >= 0.0 && (huge.y.0 - few.y.0 - few.height.0).abs() < 1e-9, "{few:?} {huge:?}");
        let edge = Chart::of(vec![bar(1_000, 0), bar(999, 1)], &[1]).bars[1].clone();
        assert_eq!((edge.upper.unwrap().y, edge.lower.unwrap().y), (Percent(0.0), Percent(1.0)));
    }

    #[test]
    fn labels_have_room() {
        let labels = |count: usize, every: &[usize]| -> Vec<String> {
            let named = |number: usize| Bar { label: number.to_string(), ..Bar::default() };
            let chart = Chart::of((1..=count).map(named).collect(), every);
            let word = |label: &Label| format!("{}{}", label.words, if label.on_phones { "" } else { "*" });
            chart.labels.iter().map(word).collect()
        };
        const DAYS: &[usize] = &[1, 2, 7, 14];
        assert_eq!(labels(1, DAYS), ["1"]);
        assert_eq!(labels(7, DAYS), ["1", "2*", "3", "4*", "5", "6*", "7"]);
        assert_eq!(labels(30, DAYS), ["1", "8", "15", "22", "29"]);
        assert_eq!(labels(90, DAYS), ["1", "15*", "29", "43*", "57", "71*", "85"]);
        assert_eq!(labels(500, DAYS).len(), 8);
        assert!(labels(0, DAYS).is_empty());
        assert_eq!(Chart::of(vec![bar(1, 1); 4], DAYS).labels[3].x, Percent(87.5));
    }

    #[test]
    fn percentages_are_printed_as_short_as_they_are() {
        for (value, printed) in [(0.0, "0%"), (100.0 / 3.0, "33.33%"), (2.5, "2.5%"), (99.999, "100%"), (10.0, "10%")] {
            assert_eq!(Percent(value).to_string(), printed);
        }
    }
}
