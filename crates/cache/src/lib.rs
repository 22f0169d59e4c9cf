//! A cache in two tiers: the memory of the process, and a Redis that several nodes share, if there is one. It knows
//! nothing of who asks and of what is kept: values are bytes, made by the caller.
//!
//! # What is promised
//!
//! *Freshness.* No value is answered that is older than its region's `fresh_for`, counted from before it was begun to
//! be made. In Redis that is counted on Redis's clock.
//!
//! *Forgetting.* Each region has a generation, kept in Redis, and each key carries it. [`Cache::forget`] moves the
//! region on. A value whose making began before a forget
//! - is answered on the node that forgot to no call that began after it, with or without Redis: the node's own
//!   generation moves before anything is awaited, and Redis is not asked about the region before it knows;
//! - is answered on the other nodes to no call that began after Redis knew, except from their memory while the message
//!   is under way, which is milliseconds. Redis stores nothing under a generation that is over, and an answer from it
//!   is taken only if the generation is confirmed along with it;
//! - is answered from the memory of another node for at most [`Timing::assurance`] after Redis knew, even if the message is
//!   lost, the subscription is silently dead, or the node cannot reach Redis. A node takes its memory for assured for
//!   that long after each time it has compared all generations, twice a second; without assurance no value lives longer
//!   than [`Timing::assurance`]. A node that comes back listens first, compares, and only then is assured again.
//!
//! *A forget that does not reach Redis* because it is away is kept and told as soon as Redis is back; moving the
//! generation and publishing it is one step in Redis, so there is nothing between the two. Until it is told, other nodes
//! without Redis are at most [`Timing::assurance`] behind, for want of assurance; other nodes that still reach Redis, or all of
//! them should the forgetting process end first, are bounded by the region's freshness.
//!
//! *Redis restarted, replaced, emptied or evicting.* Everything is kept under the identity of the running server, so that
//! what an older one had written to disk is never read; generations are made from Redis's clock and never return; a
//! generation that is lost counts as a forget. If Redis is full, a forget deletes the generation instead; should it refuse
//! even that, it is told again twice a second.
//!
//! *Trouble.* Nothing here fails or hangs because of Redis. Each answer is waited for for at most [`Timing::deadline`]; the first
//! failure takes Redis out of use until a task in the background has reached it again, so that a call loses no more than
//! one deadline to a Redis that fails. Writes that Redis refuses are not offered again for a few seconds, while reading
//! goes on. Both are logged when they change.
//!
//! *Counting* ([`Cache::count`]) is exact: a sliding window over the times of the acts themselves. Each node remembers
//! the acts it has let through; while Redis is away it goes by these alone. Around a change between the two, up to `limit`
//! acts a node may therefore pass within one window, beside those that passed in Redis. An act whose answer from Redis is
//! lost may be counted there though it was decided here: one too many, never one too few.

mod counter;
mod flight;
mod link;
mod memory;
mod region;
mod scripts;
mod shared;
mod state;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use self::counter::Counters;
use self::flight::{Boarded, FlightKey, Flights, Landed};
use self::link::Link;
use self::memory::{Entry, Memory};
use self::region::{RegionState, Regions};
use self::shared::Looked;

pub use self::counter::Counted;
pub use self::region::Region;
pub use self::state::{CacheState, RedisCondition, RedisState, RegionFigures};

/// How long things take. Only tests, which run on slow machines, deviate from the default.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long a call waits for one answer of Redis.
    pub deadline: Duration,
    /// How far the memory of a node may be behind a forget that it has not heard of.
    pub assurance: Duration,
    /// How often a node compares what it knows of forgets with Redis.
    pub beat: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            deadline: Duration::from_millis(100),
            assurance: Duration::from_secs(2),
            beat: Duration::from_millis(500),
        }
    }
}

/// How often a lookup begins anew because the region was forgotten meanwhile, before it does without Redis.
const TURNS: usize = 3;

/// Where and how much. Not `Debug`: the address may have a password in it.
#[derive(Clone)]
pub struct CacheOptions {
    /// Address of the shared Redis (`redis://`, or `rediss://` for TLS), version 5 or newer, not a cluster. `None`: the
    /// memory of the process alone.
    pub redis: Option<String>,
    /// Bound of the memory tier in bytes, keys and bookkeeping included. It may be exceeded for a moment.
    pub most_bytes: u64,
    /// Begins every name in Redis, so that several installations can share one.
    pub prefix: String,
    /// How long things take.
    pub timing: Timing,
}

/// The address of Redis is not one.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used: {0}")]
pub struct AddressError(#[from] redis::RedisError);

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The memory of the process, or another call that was making it.
    Memory,
    /// The shared Redis.
    Redis,
    /// It was made for this call.
    Made,
}

impl Found {
    /// In a word, as for a header.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Redis => "redis",
            Self::Made => "made",
        }
    }
}

/// See the module. Clones are the same cache; the connection to Redis ends with the last one.
#[derive(Clone, Debug)]
pub struct Cache {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    regions: Arc<Regions>,
    memory: Memory,
    flights: Flights,
    counters: Counters,
    link: Option<Link>,
}

impl Cache {
    /// An empty cache. Redis is connected in the background, on the runtime of the caller; until it answers, the cache
    /// works without.
    ///
    /// # Errors
    /// The address cannot be understood. That nobody answers there is no error.
    pub fn new(options: CacheOptions) -> Result<Self, AddressError> {
        let regions = Arc::new(Regions::default());
        let link = match &options.redis {
            Some(address) => Some(Link::open(address, options.prefix, options.timing, Arc::clone(&regions))?),
            None => None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                regions,
                memory: Memory::new(options.most_bytes),
                flights: Flights::default(),
                counters: Counters::default(),
                link,
            }),
        })
    }

    /// The value of a key: from memory, from Redis, or from `make`, which runs once in this process however many ask
    /// at the same time.
    ///
    /// A make that fails is its own caller's error; those who waited for it make the value each for themselves, so that
    /// nobody waits for more than one failure. If the call that makes is dropped, one of those who wait takes over.
    ///
    /// # Errors
    /// Those of `make` alone.
    pub async fn get_or_make<E>(
        &self,
        region: Region,
        key: &str,
        make: impl AsyncFnOnce() -> Result<Bytes, E>,
    ) -> Result<(Bytes, Found), E> {
        let inner = &*self.inner;
        let state = inner.regions.get(region);
        let mut turns = TURNS;
        loop {
            if let Some(link) = &inner.link {
                link.learn(&state).await;
            }
            let seen = state.seen();
            let began = Instant::now();
            let usable = |good_until, checked| inner.is_usable(&state, good_until, checked);
            let at = FlightKey { region: region.name, local: seen.local, key: key.into() };
            if let Some(entry) = inner.memory.get(&at).filter(|entry| usable(entry.good_until, entry.checked)) {
                state.figures.memory();
                return Ok((entry.bytes, Found::Memory));
            }
            let flight = match inner.flights.board(&at, began, |began| usable(began + region.fresh_for, began)) {
                Boarded::Leading(flight) => flight,
                Boarded::Waiting(waiting) => match waiting.landed().await {
                    Landed::Bytes(bytes) => {
                        state.figures.memory();
                        return Ok((bytes, Found::Memory));
                    }
                    Landed::Failed => return state.figures.count_make(make().await),
                    Landed::Abandoned => continue,
                },
            };
            // Somebody may have landed between the look into the memory and the boarding.
            if let Some(entry) = inner.memory.get(&at).filter(|entry| usable(entry.good_until, entry.checked)) {
                state.figures.memory();
                flight.land(entry.bytes.clone());
                return Ok((entry.bytes, Found::Memory));
            }
            let looked = match &inner.link {
                Some(link) if turns > 0 => link.look_up(&state, seen, key).await,
                _ => Looked::Away,
            };
            let ticket = match looked {
                Looked::Hit(entry) => {
                    inner.memory.put(at, entry.clone());
                    flight.land(entry.bytes.clone());
                    state.figures.redis();
                    return Ok((entry.bytes, Found::Redis));
                }
                Looked::Moved => {
                    turns -= 1;
                    continue;
                }
                Looked::Missed(ticket) => Some(ticket),
                Looked::Away => None,
            };
            let made = make().await;
            let Ok(bytes) = &made else {
                flight.fail();
                return state.figures.count_make(made);
            };
            // Whoever forgot meanwhile may have changed what this was made of.
            let keep = state.seen().local == seen.local && Instant::now() < began + region.fresh_for;
            if keep {
                inner
                    .memory
                    .put(at, Entry { bytes: bytes.clone(), good_until: began + region.fresh_for, checked: began });
            }
            flight.land(bytes.clone());
            if let (true, Some(link), Some(ticket)) = (keep, &inner.link, ticket) {
                link.store(&state, ticket, key, bytes).await;
            }
            return state.figures.count_make(made);
        }
    }

    /// Forgets everything in a region, on every node. Works here at the first poll and waits then, for at most
    /// [`Timing::deadline`], until Redis knows; what it could not be told is told later.
    ///
    /// To be called after the change is committed: a value that is made between the forget and the commit would stay.
    pub async fn forget(&self, region: Region) {
        let state = self.inner.regions.get(region);
        state.forget();
        if let Some(link) = &self.inner.link {
            link.forget(&state).await;
        }
    }

    /// Counts an act of `key`, unless `limit` of them were counted within the `window` that ends now.
    ///
    /// A refused act is not counted, so that waiting always helps.
    pub async fn count(&self, name: &'static str, key: &str, limit: usize, window: Duration) -> Counted {
        if limit == 0 {
            return Counted::Wait(window);
        }
        if let Some(link) = &self.inner.link
            && let Some(counted) = link.count(name, key, limit, window).await
        {
            if counted == Counted::Allowed {
                self.inner.counters.remember(name, key, limit, window, Instant::now());
            }
            return counted;
        }
        self.inner.counters.count(name, key, limit, window, Instant::now())
    }

    /// Forgets what was counted for a key, as after a success that shows that it was the right person.
    pub async fn uncount(&self, name: &'static str, key: &str) {
        self.inner.counters.forget(name, key);
        if let Some(link) = &self.inner.link {
            link.uncount(name, key).await;
        }
    }

    /// Figures for whoever runs the service, of this process since its start.
    pub fn state(&self) -> CacheState {
        let inner = &*self.inner;
        CacheState::of(&inner.regions, &inner.memory, inner.link.as_ref())
    }
}

impl Inner {
    /// Whether a value may be answered now that was known at `checked` not to be forgotten.
    fn is_usable(&self, state: &RegionState, good_until: Instant, checked: Instant) -> bool {
        let now = Instant::now();
        let assured = self.link.as_ref().is_none_or(|link| {
            link.is_assured(now) && state.is_known() || now < checked + link.shared.timing.assurance
        });
        now < good_until && assured
    }
}
