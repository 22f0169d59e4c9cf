//! What migrations leave to the program, because SQL cannot do it on both databases. A migration names the step in the
//! table `unfinished`; it is done right after, and struck off in the same transaction. A process that ends in between
//! leaves it to the next.

use sqlx::AssertSqlSafe;
use vestnik_model::text::fold;

use crate::audit;
use crate::db::{Db, Result, Rows, Tx};

/// Rows that are read at a time.
const STEP: i64 = 1_000;
/// Whoever does these steps does them alone.
const FINISHING: i64 = 0x7665_7374_6e69_6b03;
/// Keys that are searched.
const FOLDED: [(&str, &str); 8] = [
    ("recipients", "name_key"),
    ("recipients", "comment_key"),
    ("users", "name_key"),
    ("mailings", "name_key"),
    ("articles", "title_key"),
    ("caught", "subject_key"),
    ("audit", "search_key"),
    ("feedback", "search_key"),
];

/// Steps in the order in which they are done.
const STEPS: [&str; 2] = ["search_keys", "folded_keys"];

const LEFT: &str = "SELECT EXISTS (SELECT 1 FROM unfinished)";

/// Does what is left.
pub(crate) async fn finish(db: &Db) -> Result<()> {
    let (left,): (bool,) = db.fetch_one(LEFT, &[]).await?;
    if !left {
        return Ok(());
    }
    let mut tx = db.begin().await?;
    finish_in(&mut tx).await?;
    tx.commit().await
}

/// The same in a transaction.
pub(crate) async fn finish_in(tx: &mut Tx) -> Result<()> {
    tx.lock(FINISHING).await?;
    for step in STEPS {
        // Another node may have done it while this one waited.
        if tx.execute("DELETE FROM unfinished WHERE step = $1", &[&step]).await? == 0 {
            continue;
        }
        match step {
            "search_keys" => fill_search_keys(tx).await?,
            _ => fold_keys(tx).await?,
        }
    }
    Ok(())
}

/// Folds keys that were stored in lower case: only those that differ.
async fn fold_keys(tx: &mut Tx) -> Result<()> {
    for (table, key) in FOLDED {
        let select = format!(
            "SELECT id, {key}, '' FROM {table}
             WHERE id > $1 AND ({key} LIKE '%ё%' OR {key} LIKE '%\u{306}%' OR {key} LIKE '%\u{308}%')
             ORDER BY id LIMIT $2"
        );
        let update =
            format!("WITH v (id, key) AS ({{rows}}) UPDATE {table} SET {key} = v.key FROM v WHERE {table}.id = v.id");
        fill(tx, &select, &update, |key, _| fold(key)).await?;
    }
    Ok(())
}

/// Lower case of what was written before there were columns for it, and of the names that SQL had lowered: on SQLite it
/// knows ASCII only.
async fn fill_search_keys(tx: &mut Tx) -> Result<()> {
    let lower = |text: &str, _: &str| fold(text);
    fill(
        tx,
        "SELECT id, name, '' FROM users WHERE id > $1 ORDER BY id LIMIT $2",
        "WITH v (id, key) AS ({rows}) UPDATE users SET name_key = v.key FROM v WHERE users.id = v.id",
        lower,
    )
    .await?;
    fill(
        tx,
        "SELECT id, name, '' FROM mailings WHERE id > $1 ORDER BY id LIMIT $2",
        "WITH v (id, key) AS ({rows}) UPDATE mailings SET name_key = v.key FROM v WHERE mailings.id = v.id",
        lower,
    )
    .await?;
    fill(
        tx,
        "SELECT id, subject, '' FROM caught WHERE id > $1 ORDER BY id LIMIT $2",
        "WITH v (id, key) AS ({rows}) UPDATE caught SET subject_key = v.key FROM v WHERE caught.id = v.id",
        lower,
    )
    .await?;
    fill(
        tx,
        "SELECT id, actor, subject FROM audit WHERE id > $1 ORDER BY id LIMIT $2",
        "WITH v (id, key) AS ({rows}) UPDATE audit SET search_key = v.key FROM v WHERE audit.id = v.id",
        audit::search_key,
    )
    .await
}

async fn fill(tx: &mut Tx, select: &str, update: &str, key: impl Fn(&str, &str) -> String) -> Result<()> {
    let mut after = 0_i64;
    loop {
        let found: Vec<(i64, String, String)> =
            tx.fetch_all(AssertSqlSafe(select.to_owned()), &[&after, &STEP]).await?;
        let Some((last, ..)) = found.last() else { return Ok(()) };
        after = *last;
        let rows =
            Rows::new().ints(found.iter().map(|(id, ..)| *id)).texts(found.iter().map(|(_, one, two)| key(one, two)));
        tx.execute_rows(update, &rows).await?;
    }
}
