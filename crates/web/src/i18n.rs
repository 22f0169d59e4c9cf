//! Words in Russian and English: Fluent messages, numbers, dates and durations.
//!
//! The files are `locales/{ru,en}/*.ftl`, embedded when the crate is built. An id is unique over all files of a
//! language; a test holds both languages to the same ids and the same variables, and every id that is used to exist.
//! The command line uses [`text`] and [`problem`] as the pages do.

mod dates;
mod numbers;
#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use vestnik_model::problem::{Problem, StoredProblem};
use vestnik_model::user::Language;

pub use dates::{date, datetime, day, days, duration, moment, short_day, short_month, zone_label, zone_name, zones};
pub use fluent_bundle::FluentValue;
pub use numbers::{number, percent, points, rate};

use crate::embedded::LOCALES;

/// Both languages, in the order in which the switch shows them.
pub const LANGUAGES: [Language; 2] = [Language::Ru, Language::En];

/// The best language for an `Accept-Language` header (RFC 9110, section 12.5.4), if it names any of ours.
pub fn accepted(header: &str) -> Option<Language> {
    let mut best = (0.0_f32, None);
    for part in header.split(',').take(32) {
        let mut pieces = part.split(';').map(str::trim);
        let tag = pieces.next().unwrap_or_default();
        let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let primary = tag.split('-').next().unwrap_or(tag).to_ascii_lowercase();
        if let Ok(language) = primary.parse()
            && weight > best.0
        {
            best = (weight, Some(language));
        }
    }
    best.1
}

/// What the service calls itself: its own name where the installation has none.
pub fn service_name(language: Language, name: &str) -> String {
    if name.is_empty() { text(language, "product-name", &[]) } else { name.to_owned() }
}

/// The same as it stands in a sentence. What has quotes of its own gets no others.
pub fn quoted_service(language: Language, name: &str) -> String {
    let name = service_name(language, name);
    if language == Language::En || name.contains(['«', '„', '"', '“']) { name } else { format!("«{name}»") }
}

type Bundle = FluentBundle<FluentResource>;

// Parsed once from text inside the program and never changed afterwards: not state, so it is not passed around.
static RU: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(Language::Ru);
    bundle.set_formatter(Some(numbers::fluent_ru));
    bundle
});
static EN: LazyLock<Bundle> = LazyLock::new(|| {
    let mut bundle = bundle(Language::En);
    bundle.set_formatter(Some(numbers::fluent_en));
    bundle
});

fn bundle(language: Language) -> Bundle {
    let mut bundle = FluentBundle::new_concurrent(vec![language.as_str().parse().unwrap_or_default()]);
    // The marks around arguments (U+2068, U+2069) are for mixed writing directions; ours are both left to right, and
    // the marks would end up in subjects of letters and in what people copy.
    bundle.set_use_isolating(false);
    for (path, source) in LOCALES {
        if path.split('/').next() != Some(language.as_str()) {
            continue;
        }
        let resource = FluentResource::try_new((*source).to_owned()).unwrap_or_else(|(usable, errors)| {
            tracing::error!(path, ?errors, "a translation file has errors");
            usable
        });
        if let Err(errors) = bundle.add_resource(resource) {
            tracing::error!(path, ?errors, "a translation id is defined twice");
        }
    }
    bundle
}

fn of(language: Language) -> &'static Bundle {
    match language {
        Language::Ru => &RU,
        Language::En => &EN,
    }
}

/// Whether the message exists.
pub fn has(language: Language, id: &str) -> bool {
    of(language).has_message(id)
}

/// A message in the language, its variables filled in. An unknown id gives the id itself and a line in the log:
/// a page with one odd word is better than none.
pub fn text(language: Language, id: &str, args: &[(&str, FluentValue<'_>)]) -> String {
    let bundle = of(language);
    let Some(pattern) = bundle.get_message(id).and_then(|message| message.value()) else {
        slip(&format!("the translation {id} is missing in {language}"));
        return id.to_owned();
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
    let mut errors = Vec::new();
    let said = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    if !errors.is_empty() {
        slip(&format!("the translation {id} could not be filled in in {language}: {errors:?}"));
    }
    said
}

/// A slip in a translation ends a test; in a running service it is a line in the log.
fn slip(what: &str) {
    if cfg!(test) {
        panic!("{what}");
    }
    tracing::error!("{what}");
}

/// What happened in an attempt, in words; empty: the server's reply says it all. Attempts outlive the program that made
/// them, so one that is not known any more gives its id.
pub fn attempt_error(language: Language, error: &StoredProblem, phase: &str) -> String {
    let Some(found) = error.problem() else { return String::new() };
    if !has(language, &found.id) {
        return text(language, "delivery-error-other", &[("id", found.id.into())]);
    }
    let words = problem(language, &found);
    // What is wrong with a template stands in forms as well, where nobody need be told that nothing can be sent.
    let in_template = phase == "render" && found.id.starts_with("problem-");
    if in_template { text(language, "delivery-error-render", &[("problem", words.into())]) } else { words }
}

/// A [`Problem`] in words. Its arguments that are whole numbers choose plural forms and are grouped by thousands.
pub fn problem(language: Language, problem: &Problem) -> String {
    let args: Vec<(&str, FluentValue<'_>)> = problem
        .args
        .iter()
        .map(|(name, value)| {
            let value = match value.parse::<i64>() {
                // Years are not grouped by thousands.
                Ok(number) if !name.ends_with("year") => FluentValue::from(number),
                _ => FluentValue::from(value.as_str()),
            };
            (&**name, value)
        })
        .collect();
    text(language, &problem.id, &args)
}
