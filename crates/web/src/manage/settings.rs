//! Settings of the installation: who may register, how long sessions last, which way mail goes.

#[cfg(test)]
mod tests;

use axum::{extract::State, response::Response};
use serde::{Deserialize, Serialize};
use vestnik_model::{Installation, UnixMillis, installation::TypedInstallation, secret::new_key};
use vestnik_store::{
    groups::Changed,
    installation,
    life::{self, Waiting},
};

use super::{author, said};
use crate::{
    accounts::confirm,
    error::Error,
    form::{Form, FormErrors},
    i18n,
    mail_server::{MailForm, TrialView, shown_from, try_out, unreached},
    page::Page,
    session::CurrentUser,
    state::AppState,
};

/// What is typed.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InstallationForm {
    pub(crate) name: String,
    pub(crate) language: String,
    pub(crate) time_zone: String,
    pub(crate) registration: String,
    pub(crate) allowed_domains: String,
    pub(crate) session_days: String,
    pub(crate) session_limit_days: String,
    pub(crate) second_factor: String,
    pub(crate) contacts: String,
}

/// A copy that was made of a backup, and what waits in it for a person's word.
#[derive(Debug, Serialize)]
pub(crate) struct HeldView {
    pub(crate) backup_at: UnixMillis,
    pub(crate) restored_at: UnixMillis,
    pub(crate) waiting: Waiting,
}

/// The page.
#[derive(Debug, Serialize)]
pub(crate) struct SettingsView {
    /// `None`: mail goes out.
    pub(crate) held: Option<HeldView>,
    pub(crate) form: InstallationForm,
    pub(crate) errors: FormErrors,
    pub(crate) zones: Vec<(String, String)>,
    pub(crate) mail: MailForm,
    pub(crate) mail_errors: FormErrors,
    /// Whether a password is stored that need not be typed again.
    pub(crate) password_known: bool,
    /// What came of the test letter that was just sent.
    pub(crate) trial: Option<TrialView>,
    /// The mail server that the process was started with; then nothing that is stored counts.
    pub(crate) fixed_server: String,
    /// The same for what mail comes from.
    pub(crate) fixed_from: String,
    /// What mail comes from where nothing is typed.
    pub(crate) default_from: String,
}

impl InstallationForm {
    fn of(installation: &Installation) -> Self {
        Self {
            name: installation.name.clone(),
            language: installation.language.to_string(),
            time_zone: installation.time_zone.clone(),
            registration: installation.registration.to_string(),
            allowed_domains: installation.allowed_domains.clone(),
            session_days: installation.session_days.to_string(),
            session_limit_days: installation.session_limit_days.to_string(),
            second_factor: installation.second_factor.to_string(),
            contacts: installation.contacts.clone(),
        }
    }

    fn typed(&self) -> TypedInstallation<'_> {
        TypedInstallation {
            name: &self.name,
            language: &self.language,
            time_zone: &self.time_zone,
            registration: &self.registration,
            allowed_domains: &self.allowed_domains,
            session_days: &self.session_days,
            session_limit_days: &self.session_limit_days,
            second_factor: &self.second_factor,
            contacts: &self.contacts,
        }
    }
}

impl SettingsView {
    async fn new(app: &AppState, page: &Page, user: &CurrentUser, installation: &Installation) -> Result<Self, Error> {
        let fixed = &app.settings.mail;
        let mail = MailForm::of(installation, &user.user.email);
        Ok(Self {
            held: held(app, installation).await?,
            form: InstallationForm::of(installation),
            errors: FormErrors::none(),
            zones: i18n::zones(page.language(), app.now(), &installation.time_zone),
            password_known: !mail.smtp_user.is_empty() && !installation.mail_password_unreadable,
            mail,
            mail_errors: FormErrors::none(),
            trial: None,
            fixed_server: fixed.server.clone().unwrap_or_default(),
            fixed_from: fixed.from.clone().unwrap_or_default(),
            default_from: shown_from(app, installation),
        })
    }
}

async fn held(app: &AppState, installation: &Installation) -> Result<Option<HeldView>, Error> {
    let Some(backup_at) = installation.held else { return Ok(None) };
    let life = life::read(&app.db).await?;
    let waiting = life::waiting(&app.db, app.now()).await?;
    Ok(Some(HeldView { backup_at, restored_at: life.restored_at.unwrap_or(backup_at), waiting }))
}

/// Shows them as they are.
pub(crate) async fn show(State(app): State<AppState>, page: Page, user: CurrentUser) -> Result<Response, Error> {
    let installation = installation::read(&app.db).await?;
    page.show("manage/settings.html", &SettingsView::new(&app, &page, &user, &installation).await?)
}

/// Changes all but the mail server.
pub(crate) async fn submit(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<InstallationForm>,
) -> Result<Response, Error> {
    let before = installation::read(&app.db).await?;
    let wanted = match form.typed().parse(&before) {
        Ok(wanted) => wanted,
        Err(problems) => {
            let zones = i18n::zones(page.language(), app.now(), &form.time_zone);
            let view = SettingsView::new(&app, &page, &user, &before).await?;
            let view = SettingsView { errors: page.errors(&problems), zones, form, ..view };
            return page.invalid("manage/settings.html", &view);
        }
    };
    let general = |now: Installation| Installation { smtp_url: now.smtp_url, mail_from: now.mail_from, ..wanted };
    let changed = change(&app, &page, &user, general).await?;
    Ok(said(changed, "flash-installation-saved")?.and_go("/manage/settings"))
}

/// Changes the mail server. What is on its way is finished first; it takes some seconds.
pub(crate) async fn set_mail(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<MailForm>,
) -> Result<Response, Error> {
    let before = installation::read(&app.db).await?;
    let server = match form.parse(&before) {
        Ok(server) => server,
        Err(problems) => {
            let view = SettingsView::new(&app, &page, &user, &before).await?;
            let view = SettingsView { mail_errors: page.errors(&problems), mail: form, ..view };
            return page.invalid("manage/settings.html", &view);
        }
    };
    let mail = |now: Installation| Installation { smtp_url: server.smtp_url(), mail_from: server.mail_from(), ..now };
    let changed = change(&app, &page, &user, mail).await?;
    if changed == Changed::Done {
        confirm::ask_again(&app).await?;
    }
    let unreached = if changed == Changed::Done { unreached(&app, &page, server).await } else { None };
    let said = unreached.map_or_else(|| said(changed, "flash-mail-server-saved"), Ok)?;
    Ok(said.and_go("/manage/settings"))
}

async fn change(
    app: &AppState,
    page: &Page,
    user: &CurrentUser,
    change_to: impl FnOnce(Installation) -> Installation,
) -> Result<Changed, Error> {
    let author = author(app, &page.visit, user);
    let changed = installation::update(&app.db, &user.actor, &author, change_to).await?;
    app.forget_installation();
    Ok(changed)
}

/// Lets a copy that was made of a backup send.
pub(crate) async fn resume_sending(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
) -> Result<Response, Error> {
    let author = author(&app, &page.visit, &user);
    let changed = life::resume(&app.db, Some(&user.actor), &author, &new_key(&*app.random, 8)).await?;
    app.forget_installation();
    Ok(said(changed, "flash-sending-resumed")?.and_go("/manage/settings"))
}

/// Sends a test letter through the mail server as it is typed, and keeps nothing.
pub(crate) async fn try_mail(
    State(app): State<AppState>,
    page: Page,
    user: CurrentUser,
    Form(form): Form<MailForm>,
) -> Result<Response, Error> {
    let before = installation::read(&app.db).await?;
    let trial = Some(try_out(&app, &page, &form, &before).await?);
    let view = SettingsView::new(&app, &page, &user, &before).await?;
    page.show("manage/settings.html", &SettingsView { trial, mail: form, ..view })
}
