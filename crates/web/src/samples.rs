//! Sample data for every template, and the test that renders them all in every language.
//!
//! One file a page family. A sample may be hostile: names with markup, empty lists, errors at every field.

mod accounts;
mod blog;
mod caught;
mod contacts;
mod installation;
mod mailings;
mod manage;
mod messages;
mod recipients;
mod reports;
mod shell;

use minijinja::value::{Serde, Value};
use serde::Serialize;
use vestnik_model::{Problem, Problems};

use crate::{
    conflict::ConflictView,
    embedded::TEMPLATES,
    form::FormErrors,
    i18n::LANGUAGES,
    page::{self, SampleShell},
    typed::TypedView,
};

/// A template with data to render it with.
pub(crate) struct Sample {
    template: &'static str,
    view: Value,
    shell: SampleShell,
}

/// A page before someone who has signed in.
pub(crate) fn page(template: &'static str, view: impl Serialize) -> Sample {
    Sample { template, view: Value::from(Serde(view)), shell: SampleShell::Confirmed }
}

/// A page before a stranger.
pub(crate) fn stranger(template: &'static str, view: impl Serialize) -> Sample {
    Sample { template, view: Value::from(Serde(view)), shell: SampleShell::Stranger }
}

/// Errors at these fields.
pub(crate) fn errors_at(fields: &[&'static str]) -> FormErrors {
    let mut problems = Problems::default();
    for field in fields {
        problems.add(field, Problem::new("problem-required"));
    }
    FormErrors::of(vestnik_model::user::Language::Ru, &problems)
}

/// What stands beside a form into which people type at length.
pub(crate) fn typed(conflict: bool) -> TypedView {
    TypedView { restored: true, conflict: conflict.then(ConflictView::sample) }
}

fn all() -> Vec<Sample> {
    [
        shell::all(),
        accounts::all(),
        mailings::all(),
        reports::all(),
        caught::all(),
        recipients::all(),
        messages::all(),
        manage::all(),
        installation::all(),
        blog::all(),
        contacts::all(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Parts that are rendered inside of others.
const PARTS: &[&str] = &[
    "layout.html",
    "visitor.html",
    "manage/mail_server.html",
    "blog/parts.html",
    "head.html",
    "form_marks.html",
    "typed.html",
    "brand.html",
    "chart.html",
    "notes.html",
    "switches.html",
    "macros.html",
    "accounts/settings_head.html",
    "accounts/two_factor_parts.html",
    "mailings/parts.html",
    "manage/parts.html",
    "messages/parts.html",
    "reports/breakdown.html",
];

#[test]
fn every_template_renders_in_every_language() {
    for language in LANGUAGES {
        for sample in all() {
            let html = page::sample(language, sample.template, sample.view, sample.shell)
                .unwrap_or_else(|error| panic!("{} in {language}: {error:?}", sample.template));
            if sample.template.ends_with(".html") && !sample.template.starts_with("letters/") {
                check(sample.template, &html);
            }
        }
    }
}

#[test]
fn every_template_has_a_sample() {
    let samples = all();
    for (name, _) in TEMPLATES {
        let shown = samples.iter().any(|sample| sample.template == *name) || PARTS.contains(name);
        assert!(shown, "no sample renders {name}: add one in src/samples/");
    }
}

/// What holds for every page: nothing that the Content-Security-Policy forbids, ids that are unique, labels that name
/// their control.
fn check(template: &str, html: &str) {
    for forbidden in [" style=", " onclick=", " onchange=", " onsubmit=", "hx-on", "<script>", "javascript:", "<Север>"]
    {
        assert!(!html.contains(forbidden), "{template} contains {forbidden}");
    }
    let ids = values(html, " id=\"");
    for (position, id) in ids.iter().enumerate() {
        assert!(!ids[..position].contains(id), "{template} has two elements with the id {id}");
    }
    for referred in values(html, " for=\"").into_iter().chain(values(html, "href=\"#")) {
        assert!(ids.contains(&referred), "{template} refers to #{referred}, which is not there");
    }
    for list in values(html, " aria-describedby=\"") {
        for referred in list.split_whitespace() {
            assert!(ids.contains(&referred), "{template} refers to #{referred}, which is not there");
        }
    }
    assert!(html.matches("<h1").count() <= 1, "{template} has more than one h1");
}

fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    html.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}
