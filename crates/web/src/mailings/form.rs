//! The form of a mailing, new or existing: message, recipients, time (S-08 to S-14).

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    id::{MailingId, MessageId},
    mailing::{Audience, Mailing, MailingDraft, MailingInput, UnknownPolicy},
    schedule::{local_input, minute_input},
};
use vestnik_store::{
    mailings::{self, LateStart},
    messages,
};

use super::{
    choose::{self, ChooseView},
    save::save,
};
use crate::{
    error::Error,
    form::{FormErrors, Path, Query},
    i18n,
    page::Page,
    readable::readable,
    session::CurrentUser,
    state::AppState,
    typed::{Restored, Sent, TypedView},
};

/// The page.
pub(super) const FORM: &str = "mailings/form.html";
/// Messages that the form offers, the newest ones.
const MESSAGES: usize = 200;
/// The fields as they stand one below the other.
pub(super) const FIELDS: [&str; 9] =
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
    /// Which version of the stored mailing the form was shown with.
    pub(crate) version: String,
    /// That it may begin at once although its start has passed long ago: what was said then, see [`Self::agreement`].
    #[serde(skip_serializing)]
    pub(crate) late: String,
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
    /// It would begin at once, and its start has passed long ago.
    pub(crate) late: Option<LateView>,
    pub(crate) typed: TypedView,
}

/// The question whether a mailing may begin at once.
#[derive(Debug, Serialize)]
pub(crate) struct LateView {
    /// By how many days its start has passed.
    pub(crate) days: u64,
    pub(crate) recipients: i64,
    /// What the button sends.
    pub(crate) agreement: String,
}

/// What an empty form may begin with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct NewQuery {
    #[serde(default)]
    message: String,
}

impl MailingForm {
    pub(super) fn of(mailing: &Mailing) -> Self {
        let zone = mailing.zone();
        let local = |at: Option<UnixMillis>| at.map(|at| local_input(at, &zone)).unwrap_or_default();
        Self {
            name: mailing.name.clone(),
            message_id: mailing.message_id.to_string(),
            audience: if mailing.audience == Audience::Chosen { "keep" } else { "all" }.to_owned(),
            when: if mailing.starts_at.is_some() { "planned" } else { "demand" }.to_owned(),
            starts_at: mailing.start().map(|start| minute_input(start.local)).unwrap_or_default(),
            ends_at: local(mailing.ends_at),
            periodicity: mailing.periodicity.to_string(),
            time_zone: mailing.time_zone.clone(),
            on_unknown: mailing.on_unknown.to_string(),
            version: mailing.version.to_string(),
            ..Self::default()
        }
    }

    /// Whether the form comes back with a search instead of being saved. Enter in any field presses the first button,
    /// which is the search's; where no one is being chosen, saving is what is meant.
    fn searches(&self) -> bool {
        self.act == "search" && self.audience == "chosen"
    }

    /// What stands for the answer that a mailing with this start may begin at once, to so many.
    pub(super) fn agreement(&self, recipients: i64) -> String {
        format!("{}/{recipients}", self.starts_at)
    }

    /// Whether it may begin at once: only with the start, and to as many, as was asked about.
    pub(super) fn late_start(&self) -> LateStart {
        match self.late.rsplit_once('/') {
            Some((start, recipients)) if start == self.starts_at => {
                recipients.parse().map_or(LateStart::Ask, LateStart::AgreedFor)
            }
            _ => LateStart::Ask,
        }
    }

    /// Checks what is typed; `before` is the stored mailing that it changes.
    pub(super) fn check(&self, app: &AppState, before: Option<&Mailing>) -> Result<MailingDraft, Problems> {
        let now = app.now();
        let draft = self.parse(before, now)?;
        draft.check_window(before, app.settings.undo_delay, now)?;
        Ok(draft)
    }

    fn parse(&self, before: Option<&Mailing>, now: UnixMillis) -> Result<MailingDraft, Problems> {
        let planned = self.when == "planned";
        let audience = if self.audience == "keep" { "chosen" } else { &self.audience };
        let input = MailingInput {
            name: &self.name,
            message_id: self.message_id.parse().ok(),
            audience,
            starts_at: if planned { &self.starts_at } else { "" },
            ends_at: &self.ends_at,
            periodicity: if planned { &self.periodicity } else { "" },
            time_zone: &self.time_zone,
            on_unknown: &self.on_unknown,
        };
        let draft = MailingDraft::parse(&input, now);
        let mut problems = draft.as_ref().err().cloned().unwrap_or_default();
        if planned && self.starts_at.trim().is_empty() && !problems.iter().any(|(field, _)| field == "starts_at") {
            problems.add("starts_at", Problem::new("problem-start-missing"));
        }
        // Nobody is written to because a choice got lost on the way.
        if !matches!((self.audience.as_str(), before), ("all" | "chosen", _) | ("keep", Some(_))) {
            problems.add("audience", Problem::new("problem-choice"));
        }
        if self.audience == "chosen" && self.all.is_none() && choose::ticked(self).is_empty() {
            problems.add("audience", Problem::new("problem-nobody-chosen"));
        }
        problems.into_result(draft.ok())
    }
}

impl FormView {
    pub(super) async fn new(
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
            late: None,
            typed: TypedView::default(),
        })
    }
}

/// The empty form.
pub(crate) async fn new(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<NewQuery>,
    Restored(typed): Restored<MailingForm>,
) -> Result<Response, Error> {
    let restored = TypedView::restored(typed.is_some());
    let empty = || MailingForm {
        message_id: query.message,
        audience: "all".into(),
        when: "demand".into(),
        periodicity: "once".into(),
        time_zone: user.user.time_zone.clone(),
        on_unknown: UnknownPolicy::Hold.to_string(),
        ..MailingForm::default()
    };
    let form = typed.unwrap_or_else(empty);
    let view = FormView::new(&app, &page, &user, None, form, FormErrors::none()).await?;
    page.show(FORM, &FormView { typed: restored, ..view })
}

/// Stores a new mailing.
pub(crate) async fn create(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Sent { form, hash }: Sent<MailingForm>,
) -> Result<Response, Error> {
    if form.searches() {
        let view = FormView::new(&app, &page, &user, None, form, FormErrors::none()).await?;
        return page.show(FORM, &view);
    }
    save(&app, &page, &user, None, form, hash.as_ref()).await
}

/// The form of an existing mailing.
pub(crate) async fn edit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Restored(typed): Restored<MailingForm>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let restored = TypedView::restored(typed.is_some());
    let form = typed.unwrap_or_else(|| MailingForm::of(&mailing));
    let view = FormView::new(&app, &page, &user, Some(&mailing), form, FormErrors::none()).await?;
    page.show(FORM, &FormView { typed: restored, ..view })
}

/// Changes an existing mailing.
pub(crate) async fn update(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Sent { form, .. }: Sent<MailingForm>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    if form.searches() {
        let view = FormView::new(&app, &page, &user, Some(&mailing), form, FormErrors::none()).await?;
        return page.show(FORM, &view);
    }
    save(&app, &page, &user, Some(&mailing), form, None).await
}

/// When a mailing is to be sent, as it is typed in the review.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ScheduleForm {
    starts_at: String,
    version: String,
}

/// Plans a mailing for a time, and leaves everything else as it is. What is wrong with the time is said in the whole form.
pub(crate) async fn schedule(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Sent { form: typed, .. }: Sent<ScheduleForm>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let form = MailingForm {
        when: "planned".into(),
        starts_at: typed.starts_at,
        version: typed.version,
        ..MailingForm::of(&mailing)
    };
    let start = form.check(&app, Some(&mailing)).ok().and_then(|draft| draft.start);
    if start.is_some_and(|start| start.at <= app.now()) {
        let errors = page.error("starts_at", &Problem::new("problem-start-passed"));
        let view = FormView::new(&app, &page, &user, Some(&mailing), form, errors).await?;
        return page.invalid(FORM, &view);
    }
    save(&app, &page, &user, Some(&mailing), form, None).await
}
