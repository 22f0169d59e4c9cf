//! «Пойманные письма»: what the built-in catcher took instead of sending it out into the world.
//!
//! A user sees the mail of their own runs and the system emails for their own account; whoever runs the installation sees
//! all. Who has not signed in sees what the demo made, and only straight from this machine; [`caught`] knows which mail
//! that is.

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
use vestnik_store::caught::{self, Caught, Viewer};

use crate::{
    error::Error,
    flash::Flash,
    form::{Path, Query},
    headers::preview,
    html_pictures::has_remote,
    page::{Page, Pager},
    session::CurrentUser,
    state::AppState,
    visit::Visit,
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

/// Whose mail is in the list.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sees {
    /// What the demo made.
    Demo,
    /// The user's own.
    Own,
    /// Everyone's.
    All,
}

/// The list.
#[derive(Debug, Serialize)]
pub(crate) struct ListView {
    pub(crate) query: ListQuery,
    pub(crate) rows: Vec<Row>,
    pub(crate) pager: Pager,
    /// How many of them there are, whatever is searched for.
    pub(crate) total: i64,
    /// Whose mail this visitor sees.
    pub(crate) sees: Sees,
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
    /// Whether its pictures on other servers are left out: they tell those servers who looks at the mail.
    pub(crate) pictures_left_out: bool,
    pub(crate) with_pictures: bool,
    /// Names of attachments.
    pub(crate) attachments: Vec<String>,
    pub(crate) kilobytes: i64,
}

/// As whom this visitor reads caught mail.
async fn viewer<'a>(app: &AppState, visit: &'a Visit) -> Result<Viewer<'a>, Error> {
    if !app.settings.catches(&*app.installation().await?) {
        return Err(Error::NotFound);
    }
    match &visit.user {
        Some(who) => Ok(Viewer::User(&who.actor)),
        None if visit.direct => Ok(Viewer::Visitor),
        None => Err(Error::SignIn),
    }
}

/// A mail, if this visitor may read it.
async fn find(app: &AppState, visit: &Visit, id: CaughtId) -> Result<Caught, Error> {
    let viewer = viewer(app, visit).await?;
    caught::find(&app.db, viewer, id).await?.ok_or(Error::NotFound)
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
    let viewer = viewer(&app, &page.visit).await?;
    let cursor = query.at.parse().ok();
    let found = caught::list(&app.db, viewer, &query.q.replace('\0', ""), cursor.as_ref(), PAGE_SIZE).await?;
    let pager = Pager::of("/caught", &[("q", &query.q)], &found);
    let row =
        |mail: Caught| Row { id: mail.id, recipient: mail.recipient, subject: mail.subject, caught_at: mail.caught_at };
    let view = ListView {
        query,
        rows: found.rows.into_iter().map(row).collect(),
        pager,
        total: caught::count(&app.db, viewer).await?,
        sees: match viewer {
            Viewer::Visitor => Sees::Demo,
            Viewer::User(actor) if actor.may(Permission::ManageSettings) => Sees::All,
            Viewer::User(_) => Sees::Own,
        },
        zone: zone(&page.visit),
    };
    page.show("caught/list.html", &view)
}

/// How a mail is looked at.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct MailQuery {
    /// Not empty: with pictures from other servers.
    #[serde(default)]
    pictures: String,
}

/// A mail: headers, text, the HTML in a frame.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    Path(id): Path<CaughtId>,
    Query(query): Query<MailQuery>,
) -> Result<Response, Error> {
    let mail = find(&app, &page.visit, id).await?;
    let message = parse(&mail);
    let from = message.from().and_then(|from| from.first()).map(|from| {
        let address = from.address().unwrap_or_default();
        from.name().map_or_else(|| address.to_owned(), |name| format!("{name} <{address}>"))
    });
    let with_pictures = !query.pictures.is_empty();
    let view = MailView {
        id,
        from: from.unwrap_or_default(),
        text: message.body_text(0).unwrap_or_default().into_owned(),
        pictures_left_out: !with_pictures && message.body_html(0).is_some_and(|html| has_remote(&html)),
        with_pictures,
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
    Query(query): Query<MailQuery>,
) -> Result<Response, Error> {
    let mail = find(&app, &visit, id).await?;
    let html = parse(&mail).body_html(0).unwrap_or_default().into_owned();
    Ok(preview(html, !query.pictures.is_empty()))
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

/// Removes what this user sees in the catcher.
pub(crate) async fn clear(State(app): State<AppState>, user: CurrentUser) -> Result<Response, Error> {
    if !app.settings.catches(&*app.installation().await?) {
        return Err(Error::NotFound);
    }
    let cleared = caught::clear(&app.db, &user.actor).await?;
    if cleared == 0 {
        return Ok(Redirect::to("/caught").into_response());
    }
    Ok(Flash::ok("flash-caught-cleared").with("n", cleared).and_go("/caught"))
}
