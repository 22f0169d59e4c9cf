//! Deleting recipients, one or many, after a question.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    id::RecipientId,
    recipient::{Recipient, RecipientSort},
};
use vestnik_store::{
    deletions::{self, RecipientDeletion},
    recipients,
};

use super::list;
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, Path, Query},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// The question about one.
#[derive(Debug, Serialize)]
pub(crate) struct AskView {
    pub(crate) recipient: Recipient,
}

/// Who is chosen: the rows with these ids, or everyone who matches the search.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    pub(crate) id: Vec<RecipientId>,
    /// `1` when everyone who matches is meant.
    #[serde(default)]
    pub(crate) all: String,
    #[serde(default)]
    pub(crate) q: String,
    #[serde(default)]
    pub(crate) sort: String,
}

impl Chosen {
    fn everyone(&self) -> bool {
        self.all == "1"
    }

    /// The list from which they were chosen.
    fn list(&self) -> String {
        list::address(self.q.trim(), self.sort.parse().unwrap_or(RecipientSort::Newest))
    }
}

/// The question about many.
#[derive(Debug, Serialize)]
pub(crate) struct AskManyView {
    pub(crate) chosen: Chosen,
    pub(crate) count: i64,
    pub(crate) list: String,
}

/// Asks whether to delete one.
pub(crate) async fn ask(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<RecipientId>,
) -> Result<Response, Error> {
    let recipient = recipients::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    page.show("recipients/delete.html", &AskView { recipient })
}

/// Deletes one.
pub(crate) async fn delete(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<RecipientId>,
) -> Result<Response, Error> {
    let recipient = recipients::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    recipients::delete(&app.db, &user.actor, id).await?;
    Ok(Flash::ok("flash-recipient-deleted").with("email", recipient.email).and_go("/recipients"))
}

/// Asks whether to delete those who were chosen in the list.
pub(crate) async fn ask_many(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Query(mut chosen): Query<Chosen>,
) -> Result<Response, Error> {
    let count = if chosen.everyone() {
        chosen.id.clear();
        recipients::count(&app.db, &user.actor, &chosen.q).await?
    } else {
        chosen.id.sort_unstable();
        chosen.id.dedup();
        i64::try_from(chosen.id.len()).unwrap_or(i64::MAX)
    };
    if count == 0 {
        return Ok(Flash::warn("flash-recipients-none-chosen").and_go(&chosen.list()));
    }
    let list = chosen.list();
    page.show("recipients/delete_many.html", &AskManyView { chosen, count, list })
}

/// Deletes them.
pub(crate) async fn delete_many(
    State(app): State<AppState>,
    user: CurrentUser,
    Form(chosen): Form<Chosen>,
) -> Result<Response, Error> {
    let deleted = if chosen.everyone() {
        match deletions::delete_recipients(&app.db, &user.actor, &chosen.q, app.now()).await? {
            RecipientDeletion::Done(deleted) => deleted,
            RecipientDeletion::InSteps(id) => return Ok(Redirect::to(&format!("/deletions/{id}")).into_response()),
        }
    } else {
        recipients::delete_many(&app.db, &user.actor, &chosen.id).await?
    };
    // After a search nobody is left who matches it.
    let back = if chosen.everyone() { "/recipients".to_owned() } else { chosen.list() };
    Ok(Flash::ok("flash-recipients-deleted").with("n", deleted).and_go(&back))
}
