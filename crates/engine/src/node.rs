//! This process among those that share the work: its lease, its part of what all share, and the end of those that are
//! gone.
//!
//! Whoever cannot show that its lease holds writes no final dot: by then another may have taken its claims over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use vestnik_store::nodes::{self, Share};
use vestnik_store::{Db, Result};

use crate::claimer::give_back;
use crate::{Context, history};

/// Between two tries to reach the database.
const PAUSE: Duration = Duration::from_secs(1);

/// See the module.
pub struct Node {
    /// Its name, as claims have it.
    pub id: Arc<str>,
    lease: Duration,
    limit: usize,
    /// Until when its claims are its own; `None`: no other process sends from this database.
    holds_until: Mutex<Option<Instant>>,
    /// Since when the database was told in time, each time.
    steady_since: Mutex<Option<Instant>>,
    /// Whether something may be claimed in its name that it does not know of.
    strays: AtomicBool,
    share: watch::Sender<Share>,
}

impl Node {
    /// Enters the node in the table, if there may be others.
    pub async fn enter(db: &Db, id: &str, lease: Duration, limit: usize) -> Result<Self> {
        let node = Self {
            id: id.into(),
            lease,
            limit,
            holds_until: Mutex::new(None),
            steady_since: Mutex::new(None),
            strays: AtomicBool::new(false),
            share: watch::Sender::new(Share::whole(limit)),
        };
        if !db.is_embedded() {
            node.tell(db, true, 0).await?;
        }
        Ok(node)
    }

    /// Whether the node's claims are its own. The last sixth of a lease is not counted on: a message takes a while from
    /// the look at this to its final dot.
    pub fn holds(&self) -> bool {
        let until = *self.holds_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_none_or(|until| Instant::now() < until)
    }

    /// How many connections to the mail server it may have now.
    pub fn connections(&self) -> usize {
        self.share.borrow().connections
    }

    /// Its part of what all nodes share.
    pub fn share(&self) -> watch::Receiver<Share> {
        self.share.subscribe()
    }

    /// Whether the others could have told that they live as well, for half a lease. After an outage of the database
    /// everyone looks dead to the first who is back.
    pub fn is_steady(&self) -> bool {
        let since = *self.steady_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.holds() && since.is_some_and(|since| since.elapsed() > self.lease / 2)
    }

    /// Something may be claimed in its name that it does not know of.
    pub fn look_for_strays(&self) {
        self.strays.store(true, Ordering::Relaxed);
    }

    /// Whether to look for such claims, now and not again.
    pub fn takes_strays(&self) -> bool {
        self.strays.swap(false, Ordering::Relaxed)
    }

    /// Tells that it lives, with so many connections open; `false`: others have taken it for dead.
    pub async fn beat(&self, db: &Db, open: usize) -> Result<bool> {
        if db.is_embedded() { Ok(true) } else { self.tell(db, false, open).await }
    }

    async fn tell(&self, db: &Db, new: bool, open: usize) -> Result<bool> {
        let began = Instant::now();
        let held = self.holds();
        let told = nodes::beat(db, &self.id, new, self.lease, self.limit, open).await;
        let mut steady_since = self.steady_since.lock().unwrap_or_else(PoisonError::into_inner);
        *steady_since = match &told {
            Ok(Some(_)) if held => steady_since.or(Some(began)),
            _ => None,
        };
        drop(steady_since);
        let share = told?;
        let until = if share.is_some() { began + self.lease * 5 / 6 } else { began };
        *self.holds_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        if let Some(share) = share {
            self.share.send_if_modified(|known| std::mem::replace(known, share) != share);
        }
        Ok(share.is_some())
    }
}

/// Tells that this process lives until it stops.
pub async fn run(context: Context) {
    if context.db.is_embedded() {
        return;
    }
    let node = Arc::clone(&context.node);
    let every = node.lease / 6;
    while context.sleep(every).await {
        if let Err(error) = history::look(&context).await {
            tracing::warn!(%error, "could not ask the database whether it has gone back");
        }
        let mut lost = false;
        match node.beat(&context.db, context.relay.open()).await {
            Ok(true) => {}
            Ok(false) => lost = true,
            Err(error) => {
                tracing::error!(%error, holds = node.holds(), "the database was not told that this process lives");
                context.sleep(PAUSE.min(every)).await;
            }
        }
        let share = *node.share.borrow();
        context.queue.share(share);
        if lost && let Err(error) = come_back(&context).await {
            tracing::error!(%error, "this process could not take part again");
        }
    }
}

/// After others have taken this process for dead: lets go of what it holds, and takes part again once nothing is claimed
/// under its name, lest old claims be taken for new ones.
async fn come_back(context: &Context) -> Result<()> {
    tracing::warn!("this process was taken for dead; what it had claimed is with others now");
    loop {
        for job in context.queue.clear() {
            give_back(context, &job, None).await;
        }
        if !nodes::has_claims(&context.db, &context.node.id).await? {
            break;
        }
        // The claimer does, which claims nothing meanwhile.
        context.node.look_for_strays();
        if !context.sleep(PAUSE).await {
            return Ok(());
        }
    }
    context.node.tell(&context.db, true, context.relay.open()).await.map(|_| ())
}
