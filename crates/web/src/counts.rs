//! The numbers beside the entries of the navigation. Every page shows them, and counting a million recipients takes
//! longer than the rest of a page, so that they are remembered.
//!
//! Whoever changes something through these pages sees the new number at once: any form that someone sends makes theirs
//! forgotten. What comes from elsewhere, an import or the command line, is seen within seconds.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use vestnik_model::{Actor, Permission, UnixMillis, id::UserId};
use vestnik_store::{feedback, mailings, messages, recipients};

use crate::{error::Error, state::AppState};

/// So long the numbers are as good as new.
const FRESH: Duration = Duration::from_secs(3);
/// So long they are shown once more while they are counted anew.
const KNOWN: Duration = Duration::from_secs(60);
/// People who are remembered. More do not click within a minute; the bound is against a leak.
const PEOPLE: usize = 10_000;

/// Numbers beside the entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Mailings of this person.
    pub mailings: i64,
    /// Messages of this person.
    pub messages: i64,
    /// Recipients of this person.
    pub recipients: i64,
    /// What was written on the contacts page and nobody has opened, for those who read it.
    pub feedback: i64,
}

/// What was counted, by person.
#[derive(Debug, Default)]
pub struct KnownCounts(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    people: HashMap<UserId, Entry>,
    /// Goes up with everything that is forgotten: what was begun to be counted before that is not kept.
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    counts: Counts,
    at: UnixMillis,
    /// Whether someone is at it to count anew.
    renewing: bool,
}

impl Counts {
    /// The actor's, as they are or were a moment ago.
    pub(crate) async fn of(app: &AppState, actor: &Actor) -> Result<Self, Error> {
        let now = app.now();
        let Some((counts, renew)) = app.counts.known(actor.user(), now) else { return Self::renewed(app, actor).await };
        if renew {
            let (app, actor) = (app.clone(), actor.clone());
            tokio::spawn(async move {
                if let Err(error) = Self::renewed(&app, &actor).await {
                    tracing::warn!(?error, "what stands beside the navigation could not be counted");
                    app.counts.forget(actor.user());
                }
            });
        }
        Ok(counts)
    }

    async fn renewed(app: &AppState, actor: &Actor) -> Result<Self, Error> {
        let (begun, now) = (app.counts.lock().forgotten, app.now());
        let counts = Self {
            mailings: mailings::count(&app.db, actor).await?,
            messages: messages::count(&app.db, actor).await?,
            recipients: recipients::count(&app.db, actor, "").await?,
            feedback: if actor.may(Permission::AnswerFeedback) { feedback::unread(&app.db).await? } else { 0 },
        };
        let mut known = app.counts.lock();
        if known.forgotten == begun {
            if known.people.len() >= PEOPLE {
                known.people.clear();
            }
            known.people.insert(actor.user(), Entry { counts, at: now, renewing: false });
        }
        Ok(counts)
    }
}

impl KnownCounts {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The person's, if they are known, and whether the caller is to count them anew.
    fn known(&self, user: UserId, now: UnixMillis) -> Option<(Counts, bool)> {
        let mut known = self.lock();
        let entry = known.people.get_mut(&user)?;
        let age = entry.at.until(now);
        if age > KNOWN {
            return None;
        }
        let renew = age > FRESH && !entry.renewing;
        entry.renewing |= renew;
        Some((entry.counts, renew))
    }

    /// The person has changed something.
    pub(crate) fn forget(&self, user: UserId) {
        let mut known = self.lock();
        known.forgotten += 1;
        known.people.remove(&user);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId(1);

    fn at(seconds: i64) -> UnixMillis {
        UnixMillis(seconds * 1000)
    }

    #[test]
    fn one_counts_anew_while_the_others_see_what_is_known() {
        let counts = Counts { mailings: 1, messages: 2, recipients: 3, feedback: 4 };
        let known = KnownCounts::default();
        assert_eq!(known.known(ANNA, at(0)), None);
        known.lock().people.insert(ANNA, Entry { counts, at: at(0), renewing: false });
        assert_eq!(known.known(ANNA, at(3)), Some((counts, false)));
        assert_eq!(known.known(ANNA, at(4)), Some((counts, true)));
        assert_eq!(known.known(ANNA, at(4)), Some((counts, false)), "someone is at it");
        assert_eq!(known.known(ANNA, at(61)), None, "too old to be shown");
        known.forget(ANNA);
        assert_eq!(known.known(ANNA, at(4)), None);
    }
}
