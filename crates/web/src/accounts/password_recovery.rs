//! A new password for someone who has forgotten the old one (S-35).

use std::time::Duration;

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{
    Problems,
    password::check_password,
    recipient::address,
    secret::new_secret,
    user::{TokenPurpose, User},
};
use vestnik_store::{
    tokens::{self, Redeemed},
    users::{self, Recovered},
};

use super::{MessageView, count_account, count_address, gone};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    letters,
    limits::Limit,
    page::Page,
    session,
    state::AppState,
};

const LIFETIME: Duration = Duration::from_secs(3600);
/// Someone who has not asked for the letter may read it days later.
const INVITATION_LIFETIME: Duration = Duration::from_secs(7 * 86_400);
const BY_ACCOUNT: Limit = Limit::per_minutes("recover-account", 3, 60);
const BY_ADDRESS: Limit = Limit::per_minutes("recover-address", 20, 60);

/// What is typed to get a link.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct RecoverForm {
    pub(crate) email: String,
}

/// The page that asks for the address.
#[derive(Debug, Serialize)]
pub(crate) struct RecoverView {
    pub(crate) form: RecoverForm,
    pub(crate) errors: FormErrors,
}

/// What is typed behind the link.
#[derive(Debug, Deserialize)]
pub(crate) struct PasswordForm {
    password: String,
}

/// The page behind the link.
#[derive(Debug, Serialize)]
pub(crate) struct NewPasswordView<'a> {
    pub(crate) email: &'a str,
    /// Whether nobody has been here with this account yet: there is nothing that ends.
    pub(crate) first: bool,
    pub(crate) errors: FormErrors,
}

impl<'a> NewPasswordView<'a> {
    fn new(user: &'a User, errors: FormErrors) -> Self {
        Self { email: &user.email, first: is_first(user), errors }
    }
}

/// Whoever is invited confirms the address together with the first password, and has not been here before.
fn is_first(user: &User) -> bool {
    user.seen_at.is_none() && user.confirmed_at.is_none()
}

/// Asks for the address.
pub(crate) async fn form(page: Page) -> Result<Response, Error> {
    page.show("accounts/recover.html", &RecoverView { form: RecoverForm::default(), errors: FormErrors::none() })
}

/// Sends a link if there is such an account; the page is the same if there is none.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    Form(form): Form<RecoverForm>,
) -> Result<Response, Error> {
    count_address(&app, &page, BY_ADDRESS).await?;
    let email = match address(&form.email) {
        Ok(email) => email,
        Err(problem) => {
            let errors = page.error("email", &problem);
            return page.invalid("accounts/recover.html", &RecoverView { form, errors });
        }
    };
    // Beyond the limit the page is the same, and no email is sent.
    let may_send = count_account(&app, BY_ACCOUNT, &email).await.is_ok();
    // A link would not let someone in who is blocked.
    let user = users::find_by_email(&app.db, &email).await?.filter(|user| may_send && user.blocked_at.is_none());
    if let Some(user) = user {
        letters::aside(async move { send_link(&app, &user, letters::Kind::Recover).await });
    }

    let email = email.as_str();
    let view = MessageView { words: "recover-sent", email, href: "/login", button: "log-in" };
    page.show("accounts/message.html", &view)
}

/// Sends a link to set a password: to someone who has forgotten theirs, or who has none yet.
pub(crate) async fn send_link(app: &AppState, user: &User, kind: letters::Kind) -> Result<(), Error> {
    let token = new_secret(&*app.random);
    let lifetime = if kind == letters::Kind::Invite { INVITATION_LIFETIME } else { LIFETIME };
    let now = app.now();
    tokens::issue(&app.db, user.id, TokenPurpose::Recover, &token, now, now.plus(lifetime)).await?;
    letters::send(app, kind, user, &format!("/recover/{token}")).await
}

/// Asks for the new password.
pub(crate) async fn new_password(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
) -> Result<Response, Error> {
    let Some(user) = holder(&app, tokens::look(&app.db, TokenPurpose::Recover, &token, app.now()).await?).await? else {
        return gone(&page, "recover-gone", "/recover", "recover-gone-again");
    };
    page.show("accounts/new_password.html", &NewPasswordView::new(&user, FormErrors::none()))
}

/// Sets the new password, ends all sessions, and begins a new one here. The mailbox stands in for the password and for
/// nothing else: a second factor is asked for all the same, unless the address was never confirmed.
pub(crate) async fn set_password(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
    Form(form): Form<PasswordForm>,
) -> Result<Response, Error> {
    let Some(user) = holder(&app, tokens::look(&app.db, TokenPurpose::Recover, &token, app.now()).await?).await? else {
        return gone(&page, "recover-gone", "/recover", "recover-gone-again");
    };
    let password = match check_password(&form.password, &user.email, &user.name) {
        Ok(password) => password,
        Err(problem) => {
            let errors = page.errors(&Problems::one("password", problem));
            return page.invalid("accounts/new_password.html", &NewPasswordView::new(&user, errors));
        }
    };

    // Used up only now: a password that was too short must not cost the link.
    let hash = app.passwords.hash(password).await?;
    let from = page.visit.address.to_string();
    // Whoever opened the link reads this mailbox, which is all that a confirmation proves.
    let Recovered::Done { factor_removed } = users::recover(&app.db, &token, &hash, &from, app.now()).await? else {
        return gone(&page, "recover-gone", "/recover", "recover-gone-again");
    };
    let user = User { password_hash: hash, ..user };
    let done = match (is_first(&user), factor_removed) {
        (true, _) => Flash::ok("flash-password-first"),
        (false, false) => Flash::ok("flash-password-changed"),
        // Stays until it is read.
        (false, true) => Flash::warn("flash-password-recovered-alone"),
    };
    session::begin(&app, &page.visit, &user, "/dashboard", Some(done)).await
}

async fn holder(app: &AppState, redeemed: Redeemed) -> Result<Option<User>, Error> {
    match redeemed {
        Redeemed::Valid(id) => Ok(users::find(&app.db, id).await?.filter(|user| user.blocked_at.is_none())),
        Redeemed::Used(_) | Redeemed::Expired(_) | Redeemed::Unknown => Ok(None),
    }
}
