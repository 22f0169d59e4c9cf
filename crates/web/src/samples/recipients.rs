//! Samples of the pages of recipients.

use vestnik_model::{
    UnixMillis,
    delivery::Fate,
    id::{DeletionId, ImportId, MailingId, RecipientId, RunId, UserId},
    recipient::{Recipient, RecipientSort},
};
use vestnik_store::deletions::Deletion;

use super::{Sample, errors_at, page, typed};
use crate::{
    deletions,
    form::FormErrors,
    mailings::explanation::Explanation,
    page::Pager,
    recipients::{
        delete::{AskManyView, AskView, Chosen},
        edit::{FormView, RecipientForm},
        import::{self, ImportView, LayoutView, RejectView},
        list::{ListView, Order},
        show::{LetterView, ShowView},
    },
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);

fn someone(id: i64, email: &str, full_name: &str, comment: &str) -> Recipient {
    Recipient {
        id: RecipientId(id),
        owner_id: UserId(1),
        email: email.into(),
        full_name: full_name.into(),
        comment: comment.into(),
        created_at: NOW,
        updated_at: UnixMillis(NOW.0 + id),
    }
}

fn hostile() -> Recipient {
    someone(7, "\"><b>\"@example.org", "Анна <Север>", &"<i>строка\n".repeat(50))
}

fn letter(fate: Fate) -> LetterView {
    LetterView {
        mailing: MailingId(5),
        name: "<b>Меню {{ recipient.full_name }}".into(),
        run: RunId(17),
        due_at: NOW,
        email: "old@example.org".into(),
        fate,
        attempts: if fate == Fate::Skipped { 0 } else { 3 },
        at: (fate != Fate::Skipped).then_some(NOW),
        explanation: match fate {
            Fate::Failed | Fate::Unknown => super::mailings::explanation("550 5.1.1 <b>"),
            _ => Explanation::default(),
        },
    }
}

fn import_view(state: &str, tone: &'static str, rejected: i64, problem: Option<&str>) -> ImportView {
    ImportView {
        id: ImportId(3),
        file_name: if rejected > 0 { "клиенты <Север>.csv".into() } else { String::new() },
        state: state.into(),
        outcome: if state == "done" && rejected == 0 { "none".into() } else { state.into() },
        tone,
        size: 1_000_000,
        position: 420_000,
        added: rejected * 100,
        updated: 3,
        unchanged: 5,
        rejected,
        blank_rows: rejected,
        warnings: rejected * 2,
        problem: problem.map(str::to_owned),
        created_at: NOW,
    }
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    let list = |rows: Vec<Recipient>, search: &str, matching, total| ListView {
        orders: RecipientSort::ALL
            .iter()
            .map(|name| Order { name: *name, href: "/recipients".into(), current: *name == RecipientSort::Email })
            .collect(),
        rows,
        search: search.into(),
        sort: RecipientSort::Email,
        pager: Pager { previous: None, next: Some("/recipients?at=a7".into()) },
        matching,
        total,
    };
    for view in [
        list(Vec::new(), "", 0, 0),
        list(Vec::new(), "\"><b>", 0, 12_480),
        list(vec![hostile(), someone(8, "b@example.org", "", "")], "", 12_480, 12_480),
        list(vec![hostile()], "<Север>", 1, 12_480),
    ] {
        samples.push(page("recipients/list.html", view));
    }
    for view in [
        FormView::default(),
        FormView {
            form: RecipientForm { email: "\"><b>".into(), full_name: "<b>".into(), comment: "</textarea><b>".into() },
            errors: errors_at(&["email", "full_name", "comment"]),
            id: Some(RecipientId(7)),
            holder: Some(RecipientId(8)),
            typed: typed(false),
        },
    ] {
        samples.push(page("recipients/form.html", view));
    }
    for recipient in [hostile(), someone(0, "b@example.org", "", "")] {
        let letters =
            if recipient.id.0 == 0 { Vec::new() } else { Fate::ALL.iter().map(|fate| letter(*fate)).collect() };
        samples.push(page("recipients/show.html", ShowView { cut: Some(letters.len()), recipient, letters, now: NOW }));
    }
    samples.push(page("recipients/delete.html", AskView { recipient: hostile() }));
    for (all, q) in [("", ""), ("1", "<Север>"), ("1", " ")] {
        let chosen = Chosen { id: vec![RecipientId(7)], all: all.into(), q: q.into(), sort: "name".into() };
        samples
            .push(page("recipients/delete_many.html", AskManyView { chosen, count: 21, list: "/recipients".into() }));
    }
    for (kind, name, finished_at) in [
        ("recipients", "", None),
        ("recipients", "<Север>", Some(NOW)),
        ("mailing", "<b>", None),
        ("mailing", "", Some(NOW)),
    ] {
        let (id, kind, name) = (DeletionId(3), kind.into(), name.into());
        let deletion = Deletion { id, kind, name, total: 500_000, deleted: 21, created_at: NOW, finished_at };
        samples.push(page("deletion.html", deletions::ShowView { deletion }));
    }
    for (errors, latest) in [
        (FormErrors::none(), Vec::new()),
        (errors_at(&["file"]), vec![import_view("done", "ok", 2, None), import_view("failed", "warn", 0, None)]),
    ] {
        samples.push(page("recipients/import.html", import::FormView { errors, largest: 512, latest }));
    }
    for import in [
        import_view("reading", "act", 0, None),
        import_view("done", "ok", 0, None),
        import_view("done", "ok", 25, None),
        import_view("done", "ok", 33_000_000, None),
        import_view("failed", "warn", 0, Some("Первая строка: <Север>")),
    ] {
        let rejects = match import.rejected {
            0 => Vec::new(),
            _ => vec![
                RejectView {
                    line: 2, email: "<Север>".into(), reason: "В адресе нет знака @.".into()
                },
                RejectView { line: 12_480, email: String::new(), reason: "<b>".into() },
            ],
        };
        let warnings = rejects.iter().map(|row| RejectView { email: row.email.clone(), reason: "<b>".into(), ..*row });
        let warnings = warnings.collect();
        let column = |name: &str| name.to_owned();
        let layout = (import.rejected > 0).then(|| LayoutView {
            encoding: "windows-1251".into(),
            email: column("<Почта>"),
            full_name: String::new(),
            comment: column("<Комментарий>"),
            not_taken: vec![column("<Телефон>"), column("column 4")],
            empty: vec![column("<Город>")],
        });
        samples.push(page(
            "recipients/imported.html",
            import::ShowView { import, rejects, kept: 10_000, warnings, layout },
        ));
    }
    samples
}
