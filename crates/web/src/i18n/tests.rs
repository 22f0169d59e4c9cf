use std::collections::{BTreeMap, BTreeSet};
use std::{fs, path::Path};

use fluent_bundle::FluentResource;

use super::*;
use crate::embedded::TEMPLATES;
use vestnik_model::UnixMillis;

/// Ids that are put together while the program runs, by their beginnings.
const COMPOSED: &[&str] = &[
    "caught-clear-",
    "caught-lead-",
    "zone-",
    "error-",
    "letter-",
    "register-sent-",
    "register-invited-",
    "setting-",
    "trial-",
    "article-state-",
    "setup-gone-",
    "recover-sent-",
    "confirm-gone-",
    "recover-gone-",
    "new-address-gone-",
    "new-address-taken-",
    "goodbye-",
    "mailing-status-",
    "run-state-",
    "outage-",
    "run-",
    "check-",
    "audience-",
    "periodicity-",
    "recipients-sort-",
    "import-state-",
    "audit-",
    "group-",
    "permission-",
    "manage-users-",
    "manage-disabled-by-",
    "factor-ask-",
    "chart-",
    "report-period-",
    "contacts-sent-",
    "feedback-show-",
    "cache-",
    "reason-",
    "fate-",
    "weekday-",
    "start-",
];

/// Ids and the variables they use, by language.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (path, source) in LOCALES.iter().filter(|(path, _)| path.starts_with(language.as_str())) {
        let resource = FluentResource::try_new((*source).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("{path} does not parse: {errors:?}"));
        assert!(resource.entries().count() > 0, "{path} is empty");
        // A message begins at the start of a line; its variables stand between there and the next one.
        let mut current: Option<String> = None;
        for line in source.lines().filter(|line| !line.starts_with('#')) {
            if let Some((id, _)) = line.split_once(" =").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                assert!(found.insert(id.to_owned(), BTreeSet::new()).is_none(), "{id} is twice in {language}");
                current = Some(id.to_owned());
            }
            if let Some(variables) = current.as_ref().and_then(|id| found.get_mut(id)) {
                variables.extend(line.split('$').skip(1).map(|rest| {
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()
                }));
            }
        }
    }
    found
}

#[test]
fn both_languages_have_the_same_ids_and_variables() {
    let (ru, en) = (messages(Language::Ru), messages(Language::En));
    assert_eq!(ru.keys().collect::<Vec<_>>(), en.keys().collect::<Vec<_>>());
    for (id, variables) in &ru {
        assert_eq!(variables, &en[id], "the variables of {id} differ");
    }
    for language in LANGUAGES {
        for id in ru.keys() {
            assert!(has(language, id), "{id} does not load in {language}");
        }
    }
}

#[test]
fn every_id_that_is_used_exists_and_every_one_that_exists_is_used() {
    let known = messages(Language::Ru);
    let mut sources: Vec<(String, String)> =
        TEMPLATES.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for krate in
        ["web/src", "model/src", "store/src", "mail/src/address.rs", "mail/src/error.rs", "engine/src", "app/src"]
    {
        read(&crates.join(krate), &mut sources);
    }

    // Every word in quotes that looks like an id of ours: lower case with dashes, its first word the beginning of a
    // known family. What it names must be there.
    let mut used = BTreeSet::new();
    for (name, source) in &sources {
        for (at, quoted) in quoted(source) {
            if known.contains_key(quoted) {
                used.insert(quoted.to_owned());
            }
            let asked =
                ["t(", "text(", "Flash::ok(", "Flash::warn(", "Problem::new(", "page.text("].iter().any(|call| {
                    source[..at].strip_suffix(call).is_some_and(|before| !before.ends_with(char::is_alphanumeric))
                });
            let composed = COMPOSED.iter().any(|start| quoted.starts_with(start)) || quoted.ends_with('-');
            assert!(!asked || composed || known.contains_key(quoted), "{name} asks for {quoted}, which is missing");
        }
    }
    for id in known.keys() {
        let composed = COMPOSED.iter().any(|start| id.starts_with(start));
        assert!(composed || used.contains(id), "{id} is not used anywhere");
    }
}

fn read(path: &Path, sources: &mut Vec<(String, String)>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).expect("a folder of sources") {
            read(&entry.expect("an entry").path(), sources);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("i18n/tests.rs") {
        let source = fs::read_to_string(path).expect("a source file");
        let code: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        sources.push((path.display().to_string(), code.join("\n")));
    }
}

/// Words in quotes, with where the opening quote stands.
fn quoted(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for quote in ['"', '\''] {
        let mut rest = 0;
        while let Some(start) = source[rest..].find(quote).map(|at| rest + at) {
            let after = start + 1;
            let length = source[after..].find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'));
            let end = length.map_or(source.len(), |length| after + length);
            if source[end..].starts_with(quote) && end > after {
                found.push((start, &source[after..end]));
            }
            rest = after;
        }
    }
    found
}

#[test]
fn every_error_of_an_attempt_is_said_in_the_readers_language() {
    let of = |id: &str, names: &[&str]| {
        let args = names.iter().map(|name| ((*name).to_owned().into(), format!("<{name}>"))).collect();
        StoredProblem::of(Some(&Problem { id: id.to_owned().into(), args }))
    };
    // A test ends where a sentence is missing or asks for what there is not.
    for (id, names) in vestnik_mail::error::SmtpError::ALL {
        let said = attempt_error(Language::En, &of(id, names), "data");
        assert!(said.chars().all(|c| c.is_ascii() || c == '’'), "{id}: {said}");
        let said = attempt_error(Language::Ru, &of(id, names), "data");
        assert!(said.chars().any(|c| ('а'..='я').contains(&c)), "{id}: {said}");
    }
    for phase in vestnik_mail::verdict::Phase::ALL {
        let late = StoredProblem::of(Some(&Problem::new("smtp-reply-timed-out").with("phase", phase.id())));
        assert!(!attempt_error(Language::Ru, &late, phase.id()).is_empty());
    }
    let template = of("problem-template-unknown", &["line", "detail"]);
    let said = attempt_error(Language::En, &template, "render");
    assert!(said.starts_with("The message cannot be rendered. ") && said.contains("<detail>"), "{said}");
    assert_eq!(
        attempt_error(Language::En, &of("delivery-error-internal", &[]), ""),
        "An internal error of the service. Its log has the details."
    );
    // Of a version that knew more, or less.
    assert_eq!(attempt_error(Language::En, &of("smtp-was-once", &["a"]), "data"), "Unknown error: smtp-was-once");
    assert_eq!(attempt_error(Language::Ru, &StoredProblem::default(), "data"), "");
}

#[test]
fn the_browsers_wish_decides() {
    let cases = [
        ("", None),
        ("ru", Some(Language::Ru)),
        ("ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7", Some(Language::Ru)),
        ("en-GB,ru;q=0.5", Some(Language::En)),
        ("de-DE,de;q=0.9,ru;q=0.3,en;q=0.2", Some(Language::Ru)),
        ("de, *;q=0.1", None),
        ("ru;q=0, en;q=0.1", Some(Language::En)),
        ("ru;q=nonsense", None),
    ];
    for (header, expected) in cases {
        assert_eq!(accepted(header), expected, "{header}");
    }
}

#[test]
fn numbers_are_grouped_and_plurals_agree() {
    let recipients = |language, n: i64| text(language, "count-recipients", &[("n", n.into())]);
    assert_eq!(recipients(Language::Ru, 1), "1 получатель");
    assert_eq!(recipients(Language::Ru, 22), "22 получателя");
    assert_eq!(recipients(Language::Ru, 11), "11 получателей");
    assert_eq!(recipients(Language::Ru, 12_480), "12\u{a0}480 получателей");
    assert_eq!(recipients(Language::En, 1), "1 recipient");
    assert_eq!(recipients(Language::En, 12_480), "12,480 recipients");
    assert_eq!(number(Language::Ru, -1_234_567), "\u{2212}1\u{a0}234\u{a0}567");
    assert_eq!(number(Language::En, 999), "999");
    assert_eq!(percent(Language::Ru, 992, 1000), "99,2%");
    assert_eq!(percent(Language::En, 999_999, 1_000_000), "99.9%");
    assert_eq!(percent(Language::En, 1, 1_000_000), "0.1%");
    assert_eq!(percent(Language::En, 50, 100), "50%");
    assert_eq!(percent(Language::En, 0, 0), "0%");
    assert_eq!(percent(Language::En, 7, 7), "100%");
    assert_eq!(points(Language::Ru, (992, 1_000), (989, 1_000)).as_deref(), Some("+0,3"));
    assert_eq!(points(Language::En, (1, 2), (31, 50)).as_deref(), Some("\u{2212}12"));
    assert_eq!(points(Language::En, (1, 2), (2, 4)), None);
    assert_eq!(points(Language::En, (0, 0), (0, 0)), None);
}

#[test]
fn days_are_said_as_shortly_as_they_can_be() {
    let said = |language, first: &str, last: &str| {
        days(language, first.parse().expect("a date"), last.parse().expect("a date"))
    };
    assert_eq!(said(Language::Ru, "2026-11-24", "2026-11-24"), "24 ноября 2026");
    assert_eq!(said(Language::Ru, "2026-11-01", "2026-11-24"), "1\u{2013}24 ноября 2026");
    assert_eq!(said(Language::Ru, "2026-10-25", "2026-11-23"), "25 октября \u{2013} 23 ноября 2026");
    assert_eq!(said(Language::En, "2025-12-25", "2026-01-23"), "25 December 2025 \u{2013} 23 January 2026");
    let may = "2026-05-09".parse().expect("a date");
    assert_eq!(
        (short_day(Language::Ru, may), short_month(Language::Ru, may)),
        ("9\u{a0}мая".into(), "май\u{a0}2026".into())
    );
    assert_eq!(
        (short_day(Language::En, may), short_month(Language::En, may)),
        ("9\u{a0}May".into(), "May\u{a0}2026".into())
    );
}

#[test]
fn times_are_printed_with_their_zone() {
    let at = UnixMillis("2026-11-24T07:00:05Z".parse::<jiff::Timestamp>().expect("a time").as_millisecond());
    assert_eq!(datetime(Language::Ru, at, "Europe/Moscow"), "24 ноября 2026, 10:00, Москва (UTC+3)");
    assert_eq!(datetime(Language::En, at, "Europe/Moscow"), "24 November 2026, 10:00, Moscow (UTC+3)");
    assert_eq!(datetime(Language::En, at, "America/New_York"), "24 November 2026, 02:00, New York (UTC\u{2212}5)");
    assert_eq!(datetime(Language::Ru, at, "Asia/Kolkata"), "24 ноября 2026, 12:30, Калькутта (UTC+5:30)");
    assert_eq!(datetime(Language::Ru, at, "UTC"), "24 ноября 2026, 07:00, UTC");
    assert_eq!(datetime(Language::Ru, at, "No/Such"), "24 ноября 2026, 07:00, UTC");
    assert_eq!(moment(Language::Ru, at, "Europe/Moscow"), "24.11.2026 10:00:05");
    assert_eq!(zone_name(Language::Ru, "America/Argentina/Ushuaia"), "Ushuaia");
    let zones = zones(Language::Ru, at, "Antarctica/Troll");
    assert!(zones.iter().any(|(name, _)| name == "Antarctica/Troll"));
    assert_eq!(zones.first().map(|(name, _)| name.as_str()), Some("Pacific/Honolulu"));
}

#[test]
fn lengths_of_time_are_rounded() {
    let said = |seconds| duration(Language::Ru, std::time::Duration::from_secs(seconds));
    assert_eq!(said(5), "5 с");
    assert_eq!(said(170), "3 мин");
    assert_eq!(said(3_580), "1 ч");
    assert_eq!(said(86_400 * 2), "2 дня");
}

#[test]
fn problems_are_put_into_words() {
    let long = Problem::new("problem-too-long").with("longest", 300).with("length", 1_201);
    assert_eq!(problem(Language::Ru, &long), "Слишком длинно: 1\u{a0}201 знак при пределе 300.");
    assert_eq!(problem(Language::En, &long), "Too long: 1,201 characters, at most 300 fit.");
}

#[test]
fn rates_have_a_decimal_while_they_are_low() {
    for (count, millis, ru) in [
        (0, 1_000, "0"),
        (1, 3_000, "0,3"),
        (99, 10_000, "9,9"),
        (100, 10_000, "10"),
        (1_000_000, 60_000, "16\u{a0}666"),
        (i64::MAX, 0, "922\u{a0}337\u{a0}203\u{a0}685\u{a0}477\u{a0}580"),
    ] {
        assert_eq!(rate(Language::Ru, count, millis), ru);
    }
}
