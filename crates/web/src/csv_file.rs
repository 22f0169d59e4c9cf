//! Tables as CSV files (RFC 4180; UTF-8 with a byte order mark, which spreadsheets look for), sent while they are read:
//! a batch is in memory at a time, whatever the length. What looks like a formula is guarded.

use std::io;

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;
use vestnik_model::{UnixMillis, spreadsheet::guarded, user::User};

use crate::error::Error;

/// Takes the rows of a file that is being sent.
#[derive(Debug)]
pub(crate) struct CsvFile {
    pieces: mpsc::Sender<io::Result<Vec<u8>>>,
}

/// Why a file is not sent to its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The reader has gone away; there is nobody to tell.
    Gone,
    /// Something of ours is broken.
    Broken(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

impl CsvFile {
    /// Sends rows on; returns when there is room for more.
    pub(crate) async fn send<Row, Value>(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), Stop>
    where
        Row: IntoIterator<Item = Value>,
        Value: AsRef<str>,
    {
        let piece = csv(rows).map_err(io::Error::other);
        self.pieces.send(piece).await.map_err(|_| Stop::Gone)
    }
}

fn csv<Row, Value>(rows: impl IntoIterator<Item = Row>) -> Result<Vec<u8>, csv::Error>
where
    Row: IntoIterator<Item = Value>,
    Value: AsRef<str>,
{
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        for value in row {
            writer.write_field(guarded(value.as_ref()).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(io::Error::other(error.to_string())))
}

/// Answers with a file. `write` runs beside the answer; when it fails, the connection is cut, so that a part is never
/// taken for the whole.
pub(crate) fn answer<Work, Writing>(name: &str, write: Work) -> Response
where
    Work: FnOnce(CsvFile) -> Writing,
    Writing: Future<Output = Result<(), Stop>> + Send + 'static,
{
    let (pieces, receiver) = mpsc::channel(2);
    let failed = pieces.clone();
    let writing = write(CsvFile { pieces: pieces.clone() });
    tokio::spawn(
        async move {
            // The mark goes first, also before an empty table.
            if pieces.send(Ok("\u{feff}".as_bytes().to_vec())).await.is_err() {
                return;
            }
            drop(pieces);
            if let Err(Stop::Broken(error)) = writing.await {
                tracing::error!(?error, "a file could not be sent to its end");
                let _ = failed.send(Err(io::Error::other("the file could not be read to its end"))).await;
            }
        }
        .instrument(tracing::Span::current()),
    );
    let disposition = format!("attachment; filename=\"{name}\"");
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A name with the day in the person's zone: `recipients-2026-11-21.csv`. `what` is ASCII.
pub(crate) fn name(what: &str, user: &User, now: UnixMillis) -> String {
    format!("{what}-{}.csv", now.timestamp().to_zoned(user.zone()).strftime("%Y-%m-%d"))
}
