//! The journals of processes that are gone.

use std::collections::HashMap;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use vestnik_store::life::Life;
use vestnik_store::settle::Claim;

use super::rendering::{self, Noted};
use super::{Record, boot, is_at, lock_path, names_in};

/// What a process that is gone has left.
#[derive(Debug)]
pub struct Left {
    /// The process, as its claims name it.
    pub node: String,
    /// The last record of each claim.
    pub records: Vec<Record>,
    /// The hashes of their recipients, as far as they were noted.
    pub recipients: HashMap<Claim, u64>,
    /// What it was rendering.
    pub rendering: Vec<Noted>,
    /// Whether no record is missing: the machine has been up ever since, and only the last may be torn.
    pub complete: bool,
    folder: PathBuf,
    segments: Vec<PathBuf>,
    // Locked, so that of two processes that start, one replays.
    _lock: File,
}

impl Left {
    /// Removes what has been replayed.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub fn forget(self) -> io::Result<()> {
        for segment in &self.segments {
            fs::remove_file(segment)?;
        }
        match fs::remove_file(rendering::path(&self.folder, &self.node)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::remove_file(lock_path(&self.folder, &self.node))
    }
}

/// The journals that processes left which are gone, as far as they belong to this life of the database.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn left_behind(folder: &Path, life: &Life) -> io::Result<Vec<Left>> {
    let mut left = Vec::new();
    if !folder.exists() {
        return Ok(left);
    }
    for node in names_in(folder)?.iter().filter_map(|name| name.strip_suffix(".lock")) {
        let mut lock = match File::open(lock_path(folder, node)) {
            Ok(lock) => lock,
            // Its process has ended well meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => continue,
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Another has replayed it meanwhile.
        if !is_at(&lock, &lock_path(folder, node))? {
            continue;
        }
        let mut text = String::new();
        lock.read_to_string(&mut text)?;
        let mut lines = text.lines();
        let (its_boot, its_life) = (lines.next().unwrap_or_default(), lines.next());
        if !belongs(its_life, life) {
            tracing::debug!(node, "a journal belongs to another life of the database");
            continue;
        }
        // Only now: until it was locked, its process may have begun another segment.
        let prefix = format!("{node}-");
        let segments: Vec<PathBuf> =
            names_in(folder)?.iter().filter(|name| name.starts_with(&prefix)).map(|name| folder.join(name)).collect();
        let Replayed { records, recipients, whole } = replay(&segments)?;
        left.push(Left {
            node: node.to_owned(),
            records,
            recipients,
            rendering: rendering::read(folder, node)?,
            complete: whole && !its_boot.is_empty() && its_boot == boot().trim_end(),
            folder: folder.to_owned(),
            segments,
            _lock: lock,
        });
    }
    Ok(left)
}

/// Whether a journal that names this life, or as those of old none, is one of the database's.
fn belongs(named: Option<&str>, life: &Life) -> bool {
    match named {
        Some(named) => named == life.name,
        None => life.restored_at.is_none(),
    }
}

/// How many journals in a folder belong to another life of the database: nobody will ever replay them here.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn of_other_lives(folder: &Path, life: &Life) -> io::Result<usize> {
    if !folder.exists() {
        return Ok(0);
    }
    let mut count = 0;
    for lock in names_in(folder)?.iter().filter(|name| name.ends_with(".lock")) {
        match fs::read_to_string(folder.join(lock)) {
            Ok(text) => count += usize::from(!belongs(text.lines().nth(1), life)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// What the segments of a journal tell.
struct Replayed {
    /// The last record of each claim.
    records: Vec<Record>,
    recipients: HashMap<Claim, u64>,
    /// Whether none is torn but the very last.
    whole: bool,
}

/// Reads segments in their order.
fn replay(segments: &[PathBuf]) -> io::Result<Replayed> {
    let mut last: HashMap<Claim, Record> = HashMap::new();
    let mut recipients = HashMap::new();
    let (mut torn, mut whole) = (false, true);
    for path in segments {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            whole &= !torn;
            match serde_json::from_slice::<Record>(&line) {
                Ok(record) => {
                    if let Record::HandedOver(record) = &record {
                        recipients.insert((record.delivery, record.epoch), record.recipient);
                    }
                    last.insert(record.claim(), record);
                }
                // A process killed while it wrote leaves a torn line: its dot was never written.
                Err(error) => {
                    torn = true;
                    tracing::warn!(%error, path = %path.display(), "a journal has a torn record");
                }
            }
            line.clear();
        }
    }
    Ok(Replayed { records: last.into_values().collect(), recipients, whole })
}
