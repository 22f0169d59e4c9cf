//! How often someone may try: a sliding window for each pair of an act and a key (an account, a network address).
//!
//! The counts are in the [cache](vestnik_cache), which nodes share if they share a Redis, and forgotten at a restart if
//! they do not: they slow guessing down, and lock no account.

use std::{net::IpAddr, time::Duration};

use vestnik_cache::Counted;
use vestnik_model::secret;

use crate::{error::Error, state::AppState};

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

    /// Counts one act, or ends the request when there were too many. A refused act is not counted, so that waiting always
    /// helps.
    pub(crate) async fn count(self, app: &AppState, key: &str) -> Result<(), Error> {
        match app.cache.count(self.act, &short(key), self.times, self.window).await {
            Counted::Allowed => Ok(()),
            Counted::Wait(wait) => Err(Error::TooOften(wait)),
        }
    }

    /// Forgets a key, after a success that shows that it was the right person.
    pub(crate) async fn forget(self, app: &AppState, key: &str) {
        app.cache.uncount(self.act, &short(key)).await;
    }
}

/// A key of which thousands can be kept, whatever someone has typed.
fn short(key: &str) -> String {
    if key.len() <= 100 { key.to_lowercase() } else { secret::hash(key) }
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
    use super::address_key;

    #[test]
    fn an_ipv6_network_is_one_address() {
        let key = |text: &str| address_key(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
