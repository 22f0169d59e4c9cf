//! `vestnik recipients import | export`

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use vestnik_model::address_field::AddressField;
use vestnik_model::clock::SystemClock;
use vestnik_model::id::{ImportId, RecipientId};
use vestnik_model::import::Column;
use vestnik_model::spreadsheet::guarded;
use vestnik_model::{Actor, Clock as _};
use vestnik_store::import::{self, Import};
use vestnik_store::{Cursor, Db, recipients};

use crate::cli::{ExportArgs, ImportArgs, RecipientsCommand};
use crate::failure::{Failure, in_words};
use crate::installation::{self, owner, progress_bar};

/// Rows read at once.
const BATCH: i64 = 5_000;
/// Warnings that are printed.
const SHOWN_WARNINGS: usize = 20;

/// Dispatches.
pub async fn run(command: RecipientsCommand) -> Result<(), Failure> {
    match command {
        RecipientsCommand::Import(args) => import(args).await,
        RecipientsCommand::Export(args) => export(args).await,
    }
}

async fn import(args: ImportArgs) -> Result<(), Failure> {
    let unreadable = |error: io::Error| Failure::failed(format!("{} cannot be read: {error}", args.file.display()));
    let file = File::open(&args.file).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Failure::misused(format!("{} is not a file", args.file.display())));
    }
    let db = installation::open_existing(&args.data).await?;
    let (_, actor) = owner(&db, &args.owner).await?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let id = import::begin(&db, &actor, &name, metadata.len(), SystemClock.now()).await?;
    let read = tokio::select! {
        read = import::read(&db, &actor, id, file, &SystemClock) => read?,
        never = show_progress(&db, &actor, id, metadata.len()) => match never {},
    };
    if let Some(report) = &args.report {
        write_report(&db, &actor, id, report).await?;
    }
    if let Some(problem) = read.problem() {
        return Err(Failure::failed(format!("{}: {}", args.file.display(), in_words(&problem))));
    }
    summary(&read, args.report.as_deref());
    tell_warnings(&db, &actor, &read).await?;
    match read.taken() {
        0 => Err(Failure::failed(format!("{}: no row was taken", args.file.display()))),
        _ => Ok(()),
    }
}

/// Moves the bar until the import is done.
async fn show_progress(db: &Db, actor: &Actor, id: ImportId, size: u64) -> std::convert::Infallible {
    let bar = progress_bar(size, "{bar:40} {bytes}/{total_bytes} {msg}");
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Ok(Some(import)) = import::find(db, actor, id).await {
            bar.set_position(u64::try_from(import.position).unwrap_or(0));
            bar.set_message(format!("{} added, {} rejected", import.added, import.rejected));
        }
    }
}

fn summary(import: &Import, report: Option<&Path>) {
    println!(
        "added {}, updated {}, unchanged {}, rejected {}",
        import.added, import.updated, import.unchanged, import.rejected
    );
    if import.blank_rows > 0 {
        eprintln!("blank rows skipped: {}", import.blank_rows);
    }
    let not_taken = import.layout().map(|layout| layout.not_taken).unwrap_or_default();
    let not_taken: Vec<String> = not_taken.into_iter().filter(|column| column.filled).map(named).collect();
    if !not_taken.is_empty() {
        eprintln!("columns not taken: {}", not_taken.join(", "));
    }
    match report {
        Some(report) if import.rejected > import::KEPT_ROWS as i64 => {
            eprintln!("the first {} rejected rows are in {}", import::KEPT_ROWS, report.display());
        }
        Some(report) if import.rejected > 0 => eprintln!("rejected rows are in {}", report.display()),
        None if import.rejected > 0 => eprintln!("--report FILE writes rejected rows with their reasons"),
        _ => {}
    }
}

/// What a column is called, or where it stands.
fn named(column: Column) -> String {
    if column.name.is_empty() { format!("#{}", column.number) } else { column.name }
}

/// Says what of rows that were taken was not taken as it stood.
async fn tell_warnings(db: &Db, actor: &Actor, import: &Import) -> Result<(), Failure> {
    for warning in import::warnings(db, actor, import.id, None, SHOWN_WARNINGS).await?.rows {
        eprintln!("line {}, {}: {}", warning.line, warning.email, in_words(&warning.problem()));
    }
    match import.warnings - SHOWN_WARNINGS as i64 {
        more if more > 0 => eprintln!("{more} more warnings"),
        _ => {}
    }
    Ok(())
}

async fn write_report(db: &Db, actor: &Actor, id: ImportId, path: &Path) -> Result<(), Failure> {
    let unwritable = |error: String| Failure::failed(format!("{} cannot be written: {error}", path.display()));
    let mut report = csv::Writer::from_path(path).map_err(|error| unwritable(error.to_string()))?;
    report.write_record(["line", "email", "reason"]).map_err(|error| unwritable(error.to_string()))?;
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = import::rejects(db, actor, id, cursor.as_ref(), 1_000).await?;
        for reject in &page.rows {
            report
                .write_record([&reject.line.to_string(), &*guarded(&reject.email), &in_words(&reject.problem())])
                .map_err(|error| unwritable(error.to_string()))?;
        }
        match page.next {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    report.flush().map_err(|error| unwritable(error.to_string()))
}

async fn export(args: ExportArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let (_, actor) = owner(&db, &args.owner).await?;
    let mut output = csv::Writer::from_writer(io::stdout().lock());
    output.write_record(["email", "full name", "comment"]).map_err(broken)?;
    let mut after = RecipientId(0);
    loop {
        let batch = recipients::batch_after(&db, &actor, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.id;
        for recipient in &batch {
            let fields = [&recipient.email, &recipient.full_name, &recipient.comment].map(|field| guarded(field));
            output.write_record(fields.iter().map(|field| field.as_bytes())).map_err(broken)?;
        }
    }
    output.flush()?;
    Ok(())
}

/// Standard output could not be written.
pub fn broken(error: csv::Error) -> Failure {
    Failure::failed(format!("the output cannot be written: {error}"))
}

/// Reads addresses from a file: a CSV with an email column, or an address a line.
pub fn addresses(path: &Path) -> Result<Vec<vestnik_mail::address::EmailAddress>, Failure> {
    use vestnik_model::import::{CsvImport, Row, detect_encoding};

    let unreadable = |error: io::Error| Failure::failed(format!("{} cannot be read: {error}", path.display()));
    let encoding = detect_encoding(File::open(path).map_err(unreadable)?)
        .map_err(unreadable)?
        .map_err(|problem| Failure::failed(format!("{}: {}", path.display(), in_words(&problem))))?;
    let at = |line: u64, words: String| Failure::failed(format!("{}, line {line}: {words}", path.display()));
    let mut found = Vec::new();
    if let Ok(mut rows) = CsvImport::open(File::open(path).map_err(unreadable)?, encoding).map_err(unreadable)? {
        while let Some(row) = rows.next_row().map_err(unreadable)? {
            match row {
                Row::Good(row) => found.push(row.draft.email),
                Row::Bad(row) if row.problem.id == "problem-import-repeated" => {}
                Row::Bad(row) => return Err(at(row.line, in_words(&row.problem))),
            }
        }
        return Ok(found);
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let (text, _, _) = encoding.decode(&bytes);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let field = AddressField::single(line).map_err(|problem| at(index as u64 + 1, in_words(&problem)))?;
        found.push(field.email);
    }
    Ok(found)
}
