//! Secrets that are stored encrypted (see [`vestnik_model::keyring`]), and the key that they are encrypted with.
//!
//! The id of the key stands beside the data, in `life`: whoever has another key neither reads the secrets nor writes any,
//! so that processes with different keys do not lock each other out. A database that was restored from a backup takes the
//! key of whoever restores it; what that key does not decrypt is kept as it is, and has to be entered anew.

use std::time::Duration;

use vestnik_mail::relay::Relay;
use vestnik_model::id::UserId;
use vestnik_model::keyring::{Keyring, SecretPurpose, Unreadable, key_of};

use crate::db::{Db, Error, Result, Tx};

/// Whoever encrypts what is stored does so alone.
const ENCRYPTING: i64 = 0x7665_7374_6e69_6b06;
/// The row of the installation.
pub(crate) const INSTALLATION: i64 = 1;

/// Whose key the database's secrets are encrypted with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Belonging {
    /// Nobody's: there was no key yet.
    Nobody,
    /// One of the keys at hand.
    Ours,
    /// This one, which is not at hand.
    Another(String),
}

/// What of a database no key at hand decrypts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// The mail server whose password it is, without it.
    pub mail_server: Option<String>,
    /// The addresses of those whose second factor it is. Their recovery codes work.
    pub second_factors: Vec<String>,
}

impl Lost {
    /// Whether all can be read.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

const KEY: &str = "SELECT secret_key FROM life";

/// The id of the key that the secrets are encrypted with; empty: none yet.
pub async fn key_id(db: &Db) -> Result<String> {
    let (id,): (String,) = db.fetch_one(KEY, &[]).await?;
    Ok(id)
}

/// Whose the database is for someone with these keys.
pub async fn belonging(db: &Db, keys: Option<&Keyring>) -> Result<Belonging> {
    Ok(whose(&key_id(db).await?, keys))
}

fn whose(id: &str, keys: Option<&Keyring>) -> Belonging {
    match keys {
        _ if id.is_empty() => Belonging::Nobody,
        Some(keys) if keys.has(id) => Belonging::Ours,
        _ => Belonging::Another(id.to_owned()),
    }
}

/// Encrypts with the first key at hand what is in clear text or encrypted with another, and notes that key; does nothing
/// when it is done. On a database that belongs to another key it does nothing either.
pub async fn prepare(db: &Db) -> Result<Belonging> {
    let Some(keys) = db.keys() else { return belonging(db, None).await };
    let known = key_id(db).await?;
    let belonging = whose(&known, Some(keys));
    if matches!(belonging, Belonging::Another(_)) {
        return Ok(belonging);
    }
    if known != keys.id() || pending(db, "encrypt_secrets").await? {
        let mut tx = db.begin().await?;
        tx.lock(ENCRYPTING).await?;
        // Another node may have been first.
        let (known,): (String,) = tx.fetch_one(KEY, &[]).await?;
        let belonging = whose(&known, Some(keys));
        if matches!(belonging, Belonging::Another(_)) {
            return Ok(belonging);
        }
        adopt_in(&mut tx).await?;
        tx.commit().await?;
    }
    // In a new one there has been nothing in clear text.
    let sql = "SELECT EXISTS (SELECT 1 FROM unfinished WHERE step = $1) AND NOT EXISTS (SELECT 1 FROM users)";
    let (is_new,): (bool,) = db.fetch_one(sql, &[&REWRITE]).await?;
    if is_new {
        strike_off(db, REWRITE).await?;
    }
    Ok(Belonging::Ours)
}

async fn pending(db: &Db, step: &str) -> Result<bool> {
    let (pending,): (bool,) =
        db.fetch_one("SELECT EXISTS (SELECT 1 FROM unfinished WHERE step = $1)", &[&step]).await?;
    Ok(pending)
}

/// Makes the first key at hand the database's, whoever's it was: what no key at hand decrypts has to be entered anew.
pub async fn adopt(db: &Db) -> Result<Lost> {
    let mut tx = db.begin().await?;
    tx.lock(ENCRYPTING).await?;
    let lost = adopt_in(&mut tx).await?;
    tx.commit().await?;
    Ok(lost)
}

/// The same in a transaction.
pub(crate) async fn adopt_in(tx: &mut Tx) -> Result<Lost> {
    let keys = tx.keys().cloned().ok_or(Error::NoKey)?;
    if !tx.is_shared() {
        // What is overwritten must not stay readable in its page.
        tx.execute("PRAGMA secure_delete = on", &[]).await?;
    }
    let mut lost = Lost::default();
    let (url, password): (String, String) = tx.fetch_one(SERVER, &[]).await?;
    let (url, password) = match Relay::split_password(&url) {
        Some((url, password)) if !password.is_empty() => {
            let password = keys.encrypt(SecretPurpose::MailServerPassword, INSTALLATION, &password);
            (url, password)
        }
        _ => match again(&keys, SecretPurpose::MailServerPassword, INSTALLATION, &password) {
            Ok(password) => (url, password),
            Err(Unreadable) => {
                lost.mail_server = Some(url.clone());
                (url, password)
            }
        },
    };
    tx.execute("UPDATE installation SET smtp_url = $1, smtp_password = $2", &[&url, &password]).await?;

    for (table, purpose) in FACTORS {
        let sql = sqlx::AssertSqlSafe(format!("SELECT user_id, secret FROM {table} ORDER BY user_id"));
        let rows: Vec<(UserId, String)> = tx.fetch_all(sql, &[]).await?;
        for (user, stored) in rows {
            match again(&keys, purpose, user.0, &stored) {
                Ok(secret) if secret != stored => {
                    let sql = sqlx::AssertSqlSafe(format!("UPDATE {table} SET secret = $1 WHERE user_id = $2"));
                    tx.execute(sql, &[&secret, &user]).await?;
                }
                Ok(_) => {}
                Err(Unreadable) if purpose == SecretPurpose::SecondFactor => {
                    lost.second_factors.push(email(tx, user).await?)
                }
                // They would have been gone in a quarter of an hour.
                Err(Unreadable) => {
                    tx.execute("DELETE FROM second_factor_offers WHERE user_id = $1", &[&user]).await?;
                }
            }
        }
    }
    tx.execute("UPDATE life SET secret_key = $1", &[&keys.id()]).await?;
    tx.execute("DELETE FROM unfinished WHERE step = 'encrypt_secrets'", &[]).await?;
    Ok(lost)
}

const SERVER: &str = "SELECT smtp_url, smtp_password FROM installation";
const FACTORS: [(&str, SecretPurpose); 2] =
    [("second_factors", SecretPurpose::SecondFactor), ("second_factor_offers", SecretPurpose::SecondFactorOffer)];

/// A stored secret as the first key encrypts it; one that is already stays as it is, and so does what is empty.
fn again(keys: &Keyring, purpose: SecretPurpose, row: i64, stored: &str) -> Result<String, Unreadable> {
    match key_of(stored) {
        _ if stored.is_empty() => Ok(String::new()),
        None => Ok(keys.encrypt(purpose, row, stored)),
        Some(_) => {
            let secret = keys.decrypt(purpose, row, stored)?;
            let is_first = key_of(stored) == Some(keys.id());
            Ok(if is_first { stored.to_owned() } else { keys.encrypt(purpose, row, &secret) })
        }
    }
}

async fn email(tx: &mut Tx, user: UserId) -> Result<String> {
    let (email,): (String,) = tx.fetch_one("SELECT email FROM users WHERE id = $1", &[&user]).await?;
    Ok(email)
}

/// What of the database the keys at hand do not decrypt.
pub async fn lost(db: &Db) -> Result<Lost> {
    let readable = |purpose, row, stored: &str| {
        stored.is_empty() || db.keys().is_some_and(|keys| keys.decrypt(purpose, row, stored).is_ok())
    };
    let (url, password): (String, String) = db.fetch_one(SERVER, &[]).await?;
    let mail_server = Some(url).filter(|_| !readable(SecretPurpose::MailServerPassword, INSTALLATION, &password));
    let factors: Vec<(UserId, String, String)> = db
        .fetch_all(
            "SELECT f.user_id, f.secret, u.email FROM second_factors f JOIN users u ON u.id = f.user_id ORDER BY u.id",
            &[],
        )
        .await?;
    let second_factors = factors
        .into_iter()
        .filter(|(user, stored, _)| !readable(SecretPurpose::SecondFactor, user.0, stored))
        .map(|(.., email)| email);
    Ok(Lost { mail_server, second_factors: second_factors.collect() })
}

/// The step of writing the database anew.
const REWRITE: &str = "clear_free_pages";
/// The step of emptying SQLite's write-ahead log after that: until then the file and the log still have the old pages.
const EMPTY_LOG: &str = "empty_log";
/// How long a reader may keep the log from being emptied.
const PATIENCE: Duration = Duration::from_secs(1);

/// Overwrites what is left of secrets in clear text where rows were: pages that are free, and versions of rows that nobody
/// sees any more. It takes as long as copying the database, while others wait: for the start of what serves or sends,
/// and for `migrate`. What is done is recorded step by step, so that what is left goes on at the next start.
pub async fn clear_free_pages(db: &Db) {
    let cleared = async {
        if pending(db, REWRITE).await? {
            tracing::info!("rewriting the database once, so that no secret is left in it in clear text");
            db.rewrite(&["installation", "second_factors", "second_factor_offers"]).await?;
            let mut tx = db.begin().await?;
            tx.execute("INSERT INTO unfinished (step) VALUES ($1) ON CONFLICT DO NOTHING", &[&EMPTY_LOG]).await?;
            tx.execute("DELETE FROM unfinished WHERE step = $1", &[&REWRITE]).await?;
            tx.commit().await?;
        }
        if pending(db, EMPTY_LOG).await? {
            if db.empty_log(PATIENCE).await? {
                strike_off(db, EMPTY_LOG).await?;
            } else {
                tracing::warn!("others read from the database; its log is emptied at the next start");
            }
        }
        Ok::<_, Error>(())
    };
    if let Err(error) = cleared.await {
        tracing::warn!(%error, "could not rewrite the database; trying again at the next start");
    }
}

async fn strike_off(db: &Db, step: &str) -> Result<()> {
    db.execute("DELETE FROM unfinished WHERE step = $1", &[&step]).await.map(|_| ())
}
