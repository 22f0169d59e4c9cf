//! Reading files of recipients into a list, with what became of each row.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use vestnik_model::id::{ImportId, UserId};
use vestnik_model::import::{BadRow, CsvImport, Row, detect_encoding};
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::{Actor, Clock, Problem, UnixMillis};

use crate::db::{Db, Error, Result, Rows, Tx};
use crate::page::{Cursor, Page};
use crate::recipients;

/// Rows in one transaction: large enough to be quick, small enough that the page sees progress.
const BATCH: usize = 2_000;

/// One file being or having been read in.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Import {
    /// Identifier.
    pub id: ImportId,
    /// Whose list it goes into.
    pub owner_id: UserId,
    /// As the person's machine calls it.
    pub file_name: String,
    /// `reading`, `done` or `failed`.
    pub state: String,
    /// Bytes of the file.
    pub size: i64,
    /// Bytes that have been read.
    pub position: i64,
    /// New recipients.
    pub added: i64,
    /// Recipients whose name or comment changed.
    pub updated: i64,
    /// Rows that could not be taken.
    pub rejected: i64,
    /// Why the file as a whole could not be taken, stored.
    problem: String,
    /// When it began.
    pub created_at: UnixMillis,
    /// When it ended.
    pub finished_at: Option<UnixMillis>,
}

impl Import {
    /// Why the file as a whole could not be taken.
    pub fn problem(&self) -> Option<Problem> {
        serde_json::from_str(&self.problem).ok()
    }

    /// Whether it is still going on.
    pub fn is_reading(&self) -> bool {
        self.state == "reading"
    }
}

/// A row that could not be taken.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Reject {
    id: i64,
    /// Line of the file, 1 for the first.
    pub line: i64,
    /// What stood in the email column.
    pub email: String,
    problem: String,
}

impl Reject {
    /// What is wrong with the row.
    pub fn problem(&self) -> Problem {
        serde_json::from_str(&self.problem).unwrap_or(Problem::new("problem-required"))
    }
}

fn stored(problem: &Problem) -> String {
    // A struct of strings always has a JSON form.
    serde_json::to_string(problem).unwrap_or_default()
}

const COLUMNS: &str =
    "id, owner_id, file_name, state, size, position, added, updated, rejected, problem, created_at, finished_at";

/// Notes that a file is going to be read.
pub async fn begin(db: &Db, actor: &Actor, file_name: &str, size: u64, now: UnixMillis) -> Result<ImportId> {
    let mut tx = db.begin().await?;
    let (id,): (ImportId,) = tx
        .fetch_one(
            "INSERT INTO imports (owner_id, file_name, state, size, created_at)
             VALUES ($1, $2, 'reading', $3, $4) RETURNING id",
            &[&actor.user(), &file_name, &i64::try_from(size).unwrap_or(i64::MAX), &now],
        )
        .await?;
    tx.commit().await?;
    Ok(id)
}

/// What the reading thread hands over.
enum Batch {
    Rows { good: Vec<RecipientDraft>, bad: Vec<BadRow>, position: u64 },
    Refused(Problem),
    Broken(io::Error),
}

/// Reads the file into the actor's list, noting progress as it goes. An error of the database or the file ends the
/// import as *failed*; what was merged before stays.
pub async fn read(db: &Db, actor: &Actor, id: ImportId, file: File, clock: &dyn Clock) -> Result<Import> {
    let outcome = merge_all(db, actor, id, file, clock).await;
    let (state, problem) = match &outcome {
        Ok(None) => ("done", String::new()),
        Ok(Some(problem)) => ("failed", stored(problem)),
        Err(_) => ("failed", stored(&Problem::new("problem-import-broken"))),
    };
    db.execute(
        "UPDATE imports SET state = $1, problem = $2, finished_at = $3,
            position = CASE WHEN $1 = 'done' THEN size ELSE position END
         WHERE id = $4",
        &[&state, &problem, &clock.now(), &id],
    )
    .await?;
    outcome?;
    find(db, actor, id).await?.ok_or(Error::Database(sqlx::Error::RowNotFound))
}

async fn merge_all(db: &Db, actor: &Actor, id: ImportId, file: File, clock: &dyn Clock) -> Result<Option<Problem>> {
    let (sender, mut batches) = mpsc::channel(2);
    let reader = tokio::task::spawn_blocking(move || parse(file, &sender));
    let mut refused = None;
    let before = recipients::count(db, actor, "").await?;
    let mut merged = 0;
    while let Some(batch) = batches.recv().await {
        match batch {
            Batch::Rows { good, bad, position } => {
                merged += good.len();
                merge(db, actor, id, &good, &bad, position, clock.now()).await?;
            }
            Batch::Refused(problem) => refused = Some(problem),
            Batch::Broken(error) => return Err(error.into()),
        }
    }
    reader.await.map_err(|error| Error::File(io::Error::other(error)))?;
    if merged > 20_000 && merged as i64 > before {
        db.analyze("recipients").await?;
    }
    Ok(refused)
}

async fn merge(
    db: &Db,
    actor: &Actor,
    id: ImportId,
    good: &[RecipientDraft],
    bad: &[BadRow],
    position: u64,
    now: UnixMillis,
) -> Result<()> {
    let mut tx = db.begin().await?;
    let merged = if good.is_empty() {
        recipients::Merged::default()
    } else {
        recipients::merge(&mut tx, actor, good, now).await?
    };
    if !bad.is_empty() {
        let rows = Rows::new()
            .ints(bad.iter().map(|_| id.0))
            .ints(bad.iter().map(|row| i64::try_from(row.line).unwrap_or(i64::MAX)))
            .texts(bad.iter().map(|row| row.email.replace('\0', " ")))
            .texts(bad.iter().map(|row| stored(&row.problem)));
        tx.execute_rows(
            "WITH v (import_id, line, email, problem) AS ({rows})
             INSERT INTO import_rejects (import_id, line, email, problem)
             SELECT import_id, line, email, problem FROM v",
            &rows,
        )
        .await?;
    }
    tx.execute(
        "UPDATE imports SET added = added + $1, updated = updated + $2, rejected = rejected + $3, position = $4
         WHERE id = $5",
        &[
            &(merged.added as i64),
            &(merged.updated as i64),
            &(bad.len() as i64),
            &i64::try_from(position).unwrap_or(i64::MAX),
            &id,
        ],
    )
    .await?;
    tx.commit().await
}

/// Reads the file on a thread of its own: decoding and splitting is work for the processor, not a wait.
fn parse(file: File, batches: &mpsc::Sender<Batch>) {
    if let Err(error) = parse_into(file, batches) {
        let _ = batches.blocking_send(Batch::Broken(error));
    }
}

fn parse_into(mut file: File, batches: &mpsc::Sender<Batch>) -> io::Result<()> {
    let encoding = detect_encoding(&mut file)?;
    file.seek(SeekFrom::Start(0))?;
    let position = Arc::new(AtomicU64::new(0));
    let counted = Counted { file, position: Arc::clone(&position) };
    let mut import = match CsvImport::open(counted, encoding)? {
        Ok(import) => import,
        Err(problem) => {
            let _ = batches.blocking_send(Batch::Refused(problem));
            return Ok(());
        }
    };
    let (mut good, mut bad) = (Vec::with_capacity(BATCH), Vec::new());
    loop {
        let row = import.next_row()?;
        let ended = row.is_none();
        match row {
            Some(Row::Good(draft)) => good.push(draft),
            Some(Row::Bad(row)) => bad.push(row),
            None => {}
        }
        if good.len() + bad.len() >= BATCH || ended {
            let batch = Batch::Rows {
                good: std::mem::replace(&mut good, Vec::with_capacity(BATCH)),
                bad: std::mem::take(&mut bad),
                position: position.load(Ordering::Relaxed),
            };
            // The other side is gone when it has failed; it reports its own error.
            if batches.blocking_send(batch).is_err() || ended {
                return Ok(());
            }
        }
    }
}

/// Counts what is read, for the progress bar.
struct Counted {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.position.fetch_add(length as u64, Ordering::Relaxed);
        Ok(length)
    }
}

/// One of the actor's imports.
pub async fn find(db: &Db, actor: &Actor, id: ImportId) -> Result<Option<Import>> {
    db.fetch_optional(
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM imports WHERE id = $1 AND owner_id = $2")),
        &[&id, &actor.user()],
    )
    .await
}

/// The actor's latest imports, newest first.
pub async fn latest(db: &Db, actor: &Actor, limit: i64) -> Result<Vec<Import>> {
    db.fetch_all(
        sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM imports WHERE owner_id = $1 ORDER BY id DESC LIMIT $2")),
        &[&actor.user(), &limit],
    )
    .await
}

/// A page of the rows that an import could not take, in the file's order.
pub async fn rejects(
    db: &Db,
    actor: &Actor,
    id: ImportId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Reject>> {
    let limit = size as i64 + 1;
    let back = cursor.is_some_and(|cursor| cursor.back);
    let from = cursor.map_or(0, |cursor| cursor.id);
    let sql = if back {
        "SELECT j.id, j.line, j.email, j.problem FROM import_rejects j JOIN imports i ON i.id = j.import_id
         WHERE j.import_id = $1 AND i.owner_id = $2 AND j.id < $3 ORDER BY j.id DESC LIMIT $4"
    } else {
        "SELECT j.id, j.line, j.email, j.problem FROM import_rejects j JOIN imports i ON i.id = j.import_id
         WHERE j.import_id = $1 AND i.owner_id = $2 AND j.id > $3 ORDER BY j.id LIMIT $4"
    };
    let rows = db.fetch_all(sql, &[&id, &actor.user(), &from, &limit]).await?;
    Ok(Page::of(rows, cursor, size, |reject: &Reject| (reject.id, String::new())))
}

/// Ends imports that a stopped process left behind: their file is gone with it.
pub async fn fail_abandoned(db: &Db, now: UnixMillis) -> Result<()> {
    let mut tx = db.begin().await?;
    fail_abandoned_in(&mut tx, now).await?;
    tx.commit().await
}

/// The same in a transaction.
pub(crate) async fn fail_abandoned_in(tx: &mut Tx, now: UnixMillis) -> Result<()> {
    tx.execute(
        "UPDATE imports SET state = 'failed', problem = $1, finished_at = $2 WHERE state = 'reading'",
        &[&stored(&Problem::new("problem-import-broken")), &now],
    )
    .await
    .map(|_| ())
}
