//! Samples of the settings of the installation, and of where it is set up.

use vestnik_model::UnixMillis;
use vestnik_store::life::Waiting;

use super::{Sample, errors_at, page, stranger};
use crate::{
    form::FormErrors,
    mail_server::{MailForm, TrialView},
    manage::settings::{HeldView, InstallationForm, SettingsView},
    setup::{SetupForm, SetupView},
    trial::Obstacle,
};

const MAIL_FIELDS: [&str; 6] = ["host", "port", "smtp_user", "smtp_password", "from_address", "from_name"];

fn mail() -> MailForm {
    MailForm {
        route: "server".into(),
        host: "<b>smtp.example.com".into(),
        port: "587".into(),
        encryption: "starttls".into(),
        smtp_user: "\"anna\"".into(),
        smtp_password: String::new(),
        from_address: "news@example.com".into(),
        from_name: "Ромашка <Север>".into(),
        trial_to: "anna@example.com".into(),
    }
}

fn trials() -> Vec<Option<TrialView>> {
    let words = || "550 <b>no</b>".to_owned();
    let failed = |obstacle: Obstacle| TrialView { obstacle: obstacle.name(), words: words(), ..TrialView::default() };
    let taken = TrialView { to: "anna@example.com".into(), taken: true, words: words(), ..TrialView::default() };
    let refused = TrialView { errors: errors_at(&["host", "trial_to"]), ..TrialView::default() };
    let mut all = vec![None, Some(taken), Some(refused)];
    all.extend(Obstacle::ALL.map(|obstacle| Some(failed(obstacle))));
    all
}

fn settings(errors: FormErrors, mail_errors: FormErrors, trial: Option<TrialView>, fixed: &str) -> SettingsView {
    SettingsView {
        held: trial.is_none().then_some(HeldView {
            backup_at: UnixMillis(1_795_503_600_000),
            restored_at: UnixMillis(1_795_590_000_000),
            waiting: Waiting { planned: 21, passed: 1, paused: 2, going: 1, letters: 5 },
        }),
        form: InstallationForm {
            name: "Ромашка & Co".into(),
            language: "ru".into(),
            time_zone: "Europe/Moscow".into(),
            registration: "open".into(),
            allowed_domains: "example.com <b>".into(),
            session_days: "30".into(),
            session_limit_days: "90".into(),
            second_factor: "required".into(),
            contacts: "ул. Мира, 1\n<b>".into(),
        },
        errors,
        zones: vec![("Europe/Moscow".into(), "Москва (UTC+3)".into())],
        mail: mail(),
        mail_errors,
        password_known: trial.is_none(),
        trial,
        fixed_server: fixed.into(),
        fixed_from: fixed.into(),
        default_from: "vestnik@localhost".into(),
    }
}

fn setup(errors: FormErrors, trial: Option<TrialView>, fixed: &str) -> SetupView {
    SetupView {
        token: "abc".into(),
        form: SetupForm { email: "\"><b>@example.org".into(), mail: mail(), ..SetupForm::default() },
        errors,
        zones: vec![("Europe/Moscow".into(), "Москва (UTC+3)".into())],
        trial,
        fixed_server: fixed.into(),
        default_from: "vestnik@localhost".into(),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let none = FormErrors::none;
    let general = errors_at(&["name", "time_zone", "allowed_domains", "session_days"]);
    let mut samples = vec![
        page("manage/settings.html", settings(general, none(), None, "")),
        page("manage/settings.html", settings(none(), errors_at(&MAIL_FIELDS), None, "")),
        page("manage/settings.html", settings(none(), none(), None, "smtp://mail.example.com:25")),
        stranger("setup.html", setup(errors_at(&["email", "name", "password", "installation", "host"]), None, "")),
        stranger("setup.html", setup(none(), None, "smtp://mail.example.com:25")),
    ];
    for trial in trials() {
        samples.push(page("manage/settings.html", settings(none(), none(), trial, "")));
    }
    samples.push(stranger("setup.html", setup(none(), trials().pop().flatten(), "")));
    samples
}
