//! The tier in the process. Values of generations that are over are not looked for any more; nothing touches them, so
//! that they are the first to make room, and they go when their time is up.

use std::time::Duration;

use bytes::Bytes;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use tokio::time::Instant;

use crate::flight::FlightKey;

/// What an entry costs beside its bytes, roughly.
const OVERHEAD: usize = 200;

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) bytes: Bytes,
    /// End of its freshness.
    pub(crate) good_until: Instant,
    /// When it was known not to be forgotten: when it was begun to be made, or when Redis was asked.
    pub(crate) checked: Instant,
}

#[derive(Debug)]
pub(crate) struct Memory {
    entries: Cache<FlightKey, Entry>,
    most_bytes: u64,
}

/// Removes what is over. Whether an entry may be answered is not left to this, because the library has a clock of its
/// own, which tests cannot move.
struct Expiry;

impl moka::Expiry<FlightKey, Entry> for Expiry {
    fn expire_after_create(&self, _: &FlightKey, entry: &Entry, _: std::time::Instant) -> Option<Duration> {
        Some(entry.good_until.saturating_duration_since(Instant::now()))
    }

    fn expire_after_update(
        &self,
        _: &FlightKey,
        entry: &Entry,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.good_until.saturating_duration_since(Instant::now()))
    }
}

impl Memory {
    pub(crate) fn new(most_bytes: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(most_bytes)
            .weigher(|key: &FlightKey, entry: &Entry| weight(key, entry))
            // The default weighs how often a key was asked for, and would prefer an old generation to a new one.
            .eviction_policy(EvictionPolicy::lru())
            .expire_after(Expiry)
            .build();
        Self { entries, most_bytes }
    }

    pub(crate) fn get(&self, key: &FlightKey) -> Option<Entry> {
        self.entries.get(key)
    }

    pub(crate) fn put(&self, key: FlightKey, entry: Entry) {
        self.entries.insert(key, entry);
    }

    pub(crate) fn most_bytes(&self) -> u64 {
        self.most_bytes
    }

    /// Bytes of all entries, those that are over and not yet removed included.
    pub(crate) fn bytes(&self) -> u64 {
        self.entries.run_pending_tasks();
        self.entries.weighted_size()
    }

    /// Calls with the key and the bytes of each entry.
    pub(crate) fn for_each(&self, mut each: impl FnMut(&FlightKey, u64)) {
        for (key, entry) in &self.entries {
            each(&key, u64::from(weight(&key, &entry)));
        }
    }
}

fn weight(key: &FlightKey, entry: &Entry) -> u32 {
    u32::try_from(OVERHEAD + key.key.len() + entry.bytes.len()).unwrap_or(u32::MAX)
}
