//! What this process must not forget when it dies: which messages had been handed over, and what the mail server said.
//!
//! One record is written just before a message's final dot: the outcome to be noted if nothing more is heard of it,
//! *unknown*. One is written after the reply: the outcome itself. The next process replays them before its first
//! claim: of each claim the last record counts, and what was claimed without any record had not been handed over and
//! is simply sent. So a process that is killed leaves at most one message of unknown fate a connection.
//!
//! Records are lines of JSON in segments, `NODE-NUMBER.log`, written with plain `write(2)`: they outlive the process,
//! which is what they are for. A machine that loses power may lose the last of them; so `NODE.lock`, locked as long as
//! its process lives, names the boot that it belongs to, and after another boot nothing is taken for unsent. A segment
//! goes when all of its messages are in the ledger.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use vestnik_model::id::DeliveryId;
use vestnik_store::Db;
use vestnik_store::deliveries::{self, Outcome};

/// Bytes after which a new segment begins.
const SEGMENT: u64 = 4 * 1024 * 1024;

/// A claim: the delivery and its epoch.
type Claim = (DeliveryId, i64);

/// The journal that this process writes.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    node: String,
    writing: Mutex<Writing>,
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
    /// Begins a journal.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin(folder: &Path, node: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut lock = File::create(lock_path(folder, node))?;
        lock.lock()?;
        lock.write_all(boot().as_bytes())?;
        let writing = Writing {
            file: File::create(segment_path(folder, node, 0))?,
            segment: 0,
            length: 0,
            open: BTreeMap::new(),
            claims: HashMap::new(),
            line: Vec::new(),
        };
        Ok(Self { folder: folder.to_owned(), node: node.to_owned(), writing: Mutex::new(writing), _lock: lock })
    }

    /// Writes what is to be noted of a claim if this process dies now. The record is with the system when this returns.
    ///
    /// # Errors
    /// It could not be written; then the message must not be handed over, or the reply not be waited for.
    pub fn note(&self, outcome: &Outcome) -> io::Result<()> {
        let mut writing = self.lock();
        let writing = &mut *writing;
        if writing.length >= SEGMENT {
            let next = File::create(segment_path(&self.folder, &self.node, writing.segment + 1))?;
            let full = writing.segment;
            writing.file = next;
            writing.segment += 1;
            writing.length = 0;
            if !writing.open.contains_key(&full) {
                self.remove(full);
            }
        }
        writing.line.clear();
        serde_json::to_writer(&mut writing.line, outcome)?;
        writing.line.push(b'\n');
        writing.file.write_all(&writing.line)?;
        writing.length += writing.line.len() as u64;
        *writing.open.entry(writing.segment).or_default() += 1;
        writing.claims.entry(outcome.claim()).or_default().push(writing.segment);
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
        let segment = self.lock().segment;
        self.remove(segment);
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

/// Names the time since the machine was started; empty where the system does not tell.
fn boot() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
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
    pub outcomes: Vec<Outcome>,
    /// Whether the machine has been up ever since, so that no record is missing.
    pub same_boot: bool,
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
        fs::remove_file(lock_path(&self.folder, &self.node))
    }
}

/// The journals of processes that are gone.
///
/// # Errors
/// The folder or a file in it cannot be read.
pub fn left_behind(folder: &Path) -> io::Result<Vec<Left>> {
    let mut left = Vec::new();
    if !folder.exists() {
        return Ok(left);
    }
    let mut names: Vec<String> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<_>>()?;
    names.sort();
    for node in names.iter().filter_map(|name| name.strip_suffix(".lock")) {
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
        let prefix = format!("{node}-");
        let segments: Vec<PathBuf> =
            names.iter().filter(|name| name.starts_with(&prefix)).map(|name| folder.join(name)).collect();
        let outcomes = replay(&segments)?;
        let mut its_boot = String::new();
        lock.read_to_string(&mut its_boot)?;
        left.push(Left {
            node: node.to_owned(),
            outcomes,
            same_boot: its_boot == boot(),
            folder: folder.to_owned(),
            segments,
            _lock: lock,
        });
    }
    Ok(left)
}

/// The last record of each claim, over all segments in order.
fn replay(segments: &[PathBuf]) -> io::Result<Vec<Outcome>> {
    let mut last: HashMap<Claim, Outcome> = HashMap::new();
    for path in segments {
        let mut reader = BufReader::new(File::open(path)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            match serde_json::from_slice::<Outcome>(&line) {
                Ok(outcome) => {
                    last.insert(outcome.claim(), outcome);
                }
                // A process killed while it wrote leaves a torn line: its dot was never written.
                Err(error) => tracing::warn!(%error, path = %path.display(), "a journal has a torn record"),
            }
            line.clear();
        }
    }
    Ok(last.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestnik_model::UnixMillis;
    use vestnik_model::delivery::DeliveryState;
    use vestnik_model::id::{MailingId, RunId};

    fn outcome(delivery: i64, state: DeliveryState) -> Outcome {
        Outcome {
            delivery: DeliveryId(delivery),
            run: RunId(1),
            mailing: MailingId(1),
            epoch: 1,
            state,
            due_at: UnixMillis(0),
            attempt: None,
        }
    }

    #[test]
    fn of_each_claim_the_last_record_counts_and_a_torn_one_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::begin(folder.path(), "node").unwrap();
        journal.note(&outcome(1, DeliveryState::Unknown)).unwrap();
        journal.note(&outcome(2, DeliveryState::Unknown)).unwrap();
        journal.note(&outcome(1, DeliveryState::Sent)).unwrap();
        journal.lock().file.write_all(b"{\"delivery\":3,\"ru").unwrap();
        assert!(left_behind(folder.path()).unwrap().is_empty(), "its process lives");
        drop(journal);
        let mut left = left_behind(folder.path()).unwrap();
        assert_eq!(left.len(), 1);
        let left = left.remove(0);
        assert!(left.same_boot);
        let mut outcomes = left.outcomes.clone();
        outcomes.sort_by_key(|outcome| outcome.delivery);
        assert_eq!(outcomes, [outcome(1, DeliveryState::Sent), outcome(2, DeliveryState::Unknown)]);
        left.forget().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn segments_go_when_their_messages_are_in_the_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::begin(folder.path(), "node").unwrap();
        let count = || fs::read_dir(folder.path()).unwrap().count() - 1;
        let mut waiting = Vec::new();
        for delivery in 0.. {
            let outcome = outcome(delivery, DeliveryState::Unknown);
            journal.note(&outcome).unwrap();
            waiting.push(outcome);
            if count() == 3 {
                break;
            }
        }
        let (first, rest) = waiting.split_at(1);
        journal.committed(rest);
        assert_eq!(count(), 2, "the first segment still has one that counts, the last is being written");
        journal.committed(first);
        assert_eq!(count(), 1, "the one that is being written");
    }
}
