//! Fair shares of the time that rendering takes. Turns by count are not fair when one owner's message takes a thousand
//! times as long to render as another's: each turn of the one would hold up all the others.
//!
//! A message is rendered on the spot, on the threads that talk to mail servers, only as long as that is quick. What is
//! not known to be quick (the first message of a run, and whatever comes from an owner whose messages were slow lately) is
//! rendered on a thread of its own, one at a time for an owner and few in all, and an owner who has used up time rests as
//! long while others wait.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;
use vestnik_model::id::UserId;

use crate::queue::Job;

/// From here on rendering is slow. Most messages take a hundredth of this.
pub const SLOW: Duration = Duration::from_millis(20);
/// Renderings of slow owners at once.
const MOST: usize = 4;
/// Quick renderings in a row after which an owner is trusted again: doubled with each time that they were slow.
const PROBATION: u32 = 64;
const LONGEST_PROBATION: u32 = 4_096;
/// Owners that are remembered although they are trusted again.
const REMEMBERED: usize = 1_000;

/// An owner whose messages have been slow.
struct Slow {
    /// Quick renderings until they are trusted.
    left: u32,
    /// How many they are in all.
    probation: u32,
    /// While others wait, nothing of theirs is begun until then.
    rests_until: Instant,
}

/// See the module.
#[derive(Default)]
pub struct RenderBudget {
    slow: HashMap<UserId, Slow>,
    /// Owners of whom something is being rendered on a thread of its own.
    rendering: Vec<UserId>,
}

impl RenderBudget {
    /// Whether a job has to be rendered on a thread of its own.
    pub fn is_apart(&self, job: &Job) -> bool {
        !job.run.is_known_quick() || self.is_slow(job.run.owner)
    }

    /// Whether an owner's messages were slow lately.
    pub fn is_slow(&self, owner: UserId) -> bool {
        !self.slow.is_empty() && self.slow.get(&owner).is_some_and(|slow| slow.left > 0)
    }

    /// Whether a job may be begun now; `rested`: only if its owner has rested.
    pub fn allows(&self, job: &Job, now: Instant, rested: bool) -> bool {
        if !self.is_apart(job) {
            return true;
        }
        let owner = job.run.owner;
        let rests = rested && self.slow.get(&owner).is_some_and(|slow| now < slow.rests_until);
        self.rendering.len() < MOST && !self.rendering.contains(&owner) && !rests
    }

    /// Whether anybody is to rest now.
    pub fn has_resting(&self, now: Instant) -> bool {
        self.slow.values().any(|slow| now < slow.rests_until)
    }

    /// A job goes that is rendered on a thread of its own.
    pub fn begin(&mut self, owner: UserId) {
        self.rendering.push(owner);
    }

    /// It does not any more.
    pub fn end(&mut self, owner: UserId) {
        if let Some(at) = self.rendering.iter().position(|one| *one == owner) {
            self.rendering.swap_remove(at);
        }
    }

    /// How long a rendering took, of those apart, and of the others if it was slow.
    pub fn took(&mut self, owner: UserId, took: Duration, now: Instant) {
        if took < SLOW {
            if let Some(slow) = self.slow.get_mut(&owner) {
                slow.left = slow.left.saturating_sub(1);
            }
            return;
        }
        if self.slow.len() >= REMEMBERED {
            self.slow.retain(|_, slow| slow.left > 0);
        }
        let slow = self.slow.entry(owner).or_insert(Slow { left: 0, probation: PROBATION / 2, rests_until: now });
        if slow.left == 0 {
            slow.probation = (slow.probation * 2).min(LONGEST_PROBATION);
        }
        slow.left = slow.probation;
        slow.rests_until = slow.rests_until.max(now) + took;
    }
}

#[cfg(test)]
mod tests;
