//! Saving a mailing as it was typed: what follows, what is wrong, what is asked first, and what someone else has done
//! meanwhile.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    id::{MailingId, MessageId},
    mailing::{Audience, Mailing, MailingDraft},
    secret::new_key,
};
use vestnik_store::{
    mailings::{self, Saved, Saving, Selection},
    messages,
    submitted_forms::FormHash,
};

use super::{
    choose,
    form::{FIELDS, FORM, FormView, LateView, MailingForm},
};
use crate::{
    conflict::{ConflictView, Field},
    error::Error,
    flash::Flash,
    form::FormErrors,
    i18n,
    page::Page,
    readable::readable,
    session::CurrentUser,
    state::AppState,
    typed::TypedView,
};

/// Saves a new mailing, or changes the stored one `before`.
pub(super) async fn save(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    before: Option<&Mailing>,
    form: MailingForm,
    hash: Option<&FormHash>,
) -> Result<Response, Error> {
    let draft = match form.check(app, before) {
        Ok(draft) => draft,
        Err(problems) => return refuse(app, page, user, before, form, &problems).await,
    };
    let key = new_key(&*app.random, 12);
    let (now, undo) = (app.now(), app.settings.undo_delay);
    let saving = Saving { now, undo, key: &key, late_start: form.late_start(), form: hash };
    let selection = choose::selection(&form);
    let saved = match before {
        None => {
            let selection = selection.unwrap_or(Selection::Ids(Vec::new()));
            mailings::create(&app.db, &user.actor, &draft, &selection, &saving).await?
        }
        Some(mailing) => {
            let version = form.version.parse().ok();
            mailings::update(&app.db, &user.actor, mailing.id, &draft, selection.as_ref(), version, &saving).await?
        }
    };
    let problem = |field, id: &'static str| Problems::one(field, Problem::new(id));
    let problems = match saved {
        Saved::Saved(id) => {
            let disabled = before.is_some_and(|mailing| mailing.disabled_at.is_some());
            return Ok(go_on(id, &draft, disabled, now));
        }
        Saved::Begins(id, _) => {
            let said = Flash::ok("flash-mailing-at-once").with("seconds", undo.as_secs());
            return Ok(said.and_go(&format!("/mailings/{id}")));
        }
        Saved::NotFound => return Err(Error::NotFound),
        Saved::Changed => return changed(app, page, user, before.map(|mailing| mailing.id), form).await,
        Saved::Late { days, recipients } => {
            let problem = Problem::new("problem-start-late").with("days", days);
            let late = LateView { days, recipients, agreement: form.agreement(recipients) };
            let errors = page.error("starts_at", &problem);
            let view = FormView::new(app, page, user, before, form, errors).await?;
            return page.invalid(FORM, &FormView { late: Some(late), ..view });
        }
        Saved::NoMessage => problem("message_id", "problem-message-missing"),
        Saved::NoRecipients => problem("audience", "problem-nobody-gets-it"),
        Saved::MayNotSend => problem("when", "problem-unconfirmed"),
    };
    refuse(app, page, user, before, form, &problems).await
}

async fn refuse(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    before: Option<&Mailing>,
    form: MailingForm,
    problems: &Problems,
) -> Result<Response, Error> {
    let errors = page.errors(problems).in_order(&FIELDS);
    page.invalid(FORM, &FormView::new(app, page, user, before, form, errors).await?)
}

/// A planned mailing goes by itself: its page shows how. Any other is reviewed first.
fn go_on(id: MailingId, draft: &MailingDraft, disabled: bool, now: UnixMillis) -> Response {
    if disabled {
        return Flash::ok("flash-mailing-saved-disabled").and_go(&format!("/mailings/{id}"));
    }
    if draft.start.is_none() {
        return Redirect::to(&format!("/mailings/{id}/review")).into_response();
    }
    let planned = draft.first_firing(now).is_some_and(|at| at > now);
    Flash::ok(if planned { "flash-mailing-planned" } else { "flash-mailing-saved" }).and_go(&format!("/mailings/{id}"))
}

/// The form again, beside what someone else has saved meanwhile.
async fn changed(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    id: Option<MailingId>,
    mut form: MailingForm,
) -> Result<Response, Error> {
    let id = id.ok_or(Error::NotFound)?;
    let stored = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let theirs = MailingForm::of(&stored);
    // Whoever saves once more has seen it.
    form.version.clone_from(&theirs.version);
    let chosen = mailings::audience_size(&app.db, &user.actor, &stored).await?;
    if form.audience == "keep" && stored.audience == Audience::All {
        // Those who were to be kept are chosen no more.
        form.audience = "chosen".into();
    }
    // What is left out means what comes first.
    let choices = |name: &str, first: &str, value: &str| {
        let value = if value.is_empty() { first } else { value };
        page.text(&format!("{name}-{value}"), &[])
    };
    let mut fields = vec![
        Field::new(
            "mailing-message",
            subject(app, page, user, &theirs.message_id).await?,
            subject(app, page, user, &form.message_id).await?,
        ),
        Field::new("mailing-name", &*theirs.name, &*form.name),
        Field::new("mailing-to-whom", whom(page, &theirs, chosen), whom(page, &form, chosen)),
        Field::new("mailing-starts", start(page, &theirs), start(page, &form)),
        Field::new("mailing-ends", theirs.ends_at.replace('T', " "), form.ends_at.replace('T', " ")),
        Field::new(
            "field-time-zone",
            i18n::zone_name(page.language(), &theirs.time_zone),
            i18n::zone_name(page.language(), &form.time_zone),
        ),
        Field::new(
            "mailing-unknown",
            choices("unknown", "hold", &theirs.on_unknown),
            choices("unknown", "hold", &form.on_unknown),
        ),
    ];
    if form.when == "planned" && theirs.when == "planned" {
        let words = |form: &MailingForm| choices("periodicity", "once", &form.periodicity);
        fields.push(Field::new("mailing-periodicity", words(&theirs), words(&form)));
    }
    let keep = format!("/mailings/{id}/edit");
    let conflict = ConflictView::of(page, stored.updated_at, "mailing", keep, fields).await?;
    let Some(conflict) = conflict else {
        return Ok(Flash::ok("flash-mailing-saved").and_go(&format!("/mailings/{id}")));
    };
    let view = FormView::new(app, page, user, Some(&stored), form, FormErrors::none()).await?;
    page.answer(StatusCode::CONFLICT, FORM, &FormView { typed: TypedView::conflict(conflict), ..view })
}

async fn subject(app: &AppState, page: &Page, user: &CurrentUser, id: &str) -> Result<String, Error> {
    let Ok(id) = id.parse::<MessageId>() else { return Ok(String::new()) };
    let found = messages::find(&app.db, &user.actor, id).await?;
    Ok(found.map(|message| readable(page.language(), &message.subject)).unwrap_or_default())
}

/// To whom, in words. `chosen` is how many are chosen for the stored one.
fn whom(page: &Page, form: &MailingForm, chosen: i64) -> String {
    let ticked = i64::try_from(choose::ticked(form).len()).unwrap_or(i64::MAX);
    let count = match form.audience.as_str() {
        "all" => return page.text("audience-all", &[]),
        "keep" => chosen,
        _ if form.all.is_some() => return format!("{}: {}", page.text("audience-chosen", &[]), form.search),
        _ => ticked,
    };
    format!("{}, {}", page.text("audience-chosen", &[]), page.text("count-recipients", &[("n", count.into())]))
}

fn start(page: &Page, form: &MailingForm) -> String {
    if form.when == "planned" { form.starts_at.replace('T', " ") } else { page.text("mailing-on-demand", &[]) }
}
