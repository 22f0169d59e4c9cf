//! Messages read back by two independent readers: `mail-parser` and Python's `email`.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Boundary, HeaderError, HeaderName, HeaderText, Mail, Mailbox, MessageId, Part, canonical};
use crate::address::EmailAddress;

/// What goes in, owned.
#[derive(Debug, Clone)]
struct Case {
    from_name: String,
    to_name: String,
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

impl Case {
    fn write(&self) -> Vec<u8> {
        let mailbox =
            |name: &str, address| Mailbox::named(HeaderText::new(name).unwrap(), EmailAddress::parse(address).unwrap());
        let extra = [
            (
                HeaderName::from_static("List-Unsubscribe"),
                HeaderText::new(
                    "<https://example.com/u/0123456789012345678901234567890123456789>, <mailto:u@example.com>",
                )
                .unwrap(),
            ),
            (HeaderName::from_static("X-Note"), HeaderText::new("Заметка").unwrap()),
        ];
        let mut out = Vec::new();
        Mail {
            from: &mailbox(&self.from_name, "from@example.com"),
            to: &mailbox(&self.to_name, "to@почта.рф"),
            subject: &HeaderText::new(&self.subject).unwrap(),
            text: self.text.as_deref(),
            html: self.html.as_deref(),
            parts: &[],
            message_id: &MessageId::new("1.2@example.com").unwrap(),
            date_ms: 1_700_000_000_123,
            extra: &extra,
        }
        .write(&mut out);
        out
    }
}

/// Lines ended by LF, as readers give them; NUL replaced.
fn plain_lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "\u{FFFD}")
}

/// The same; a line end at the very end does not count, because a message always ends with one.
fn plain(text: &str) -> String {
    plain_lines(text).trim_end_matches('\n').to_owned()
}

/// What must hold for the bytes of any message (RFC 5322 2.1.1, RFC 2045 6.7).
fn check_bytes(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.is_ascii() && text.ends_with("\r\n") && !text.contains('\0'));
    let without_pairs = text.replace("\r\n", "");
    assert!(!without_pairs.contains(['\r', '\n']), "bare CR or LF");
    assert!(!text.contains("\nFrom "), "a mailbox file would take it for the next message");
    let (head, _) = text.split_once("\r\n\r\n").unwrap();
    for line in text.split("\r\n") {
        assert!(line.len() <= 998, "line of {} octets", line.len());
    }
    for line in head.split("\r\n").filter(|line| line.contains("=?")) {
        assert!(line.len() <= 76, "encoded word in a line of {} octets: {line}", line.len());
    }
}

fn check_with_mail_parser(case: &Case) {
    let bytes = case.write();
    check_bytes(&bytes);
    let message = MessageParser::default().parse(&bytes).unwrap();
    let subject = HeaderText::new(&case.subject).unwrap();
    assert_eq!(message.subject().unwrap_or_default(), subject.as_str());
    let to = message.to().and_then(|to| to.first()).unwrap();
    assert_eq!(to.address().unwrap(), "to@xn--80a1acny.xn--p1ai");
    assert_eq!(to.name().unwrap_or_default(), HeaderText::new(&case.to_name).unwrap().as_str());
    assert_eq!(message.message_id().unwrap(), "1.2@example.com");
    assert_eq!(message.date().unwrap().to_timestamp(), 1_700_000_000);
    let (text, html) = (message.body_text(0), message.body_html(0));
    if let Some(expected) = &case.text {
        assert_eq!(plain(&text.unwrap()), plain(expected));
    }
    if let Some(expected) = &case.html {
        assert_eq!(plain(&html.unwrap()), plain(expected));
    }
}

const READER: &str = r#"
import sys, json, base64, email, email.policy
from email.header import decode_header, make_header
from email.utils import parseaddr

# Not by email.policy.default: before Python 3.12.4 it keeps the space between two encoded words of a name
# (python/cpython issue 79728).
def name(header):
    return str(make_header(decode_header(parseaddr(header)[0])))

for line in sys.stdin:
    old = email.message_from_bytes(base64.b64decode(line))
    message = email.message_from_bytes(base64.b64decode(line), policy=email.policy.default)
    out = {"subject": message["Subject"], "date": message["Date"].datetime.timestamp(), "id": message["Message-ID"],
           "from": name(old["From"]), "to": name(old["To"]),
           "address": message["To"].addresses[0].addr_spec, "unsubscribe": message["List-Unsubscribe"],
           "note": message["X-Note"], "type": message.get_content_type(), "text": None, "html": None,
           "defects": [str(defect) for part in message.walk() for defect in part.defects]}
    for part in message.walk():
        if part.get_content_type() in ("text/plain", "text/html"):
            out[part.get_content_subtype().replace("plain", "text")] = part.get_payload(decode=True).decode("utf-8")
    print(json.dumps(out))
"#;

fn read_with_python(messages: &[Vec<u8>]) -> Vec<Value> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let mut python = Command::new("python3")
        .args(["-c", READER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 must be installed: it is the second reader of every message");
    let mut input = String::new();
    for message in messages {
        input += &STANDARD.encode(message);
        input.push('\n');
    }
    let mut stdin = python.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = python.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn check_with_python(cases: &[Case]) {
    let found = read_with_python(&cases.iter().map(Case::write).collect::<Vec<_>>());
    assert_eq!(found.len(), cases.len());
    for (case, found) in cases.iter().zip(found) {
        let clean = |text: &str| HeaderText::new(text).unwrap().as_str().to_owned();
        let kind = match (&case.text, &case.html) {
            (Some(_), Some(_)) => "multipart/alternative",
            (None, Some(_)) => "text/html",
            _ => "text/plain",
        };
        assert_eq!(found["subject"].as_str().unwrap_or_default(), clean(&case.subject));
        assert_eq!(found["from"], json!(clean(&case.from_name)));
        assert_eq!(found["to"], json!(clean(&case.to_name)));
        assert_eq!(found["address"], "to@xn--80a1acny.xn--p1ai");
        assert_eq!(found["id"], "<1.2@example.com>");
        assert_eq!(found["date"], 1_700_000_000.0);
        assert_eq!(found["note"], "Заметка");
        assert_eq!(
            found["unsubscribe"],
            "<https://example.com/u/0123456789012345678901234567890123456789>, <mailto:u@example.com>"
        );
        assert_eq!(found["type"], kind);
        assert_eq!(found["defects"], json!([]), "{case:?}");
        for (key, expected) in [("text", &case.text), ("html", &case.html)] {
            if let Some(expected) = expected {
                assert_eq!(plain(found[key].as_str().unwrap()), plain(expected), "{case:?}");
            }
        }
    }
}

/// Texts that are hard on an encoder.
fn hard_texts() -> Vec<String> {
    [
        "",
        "a",
        ".",
        "..\n.\n.a\n",
        "\r\n.\r\n",
        "a\n.\r\nb\r.\rc",
        "trailing space \nand tab\t\n \n",
        "ends with space ",
        "From here on it is ours.\nFrom there too.\nFrom\nfrom \n From a\nFrom\tb",
        "From here, ё\nFrom there\n",
        "a = b\nFrom \nFrom ",
        "=3D = =?utf-8?Q?x?=",
        "--=_boundary\n--\n",
        "bell \u{7} escape \u{1B} nul \0 delete \u{7F}",
        "Здравствуйте,\nмир!\n",
        "emoji 🎉👩‍👩‍👧‍👦 and \u{FEFF} mark",
        "mostly ASCII, one ё",
    ]
    .map(String::from)
    .into_iter()
    .chain([
        "x".repeat(10_000),
        "я".repeat(10_000),
        "word ".repeat(3_000),
        format!("{}\n.{}", "y".repeat(76), "z".repeat(998)),
        "line of text\n".repeat(2_000),
    ])
    // Around the longest lines of each encoding, and where such a line is broken.
    .chain((68..=80).flat_map(|length| {
        let line = format!("From {}", "z".repeat(length - 5));
        [line.clone(), format!("{line}\nё"), format!("{}From here", "x".repeat(length)), format!("{}ё", line.repeat(3))]
    }))
    .collect()
}

fn hard_headers() -> Vec<String> {
    [
        "",
        "Hello",
        "Привет, мир",
        "🎉 Праздник! 🎉",
        "a, b; c: \"d\" <e@f.g> (h) \\ i @ j",
        "=?utf-8?Q?not_encoded?=",
        "mixed =?x и кириллица",
        "two  spaces",
        "tab\there",
        "trailing ",
        "From here on it is ours",
    ]
    .map(String::from)
    .into_iter()
    .chain([
        "Очень длинная тема письма о разных вещах. ".repeat(12),
        "A very long subject about many different things. ".repeat(12),
        "x".repeat(900),
        "=?".repeat(80),
        "👩‍👩‍👧‍👦".repeat(20),
    ])
    .collect()
}

fn hard_cases() -> Vec<Case> {
    let case = |header: &str, text: Option<&String>, html: Option<&String>| Case {
        from_name: header.to_owned(),
        to_name: header.to_owned(),
        subject: header.to_owned(),
        text: text.cloned(),
        html: html.cloned(),
    };
    let text = "text".to_owned();
    let mut cases: Vec<Case> = hard_headers().iter().map(|header| case(header, Some(&text), None)).collect();
    for one in hard_texts() {
        cases.push(case("Имя", Some(&one), None));
        cases.push(case("Name", None, Some(&one)));
        cases.push(case("Name", Some(&one), Some(&one)));
    }
    cases
}

#[test]
fn hard_cases_read_back_with_mail_parser() {
    for case in hard_cases() {
        check_with_mail_parser(&case);
    }
}

#[test]
fn hard_cases_read_back_with_python() {
    check_with_python(&hard_cases());
}

fn any_case() -> impl Strategy<Value = Case> {
    let header = "[\\PC&&[^\u{2028}\u{2029}]]{0,60}";
    let body = || prop::option::of("[\\PC\r\n\t .=]{0,300}");
    (header, header, header, body(), body()).prop_map(|(from_name, to_name, subject, text, html)| Case {
        from_name,
        to_name,
        subject,
        text,
        html,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_message_reads_back_with_mail_parser(case in any_case()) { check_with_mail_parser(&case); }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn any_message_reads_back_with_python(cases in prop::collection::vec(any_case(), 60)) { check_with_python(&cases); }
}

proptest! {
    #[test]
    fn no_line_of_a_mailbox_begins_in_a_mail(text in "(From |from |\n|=|ё|x{40}| |\t){0,60}") {
        let case = Case {
            from_name: "Name".into(),
            to_name: "Имя".into(),
            subject: "From here".into(),
            text: Some(text.clone()),
            html: Some(text),
        };
        check_with_mail_parser(&case);
    }
}

#[test]
fn lines_end_with_crlf() {
    for (text, expected) in [
        ("", ""),
        ("a\r\nb\r\n", "a\r\nb\r\n"),
        ("a\nb\r", "a\r\nb\r\n"),
        ("\n", "\r\n"),
        ("\r\r\n\n", "\r\n\r\n\r\n"),
        ("\r\n\r\n\r", "\r\n\r\n\r\n"),
        ("а\0\nб", "а\u{FFFD}\r\nб"),
    ] {
        assert_eq!(canonical(text), expected, "{text:?}");
    }
    assert!(matches!(canonical("a\r\nb"), std::borrow::Cow::Borrowed(_)));
}

#[test]
fn a_text_that_holds_the_boundary_gets_another() {
    let id = "1.2@example.com";
    let Boundary(first) = Boundary::new(id, &[]);
    for text in [first.clone(), format!("_=_{first}"), format!("a\n--{first}a--\n{}", &first[..10])] {
        let Boundary(second) = Boundary::new(id, &[None, Some(&text)]);
        assert_ne!(second, first);
        let case = Case {
            from_name: String::new(),
            to_name: String::new(),
            subject: "Boundary".to_owned(),
            text: Some(text),
            html: Some(first.clone()),
        };
        check_with_mail_parser(&case);
    }
    assert_eq!(Boundary::new(id, &[Some(&first[1..]), Some("=_")]).0, first);
}

proptest! {
    #[test]
    fn any_text_gets_crlf(text in "[ab\r\n\0я]{0,40}") {
        prop_assert_eq!(canonical(&text), plain_lines(&text).replace('\n', "\r\n"));
    }
}

#[test]
fn a_retry_gives_the_same_bytes() {
    for case in hard_cases() {
        assert_eq!(case.write(), case.write());
    }
}

#[test]
fn headers_stay_on_their_line() {
    for bad in ["a\r\nBcc: b@example.com", "a\nb", "a\rb", "a\0b", "a\u{85}b", "a\u{2028}b", "a\u{1B}[1m"] {
        assert_eq!(HeaderText::new(bad), Err(HeaderError::ControlCharacter));
    }
    assert_eq!(HeaderText::new(&"x".repeat(5_000)), Err(HeaderError::TooLong));
    for bad in ["", "a b", "a:", "тема", "a\r\n"] {
        assert_eq!(HeaderName::new(bad), Err(HeaderError::BadName));
    }
    for reserved in ["from", "TO", "Message-Id", "content-type"] {
        assert_eq!(HeaderName::new(reserved), Err(HeaderError::Reserved));
    }
    for bad in ["", "a", "a@", "@b", "a@b>", "a b@c", "a@b@c", "я@b", "a@b\r\n"] {
        assert_eq!(MessageId::new(bad), Err(HeaderError::BadId));
    }
}

#[test]
fn attachments_and_images_find_their_place() {
    let image = Part::inline(&MessageId::new("logo@example.com").unwrap(), "image/png", b"\x89PNG\r\n\x1a\n").unwrap();
    let file = Part::attachment(&HeaderText::new("Отчёт за год.txt").unwrap(), "text/plain", b"a\nb\r\n").unwrap();
    assert_eq!(Part::inline(&MessageId::new("a@b").unwrap(), "image", b"").unwrap_err(), HeaderError::BadType);
    assert_eq!(Part::inline(&MessageId::new("a@b").unwrap(), "a/b\r\nX: y", b"").unwrap_err(), HeaderError::BadType);
    let mailbox = Mailbox::new(EmailAddress::parse("a@example.com").unwrap());
    let mut out = Vec::new();
    Mail {
        from: &mailbox,
        to: &mailbox,
        subject: &HeaderText::new("Files").unwrap(),
        text: Some("text"),
        html: Some("<img src=\"cid:logo@example.com\">"),
        parts: &[file, image],
        message_id: &MessageId::new("3.4@example.com").unwrap(),
        date_ms: 0,
        extra: &[],
    }
    .write(&mut out);
    check_bytes(&out);
    let message = MessageParser::default().parse(&out).unwrap();
    assert_eq!(message.body_text(0).unwrap().trim_end(), "text");
    let attachments: Vec<_> = message.attachments().collect();
    let logo = attachments.iter().find(|part| part.content_id() == Some("logo@example.com")).unwrap();
    assert_eq!(logo.contents(), b"\x89PNG\r\n\x1a\n");
    let report = attachments.iter().find(|part| part.attachment_name() == Some("Отчёт за год.txt")).unwrap();
    assert_eq!(report.contents(), b"a\nb\r\n");
    let found = read_with_python(&[out]);
    assert_eq!(found[0]["type"], "multipart/mixed");
    assert_eq!(found[0]["defects"], json!([]));
}
