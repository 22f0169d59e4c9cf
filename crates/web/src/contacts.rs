//! The contacts page (S-53): how to reach those who run the installation, and a form to write to them. What is written
//! waits in their inbox (`manage::feedback`); those who read it get a copy by mail, as long as it is not too much.
//!
//! Machines are held off without asking people to prove anything: a field that nobody sees, a form that was open for less
//! than it takes to write, and a limit by network address. Whoever fills in the field that nobody sees is kept among the
//! spam, where a mistake can be found.

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems, UnixMillis,
    feedback::{FeedbackDraft, TypedFeedback},
    secret::new_key,
};
use vestnik_store::feedback::{self, NewFeedback};

use crate::{
    accounts::MessageView,
    error::Error,
    form::{Form, FormErrors},
    letters,
    limits::Limit,
    page::Page,
    state::AppState,
};

const BY_ADDRESS: Limit = Limit::per_minutes("feedback", 5, 60);
/// Copies by mail, of all that is written: an inbox may fill up, the readers' mail must not.
const COPIES: Limit = Limit::per_minutes("feedback-copy", 30, 60);
/// Beyond these, a word that there is more.
const HINTS: Limit = Limit::per_minutes("feedback-hint", 1, 60);
/// Readers who get a copy.
const READERS: i64 = 20;
/// Nobody writes faster.
const SHORTEST: Duration = Duration::from_secs(3);

/// What is typed.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ContactsForm {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// Nobody sees it.
    pub(crate) more: String,
    /// When the form was opened, in Unix milliseconds.
    pub(crate) opened: String,
    /// Names the form, so that it is kept once however often it is sent.
    pub(crate) key: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ContactsView {
    pub(crate) form: ContactsForm,
    pub(crate) errors: FormErrors,
    /// How else to reach them, in lines.
    pub(crate) contacts: String,
    pub(crate) canonical: String,
}

impl ContactsForm {
    fn parse(&self, now: UnixMillis) -> Result<FeedbackDraft, Problems> {
        let typed =
            TypedFeedback { name: &self.name, email: &self.email, subject: &self.subject, text: &self.text }.parse();
        let opened = self.opened.parse().ok().map(UnixMillis).filter(|at| at.plus(SHORTEST) <= now);
        if opened.is_none() && typed.is_ok() {
            return Err(Problems::one("", Problem::new("problem-feedback-hasty")));
        }
        typed
    }

    /// The same form to be sent again. When it was opened is no secret: what makes no sense becomes now.
    fn again(mut self, app: &AppState) -> Self {
        let known: Option<i64> = self.opened.parse().ok();
        if known.is_none_or(|at| at > app.now().0) {
            self.opened = app.now().0.to_string();
        }
        if !(1..=64).contains(&self.key.len()) || !self.key.bytes().all(|b| b.is_ascii_alphanumeric()) {
            self.key = new_key(&*app.random, 12);
        }
        self
    }
}

async fn view(app: &AppState, form: ContactsForm, errors: FormErrors) -> Result<ContactsView, Error> {
    let contacts = app.installation().await?.contacts.clone();
    Ok(ContactsView { form: form.again(app), errors, contacts, canonical: app.settings.link("/contacts") })
}

/// The page with an empty form; who has signed in need not say who they are.
pub(crate) async fn show(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    let form = match &page.visit.user {
        Some(who) => {
            ContactsForm { name: who.user.name.clone(), email: who.user.email.clone(), ..ContactsForm::default() }
        }
        None => ContactsForm::default(),
    };
    page.show("contacts.html", &view(&app, form, FormErrors::none()).await?)
}

/// Keeps what was written.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Form(form): Form<ContactsForm>,
) -> Result<Response, Error> {
    let draft = match form.parse(app.now()) {
        Ok(draft) => draft,
        Err(problems) => {
            return page.invalid("contacts.html", &view(&app, form, page.errors(&problems)).await?);
        }
    };
    // What is typed is worth more than a page that says "too often".
    if let Err(Error::TooOften(wait)) = BY_ADDRESS.count_network(&app, page.visit.address).await {
        let problem = Problem::new("problem-feedback-often").with("minutes", wait.as_secs().div_ceil(60));
        let view = view(&app, form, page.error("", &problem)).await?;
        return page.answer(StatusCode::TOO_MANY_REQUESTS, "contacts.html", &view);
    }
    let is_spam = !form.more.is_empty();
    let user = page.visit.user.as_ref().map(|who| who.user.id);
    let form = form.again(&app);
    let new = NewFeedback { draft: &draft, form: &form.key, user, language: page.language(), is_spam };
    keep(&app, new).await?;
    let email = draft.email.as_str();
    let view = MessageView { words: "contacts-sent", email, href: "/", button: "contacts-sent-home" };
    page.show("accounts/message.html", &view)
}

/// Keeps it, and tells those who read it, in the language of each.
async fn keep(app: &AppState, new: NewFeedback<'_>) -> Result<(), Error> {
    let post = letters::Post::of(app).await?;
    let readers = if new.is_spam { Vec::new() } else { feedback::readers(&app.db, READERS).await? };
    let Some(mut submission) = feedback::submit(&app.db, new, app.now()).await? else { return Ok(()) };
    let draft = new.draft;
    let from = format!("{} <{}>", draft.name, draft.email);
    let path = format!("/manage/feedback/{}", submission.id);
    let copy =
        letters::About { path: &path, other: &from, topic: &draft.subject, words: &draft.text, ..Default::default() };
    let hint = letters::About { path: "/manage/feedback", ..Default::default() };
    let telling = if readers.is_empty() { Telling::Nothing } else { Telling::now(app).await };
    for reader in readers {
        let letter = match telling {
            Telling::Copy => post.compose_for(letters::Kind::Feedback, &reader, &copy)?,
            Telling::Hint => post.compose_for(letters::Kind::FeedbackMore, &reader, &hint)?,
            Telling::Nothing => break,
        };
        submission.tell(&letter.as_new()).await?;
    }
    Ok(submission.keep().await?)
}

/// How much the readers are told by mail.
enum Telling {
    Copy,
    /// That there is more than is told.
    Hint,
    Nothing,
}

impl Telling {
    async fn now(app: &AppState) -> Self {
        if COPIES.count(app, "all").await.is_ok() {
            return Self::Copy;
        }
        tracing::warn!("more is written on the contacts page than its readers are told by mail");
        if HINTS.count(app, "all").await.is_ok() { Self::Hint } else { Self::Nothing }
    }
}
