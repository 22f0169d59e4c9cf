//! Anyone's report, for those who may look at users (S-31). It is read in the name of its owner.

use axum::{extract::State, response::Response};
use vestnik_model::{
    Permission,
    id::{MailingId, UserId},
};
use vestnik_store::oversight;

use super::user::found;
use crate::{
    error::Error,
    form::{Path, Query},
    page::Page,
    reports::{
        choice::ReportQuery,
        files,
        mailing::{self, RunsQuery},
        view::{self, OwnerView, Subject},
        workbook as workbook_of,
    },
    session::CurrentUser,
    state::AppState,
};

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    let person = found(&app, &user, id).await?;
    view::show(&app, &page, &user.user, Subject::other(&user.actor, &person.user), query).await
}

/// The days of it as a CSV file.
pub(crate) async fn days_csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    found(&app, &user, id).await?;
    files::days(&app, &page, &user.user, &user.actor.looking_at(id), &query)
}

/// The mailings of it as a CSV file.
pub(crate) async fn mailings_csv(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    found(&app, &user, id).await?;
    if !user.actor.may(Permission::ViewMailings) {
        return Err(Error::Forbidden);
    }
    files::mailings(&app, &page, &user.user, &user.actor.looking_at(id), &query)
}

/// All of it as a workbook for spreadsheet programs.
pub(crate) async fn workbook(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<UserId>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, Error> {
    found(&app, &user, id).await?;
    if !user.actor.may(Permission::ViewMailings) {
        return Err(Error::Forbidden);
    }
    workbook_of::answer(&app, &page, &user.user, &user.actor.looking_at(id), &query)
}

/// Shows a mailing's runs side by side.
pub(crate) async fn mailing(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Query(query): Query<RunsQuery>,
) -> Result<Response, Error> {
    let (found, owner) = oversight::mailing(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let looking = user.actor.looking_at(owner.id);
    mailing::answer(&app, &page, &user, &looking, (found, Some(OwnerView::of(&owner))), query).await
}
