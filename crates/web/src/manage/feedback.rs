//! The inbox of the contacts page (S-53): what people write is read, answered by mail, put aside as spam or deleted.

#[cfg(test)]
mod tests;

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, UnixMillis,
    feedback::{self as rules, Feedback, FeedbackState},
    id::FeedbackId,
    recipient::address,
    user::Language,
};
use vestnik_store::{
    feedback::{self, Answer, FeedbackFilter},
    groups::Changed,
};

use super::{PAGE_SIZE, author, said};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path, Query},
    letters,
    mailings::explanation::Explanation,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
    typed::{Restored, Sent, TypedView},
    visit::Visit,
};

/// What the list is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    q: String,
    /// A state, or empty: all but spam.
    state: String,
    at: String,
}

/// One in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: FeedbackId,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) subject: String,
    /// How it begins.
    pub(crate) beginning: String,
    pub(crate) state: FeedbackState,
    pub(crate) created_at: UnixMillis,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) rows: Vec<Row>,
    pub(crate) search: String,
    pub(crate) state: String,
    /// How much nobody has opened.
    pub(crate) unread: i64,
    pub(crate) pager: Pager,
}

/// An answer that was given.
#[derive(Debug, Serialize)]
pub(crate) struct AnswerView {
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) at: UnixMillis,
    /// `pending`, `sent`, `failed`, or `gone`.
    pub(crate) letter: String,
    /// What the mail server said last; empty: nothing yet.
    pub(crate) explanation: Explanation,
}

/// One with its answers.
#[derive(Debug, Serialize)]
pub(crate) struct FeedbackView {
    pub(crate) id: FeedbackId,
    pub(crate) name: String,
    pub(crate) email: String,
    /// The writer's account, for those who may look at accounts.
    pub(crate) account: String,
    pub(crate) language: Language,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) state: FeedbackState,
    pub(crate) created_at: UnixMillis,
    pub(crate) answers: Vec<AnswerView>,
    /// The answer that is being typed.
    pub(crate) answer: String,
    pub(crate) errors: FormErrors,
    pub(crate) typed: TypedView,
}

/// Asks before one is deleted.
#[derive(Debug, Serialize)]
pub(crate) struct AskDeleteView {
    pub(crate) id: FeedbackId,
    pub(crate) subject: String,
}

/// An answer as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AnswerForm {
    answer: String,
    /// How many answers there were when the form was opened.
    seen: String,
}

/// Where it is to be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct StateForm {
    state: String,
}

impl FeedbackView {
    fn new(found: Feedback, answers: Vec<Answer>, answer: String, errors: FormErrors) -> Self {
        let given = |answer: Answer| AnswerView {
            author: answer.author_name,
            text: answer.text,
            at: answer.created_at,
            letter: answer.letter.unwrap_or_else(|| "gone".to_owned()),
            explanation: Explanation::of((None, None, &answer.reply.unwrap_or_default()), &answer.error, ""),
        };
        Self {
            id: found.id,
            name: found.name,
            email: found.email,
            account: found.user_id.map(|id| format!("/manage/users/{id}")).unwrap_or_default(),
            language: found.language,
            subject: found.subject,
            text: found.text,
            state: found.state,
            created_at: found.created_at,
            answers: answers.into_iter().map(given).collect(),
            answer,
            errors,
            typed: TypedView::default(),
        }
    }
}

/// What came in, newest first.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    let filter = FeedbackFilter { search: query.q.replace('\0', ""), state: query.state.parse().ok() };
    let cursor = query.at.parse().ok();
    let found = feedback::list(&app.db, &user.actor, &filter, cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/manage/feedback", &[("q", &query.q), ("state", &query.state)], &found);
    let row = |one: Feedback| Row {
        id: one.id,
        name: one.name,
        email: one.email,
        subject: one.subject,
        beginning: one.text,
        state: one.state,
        created_at: one.created_at,
    };
    let rows = found.rows.into_iter().map(row).collect();
    let unread = feedback::unread(&app.db).await?;
    page.show("manage/feedback.html", &ListView { rows, search: query.q, state: query.state, unread, pager })
}

/// One of them, which is read from then on.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<FeedbackId>,
    Restored(typed): Restored<AnswerForm>,
) -> Result<Response, Error> {
    feedback::open(&app.db, &user.actor, id).await?;
    let (found, answers) = feedback::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let restored = TypedView::restored(typed.is_some());
    let view = FeedbackView::new(found, answers, typed.unwrap_or_default().answer, FormErrors::none());
    page.show("manage/feedback_one.html", &FeedbackView { typed: restored, ..view })
}

/// Answers it by mail, in the language in which it was written.
pub(crate) async fn answer(
    State(app): State<AppState>,
    visit: Visit,
    page: Page,
    user: CurrentUser,
    Path(id): Path<FeedbackId>,
    Sent { form, .. }: Sent<AnswerForm>,
) -> Result<Response, Error> {
    let (found, answers) = feedback::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let text = match rules::answer(&form.answer) {
        Ok(text) => text,
        Err(problem) => {
            let errors = page.error("answer", &problem);
            let view = FeedbackView::new(found, answers, form.answer, errors);
            return page.invalid("manage/feedback_one.html", &view);
        }
    };
    let to = address(&found.email).map_err(|problem: Problem| Error::internal(problem.id))?;
    let reader = letters::Reader { language: found.language, name: &found.name, email: &found.email };
    let about = letters::About {
        path: "/contacts",
        topic: &found.subject,
        words: &text,
        quote: &found.text,
        ..letters::About::default()
    };
    let post = letters::Post::of(&app).await?;
    let letter = post.compose_to(letters::Kind::FeedbackAnswer, user.user.id, &reader, to, &about)?;
    let author = author(&app, &visit, &user);
    // A form without the number was made up; then nobody can have answered before.
    let seen = form.seen.parse().unwrap_or_default();
    let done = feedback::answer(&app.db, &user.actor, (id, seen), &text, &letter.as_new(), &author).await?;
    if done == Changed::NotNow {
        let (found, answers) = feedback::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
        let errors = page.error("answer", &Problem::new("problem-feedback-answered"));
        return page.invalid("manage/feedback_one.html", &FeedbackView::new(found, answers, form.answer, errors));
    }
    Ok(said(done, "flash-feedback-answered")?.and_go(&format!("/manage/feedback/{id}")))
}

/// Puts it aside as spam, or back.
pub(crate) async fn set_state(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<FeedbackId>,
    Form(form): Form<StateForm>,
) -> Result<Response, Error> {
    let (state, done) = match form.state.parse() {
        Ok(FeedbackState::Spam) => (FeedbackState::Spam, "flash-feedback-spam"),
        Ok(FeedbackState::New) => (FeedbackState::New, "flash-feedback-unread"),
        Ok(FeedbackState::Read) => (FeedbackState::Read, "flash-feedback-no-spam"),
        _ => return Err(Error::BadRequest),
    };
    Ok(said(feedback::mark(&app.db, &user.actor, id, state, app.now()).await?, done)?.and_go("/manage/feedback"))
}

/// Asks before it is deleted.
pub(crate) async fn ask_delete(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<FeedbackId>,
) -> Result<Response, Error> {
    let (found, _) = feedback::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    page.show("manage/delete_feedback.html", &AskDeleteView { id, subject: found.subject })
}

/// Deletes it.
pub(crate) async fn delete(
    State(app): State<AppState>,
    visit: Visit,
    user: CurrentUser,
    Path(id): Path<FeedbackId>,
) -> Result<Response, Error> {
    let deleted = feedback::delete(&app.db, &user.actor, id, &author(&app, &visit, &user)).await?;
    let flash: Flash = said(deleted, "flash-feedback-deleted")?;
    Ok(flash.and_go("/manage/feedback"))
}
