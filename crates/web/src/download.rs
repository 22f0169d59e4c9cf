//! Files that are sent while they are made: a piece is in memory at a time, whatever the length.

use std::{io, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use tokio::{sync::mpsc, time::timeout};
use tokio_stream::wrappers::ReceiverStream;
use tracing::Instrument;
use vestnik_model::{UnixMillis, user::User};

use crate::error::Error;

/// How long a reader may take to make room for a piece.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes the pieces of a file that is being sent.
#[derive(Debug)]
pub(crate) struct Pieces(mpsc::Sender<io::Result<Vec<u8>>>);

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

impl Pieces {
    /// Sends a piece on; returns when there is room for another. A reader who takes none for too long is as good as gone.
    pub(crate) async fn send(&self, piece: Vec<u8>) -> Result<(), Stop> {
        match timeout(PATIENCE, self.0.send(Ok(piece))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Stop::Gone),
        }
    }
}

/// Answers with a file. `write` runs beside the answer; when it fails, the connection is cut, so that a part is never
/// taken for the whole.
pub(crate) fn answer<Work, Writing>(name: &str, media_type: &'static str, write: Work) -> Response
where
    Work: FnOnce(Pieces) -> Writing,
    Writing: Future<Output = Result<(), Stop>> + Send + 'static,
{
    let (pieces, receiver) = mpsc::channel(2);
    let failed = pieces.clone();
    let writing = write(Pieces(pieces));
    tokio::spawn(
        async move {
            if let Err(Stop::Broken(error)) = writing.await {
                tracing::error!(?error, "a file could not be sent to its end");
                let _ = failed.send(Err(io::Error::other("the file could not be read to its end"))).await;
            }
        }
        .instrument(tracing::Span::current()),
    );
    let mut response = Body::from_stream(ReceiverStream::new(receiver)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A name with the day in the person's zone: `recipients-2026-11-21.csv`. `what` is ASCII.
pub(crate) fn name(what: &str, extension: &str, user: &User, now: UnixMillis) -> String {
    format!("{what}-{}.{extension}", now.timestamp().to_zoned(user.zone()).strftime("%Y-%m-%d"))
}
