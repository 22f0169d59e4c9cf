//! From a right password to a session: at once, or by way of a half login, which waits for the second factor.

use std::time::Duration;

use sqlx::AssertSqlSafe;
use vestnik_mail::address::EmailAddress;
use vestnik_model::audit::Action;
use vestnik_model::second_factor::Code;
use vestnik_model::user::User;
use vestnik_model::{UnixMillis, secret};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Result, Tx};
use crate::second_factor::{self, Used};
use crate::sessions::{self, Origin};
use crate::users;

/// A browser that is to be let in.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// The secret of the cookie that it gets.
    pub cookie: &'a str,
    /// By what its session is known.
    pub origin: Origin<'a>,
    /// The secret of the cookie by which the account knows this browser from now on.
    pub device: &'a str,
    /// When.
    pub at: UnixMillis,
    /// Until when its session lasts.
    pub expires_at: UnixMillis,
}

/// What a right password leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// A session.
    Session,
    /// A half login: the second factor is still to come.
    HalfLogin,
    /// Nothing: since the password was looked at, it was changed or the person was blocked.
    Refused,
}

/// Begins a session for someone whose password was right, or a half login that ends at `half_until`. Which of the two is
/// decided in the transaction that makes it, so that nobody gets past a second factor that was set up in this moment, or
/// in with a password that was changed in it.
pub async fn begin(db: &Db, user: &User, arrival: Arrival<'_>, half_until: UnixMillis) -> Result<Begun> {
    let mut tx = db.begin().await?;
    let found: Option<(Option<UnixMillis>,)> = tx
        .fetch_optional(
            "UPDATE users SET seen_at = seen_at WHERE id = $1 AND password_hash = $2 AND blocked_at IS NULL
             RETURNING second_factor_at",
            &[&user.id, &user.password_hash],
        )
        .await?;
    let begun = match found {
        None => return Ok(Begun::Refused),
        Some((None,)) => {
            let_in(&mut tx, user, arrival).await?;
            Begun::Session
        }
        Some((Some(_),)) => {
            let sql = "INSERT INTO half_logins (hash, user_id, expires_at) VALUES ($1, $2, $3)";
            tx.execute(sql, &[&secret::hash(arrival.cookie), &user.id, &half_until]).await?;
            Begun::HalfLogin
        }
    };
    tx.commit().await?;
    Ok(begun)
}

async fn let_in(tx: &mut Tx, user: &User, arrival: Arrival<'_>) -> Result<()> {
    let Arrival { cookie, origin, device, at, expires_at } = arrival;
    sessions::insert(tx, user.id, cookie, origin, at, expires_at).await?;
    tx.execute(
        "INSERT INTO known_devices (user_id, hash, seen_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, hash) DO UPDATE SET seen_at = excluded.seen_at",
        &[&user.id, &secret::hash(device), &at],
    )
    .await?;
    audit::note(tx, &author(user, arrival), Entry::new(Action::LoggedIn, Some(user.id.0), &user.email)).await
}

fn author(user: &User, arrival: Arrival<'_>) -> Author {
    Author::at_browser(user, arrival.origin.address, arrival.at)
}

/// Whose second factor the half login of a cookie waits for.
pub async fn waiting(db: &Db, cookie: &str, now: UnixMillis) -> Result<Option<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE blocked_at IS NULL
            AND id = (SELECT user_id FROM half_logins WHERE hash = $1 AND expires_at > $2)",
        users::COLUMNS
    );
    db.fetch_optional(AssertSqlSafe(sql), &[&secret::hash(cookie), &now]).await
}

/// What came of the second step of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// The session has begun.
    Session(Used),
    /// The code is wrong, or was used before; the half login goes on waiting.
    WrongCode,
    /// The half login was used, has ended, or never was.
    Gone,
}

/// Makes a half login a session.
pub async fn finish(db: &Db, half_cookie: &str, code: &Code, arrival: Arrival<'_>) -> Result<Finished> {
    let half = secret::hash(half_cookie);
    let mut tx = db.begin().await?;
    // The person before what is theirs, as everyone locks them.
    let sql = format!(
        "UPDATE users SET seen_at = seen_at WHERE blocked_at IS NULL
            AND id = (SELECT user_id FROM half_logins WHERE hash = $1 AND expires_at > $2) RETURNING {}",
        users::COLUMNS
    );
    let found: Option<User> = tx.fetch_optional(AssertSqlSafe(sql), &[&half, &arrival.at]).await?;
    let Some(user) = found else { return Ok(Finished::Gone) };
    // Asked again: it may have ended while the person was locked by someone else.
    let ended =
        tx.execute("DELETE FROM half_logins WHERE hash = $1 AND expires_at > $2", &[&half, &arrival.at]).await?;
    if ended == 0 {
        return Ok(Finished::Gone);
    }
    let Some(used) = second_factor::use_up(&mut tx, user.id, code, arrival.at).await? else {
        return Ok(Finished::WrongCode);
    };
    let_in(&mut tx, &user, arrival).await?;
    if let Used::Recovery { left } = used {
        let entry = Entry::new(Action::RecoveryCodeUsed, Some(user.id.0), &user.email).after(&left.to_string());
        audit::note(&mut tx, &author(&user, arrival), entry).await?;
    }
    tx.commit().await?;
    Ok(Finished::Session(used))
}

/// Whether someone has signed in to the account of this address with this browser, or from this network address after
/// `since`. It asks as much where there is no such account.
pub async fn is_known(db: &Db, email: &EmailAddress, device: &str, address: &str, since: UnixMillis) -> Result<bool> {
    let (known,): (bool,) = db
        .fetch_one(
            "SELECT EXISTS (SELECT 1 FROM users u WHERE u.email_key = $1 AND (
                EXISTS (SELECT 1 FROM known_devices k WHERE k.user_id = u.id AND k.hash = $2)
                OR EXISTS (SELECT 1 FROM audit a
                    WHERE a.actor_id = u.id AND a.action = $3 AND a.address = $4 AND a.at > $5)))",
            &[&email.key(), &secret::hash(device), &Action::LoggedIn, &address, &since],
        )
        .await?;
    Ok(known)
}

/// How long a browser is known after someone has signed in with it.
const DEVICE_KNOWN: Duration = Duration::from_secs(400 * 86_400);

/// Removes half logins that nobody has finished.
pub async fn remove_expired(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM half_logins WHERE expires_at <= $1", &[&now]).await
}

/// Removes browsers at which nobody has signed in for long.
pub async fn remove_old_devices(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM known_devices WHERE seen_at <= $1", &[&now.minus(DEVICE_KNOWN)]).await
}
