//! Samples of the pages of messages.

use vestnik_model::{
    UnixMillis,
    id::{MailingId, MessageId, RecipientId, UserId},
    message::Message,
};

use super::{Sample, errors_at, page, typed};
use crate::{
    form::FormErrors,
    messages::{
        Reader,
        delete::AskView,
        edit::{FormView, MessageForm},
        list::ListView,
        preview::PlainView,
        show::{Letter, MailingLink, ShowView},
    },
    page::Pager,
};

const NOW: UnixMillis = UnixMillis(1_795_503_600_000);

fn mailings(count: i64) -> Vec<MailingLink> {
    (0..count).map(|id| MailingLink { id: MailingId(id), name: "Для <Север>".into() }).collect()
}

pub(super) fn all() -> Vec<Sample> {
    let mut samples = Vec::new();
    let message = Message {
        id: MessageId(5),
        owner_id: UserId(1),
        subject: "Осень, <Север> {{ recipient.full_name }}".into(),
        html: String::new(),
        text: String::new(),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    for rows in [Vec::new(), vec![message]] {
        let total = i64::try_from(rows.len()).unwrap_or_default();
        samples.push(page("messages/list.html", ListView { rows, pager: Pager::default(), total }));
    }
    for (form, errors, id, readers) in [
        (MessageForm::default(), FormErrors::none(), None, Vec::new()),
        (
            MessageForm {
                subject: "\"><b>".into(),
                html: "</textarea><p><Север></p>".into(),
                text: "{{ recipient.full_name".into(),
                recipient: "7".into(),
                version: "2".into(),
            },
            errors_at(&["subject", "html", "text"]),
            Some(MessageId(5)),
            vec![(Some(RecipientId(7)), "<Север>, a@example.org".into())],
        ),
    ] {
        samples.push(page(
            "messages/form.html",
            FormView { form, errors, id, readers, longest_subject: 300, typed: typed(id.is_some()) },
        ));
    }
    for (letter, reader, errors, may_send) in [
        (Some(true), Some(7), FormErrors::none(), true),
        (Some(false), None, FormErrors::none(), false),
        (None, Some(7), errors_at(&["html"]), true),
    ] {
        let view = ShowView {
            id: MessageId(5),
            subject: "Осень, <Север>".into(),
            updated_at: NOW,
            letter: letter
                .map(|has_html| Letter { subject: "<Север>".into(), has_html, text: "<Север>\n\n".into() }),
            errors,
            subject_meant: (letter == Some(true)).then(|| "Fish & <chips>".into()),
            notices: may_send.then(|| "<Север>".into()).into_iter().collect(),
            text_is_made: letter == Some(true),
            reader: Reader::sample(reader.map(RecipientId)),
            readers: vec![(reader.map_or_else(String::new, |id| id.to_string()), "<Север>".into())],
            search: "\"><b>".into(),
            mailings: mailings(reader.map_or(0, |_| 2)),
            may_send,
        };
        samples.push(page("messages/show.html", view));
    }
    for count in [0, 1, 2] {
        let view = AskView { id: MessageId(5), subject: "<Север>".into(), mailings: mailings(count) };
        samples.push(page("messages/delete.html", view));
    }
    samples.push(page("messages/plain.html", PlainView { text: "<Север>\n".into(), problems: Vec::new() }));
    samples.push(page("messages/plain.html", PlainView { text: String::new(), problems: vec!["<Север>".into()] }));
    samples
}
