//! The form of a mailing, new or existing: message, recipients, time (S-08 to S-14).

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    id::{MailingId, MessageId},
    mailing::{Audience, Mailing, MailingDraft, MailingInput, UnknownPolicy},
    schedule::local_input,
};
use vestnik_store::{
    mailings::{self, Saved, Selection},
    messages,
};

use super::choose::{self, ChooseView};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path, Query},
    i18n,
    page::Page,
    readable::readable,
    session::CurrentUser,
    state::AppState,
};

/// Messages that the form offers, the newest ones.
const MESSAGES: usize = 200;
/// The fields as they stand one below the other.
const FIELDS: [&str; 9] =
    ["message_id", "name", "audience", "when", "starts_at", "periodicity", "ends_at", "time_zone", "on_unknown"];

/// What is typed and ticked.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MailingForm {
    pub(crate) name: String,
    pub(crate) message_id: String,
    /// `all`, `chosen`, or `keep`: those who were chosen before.
    pub(crate) audience: String,
    pub(crate) search: String,
    /// Ticked recipients.
    pub(crate) id: Vec<String>,
    /// Present: all that match the search, ticked or not.
    pub(crate) all: Option<String>,
    /// `demand` or `planned`.
    pub(crate) when: String,
    pub(crate) starts_at: String,
    pub(crate) ends_at: String,
    pub(crate) periodicity: String,
    pub(crate) time_zone: String,
    /// `hold` or `resend`: what becomes of letters of unknown fate.
    pub(crate) on_unknown: String,
    /// Which button was pressed: `search` shows recipients, anything else saves.
    #[serde(skip_serializing)]
    pub(crate) act: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct FormView {
    /// None: a new mailing.
    pub(crate) id: Option<MailingId>,
    pub(crate) form: MailingForm,
    pub(crate) errors: FormErrors,
    pub(crate) messages: Vec<(String, String)>,
    pub(crate) zones: Vec<(String, String)>,
    pub(crate) choose: ChooseView,
    /// How many were chosen before, for an existing mailing with chosen recipients.
    pub(crate) kept: Option<i64>,
}

/// What an empty form may begin with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewQuery {
    #[serde(default)]
    message: String,
}

impl MailingForm {
    fn of(mailing: &Mailing) -> Self {
        let zone = mailing.zone();
        let local = |at: Option<UnixMillis>| at.map(|at| local_input(at, &zone)).unwrap_or_default();
        Self {
            name: mailing.name.clone(),
            message_id: mailing.message_id.to_string(),
            audience: if mailing.audience == Audience::Chosen { "keep" } else { "all" }.to_owned(),
            when: if mailing.starts_at.is_some() { "planned" } else { "demand" }.to_owned(),
            starts_at: local(mailing.starts_at),
            ends_at: local(mailing.ends_at),
            periodicity: mailing.periodicity.to_string(),
            time_zone: mailing.time_zone.clone(),
            on_unknown: mailing.on_unknown.to_string(),
            ..Self::default()
        }
    }

    /// Whether the form comes back with a search instead of being saved. Enter in any field presses the first button,
    /// which is the search's; where no one is being chosen, saving is what is meant.
    fn searches(&self) -> bool {
        self.act == "search" && self.audience == "chosen"
    }

    fn parse(&self) -> Result<MailingDraft, Problems> {
        let planned = self.when == "planned";
        let audience = if self.audience == "keep" { "chosen" } else { &self.audience };
        let draft = MailingDraft::parse(&MailingInput {
            name: &self.name,
            message_id: self.message_id.parse().ok(),
            audience,
            starts_at: if planned { &self.starts_at } else { "" },
            ends_at: &self.ends_at,
            periodicity: if planned { &self.periodicity } else { "" },
            time_zone: &self.time_zone,
            on_unknown: &self.on_unknown,
        });
        let mut problems = draft.as_ref().err().cloned().unwrap_or_default();
        if planned && self.starts_at.trim().is_empty() && !problems.iter().any(|(field, _)| field == "starts_at") {
            problems.add("starts_at", Problem::new("problem-start-missing"));
        }
        if self.audience == "chosen" && self.all.is_none() && choose::ticked(self).is_empty() {
            problems.add("audience", Problem::new("problem-nobody-chosen"));
        }
        problems.into_result(draft.ok())
    }
}

impl FormView {
    async fn new(
        app: &AppState,
        page: &Page,
        user: &CurrentUser,
        mailing: Option<&Mailing>,
        form: MailingForm,
        errors: FormErrors,
    ) -> Result<Self, Error> {
        let mut offered: Vec<(String, String)> = messages::list(&app.db, &user.actor, None, MESSAGES)
            .await?
            .rows
            .into_iter()
            .map(|message| (message.id.to_string(), readable(page.language(), &message.subject)))
            .collect();
        // The chosen one may be older than those that are offered.
        if let Ok(id) = form.message_id.parse::<MessageId>()
            && !offered.iter().any(|(known, _)| *known == form.message_id)
            && let Some(message) = messages::find(&app.db, &user.actor, id).await?
        {
            offered.push((id.to_string(), readable(page.language(), &message.subject)));
        }
        let kept = match mailing {
            Some(mailing) if mailing.audience == Audience::Chosen => {
                Some(mailings::audience_size(&app.db, &user.actor, mailing).await?)
            }
            _ => None,
        };
        Ok(Self {
            id: mailing.map(|mailing| mailing.id),
            choose: ChooseView::find(app, &user.actor, &form).await?,
            zones: i18n::zones(page.language(), app.now(), &form.time_zone),
            messages: offered,
            kept,
            form,
            errors,
        })
    }
}

/// The empty form.
pub(crate) async fn new(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<NewQuery>,
) -> Result<Response, Error> {
    let form = MailingForm {
        message_id: query.message,
        audience: "all".into(),
        when: "demand".into(),
        periodicity: "once".into(),
        time_zone: user.user.time_zone.clone(),
        on_unknown: UnknownPolicy::Hold.to_string(),
        ..MailingForm::default()
    };
    let view = FormView::new(&app, &page, &user, None, form, FormErrors::none()).await?;
    page.show("mailings/form.html", &view)
}

/// Stores a new mailing.
pub(crate) async fn create(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<MailingForm>,
) -> Result<Response, Error> {
    if form.searches() {
        let view = FormView::new(&app, &page, &user, None, form, FormErrors::none()).await?;
        return page.show("mailings/form.html", &view);
    }
    let problems = match form.parse() {
        Ok(draft) => {
            let selection = choose::selection(&form).unwrap_or(Selection::All);
            let saved = mailings::create(&app.db, &user.actor, &draft, &selection, app.now()).await?;
            match outcome(saved)? {
                Ok(id) => return Ok(go_on(id, &draft, false, app.now())),
                Err(problems) => problems,
            }
        }
        Err(problems) => problems,
    };
    let view = FormView::new(&app, &page, &user, None, form, page.errors(&problems).in_order(&FIELDS)).await?;
    page.invalid("mailings/form.html", &view)
}

/// The form of an existing mailing.
pub(crate) async fn edit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let form = MailingForm::of(&mailing);
    let view = FormView::new(&app, &page, &user, Some(&mailing), form, FormErrors::none()).await?;
    page.show("mailings/form.html", &view)
}

/// Changes an existing mailing.
pub(crate) async fn update(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Form(form): Form<MailingForm>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    if form.searches() {
        let view = FormView::new(&app, &page, &user, Some(&mailing), form, FormErrors::none()).await?;
        return page.show("mailings/form.html", &view);
    }
    let problems = match form.parse() {
        Ok(draft) => {
            let selection = choose::selection(&form);
            let saved = mailings::update(&app.db, &user.actor, id, &draft, selection.as_ref(), app.now()).await?;
            match outcome(saved)? {
                Ok(id) => return Ok(go_on(id, &draft, mailing.disabled_at.is_some(), app.now())),
                Err(problems) => problems,
            }
        }
        Err(problems) => problems,
    };
    let view =
        FormView::new(&app, &page, &user, Some(&mailing), form, page.errors(&problems).in_order(&FIELDS)).await?;
    page.invalid("mailings/form.html", &view)
}

fn outcome(saved: Saved) -> Result<Result<MailingId, Problems>, Error> {
    let problem = |field, id: &'static str| Ok(Err(Problems::one(field, Problem::new(id))));
    match saved {
        Saved::Saved(id) => Ok(Ok(id)),
        Saved::NotFound => Err(Error::NotFound),
        Saved::NoMessage => problem("message_id", "problem-message-missing"),
        Saved::NoRecipients => problem("audience", "problem-nobody-gets-it"),
        Saved::MayNotSend => problem("when", "problem-unconfirmed"),
    }
}

/// A planned mailing goes by itself: its page shows how. Any other is reviewed first.
fn go_on(id: MailingId, draft: &MailingDraft, disabled: bool, now: UnixMillis) -> Response {
    if disabled {
        return Flash::ok("flash-mailing-saved-disabled").and_go(&format!("/mailings/{id}"));
    }
    if draft.starts_at.is_none() {
        return Redirect::to(&format!("/mailings/{id}/review")).into_response();
    }
    let said = match draft.first_firing(now) {
        Some(at) if at <= now => "flash-mailing-at-once",
        Some(_) => "flash-mailing-planned",
        None => "flash-mailing-saved",
    };
    Flash::ok(said).and_go(&format!("/mailings/{id}"))
}
