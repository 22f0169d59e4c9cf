//! What this process must not forget when it dies: which messages had been handed over, and what the mail server said.
//!
//! One record is written just before a message's final dot: that it is being handed over. One is written after the
//! reply: its outcome. The next process replays them before its first claim: of each claim the last record counts, one
//! that was only handed over has an unknown fate, and what was claimed without any record had not been handed over and
//! is simply sent. A connection writes a message's outcome together with the next one's first record, in one write: so a
//! process that is killed leaves at most one message of unknown fate a connection.
//!
//! Records are lines of JSON in segments, `NODE-NUMBER.log`, written with plain `write(2)`: they outlive the process,
//! which is what they are for. Beside them stands what was being rendered ([`rendering`]). A machine that loses power may lose the last of them; so `NODE.lock`, locked as long as
//! its process lives, names the boot that it belongs to, and after another boot nothing is taken for unsent. Its second
//! line names the life of the database (`vestnik_store::life`): what a journal of another life tells would be noted of
//! the wrong deliveries, so it is left alone. A segment goes when all of its messages are in the ledger.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use vestnik_model::UnixMillis;
use vestnik_model::id::{DeliveryId, MailingId, RunId};
use vestnik_model::mailing::UnknownPolicy;
use vestnik_store::life::Life;
use vestnik_store::settle::{Claim, Outcome};
use vestnik_store::{Db, deliveries, nodes};

use crate::queue::Job;

mod rendering;

pub use rendering::Noted;
use rendering::Notes;

/// Bytes after which a new segment begins.
const SEGMENT: u64 = 4 * 1024 * 1024;

/// A message that is being handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// Which delivery.
    pub delivery: DeliveryId,
    /// Of which run.
    pub run: RunId,
    /// Of which mailing.
    pub mailing: MailingId,
    /// Which claim.
    pub epoch: i64,
    /// Which attempt.
    pub number: i64,
    /// How many attempts before it do not count.
    pub excused: i64,
    /// When.
    pub at: UnixMillis,
    /// What becomes of it if nothing more is heard.
    pub on_unknown: UnknownPolicy,
}

impl HandedOver {
    /// The message of a job, now.
    pub fn of(job: &Job, now: UnixMillis) -> Self {
        Self {
            delivery: job.claimed.id,
            run: job.run.id,
            mailing: job.run.mailing,
            epoch: job.claimed.epoch,
            number: job.claimed.number,
            excused: job.claimed.excused,
            at: now,
            on_unknown: job.run.on_unknown,
        }
    }
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub enum Record {
    /// Written just before the final dot.
    #[serde(rename = "d")]
    HandedOver(HandedOver),
    /// Written after the reply.
    #[serde(rename = "r")]
    Outcome(Box<Outcome>),
}

/// A [`Record`] to be written.
#[derive(Serialize)]
enum Line<'a> {
    #[serde(rename = "d")]
    HandedOver(&'a HandedOver),
    #[serde(rename = "r")]
    Outcome(&'a Outcome),
}

impl Record {
    /// Of which claim it tells.
    pub fn claim(&self) -> Claim {
        match self {
            Self::HandedOver(record) => (record.delivery, record.epoch),
            Self::Outcome(outcome) => outcome.claim(),
        }
    }
}

/// The journal that this process writes.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    node: String,
    writing: Mutex<Writing>,
    notes: Notes,
    // Held open; the system keeps the lock for as long.
    _lock: File,
}

#[derive(Debug)]
struct Writing {
    file: File,
    segment: u64,
    length: u64,
    /// How many records of each segment speak of claims that are not in the ledger yet.
    open: BTreeMap<u64, usize>,
    /// The segments in which a claim that is not in the ledger yet has records.
    claims: HashMap<Claim, Vec<u64>>,
    line: Vec<u8>,
}

impl Journal {
    /// Begins a journal of a life of the database.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin(folder: &Path, node: &str, life: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut lock = loop {
            let lock = File::create(lock_path(folder, node))?;
            lock.lock()?;
            // Someone may have taken it for one that was left behind, between the two.
            if is_at(&lock, &lock_path(folder, node))? {
                break lock;
            }
        };
        if !knows_boot() {
            tracing::warn!(
                "this system does not tell when it was started: if this process is killed, what it had claimed is taken \
                 for of unknown fate, and not for unsent"
            );
        }
        lock.write_all(format!("{}\n{life}\n", boot().trim_end()).as_bytes())?;
        let writing = Writing {
            file: File::create(segment_path(folder, node, 0))?,
            segment: 0,
            length: 0,
            open: BTreeMap::new(),
            claims: HashMap::new(),
            line: Vec::new(),
        };
        let notes = Notes::begin(folder, node)?;
        Ok(Self { folder: folder.to_owned(), node: node.to_owned(), writing: Mutex::new(writing), notes, _lock: lock })
    }

    /// Notes that a run's message is being prepared in this place.
    pub fn preparing(&self, place: usize, run: RunId) {
        self.notes.preparing(place, run);
    }

    /// Notes that the connection of this index renders a delivery.
    pub fn rendering(&self, connection: usize, job: &Job) {
        self.notes.rendering(connection, job.run.id, job.claimed.id);
    }

    /// Writes that a message is being handed over and, before it, the outcome of the one before. The records are with the
    /// system when this returns.
    ///
    /// # Errors
    /// They could not be written; then the message must not be handed over.
    pub fn hand_over(&self, before: Option<&Outcome>, next: HandedOver) -> io::Result<()> {
        self.write(before, Some(next))
    }

    /// Writes the outcome of a message that was handed over.
    ///
    /// # Errors
    /// It could not be written.
    pub fn answered(&self, outcome: &Outcome) -> io::Result<()> {
        self.write(Some(outcome), None)
    }

    fn write(&self, outcome: Option<&Outcome>, next: Option<HandedOver>) -> io::Result<()> {
        let mut writing = self.lock();
        let writing = &mut *writing;
        if writing.length >= SEGMENT {
            let file = File::create(segment_path(&self.folder, &self.node, writing.segment + 1))?;
            let full = writing.segment;
            writing.file = file;
            writing.segment += 1;
            writing.length = 0;
            if !writing.open.contains_key(&full) {
                self.remove(full);
            }
        }
        writing.line.clear();
        // An outcome that is in the ledger already needs no record.
        let outcome = outcome.filter(|outcome| writing.claims.contains_key(&outcome.claim()));
        if let Some(outcome) = outcome {
            serde_json::to_writer(&mut writing.line, &Line::Outcome(outcome))?;
            writing.line.push(b'\n');
        }
        if let Some(next) = &next {
            serde_json::to_writer(&mut writing.line, &Line::HandedOver(next))?;
            writing.line.push(b'\n');
        }
        if let Err(error) = writing.file.write_all(&writing.line) {
            // Half a record would swallow the next one. If it cannot be taken back, the next one begins a segment.
            let taken_back =
                writing.file.set_len(writing.length).and_then(|()| writing.file.seek(SeekFrom::Start(writing.length)));
            if taken_back.is_err() {
                writing.length = SEGMENT;
            }
            return Err(error);
        }
        writing.length += writing.line.len() as u64;
        for claim in outcome.map(Outcome::claim).into_iter().chain(next.map(|next| (next.delivery, next.epoch))) {
            *writing.open.entry(writing.segment).or_default() += 1;
            writing.claims.entry(claim).or_default().push(writing.segment);
        }
        Ok(())
    }

    /// Forgets claims whose outcome is in the ledger.
    pub fn committed(&self, outcomes: &[Outcome]) {
        let mut writing = self.lock();
        let mut done = Vec::new();
        for outcome in outcomes {
            for segment in writing.claims.remove(&outcome.claim()).unwrap_or_default() {
                if let Some(open) = writing.open.get_mut(&segment) {
                    *open -= 1;
                    if *open == 0 {
                        writing.open.remove(&segment);
                        done.push(segment);
                    }
                }
            }
        }
        let current = writing.segment;
        drop(writing);
        for segment in done.into_iter().filter(|segment| *segment != current) {
            self.remove(segment);
        }
    }

    /// Ends the journal of a process that stops well, giving back what it had claimed and not handed over. While a
    /// record speaks of a claim that is not in the ledger, the journal stays, and the next process does both.
    ///
    /// # Errors
    /// The database's; the journal stays.
    pub async fn give_back_rest(&self, db: &Db, node: &str) -> vestnik_store::Result<()> {
        if !self.lock().open.is_empty() {
            return Ok(());
        }
        deliveries::release(db, node).await?;
        nodes::remove(db, node).await?;
        let segment = self.lock().segment;
        self.remove(segment);
        fs::remove_file(rendering::path(&self.folder, &self.node))?;
        fs::remove_file(lock_path(&self.folder, &self.node))?;
        Ok(())
    }

    fn remove(&self, segment: u64) {
        let path = segment_path(&self.folder, &self.node, segment);
        if let Err(error) = fs::remove_file(&path) {
            tracing::warn!(%error, path = %path.display(), "a journal's segment could not be removed");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a path still leads to an open file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    Ok(fs::metadata(path).is_ok_and(|at| (at.dev(), at.ino()) == (open.dev(), open.ino())))
}

/// Names the time since the machine was started; empty where the system does not tell.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

/// Whether the system tells whether it was started anew. Where it does not, nobody knows after a kill that a journal is
/// complete.
pub fn knows_boot() -> bool {
    !boot().trim_end().is_empty()
}

fn segment_path(folder: &Path, node: &str, segment: u64) -> PathBuf {
    folder.join(format!("{node}-{segment:08}.log"))
}

fn lock_path(folder: &Path, node: &str) -> PathBuf {
    folder.join(format!("{node}.lock"))
}

/// What a process that is gone has left.
#[derive(Debug)]
pub struct Left {
    /// The process, as its claims name it.
    pub node: String,
    /// The last record of each claim.
    pub records: Vec<Record>,
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
        let (records, whole) = replay(&segments)?;
        left.push(Left {
            node: node.to_owned(),
            records,
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

/// The names of what a folder holds, in order.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

/// The last record of each claim, over all segments in order, and whether none is torn but the very last.
fn replay(segments: &[PathBuf]) -> io::Result<(Vec<Record>, bool)> {
    let mut last: HashMap<Claim, Record> = HashMap::new();
    let (mut torn, mut whole) = (false, true);
    for path in segments {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            whole &= !torn;
            match serde_json::from_slice::<Record>(&line) {
                Ok(record) => {
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
    Ok((last.into_values().collect(), whole))
}

#[cfg(test)]
mod tests;
