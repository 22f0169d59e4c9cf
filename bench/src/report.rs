//! Figures for people.

use std::{fmt::Write as _, thread};

/// The middle of several measurements, and how far they lie apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one measurement.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        let median = match values.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        let end = |value: Option<&f64>| value.copied().unwrap_or(f64::NAN);
        Self { least: end(values.first()), median, most: end(values.last()) }
    }

    /// `17,500–18,200`
    pub(crate) fn range(&self) -> String {
        format!("{}–{}", count(self.least), count(self.most))
    }
}

/// A whole number with commas between its thousands.
pub(crate) fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Octets as megabytes.
pub(crate) fn megabytes(octets: f64) -> String {
    format!("{:.0}", octets / 1e6)
}

/// A Markdown table. The first column holds names, the others figures.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "| {} |", head.join(" | "));
    let _ = writeln!(text, "|---{}|", "|--:".repeat(head.len().saturating_sub(1)));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// How the figures of a table came about.
pub(crate) fn runs(number: u32) -> String {
    match number {
        1 => "One run each".to_owned(),
        _ => format!("Medians of {number} runs each, in rounds"),
    }
}

/// What all that was measured had to share.
pub(crate) fn machine() -> String {
    match thread::available_parallelism() {
        Ok(cores) if cores.get() == 1 => "one core".to_owned(),
        Ok(cores) => format!("{cores} cores"),
        Err(_) => "an unknown number of cores".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(["0", "999", "1,000", "1,234,568"], [0.0, 999.0, 1_000.0, 1_234_567.8].map(count));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]).median, 2.0);
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 3.0]).median, 2.5);
    }
}
