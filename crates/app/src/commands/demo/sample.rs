//! The demo's data: a Russian coffee house and an English bookshop, each with recipients, messages and mailings.

use std::time::Duration;

use jiff::civil::Weekday;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::{MailingId, MessageId};
use vestnik_model::mailing::{MailingDraft, MailingInput};
use vestnik_model::message::MessageDraft;
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::schedule::local_input;
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_model::user::{Language, Registration, User};
use vestnik_model::{Actor, BuiltinGroup, Clock as _, UnixMillis};
use vestnik_store::audit::Author;
use vestnik_store::mailings::{Saved, Saving, Selection};
use vestnik_store::{Db, mailings, messages, recipients, users};
use vestnik_web::password::hash_password;

use crate::failure::Failure;

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// The Russian account.
pub const RUSSIAN: &str = "anna@sever.example";
/// The English account.
pub const ENGLISH: &str = "kate@harbour.example";
/// Who watches over both, and runs the installation.
pub const ADMINISTRATOR: &str = "admin@vestnik.example";
/// Their password.
pub const PASSWORD: &str = "morning-coffee-at-six";

/// The mailing that the demo sends, and for whom.
pub struct Prepared {
    pub actor: Actor,
    pub mailing: MailingId,
}

/// Makes the sample data; a second demo in the same folder finds it.
pub async fn prepare(db: &Db) -> Result<Prepared, Failure> {
    let anna = account(db, RUSSIAN, "Кофейня «Север»", Language::Ru, "Europe/Moscow").await?;
    let kate = account(db, ENGLISH, "Harbour Books", Language::En, "Europe/London").await?;
    let admin = account(db, ADMINISTRATOR, "Вера Администратор", Language::Ru, "Europe/Moscow").await?;
    let author = Author::at_console(SystemClock.now());
    vestnik_store::people::join(db, admin.id, BuiltinGroup::Administrators, &author).await?;
    let actor = Actor::of(&anna);
    if let Some(row) = mailings::list(db, &actor, None, 200).await?.rows.last() {
        return Ok(Prepared { actor, mailing: row.mailing.id });
    }
    people(db, &actor, 1_000, RUSSIAN_NAMES, "sever.example").await?;
    let autumn =
        message(db, &actor, "{{ recipient.full_name }}, осеннее меню уже ждёт", include_str!("autumn.html")).await?;
    let latte = message(db, &actor, "Мастер-класс по латте-арту в субботу", include_str!("latte.html")).await?;
    let mailing = mailing(db, &anna, autumn, "Осеннее меню и новые зёрна", None).await?;
    mailing_every_saturday(db, &anna, latte, "Субботний мастер-класс").await?;

    let actor_kate = Actor::of(&kate);
    people(db, &actor_kate, 240, ENGLISH_NAMES, "harbour.example").await?;
    let shelf =
        message(db, &actor_kate, "{{ recipient.full_name }}, a shelf of new arrivals", include_str!("shelf.html"))
            .await?;
    self::mailing(db, &kate, shelf, "New arrivals", None).await?;
    Ok(Prepared { actor, mailing })
}

async fn account(db: &Db, email: &str, name: &str, language: Language, zone: &str) -> Result<User, Failure> {
    let registration = Registration::parse(email, name, PASSWORD, language, zone)?;
    let hash = hash_password(PASSWORD, &SystemRandom).map_err(|error| Failure::failed(error.to_string()))?;
    let now = SystemClock.now();
    match users::create(db, &registration, &hash, Some(now), now).await? {
        Some(user) => Ok(user),
        None => users::find_by_email(db, &registration.email)
            .await?
            .ok_or_else(|| Failure::failed(format!("the account {email} is gone"))),
    }
}

/// First names with matching last names, so that every combination is a person.
type Names = &'static [(&'static str, &'static str)];

const RUSSIAN_NAMES: Names = &[
    ("Анна", "Северова"),
    ("Борис", "Лапшин"),
    ("Вера", "Ткаченко"),
    ("Глеб", "Орлов"),
    ("Дарья", "Соколова"),
    ("Егор", "Ефимов"),
    ("Жанна", "Мельникова"),
    ("Иван", "Котов"),
    ("Ксения", "Белова"),
    ("Лев", "Маслов"),
];

const ENGLISH_NAMES: Names = &[
    ("Alice", "Harper"),
    ("Ben", "Whitfield"),
    ("Clara", "Moss"),
    ("Daniel", "Reed"),
    ("Edith", "Lowell"),
    ("Frank", "Osborne"),
];

async fn people(db: &Db, actor: &Actor, count: usize, names: Names, domain: &str) -> Result<(), Failure> {
    let now = SystemClock.now();
    let drafts = (1..=count).map(|number| {
        let (first, last) = names[number % names.len()];
        let comment = if number % 7 == 0 { "★" } else { "" };
        RecipientDraft::parse(&format!("reader{number}@{domain}"), &format!("{first} {last}"), comment)
    });
    let drafts = drafts.collect::<Result<Vec<_>, _>>()?;
    recipients::add_all(db, actor, &drafts, now).await?;
    Ok(())
}

async fn message(db: &Db, actor: &Actor, subject: &str, html: &str) -> Result<MessageId, Failure> {
    let draft = MessageDraft::parse(subject, html, "")?;
    Ok(messages::create(db, actor, &draft, SystemClock.now()).await?)
}

async fn mailing(
    db: &Db,
    user: &User,
    message: MessageId,
    name: &str,
    start: Option<UnixMillis>,
) -> Result<MailingId, Failure> {
    let starts_at = start.map(|at| local_input(at, &user.zone())).unwrap_or_default();
    let now = SystemClock.now();
    let input = MailingInput {
        name,
        message_id: Some(message),
        audience: "all",
        starts_at: &starts_at,
        ends_at: "",
        periodicity: if start.is_some() { "weekly" } else { "once" },
        time_zone: &user.time_zone,
        on_unknown: "",
    };
    let draft = MailingDraft::parse(&input, now)?;
    let key = new_key(&SystemRandom, 8);
    match mailings::create(db, &Actor::of(user), &draft, &Selection::All, &Saving::at(now, &key)).await? {
        Saved::Saved(id) => Ok(id),
        other => Err(Failure::failed(format!("the sample mailing {name:?} cannot be made: {other:?}"))),
    }
}

async fn mailing_every_saturday(db: &Db, user: &User, message: MessageId, name: &str) -> Result<MailingId, Failure> {
    let mut day = SystemClock.now().plus(DAY).timestamp().to_zoned(user.zone());
    while day.weekday() != Weekday::Saturday {
        day = day.tomorrow().map_err(|error| Failure::failed(error.to_string()))?;
    }
    mailing(db, user, message, name, Some(day.timestamp().into())).await
}
