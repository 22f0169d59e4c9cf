//! What people write on the contacts page (S-53), read and answered by those who may.

use sqlx::AssertSqlSafe;
use vestnik_model::audit::Action;
use vestnik_model::feedback::{Feedback, FeedbackDraft, FeedbackState};
use vestnik_model::id::{FeedbackId, UserId};
use vestnik_model::user::{Language, User};
use vestnik_model::{Actor, Permission, UnixMillis};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Param, Result};
use crate::groups::Changed;
use crate::letters::{self, NewLetter};
use crate::page::{Cursor, NewestFirst, Page};
use crate::recipients::containing;
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
    pub key: &'a str,
    /// Who wrote it, if they had signed in.
    pub user: Option<UserId>,
    /// Of the page.
    pub language: Language,
    /// [`FeedbackState::New`], or [`FeedbackState::Spam`] if it shows itself to be that.
    pub state: FeedbackState,
}

/// Keeps it. `None`: this form was sent before.
pub async fn submit(db: &Db, new: NewFeedback<'_>, now: UnixMillis) -> Result<Option<FeedbackId>> {
    let NewFeedback { draft, key, user, language, state } = new;
    let search_key = format!("{} {} {}", draft.name, draft.email, draft.subject).to_lowercase();
    let mut tx = db.begin().await?;
    let kept: Option<(FeedbackId,)> = tx
        .fetch_optional(
            "INSERT INTO feedback (key, user_id, name, email, language, subject, text, search_key, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (key) DO NOTHING RETURNING id",
            &[
                &key,
                &user,
                &draft.name,
                &draft.email.as_str(),
                &language,
                &draft.subject,
                &draft.text,
                &search_key,
                &state,
                &now,
            ],
        )
        .await?;
    tx.commit().await?;
    Ok(kept.map(|(id,)| id))
}

/// Those who read it: people with the permission who can sign in, the first `limit` of them.
pub async fn readers(db: &Db, limit: i64) -> Result<Vec<User>> {
    let sql = format!(
        "SELECT {} FROM users WHERE blocked_at IS NULL AND confirmed_at IS NOT NULL AND deleted_at IS NULL
            AND id IN (SELECT g.user_id FROM user_groups g JOIN group_permissions p ON p.group_id = g.group_id
                WHERE p.permission = $1)
         ORDER BY id LIMIT $2",
        users::COLUMNS
    );
    db.fetch_all(AssertSqlSafe(sql), &[&Permission::AnswerFeedback, &limit]).await
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
    let pattern = containing(&filter.search);
    let state = filter.state.unwrap_or(FeedbackState::Spam);
    let equal = if filter.state.is_some() { "=" } else { "<>" };
    let mut args: Vec<&dyn Param> = vec![&from, &limit, &state];
    let mut found = "";
    if !filter.search.trim().is_empty() {
        args.push(&pattern);
        found = " AND search_key LIKE $4 ESCAPE '\\'";
    }
    // Only fixed conditions are put together here.
    let sql = format!(
        "SELECT {LISTED} FROM feedback WHERE id {compare} $1 AND state {equal} $3{found}
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
    /// `pending`, `sent`, `failed`; `None`: the letter is gone with the account of its author.
    pub letter: Option<String>,
    /// What the mail server said to the letter last.
    pub reply: Option<String>,
}

/// One, with its answers, oldest first.
pub async fn find(db: &Db, actor: &Actor, id: FeedbackId) -> Result<Option<(Feedback, Vec<Answer>)>> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM feedback WHERE id = $1");
    let Some(feedback) = db.fetch_optional(AssertSqlSafe(sql), &[&id]).await? else { return Ok(None) };
    let answers = db
        .fetch_all(
            "SELECT a.author_name, a.text, a.created_at, l.state AS letter, l.reply FROM feedback_answers a
             LEFT JOIN letters l ON l.id = a.letter_id WHERE a.feedback_id = $1 ORDER BY a.id",
            &[&id],
        )
        .await?;
    Ok(Some((feedback, answers)))
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
pub async fn mark(db: &Db, actor: &Actor, id: FeedbackId, state: FeedbackState) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let answered = FeedbackState::Answered;
    let changed = db
        .execute(
            "UPDATE feedback SET state = CASE
                WHEN $1 <> $2 AND EXISTS (SELECT 1 FROM feedback_answers a WHERE a.feedback_id = feedback.id) THEN $3
                ELSE $1 END
             WHERE id = $4",
            &[&state, &FeedbackState::Spam, &answered, &id],
        )
        .await?;
    Ok(if changed == 0 { Changed::NotFound } else { Changed::Done })
}

/// Answers it: the letter is on its way, and what it says is kept.
pub async fn answer(
    db: &Db,
    actor: &Actor,
    id: FeedbackId,
    text: &str,
    letter: &NewLetter<'_>,
    author: &Author,
) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let mut tx = db.begin().await?;
    let subject: Option<(String,)> = tx
        .fetch_optional(
            "UPDATE feedback SET state = $1 WHERE id = $2 RETURNING subject",
            &[&FeedbackState::Answered, &id],
        )
        .await?;
    let Some((subject,)) = subject else { return Ok(Changed::NotFound) };
    let letter = letters::insert(&mut tx, letter, author.user, author.at).await?;
    tx.execute(
        "INSERT INTO feedback_answers (feedback_id, author_id, author_name, text, letter_id, created_at)
         SELECT $1, id, name, $2, $3, $4 FROM users WHERE id = $5",
        &[&id, &text, &letter, &author.at, &actor.user()],
    )
    .await?;
    audit::note(&mut tx, author, Entry::new(Action::FeedbackAnswered, Some(id.0), &subject)).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Deletes it with its answers.
pub async fn delete(db: &Db, actor: &Actor, id: FeedbackId, author: &Author) -> Result<Changed> {
    if !actor.may(Permission::AnswerFeedback) {
        return Ok(Changed::NotAllowed);
    }
    let mut tx = db.begin().await?;
    let subject: Option<(String,)> =
        tx.fetch_optional("DELETE FROM feedback WHERE id = $1 RETURNING subject", &[&id]).await?;
    let Some((subject,)) = subject else { return Ok(Changed::NotFound) };
    audit::note(&mut tx, author, Entry::new(Action::FeedbackDeleted, Some(id.0), &subject)).await?;
    tx.commit().await?;
    Ok(Changed::Done)
}

/// Removes spam that came before.
pub async fn remove_spam(db: &Db, before: UnixMillis) -> Result<()> {
    let sql = "DELETE FROM feedback WHERE state = $1 AND created_at < $2";
    db.execute(sql, &[&FeedbackState::Spam, &before]).await?;
    Ok(())
}
