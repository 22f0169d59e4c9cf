//! Tables as CSV files (RFC 4180; UTF-8 with a byte order mark, which spreadsheets look for), sent while they are read:
//! a batch is in memory at a time, whatever the length. What looks like a formula is guarded. The delimiter is the one that
//! spreadsheets in the reader's language open a file by: with another, all of a row stands in one cell.

use std::io;

use axum::response::Response;
use vestnik_model::{
    UnixMillis,
    spreadsheet::guarded,
    user::{Language, User},
};

pub(crate) use crate::download::Stop;
use crate::{
    download::{self, Pieces},
    error::Error,
};

/// What a file begins with, also before an empty table.
pub(crate) const MARK: &[u8] = "\u{feff}".as_bytes();

/// Takes the rows of a file that is being sent.
#[derive(Debug)]
pub(crate) struct CsvFile {
    pieces: Pieces,
    language: Language,
}

impl CsvFile {
    /// Sends rows on; returns when there is room for more.
    pub(crate) async fn send<Row, Value>(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), Stop>
    where
        Row: IntoIterator<Item = Value>,
        Value: AsRef<str>,
    {
        let piece = lines(self.language, rows)?;
        self.pieces.send(piece).await
    }
}

/// Where the comma separates decimals, spreadsheets separate cells by semicolons.
fn delimiter(language: Language) -> u8 {
    match language {
        Language::Ru => b';',
        Language::En => b',',
    }
}

/// Rows as they stand in a file for readers of this language.
pub(crate) fn lines<Row, Value>(language: Language, rows: impl IntoIterator<Item = Row>) -> Result<Vec<u8>, Error>
where
    Row: IntoIterator<Item = Value>,
    Value: AsRef<str>,
{
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .delimiter(delimiter(language))
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = (|| {
        for row in rows {
            for value in row {
                writer.write_field(guarded(value.as_ref()).as_bytes())?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer.into_inner().map_err(|error| csv::Error::from(io::Error::other(error.to_string())))
    })();
    written.map_err(Error::internal)
}

/// Answers with a file for readers of this language. `write` runs beside the answer.
pub(crate) fn answer<Work, Writing>(name: &str, language: Language, write: Work) -> Response
where
    Work: FnOnce(CsvFile) -> Writing + Send + 'static,
    Writing: Future<Output = Result<(), Stop>> + Send + 'static,
{
    download::answer(name, "text/csv; charset=utf-8", async move |pieces: Pieces| {
        pieces.send(MARK.to_vec()).await?;
        write(CsvFile { pieces, language }).await
    })
}

/// A name with the day in the person's zone: `recipients-2026-11-21.csv`. `what` is ASCII.
pub(crate) fn name(what: &str, user: &User, now: UnixMillis) -> String {
    download::name(what, "csv", user, now)
}
