//! Forms that have created something: the same form sent twice creates it once.
//!
//! A form that creates carries a random number of its own. Its address and its body, that number among it, are hashed;
//! whoever creates claims the hash first, in the transaction that creates. The second of two submissions waits there for
//! the first, and finds what that has created. A form that was changed before it was sent again has another hash: that is
//! another wish, and nothing of it is lost.

use vestnik_model::{Actor, UnixMillis, secret};

use crate::db::{Db, Result, Tx};

/// Stands for a form with everything that was typed into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormHash(String);

impl FormHash {
    /// Of a form that was sent to this path with this body.
    pub fn of(path: &str, body: &str) -> Self {
        Self(secret::hash(&format!("{path}\n{body}")))
    }
}

/// Takes a form for the first time. `Some`: it was taken before, and has created what this is the id of.
pub(crate) async fn claim(tx: &mut Tx, actor: &Actor, form: Option<&FormHash>, now: UnixMillis) -> Result<Option<i64>> {
    let Some(FormHash(hash)) = form else { return Ok(None) };
    let claimed = tx
        .execute(
            "INSERT INTO submitted_forms (user_id, hash, result, created_at) VALUES ($1, $2, 0, $3)
             ON CONFLICT (user_id, hash) DO NOTHING",
            &[&actor.user(), hash, &now],
        )
        .await?;
    if claimed > 0 {
        return Ok(None);
    }
    let sql = "SELECT result FROM submitted_forms WHERE user_id = $1 AND hash = $2";
    let earlier: Option<(i64,)> = tx.fetch_optional(sql, &[&actor.user(), hash]).await?;
    Ok(earlier.map(|(result,)| result))
}

/// Notes what a claimed form has created.
pub(crate) async fn created(tx: &mut Tx, actor: &Actor, form: Option<&FormHash>, result: i64) -> Result<()> {
    let Some(FormHash(hash)) = form else { return Ok(()) };
    let sql = "UPDATE submitted_forms SET result = $1 WHERE user_id = $2 AND hash = $3";
    tx.execute(sql, &[&result, &actor.user(), hash]).await?;
    Ok(())
}

/// Forgets forms that were taken before a time: no browser sends them any more.
pub async fn forget(db: &Db, before: UnixMillis) -> Result<u64> {
    db.execute("DELETE FROM submitted_forms WHERE created_at < $1", &[&before]).await
}
