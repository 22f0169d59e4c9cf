//! Figures for whoever runs the service.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::Found;
use crate::link::{Condition, Link};
use crate::memory::Memory;
use crate::region::Regions;

/// How the cache is, in this process since its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheState {
    /// By name.
    pub regions: Vec<RegionFigures>,
    /// Bytes of the memory tier, what is over and not yet removed included.
    pub bytes: u64,
    /// Its bound.
    pub most_bytes: u64,
    /// How the shared tier is. `None`: there is none.
    pub redis: Option<RedisState>,
}

/// How one region is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionFigures {
    /// Its name.
    pub name: &'static str,
    /// How long its values are fresh.
    pub fresh_for: Duration,
    /// Answered from memory, or along with another call.
    pub memory: u64,
    /// Answered from Redis.
    pub redis: u64,
    /// Made.
    pub made: u64,
    /// Failed to be made.
    pub failed: u64,
    /// How often this node forgot it.
    pub forgotten: u64,
    /// What the memory has of it.
    pub entries: u64,
    /// Bytes of these.
    pub bytes: u64,
}

/// How the shared tier is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisState {
    /// In short.
    pub condition: RedisCondition,
    /// How long it has been so.
    pub lasting: Duration,
    /// The error that made it so, unless it works.
    pub reason: Option<String>,
}

/// In short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedisCondition {
    /// It works.
    Up,
    /// It answers, and stores nothing new.
    Refusing,
    /// It is not asked.
    Down,
}

/// How often what happened in a region.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    memory: AtomicU64,
    redis: AtomicU64,
    made: AtomicU64,
    failed: AtomicU64,
}

impl Figures {
    pub(crate) fn memory(&self) {
        self.memory.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn redis(&self) {
        self.redis.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what came of a make.
    pub(crate) fn count_make<T, E>(&self, made: Result<T, E>) -> Result<(T, Found), E> {
        let count = if made.is_ok() { &self.made } else { &self.failed };
        count.fetch_add(1, Ordering::Relaxed);
        made.map(|value| (value, Found::Made))
    }
}

impl CacheState {
    pub(crate) fn of(regions: &Regions, memory: &Memory, link: Option<&Link>) -> Self {
        let bytes = memory.bytes();
        let mut kept: HashMap<(&str, u64), (u64, u64)> = HashMap::new();
        memory.for_each(|key, bytes| {
            let (entries, sum) = kept.entry((key.region, key.local)).or_default();
            *entries += 1;
            *sum += bytes;
        });
        let regions = regions.all().into_iter().map(|state| {
            let name = state.region.name;
            let (entries, bytes) = kept.get(&(name, state.seen().local)).copied().unwrap_or_default();
            let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
            RegionFigures {
                name,
                fresh_for: state.region.fresh_for,
                memory: read(&state.figures.memory),
                redis: read(&state.figures.redis),
                made: read(&state.figures.made),
                failed: read(&state.figures.failed),
                forgotten: state.forgotten(),
                entries,
                bytes,
            }
        });
        Self {
            regions: regions.collect(),
            bytes,
            most_bytes: memory.most_bytes(),
            redis: link.map(|link| RedisState::of(link.condition(), Instant::now())),
        }
    }
}

impl RedisState {
    fn of(condition: Condition, now: Instant) -> Self {
        let (condition, since, reason) = match condition {
            Condition::Up(since) => (RedisCondition::Up, since, None),
            Condition::Refusing(since, reason) => (RedisCondition::Refusing, since, Some(reason)),
            Condition::Down(since, reason) => (RedisCondition::Down, since, Some(reason)),
        };
        Self { condition, lasting: now.saturating_duration_since(since), reason }
    }
}
