//! Another address for an account: asked for with the password, proven by the link in a letter to it. The link opens a
//! page with a button, as that of a confirmation does, and asks for the same: see [`super::proof`].
//!
//! Whether the address is another's is told to its holder alone, in a letter; the page and what follows are the same.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;
use vestnik_model::{EmailAddress, Problem, Problems, recipient::address, secret::new_secret};
use vestnik_store::{
    new_address::{self, Asked, Moved},
    users,
};

use super::{
    MessageView,
    account::{ACCOUNT, AddressForm, view},
    check_domain, gone,
    proof::{self, ProofForm, Shown, is_at_hand},
    security::check_password,
};
use crate::{
    error::Error,
    flash::Flash,
    form::{Form, FormErrors, Path},
    letters::{self, About, Composed, Kind, Post},
    limits::Limit,
    page::Page,
    session::{self, CurrentUser},
    state::AppState,
};

const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// Letters go to where a person says: neither they nor several together are to fill a stranger's mailbox.
const BY_ACCOUNT: Limit = Limit::per_minutes("new-address", 5, 60);
const BY_WANTED: Limit = Limit::per_minutes("new-address-wanted", 3, 24 * 60);

/// The page with the button.
#[derive(Debug, Serialize)]
pub(crate) struct NewAddressView {
    /// The address so far.
    pub(crate) before: String,
    /// The one that the link proves.
    pub(crate) email: String,
    /// Whether the account's password is asked for, because this browser is not signed in to it.
    pub(crate) asks_password: bool,
    pub(crate) errors: FormErrors,
}

/// Takes the wish for another address, and sends the letters about it.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<AddressForm>,
) -> Result<Response, Error> {
    let mut problems = Problems::default();
    let wanted = problems.take("email", permitted(&app, &user, &form.email).await?);
    check_password(&app, &user, &form.current, &mut problems).await?;
    let wanted = match problems.into_result(wanted) {
        Ok(wanted) => wanted,
        Err(problems) => {
            let shown = view(&app, &user, form, page.errors(&problems)).await?;
            return page.invalid("accounts/account.html", &shown);
        }
    };
    BY_ACCOUNT.count(&app, &user.user.id.to_string()).await?;
    BY_WANTED.count(&app, &wanted.key()).await?;

    let token = new_secret(&*app.random);
    let post = Post::of(&app).await?;
    let to_wanted = letter_to_wanted(&app, &post, &user, &wanted, &token).await?;
    let about = About { path: "/recover", other: wanted.as_str(), ..About::default() };
    let to_own = post.compose_for(Kind::AddressWanted, &user.user, &about)?;
    let about_it = [to_wanted.as_new(), to_own.as_new()];
    let now = app.now();
    match new_address::ask(&app.db, &user.actor, &wanted, &token, &about_it, now, now.plus(LIFETIME)).await? {
        Asked::Noted => Ok(Flash::ok("flash-address-asked").with("email", wanted.as_str()).and_go(ACCOUNT)),
        Asked::ConfirmFirst => {
            let errors = page.error("", &Problem::new("problem-address-confirm-first"));
            page.invalid("accounts/account.html", &view(&app, &user, form, errors).await?)
        }
    }
}

/// The typed address, if this person may ask for it.
async fn permitted(app: &AppState, user: &CurrentUser, typed: &str) -> Result<Result<EmailAddress, Problem>, Error> {
    let wanted = match address(typed) {
        Ok(wanted) => wanted,
        Err(problem) => return Ok(Err(problem)),
    };
    if letters::own_address(&user.user)? == wanted {
        return Ok(Err(Problem::new("problem-address-same")));
    }
    Ok(check_domain(&*app.installation().await?, &wanted).map(|()| wanted))
}

/// The letter with the link; or, if the address has an account, one that tells its holder that someone tried.
async fn letter_to_wanted(
    app: &AppState,
    post: &Post<'_>,
    user: &CurrentUser,
    wanted: &EmailAddress,
    token: &str,
) -> Result<Composed, Error> {
    match users::find_by_email(&app.db, wanted).await? {
        Some(holder) => {
            let about = About { path: "/login", ..About::default() };
            post.compose_for(Kind::AddressTaken, &holder, &about)
        }
        None => {
            let path = format!("/confirm/address/{token}");
            let about = About { path: &path, other: wanted.as_str(), ..About::default() };
            post.compose(Kind::NewAddress, &user.user, wanted.clone(), &about)
        }
    }
}

/// Calls the wish off.
pub(crate) async fn withdraw(State(app): State<AppState>, user: CurrentUser) -> Result<Response, Error> {
    new_address::withdraw(&app.db, &user.actor, app.now()).await?;
    Ok(Flash::ok("flash-address-withdrawn").and_go(ACCOUNT))
}

fn over(page: &Page) -> Result<Response, Error> {
    gone(page, "new-address-gone", ACCOUNT, "settings-account")
}

/// Asks whether to take the address.
pub(crate) async fn ask(State(app): State<AppState>, page: Page, Path(token): Path<String>) -> Result<Response, Error> {
    match new_address::look(&app.db, &token, app.now()).await? {
        Some((user, wanted)) => {
            let asks_password = !is_at_hand(&page, &user);
            let email = wanted.as_str().to_owned();
            let shown = NewAddressView { before: user.email, email, asks_password, errors: FormErrors::none() };
            page.show("accounts/new_address.html", &shown)
        }
        None => over(&page),
    }
}

/// Takes it.
pub(crate) async fn take(
    State(app): State<AppState>,
    page: Page,
    Path(token): Path<String>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Error> {
    let Some((user, wanted)) = new_address::look(&app.db, &token, app.now()).await? else { return over(&page) };
    let shown = proof::show(&app, &page, &user, &form).await?;
    if let Shown::No(problem) = shown {
        let (before, email) = (user.email, wanted.as_str().to_owned());
        let errors = page.error("password", &problem);
        let view = NewAddressView { before, email, asks_password: true, errors };
        return page.invalid("accounts/new_address.html", &view);
    }

    let about = About { path: "/login", other: wanted.as_str(), ..About::default() };
    let goodbye = Post::of(&app).await?.compose_for(Kind::AddressChanged, &user, &about)?;
    let at_hand = page.visit.user.as_ref().filter(|who| who.user.id == user.id);
    let session = at_hand.map(|who| who.session);
    let from = page.visit.address.to_string();
    match new_address::take(&app.db, &token, session, &goodbye.as_new(), &from, app.now()).await? {
        Moved::Done => {
            let done = Flash::ok("flash-address-changed").with("email", wanted.as_str());
            match shown {
                Shown::Password => session::begin(&app, &page.visit, &user, ACCOUNT, Some(done)).await,
                Shown::Session | Shown::No(_) => Ok(done.and_go(ACCOUNT)),
            }
        }
        // Whoever follows the link reads this mailbox: it is no secret to them.
        Moved::Taken => {
            let (email, button) = (wanted.as_str(), "settings-account");
            let view = MessageView { words: "new-address-taken", email, href: ACCOUNT, button };
            page.answer(StatusCode::CONFLICT, "accounts/message.html", &view)
        }
        Moved::Gone => over(&page),
    }
}
