//! Samples of the shell, the first page and the pages of errors.

use super::{Sample, page, stranger};
use crate::{
    error::ErrorView,
    home::{Figures, HomeView},
    page::{CachedView, SampleShell},
};

pub(super) fn all() -> Vec<Sample> {
    let home = |set_up| HomeView {
        figures: Figures { mailings: 24, active: 3, recipients: 12_480, set_up },
        cards: if set_up { vec![super::blog::card()] } else { Vec::new() },
        zone: "Europe/Moscow".into(),
        canonical: "https://mail.example.org/".into(),
    };
    let mut samples = vec![stranger("home.html", home(true)), stranger("home.html", home(false))];
    for kind in [
        "400",
        "403",
        "second-factor",
        "404",
        "405",
        "413",
        "429",
        "busy",
        "500",
        "503",
        "too-long",
        "cross-site",
        "others",
    ] {
        let view = || ErrorView { kind, status: 500, request_id: "0011223344556677".into(), minutes: 5 };
        samples.push(stranger("errors/page.html", view()));
        samples.push(page("errors/page.html", view()));
        samples.push(Sample { shell: SampleShell::Unconfirmed, ..page("errors/page.html", view()) });
    }
    let cached = CachedView { title: "Users".into(), content: "<h1>Users</h1>".into() };
    samples.push(page("cached.html", cached));
    samples
}
