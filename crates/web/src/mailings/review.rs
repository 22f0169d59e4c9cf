//! The last look before sending: what people will get, what speaks against it, and one button that says what it does.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Permission, UnixMillis,
    id::{MailingId, RecipientId},
    mail_server::split_from,
    mailing::Mailing,
    run::Run,
    schedule::minute_input,
    secret::new_key,
    template::without_entities,
    user::Language,
};
use vestnik_store::{
    mailings, messages,
    runs::{self, Demanded},
};

use super::{
    beginning::beginning,
    show::{MailingView, RUNS},
    tried::{Tried, try_out},
};
use crate::{
    error::Error,
    flash::Flash,
    form::Path,
    html_pictures, i18n,
    messages::{check, notices},
    page::Page,
    session::CurrentUser,
    state::AppState,
    typed::Sent,
};

/// Gmail shows no more of a letter than this, in bytes, and hides the rest behind a link.
const CLIPPED_AT: usize = 102 * 1024;

/// How the letter looks in the inbox.
#[derive(Debug, Serialize)]
pub(crate) struct LetterView {
    /// The name that recipients see.
    pub(crate) from: String,
    pub(crate) address: String,
    pub(crate) initial: String,
    pub(crate) subject: String,
    pub(crate) beginning: String,
    /// For whom it was rendered; none: for a made-up person.
    pub(crate) sample: Option<String>,
    pub(crate) sample_id: Option<RecipientId>,
}

/// Something that was checked.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    /// `ok`, `warn`, `wait`, `mute`.
    pub(crate) tone: &'static str,
    /// The words are `check-{words}`.
    pub(crate) words: &'static str,
    /// A number that they speak of.
    pub(crate) n: i64,
    /// A text that they speak of.
    pub(crate) detail: String,
    /// A recipient that they speak of, with a name for the link.
    pub(crate) recipient: Option<(RecipientId, String)>,
}

/// That it has been sent before.
#[derive(Debug, Serialize)]
pub(crate) struct BeforeView {
    pub(crate) at: UnixMillis,
    /// To how many, those of unknown fate included.
    pub(crate) sent: i64,
    /// How many of that sending have surely not got it.
    pub(crate) missed: i64,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct ReviewView {
    pub(crate) mailing: MailingView,
    pub(crate) letter: Option<LetterView>,
    pub(crate) checks: Vec<Check>,
    /// Whether the button is there: nothing speaks against sending.
    pub(crate) ready: bool,
    /// A run that is not over yet.
    pub(crate) going: bool,
    /// The newest run that has reached someone.
    pub(crate) before: Option<BeforeView>,
    pub(crate) seconds_to_undo: u64,
    pub(crate) later: LaterView,
}

/// The form that plans it for later.
#[derive(Debug, Serialize)]
pub(crate) struct LaterView {
    /// What the field begins with.
    pub(crate) starts_at: String,
    pub(crate) version: i64,
    pub(crate) zone: String,
}

/// Shows it.
pub(crate) async fn show(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Path(id): Path<MailingId>,
) -> Result<Response, Error> {
    let (mailing, stored) = MailingView::find(&app, &user, id).await?.ok_or(Error::NotFound)?;
    let message = messages::find(&app.db, &user.actor, mailing.message_id).await?.ok_or(Error::NotFound)?;
    let tried = try_out(&app, &user, (id, mailing.audience), mailing.recipients, message.clone()).await?;
    let earlier = runs::of_mailing(&app.db, &user.actor, id, RUNS).await?;
    let going = earlier.iter().any(|run| !run.state.is_final());
    let before = earlier.iter().find_map(BeforeView::of).filter(|_| !going);

    let mut checks = Vec::new();
    let mut check = |tone, words, n, detail: &str| {
        checks.push(Check { tone, words, n, detail: detail.to_owned(), recipient: None });
    };
    match mailing.recipients {
        0 => check("warn", "no-recipients", 0, ""),
        n => check("ok", "recipients", n, ""),
    }
    if let Some((_, rendered)) = &tried.sample {
        let size = rendered.html.as_ref().map_or(0, String::len);
        let kilobytes = i64::try_from(size.div_ceil(1024)).unwrap_or(i64::MAX);
        match size {
            0 => check("mute", "text-only", 0, ""),
            size if size > CLIPPED_AT => check("warn", "clipped", kilobytes, ""),
            _ => check("ok", "size", kilobytes, ""),
        }
        match rendered.html.as_deref().map_or(0, html_pictures::embedded) {
            0 => {}
            n => check("warn", "embedded-pictures", i64::try_from(n).unwrap_or(i64::MAX), ""),
        }
        if rendered.html.is_some() && message.text.trim().is_empty() {
            check("mute", "text-made", 0, "");
        }
    }
    if let Some(meant) = without_entities(&message.subject) {
        check("warn", "subject-entities", 0, &meant);
    }
    for notice in notices(&page, &message) {
        check("warn", "notice", 0, &notice);
    }
    let at = checks.len().min(1);
    checks.splice(at..at, of_rendering(&page, &tried, mailing.recipients));
    let mut check = |tone, words, n, detail: &str| {
        checks.push(Check { tone, words, n, detail: detail.to_owned(), recipient: None });
    };
    let may_send = user.actor.may(Permission::SendMail);
    if !may_send {
        check("warn", "unconfirmed", 0, &user.user.email);
    }
    let disabled = stored.disabled_at.is_some();
    if disabled {
        check("warn", "disabled", 0, "");
    }
    if mailing.over {
        check("warn", "window-over", 0, "");
    }
    let installation = app.installation().await?;
    if app.settings.catches(&installation) {
        check("wait", "catcher", 0, "");
    }

    let ready = may_send && tried.sample.is_some() && mailing.recipients > 0 && !mailing.over && !disabled && !going;
    let mail_from = app.settings.mail_from(&installation);
    let (from, address) = sender(&mail_from, &user.user.name);
    let letter = tried.sample.map(|(recipient, rendered)| LetterView {
        initial: from.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default(),
        from: from.to_owned(),
        address: address.to_owned(),
        subject: rendered.subject,
        beginning: beginning(&rendered.text),
        sample_id: recipient.as_ref().map(|recipient| recipient.id),
        sample: recipient.map(|recipient| recipient.email),
    });
    let seconds_to_undo = app.settings.undo_delay.as_secs();
    let later = LaterView::of(page.language(), &stored, app.now());
    let view = ReviewView { mailing, letter, checks, ready, going, before, seconds_to_undo, later };
    page.show("mailings/review.html", &view)
}

impl LaterView {
    fn of(language: Language, mailing: &Mailing, now: UnixMillis) -> Self {
        let zone = mailing.zone();
        let planned = mailing.start().filter(|start| start.at > now).map(|start| start.local);
        // Most people write in the morning, and a day is time enough to think again.
        let today = zone.to_datetime(now.timestamp()).date();
        let tomorrow = today.tomorrow().unwrap_or(today).at(10, 0, 0, 0);
        Self {
            starts_at: minute_input(planned.unwrap_or(tomorrow)),
            version: mailing.version,
            zone: i18n::zone_label(language, now, &mailing.time_zone),
        }
    }
}

impl BeforeView {
    /// `None`: the run has reached no one.
    fn of(run: &Run) -> Option<Self> {
        let counts = &run.counts;
        let sent = counts.sent + counts.unknown;
        let missed = counts.failed + counts.expired + counts.cancelled;
        (sent > 0).then_some(Self { at: run.occurrence_at, sent, missed })
    }
}

/// From whom the letter comes, as the engine writes it: the service's address under the user's name, unless whoever
/// runs the service has fixed a name (`Name <address>`).
fn sender<'a>(mail_from: &'a str, name: &'a str) -> (&'a str, &'a str) {
    let (fixed, address) = split_from(mail_from);
    (if fixed.is_empty() { name } else { fixed }, address)
}

/// Whether the message can be rendered, and for whom it cannot.
fn of_rendering(page: &Page, tried: &Tried, recipients: i64) -> Vec<Check> {
    let check = |tone, words, n, detail: String| Check { tone, words, n, detail, recipient: None };
    if let Some(problem) = &tried.broken {
        return vec![check("warn", "broken", 0, i18n::problem(page.language(), problem))];
    }
    let mut checks = Vec::new();
    if let Some((recipient, problem)) = &tried.failure {
        let words = if tried.tried < recipients { "fails-for-some" } else { "fails-for" };
        let name = if recipient.full_name.is_empty() { &recipient.email } else { &recipient.full_name };
        checks.push(Check {
            recipient: Some((recipient.id, name.clone())),
            ..check("warn", words, tried.failed, i18n::problem(page.language(), problem))
        });
    } else if tried.tried < recipients && tried.tried > 0 {
        checks.push(check("ok", "renders-for-some", tried.tried, String::new()));
    } else if tried.refused.is_none() {
        checks.push(check("ok", "renders", tried.tried, String::new()));
    }
    if let Some(refused) = tried.refused {
        checks.push(check("warn", "not-tried", 0, i18n::problem(page.language(), &refused.problem())));
    }
    checks
}

/// The button has nothing to say but that it was pressed.
#[derive(Debug, Deserialize)]
pub(crate) struct SendForm {}

/// Sends on demand (S-17): plans a run that begins when the time to undo is over.
pub(crate) async fn send(
    State(app): State<AppState>,
    user: CurrentUser,
    Path(id): Path<MailingId>,
    Sent { form: SendForm {}, hash }: Sent<SendForm>,
) -> Result<Response, Error> {
    let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
    let message = messages::find(&app.db, &user.actor, mailing.message_id).await?.ok_or(Error::NotFound)?;
    if check(&app, &user, message).await.is_err() {
        // The review says what is wrong.
        return Ok(Flash::warn("flash-run-broken").and_go(&format!("/mailings/{id}/review")));
    }
    let (key, undo) = (new_key(&*app.random, 12), app.settings.undo_delay);
    let demanded = runs::demand_once(&app.db, &user.actor, id, &key, undo, hash.as_ref(), app.now()).await?;
    let page = format!("/mailings/{id}");
    let review = format!("/mailings/{id}/review");
    Ok(match demanded {
        Demanded::Planned(_) => Redirect::to(&page).into_response(),
        Demanded::Repeated(run) => {
            let found = runs::find(&app.db, &user.actor, run).await?;
            match found.is_some_and(|run| !run.state.is_final()) {
                true => Redirect::to(&page).into_response(),
                // To whoever comes back to a page of before; the page that follows has a button of its own.
                false => Flash::warn("flash-run-pressed-before").and_go(&review),
            }
        }
        Demanded::Continues(_) => Flash::ok("flash-run-continues").and_go(&page),
        Demanded::NotFound => return Err(Error::NotFound),
        Demanded::WindowOver => {
            let mailing = mailings::find(&app.db, &user.actor, id).await?.ok_or(Error::NotFound)?;
            let over = mailing.is_over(app.now());
            Flash::warn(if over { "flash-run-window-over" } else { "flash-run-window-soon" }).and_go(&review)
        }
        Demanded::Disabled => Flash::warn("flash-mailing-disabled").and_go(&page),
        Demanded::NoRecipients => Flash::warn("flash-run-no-recipients").and_go(&review),
        Demanded::MayNotSend => Flash::warn("flash-run-unconfirmed").and_go(&review),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_sender_is_who_recipients_see() {
        let cases = [
            ("news@sever.example", ("Anna", "news@sever.example")),
            ("Sever <news@sever.example>", ("Sever", "news@sever.example")),
            ("\"Sever\" <news@sever.example>", ("Sever", "news@sever.example")),
            (" <news@sever.example> ", ("Anna", "news@sever.example")),
        ];
        for (mail_from, expected) in cases {
            assert_eq!(super::sender(mail_from, "Anna"), expected, "{mail_from}");
        }
    }
}
