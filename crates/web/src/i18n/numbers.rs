//! Numbers as people write them: «12 480» and «99,2%» in Russian, "12,480" and "99.2%" in English.

use fluent_bundle::FluentValue;
use vestnik_model::user::Language;

/// A whole number, grouped by thousands. Russian groups with a no-break space (U+00A0), so that a number never falls
/// apart at the end of a line.
pub fn number(language: Language, value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() * 2);
    if value < 0 {
        grouped.push('\u{2212}');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(match language {
                Language::Ru => '\u{a0}',
                Language::En => ',',
            });
        }
        grouped.push(digit);
    }
    grouped
}

/// `part` of `whole` as a percentage with one decimal. Never rounds to 100% while something is missing nor to 0% while
/// something is there. Of nothing it is 0%.
pub fn percent(language: Language, part: i64, whole: i64) -> String {
    format!("{}%", tenths(language, share(part, whole)))
}

/// By how many percentage points one share is larger than another, with one decimal and its sign: «+0,3», "−12".
/// `None`: by nothing that can be seen.
pub fn points(
    language: Language,
    (part, whole): (i64, i64),
    (part_before, whole_before): (i64, i64),
) -> Option<String> {
    let more = share(part, whole) - share(part_before, whole_before);
    let sign = if more < 0 { '\u{2212}' } else { '+' };
    (more != 0).then(|| format!("{sign}{}", tenths(language, more.abs())))
}

/// Tenths of a percent, as [`percent`] shows them.
fn share(part: i64, whole: i64) -> i64 {
    if whole <= 0 || part <= 0 {
        return 0;
    }
    if part >= whole {
        return 1_000;
    }
    let tenths = (i128::from(part) * 1_000 / i128::from(whole)).clamp(1, 999);
    i64::try_from(tenths).unwrap_or(0)
}

/// How many in a second, so many in so many milliseconds: with one decimal below ten.
pub fn rate(language: Language, count: i64, millis: i64) -> String {
    let in_tenths = i128::from(count.max(0)) * 10_000 / i128::from(millis.max(1));
    let in_tenths = i64::try_from(in_tenths).unwrap_or(i64::MAX);
    if in_tenths < 100 { tenths(language, in_tenths) } else { number(language, in_tenths / 10) }
}

/// A number of tenths, without a decimal that is zero.
fn tenths(language: Language, tenths: i64) -> String {
    let separator = match language {
        Language::Ru => ',',
        Language::En => '.',
    };
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        tenth => format!("{}{separator}{tenth}", tenths / 10),
    }
}

/// How Fluent writes a number in Russian.
pub(super) fn fluent_ru<M>(value: &FluentValue<'_>, _memoizer: &M) -> Option<String> {
    fluent(Language::Ru, value)
}

/// How Fluent writes a number in English.
pub(super) fn fluent_en<M>(value: &FluentValue<'_>, _memoizer: &M) -> Option<String> {
    fluent(Language::En, value)
}

fn fluent(language: Language, value: &FluentValue<'_>) -> Option<String> {
    let FluentValue::Number(found) = value else { return None };
    if found.value.fract() != 0.0 {
        let written = found.as_string();
        return Some(match language {
            Language::Ru => written.replace('.', ","),
            Language::En => written.into_owned(),
        });
    }
    #[expect(clippy::cast_possible_truncation, reason = "a float without a fraction; beyond i64 it saturates")]
    let whole = found.value as i64;
    Some(number(language, whole))
}
