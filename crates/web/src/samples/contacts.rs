//! Samples of the contacts page, its inbox, and the page about caches.

use vestnik_model::{UnixMillis, feedback::FeedbackState, id::FeedbackId, user::Language};

use super::{Sample, errors_at, mailings::explanation, page, stranger, typed};
use crate::{
    contacts::{ContactsForm, ContactsView},
    form::FormErrors,
    mailings::explanation::Explanation,
    manage::{
        caches::{CachesView, RegionView},
        feedback::{AnswerView, AskDeleteView, FeedbackView, ListView, Row},
    },
    page::Pager,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);
const SUBJECT: &str = "Счёт <b>№ 5</b>";

fn form(wrong: bool) -> ContactsView {
    ContactsView {
        form: ContactsForm {
            name: "Анна <Север>".into(), text: "</textarea><b>".into(), ..ContactsForm::default()
        },
        errors: if wrong { errors_at(&["name", "email", "subject", "text", ""]) } else { FormErrors::none() },
        contacts: if wrong { String::new() } else { "ул. Мира, 1\n<i>+7".into() },
        canonical: "https://mail.example.org/contacts".into(),
    }
}

fn row(state: FeedbackState) -> Row {
    Row {
        id: FeedbackId(1),
        name: "Анна <Север>".into(),
        email: "anna@example.org".into(),
        subject: SUBJECT.into(),
        beginning: "<script>".into(),
        state,
        created_at: NOW,
    }
}

fn one(state: FeedbackState, errors: FormErrors) -> FeedbackView {
    let answer = |letter: &str| AnswerView {
        author: "Борис <Юг>".into(),
        text: "<b>Вот".into(),
        at: NOW,
        letter: letter.into(),
        explanation: if letter == "failed" { explanation("550 <i>nobody") } else { Explanation::default() },
    };
    FeedbackView {
        id: FeedbackId(1),
        name: "Анна <Север>".into(),
        email: "anna@example.org".into(),
        account: if state == FeedbackState::New { "/manage/users/1".into() } else { String::new() },
        language: Language::Ru,
        subject: SUBJECT.into(),
        text: "<script>alert(1)</script>".into(),
        state,
        created_at: NOW,
        answers: ["sent", "failed", "pending", "gone"].map(answer).into(),
        answer: "</textarea>".into(),
        errors,
        typed: typed(false),
    }
}

fn caches(redis: &'static str) -> CachesView {
    let region = |asked| RegionView {
        name: "article",
        fresh_for: 5,
        memory: asked / 2,
        redis: asked / 4,
        made: asked / 4,
        asked,
        found: asked * 3 / 4,
        entries: 3,
        bytes: 12_345,
    };
    let reason = if redis == "down" { "<b>refused" } else { "" };
    CachesView {
        regions: vec![region(12_480), region(0)],
        bytes: 1 << 20,
        most_bytes: 64 << 20,
        redis,
        lasting: 21,
        reason: reason.into(),
    }
}

pub(super) fn all() -> Vec<Sample> {
    let list = |rows| ListView {
        rows,
        search: "<b>".into(),
        state: "spam".into(),
        unread: 2,
        pager: Pager { previous: None, next: Some("/manage/feedback?at=a1".into()) },
    };
    let mut samples = vec![
        stranger("contacts.html", form(false)),
        page("contacts.html", form(true)),
        page("manage/feedback.html", list(FeedbackState::ALL.iter().copied().map(row).collect())),
        page("manage/feedback.html", list(Vec::new())),
        page("manage/delete_feedback.html", AskDeleteView { id: FeedbackId(1), subject: SUBJECT.into() }),
    ];
    for state in FeedbackState::ALL {
        samples.push(page("manage/feedback_one.html", one(*state, errors_at(&["answer"]))));
    }
    for redis in ["up", "refusing", "down", "none"] {
        samples.push(page("manage/caches.html", caches(redis)));
    }
    samples
}
