//! One process sends from an embedded database: a lock on a file in the data folder, held as long as the process lives
//! and let go by the system when it dies.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// The held lock.
#[derive(Debug)]
pub struct SenderLock {
    // Held open; the system keeps the lock for as long.
    _file: File,
}

impl SenderLock {
    /// Takes the lock of a data folder. `None`: another process has it.
    ///
    /// # Errors
    /// The lock's file cannot be made or locked.
    pub fn take(data_dir: &Path) -> io::Result<Option<Self>> {
        std::fs::create_dir_all(data_dir)?;
        let file = File::options().create(true).truncate(false).write(true).open(data_dir.join("sender.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
