//! A person's second factor: the secret that their app shares, and their recovery codes.
//!
//! A secret is first offered, to the session in which the person has proved themselves, and counts once a code shows that
//! an app has it. Every function locks the person before what is theirs, as everyone does.

use vestnik_model::audit::Action;
use vestnik_model::id::{SessionId, UserId};
use vestnik_model::keyring::{Keyring, SecretPurpose};
use vestnik_model::second_factor::{Code, RecoveryCode, SharedSecret};
use vestnik_model::{Actor, UnixMillis};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Error, Result, Rows, Tx};
use crate::{groups, sessions};

/// What a code was that was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    /// An app's.
    App,
    /// A recovery code.
    Recovery {
        /// How many are left.
        left: i64,
    },
}

/// Uses a code up. `None`: it is wrong, or was used before.
pub(crate) async fn use_up(tx: &mut Tx, user: UserId, code: &Code, now: UnixMillis) -> Result<Option<Used>> {
    match code {
        Code::App(digits) => {
            let found: Option<(String,)> = tx.fetch_optional(STORED, &[&user]).await?;
            let Some((stored,)) = found else { return Ok(None) };
            let secret = reveal(tx.keys(), SecretPurpose::SecondFactor, user, &stored);
            let Some(step) = secret.and_then(|secret| secret.step_of(digits, now)) else { return Ok(None) };
            let sql = "UPDATE second_factors SET last_step = $1 WHERE user_id = $2 AND secret = $3 AND last_step < $1";
            Ok((tx.execute(sql, &[&step, &user, &stored]).await? == 1).then_some(Used::App))
        }
        Code::Recovery(code) => {
            let sql = "UPDATE recovery_codes SET used_at = $1 WHERE user_id = $2 AND hash = $3 AND used_at IS NULL";
            if tx.execute(sql, &[&now, &user, &code.hash_for(user)]).await? == 0 {
                return Ok(None);
            }
            let (left,): (i64,) = tx.fetch_one(LEFT, &[&user]).await?;
            Ok(Some(Used::Recovery { left }))
        }
    }
}

const STORED: &str = "SELECT secret FROM second_factors WHERE user_id = $1";

/// A stored secret, if a key at hand decrypts it.
fn reveal(keys: Option<&Keyring>, purpose: SecretPurpose, user: UserId, stored: &str) -> Option<SharedSecret> {
    keys?.decrypt(purpose, user.0, stored).ok().map(SharedSecret::revealed)
}

/// A secret to be stored.
fn encrypt(tx: &Tx, purpose: SecretPurpose, user: UserId, secret: &SharedSecret) -> Result<String> {
    Ok(tx.keys().ok_or(Error::NoKey)?.encrypt(purpose, user.0, secret.reveal()))
}

/// Whether codes of someone's app can be checked. If not, the secret was encrypted with a key that is lost, and a recovery
/// code lets them in, or an administrator's word.
pub async fn is_readable(db: &Db, user: UserId) -> Result<bool> {
    let found: Option<(String,)> = db.fetch_optional(STORED, &[&user]).await?;
    Ok(found.is_none_or(|(stored,)| reveal(db.keys(), SecretPurpose::SecondFactor, user, &stored).is_some()))
}

const LEFT: &str = "SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL";

/// How many recovery codes the actor has left.
pub async fn codes_left(db: &Db, actor: &Actor) -> Result<i64> {
    let (left,): (i64,) = db.fetch_one(LEFT, &[&actor.user()]).await?;
    Ok(left)
}

/// What came of wanting to set up an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// The secret may be shown.
    Done,
    /// There is an app already, and this was no code of it.
    WrongCode,
    /// The address is not confirmed. Whoever registered with another's address would lock its holder out.
    ConfirmFirst,
}

/// Offers the actor's session a secret, in place of an earlier one. Whoever has a second factor gives a code of it: a
/// password alone must not exchange it.
pub async fn offer(
    db: &Db,
    actor: &Actor,
    session: SessionId,
    code: Option<&Code>,
    secret: &SharedSecret,
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<Offered> {
    let mut tx = db.begin().await?;
    let Locked { since, confirmed } = lock(&mut tx, actor).await?;
    if since.is_none() && !confirmed {
        return Ok(Offered::ConfirmFirst);
    }
    if since.is_some() {
        let used = match code {
            Some(code) => use_up(&mut tx, actor.user(), code, now).await?,
            None => None,
        };
        if used.is_none() {
            return Ok(Offered::WrongCode);
        }
    }
    tx.execute("DELETE FROM second_factor_offers WHERE user_id = $1", &[&actor.user()]).await?;
    let stored = encrypt(&tx, SecretPurpose::SecondFactorOffer, actor.user(), secret)?;
    tx.execute(
        "INSERT INTO second_factor_offers (user_id, session_id, secret, expires_at) VALUES ($1, $2, $3, $4)",
        &[&actor.user(), &session, &stored, &expires_at],
    )
    .await?;
    tx.commit().await?;
    Ok(Offered::Done)
}

const OFFERED: &str =
    "SELECT secret FROM second_factor_offers WHERE user_id = $1 AND session_id = $2 AND expires_at > $3";

/// The secret that is offered to the actor's session.
pub async fn offered(db: &Db, actor: &Actor, session: SessionId, now: UnixMillis) -> Result<Option<SharedSecret>> {
    let found: Option<(String,)> = db.fetch_optional(OFFERED, &[&actor.user(), &session, &now]).await?;
    Ok(found.and_then(|(stored,)| reveal(db.keys(), SecretPurpose::SecondFactorOffer, actor.user(), &stored)))
}

/// What came of the code that shows that an app has the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmed {
    /// The second factor is on; the recovery codes are valid.
    On,
    /// The code is no code of this secret.
    WrongCode,
    /// Nothing is offered to this session any more.
    Gone,
}

/// Switches the second factor on, or to another app, with new recovery codes. Every session of the person ends, this one
/// too: none goes on that began without it.
pub async fn confirm(
    db: &Db,
    actor: &Actor,
    session: SessionId,
    digits: &str,
    codes: &[RecoveryCode],
    author: &Author,
) -> Result<Confirmed> {
    let (user, now) = (actor.user(), author.at);
    let mut tx = db.begin().await?;
    let Locked { since, confirmed } = lock(&mut tx, actor).await?;
    let offered: Option<(String,)> = tx.fetch_optional(OFFERED, &[&user, &session, &now]).await?;
    let offered = offered.filter(|_| since.is_some() || confirmed);
    let secret = offered.and_then(|(stored,)| reveal(tx.keys(), SecretPurpose::SecondFactorOffer, user, &stored));
    let Some(secret) = secret else { return Ok(Confirmed::Gone) };
    let Some(step) = secret.step_of(digits, now) else { return Ok(Confirmed::WrongCode) };
    remove_in(&mut tx, user).await?;
    tx.execute("UPDATE users SET second_factor_at = $1 WHERE id = $2", &[&now, &user]).await?;
    let sql = "INSERT INTO second_factors (user_id, secret, last_step) VALUES ($1, $2, $3)";
    let stored = encrypt(&tx, SecretPurpose::SecondFactor, user, &secret)?;
    tx.execute(sql, &[&user, &stored, &step]).await?;
    insert_codes(&mut tx, user, codes).await?;
    sessions::end_all_in(&mut tx, user).await?;
    audit::note(&mut tx, author, Entry::new(Action::SecondFactorOn, Some(user.0), &author.name)).await?;
    tx.commit().await?;
    Ok(Confirmed::On)
}

/// What came of making new recovery codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewed {
    /// They are the ones that count.
    Done,
    /// The second factor is not on.
    NotOn,
    /// The code is wrong, or was used before.
    WrongCode,
}

/// Gives the actor new recovery codes in place of those from before. Whoever has them has the second factor, so that a
/// password alone must not get them.
pub async fn renew_codes(
    db: &Db,
    actor: &Actor,
    code: &Code,
    codes: &[RecoveryCode],
    author: &Author,
) -> Result<Renewed> {
    let user = actor.user();
    let mut tx = db.begin().await?;
    if lock(&mut tx, actor).await?.since.is_none() {
        return Ok(Renewed::NotOn);
    }
    if use_up(&mut tx, user, code, author.at).await?.is_none() {
        return Ok(Renewed::WrongCode);
    }
    tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", &[&user]).await?;
    insert_codes(&mut tx, user, codes).await?;
    audit::note(&mut tx, author, Entry::new(Action::RecoveryCodesMade, Some(user.0), &author.name)).await?;
    tx.commit().await?;
    Ok(Renewed::Done)
}

/// What came of switching off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SwitchedOff {
    /// It is off.
    Done,
    /// It was off already.
    NotOn,
    /// The code is wrong, or was used before.
    WrongCode,
    /// It is wanted of this person.
    Required,
}

/// Switches the actor's second factor off.
pub async fn switch_off(db: &Db, actor: &Actor, code: &Code, author: &Author) -> Result<SwitchedOff> {
    let user = actor.user();
    let mut tx = db.begin().await?;
    if lock(&mut tx, actor).await?.since.is_none() {
        return Ok(SwitchedOff::NotOn);
    }
    // As things stand now: it may be wanted since a moment ago.
    if groups::actor_in(&mut tx, user).await?.is_none_or(|actor| actor.needs_second_factor()) {
        return Ok(SwitchedOff::Required);
    }
    if use_up(&mut tx, user, code, author.at).await?.is_none() {
        return Ok(SwitchedOff::WrongCode);
    }
    remove_in(&mut tx, user).await?;
    tx.execute("DELETE FROM half_logins WHERE user_id = $1", &[&user]).await?;
    audit::note(&mut tx, author, Entry::new(Action::SecondFactorOff, Some(user.0), &author.name)).await?;
    tx.commit().await?;
    Ok(SwitchedOff::Done)
}

/// Removes secrets that were offered and not taken.
pub async fn remove_expired(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM second_factor_offers WHERE expires_at <= $1", &[&now]).await
}

/// Removes all that belongs to someone's second factor. `false`: it was not on.
pub(crate) async fn remove_in(tx: &mut Tx, user: UserId) -> Result<bool> {
    let sql = "UPDATE users SET second_factor_at = NULL WHERE id = $1 AND second_factor_at IS NOT NULL";
    let was_on = tx.execute(sql, &[&user]).await? == 1;
    for sql in [
        "DELETE FROM second_factors WHERE user_id = $1",
        "DELETE FROM second_factor_offers WHERE user_id = $1",
        "DELETE FROM recovery_codes WHERE user_id = $1",
    ] {
        tx.execute(sql, &[&user]).await?;
    }
    Ok(was_on)
}

async fn insert_codes(tx: &mut Tx, user: UserId, codes: &[RecoveryCode]) -> Result<()> {
    let rows = Rows::new().ints(codes.iter().map(|_| user.0)).texts(codes.iter().map(|code| code.hash_for(user)));
    tx.execute_rows("INSERT INTO recovery_codes (user_id, hash) {rows}", &rows).await?;
    Ok(())
}

/// What is known of someone who is locked.
struct Locked {
    /// Since when they have a second factor.
    since: Option<UnixMillis>,
    /// Whether their address is confirmed.
    confirmed: bool,
}

async fn lock(tx: &mut Tx, actor: &Actor) -> Result<Locked> {
    let sql = "UPDATE users SET seen_at = seen_at WHERE id = $1 RETURNING second_factor_at, confirmed_at IS NOT NULL";
    let found: Option<(Option<UnixMillis>, bool)> = tx.fetch_optional(sql, &[&actor.user()]).await?;
    let (since, confirmed) = found.unwrap_or((None, false));
    Ok(Locked { since, confirmed })
}
