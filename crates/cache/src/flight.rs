//! One make at a time: the first who asks for a key leads, the others wait for where it lands.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

/// A key within one of this node's generations of its region: nobody boards a flight that began before a forget.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    pub(crate) region: &'static str,
    pub(crate) local: u64,
    pub(crate) key: Arc<str>,
}

#[derive(Debug, Default)]
pub(crate) struct Flights {
    under_way: Mutex<HashMap<FlightKey, UnderWay>>,
    last: AtomicU64,
}

#[derive(Debug)]
struct UnderWay {
    number: u64,
    began: Instant,
    landed: watch::Receiver<Option<Landed>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Landed {
    Bytes(Bytes),
    Failed,
    /// Whoever led was dropped, or found that it has to begin anew.
    Abandoned,
}

pub(crate) enum Boarded<'a> {
    Leading(Flight<'a>),
    Waiting(Waiting),
}

/// The duty to make it. Dropped without a landing, the flight is abandoned.
pub(crate) struct Flight<'a> {
    flights: &'a Flights,
    key: FlightKey,
    number: u64,
    tell: watch::Sender<Option<Landed>>,
}

pub(crate) struct Waiting(watch::Receiver<Option<Landed>>);

impl Flights {
    /// Joins the flight of a key if `young_enough` says so of its beginning, or begins one.
    pub(crate) fn board(&self, key: &FlightKey, now: Instant, young_enough: impl Fn(Instant) -> bool) -> Boarded<'_> {
        let mut under_way = self.lock();
        if let Some(flight) = under_way.get(key)
            && young_enough(flight.began)
        {
            return Boarded::Waiting(Waiting(flight.landed.clone()));
        }
        let (tell, landed) = watch::channel(None);
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        // A flight that is too old goes on without this entry, for those who wait for it.
        under_way.insert(key.clone(), UnderWay { number, began: now, landed });
        Boarded::Leading(Flight { flights: self, key: key.clone(), number, tell })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<FlightKey, UnderWay>> {
        // Nothing panics while holding it.
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight<'_> {
    pub(crate) fn land(self, bytes: Bytes) {
        self.tell.send_replace(Some(Landed::Bytes(bytes)));
    }

    pub(crate) fn fail(self) {
        self.tell.send_replace(Some(Landed::Failed));
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        if under_way.get(&self.key).is_some_and(|flight| flight.number == self.number) {
            under_way.remove(&self.key);
        }
    }
}

impl Waiting {
    pub(crate) async fn landed(mut self) -> Landed {
        match self.0.wait_for(Option::is_some).await {
            Ok(landed) => landed.clone().unwrap_or(Landed::Abandoned),
            Err(_) => Landed::Abandoned,
        }
    }
}
