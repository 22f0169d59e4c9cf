//! Setting an installation up: the first administrator, what it is called, which way mail goes. The link to it is
//! printed where the service was started, so that nobody else gets there first.

#[cfg(test)]
mod tests;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Installation, Problem, Problems,
    installation::{RegistrationPolicy, TypedInstallation},
    mail_server::MailServer,
    secret::new_secret,
    user::Registration,
};
use vestnik_store::{
    audit::Author,
    installation::{self, SetUp},
};

use crate::{
    accounts::{MessageView, confirm},
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    i18n,
    mail_server::{MailForm, TrialView, try_out, unreached},
    page::Page,
    session,
    state::AppState,
};

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct SetupForm {
    pub(crate) email: String,
    /// The administrator's.
    pub(crate) name: String,
    #[serde(skip_serializing)]
    pub(crate) password: String,
    /// What the installation calls itself.
    pub(crate) installation: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) registration: String,
    #[serde(flatten)]
    pub(crate) mail: MailForm,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SetupView {
    pub(crate) token: String,
    pub(crate) form: SetupForm,
    pub(crate) errors: FormErrors,
    pub(crate) zones: Vec<(String, String)>,
    pub(crate) trial: Option<TrialView>,
    /// The mail server that the process was started with: then there is nothing to choose.
    pub(crate) fixed_server: String,
    pub(crate) default_from: String,
}

impl SetupView {
    fn new(app: &AppState, page: &Page, token: String, form: SetupForm, installation: &Installation) -> Self {
        Self {
            token,
            errors: FormErrors::none(),
            zones: i18n::zones(page.language(), app.now(), &form.time_zone),
            form,
            trial: None,
            fixed_server: app.settings.mail.server.clone().unwrap_or_default(),
            default_from: crate::mail_server::shown_from(app, installation),
        }
    }
}

/// The path of a new setup link, as long as nobody runs the installation.
///
/// # Errors
/// The database cannot be asked.
pub async fn new_link(app: &AppState) -> vestnik_store::Result<Option<String>> {
    if installation::has_administrator(&app.db).await? {
        return Ok(None);
    }
    let token = new_secret(&*app.random);
    installation::allow_setup(&app.db, &token, app.now()).await?;
    Ok(Some(format!("/setup/{token}")))
}

/// The empty form.
pub(crate) async fn form(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    if !installation::may_set_up(&app.db, &token, app.now()).await? {
        return gone(&page);
    }
    let installation = installation::read(&app.db).await?;
    let form = SetupForm {
        language: page.language().to_string(),
        registration: RegistrationPolicy::Invited.to_string(),
        mail: MailForm::of(&installation, ""),
        ..SetupForm::default()
    };
    page.show("setup.html", &SetupView::new(&app, &page, token, form, &installation))
}

/// Makes the administrator, keeps the settings, and signs them in.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
    Form(form): Form<SetupForm>,
) -> Result<Response, Error> {
    if !installation::may_set_up(&app.db, &token, app.now()).await? {
        return gone(&page);
    }
    let before = installation::read(&app.db).await?;
    let (registration, wanted, server) = match parse(&form, &before) {
        Ok(read) => read,
        Err(problems) => return refused(&app, &page, token, form, &before, &problems),
    };
    let hash = app.passwords.hash(registration.password.clone()).await?;
    let author = Author { user: None, name: String::new(), address: page.visit.address.to_string(), at: app.now() };
    match installation::set_up(&app.db, &token, &registration, &hash, &wanted, author).await? {
        SetUp::Done(user) => {
            app.forget_installation();
            confirm::ask_again(&app).await?;
            let (next, said) = match unreached(&app, &page, server).await {
                Some(said) => ("/manage/settings", said),
                None => ("/dashboard", Flash::ok("flash-set-up")),
            };
            session::begin(&app, &page.visit, &user, next, Some(said)).await
        }
        SetUp::EmailTaken => {
            let problems = Problems::one("email", Problem::new("problem-email-has-account"));
            refused(&app, &page, token, form, &before, &problems)
        }
        SetUp::Gone => gone(&page),
    }
}

fn refused(
    app: &AppState,
    page: &Page,
    token: String,
    form: SetupForm,
    before: &Installation,
    problems: &Problems,
) -> Result<Response, Error> {
    let view = SetupView::new(app, page, token, form, before);
    page.invalid("setup.html", &SetupView { errors: page.errors(problems), ..view })
}

/// Sends a test letter through the mail server as it is typed.
pub(crate) async fn try_mail(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
    Form(form): Form<SetupForm>,
) -> Result<Response, Error> {
    if !installation::may_set_up(&app.db, &token, app.now()).await? {
        return gone(&page);
    }
    let before = installation::read(&app.db).await?;
    let trial = Some(try_out(&app, &page, &form.mail, &before).await?);
    let view = SetupView::new(&app, &page, token, form, &before);
    page.show("setup.html", &SetupView { trial, ..view })
}

fn parse(form: &SetupForm, before: &Installation) -> Result<(Registration, Installation, MailServer), Problems> {
    let language = form.language.parse().unwrap_or(before.language);
    let registration = Registration::parse(&form.email, &form.name, &form.password, language, &form.time_zone);
    let typed = TypedInstallation {
        name: &form.installation,
        language: &form.language,
        time_zone: &form.time_zone,
        registration: &form.registration,
        allowed_domains: &before.allowed_domains,
        session_days: &before.session_days.to_string(),
        session_limit_days: &before.session_limit_days.to_string(),
        second_factor: before.second_factor.as_str(),
        contacts: &before.contacts,
    };
    let settings = typed.parse(before);
    let server = form.mail.parse(before);
    match (registration, settings, server) {
        (Ok(registration), Ok(settings), Ok(server)) => {
            let settings = Installation { smtp_url: server.smtp_url(), mail_from: server.mail_from(), ..settings };
            Ok((registration, settings, server))
        }
        (registration, settings, server) => {
            let mut problems = registration.err().unwrap_or_default();
            // Its name and its time zone stand at fields that have other names here, or were looked at already.
            for (field, problem) in settings.err().unwrap_or_default().iter().filter(|(field, _)| *field != "time_zone")
            {
                problems.add(if field == "name" { "installation" } else { field }, problem.clone());
            }
            problems.append(server.err().unwrap_or_default());
            Err(problems)
        }
    }
}

/// The link has served its purpose, or never had one.
fn gone(page: &Page) -> Result<Response, Error> {
    if page.visit.user.is_some() {
        return Ok(Redirect::to("/dashboard").into_response());
    }
    let view = MessageView { words: "setup-gone", email: "", href: "/login", button: "log-in" };
    page.answer(StatusCode::GONE, "accounts/message.html", &view)
}
