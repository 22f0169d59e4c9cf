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
//! the wrong deliveries, so it is left alone. A segment goes when all of its messages have been in the ledger for
//! some time: a failover may take them out of it ([`crate::history`]).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use vestnik_model::UnixMillis;
use vestnik_model::id::{DeliveryId, MailingId, RunId};
use vestnik_model::mailing::UnknownPolicy;
use vestnik_store::settle::{Claim, Outcome};
use vestnik_store::{Db, deliveries, failover, nodes};

use crate::queue::Job;

mod left;
mod rendering;

pub use left::{Left, left_behind, of_other_lives};
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
    /// The recipient's hash ([`failover::recipient_hash`]); 0 in records of old.
    #[serde(default)]
    pub recipient: u64,
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
            recipient: failover::recipient_hash(&job.claimed.email),
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
    /// How long a segment is kept when all of it is in the ledger: see [`crate::history`].
    keep: Duration,
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
    /// The claims that are not in the ledger yet.
    claims: HashMap<Claim, Open>,
    /// Segments that are in the ledger, and since when.
    kept: VecDeque<(u64, Instant)>,
    line: Vec<u8>,
}

/// A claim that is not in the ledger yet.
#[derive(Debug, Default)]
struct Open {
    /// The segments that have records of it.
    segments: Vec<u64>,
    recipient: u64,
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
            kept: VecDeque::new(),
            line: Vec::new(),
        };
        let notes = Notes::begin(folder, node)?;
        let keep = Duration::ZERO;
        Ok(Self {
            folder: folder.to_owned(),
            node: node.to_owned(),
            writing: Mutex::new(writing),
            notes,
            keep,
            _lock: lock,
        })
    }

    /// Keeps segments for some time after all of their messages are in the ledger.
    #[must_use]
    pub fn keeping(self, keep: Duration) -> Self {
        Self { keep, ..self }
    }

    /// The name of its process.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The hash of the recipient of a claim that was handed over and is not in the ledger yet.
    pub fn recipient(&self, claim: Claim) -> Option<u64> {
        self.lock().claims.get(&claim).map(|open| open.recipient)
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
                self.retire(writing, full);
            }
        }
        writing.line.clear();
        // An outcome that is in the ledger already needs no record, unless the ledger may go back.
        let is_open = outcome.is_some_and(|outcome| writing.claims.contains_key(&outcome.claim()));
        let outcome = outcome.filter(|_| is_open || !self.keep.is_zero());
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
        let answered = outcome.filter(|_| is_open).map(Outcome::claim);
        for claim in answered.into_iter().chain(next.map(|next| (next.delivery, next.epoch))) {
            *writing.open.entry(writing.segment).or_default() += 1;
            writing.claims.entry(claim).or_default().segments.push(writing.segment);
        }
        if let Some(open) = next.and_then(|next| Some((writing.claims.get_mut(&(next.delivery, next.epoch))?, next))) {
            open.0.recipient = open.1.recipient;
        }
        Ok(())
    }

    /// Forgets claims whose outcome is in the ledger.
    pub fn committed(&self, outcomes: &[Outcome]) {
        let mut writing = self.lock();
        let writing = &mut *writing;
        for outcome in outcomes {
            for segment in writing.claims.remove(&outcome.claim()).unwrap_or_default().segments {
                if let Some(open) = writing.open.get_mut(&segment) {
                    *open -= 1;
                    if *open == 0 {
                        writing.open.remove(&segment);
                        if segment != writing.segment {
                            self.retire(writing, segment);
                        }
                    }
                }
            }
        }
    }

    /// A segment is in the ledger.
    fn retire(&self, writing: &mut Writing, segment: u64) {
        if self.keep.is_zero() {
            self.remove(segment);
        } else {
            writing.kept.push_back((segment, Instant::now()));
        }
    }

    /// Removes segments that were kept long enough. Only to be called when the database has just shown that it has not
    /// gone back: while it cannot be reached, nothing expires.
    pub fn forget_kept(&self) {
        let mut writing = self.lock();
        while let Some((segment, since)) = writing.kept.front().copied()
            && since.elapsed() >= self.keep
        {
            writing.kept.pop_front();
            self.remove(segment);
        }
    }

    /// Every outcome that is still in it, also of what is in the ledger, with the hash of its recipient: segment by
    /// segment, the oldest first. What is written meanwhile may be missing.
    pub fn outcomes(&self) -> impl Iterator<Item = io::Result<Vec<(Outcome, u64)>>> {
        let mut segments: Vec<u64> = {
            let writing = self.lock();
            let kept = writing.kept.iter().map(|(segment, _)| *segment);
            kept.chain(writing.open.keys().copied()).chain([writing.segment]).collect()
        };
        segments.sort_unstable();
        segments.dedup();
        let mut recipients = HashMap::new();
        segments
            .into_iter()
            .map(move |segment| outcomes_in(&segment_path(&self.folder, &self.node, segment), &mut recipients))
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
        let segments: Vec<u64> = {
            let mut writing = self.lock();
            let current = writing.segment;
            writing.kept.drain(..).map(|(segment, _)| segment).chain([current]).collect()
        };
        for segment in segments {
            self.remove(segment);
        }
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

/// The outcomes in a segment. `recipients` has the hashes of those whose outcome comes later.
fn outcomes_in(path: &Path, recipients: &mut HashMap<Claim, u64>) -> io::Result<Vec<(Outcome, u64)>> {
    let mut outcomes = Vec::new();
    for line in BufReader::new(File::open(path)?).split(b'\n') {
        match serde_json::from_slice(&line?) {
            Ok(Record::HandedOver(record)) => {
                recipients.insert((record.delivery, record.epoch), record.recipient);
            }
            Ok(Record::Outcome(outcome)) => {
                let recipient = recipients.remove(&outcome.claim()).unwrap_or(0);
                outcomes.push((*outcome, recipient));
            }
            // The last one is being written.
            Err(_) => {}
        }
    }
    Ok(outcomes)
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

/// The names of what a folder holds, in order.
fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests;
