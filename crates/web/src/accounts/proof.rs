//! Whose an account is when someone follows a link of an email about it.
//!
//! The link shows that they read the mailbox, and no more: whoever registered with another's address would have it
//! confirmed by its holder. So an account's own session is asked for as well, or its password.

use serde::Deserialize;
use vestnik_model::{Problem, audit::Action, recipient::address, user::User};

use super::{guesses, login};
use crate::{error::Error, letters, page::Page, state::AppState};

/// What is typed behind such a link.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ProofForm {
    pub(super) password: String,
}

/// How they have shown it.
pub(super) enum Shown {
    /// This browser is signed in to the account.
    Session,
    /// They know its password.
    Password,
    /// They have not.
    No(Problem),
}

/// Whether this browser is signed in to the account.
pub(super) fn is_at_hand(page: &Page, user: &User) -> bool {
    page.visit.user.as_ref().is_some_and(|who| who.user.id == user.id)
}

/// Looks whether the account is theirs.
pub(super) async fn show(app: &AppState, page: &Page, user: &User, form: &ProofForm) -> Result<Shown, Error> {
    if is_at_hand(page, user) {
        return Ok(Shown::Session);
    }
    if form.password.is_empty() {
        return Ok(Shown::No(Problem::new("problem-required")));
    }
    let email = address(&user.email).ok();
    guesses::count(app, &page.visit, email.as_ref()).await?;
    if !app.passwords.verify(form.password.clone(), Some(user.password_hash.clone())).await? {
        let (app, visit, user) = (app.clone(), page.visit.clone(), user.clone());
        letters::aside(async move { login::note(&app, &visit, &user, Action::LoginFailed).await });
        return Ok(Shown::No(Problem::new("problem-password-wrong")));
    }
    if let Some(email) = &email {
        guesses::forget(app, &page.visit, email).await;
    }
    Ok(Shown::Password)
}
