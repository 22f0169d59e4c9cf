//! People with accounts.

use vestnik_mail::address::EmailAddress;
use vestnik_model::audit::Action;
use vestnik_model::text::fold;
use vestnik_model::user::{Language, ProfileDraft, Registration, Theme, TokenPurpose, User};
use vestnik_model::{Actor, BuiltinGroup, UnixMillis, id::UserId};

use crate::audit::{self, Author, Entry};
use crate::db::{Db, Result, Tx};
use crate::tokens::Redeemed;
use crate::{groups, new_address, people, second_factor, sessions, tokens};

/// Every column of [`User`].
pub(crate) const COLUMNS: &str = "id, email, name, password_hash, language, time_zone, theme, confirmed_at, created_at,
    blocked_at, blocked_reason, seen_at, phone, city, avatar, avatar_small, second_factor_at, confirmed_by_catcher";

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
                &fold(&registration.name),
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

/// Confirms the address of an account by the link of an email, and uses the link up.
pub async fn confirm(db: &Db, token: &str, now: UnixMillis) -> Result<Redeemed> {
    let mut tx = db.begin().await?;
    let (redeemed, caught) = tokens::redeem_in(&mut tx, TokenPurpose::Confirm, token, now).await?;
    if let Redeemed::Valid(id) = redeemed {
        confirm_in(&mut tx, id, caught, now).await?;
        tx.commit().await?;
    }
    Ok(redeemed)
}

/// Notes that whoever has the account reads its address, as far as the catcher knows or beyond it. An address that a
/// mail server has proven once stays so.
async fn confirm_in(tx: &mut Tx, id: UserId, by_catcher: bool, now: UnixMillis) -> Result<()> {
    tx.execute(
        "UPDATE users SET confirmed_by_catcher = $1 AND (confirmed_at IS NULL OR confirmed_by_catcher),
            confirmed_at = COALESCE(confirmed_at, $2) WHERE id = $3",
        &[&by_catcher, &now, &id],
    )
    .await?;
    Ok(())
}

/// Takes back the confirmations that the catcher alone has seen, and the links that went into it and were not followed,
/// because mail reaches people from now on. Answers whose they are: they are asked again. Administrators keep theirs if
/// nobody would be left to run the installation.
pub async fn unconfirm_caught(db: &Db) -> Result<Vec<User>> {
    for spare in ["", ADMINISTRATORS] {
        let mut tx = db.begin().await?;
        let had = groups::has_administrator(&mut tx).await?;
        let sql = format!(
            "UPDATE users SET confirmed_at = NULL
             WHERE confirmed_by_catcher AND confirmed_at IS NOT NULL AND deleted_at IS NULL {spare} RETURNING {COLUMNS}"
        );
        let users: Vec<User> = tx.fetch_all(sqlx::AssertSqlSafe(sql), &[]).await?;
        if !had || groups::has_administrator(&mut tx).await? {
            tx.execute("DELETE FROM tokens WHERE caught AND used_at IS NULL", &[]).await?;
            tx.commit().await?;
            return Ok(users);
        }
    }
    Ok(Vec::new())
}

/// The condition that leaves out those who may manage users.
const ADMINISTRATORS: &str = "AND id NOT IN (SELECT g.user_id FROM user_groups g
    JOIN group_permissions p ON p.group_id = g.group_id WHERE p.permission = 'manage_users')";

/// What came of a new password by the link of an email.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It is set.
    Done {
        /// Whether a second factor was removed with what others had set up.
        factor_removed: bool,
    },
    /// The link is worth nothing, or no longer.
    Gone,
}

/// Sets a new password by the link of an email, and confirms the address with it. Whoever knew the old password is out.
///
/// The address of an account that was not confirmed may be someone's who never made it: all that whoever did has set up
/// ends, the second factor and planned mailings among it. The mailbox is the only proof there is.
pub async fn recover(db: &Db, token: &str, password_hash: &str, from: &str, now: UnixMillis) -> Result<Recovered> {
    let mut tx = db.begin().await?;
    let (redeemed, caught) = tokens::redeem_in(&mut tx, TokenPurpose::Recover, token, now).await?;
    let Redeemed::Valid(id) = redeemed else { return Ok(Recovered::Gone) };
    let sql = format!(
        "UPDATE users SET password_hash = $1 WHERE id = $2 AND blocked_at IS NULL AND deleted_at IS NULL
         RETURNING {COLUMNS}"
    );
    let user: Option<User> = tx.fetch_optional(sqlx::AssertSqlSafe(sql), &[&password_hash, &id]).await?;
    let Some(user) = user else { return Ok(Recovered::Gone) };
    let mut factor_removed = false;
    if user.confirmed_at.is_none() {
        let author = Author::at_browser(&user, from, now);
        factor_removed = remove_what_was_set_up(&mut tx, &user, &author).await?;
    }
    end_what_the_old_password_opened(&mut tx, id, now).await?;
    confirm_in(&mut tx, id, caught, now).await?;
    tx.commit().await?;
    Ok(Recovered::Done { factor_removed })
}

/// Removes what whoever made an account has set up whose address was never proven. Sessions and links end with the
/// password. Whether there was a second factor.
async fn remove_what_was_set_up(tx: &mut Tx, user: &User, author: &Author) -> Result<bool> {
    tokens::end_in(tx, user.id, TokenPurpose::Confirm, author.at).await?;
    tx.execute("DELETE FROM known_devices WHERE user_id = $1", &[&user.id]).await?;
    people::stop_everything(tx, user.id, "", author.at).await?;
    let had_factor = second_factor::remove_in(tx, user.id).await?;
    if had_factor {
        let entry = Entry::new(Action::SecondFactorReset, Some(user.id.0), &user.email);
        audit::note(tx, author, entry).await?;
    }
    Ok(had_factor)
}

/// Sets a new password on the word of whoever runs the installation, who may have no other way in. Whoever knew the old
/// one is out; with it goes what was set up in an account whose address was never proven. `false`: there is no such
/// account.
pub async fn reset_password(db: &Db, id: UserId, password_hash: &str, author: &Author) -> Result<bool> {
    let mut tx = db.begin().await?;
    let sql = format!("UPDATE users SET password_hash = $1 WHERE id = $2 AND deleted_at IS NULL RETURNING {COLUMNS}");
    let user: Option<User> = tx.fetch_optional(sqlx::AssertSqlSafe(sql), &[&password_hash, &id]).await?;
    let Some(user) = user else { return Ok(false) };
    if user.confirmed_at.is_none() {
        remove_what_was_set_up(&mut tx, &user, author).await?;
    }
    end_what_the_old_password_opened(&mut tx, id, author.at).await?;
    audit::note(&mut tx, author, Entry::new(Action::PasswordReset, Some(id.0), &user.email)).await?;
    tx.commit().await?;
    Ok(true)
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
            &fold(&draft.name),
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
