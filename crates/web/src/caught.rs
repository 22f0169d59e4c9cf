//! «Пойманные письма»: what the built-in catcher took instead of sending it out into the world.
//!
//! Where the service is known under a name of this machine alone (`localhost`), whoever reaches it sits at this machine:
//! the page is open, so that a first confirmation or a forgotten password needs no mail server. Anywhere else it is for
//! people who have signed in, and letters with another person's secret link stay closed to them.

#[cfg(test)]
mod tests;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
};
use mail_parser::{Message, MessageParser, MimeHeaders};
use serde::{Deserialize, Serialize};
use vestnik_model::{Permission, UnixMillis, id::CaughtId};
use vestnik_store::caught::{self, Caught};

use crate::{
    error::Error,
    flash::Flash,
    form::{Path, Query},
    headers::preview,
    page::{Page, Pager},
    state::{AppState, Settings},
    visit::{Visit, is_local},
};

const PAGE_SIZE: usize = 50;

/// What is asked for.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ListQuery {
    /// Words in the recipient or the subject.
    pub(crate) q: String,
    #[serde(skip_serializing)]
    pub(crate) at: String,
}

/// A mail in the list.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) id: CaughtId,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) caught_at: UnixMillis,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) query: ListQuery,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// How many there are, whatever is searched for.
    pub(crate) total: i64,
    /// Whether this visitor may throw them away.
    pub(crate) may_clear: bool,
    pub(crate) zone: String,
}

/// A mail.
#[derive(Debug, Serialize)]
pub(crate) struct MailView {
    pub(crate) id: CaughtId,
    pub(crate) sender: String,
    pub(crate) from: String,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) caught_at: UnixMillis,
    pub(crate) zone: String,
    pub(crate) text: String,
    pub(crate) has_html: bool,
    /// Names of attachments.
    pub(crate) attachments: Vec<String>,
    pub(crate) kilobytes: i64,
}

/// Whether whoever asks sits at this machine.
fn at_this_machine(app: &AppState, visit: &Visit) -> bool {
    visit.local && is_local(&app.settings.base_url)
}

async fn may_look(app: &AppState, visit: &Visit) -> Result<(), Error> {
    let catches = app.settings.catches(&*app.installation().await?);
    match (catches, at_this_machine(app, visit), &visit.user) {
        (false, _, _) => Err(Error::NotFound),
        (true, true, _) | (true, false, Some(_)) => Ok(()),
        (true, false, None) => Err(Error::SignIn),
    }
}

/// On a service that others reach too, no one may throw away what is not theirs, but for those who run it.
fn may_clear(app: &AppState, visit: &Visit) -> bool {
    let runs_it = visit.user.as_ref().is_some_and(|who| who.actor.may(Permission::ManageSettings));
    runs_it || at_this_machine(app, visit)
}

/// A mail, if this visitor may read it.
async fn find(app: &AppState, visit: &Visit, id: CaughtId) -> Result<Caught, Error> {
    may_look(app, visit).await?;
    let mail = caught::find(&app.db, id).await?.ok_or(Error::NotFound)?;
    let own = visit.user.as_ref().is_some_and(|who| who.user.email.eq_ignore_ascii_case(&mail.recipient));
    if !own && !at_this_machine(app, visit) && opens_an_account(&app.settings, &parse(&mail)) {
        return Err(Error::NotFound);
    }
    Ok(mail)
}

/// Whether the mail holds one of our links that set a password or confirm an address.
fn opens_an_account(settings: &Settings, message: &Message<'_>) -> bool {
    let text = message.body_text(0).unwrap_or_default();
    ["/recover/", "/confirm/"].iter().any(|path| text.contains(&settings.link(path)))
}

fn parse(mail: &Caught) -> Message<'_> {
    MessageParser::default().parse(&mail.raw).unwrap_or_default()
}

fn zone(visit: &Visit) -> String {
    visit.user.as_ref().map_or_else(|| "UTC".to_owned(), |who| who.user.time_zone.clone())
}

/// The list, newest first.
pub(crate) async fn list(
    State(app): State<AppState>,
    page: Page,
    Query(query): Query<ListQuery>,
) -> Result<Response, Error> {
    may_look(&app, &page.visit).await?;
    let cursor = query.at.parse().ok();
    let found = caught::list(&app.db, &query.q.replace('\0', ""), cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/caught", &[("q", &query.q)], &found);
    let row =
        |mail: Caught| Row { id: mail.id, recipient: mail.recipient, subject: mail.subject, caught_at: mail.caught_at };
    let view = ListView {
        query,
        rows: found.rows.into_iter().map(row).collect(),
        pager,
        total: caught::count(&app.db).await?,
        may_clear: may_clear(&app, &page.visit),
        zone: zone(&page.visit),
    };
    page.show("caught/list.html", &view)
}

/// A mail: headers, text, the HTML in a frame.
pub(crate) async fn show(State(app): State<AppState>, page: Page, Path(id): Path<CaughtId>) -> Result<Response, Error> {
    let mail = find(&app, &page.visit, id).await?;
    let message = parse(&mail);
    let from = message.from().and_then(|from| from.first()).map(|from| {
        let address = from.address().unwrap_or_default();
        from.name().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>"))
    });
    let view = MailView {
        id,
        from: from.unwrap_or_default(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        has_html: message.html_part(0).is_some_and(|part| part.is_text_html()),
        attachments: message.attachments().map(|part| part.attachment_name().unwrap_or("—").to_owned()).collect(),
        kilobytes: i64::try_from(mail.raw.len().div_ceil(1024)).unwrap_or(i64::MAX),
        sender: mail.sender.clone(),
        recipient: mail.recipient.clone(),
        subject: mail.subject.clone(),
        caught_at: mail.caught_at,
        zone: zone(&page.visit),
    };
    page.show("caught/show.html", &view)
}

/// The HTML of a mail, for the frame.
pub(crate) async fn html(
    State(app): State<AppState>,
    visit: Visit,
    Path(id): Path<CaughtId>,
) -> Result<Response, Error> {
    let mail = find(&app, &visit, id).await?;
    let html = parse(&mail).body_html(0).unwrap_or_default().into_owned();
    Ok(preview(html))
}

/// A mail as it came, byte by byte.
pub(crate) async fn source(
    State(app): State<AppState>,
    visit: Visit,
    Path(id): Path<CaughtId>,
) -> Result<Response, Error> {
    let mail = find(&app, &visit, id).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], mail.raw).into_response())
}

/// Empties the catcher.
pub(crate) async fn clear(State(app): State<AppState>, visit: Visit) -> Result<Response, Error> {
    may_look(&app, &visit).await?;
    if !may_clear(&app, &visit) {
        return Err(Error::Forbidden);
    }
    let cleared = caught::clear(&app.db).await?;
    if cleared == 0 {
        return Ok(Redirect::to("/caught").into_response());
    }
    Ok(Flash::ok("flash-caught-cleared").with("n", cleared).and_go("/caught"))
}
