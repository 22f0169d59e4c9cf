//! Setting up the second factor of a login, its recovery codes, and switching it off.
//!
//! The secret is made and kept here, for the session in which the password was given, until a code shows that an app has
//! it; the browser sends codes and never a secret.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problem, Problems,
    second_factor::{Code, RecoveryCode, SharedSecret},
};
use vestnik_store::{
    audit::Author,
    groups, installation,
    second_factor::{self, Confirmed, Offered, Renewed, SwitchedOff},
    users,
};

use super::{login_code::CODES, security::check_password};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors},
    i18n,
    letters::{self, Kind},
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
    visit::{SignedIn, Visit},
};

/// How long a secret that was shown waits for its first code.
const OFFER_LIFETIME: Duration = Duration::from_secs(15 * 60);
const SECURITY: &str = "/settings/security#two-factor";
const APP: &str = "/settings/two-factor/app";

/// What is done, of which the page asks whether it is really they.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    /// Set up an app, where there is none.
    Start,
    /// Set up another app in place of the one there is.
    Move,
    /// Make new recovery codes.
    Codes,
    /// Switch off.
    Off,
}

impl Act {
    fn path(self) -> &'static str {
        match self {
            Self::Start | Self::Move => "/settings/two-factor",
            Self::Codes => "/settings/two-factor/codes",
            Self::Off => "/settings/two-factor/off",
        }
    }

    /// Whether a code of the second factor is asked for beside the password.
    fn asks_code(self) -> bool {
        matches!(self, Self::Move | Self::Codes | Self::Off)
    }
}

/// The page that asks whether it is really they. The words are `factor-ask-{act}-…`.
#[derive(Debug, Serialize)]
pub(crate) struct AskView {
    act: Act,
    action: &'static str,
    asks_code: bool,
    errors: FormErrors,
}

impl AskView {
    pub(crate) fn new(act: Act, errors: FormErrors) -> Self {
        Self { act, action: act.path(), asks_code: act.asks_code(), errors }
    }
}

/// What they prove it with.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProofForm {
    current: String,
    code: String,
}

/// The page with the secret. Neither it nor the page of codes is ever printed to a log.
#[derive(Serialize)]
pub(crate) struct AppView {
    /// What the picture says, and what opens an app on this device: `otpauth://…`.
    pub(crate) address: String,
    /// The secret to be typed.
    pub(crate) secret: String,
    pub(crate) errors: FormErrors,
}

/// The code that shows that an app has it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CodeForm {
    code: String,
}

/// The page with new recovery codes, the only one that ever shows them.
#[derive(Serialize)]
pub(crate) struct CodesView {
    pub(crate) codes: Vec<String>,
    /// Whether they end a set-up.
    pub(crate) set_up: bool,
    pub(crate) service: String,
}

/// Whoever registered with another's address must not lock its holder out.
fn confirm_first() -> Response {
    Flash::warn("flash-factor-confirm-first").and_go(SECURITY)
}

/// Asks for the password, and for a code if there is an app already.
pub(crate) async fn ask(page: Page, user: CurrentUser) -> Result<Response, Error> {
    if user.user.second_factor_at.is_none() && user.user.confirmed_at.is_none() {
        return Ok(confirm_first());
    }
    let act = if user.user.second_factor_at.is_some() { Act::Move } else { Act::Start };
    page.show("accounts/two_factor_ask.html", &AskView::new(act, FormErrors::none()))
}

/// Offers this session a secret.
pub(crate) async fn begin(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<ProofForm>,
) -> Result<Response, Error> {
    let act = if user.user.second_factor_at.is_some() { Act::Move } else { Act::Start };
    let code = match prove(&app, &user, act, &form).await? {
        Ok(code) => code,
        Err(problems) => return refuse(&page, act, &problems),
    };
    let (secret, now) = (SharedSecret::new(&*app.random), app.now());
    let end = now.plus(OFFER_LIFETIME);
    match second_factor::offer(&app.db, &user.actor, user.session, code.as_ref(), &secret, now, end).await? {
        Offered::Done => {
            CODES.forget(&app, &user.user.id.to_string()).await;
            Ok(Redirect::to(APP).into_response())
        }
        Offered::WrongCode => refuse(&page, act, &wrong_code()),
        Offered::ConfirmFirst => Ok(confirm_first()),
    }
}

/// Shows the secret that is offered to this session.
pub(crate) async fn app(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    match app_view(&app, &page, &user, FormErrors::none()).await? {
        Some(view) => Ok(not_kept(page.show("accounts/two_factor_app.html", &view)?)),
        None => Ok(Redirect::to(SECURITY).into_response()),
    }
}

/// Switches the second factor on, and shows its recovery codes.
pub(crate) async fn confirm(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<CodeForm>,
) -> Result<Response, Error> {
    let refused = async |problem: Problem| match app_view(&app, &page, &user, page.error("code", &problem)).await? {
        Some(view) => Ok(not_kept(page.invalid("accounts/two_factor_app.html", &view)?)),
        None => Ok(Flash::warn("flash-factor-gone").and_go(SECURITY)),
    };
    let digits = match Code::parse(&form.code) {
        Ok(Code::App(digits)) => digits,
        Ok(Code::Recovery(_)) => return refused(Problem::new("problem-code-wrong")).await,
        Err(problem) => return refused(problem).await,
    };
    let account = user.user.id.to_string();
    CODES.count(&app, &account).await?;
    let codes = RecoveryCode::several(&*app.random);
    let author = author(&app, &page.visit, &user);
    match second_factor::confirm(&app.db, &user.actor, user.session, &digits, &codes, &author).await? {
        Confirmed::On => {}
        Confirmed::WrongCode => return refused(Problem::new("problem-code-wrong")).await,
        Confirmed::Gone => return Ok(Flash::warn("flash-factor-gone").and_go(SECURITY)),
    }
    CODES.forget(&app, &account).await;
    // Aside: whatever becomes of the letter, these codes are shown now or never.
    let (post, person) = (app.clone(), user.user.clone());
    letters::aside(async move { letters::send(&post, Kind::FactorOn, &person, "/settings/security").await });

    // What this person may do has changed with it.
    let changed = users::find(&app.db, user.user.id).await?.ok_or(Error::NotFound)?;
    let actor = groups::actor_of(&app.db, &changed).await?;
    let page = page.now_by(SignedIn { actor, user: Arc::new(changed), ..user.0.clone() });
    let shown = show_codes(&app, &page, &codes, true).await?;
    session::renew(&app, &page.visit, &user, shown).await
}

/// Asks for password and code before new recovery codes are made.
pub(crate) async fn ask_codes(page: Page, user: CurrentUser) -> Result<Response, Error> {
    if user.user.second_factor_at.is_none() {
        return Ok(Redirect::to(SECURITY).into_response());
    }
    page.show("accounts/two_factor_ask.html", &AskView::new(Act::Codes, FormErrors::none()))
}

/// Makes new recovery codes and shows them.
pub(crate) async fn renew_codes(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<ProofForm>,
) -> Result<Response, Error> {
    let code = match prove(&app, &user, Act::Codes, &form).await? {
        Ok(Some(code)) => code,
        Ok(None) => return refuse(&page, Act::Codes, &wrong_code()),
        Err(problems) => return refuse(&page, Act::Codes, &problems),
    };
    let codes = RecoveryCode::several(&*app.random);
    let author = author(&app, &page.visit, &user);
    match second_factor::renew_codes(&app.db, &user.actor, &code, &codes, &author).await? {
        Renewed::Done => {
            CODES.forget(&app, &user.user.id.to_string()).await;
            show_codes(&app, &page, &codes, false).await
        }
        Renewed::NotOn => Ok(Redirect::to(SECURITY).into_response()),
        Renewed::WrongCode => refuse(&page, Act::Codes, &wrong_code()),
    }
}

/// Asks for password and code before it is switched off.
pub(crate) async fn ask_off(page: Page, user: CurrentUser) -> Result<Response, Error> {
    if user.actor.needs_second_factor() {
        return Ok(Flash::warn("flash-factor-required").and_go(SECURITY));
    }
    if user.user.second_factor_at.is_none() {
        return Ok(Redirect::to(SECURITY).into_response());
    }
    page.show("accounts/two_factor_ask.html", &AskView::new(Act::Off, FormErrors::none()))
}

/// Switches it off.
pub(crate) async fn switch_off(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<ProofForm>,
) -> Result<Response, Error> {
    let code = match prove(&app, &user, Act::Off, &form).await? {
        Ok(Some(code)) => code,
        Ok(None) => return refuse(&page, Act::Off, &wrong_code()),
        Err(problems) => return refuse(&page, Act::Off, &problems),
    };
    let author = author(&app, &page.visit, &user);
    match second_factor::switch_off(&app.db, &user.actor, &code, &author).await? {
        SwitchedOff::Done => {
            CODES.forget(&app, &user.user.id.to_string()).await;
            letters::send(&app, Kind::FactorOff, &user.user, "/settings/security").await?;
            Ok(Flash::ok("flash-factor-off").and_go(SECURITY))
        }
        SwitchedOff::NotOn => Ok(Redirect::to(SECURITY).into_response()),
        SwitchedOff::Required => Ok(Flash::warn("flash-factor-required").and_go(SECURITY)),
        SwitchedOff::WrongCode => refuse(&page, Act::Off, &wrong_code()),
    }
}

/// Checks the password, and reads the code where one is asked for. Whether the code is right, `store` says.
async fn prove(
    app: &AppState,
    user: &CurrentUser,
    act: Act,
    form: &ProofForm,
) -> Result<Result<Option<Code>, Problems>, Error> {
    let mut problems = Problems::default();
    check_password(app, user, &form.current, &mut problems).await?;
    let code = match act.asks_code() {
        true => problems.take("code", Code::parse(&form.code)),
        false => None,
    };
    if code.is_some() && problems.is_empty() {
        CODES.count(app, &user.user.id.to_string()).await?;
    }
    Ok(problems.into_result(Some(code)))
}

fn wrong_code() -> Problems {
    Problems::one("code", Problem::new("problem-code-wrong"))
}

fn refuse(page: &Page, act: Act, problems: &Problems) -> Result<Response, Error> {
    page.invalid("accounts/two_factor_ask.html", &AskView::new(act, page.errors(problems)))
}

async fn app_view(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    errors: FormErrors,
) -> Result<Option<AppView>, Error> {
    let offered = second_factor::offered(&app.db, &user.actor, user.session, app.now()).await?;
    let Some(secret) = offered else { return Ok(None) };
    let service = service(app, page).await?;
    let address = secret
        .address(&service, &user.user.email)
        .ok_or_else(|| Error::internal("the secret of a second factor has no address"))?;
    Ok(Some(AppView { address, secret: secret.for_typing(), errors }))
}

/// What apps list the account under.
async fn service(app: &AppState, page: &Page) -> Result<String, Error> {
    let name = installation::read(&app.db).await?.name;
    Ok(i18n::service_name(page.language(), &name))
}

async fn show_codes(app: &AppState, page: &Page, codes: &[RecoveryCode], set_up: bool) -> Result<Response, Error> {
    let codes = codes.iter().map(RecoveryCode::written).collect();
    let view = CodesView { codes, set_up, service: service(app, page).await? };
    Ok(not_kept(page.show("accounts/recovery_codes.html", &view)?))
}

/// A page with a secret: no cache keeps it, not even the browser's own.
fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn author(app: &AppState, visit: &Visit, user: &CurrentUser) -> Author {
    Author::at_browser(&user.user, visit.address, app.now())
}
