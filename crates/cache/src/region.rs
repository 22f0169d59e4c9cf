//! Regions and their generations. A generation in Redis tells what may be read there; the node's own moves with every
//! change it learns of, and with each of its own forgets, and tells what may be read in its memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::state::Figures;

/// A kind of values that are forgotten together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    /// Its name, the same on all nodes, without colons and spaces. Each name belongs to one region.
    pub name: &'static str,
    /// How long a value may be answered after it was begun to be made.
    pub fresh_for: Duration,
}

/// All regions that were used.
#[derive(Debug, Default)]
pub(crate) struct Regions(RwLock<HashMap<&'static str, Arc<RegionState>>>);

impl Regions {
    pub(crate) fn get(&self, region: Region) -> Arc<RegionState> {
        if let Some(state) = self.find(region.name) {
            return state;
        }
        debug_assert!(!region.name.contains([':', ' ']), "the name is part of names and messages in Redis");
        let mut regions = self.0.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(regions.entry(region.name).or_insert_with(|| Arc::new(RegionState::new(region))))
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<RegionState>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// By name.
    pub(crate) fn all(&self) -> Vec<Arc<RegionState>> {
        let mut all: Vec<_> = self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by_key(|state| state.region.name);
        all
    }
}

#[derive(Debug)]
pub(crate) struct RegionState {
    pub(crate) region: Region,
    pub(crate) figures: Figures,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    /// The node's own.
    local: u64,
    /// Redis's, as far as this node knows.
    known: Option<u64>,
    /// The highest there ever was.
    highest: u64,
    /// How often this node forgot, and how many of these Redis knows.
    wanted: u64,
    carried: u64,
}

/// The generations at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) local: u64,
    /// `None`: Redis is not to be asked, because its generation is unknown or it does not know of a forget yet.
    pub(crate) shared: Option<u64>,
}

/// A forget that Redis is to be told. It covers those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Untold(u64);

impl Generations {
    fn move_to(&mut self, generation: Option<u64>) {
        if self.known != generation {
            self.known = generation;
            self.local += 1;
            self.highest = self.highest.max(generation.unwrap_or(0));
        }
    }
}

impl RegionState {
    fn new(region: Region) -> Self {
        Self { region, figures: Figures::default(), generations: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations> {
        // Nothing panics while holding it.
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn seen(&self) -> Seen {
        let all = self.lock();
        Seen { local: all.local, shared: all.known.filter(|_| all.wanted == all.carried) }
    }

    /// What Redis's generation was when it was last heard of.
    pub(crate) fn known(&self) -> Option<u64> {
        self.lock().known
    }

    pub(crate) fn is_known(&self) -> bool {
        self.known().is_some()
    }

    /// A new generation has to be higher than this.
    pub(crate) fn highest(&self) -> u64 {
        self.lock().highest
    }

    /// A message said that the generation is now this. Messages may be late; the generation they bring then is over.
    pub(crate) fn heard(&self, generation: u64) {
        let mut all = self.lock();
        if all.known.is_none_or(|known| known < generation) {
            all.move_to(Some(generation));
        }
    }

    /// Redis said what the generation is, asked by one who knew `knowing`. `false`: more was learnt meanwhile, and which
    /// of the two is newer cannot be told.
    pub(crate) fn read(&self, knowing: Option<u64>, generation: Option<u64>) -> bool {
        let mut all = self.lock();
        let current = all.known == knowing;
        if current {
            all.move_to(generation);
        }
        current
    }

    /// Nothing that was begun before is to be used here from now on.
    pub(crate) fn forget(&self) {
        let mut all = self.lock();
        all.local += 1;
        all.wanted += 1;
    }

    /// What Redis has to be told.
    pub(crate) fn untold(&self) -> Option<Untold> {
        let all = self.lock();
        (all.wanted != all.carried).then_some(Untold(all.wanted))
    }

    /// Redis was told, and moved from one generation to another. If the first is not the one that was known here, another
    /// node forgot in between, later than this one did.
    pub(crate) fn told(&self, what: Untold, from: Option<u64>, to: u64) {
        let mut all = self.lock();
        all.carried = all.carried.max(what.0);
        all.highest = all.highest.max(to);
        if from.is_some() && from == all.known {
            all.known = Some(to);
        } else {
            all.move_to(Some(to));
        }
    }

    /// How often this node forgot.
    pub(crate) fn forgotten(&self) -> u64 {
        self.lock().wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> RegionState {
        RegionState::new(Region { name: "test", fresh_for: Duration::from_secs(60) })
    }

    #[test]
    fn what_is_learnt_moves_the_memory_on_once() {
        let region = region();
        assert_eq!(region.seen(), Seen { local: 0, shared: None });
        assert!(region.read(None, Some(5)));
        assert_eq!(region.seen(), Seen { local: 1, shared: Some(5) });
        region.heard(7);
        region.heard(7);
        region.heard(6);
        assert_eq!(region.seen(), Seen { local: 2, shared: Some(7) });
        assert!(!region.read(Some(5), Some(6)), "the answer was under way when the message came");
        assert!(region.read(Some(7), None), "lost");
        assert_eq!(region.seen(), Seen { local: 3, shared: None });
        assert_eq!(region.highest(), 7);
    }

    #[test]
    fn redis_is_not_asked_before_it_knows_of_every_forget() {
        let region = region();
        region.read(None, Some(5));
        region.forget();
        let first = region.untold().expect("untold");
        assert_eq!(region.seen(), Seen { local: 2, shared: None });
        region.forget();
        let second = region.untold().expect("untold");
        region.told(first, Some(5), 6);
        assert_eq!(region.seen(), Seen { local: 3, shared: None });
        region.told(second, Some(6), 7);
        assert_eq!(region.seen(), Seen { local: 3, shared: Some(7) }, "what was made since the forgets is kept");
        assert_eq!(region.untold(), None);
    }

    #[test]
    fn anothers_forget_between_ours_and_its_telling_counts() {
        let region = region();
        region.read(None, Some(5));
        region.forget();
        let untold = region.untold().expect("untold");
        region.told(untold, Some(6), 7);
        assert_eq!(region.seen(), Seen { local: 3, shared: Some(7) });
        region.heard(6);
        assert_eq!(region.seen(), Seen { local: 3, shared: Some(7) });
    }
}
