//! Reading files of recipients into a list, with what became of each row.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;
use vestnik_model::id::{ImportId, UserId};
use vestnik_model::import::{BadRow, CsvImport, Layout, Row, detect_encoding};
use vestnik_model::recipient::RecipientDraft;
use vestnik_model::{Actor, Clock, Problem, UnixMillis};

use crate::db::{Db, Error, Result, Rows, Tx};
use crate::page::{Cursor, Page};
use crate::recipients;

/// Rows in one transaction: large enough to be quick, small enough that the page sees progress.
const BATCH: usize = 2_000;
/// Rows after which progress is noted, also when they all were rejected and nothing is stored of them.
const SILENT: usize = 50_000;
/// Rejected rows that are kept of an import, and as many warnings. The rest is counted: a file of a hundred megabytes may
/// have thirty million lines that are no recipients.
pub const KEPT_ROWS: usize = 10_000;

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
    /// Recipients who were in the list as the file has them.
    pub unchanged: i64,
    /// Rows that could not be taken; the first [`KEPT_ROWS`] are kept.
    pub rejected: i64,
    /// Rows that hold nothing but delimiters.
    pub blank_rows: i64,
    /// Rows that were taken, but not as they stood in the file; the first [`KEPT_ROWS`] are kept.
    pub warnings: i64,
    /// How the file was understood, stored.
    layout: String,
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

    /// How the file was understood; `None` until its header has been read, and for files that were read by an older
    /// version.
    pub fn layout(&self) -> Option<Layout> {
        serde_json::from_str(&self.layout).ok()
    }

    /// How many recipients of the file are in the list now.
    pub fn taken(&self) -> i64 {
        self.added + self.updated + self.unchanged
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

/// A row that was taken, but not as it stood in the file.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Warning {
    id: i64,
    /// Line of the file, 1 for the first.
    pub line: i64,
    /// The recipient's address.
    pub email: String,
    warning: String,
}

impl Warning {
    /// What was done instead.
    pub fn problem(&self) -> Problem {
        serde_json::from_str(&self.warning).unwrap_or(Problem::new("import-warning-damaged"))
    }
}

fn stored(problem: &Problem) -> String {
    // A struct of strings always has a JSON form.
    serde_json::to_string(problem).unwrap_or_default()
}

const COLUMNS: &str =
    "id, owner_id, file_name, state, size, position, added, updated, unchanged, rejected, blank_rows, warnings, layout,
     problem, created_at, finished_at";

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
    /// The header has been read.
    Begun(Layout),
    Rows(Portion),
    /// The last one: which columns have values is known now.
    Ended(Layout),
    Refused(Problem),
    Broken(io::Error),
}

/// Rows of the file.
#[derive(Default)]
struct Portion {
    good: Vec<RecipientDraft>,
    /// Those of the good ones of which something is to be told.
    remarks: Vec<Remark>,
    /// Those of the rejected ones that are kept.
    bad: Vec<BadRow>,
    rejected: usize,
    /// Blank rows from the beginning of the file.
    blank_rows: u64,
    /// Bytes of the file that have been read.
    position: u64,
}

/// What of a good row was not taken as it stood.
struct Remark {
    /// Which of the portion's rows.
    index: usize,
    line: u64,
    name_is_damaged: bool,
    comment_is_damaged: bool,
    other_addresses: Vec<String>,
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
    let (mut merged, mut warnings) = (0, 0);
    while let Some(batch) = batches.recv().await {
        match batch {
            Batch::Begun(layout) | Batch::Ended(layout) => {
                let layout = serde_json::to_string(&layout).unwrap_or_default();
                db.execute("UPDATE imports SET layout = $1 WHERE id = $2", &[&layout, &id]).await?;
            }
            Batch::Rows(portion) => {
                merged += portion.good.len();
                warnings += merge(db, actor, id, portion, KEPT_ROWS.saturating_sub(warnings), clock.now()).await?;
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

/// Merges rows into the list and notes what became of them. Answers how many warnings there were; `room` of them are
/// kept.
async fn merge(
    db: &Db,
    actor: &Actor,
    id: ImportId,
    mut portion: Portion,
    room: usize,
    now: UnixMillis,
) -> Result<usize> {
    let mut tx = db.begin().await?;
    let warnings = keep_stored_texts(&mut tx, actor, &mut portion).await?;
    let good = portion.good.len() as u64;
    let merged = match good {
        0 => recipients::Merged::default(),
        _ => recipients::merge(&mut tx, actor, &portion.good, now).await?,
    };
    let rejects = portion.bad.iter().map(|row| (row.line, row.email.replace('\0', " "), stored(&row.problem)));
    insert_rows(
        &mut tx,
        id,
        rejects.collect(),
        "WITH v (import_id, line, email, problem) AS ({rows})
         INSERT INTO import_rejects (import_id, line, email, problem)
         SELECT import_id, line, email, problem FROM v",
    )
    .await?;
    let kept = warnings.iter().take(room).map(|(line, email, warning)| (*line, email.clone(), stored(warning)));
    insert_rows(
        &mut tx,
        id,
        kept.collect(),
        "WITH v (import_id, line, email, warning) AS ({rows})
         INSERT INTO import_warnings (import_id, line, email, warning)
         SELECT import_id, line, email, warning FROM v",
    )
    .await?;
    tx.execute(
        "UPDATE imports SET added = added + $1, updated = updated + $2, unchanged = unchanged + $3,
            rejected = rejected + $4, warnings = warnings + $5, blank_rows = $6, position = $7
         WHERE id = $8",
        &[
            &(merged.added as i64),
            &(merged.updated as i64),
            &(good.saturating_sub(merged.added + merged.updated) as i64),
            &(portion.rejected as i64),
            &(warnings.len() as i64),
            &i64::try_from(portion.blank_rows).unwrap_or(i64::MAX),
            &i64::try_from(portion.position).unwrap_or(i64::MAX),
            &id,
        ],
    )
    .await?;
    tx.commit().await?;
    Ok(warnings.len())
}

/// Takes damaged names and comments out of rows whose recipient has a good one, and answers what is to be told of the
/// portion's rows: line, address, warning.
async fn keep_stored_texts(tx: &mut Tx, actor: &Actor, portion: &mut Portion) -> Result<Vec<(u64, String, Problem)>> {
    let damaged = portion.remarks.iter().filter(|remark| remark.name_is_damaged || remark.comment_is_damaged);
    let emails: Vec<_> = damaged.map(|remark| &portion.good[remark.index].email).collect();
    let filled = match emails.is_empty() {
        true => HashMap::new(),
        false => recipients::filled_texts(tx, actor, &emails).await?,
    };
    let mut warnings = Vec::new();
    for remark in &portion.remarks {
        let draft = &mut portion.good[remark.index];
        let (name_is_filled, comment_is_filled) = filled.get(&draft.email.key()).copied().unwrap_or_default();
        let keeps_name = remark.name_is_damaged && name_is_filled;
        let keeps_comment = remark.comment_is_damaged && comment_is_filled;
        let mut warn = |warning| warnings.push((remark.line, draft.email.as_str().to_owned(), warning));
        match (keeps_name, keeps_comment) {
            (true, _) => warn(Problem::new("import-warning-name-kept").with("value", &draft.full_name)),
            (false, true) => warn(Problem::new("import-warning-comment-kept")),
            (false, false) if remark.name_is_damaged => {
                warn(Problem::new("import-warning-damaged").with("value", &draft.full_name));
            }
            (false, false) if remark.comment_is_damaged => warn(Problem::new("import-warning-comment-damaged")),
            (false, false) => {}
        }
        if !remark.other_addresses.is_empty() {
            let others = remark.other_addresses.join(", ");
            warn(Problem::new("import-warning-addresses").with("others", others));
        }
        if keeps_name {
            draft.full_name.clear();
        }
        if keeps_comment {
            draft.comment.clear();
        }
    }
    Ok(warnings)
}

async fn insert_rows(tx: &mut Tx, id: ImportId, found: Vec<(u64, String, String)>, sql: &str) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let rows = Rows::new()
        .ints(found.iter().map(|_| id.0))
        .ints(found.iter().map(|(line, ..)| i64::try_from(*line).unwrap_or(i64::MAX)))
        .texts(found.iter().map(|(_, email, _)| email.as_str()))
        .texts(found.iter().map(|(_, _, problem)| problem.as_str()));
    tx.execute_rows(sql, &rows).await.map(|_| ())
}

/// Reads the file on a thread of its own: decoding and splitting is work for the processor, not a wait.
fn parse(file: File, batches: &mpsc::Sender<Batch>) {
    // The other side is gone when it has failed; it reports its own error.
    let _ = match parse_into(file, batches) {
        Ok(Some(last)) => batches.blocking_send(last),
        Ok(None) => Ok(()),
        Err(error) => batches.blocking_send(Batch::Broken(error)),
    };
}

/// What is handed over last; `None` if the other side is gone.
fn parse_into(mut file: File, batches: &mpsc::Sender<Batch>) -> io::Result<Option<Batch>> {
    let encoding = match detect_encoding(&mut file)? {
        Ok(encoding) => encoding,
        Err(problem) => return Ok(Some(Batch::Refused(problem))),
    };
    let position = Arc::new(AtomicU64::new(0));
    let counted = Counted { file, position: Arc::clone(&position) };
    let mut import = match CsvImport::open(counted, encoding)? {
        Ok(import) => import,
        Err(problem) => return Ok(Some(Batch::Refused(problem))),
    };
    if batches.blocking_send(Batch::Begun(import.layout())).is_err() {
        return Ok(None);
    }
    let mut kept = 0;
    let mut portion = Portion { good: Vec::with_capacity(BATCH), ..Portion::default() };
    loop {
        let row = import.next_row()?;
        let ended = row.is_none();
        match row {
            Some(Row::Good(row)) => {
                if row.name_is_damaged || row.comment_is_damaged || !row.other_addresses.is_empty() {
                    portion.remarks.push(Remark {
                        index: portion.good.len(),
                        line: row.line,
                        name_is_damaged: row.name_is_damaged,
                        comment_is_damaged: row.comment_is_damaged,
                        other_addresses: row.other_addresses,
                    });
                }
                portion.good.push(row.draft);
            }
            Some(Row::Bad(row)) => {
                portion.rejected += 1;
                if kept < KEPT_ROWS {
                    kept += 1;
                    portion.bad.push(row);
                }
            }
            None => {}
        }
        let is_full = portion.good.len() + portion.bad.len() >= BATCH || portion.rejected >= SILENT;
        if is_full || ended {
            portion.blank_rows = import.blank_rows();
            portion.position = position.load(Ordering::Relaxed);
            let next = Portion { good: Vec::with_capacity(BATCH), ..Portion::default() };
            if batches.blocking_send(Batch::Rows(std::mem::replace(&mut portion, next))).is_err() {
                return Ok(None);
            }
            if ended {
                return Ok(Some(Batch::Ended(import.layout())));
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

/// A page of the warnings of an import, in the file's order; pages go forth alone.
pub async fn warnings(
    db: &Db,
    actor: &Actor,
    id: ImportId,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Warning>> {
    let from = cursor.map_or(0, |cursor| cursor.id);
    let sql = "SELECT w.id, w.line, w.email, w.warning FROM import_warnings w JOIN imports i ON i.id = w.import_id
         WHERE w.import_id = $1 AND i.owner_id = $2 AND w.id > $3 ORDER BY w.id LIMIT $4";
    let rows = db.fetch_all(sql, &[&id, &actor.user(), &from, &(size as i64 + 1)]).await?;
    Ok(Page::of(rows, cursor, size, |warning: &Warning| (warning.id, String::new())))
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
