//! Samples of the pages and letters of accounts.

use minijinja::context;
use vestnik_model::{UnixMillis, id::SessionId};

use super::{Sample, errors_at, page, stranger};
use crate::{
    accounts::{
        MessageView,
        account::{AccountView, AddressForm, WantedView},
        confirm::ConfirmView,
        leave::{LeaveForm, LeaveView},
        login::{LoginForm, LoginView},
        login_code::{CodeForm, CodeView},
        new_address::NewAddressView,
        password_recovery::{NewPasswordView, RecoverForm, RecoverView},
        registration::{RegistrationForm, RegistrationView},
        security::{FactorView, SecurityView, SessionView},
        settings::{SettingsForm, SettingsView},
        two_factor::{Act, AppView, AskView, CodesView},
    },
    form::FormErrors,
    letters::Kind,
};

pub(super) fn all() -> Vec<Sample> {
    let zones = || vec![("Europe/Moscow".to_owned(), "Москва (UTC+3)".to_owned())];
    let email = "\"><b>@example.org";
    let mut samples = Vec::new();
    for errors in [FormErrors::none(), errors_at(&["email", "name", "password", "time_zone"])] {
        let form = RegistrationForm { email: email.into(), name: "Анна <Север>".into(), ..Default::default() };
        samples.push(stranger("accounts/register.html", RegistrationView { form, errors, zones: zones() }));
    }
    for errors in [FormErrors::none(), errors_at(&["", "email", "password"])] {
        samples.push(stranger("accounts/login.html", LoginView { form: LoginForm::default(), errors }));
    }
    for errors in [FormErrors::none(), errors_at(&["email"])] {
        samples.push(stranger("accounts/recover.html", RecoverView { form: RecoverForm::default(), errors }));
    }
    for errors in [FormErrors::none(), errors_at(&["password"])] {
        samples.push(stranger("accounts/new_password.html", NewPasswordView { email, first: false, errors }));
    }
    let first = NewPasswordView { email, first: true, errors: FormErrors::none() };
    samples.push(stranger("accounts/new_password.html", first));
    for (with, errors) in [("", FormErrors::none()), ("recovery", errors_at(&["code"]))] {
        let form = CodeForm { next: "/mailings?\"><b>".into(), with: with.into(), ..CodeForm::default() };
        samples.push(stranger("accounts/login_code.html", CodeView { form, errors }));
    }
    for (act, fields) in [
        (Act::Start, &["current"][..]),
        (Act::Move, &["current", "code"]),
        (Act::Codes, &["current"]),
        (Act::Off, &["current", "code"]),
    ] {
        for errors in [FormErrors::none(), errors_at(fields)] {
            samples.push(page("accounts/two_factor_ask.html", AskView::new(act, errors)));
        }
    }
    for errors in [FormErrors::none(), errors_at(&["code"])] {
        let address = "otpauth://totp/Vestnik:anna?secret=GEZDGNBVGY3TQOJQ&issuer=Vestnik".to_owned();
        let view = AppView { address, secret: "GEZD GNBV GY3T QOJQ".into(), errors };
        samples.push(page("accounts/two_factor_app.html", view));
    }
    for set_up in [true, false] {
        let view = CodesView { codes: vec!["4d7k-9q2x-0000-zzzz".into()], set_up, service: "\"><b>".into() };
        samples.push(page("accounts/recovery_codes.html", view));
    }
    for wrong in [false, true] {
        let at_password = || if wrong { errors_at(&["password"]) } else { FormErrors::none() };
        let confirm = ConfirmView { email: email.into(), asks_password: wrong, errors: at_password() };
        samples.push(stranger("accounts/confirm.html", confirm));
        let (before, email) = (email.into(), email.into());
        let moved = NewAddressView { before, email, asks_password: wrong, errors: at_password() };
        samples.push(stranger("accounts/new_address.html", moved));
    }
    for wrong in [false, true] {
        let form = AddressForm { email: if wrong { email.into() } else { String::new() }, ..AddressForm::default() };
        let errors = if wrong { errors_at(&["", "email", "current"]) } else { FormErrors::none() };
        let wanted = wrong.then(|| WantedView { email: email.into(), expires_at: UnixMillis(0) });
        samples.push(page("accounts/account.html", AccountView { form, errors, wanted }));
    }
    for (last_administrator, running) in [(false, 0), (false, 2), (true, 0)] {
        let errors = if running > 0 { errors_at(&["email", "current"]) } else { FormErrors::none() };
        let form = LeaveForm { email: email.into(), ..LeaveForm::default() };
        let (recipients, messages, mailings, attempts) = (12_480, 3, 24, 1_000_000);
        samples.push(page(
            "accounts/leave.html",
            LeaveView { form, errors, recipients, messages, mailings, attempts, running, last_administrator },
        ));
    }
    for (words, button) in [
        ("register-sent", "register-sent-login"),
        ("recover-sent", "log-in"),
        ("confirm-gone", "confirm-gone-login"),
        ("recover-gone", "recover-gone-again"),
        ("register-invited", "log-in"),
        ("setup-gone", "log-in"),
        ("new-address-gone", "settings-account"),
        ("new-address-taken", "settings-account"),
        ("goodbye", "error-home"),
    ] {
        samples.push(stranger("accounts/message.html", MessageView { words, email, href: "/login", button }));
    }
    for wrong in [false, true] {
        let at = |fields| if wrong { errors_at(fields) } else { FormErrors::none() };
        let form = SettingsForm {
            name: "Анна <Север>".into(),
            phone: "+7 912 345-67-89".into(),
            city: "<b>Омск".into(),
            language: "ru".into(),
            time_zone: "Europe/Moscow".into(),
            theme: "dark".into(),
        };
        let view = SettingsView {
            form,
            errors: at(&["name", "phone", "city", "theme"]),
            // One form is sent at a time, so only one of them has errors.
            avatar_errors: FormErrors::none(),
            avatar: if wrong { String::new() } else { "avatars/1/0a.jpg".into() },
            zones: zones(),
        };
        samples.push(page("accounts/settings.html", view));
        let session = |current| SessionView {
            id: SessionId(1),
            current,
            address: "192.0.2.7".into(),
            browser: if current { "Firefox" } else { "" },
            system: if current { "Linux" } else { "" },
            created_at: UnixMillis(0),
            seen_at: UnixMillis(0),
        };
        let sessions = vec![session(true), session(false)];
        let since = wrong.then_some(UnixMillis(0));
        let factor = FactorView { since, codes_left: 1, required: wrong, allowed: !wrong };
        let view = SecurityView { factor, password_errors: at(&["current", "password"]), sessions };
        samples.push(page("accounts/security.html", view));
    }
    for kind in Kind::ALL {
        for template in ["letters/letter.txt", "letters/letter.html"] {
            let view = context! {
                kind => kind.name(), language => "ru", name => "Анна", email,
                link => if kind == Kind::Goodbye { "" } else { "https://example.org/x" }, service => "<b>Ромашка", host => "example.org", other => "<b>new@example.org",
                reason => if kind == Kind::Blocked { "<b>spam" } else { "" }, subject => "<b>Subject",
                words => if kind == Kind::FeedbackAnswer { "<b>One\ntwo" } else { "" },
                quote => if kind == Kind::FeedbackAnswer { "<i>Three" } else { "" }, quoted => "> <i>Three\n",
            };
            samples.push(stranger(template, view));
        }
    }
    samples
}
