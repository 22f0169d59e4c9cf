//! Samples of the catcher's pages.

use vestnik_model::{UnixMillis, id::CaughtId};

use super::{Sample, page, stranger};
use crate::{
    caught::{ListQuery, ListView, MailView, Row, Sees},
    page::Pager,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    for full in [true, false] {
        let row = Row {
            id: CaughtId(1),
            recipient: "anna@example.org".into(),
            subject: if full { "<b>4 вкуса".into() } else { String::new() },
            caught_at: NOW,
        };
        let list = |sees| ListView {
            query: ListQuery { q: if full { "\"><b>".into() } else { String::new() }, at: String::new() },
            rows: Vec::new(),
            pager: Pager { previous: None, next: full.then(|| "/caught?at=a1".into()) },
            total: if full { 12_480 } else { 0 },
            sees,
            zone: "UTC".into(),
        };
        let sees = if full { Sees::All } else { Sees::Own };
        samples.push(page("caught/list.html", ListView { rows: vec![row], ..list(sees) }));
        samples.push(stranger("caught/list.html", list(Sees::Demo)));
        let mail = || MailView {
            id: CaughtId(1),
            sender: "news@example.org".into(),
            from: "Кофейня <news@example.org>".into(),
            recipient: "anna@example.org".into(),
            subject: if full { "<script>".into() } else { String::new() },
            caught_at: NOW,
            zone: "Europe/Moscow".into(),
            text: "<b>text</b>".into(),
            has_html: full,
            pictures_left_out: full,
            with_pictures: false,
            attachments: if full { vec!["a<b>.pdf".into()] } else { Vec::new() },
            kilobytes: 3,
        };
        samples.push(page("caught/show.html", mail()));
        samples.push(stranger("caught/show.html", mail()));
    }
    samples
}
