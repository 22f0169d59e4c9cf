//! Erasing what belonged to deleted accounts, in steps of bounded size, so that others write in between. A step is a
//! transaction; a process that is killed between two leaves the rest to the next one.
//!
//! A mailing with a large history goes the same way: it is moved to an account that is made for that and counts as deleted.
//! In one short transaction it is gone for its owner, with its runs and figures.

use sqlx::AssertSqlSafe;
use vestnik_model::UnixMillis;
use vestnik_model::id::{ImportId, MailingId, RunId, UserId};

use crate::db::{Db, Result, Tx};

/// Nothing of these is on its way any more.
const DELETED: &str = "SELECT id FROM users WHERE deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs u
        WHERE u.owner_id = users.id AND u.state IN ('planned', 'expanding', 'sending', 'paused', 'stopping'))
    ORDER BY id LIMIT 1";

/// Erases up to `size` rows that were a deleted account's. `false`: there is nothing to erase.
pub async fn step(db: &Db, size: i64, now: UnixMillis) -> Result<bool> {
    let deleted: Option<(UserId,)> = db.fetch_optional(DELETED, &[]).await?;
    let Some((account,)) = deleted else { return Ok(false) };
    let mut tx = db.begin().await?;
    let is_left = erase_runs(&mut tx, account, size).await?
        || erase_mailings(&mut tx, account, size).await?
        || erase_imports(&mut tx, account, size).await?
        || erase_part(&mut tx, "recipients", "owner_id", account.0, size).await? > 0
        || erase_part(&mut tx, "caught", "owner_id", account.0, size).await? > 0
        || erase_part(&mut tx, "messages", "owner_id", account.0, size).await? > 0;
    if !is_left {
        tx.execute("DELETE FROM users WHERE id = $1", &[&account]).await?;
        let sql = "UPDATE deletions SET finished_at = $1, deleted = total WHERE account_id = $2";
        tx.execute(sql, &[&now, &account]).await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Erases everything that can be erased now.
pub async fn erase_deleted(db: &Db, now: UnixMillis) -> Result<()> {
    while step(db, crate::deletions::FIRST_STEP, now).await? {}
    Ok(())
}

/// Deliveries with their attempts, then the run itself.
async fn erase_runs(tx: &mut Tx, account: UserId, size: i64) -> Result<bool> {
    let sql = "SELECT id FROM runs WHERE owner_id = $1 ORDER BY id LIMIT 1";
    let Some((run,)) = tx.fetch_optional::<(RunId,)>(sql, &[&account]).await? else { return Ok(false) };
    let deliveries = erase_part(tx, "deliveries", "run_id", run.0, size).await?;
    if deliveries == 0 {
        tx.execute("DELETE FROM runs WHERE id = $1", &[&run]).await?;
    } else {
        let sql = "UPDATE deletions SET deleted = deleted + $1 WHERE account_id = $2";
        tx.execute(sql, &[&(deliveries as i64), &account]).await?;
    }
    Ok(true)
}

/// Those who are chosen for a mailing and its figures, then the mailing itself. Its runs are gone.
async fn erase_mailings(tx: &mut Tx, account: UserId, size: i64) -> Result<bool> {
    let sql = "SELECT id FROM mailings WHERE owner_id = $1 ORDER BY id LIMIT 1";
    let Some((mailing,)) = tx.fetch_optional::<(MailingId,)>(sql, &[&account]).await? else { return Ok(false) };
    for sql in [
        "DELETE FROM mailing_recipients WHERE mailing_id = $1 AND recipient_id IN
            (SELECT recipient_id FROM mailing_recipients WHERE mailing_id = $1 LIMIT $2)",
        "DELETE FROM figures WHERE mailing_id = $1 AND (owner_id, quarter) IN
            (SELECT owner_id, quarter FROM figures WHERE mailing_id = $1 LIMIT $2)",
        "DELETE FROM mailings WHERE id = $1 AND $2 > 0",
    ] {
        if tx.execute(sql, &[&mailing, &size]).await? > 0 {
            break;
        }
    }
    Ok(true)
}

/// Rejected rows and warnings of an import, then the import itself.
async fn erase_imports(tx: &mut Tx, account: UserId, size: i64) -> Result<bool> {
    let sql = "SELECT id FROM imports WHERE owner_id = $1 ORDER BY id LIMIT 1";
    let Some((import,)) = tx.fetch_optional::<(ImportId,)>(sql, &[&account]).await? else { return Ok(false) };
    if erase_part(tx, "import_rejects", "import_id", import.0, size).await? == 0
        && erase_part(tx, "import_warnings", "import_id", import.0, size).await? == 0
    {
        tx.execute("DELETE FROM imports WHERE id = $1", &[&import]).await?;
    }
    Ok(true)
}

/// Up to `size` rows of a table that belong to something.
async fn erase_part(tx: &mut Tx, table: &str, column: &str, id: i64, size: i64) -> Result<u64> {
    let sql = format!("DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} = $1 LIMIT $2)");
    tx.execute(AssertSqlSafe(sql), &[&id, &size]).await
}

/// Moves a mailing with its runs and figures to a deleted account of its own. `None`: it is not this owner's any more, or
/// a run of it is not over.
pub(crate) async fn set_apart(
    tx: &mut Tx,
    owner: UserId,
    mailing: MailingId,
    now: UnixMillis,
) -> Result<Option<UserId>> {
    let (account,): (UserId,) = tx
        .fetch_one(
            "INSERT INTO users (email, email_key, name, password_hash, language, time_zone, theme, created_at, blocked_at,
                deleted_at)
             VALUES ('', $1, '', '', 'en', 'UTC', 'auto', $2, $2, $2) RETURNING id",
            &[&format!("deleted mailing {mailing}"), &now],
        )
        .await?;
    // The owner can delete the message of the mailing meanwhile.
    let (message,): (i64,) = tx
        .fetch_one(
            "INSERT INTO messages (owner_id, subject, html, text, created_at, updated_at)
             VALUES ($1, '', '', '', $2, $2) RETURNING id",
            &[&account, &now],
        )
        .await?;
    // Runs before their mailing, as everyone locks them.
    tx.execute("UPDATE runs SET owner_id = $1 WHERE mailing_id = $2 AND owner_id = $3", &[&account, &mailing, &owner])
        .await?;
    let moved = tx
        .execute(
            "UPDATE mailings SET owner_id = $1, message_id = $2, next_at = NULL, disabled_at = $3
             WHERE id = $4 AND owner_id = $5",
            &[&account, &message, &now, &mailing, &owner],
        )
        .await?;
    // One that began before the mailing was locked.
    let (goes_on,): (bool,) = tx
        .fetch_one(
            "SELECT EXISTS (SELECT 1 FROM runs WHERE mailing_id = $1
                AND state IN ('planned', 'expanding', 'sending', 'paused', 'stopping'))",
            &[&mailing],
        )
        .await?;
    if moved == 0 || goes_on {
        return Ok(None);
    }
    tx.execute("UPDATE figures SET owner_id = $1 WHERE mailing_id = $2", &[&account, &mailing]).await?;
    Ok(Some(account))
}
