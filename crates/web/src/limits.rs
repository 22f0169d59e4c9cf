//! How often someone may try: a sliding window for each pair of an act and a key (an account, a network address).
//!
//! In this process alone and forgotten at a restart: it slows down guessing, it is not an account lock.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use vestnik_model::UnixMillis;

/// An act that is limited: its name, how many are allowed, and in which time.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// Name of the act, part of the key.
    pub act: &'static str,
    /// How many within the window.
    pub times: usize,
    /// Length of the window.
    pub window: Duration,
}

impl Limit {
    /// `times` within `minutes`.
    pub const fn per_minutes(act: &'static str, times: usize, minutes: u64) -> Self {
        Self { act, times, window: Duration::from_secs(minutes * 60) }
    }
}

/// Entries above this number make the limiter forget those whose windows are over.
const SWEEP_AT: usize = 10_000;

/// Counts acts by key.
#[derive(Debug, Default)]
pub struct RateLimiter {
    seen: Mutex<HashMap<(&'static str, String), Entry>>,
}

#[derive(Debug)]
struct Entry {
    window: Duration,
    times: VecDeque<UnixMillis>,
}

impl RateLimiter {
    /// Counts one act, or says how long to wait when there were too many. A refused act is not counted, so that
    /// waiting always helps.
    pub fn count(&self, limit: Limit, key: &str, now: UnixMillis) -> Result<(), Duration> {
        // A panic while holding the lock leaves at worst one count too many.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() > SWEEP_AT {
            seen.retain(|_, entry| entry.times.back().is_some_and(|last| last.until(now) < entry.window));
        }
        let entry = seen
            .entry((limit.act, key.to_lowercase()))
            .or_insert_with(|| Entry { window: limit.window, times: VecDeque::new() });
        while entry.times.front().is_some_and(|first| first.until(now) >= limit.window) {
            entry.times.pop_front();
        }
        if let Some(first) = entry.times.front()
            && entry.times.len() >= limit.times
        {
            return Err(now.until(first.plus(limit.window)));
        }
        entry.times.push_back(now);
        Ok(())
    }

    /// Forgets a key, after a success that shows that it was the right person.
    pub fn forget(&self, limit: Limit, key: &str) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&(limit.act, key.to_lowercase()));
    }
}

/// The key of a network address. One IPv6 customer has a whole /64, so that is what counts as one address.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit::per_minutes("test", 2, 1);

    #[test]
    fn the_window_slides() {
        let limiter = RateLimiter::default();
        let at = |seconds: i64| UnixMillis(seconds * 1000);
        assert_eq!(limiter.count(LIMIT, "a@example.org", at(0)), Ok(()));
        assert_eq!(limiter.count(LIMIT, "A@example.org", at(10)), Ok(()));
        assert_eq!(limiter.count(LIMIT, "a@example.org", at(20)), Err(Duration::from_secs(40)));
        assert_eq!(limiter.count(LIMIT, "b@example.org", at(20)), Ok(()));
        assert_eq!(limiter.count(LIMIT, "a@example.org", at(60)), Ok(()));
        assert_eq!(limiter.count(LIMIT, "a@example.org", at(61)), Err(Duration::from_secs(9)));
        limiter.forget(LIMIT, "a@example.org");
        assert_eq!(limiter.count(LIMIT, "a@example.org", at(61)), Ok(()));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let key = |text: &str| address_key(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
