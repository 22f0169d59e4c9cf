//! The template engine: embedded templates, strict, one environment a language.
//!
//! What templates can call, beside minijinja's own:
//!
//! | | |
//! |---|---|
//! | `t("id", name=value)` | a translation |
//! | `n \| number`, `part \| percent(whole)` | «12 480», «99,2%» |
//! | `datetime(ms, zone)` | «24 ноября 2026, 10:00, Москва (UTC+3)» |
//! | `date(ms, zone)`, `moment(ms, zone)`, `zone_label(ms, zone)`, `zone_name(zone)` | parts of it |
//! | `subject \| readable` | a template's text with «[Ф. И. О.]» where a recipient's name comes |
//! | `stored \| problem` | a problem that is kept as JSON, in words |
//! | `attempt_error(kind, args, phase)` | what happened in an attempt, in words |
//! | `builtin_group(name)` | `managers` for "Managers" in the audit log; of other groups nothing |
//! | `iso(ms)` | for `<time datetime="…">` |
//! | `duration(seconds)` | «3 мин» |
//! | `largest_form` | the most bytes of a form into which people type at length |
//! | `asset("app.css")`, `icon("send")` | the front end |
//! | `qr("otpauth://…", words)` | a QR code as a picture that is called `words` |

use std::{sync::LazyLock, time::Duration};

use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior,
    value::{Kwargs, Value},
};
use vestnik_model::{BuiltinGroup, Problem, UnixMillis, problem::StoredProblem, user::Language};

use crate::{
    embedded::TEMPLATES,
    form::LARGEST_TYPED,
    i18n::{self, FluentValue},
    qr,
    readable::readable,
};

// Two environments and not a variable for the language: macros do not see the variables of the page that calls them.
static RU: LazyLock<Environment<'static>> = LazyLock::new(|| environment(Language::Ru));
static EN: LazyLock<Environment<'static>> = LazyLock::new(|| environment(Language::En));

/// Renders a template of `templates/` in the language. Names that end in `.html` escape, others do not.
pub fn render(language: Language, template: &str, context: Value) -> Result<String, Error> {
    of(language).get_template(template)?.render(context)
}

/// Renders these blocks of a template, and nothing around them.
pub(super) fn blocks<const N: usize>(
    language: Language,
    template: &str,
    context: Value,
    names: [&str; N],
) -> Result<[String; N], Error> {
    // The whole is rendered first: what the blocks call is imported there.
    let mut whole = of(language).get_template(template)?.render_captured(context)?;
    let mut rendered = [const { String::new() }; N];
    for (block, name) in rendered.iter_mut().zip(names) {
        *block = whole.with_state_mut(|state| state.render_block(name))?;
    }
    Ok(rendered)
}

/// Renders a template without the shell: a part of a page for a live update.
pub fn fragment(language: Language, template: &str, view: &impl serde::Serialize) -> Result<String, Error> {
    render(language, template, Value::from(minijinja::value::Serde(view)))
}

pub(super) fn of(language: Language) -> &'static Environment<'static> {
    match language {
        Language::Ru => &RU,
        Language::En => &EN,
    }
}

fn environment(language: Language) -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    for (name, source) in TEMPLATES {
        // A template that does not parse is found by the test that renders them all; at run time its page fails alone.
        if let Err(error) = env.add_template(name, source) {
            tracing::error!(name, ?error, "a template does not parse");
        }
    }
    env.add_function("t", move |id: &str, args: Kwargs| translate(language, id, &args));
    env.add_function("asset", |path: &str| vestnik_assets::url(path));
    env.add_function("icon", icon);
    env.add_global("largest_form", LARGEST_TYPED);
    env.add_function("qr", qr);
    env.add_function("datetime", move |at: i64, zone: &str| i18n::datetime(language, UnixMillis(at), zone));
    env.add_function("date", move |at: i64, zone: &str| i18n::date(language, UnixMillis(at), zone));
    env.add_function("moment", move |at: i64, zone: &str| i18n::moment(language, UnixMillis(at), zone));
    env.add_function("zone_label", move |at: i64, zone: &str| i18n::zone_label(language, UnixMillis(at), zone));
    env.add_function("zone_name", move |zone: &str| i18n::zone_name(language, zone));
    env.add_function("iso", |at: i64| UnixMillis(at).to_string());
    env.add_function("duration", move |seconds: u64| i18n::duration(language, Duration::from_secs(seconds)));
    env.add_function("attempt_error", move |error_kind: String, error_args: String, phase: &str| {
        i18n::attempt_error(language, &StoredProblem { error_kind, error_args }, phase)
    });
    env.add_function("builtin_group", builtin_group);
    env.add_filter("number", move |value: i64| i18n::number(language, value));
    env.add_filter("readable", move |text: &str| readable(language, text));
    env.add_filter("problem", move |stored: &str| stored_problem(language, stored));
    env.add_filter("percent", move |part: i64, whole: i64| i18n::percent(language, part, whole));
    env
}

fn translate(language: Language, id: &str, args: &Kwargs) -> Result<String, Error> {
    let mut values = Vec::new();
    for name in args.args() {
        let value: Value = args.get(name)?;
        let value = match (value.as_i64(), value.as_str()) {
            (Some(number), _) => FluentValue::from(number),
            (None, Some(text)) => FluentValue::from(text.to_owned()),
            (None, None) => {
                let what = format!("t({id:?}): {name} is a {}, neither a whole number nor a text", value.kind());
                return Err(Error::new(ErrorKind::InvalidOperation, what));
            }
        };
        values.push((name, value));
    }
    Ok(i18n::text(language, id, &values))
}

/// A problem that is kept as JSON, in words.
fn stored_problem(language: Language, stored: &str) -> String {
    let problem: Problem = serde_json::from_str(stored).unwrap_or(Problem::new("problem-template"));
    i18n::problem(language, &problem)
}

/// The audit log names the groups that are there from the start as the tables do, or by their code.
fn builtin_group(noted: &str) -> Option<&'static str> {
    let code = noted.to_lowercase().replace(' ', "_");
    BuiltinGroup::ALL.iter().map(|group| group.as_str()).find(|group| *group == code)
}

fn icon(name: &str) -> Result<Value, Error> {
    vestnik_assets::icon(name)
        .map(|svg| Value::from_safe_string(svg.to_string()))
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("there is no icon {name:?}")))
}

fn qr(text: &str, words: &str) -> Result<Value, Error> {
    qr::svg(text, words)
        .map(Value::from_safe_string)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, "the text is too long for a QR code"))
}
