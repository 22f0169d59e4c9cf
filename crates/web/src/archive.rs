//! ZIP archives that are sent while they are made.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::response::Response;
use jiff::Zoned;
use serde::Serialize;
use tokio::{runtime::Handle, sync::Semaphore};
use zip::{
    CompressionMethod, DateTime, ZipWriter,
    result::ZipError,
    write::{SimpleFileOptions, StreamWriter},
};

use crate::{
    download::{self, Pieces, Stop},
    error::Error,
};

/// What an archive is, for those who ask and for what need not be compressed once more.
pub(crate) const MEDIA_TYPE: &str = "application/zip";
/// Bytes that are worth a piece of their own.
const PIECE: usize = 64 * 1024;

/// Takes the files of an archive that is being sent, one after another.
pub(crate) struct Archive {
    pieces: Pieces,
    made: Made,
    zip: ZipWriter<StreamWriter<Made>>,
    options: SimpleFileOptions,
}

/// What is made and not sent yet.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl From<ZipError> for Error {
    fn from(error: ZipError) -> Self {
        Self::internal(error)
    }
}

impl Archive {
    fn new(pieces: Pieces, now: &Zoned) -> Self {
        let made = Made::default();
        let part = |value: i8| u8::try_from(value).unwrap_or_default();
        let at = DateTime::from_date_and_time(
            u16::try_from(now.year()).unwrap_or_default(),
            part(now.month()),
            part(now.day()),
            part(now.hour()),
            part(now.minute()),
            part(now.second()),
        );
        // Outside of the years that archives know, the files have no time.
        let at = at.unwrap_or_default();
        let options =
            SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).last_modified_time(at);
        Self { pieces, zip: ZipWriter::new_stream(made.clone()), made, options }
    }

    /// Begins the next file. One that may grow past 4 GB is `large`: its size takes more room, and some programs that
    /// read archives know no such files.
    pub(crate) async fn begin(&mut self, name: &str, large: bool) -> Result<(), Stop> {
        self.zip.start_file(name, self.options.large_file(large)).map_err(Error::from)?;
        self.send_made().await
    }

    /// Writes into the file that was begun last; returns when there is room for more.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        // In pieces, so that what is made of a long text does not pile up.
        for piece in bytes.chunks(PIECE) {
            self.zip.write_all(piece).map_err(Error::internal)?;
            self.send_made().await?;
        }
        Ok(())
    }

    /// A file with a single value in JSON.
    pub(crate) async fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), Stop> {
        self.begin(name, false).await?;
        self.write(&json(value)?).await?;
        self.write(b"\n").await
    }

    /// Begins a file with a list of values in JSON.
    pub(crate) async fn list(&mut self, name: &str) -> Result<JsonList<'_>, Stop> {
        self.begin(name, false).await?;
        self.write(b"[").await?;
        Ok(JsonList { archive: self, separator: b"\n" })
    }

    async fn send_made(&mut self) -> Result<(), Stop> {
        let piece = {
            let mut made = self.made.lock();
            if made.len() < PIECE {
                return Ok(());
            }
            mem::take(&mut *made)
        };
        self.pieces.send(piece).await
    }

    /// Ends the archive. Without this it is not one.
    pub(crate) async fn end(self) -> Result<(), Stop> {
        let Self { pieces, made, zip, .. } = self;
        zip.finish().map_err(Error::from)?;
        let rest = mem::take(&mut *made.lock());
        pieces.send(rest).await
    }
}

/// A list of values in JSON that is being written.
pub(crate) struct JsonList<'a> {
    archive: &'a mut Archive,
    separator: &'static [u8],
}

impl JsonList<'_> {
    /// Adds values.
    pub(crate) async fn add_all(&mut self, values: impl IntoIterator<Item = impl Serialize>) -> Result<(), Stop> {
        for value in values {
            self.archive.write(mem::replace(&mut self.separator, b",\n")).await?;
            self.archive.write(&json(&value)?).await?;
        }
        Ok(())
    }

    /// Ends the list.
    pub(crate) async fn end(self) -> Result<(), Stop> {
        self.archive.write(b"\n]\n").await
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec_pretty(value).map_err(Error::internal)
}

/// Answers with an archive. `write` runs beside the answer, on a thread of its own, because compressing takes a
/// processor; when it fails, the connection is cut. It begins when its turn has come: readers may be slow, and threads
/// are few.
pub(crate) fn answer<Work>(name: &str, now: Zoned, turns: Arc<Semaphore>, write: Work) -> Response
where
    Work: AsyncFnOnce(Archive) -> Result<(), Stop> + Send + 'static,
{
    download::answer(name, MEDIA_TYPE, async move |pieces| {
        let _turn = turns.acquire_owned().await.map_err(Error::internal)?;
        let runtime = Handle::current();
        let writing = move || runtime.block_on(write(Archive::new(pieces, &now)));
        tokio::task::spawn_blocking(writing).await.map_err(Error::internal)?
    })
}
