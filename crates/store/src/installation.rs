//! The settings of the installation, and the link by which its first administrator is made.

use std::time::Duration;

use vestnik_mail::relay::Relay;
use vestnik_model::audit::Action;
use vestnik_model::keyring::Keyring;
use vestnik_model::keyring::SecretPurpose::MailServerPassword;
use vestnik_model::user::{Registration, User};
use vestnik_model::{Actor, BuiltinGroup, Installation, Permission, UnixMillis, secret};

use crate::audit::{Author, Entry};
use crate::db::{Db, Error, Result, Tx, Wake};
use crate::groups::{self, Change, Changed};
use crate::{secrets, users};

const READ: &str = "SELECT name, language, time_zone, registration, allowed_domains, session_days,
    session_limit_days, second_factor, contacts, smtp_url, smtp_password, smtp_password <> '' AS mail_password_unreadable, mail_from, (SELECT backup_at FROM life WHERE held) AS held FROM installation";

/// The row of the settings.
#[derive(sqlx::FromRow)]
struct Stored {
    #[sqlx(flatten)]
    installation: Installation,
    /// Encrypted; the URL is without it.
    smtp_password: String,
}

impl Stored {
    /// With the password in its URL, as far as it can be decrypted.
    fn opened(self, keys: Option<&Keyring>) -> Installation {
        let Self { mut installation, smtp_password } = self;
        let password =
            keys.and_then(|keys| keys.decrypt(MailServerPassword, secrets::INSTALLATION, &smtp_password).ok());
        if let Some(password) = password {
            installation.smtp_url = Relay::with_password(&installation.smtp_url, &password);
            installation.mail_password_unreadable = false;
        }
        installation
    }
}

/// The settings as they are.
pub async fn read(db: &Db) -> Result<Installation> {
    let stored: Stored = db.fetch_one(READ, &[]).await?;
    Ok(stored.opened(db.keys()))
}

/// The same in a transaction.
async fn read_in(tx: &mut Tx) -> Result<Installation> {
    let stored: Stored = tx.fetch_one(READ, &[]).await?;
    Ok(stored.opened(tx.keys()))
}

fn password(of: &Installation) -> Option<String> {
    Some(Relay::parse(&of.smtp_url).ok()?.credentials()?.secret.clone())
}

/// What the audit log tells of the settings: `name=value`. No password of the mail server.
fn told(of: &Installation) -> Vec<String> {
    let server = Relay::parse(&of.smtp_url).map(|relay| relay.to_string()).unwrap_or_default();
    [
        ("name", of.name.as_str()),
        ("language", of.language.as_str()),
        ("time_zone", &of.time_zone),
        ("registration", of.registration.as_str()),
        ("allowed_domains", &of.allowed_domains),
        ("session_days", &of.session_days.to_string()),
        ("session_limit_days", &of.session_limit_days.to_string()),
        ("second_factor", of.second_factor.as_str()),
        ("contacts", &of.contacts),
        ("mail_server", &server),
        ("mail_from", &of.mail_from),
    ]
    .map(|(name, value)| format!("{name}={value}"))
    .to_vec()
}

/// What differs between two tellings, from the first.
fn beyond(one: &[String], other: &[String]) -> Vec<String> {
    one.iter().filter(|setting| !other.contains(setting)).cloned().collect()
}

/// Changes some of the settings, as they are then: what someone else changes at the same time stays.
pub async fn update(
    db: &Db,
    actor: &Actor,
    author: &Author,
    change_to: impl FnOnce(Installation) -> Installation,
) -> Result<Changed> {
    let mut change = Change::begin(db, Some(actor)).await?;
    if !change.is_allowed(Permission::ManageSettings, &[]) {
        return Ok(Changed::NotAllowed);
    }
    let before = read_in(&mut change.tx).await?;
    let wanted = change_to(before.clone());
    write(&mut change.tx, &wanted).await?;
    let (was, mut is) = (told(&before), told(&wanted));
    if password(&before) != password(&wanted) {
        is.push("mail_password=***".to_owned());
    }
    let entry = Entry::new(Action::SettingsChanged, None, "").before(&beyond(&was, &is)).after(&beyond(&is, &was));
    change.commit(author, entry).await
}

async fn write(tx: &mut Tx, wanted: &Installation) -> Result<()> {
    tx.wake(Wake::Settings);
    write_mail_server(tx, &wanted.smtp_url).await?;
    tx.execute(
        "UPDATE installation SET name = $1, language = $2, time_zone = $3, registration = $4, allowed_domains = $5,
            session_days = $6, second_factor = $7, contacts = $8, mail_from = $9, session_limit_days = $10",
        &[
            &wanted.name,
            &wanted.language,
            &wanted.time_zone,
            &wanted.registration,
            &wanted.allowed_domains,
            &wanted.session_days,
            &wanted.second_factor,
            &wanted.contacts,
            &wanted.mail_from,
            &wanted.session_limit_days,
        ],
    )
    .await?;
    Ok(())
}

/// A password that cannot be decrypted stays as it is, as long as its server does.
async fn write_mail_server(tx: &mut Tx, wanted: &str) -> Result<()> {
    if read_in(tx).await?.smtp_url == wanted {
        return Ok(());
    }
    let (url, password) = Relay::split_password(wanted).unwrap_or_else(|| (wanted.to_owned(), String::new()));
    let password = match (password.as_str(), tx.keys()) {
        ("", _) => String::new(),
        (password, Some(keys)) => keys.encrypt(MailServerPassword, secrets::INSTALLATION, password),
        (_, None) => return Err(Error::NoKey),
    };
    tx.execute("UPDATE installation SET smtp_url = $1, smtp_password = $2", &[&url, &password]).await?;
    Ok(())
}

/// Whether someone can already sign in who may run the installation. As long as nobody can, a setup link may make the
/// first one.
pub async fn has_administrator(db: &Db) -> Result<bool> {
    let (has,): (bool,) = db.fetch_one(groups::HAS_ADMINISTRATOR, groups::RUNS_THE_INSTALLATION).await?;
    Ok(has)
}

/// How long a setup link is good for; the next start prints another. It may stand in logs that others read later.
pub const SETUP_LIFETIME: Duration = Duration::from_secs(7 * 86_400);

/// Makes a setup link valid; younger ones stay so, because each node of an installation prints its own.
pub async fn allow_setup(db: &Db, token: &str, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("DELETE FROM setup_links WHERE created_at <= $1", &[&now.minus(SETUP_LIFETIME)]).await?;
    let sql = "INSERT INTO setup_links (hash, created_at) VALUES ($1, $2)";
    tx.execute(sql, &[&secret::hash(token), &now]).await?;
    tx.commit().await
}

/// Whether a setup link may still make the first administrator.
pub async fn may_set_up(db: &Db, token: &str, now: UnixMillis) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM setup_links WHERE hash = $1 AND created_at > $2)";
    let (known,): (bool,) = db.fetch_one(sql, &[&secret::hash(token), &now.minus(SETUP_LIFETIME)]).await?;
    Ok(known && !has_administrator(db).await?)
}

/// What came of setting up.
#[derive(Clone, Debug)]
pub enum SetUp {
    /// It is done, and this is the administrator.
    Done(Box<User>),
    /// The link is no longer valid: there is an administrator, or it never was.
    Gone,
    /// The address has an account already.
    EmailTaken,
}

/// Makes the first administrator, with the settings that they have chosen. Of two who come at once, one is first.
pub async fn set_up(
    db: &Db,
    token: &str,
    registration: &Registration,
    password_hash: &str,
    wanted: &Installation,
    author: Author,
) -> Result<SetUp> {
    let mut change = Change::begin(db, None).await?;
    let oldest = author.at.minus(SETUP_LIFETIME);
    let sql = "DELETE FROM setup_links WHERE hash = $1 AND created_at > $2";
    let used = change.tx.execute(sql, &[&secret::hash(token), &oldest]).await?;
    if used == 0 || groups::has_administrator(&mut change.tx).await? {
        return Ok(SetUp::Gone);
    }
    let inserted = users::insert(&mut change.tx, registration, password_hash, Some(author.at), author.at).await?;
    let Some(user) = inserted else { return Ok(SetUp::EmailTaken) };
    groups::join(&mut change.tx, user.id, BuiltinGroup::Administrators).await?;
    change.tx.execute("DELETE FROM setup_links", &[]).await?;
    write(&mut change.tx, wanted).await?;
    let author = Author { user: Some(user.id), name: user.email.clone(), ..author };
    change.commit(&author, Entry::new(Action::SetUp, Some(user.id.0), &user.email).after(&told(wanted))).await?;
    Ok(SetUp::Done(Box::new(user)))
}
