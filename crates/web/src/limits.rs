//! How often someone may try: a sliding window for each pair of an act and a key (an account, a network).
//!
//! The counts are in the [cache](vestnik_cache), which nodes share if they share a Redis, and forgotten at a restart if
//! they do not: they slow guessing down, and lock no account.

use std::{net::IpAddr, time::Duration};

use vestnik_cache::{Cache, Counted};
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
        allowed(self.count_in(&app.cache, key).await)
    }

    /// Counts one act of a network address against each of its [networks](networks), or ends the request.
    pub(crate) async fn count_network(self, app: &AppState, address: IpAddr) -> Result<(), Error> {
        allowed(self.count_networks_in(&app.cache, address, "").await)
    }

    /// The same, counted in this cache.
    pub(crate) async fn count_in(self, cache: &Cache, key: &str) -> Counted {
        cache.count(self.act, &short(key), self.times, self.window).await
    }

    /// Counts one act of each network of an address together with `what`, from the narrowest, until there were too many.
    pub(crate) async fn count_networks_in(self, cache: &Cache, address: IpAddr, what: &str) -> Counted {
        for (share, network) in networks(address) {
            let wider = Self { times: self.times * share, ..self };
            if let Counted::Wait(wait) = wider.count_in(cache, &joined(&network, what)).await {
                return Counted::Wait(wait);
            }
        }
        Counted::Allowed
    }

    /// Forgets a key, after a success that shows that it was the right person.
    pub(crate) async fn forget(self, app: &AppState, key: &str) {
        app.cache.uncount(self.act, &short(key)).await;
    }

    /// The same for each network of an address together with `what`.
    pub(crate) async fn forget_networks_in(self, cache: &Cache, address: IpAddr, what: &str) {
        for (_, network) in networks(address) {
            cache.uncount(self.act, &short(&joined(&network, what))).await;
        }
    }
}

fn allowed(counted: Counted) -> Result<(), Error> {
    match counted {
        Counted::Allowed => Ok(()),
        Counted::Wait(wait) => Err(Error::TooOften(wait)),
    }
}

fn joined(network: &str, what: &str) -> String {
    if what.is_empty() { network.to_owned() } else { format!("{network} {what}") }
}

/// A key of which thousands can be kept, whatever someone has typed.
fn short(key: &str) -> String {
    if key.len() <= 100 { key.to_lowercase() } else { secret::hash(key) }
}

/// The key of a network address. One IPv6 customer has a whole /64, so that is what counts as one address.
pub fn address_key(address: IpAddr) -> String {
    networks(address).swap_remove(0).1
}

/// The networks that count for an address, the narrowest first, and how many times what is allowed to one address is
/// allowed to each. IPv6 customers get a /64, a /56 or a /48 (RFC 6177), and whoever has a /48 has 65,536 of the first.
pub(crate) fn networks(address: IpAddr) -> Vec<(usize, String)> {
    match address.to_canonical() {
        IpAddr::V4(address) => vec![(1, address.to_string())],
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            [(1, 64), (4, 56), (16, 48)]
                .map(|(share, length)| {
                    let network = std::net::Ipv6Addr::from_bits(bits & (u128::MAX << (128 - length)));
                    (share, format!("{network}/{length}"))
                })
                .to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{address_key, networks};

    #[test]
    fn an_ipv6_network_is_one_address() {
        let key = |text: &str| address_key(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2:3:4:5:6"), key("2001:db8:1:2::1"));
        assert_eq!(key("::ffff:192.0.2.1"), "192.0.2.1");
    }

    #[test]
    fn wider_networks_count_as_well() {
        let of = |text: &str| networks(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.1"), [(1, "192.0.2.1".to_owned())]);
        let expected = [(1, "2001:db8:1:2ff::/64"), (4, "2001:db8:1:200::/56"), (16, "2001:db8:1::/48")]
            .map(|(share, network)| (share, network.to_owned()));
        assert_eq!(of("2001:db8:1:2ff:3:4:5:6"), expected);
        assert_eq!(of("2001:db8:1:200::1")[1..], expected[1..], "the same /56");
        assert_eq!(of("2001:db8:1:fe00::1")[2..], expected[2..], "the same /48");
    }
}
