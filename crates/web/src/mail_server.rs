//! The part of a form that says which way mail goes, and the test letter; on the settings of the installation and where
//! it is set up.

use serde::{Deserialize, Serialize};
use vestnik_model::{
    Installation, Problems,
    mail_server::{MailRoute, MailServer, TypedMailServer, split_from},
    recipient::address,
};

use crate::{
    error::Error,
    flash::Flash,
    form::FormErrors,
    i18n,
    limits::Limit,
    page::Page,
    state::AppState,
    trial::{Hindrance, TrialLetter},
};

/// By network address: each letter is a connection to wherever is typed.
const TRIALS: Limit = Limit::per_minutes("mail-trial", 20, 15);

/// What is typed.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MailForm {
    pub(crate) route: String,
    pub(crate) host: String,
    pub(crate) port: String,
    pub(crate) encryption: String,
    pub(crate) smtp_user: String,
    /// Never shown again.
    #[serde(skip_serializing)]
    pub(crate) smtp_password: String,
    pub(crate) from_address: String,
    pub(crate) from_name: String,
    /// Who gets the test letter.
    pub(crate) trial_to: String,
}

/// What came of a test letter.
#[derive(Debug, Default, Serialize)]
pub(crate) struct TrialView {
    pub(crate) to: String,
    /// Whether the server took it.
    pub(crate) taken: bool,
    /// What was in the way; empty when nothing was.
    pub(crate) obstacle: &'static str,
    /// The server's words, or what the network said.
    pub(crate) words: String,
    /// What is wrong with the form; then nothing was sent.
    pub(crate) errors: FormErrors,
}

impl MailForm {
    /// What is stored. The test letter goes to `to`.
    pub(crate) fn of(installation: &Installation, to: &str) -> Self {
        let stored = if installation.mail_password_unreadable {
            MailServer::stored_without_password(&installation.smtp_url, &installation.mail_from)
        } else {
            MailServer::stored(&installation.smtp_url, &installation.mail_from)
        };
        let route = if stored.relay.is_some() { MailRoute::Server } else { MailRoute::Catcher };
        let relay = stored.relay.as_ref();
        Self {
            route: route.to_string(),
            host: relay.map(|relay| relay.host().to_owned()).unwrap_or_default(),
            port: relay.map(|relay| relay.port().to_string()).unwrap_or_default(),
            encryption: stored.encryption().to_string(),
            smtp_user: relay.and_then(|relay| Some(relay.credentials()?.user.clone())).unwrap_or_default(),
            smtp_password: String::new(),
            from_address: stored.from_address.map(|address| address.to_string()).unwrap_or_default(),
            from_name: stored.from_name,
            trial_to: to.to_owned(),
        }
    }

    /// Checks what is typed.
    pub(crate) fn parse(&self, before: &Installation) -> Result<MailServer, Problems> {
        let before = MailServer::stored(&before.smtp_url, &before.mail_from);
        TypedMailServer {
            route: &self.route,
            host: &self.host,
            port: &self.port,
            encryption: &self.encryption,
            smtp_user: &self.smtp_user,
            smtp_password: &self.smtp_password,
            from_address: &self.from_address,
            from_name: &self.from_name,
        }
        .parse(&before)
    }
}

/// Sends a test letter through the server as it is typed, kept or not.
pub(crate) async fn try_out(
    app: &AppState,
    page: &Page,
    form: &MailForm,
    before: &Installation,
) -> Result<TrialView, Error> {
    TRIALS.count_network(app, page.visit.address).await?;
    let to = address(&form.trial_to).map_err(|problem| Problems::one("trial_to", problem));
    let (server, to) = match (form.parse(before), to) {
        (Ok(server), Ok(to)) => (server, to.to_string()),
        (server, to) => {
            let mut problems = server.err().unwrap_or_default();
            problems.append(to.err().unwrap_or_default());
            return Ok(TrialView { errors: page.errors(&problems), ..TrialView::default() });
        }
    };
    if server.relay.is_none() {
        return Err(Error::BadRequest);
    }
    let service = i18n::quoted_service(page.language(), &before.name);
    let host = app.settings.base_url.host_str().unwrap_or_default().to_owned();
    let letter = TrialLetter {
        server,
        to: to.clone(),
        subject: page.text("trial-subject", &[("service", service.into())]),
        text: page.text("trial-text", &[("host", host.into())]),
    };
    Ok(match app.trial.try_out(letter).await {
        Ok(words) => TrialView { to, taken: true, words, ..TrialView::default() },
        Err(Hindrance { obstacle, words }) => {
            TrialView { to, obstacle: obstacle.name(), words, ..TrialView::default() }
        }
    })
}

/// What to say if a server that is kept cannot be reached. `None`: nothing; nor is it looked for too often.
pub(crate) async fn unreached(app: &AppState, page: &Page, server: MailServer) -> Option<Flash> {
    if server.relay.is_none() || TRIALS.count_network(app, page.visit.address).await.is_err() {
        return None;
    }
    let Hindrance { obstacle, words } = app.trial.reach(server).await.err()?;
    Some(Flash::warn("flash-mail-server-unreached").with("obstacle", obstacle.name()).with("words", words))
}

/// What mail comes from where nothing else is typed.
pub(crate) fn shown_from(app: &AppState, installation: &Installation) -> String {
    split_from(&app.settings.mail_from(installation)).1.to_owned()
}
