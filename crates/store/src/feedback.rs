//! What people write on the contacts page (S-53), read and answered by those who may.

use sqlx::AssertSqlSafe;
use vestnik_model::audit::Action;
use vestnik_model::feedback::{Feedback, FeedbackDraft, FeedbackState};
use vestnik_model::id::{FeedbackId, UserId};
use vestnik_model::problem::StoredProblem;
use vestnik_model::text::fold;
use vestnik_model::user::{Language, User};
use vestnik_model::{Actor, Permission, UnixMillis, secret};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Param, Result, Tx};
use crate::groups::{self, Changed};
use crate::letters::{self, NewLetter};
use crate::page::{Cursor, NewestFirst, Page};
use crate::search::{SearchIn, Words};
use crate::users;

const COLUMNS: &str = "id, user_id, name, email, language, subject, text, state, created_at";
/// The same for lists; the beginning of the text is enough there.
const LISTED: &str = "id, user_id, name, email, language, subject, substr(text, 1, 200) AS text, state, created_at";

/// What someone has written, with what is known beyond it.
#[derive(Clone, Copy, Debug)]
pub struct NewFeedback<'a> {
    /// Name, address, subject, text.
    pub draft: &'a FeedbackDraft,
    /// Of the form: what is sent twice is kept once.
    pub form: &'a str,
    /// Who wrote it, if they had signed in.
    pub user: Option<UserId>,
    /// Of the page.
    pub language: Language,
    /// Whether it shows itself to be spam.
    pub is_spam: bool,
}

impl NewFeedback<'_> {
    /// The same form with other words in it is another message.
    fn key(&self) -> String {
        let FeedbackDraft { name, email, subject, text } = self.draft;
        secret::hash(&[self.form, name, email.as_str(), subject, text].join("\0"))
    }
}

/// Something that is being kept, together with the letters that tell of it.
pub struct Submission {
    tx: Tx,
    at: UnixMillis,
    /// Which it will be.
    pub id: FeedbackId,
}

impl Submission {
    /// Adds a letter.
    pub async fn tell(&mut self, letter: &NewLetter<'_>) -> Result<()> {
        letters::insert(&mut self.tx, letter, Some(letter.user), self.at).await?;
        Ok(())
    }

    /// Keeps all of it.
    pub async fn keep(self) -> Result<()> {
        self.tx.commit().await
    }
}

/// Begins to keep it. `None`: the same was sent before.
pub async fn submit(db: &Db, new: NewFeedback<'_>, now: UnixMillis) -> Result<Option<Submission>> {
    let draft = new.draft;
    let search_key = fold(&format!("{} {} {}", draft.name, draft.email, draft.subject));
    let state = if new.is_spam { FeedbackState::Spam } else { FeedbackState::New };
    let mut tx = db.begin().await?;
    let kept: Option<(FeedbackId,)> = tx
        .fetch_optional(
            "INSERT INTO feedback
                (key, user_id, name, email, language, subject, text, search_key, state, spam_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
             ON CONFLICT (key) DO NOTHING RETURNING id",
            &[
                &new.key(),
                &new.user,
                &draft.name,
                &draft.email.as_str(),
                &new.language,
                &draft.subject,
                &draft.text,
                &search_key,
                &state,
                &new.is_spam.then_some(now),
                &now,
            ],
        )
        .await?;
    Ok(kept.map(|(id,)| Submission { tx, at: now, id }))
}

/// Those who may read it now, of the first `limit` whose groups allow it.
pub async fn readers(db: &Db, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE blocked_at IS NULL AND confirmed_at IS NOT NULL AND deleted_at IS NULL
            AND id IN (SELECT g.user_id FROM user_groups g JOIN group_permissions p ON p.group_id = g.group_id
                WHERE p.permission = $1)
         ORDER BY id LIMIT $2",
        users::COLUMNS
    );
    let found: Vec<User> = db.fetch_all(AssertSqlSafe(sql), &[&Permission::AnswerFeedback, &limit]).await?;
    let mut readers = Vec::new();
    for user in found {
        // Rights may be withheld until a second factor is set up.
        if groups::actor_of(db, &user).await?.may(Permission::AnswerFeedback) {
            readers.push(user);
        }
    }
    Ok(readers)
}

/// Which feedback is wanted.
#[derive(Clone, Debug, Default)]
pub struct FeedbackFilter {
    /// Words in name, address or subject; empty: all.
    pub search: String,
    /// `None`: all but spam.
    pub state: Option<FeedbackState>,
}

/// A page of it, newest first; empty for those who may not read it.
pub async fn list(
    db: &Db,
    actor: &Actor,
    filter: &FeedbackFilter,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Feedback>> {
    let NewestFirst { compare, direction, from } = NewestFirst::at(cursor);
    let limit = size as i64 + 1;
    let db = &db.heavy_if(!filter.search.trim().is_empty(), actor);
    let words = Words::of(&filter.search);
    let state = filter.state.unwrap_or(FeedbackState::Spam);
    let equal = if filter.state.is_some() { "=" } else { "<>" };
    let mut args: Vec<&dyn Param> = vec![&from, &limit, &state];
    let found = words.condition(&[SearchIn::Folded("search_key")], &mut args);
    // Only fixed conditions are put together here.
    let sql = format!(
        "SELECT {LISTED} FROM feedback WHERE id {compare} $1 AND state {equal} $3 AND {found}
         ORDER BY id {direction} LIMIT $2"
    );
    let may = actor.may(Permission::AnswerFeedback);
    let rows = if may { db.fetch_all(AssertSqlSafe(sql), &args).await? } else { Vec::new() };
    Ok(Page::of(rows, cursor, size, |feedback: &Feedback| (feedback.id.0, String::new())))
}

/// How much of it nobody has opened.
pub async fn unread(db: &Db) -> Result<i64> {
    let sql = "SELECT count(*) FROM feedback WHERE state = $1";
    let (count,): (i64,) = db.fetch_one(sql, &[&FeedbackState::New]).await?;
    Ok(count)
}

/// An answer, and what became of its letter.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Answer {
    /// Who wrote it.
    pub author_name: String,
    /// What they said.
    pub text: String,
    /// When.
    pub created_at: UnixMillis,
    /// `pending`, `sent`, `failed`; `None`: the letter has had its time, or is gone with the account of its author.
    pub letter: Option<String>,
    /// What the mail server said to the letter last.
    pub reply: Option<String>,
    /// What happened, where the server's words alone do not say it.
    #[sqlx(flatten)]
    pub error: StoredProblem,
}

/// One, with its answers, oldest first.
pub async fn find(db: &Db, actor: &Actor, id: FeedbackId) -> Result<Option<(Feedback, Vec<Answer>)>> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM feedback WHERE id = $1");
    let Some(feedback) = db.fetch_optional(AssertSqlSafe(sql), &[&id]).await? else { return Ok(None) };
    Ok(Some((feedback, answers_to(db, id).await?)))
}

async fn answers_to(db: &Db, id: FeedbackId) -> Result<Vec<Answer>> {
    db.fetch_all(
        "SELECT a.author_name, a.text, a.created_at, l.state AS letter, l.reply,
            COALESCE(l.error_kind, '') AS error_kind, COALESCE(l.error_args, '') AS error_args FROM feedback_answers a
         LEFT JOIN letters l ON l.id = a.letter_id WHERE a.feedback_id = $1 ORDER BY a.id",
        &[&id],
    )
    .await
}

/// Notes that someone has opened it.
pub async fn open(db: &Db, actor: &Actor, id: FeedbackId) -> Result<()> {
    if actor.may(Permission::AnswerFeedback) {
        let sql = "UPDATE feedback SET state = $1 WHERE id = $2 AND state = $3";
        db.execute(sql, &[&FeedbackState::Read, &id, &FeedbackState::New]).await?;
    }
    Ok(())
}

/// Puts it somewhere else. What was answered is answered, wherever it was meanwhile.
pub async fn mark(db: &Db, actor: &Actor, id: FeedbackId, state: FeedbackState, now: UnixMillis) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let is_spam = state == FeedbackState::Spam;
    let changed = db
        .execute(
            "UPDATE feedback SET spam_at = $1, state = CASE
                WHEN $2 <> $3 AND EXISTS (SELECT 1 FROM feedback_answers a WHERE a.feedback_id = feedback.id) THEN $4
                ELSE $2 END
             WHERE id = $5",
            &[&is_spam.then_some(now), &state, &FeedbackState::Spam, &FeedbackState::Answered, &id],
        )
        .await?;
    Ok(if changed == 0 { Changed::NotFound } else { Changed::Done })
}

/// Answers it, if there are as many answers as `seen`: the letter is on its way, and what it says is kept. If someone
/// else has answered meanwhile, [`Changed::NotNow`].
pub async fn answer(
    db: &Db,
    actor: &Actor,
    (id, seen): (FeedbackId, i64),
    text: &str,
    letter: &NewLetter<'_>,
    author: &Author,
) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let mut tx = db.begin().await?;
    // Whoever else answers waits here until this is done.
    let answered = tx
        .execute("UPDATE feedback SET state = $1, spam_at = NULL WHERE id = $2", &[&FeedbackState::Answered, &id])
        .await?;
    if answered == 0 {
        return Ok(Changed::NotFound);
    }
    let sql = "SELECT count(*) FROM feedback_answers WHERE feedback_id = $1";
    let (answers,): (i64,) = tx.fetch_one(sql, &[&id]).await?;
    if answers != seen {
        return Ok(Changed::NotNow);
    }
    let letter = letters::insert(&mut tx, letter, author.user, author.at).await?;
    tx.execute(
        "INSERT INTO feedback_answers (feedback_id, author_id, author_name, text, letter_id, created_at)
         SELECT $1, id, name, $2, $3, $4 FROM users WHERE id = $5",
        &[&id, &text, &letter, &author.at, &actor.user()],
    )
    .await?;
    audit::note(&mut tx, author, entry(Action::FeedbackAnswered, id)).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// The log keeps nothing of what a stranger has written: it outlives it.
fn entry(action: Action, id: FeedbackId) -> Entry {
    Entry::new(action, Some(id.0), &format!("№ {id}"))
}

/// Deletes it with its answers, and what is left of their letters.
pub async fn delete(db: &Db, actor: &Actor, id: FeedbackId, author: &Author) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let mut tx = db.begin().await?;
    tx.execute(
        "DELETE FROM letters WHERE state <> 'pending'
            AND id IN (SELECT letter_id FROM feedback_answers WHERE feedback_id = $1)",
        &[&id],
    )
    .await?;
    if tx.execute("DELETE FROM feedback WHERE id = $1", &[&id]).await? == 0 {
        return Ok(Changed::NotFound);
    }
    audit::note(&mut tx, author, entry(Action::FeedbackDeleted, id)).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Removes what was spam already then.
pub async fn remove_spam(db: &Db, before: UnixMillis) -> Result<()> {
    db.execute("DELETE FROM feedback WHERE spam_at < $1", &[&before]).await?;
    Ok(())
}

/// What the actor has written, oldest first, with what was answered.
pub async fn own(db: &Db, actor: &Actor) -> Result<Vec<(Feedback, Vec<Answer>)>> {
    let sql = format!("SELECT {COLUMNS} FROM feedback WHERE user_id = $1 ORDER BY id");
    let written: Vec<Feedback> = db.fetch_all(AssertSqlSafe(sql), &[&actor.user()]).await?;
    let mut own = Vec::new();
    for one in written {
        let answers = answers_to(db, one.id).await?;
        own.push((one, answers));
    }
    Ok(own)
}
