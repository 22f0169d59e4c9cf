//! `vestnik attempts export`

use std::io::{self, Write};

use serde::Serialize;
use vestnik_model::Actor;
use vestnik_model::delivery::Attempt;
use vestnik_model::id::AttemptId;
use vestnik_model::spreadsheet::guarded;
use vestnik_model::user::Language;
use vestnik_store::ledger::{self, AttemptFilter};
use vestnik_store::mailings;
use vestnik_web::i18n;

use crate::cli::{AttemptsCommand, ExportAttemptsArgs, ExportFormat};
use crate::commands::recipients::broken;
use crate::failure::Failure;
use crate::installation;

/// Rows read at once.
const BATCH: i64 = 5_000;

/// Dispatches.
pub async fn run(command: AttemptsCommand) -> Result<(), Failure> {
    let AttemptsCommand::Export(args) = command;
    export(args).await
}

/// The columns, in the order of [`Line`].
const COLUMNS: [&str; 15] = [
    "email",
    "time",
    "successful",
    "code",
    "enhanced_code",
    "answer",
    "message_id",
    "attempt",
    "unknown",
    "phase",
    "server",
    "tls",
    "duration_ms",
    "error_kind",
    "error",
];

/// A line of the export.
#[derive(Clone, Serialize)]
struct Line<'a> {
    email: &'a str,
    /// RFC 3339, UTC.
    time: String,
    successful: bool,
    code: Option<i64>,
    enhanced_code: Option<&'a str>,
    answer: &'a str,
    message_id: &'a str,
    attempt: i64,
    /// Whether the server may have taken it although nothing says so.
    unknown: bool,
    phase: &'a str,
    server: &'a str,
    tls: &'a str,
    duration_ms: i64,
    /// What happened, where the server's answer alone does not say it: an id for programs.
    error_kind: &'a str,
    /// The same in words.
    error: String,
}

impl<'a> From<&'a Attempt> for Line<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            email: &attempt.email,
            time: attempt.at.to_string(),
            successful: attempt.successful,
            code: attempt.code,
            enhanced_code: attempt.enhanced.as_deref(),
            answer: &attempt.reply,
            message_id: &attempt.message_id,
            attempt: attempt.number,
            unknown: attempt.unknown,
            phase: &attempt.phase,
            server: &attempt.server,
            tls: &attempt.tls,
            duration_ms: attempt.duration_ms,
            error_kind: &attempt.error.error_kind,
            error: i18n::attempt_error(Language::En, &attempt.error, &attempt.phase),
        }
    }
}

async fn export(args: ExportAttemptsArgs) -> Result<(), Failure> {
    let db = installation::open_existing(&args.data).await?;
    let owner = mailings::owner(&db, args.mailing).await?;
    let owner = owner.ok_or_else(|| Failure::failed(format!("there is no mailing {}", args.mailing)))?;
    let actor = Actor::of(&owner);
    let filter = AttemptFilter::of(args.mailing);
    let mut output = Output::new(args.format, io::stdout().lock());
    output.header()?;
    let mut after = AttemptId(0);
    loop {
        let batch = ledger::batch_after(&db, &actor, &filter, after, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = last.id;
        for attempt in &batch {
            output.write(&Line::from(attempt))?;
        }
    }
    output.finish()
}

enum Output<W: Write> {
    Csv(Box<csv::Writer<W>>),
    Jsonl(io::BufWriter<W>),
}

impl<W: Write> Output<W> {
    fn new(format: ExportFormat, writer: W) -> Self {
        match format {
            ExportFormat::Csv => Self::Csv(Box::new(csv::WriterBuilder::new().has_headers(false).from_writer(writer))),
            ExportFormat::Jsonl => Self::Jsonl(io::BufWriter::new(writer)),
        }
    }

    /// Written also when nothing follows.
    fn header(&mut self) -> Result<(), Failure> {
        match self {
            Self::Csv(csv) => csv.write_record(COLUMNS).map_err(broken),
            Self::Jsonl(_) => Ok(()),
        }
    }

    fn write(&mut self, line: &Line<'_>) -> Result<(), Failure> {
        match self {
            // What a stranger's server said must not run in a spreadsheet.
            Self::Csv(csv) => csv
                .serialize(Line {
                    email: &guarded(line.email),
                    answer: &guarded(line.answer),
                    error: guarded(&line.error).into_owned(),
                    ..line.clone()
                })
                .map_err(broken),
            Self::Jsonl(writer) => {
                serde_json::to_writer(&mut *writer, line).map_err(io::Error::from)?;
                Ok(writer.write_all(b"\n")?)
            }
        }
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Csv(mut csv) => Ok(csv.flush()?),
            Self::Jsonl(mut writer) => Ok(writer.flush()?),
        }
    }
}
