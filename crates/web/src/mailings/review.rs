//! The last look before sending: what people will get, what speaks against it, and one button that says what it does.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Permission, Problem, UnixMillis,
    id::{MailingId, RecipientId},
    mail_server::split_from,
    mailing::{Audience, Mailing},
    message::Message,
    recipient::Recipient,
    run::Run,
    schedule::minute_input,
    secret::new_key,
    template::{Content, Person, Rendered},
    user::Language,
};
use vestnik_store::{
    mailings, messages, recipients,
    runs::{self, Demanded},
};

use super::{
    beginning::beginning,
    show::{MailingView, RUNS},
};
use crate::{
    error::Error, flash::Flash, form::Path, i18n, page::Page, session::CurrentUser, state::AppState, typed::Sent,
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
    let sample = sample(&app, &user, id, mailing.audience).await?;
    let rendered = render(&message, sample.as_ref());
    let earlier = runs::of_mailing(&app.db, &user.actor, id, RUNS).await?;
    let going = earlier.iter().any(|run| !run.state.is_final());
    let before = earlier.iter().find_map(BeforeView::of).filter(|_| !going);

    let mut checks = Vec::new();
    let mut check = |tone, words, n, detail: &str| checks.push(Check { tone, words, n, detail: detail.to_owned() });
    match mailing.recipients {
        0 => check("warn", "no-recipients", 0, ""),
        n => check("ok", "recipients", n, ""),
    }
    match &rendered {
        Ok(rendered) => {
            check("ok", "renders", 0, "");
            let size = rendered.html.as_ref().map_or(0, String::len);
            let kilobytes = i64::try_from(size.div_ceil(1024)).unwrap_or(i64::MAX);
            match size {
                0 => check("mute", "text-only", 0, ""),
                size if size > CLIPPED_AT => check("warn", "clipped", kilobytes, ""),
                _ => check("ok", "size", kilobytes, ""),
            }
            if rendered.html.is_some() && message.text.trim().is_empty() {
                check("mute", "text-made", 0, "");
            }
        }
        Err(problem) => check("warn", "broken", 0, &i18n::problem(page.language(), problem)),
    }
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

    let ready = may_send && rendered.is_ok() && mailing.recipients > 0 && !mailing.over && !disabled && !going;
    let mail_from = app.settings.mail_from(&installation);
    let (from, address) = sender(&mail_from, &user.user.name);
    let letter = rendered.ok().map(|rendered| LetterView {
        initial: from.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default(),
        from: from.to_owned(),
        address: address.to_owned(),
        subject: rendered.subject,
        beginning: beginning(&rendered.text),
        sample_id: sample.as_ref().map(|recipient| recipient.id),
        sample: sample.map(|recipient| recipient.email),
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

/// Someone who will get it.
async fn sample(
    app: &AppState,
    user: &CurrentUser,
    id: MailingId,
    audience: Audience,
) -> Result<Option<Recipient>, Error> {
    match audience {
        Audience::All => Ok(recipients::any(&app.db, &user.actor).await?),
        Audience::Chosen => match mailings::chosen(&app.db, &user.actor, id, 1).await?.first() {
            Some(recipient) => Ok(recipients::find(&app.db, &user.actor, *recipient).await?),
            None => Ok(None),
        },
    }
}

fn render(message: &Message, sample: Option<&Recipient>) -> Result<Rendered, Problem> {
    let made_up = Person { email: "anna@example.com", full_name: "Анна", comment: "" };
    let person = sample.map_or(made_up, Person::from);
    Content::compile(&message.subject, &message.html, &message.text).and_then(|content| content.render(person)).map_err(
        |problems| {
            let first = problems.iter().next().map(|(_, problem)| problem.clone());
            first.unwrap_or(Problem::new("problem-template"))
        },
    )
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
