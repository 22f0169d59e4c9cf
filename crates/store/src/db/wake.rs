//! How processes that share a database wake each other: `LISTEN` and `NOTIFY` on PostgreSQL. On SQLite one process
//! sends, and what another has planned is found by looking.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::{Db, Pool, Result};

/// The channel that all processes listen to.
pub(super) const CHANNEL: &str = "vestnik";

/// How often everyone looks where nobody can listen.
const LOOK: Duration = Duration::from_secs(1);

/// A loop that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A mailing may be due, or a run may begin.
    Schedule,
    /// Deliveries may be due.
    Deliveries,
    /// A letter of the service waits to be sent.
    Letters,
    /// A run was halted.
    Control,
    /// The settings of the installation were changed.
    Settings,
    /// Something is to be deleted step by step.
    Deletions,
}

impl Wake {
    const ALL: [Self; 6] =
        [Self::Schedule, Self::Deliveries, Self::Letters, Self::Control, Self::Settings, Self::Deletions];

    /// Its name in a notification.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Deliveries => "deliveries",
            Self::Letters => "letters",
            Self::Control => "control",
            Self::Settings => "settings",
            Self::Deletions => "deletions",
        }
    }
}

impl Db {
    /// Wakes a loop of this process and of others.
    pub async fn wake(&self, whom: Wake) -> Result<()> {
        if let Pool::Postgres { .. } = self.pool {
            self.execute("SELECT pg_notify($1, $2)", &[&CHANNEL, &whom.as_str()]).await?;
        }
        self.signals.wake(whom);
        Ok(())
    }

    /// Passes on what other processes call, for as long as the database can be reached; on SQLite for ever. What was
    /// called while nobody listened is made up for by waking everyone.
    ///
    /// # Errors
    /// The database cannot be reached. Call it again after a pause.
    pub async fn listen(&self) -> Result<std::convert::Infallible> {
        let Pool::Postgres { short: pool, pooled, .. } = &self.pool else { return std::future::pending().await };
        if *pooled {
            // The session that listens would be another's.
            loop {
                self.wake_all();
                tokio::time::sleep(LOOK).await;
            }
        }
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        self.wake_all();
        loop {
            match listener.try_recv().await? {
                Some(called) => {
                    if let Some(whom) = Wake::ALL.into_iter().find(|whom| whom.as_str() == called.payload()) {
                        self.signals.wake(whom);
                    }
                }
                // The connection was lost; it is made anew with the next look.
                None => self.wake_all(),
            }
        }
    }

    fn wake_all(&self) {
        for whom in Wake::ALL {
            self.signals.wake(whom);
        }
    }
}
