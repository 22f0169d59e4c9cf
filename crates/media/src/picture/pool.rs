//! Pictures are worked on where that holds up nobody.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{Limits, Picture, Refused};

/// Reads pictures on the runtime's blocking threads, a few at once: as many as this have their pixels in memory, and
/// the others wait for their turn.
#[derive(Clone, Debug)]
pub struct PicturePool {
    limits: Limits,
    turns: Arc<Semaphore>,
}

impl Default for PicturePool {
    /// Two at once: one large picture does not hold up the next small one, and ten take no more memory than two.
    fn default() -> Self {
        Self::new(Limits::default(), 2)
    }
}

impl PicturePool {
    /// A pool that works on so many pictures at once.
    pub fn new(limits: Limits, at_once: usize) -> Self {
        Self { limits, turns: Arc::new(Semaphore::new(at_once.max(1))) }
    }

    /// Reads a picture and does what is to be done with it (scale, encode), all on a blocking thread.
    ///
    /// # Errors
    /// See [`Refused`]. A decoder that panics has met a file that is [`Refused::Broken`].
    pub async fn read<T: Send + 'static>(
        &self,
        bytes: Bytes,
        work: impl FnOnce(Picture) -> T + Send + 'static,
    ) -> Result<T, Refused> {
        // What will be refused anyway need not wait.
        if bytes.len() > self.limits.most_bytes {
            return Err(Refused::TooLarge { most_bytes: self.limits.most_bytes });
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.expect("nobody closes it");
        let limits = self.limits;
        let done = spawn_blocking(move || {
            // Held by the work, not by who waits for it: a visitor who goes away does not stop it.
            let _turn = turn;
            Picture::read(&bytes, &limits).map(work)
        });
        done.await.unwrap_or_else(|stopped| {
            tracing::warn!(%stopped, "an uploaded picture could not be worked on");
            Err(Refused::Broken)
        })
    }
}
