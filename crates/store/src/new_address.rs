//! Another address for an account: wanted by its owner, proven by a link in a letter to it, and only then in force.
//!
//! What is wanted and its link come and go together, so that no link ever proves another address than the one that it
//! was sent to. That the address is another's is found out last, when its holder follows the link: until then nobody is
//! told, and everything goes as if it were free.

use vestnik_mail::address::EmailAddress;
use vestnik_model::audit::Action;
use vestnik_model::id::{SessionId, UserId};
use vestnik_model::user::{TokenPurpose, User};
use vestnik_model::{Actor, Permission, UnixMillis, secret};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Result, Tx};
use crate::letters::{self, NewLetter};
use crate::people::{self, Person};
use crate::{groups, sessions, tokens, users};

/// An address that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Wanted {
    /// As it was typed, trimmed.
    pub email: String,
    /// Since when.
    pub asked_at: UnixMillis,
    /// When its link ends.
    pub expires_at: UnixMillis,
}

/// What came of asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It is noted, and the letters are on their way.
    Noted,
    /// The account may do more than everyone's, and its address was never confirmed: whoever gave it these rights meant
    /// the holder of that address. It is confirmed first.
    ConfirmFirst,
}

/// Notes the address that the actor wants, with the link that proves it, and queues the letters about it. What they
/// wanted before ends.
pub async fn ask(
    db: &Db,
    actor: &Actor,
    wanted: &EmailAddress,
    token: &str,
    about_it: &[NewLetter<'_>],
    now: UnixMillis,
    expires_at: UnixMillis,
) -> Result<Asked> {
    let mut tx = db.begin().await?;
    lock(&mut tx, actor.user()).await?;
    let person = people::person_in(&mut tx, actor.user()).await?;
    if !person.is_some_and(|person| may_move(&person.user, &person.permissions)) {
        return Ok(Asked::ConfirmFirst);
    }
    tokens::issue_in(&mut tx, actor.user(), TokenPurpose::NewAddress, token, now, expires_at).await?;
    tx.execute(
        "INSERT INTO new_addresses (user_id, email, asked_at, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (user_id) DO UPDATE SET email = excluded.email, asked_at = excluded.asked_at,
            expires_at = excluded.expires_at",
        &[&actor.user(), &wanted.as_str(), &now, &expires_at],
    )
    .await?;
    for letter in about_it {
        letters::insert(&mut tx, letter, Some(letter.user), now).await?;
    }
    tx.commit().await?;
    Ok(Asked::Noted)
}

/// Comes before any look at what is wanted: of two who come at once the second sees what the first has left.
async fn lock(tx: &mut Tx, user: UserId) -> Result<()> {
    tx.execute("UPDATE users SET seen_at = seen_at WHERE id = $1", &[&user]).await?;
    Ok(())
}

/// Whether another address keeps the rights with whom they were meant for.
fn may_move(user: &User, granted: &[Permission]) -> bool {
    let as_everyone = granted.iter().all(|permission| permission.concerns_own());
    user.blocked_at.is_none() && (user.confirmed_at.is_some() || as_everyone)
}

/// The address that the actor wants, as long as its link holds.
pub async fn wanted(db: &Db, actor: &Actor, now: UnixMillis) -> Result<Option<Wanted>> {
    db.fetch_optional(
        "SELECT email, asked_at, expires_at FROM new_addresses WHERE user_id = $1 AND expires_at > $2",
        &[&actor.user(), &now],
    )
    .await
}

/// The actor no longer wants it; its link ends.
pub async fn withdraw(db: &Db, actor: &Actor, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    lock(&mut tx, actor.user()).await?;
    end_in(&mut tx, actor.user(), now).await?;
    tx.commit().await
}

/// Ends what someone wanted, and its link.
pub(crate) async fn end_in(tx: &mut Tx, user: UserId, now: UnixMillis) -> Result<()> {
    tokens::end_in(tx, user, TokenPurpose::NewAddress, now).await?;
    tx.execute("DELETE FROM new_addresses WHERE user_id = $1", &[&user]).await?;
    Ok(())
}

/// Whose account would get which address by this link; `None`: the link is worth nothing, or no longer.
pub async fn look(db: &Db, token: &str, now: UnixMillis) -> Result<Option<(User, EmailAddress)>> {
    let found: Option<(UserId, String, bool)> =
        db.fetch_optional(PROVEN, &[&secret::hash(token), &TokenPurpose::NewAddress, &now]).await?;
    let Some((id, email, _)) = found else { return Ok(None) };
    let (user, granted) = (users::find(db, id).await?, groups::permissions_of(db, id).await?);
    Ok(user.filter(|user| may_move(user, &granted)).zip(EmailAddress::parse(&email).ok()))
}

/// Hash of a token, its purpose, now.
const PROVEN: &str = "SELECT t.user_id, n.email, t.caught FROM tokens t JOIN new_addresses n ON n.user_id = t.user_id
     WHERE t.hash = $1 AND t.purpose = $2 AND t.used_at IS NULL AND t.expires_at > $3";

/// What came of following a link.
#[derive(Clone, Debug)]
pub enum Moved {
    /// The account has the address.
    Done,
    /// Another account has it by now; the link is used up.
    Taken,
    /// The link is worth nothing, or no longer.
    Gone,
}

/// Gives an account the address that its link proves. The other browsers of the person are signed out (`keep` is the one
/// at hand), links that set a password end, and `goodbye` goes to the address before.
pub async fn take(
    db: &Db,
    token: &str,
    keep: Option<SessionId>,
    goodbye: &NewLetter<'_>,
    from: &str,
    now: UnixMillis,
) -> Result<Moved> {
    let mut tx = db.begin().await?;
    lock(&mut tx, goodbye.user).await?;
    let proven: Option<(UserId, String, bool)> =
        tx.fetch_optional(PROVEN, &[&secret::hash(token), &TokenPurpose::NewAddress, &now]).await?;
    let proven = proven.filter(|(id, ..)| *id == goodbye.user);
    let Some((id, email, caught)) = proven else { return Ok(Moved::Gone) };
    let person = people::person_in(&mut tx, id).await?.filter(|person| may_move(&person.user, &person.permissions));
    let (Some(Person { user, .. }), Ok(email)) = (person, EmailAddress::parse(&email)) else { return Ok(Moved::Gone) };
    let moved = tx
        .execute(
            "UPDATE users SET email = $1, email_key = $2, confirmed_at = $3, confirmed_by_catcher = $4 WHERE id = $5",
            &[&email.as_str(), &email.key(), &now, &caught, &user.id],
        )
        .await;
    match moved {
        Ok(_) => {}
        Err(error) if error.is_unique_violation() => {
            // PostgreSQL does nothing more in a transaction that has failed.
            drop(tx);
            let mut tx = db.begin().await?;
            lock(&mut tx, user.id).await?;
            end_in(&mut tx, user.id, now).await?;
            tx.commit().await?;
            return Ok(Moved::Taken);
        }
        Err(error) => return Err(error),
    }
    sessions::end_others_in(&mut tx, user.id, keep).await?;
    tokens::end_in(&mut tx, user.id, TokenPurpose::Recover, now).await?;
    tokens::end_in(&mut tx, user.id, TokenPurpose::Confirm, now).await?;
    end_in(&mut tx, user.id, now).await?;
    letters::insert(&mut tx, goodbye, Some(user.id), now).await?;
    let author = Author::at_browser(&user, from, now);
    let entry = Entry::new(Action::AddressChanged, Some(user.id.0), email.as_str());
    audit::note(&mut tx, &author, entry.before(&user.email).after(&email.as_str())).await?;
    tx.commit().await?;
    Ok(Moved::Done)
}

/// Removes what was wanted and not proven in time.
pub async fn remove_expired(db: &Db, now: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM new_addresses WHERE expires_at <= $1", &[&now]).await
}
