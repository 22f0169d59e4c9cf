//! Letters of the service itself: confirmations, recoveries, test sends. Whoever needs one puts it here, in the
//! transaction or request that made it necessary; the engine sends it.

use vestnik_mail::address::EmailAddress;
use vestnik_model::id::{LetterId, UserId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::db::{Db, Result, Tx, Wake};
use crate::submitted_forms::{self, FormHash};

/// A letter to be sent.
#[derive(Clone, Debug)]
pub struct NewLetter<'a> {
    /// For whose account.
    pub user: UserId,
    /// `confirm`, `recover`, `test`: for reports.
    pub kind: &'static str,
    /// To which address.
    pub recipient: &'a EmailAddress,
    /// To whom, in the `To` header.
    pub recipient_name: &'a str,
    /// Subject, without line breaks.
    pub subject: &'a str,
    /// Plain text body.
    pub text: &'a str,
    /// HTML body; may be empty.
    pub html: &'a str,
    /// Random, part of its Message-ID.
    pub key: &'a str,
}

/// A letter as the engine takes it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Letter {
    /// Identifier.
    pub id: LetterId,
    /// What it is for.
    pub kind: String,
    /// To which address.
    pub recipient: String,
    /// To whom.
    pub recipient_name: String,
    /// Subject.
    pub subject: String,
    /// Plain text body.
    pub text: String,
    /// HTML body; may be empty.
    pub html: String,
    /// Part of its Message-ID.
    pub key: String,
    /// Attempts so far, the one at hand included.
    pub attempts: i64,
}

/// Puts a letter into the queue.
pub async fn enqueue(db: &Db, letter: &NewLetter<'_>, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    insert(&mut tx, letter, Some(letter.user), now).await?;
    tx.commit().await
}

/// Puts a letter that the actor has asked for with a form into the queue; the form sent again changes nothing.
pub async fn enqueue_once(
    db: &Db,
    actor: &Actor,
    letter: &NewLetter<'_>,
    form: Option<&FormHash>,
    now: UnixMillis,
) -> Result<()> {
    let mut tx = db.begin().await?;
    if submitted_forms::claim(&mut tx, actor, form, now).await?.is_none() {
        let id = insert(&mut tx, letter, Some(actor.user()), now).await?;
        submitted_forms::created(&mut tx, actor, form, id.0).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The same in the transaction that makes it necessary. A letter that is nobody's (`owner` is `None`) outlives the
/// account that it is about.
pub(crate) async fn insert(
    tx: &mut Tx,
    letter: &NewLetter<'_>,
    owner: Option<UserId>,
    now: UnixMillis,
) -> Result<LetterId> {
    let (id,): (LetterId,) = tx
        .fetch_one(
            "INSERT INTO letters
            (user_id, kind, recipient, recipient_name, subject, text, html, key, state, due_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, $9)
         RETURNING id",
            &[
                &owner,
                &letter.kind,
                &letter.recipient.as_str(),
                &letter.recipient_name,
                &letter.subject,
                &letter.text,
                &letter.html,
                &letter.key,
                &now,
            ],
        )
        .await?;
    tx.wake(Wake::Letters);
    Ok(id)
}

/// Takes the next letters that are due. Until `retry_at` no one else takes them; a process that dies meanwhile leaves
/// them to be sent then. A letter twice is better than none: it is a link that someone waits for. None while nothing may
/// be sent: see [`crate::life`].
pub async fn claim(db: &Db, limit: i64, now: UnixMillis, retry_at: UnixMillis) -> Result<Vec<Letter>> {
    let mut tx = db.begin().await?;
    let letters = tx
        .fetch_all(
            "UPDATE letters SET due_at = $1, attempts = attempts + 1
             WHERE state = 'pending' AND due_at <= $2 AND NOT EXISTS (SELECT 1 FROM life WHERE held)
               AND id IN (SELECT id FROM letters WHERE state = 'pending' AND due_at <= $2 ORDER BY due_at, id LIMIT $3)
             RETURNING id, kind, recipient, recipient_name, subject, text, html, key, attempts",
            &[&retry_at, &now, &limit],
        )
        .await?;
    tx.commit().await?;
    Ok(letters)
}

/// What became of a letter.
#[derive(Clone, Copy, Debug)]
pub enum LetterOutcome {
    /// The mail server took it.
    Sent,
    /// It will not be tried again.
    Failed,
    /// It is tried again then.
    Again(UnixMillis),
    /// It was not tried; whoever is next may take it.
    GivenBack,
}

/// Notes what became of a letter. The body of one that is done is removed: it holds a secret link. One that is nobody's
/// goes altogether.
pub async fn settle(db: &Db, id: LetterId, outcome: LetterOutcome, reply: &str, error: &StoredProblem) -> Result<()> {
    let StoredProblem { error_kind, error_args } = error;
    match outcome {
        LetterOutcome::Again(at) => {
            db.execute(
                "UPDATE letters SET due_at = $1, reply = $2, error_kind = $3, error_args = $4 WHERE id = $5",
                &[&at, &reply, error_kind, error_args, &id],
            )
            .await?
        }
        LetterOutcome::GivenBack => {
            db.execute("UPDATE letters SET due_at = created_at, attempts = attempts - 1 WHERE id = $1", &[&id]).await?
        }
        LetterOutcome::Sent | LetterOutcome::Failed => {
            let state = if matches!(outcome, LetterOutcome::Sent) { "sent" } else { "failed" };
            db.execute("DELETE FROM letters WHERE id = $1 AND user_id IS NULL", &[&id]).await?;
            db.execute(
                "UPDATE letters SET state = $1, reply = $2, error_kind = $3, error_args = $4, text = '', html = ''
                 WHERE id = $5",
                &[&state, &reply, error_kind, error_args, &id],
            )
            .await?
        }
    };
    Ok(())
}

/// What became of a letter to a person.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct LetterFate {
    /// Its subject.
    pub subject: String,
    /// `pending`, `sent` or `failed`.
    pub state: String,
    /// What the mail server said last; may be empty.
    pub reply: String,
    /// What happened, where the server's words alone do not say it.
    #[sqlx(flatten)]
    pub error: StoredProblem,
    /// When it was written.
    pub created_at: UnixMillis,
}

/// What became of the newest letter that lets a person in: an invitation, a link to confirm the address or to set a
/// password. For those who may have one sent; what the person has written or tried is nobody else's affair.
pub async fn newest_link(db: &Db, actor: &Actor, person: UserId) -> Result<Option<LetterFate>> {
    if !actor.may(Permission::ManageUsers) {
        return Ok(None);
    }
    db.fetch_optional(
        "SELECT subject, state, reply, error_kind, error_args, created_at FROM letters
         WHERE user_id = $1 AND kind IN ('invite', 'confirm', 'confirm-again', 'recover') ORDER BY id DESC LIMIT 1",
        &[&person],
    )
    .await
}

/// Removes those that were done with before.
pub async fn remove_settled(db: &Db, before: UnixMillis) -> Result<()> {
    db.execute("DELETE FROM letters WHERE state <> 'pending' AND created_at < $1", &[&before]).await?;
    Ok(())
}

/// Whether letters wait to be sent.
pub async fn pending(db: &Db) -> Result<i64> {
    let (count,): (i64,) = db.fetch_one("SELECT count(*) FROM letters WHERE state = 'pending'", &[]).await?;
    Ok(count)
}
