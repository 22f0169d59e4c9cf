//! Registration (S-32, S-37): an account at once, a letter to prove the address.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Installation, Problems, installation::RegistrationPolicy, user::Registration};
use vestnik_store::users;

use super::{MessageView, check_domain, confirm, count_account, count_address};
use crate::{
    error::Error,
    form::{Form, FormErrors},
    i18n, letters,
    limits::Limit,
    page::Page,
    state::AppState,
};

const BY_ADDRESS: Limit = Limit::per_minutes("register", 20, 60);
/// Whoever types another's address must not fill that mailbox. Beyond it the page is the same, and no email is sent.
const EMAILS: Limit = Limit::per_minutes("register-email", 3, 24 * 60);

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RegistrationForm {
    pub(crate) email: String,
    pub(crate) name: String,
    #[serde(skip_serializing)]
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) time_zone: String,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct RegistrationView {
    pub(crate) form: RegistrationForm,
    pub(crate) errors: FormErrors,
    pub(crate) zones: Vec<(String, String)>,
}

impl RegistrationView {
    fn new(
        app: &AppState,
        page: &Page,
        installation: &Installation,
        form: RegistrationForm,
        errors: FormErrors,
    ) -> Self {
        let usual = &installation.time_zone;
        let chosen = if form.time_zone.is_empty() { usual } else { &form.time_zone };
        let mut zones = i18n::zones(page.language(), app.now(), chosen);
        // The first is taken where no script puts the browser's own there.
        zones.sort_by_key(|(zone, _)| zone != usual);
        Self { form, errors, zones }
    }
}

/// The empty form, or where to turn when accounts are made by administrators.
pub(crate) async fn form(State(app): State<AppState>, page: Page) -> Result<Response, Error> {
    let installation = app.installation().await?;
    if installation.registration == RegistrationPolicy::Invited {
        return by_invitation(&page);
    }
    let form = RegistrationForm::default();
    let view = RegistrationView::new(&app, &page, &installation, form, FormErrors::none());
    page.show("accounts/register.html", &view)
}

/// Makes the account. An address that has one gets a letter that says so; the page is the same.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Form(form): Form<RegistrationForm>,
) -> Result<Response, Error> {
    count_address(&app, &page, BY_ADDRESS).await?;
    let installation = app.installation().await?;
    if installation.registration == RegistrationPolicy::Invited {
        return by_invitation(&page);
    }
    let zone = if form.time_zone.is_empty() { &installation.time_zone } else { &form.time_zone };
    let registration = Registration::parse(&form.email, &form.name, &form.password, page.language(), zone)
        .and_then(|registration| in_allowed_domain(&installation, registration));
    let registration = match registration {
        Ok(registration) => registration,
        Err(problems) => {
            let errors = page.errors(&problems);
            let view = RegistrationView::new(&app, &page, &installation, form, errors);
            return page.invalid("accounts/register.html", &view);
        }
    };

    let hash = app.passwords.hash(registration.password.clone()).await?;
    let made = users::create(&app.db, &registration, &hash, None, app.now()).await?;
    let known = match made {
        Some(_) => None,
        None => users::find_by_email(&app.db, &registration.email).await?,
    };
    let email = registration.email.as_str().to_owned();
    letters::aside(async move {
        if count_account(&app, EMAILS, &registration.email).await.is_err() {
            return Ok(());
        }
        match (made, known) {
            (Some(user), _) => confirm::send_link(&app, &user).await,
            (None, Some(user)) => letters::send(&app, letters::Kind::Exists, &user, "/login").await,
            (None, None) => Ok(()),
        }
    });

    let view = MessageView { words: "register-sent", email: &email, href: "/login", button: "register-sent-login" };
    page.show("accounts/message.html", &view)
}

fn in_allowed_domain(installation: &Installation, registration: Registration) -> Result<Registration, Problems> {
    match check_domain(installation, &registration.email) {
        Ok(()) => Ok(registration),
        Err(problem) => Err(Problems::one("email", problem)),
    }
}

fn by_invitation(page: &Page) -> Result<Response, Error> {
    let view = MessageView { words: "register-invited", email: "", href: "/login", button: "log-in" };
    page.answer(StatusCode::FORBIDDEN, "accounts/message.html", &view)
}
