//! Which delivery each connection is rendering, in `NODE.rendering` beside the journal: what a template can do to the
//! process (a stack that overflows, memory that runs out) leaves no time to say anything, so it is noted before.
//!
//! A slot of 16 bytes for each connection and each place where messages are prepared, overwritten in place by one plain
//! write. Nothing is cleared: what stands there is what was rendered last, and rendering that once more costs little.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use vestnik_model::id::{DeliveryId, RunId};

const SLOT: usize = 16;

/// What was being rendered when a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Of which run.
    pub run: RunId,
    /// For which delivery; none: the run's message was being prepared.
    pub delivery: Option<DeliveryId>,
}

/// The file of this process.
#[derive(Debug)]
pub struct Notes {
    file: File,
    /// Whether it has been said that nothing can be noted.
    complained: AtomicBool,
}

pub fn path(folder: &Path, node: &str) -> PathBuf {
    folder.join(format!("{node}.rendering"))
}

impl Notes {
    /// Makes the file.
    pub fn begin(folder: &Path, node: &str) -> io::Result<Self> {
        Ok(Self { file: File::create(path(folder, node))?, complained: AtomicBool::new(false) })
    }

    /// Notes that a run's message is being prepared in this place. Their slots are the even ones.
    pub fn preparing(&self, place: usize, run: RunId) {
        self.note(2 * place, run, DeliveryId(0));
    }

    /// Notes that the connection of this index renders a delivery.
    pub fn rendering(&self, connection: usize, run: RunId, delivery: DeliveryId) {
        self.note(2 * connection + 1, run, delivery);
    }

    fn note(&self, slot: usize, run: RunId, delivery: DeliveryId) {
        let mut bytes = [0; SLOT];
        bytes[..8].copy_from_slice(&run.0.to_le_bytes());
        bytes[8..].copy_from_slice(&delivery.0.to_le_bytes());
        // Mail goes on without: the note only helps after a crash, and the journal itself tells of a full disk.
        if let Err(error) = self.file.write_all_at(&bytes, (slot * SLOT) as u64)
            && !self.complained.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "could not note which delivery is being rendered");
        }
    }
}

/// What a process has noted that is gone; nothing if it was of a version that noted nothing.
pub fn read(folder: &Path, node: &str) -> io::Result<Vec<Noted>> {
    let mut bytes = Vec::new();
    match File::open(path(folder, node)) {
        Ok(mut file) => file.read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let number = |bytes: &[u8]| i64::from_le_bytes(bytes.try_into().unwrap_or_default());
    let noted = bytes.chunks_exact(SLOT).map(|slot| (number(&slot[..8]), number(&slot[8..])));
    let noted = noted.filter(|(run, _)| *run != 0);
    Ok(noted
        .map(|(run, delivery)| Noted { run: RunId(run), delivery: (delivery != 0).then_some(DeliveryId(delivery)) })
        .collect())
}
