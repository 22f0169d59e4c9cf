//! Samples of the shell, the first page and the pages of errors.

use super::{Sample, page, stranger};
use crate::{
    error::ErrorView,
    home::HomeView,
    page::{CachedView, SampleShell},
};

pub(super) fn all() -> Vec<Sample> {
    let mut samples = vec![stranger("home.html", HomeView {})];
    for kind in ["400", "403", "second-factor", "404", "405", "413", "429", "500", "503", "cross-site", "others"] {
        let view = || ErrorView { kind, status: 500, request_id: "0011223344556677".into(), minutes: 5 };
        samples.push(stranger("errors/page.html", view()));
        samples.push(page("errors/page.html", view()));
        samples.push(Sample { shell: SampleShell::Unconfirmed, ..page("errors/page.html", view()) });
    }
    let cached = CachedView { title: "Users".into(), content: "<h1>Users</h1>".into() };
    samples.push(page("cached.html", cached));
    samples
}
