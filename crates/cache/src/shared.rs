//! The tier in Redis: what is asked of it, and under which names.
//!
//! Everything but the counts is named after the run of the server, so that what a restarted one finds on its disk is not
//! found by anybody else.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::counter::Counted;
use crate::link::{Link, Shared, Unanswered, Up};
use crate::memory::Entry;
use crate::region::{RegionState, Seen};
use crate::scripts;

/// A generation that nobody moved for so long counts as lost, and so does not outlive its server for ever.
const GENERATION_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Larger values stay in memory: on a slow network they would hold up the others beyond the deadline.
const MOST_SHARED: usize = 1024 * 1024;

/// What Redis has for a key.
pub(crate) enum Looked {
    Hit(Entry),
    /// The generation was another one; it is known now.
    Moved,
    Missed(Ticket),
    /// Redis is not to be asked.
    Away,
}

/// Allows to store what is begun to be made after a lookup.
pub(crate) struct Ticket {
    up: Up,
    generation: u64,
    /// The lookup on Redis's clock, in milliseconds.
    at: u64,
}

impl Shared {
    pub(crate) fn channel(&self) -> String {
        format!("{}:forget", self.prefix)
    }

    pub(crate) fn generation_key(&self, up: &Up, region: &RegionState) -> String {
        format!("{}:generation:{}:{}", self.prefix, up.run, region.region.name)
    }

    fn value_key(&self, up: &Up, region: &RegionState, generation: u64, key: &str) -> String {
        format!("{}:value:{}:{}:{generation}:{key}", self.prefix, up.run, region.region.name)
    }

    fn count_key(&self, name: &str, key: &str) -> String {
        format!("{}:count:{name}:{key}", self.prefix)
    }

    /// Tells Redis of the forgets of a region that it does not know.
    pub(crate) async fn tell(&self, up: &Up, region: &RegionState) -> Result<(), Unanswered> {
        let Some(untold) = region.untold() else { return Ok(()) };
        let mut call = scripts::FORGET.key(self.generation_key(up, region));
        call.arg(region.highest()).arg(millis(GENERATION_KEPT)).arg(self.channel()).arg(region.region.name);
        let (before, now) = self.ask(up, call.invoke_async(&mut up.connection.clone())).await?;
        region.told(untold, before, now);
        Ok(())
    }
}

impl Link {
    /// Learns the generation of a region, if it is unknown and Redis can be asked.
    pub(crate) async fn learn(&self, region: &RegionState) {
        if region.is_known() {
            return;
        }
        let Some(up) = self.shared.up_for_writing() else { return };
        let mut call = scripts::LEARN.key(self.shared.generation_key(&up, region));
        call.arg(region.highest()).arg(millis(GENERATION_KEPT));
        if let Ok(generation) = self.shared.ask(&up, call.invoke_async(&mut up.connection.clone())).await {
            region.read(None, Some(generation));
        }
    }

    pub(crate) async fn look_up(&self, region: &RegionState, seen: Seen, key: &str) -> Looked {
        let (Some(generation), Some(up)) = (seen.shared, self.shared.up()) else { return Looked::Away };
        let name = self.shared.value_key(&up, region, generation, key);
        let asked = Instant::now();
        // The generation comes last: if it is still the same, the value was not forgotten when it was read.
        let mut ask = redis::pipe();
        ask.cmd("TIME").cmd("GET").arg(&name).cmd("PTTL").arg(&name);
        ask.cmd("GET").arg(self.shared.generation_key(&up, region));
        let answer = self.shared.ask(&up, ask.query_async(&mut up.connection.clone())).await;
        let Ok((time, value, left, current)) = answer else { return Looked::Away };
        let (seconds, micros): (u64, u64) = time;
        let value: Option<Bytes> = value;
        let left: i64 = left;
        let current: Option<u64> = current;
        if current != Some(generation) {
            region.read(Some(generation), current);
            return Looked::Moved;
        }
        match (value, u64::try_from(left)) {
            (Some(bytes), Ok(left)) if left > 0 => {
                // Another version of the program may think otherwise about how long this is fresh.
                let left = Duration::from_millis(left).min(region.region.fresh_for);
                Looked::Hit(Entry { bytes, good_until: asked + left, checked: asked })
            }
            _ => Looked::Missed(Ticket { up, generation, at: seconds * 1000 + micros / 1000 }),
        }
    }

    pub(crate) async fn store(&self, region: &RegionState, ticket: Ticket, key: &str, bytes: &Bytes) {
        let Ticket { up, generation, at } = ticket;
        // Reaching Redis through a newer connection would be another server, perhaps.
        if bytes.len() > MOST_SHARED || self.shared.up_for_writing().is_none_or(|current| !current.is(&up)) {
            return;
        }
        let mut call = scripts::STORE.key(self.shared.generation_key(&up, region));
        call.key(self.shared.value_key(&up, region, generation, key));
        call.arg(generation).arg(&bytes[..]).arg(at.saturating_add(millis(region.region.fresh_for)));
        if let Ok(current) = self.shared.ask(&up, call.invoke_async(&mut up.connection.clone())).await {
            if current == Some(generation) {
                self.shared.stored();
            } else {
                region.read(Some(generation), current);
            }
        }
    }

    pub(crate) async fn forget(&self, region: &RegionState) {
        if let Some(up) = self.shared.up() {
            // What could not be told is told by the task in the background.
            let _ = self.shared.tell(&up, region).await;
        }
    }

    /// `None`: Redis does not count.
    pub(crate) async fn count(&self, name: &str, key: &str, limit: usize, window: Duration) -> Option<Counted> {
        let up = self.shared.up_for_writing()?;
        let mut call = scripts::COUNT.key(self.shared.count_key(name, key));
        call.arg(limit).arg(u64::try_from(window.as_micros()).unwrap_or(u64::MAX));
        let wait: u64 = self.shared.ask(&up, call.invoke_async(&mut up.connection.clone())).await.ok()?;
        if wait > 0 {
            return Some(Counted::Wait(Duration::from_micros(wait)));
        }
        self.shared.stored();
        Some(Counted::Allowed)
    }

    pub(crate) async fn uncount(&self, name: &str, key: &str) {
        if let Some(up) = self.shared.up() {
            let mut ask = redis::cmd("DEL");
            ask.arg(self.shared.count_key(name, key));
            // A count that stays is over when its window is.
            let _ = self.shared.ask(&up, ask.query_async::<()>(&mut up.connection.clone())).await;
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
