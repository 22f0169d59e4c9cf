//! People with accounts.

use vestnik_mail::address::EmailAddress;
use vestnik_model::user::{Language, ProfileDraft, Registration, Theme, TokenPurpose, User};
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, id::UserId};

use crate::db::{Db, Result, Tx};
use crate::{groups, new_address, sessions, tokens};

/// Every column of [`User`].
pub(crate) const COLUMNS: &str = "id, email, name, password_hash, language, time_zone, theme, confirmed_at, created_at,
    blocked_at, blocked_reason, seen_at, phone, city, avatar, avatar_small, second_factor_at";

/// Makes an account. `None`: the address has one already.
pub async fn create(
    db: &Db,
    registration: &Registration,
    password_hash: &str,
    confirmed_at: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<Option<User>> {
    let mut tx = db.begin().await?;
    let user = insert(&mut tx, registration, password_hash, confirmed_at, now).await?;
    tx.commit().await?;
    Ok(user)
}

/// Makes an account, in the group of everyone who registers. `None`: the address has one already.
pub(crate) async fn insert(
    tx: &mut Tx,
    registration: &Registration,
    password_hash: &str,
    confirmed_at: Option<UnixMillis>,
    now: UnixMillis,
) -> Result<Option<User>> {
    let user: Option<User> = tx
        .fetch_optional(
            sqlx::AssertSqlSafe(format!(
                "INSERT INTO users
                    (email, email_key, name, name_key, password_hash, language, time_zone, theme, confirmed_at, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
                 ON CONFLICT (email_key) DO NOTHING
                 RETURNING {COLUMNS}"
            )),
            &[
                &registration.email.as_str(),
                &registration.email.key(),
                &registration.name,
                &registration.name.to_lowercase(),
                &password_hash,
                &registration.language,
                &registration.time_zone,
                &Theme::Auto,
                &confirmed_at,
                &now,
            ],
        )
        .await?;
    if let Some(user) = &user {
        groups::join(tx, user.id, BuiltinGroup::Users).await?;
    }
    Ok(user)
}

/// The account of an address.
pub async fn find_by_email(db: &Db, email: &EmailAddress) -> Result<Option<User>> {
    db.fetch_optional(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE email_key = $1")), &[&email.key()])
        .await
}

/// An account by its id.
pub async fn find(db: &Db, id: UserId) -> Result<Option<User>> {
    db.fetch_optional(
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM users WHERE id = $1 AND deleted_at IS NULL")),
        &[&id],
    )
    .await
}

/// Notes that the address is the person's. A second time changes nothing.
pub async fn confirm(db: &Db, id: UserId, now: UnixMillis) -> Result<()> {
    db.execute("UPDATE users SET confirmed_at = $1 WHERE id = $2 AND confirmed_at IS NULL", &[&now, &id]).await?;
    Ok(())
}

/// Sets a new password, and ends every session, every open recovery link, and what the person wanted as another address:
/// whoever knew the old password is out.
pub async fn set_password(db: &Db, id: UserId, password_hash: &str, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    tx.execute("UPDATE users SET password_hash = $1 WHERE id = $2", &[&password_hash, &id]).await?;
    end_what_the_old_password_opened(&mut tx, id, now).await?;
    tx.commit().await
}

/// The same for someone who has shown that they know the password of which `user` tells. `false`: it is another one by
/// now. Hashing takes its time, and a recovery that came in between must not be undone.
pub async fn change_password(db: &Db, user: &User, password_hash: &str, now: UnixMillis) -> Result<bool> {
    let mut tx = db.begin().await?;
    let sql = "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3";
    if tx.execute(sql, &[&password_hash, &user.id, &user.password_hash]).await? == 0 {
        return Ok(false);
    }
    end_what_the_old_password_opened(&mut tx, user.id, now).await?;
    tx.commit().await?;
    Ok(true)
}

async fn end_what_the_old_password_opened(tx: &mut Tx, id: UserId, now: UnixMillis) -> Result<()> {
    sessions::end_all_in(tx, id).await?;
    tokens::end_in(tx, id, TokenPurpose::Recover, now).await?;
    new_address::end_in(tx, id, now).await
}

/// Changes what the person says of themselves and how they see the pages.
pub async fn update_profile(db: &Db, actor: &Actor, draft: &ProfileDraft) -> Result<()> {
    db.execute(
        "UPDATE users SET name = $1, name_key = $2, phone = $3, city = $4, language = $5, time_zone = $6, theme = $7
         WHERE id = $8",
        &[
            &draft.name,
            &draft.name.to_lowercase(),
            &draft.phone,
            &draft.city,
            &draft.language,
            &draft.time_zone,
            &draft.theme,
            &actor.user(),
        ],
    )
    .await?;
    Ok(())
}

/// Changes the language alone, from the switch on every page.
pub async fn set_language(db: &Db, actor: &Actor, language: Language) -> Result<()> {
    db.execute("UPDATE users SET language = $1 WHERE id = $2", &[&language, &actor.user()]).await?;
    Ok(())
}

/// Changes the theme alone, from the switch on every page.
pub async fn set_theme(db: &Db, actor: &Actor, theme: Theme) -> Result<()> {
    db.execute("UPDATE users SET theme = $1 WHERE id = $2", &[&theme, &actor.user()]).await?;
    Ok(())
}

/// Notes the keys of the person's picture, large and small; empty ones: no picture. Answers those of the one before.
pub async fn set_avatar(db: &Db, actor: &Actor, large: &str, small: &str) -> Result<Vec<String>> {
    let mut tx = db.begin().await?;
    // Before the look: of two uploads at once the second sees what the first has left.
    tx.execute("UPDATE users SET seen_at = seen_at WHERE id = $1", &[&actor.user()]).await?;
    let before: Option<(String, String)> =
        tx.fetch_optional("SELECT avatar, avatar_small FROM users WHERE id = $1", &[&actor.user()]).await?;
    let sql = "UPDATE users SET avatar = $1, avatar_small = $2 WHERE id = $3";
    tx.execute(sql, &[&large, &small, &actor.user()]).await?;
    tx.commit().await?;
    Ok(before.map_or(Vec::new(), |(large, small)| vec![large, small]))
}
