//! Limits the number of open connections of one network address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use vestnik_web::limits::address_key;

/// Interval of the warning about refused connections.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// Counts open connections by address. An IPv6 network of /64 is one address.
#[derive(Clone, Debug)]
pub struct AddressLimits {
    /// `None`: no limit.
    most: Option<usize>,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    connections: HashMap<String, usize>,
    refused: u64,
    warned_at: Option<Instant>,
}

/// Counts a connection until it is dropped.
#[derive(Debug)]
pub struct ConnectionGuard {
    key: String,
    open: Arc<Mutex<Open>>,
}

impl AddressLimits {
    /// `most`: open connections of one address.
    pub fn new(most: Option<usize>) -> Self {
        Self { most, open: Arc::default() }
    }

    /// Counts a connection; `None`: its address has reached the limit.
    pub fn admit(&self, address: IpAddr) -> Option<ConnectionGuard> {
        let key = address_key(address);
        let mut open = lock(&self.open);
        let connections = open.connections.entry(key.clone()).or_default();
        if self.most.is_some_and(|most| *connections >= most) {
            open.refuse();
            return None;
        }
        *connections += 1;
        Some(ConnectionGuard { key, open: self.open.clone() })
    }
}

impl Open {
    fn refuse(&mut self) {
        self.refused += 1;
        let now = Instant::now();
        if self.warned_at.is_none_or(|at| now.duration_since(at) >= WARN_EVERY) {
            tracing::warn!(refused = self.refused, "closing connections of an address above its limit");
            self.warned_at = Some(now);
            self.refused = 0;
        }
    }
}

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        if let Some(connections) = open.connections.get_mut(&self.key) {
            *connections -= 1;
            if *connections == 0 {
                open.connections.remove(&self.key);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn limits_each_address_on_its_own() {
        let limits = AddressLimits::new(Some(2));
        let at = |text: &str| limits.admit(text.parse().unwrap());
        let held = [at("192.0.2.1"), at("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(at("192.0.2.1").is_none());
        let other = at("192.0.2.2");
        assert!(other.is_some());
        let network = [at("2001:db8:1:2::1"), at("2001:db8:1:2::2")];
        assert!(at("2001:db8:1:2::3").is_none() && network.iter().all(Option::is_some));
        drop(held);
        assert!(at("192.0.2.1").is_some());
        drop((other, network));
        assert!(lock(&limits.open).connections.is_empty(), "addresses without connections are forgotten");
    }

    #[tokio::test]
    async fn without_a_limit_admits_all() {
        let limits = AddressLimits::new(None);
        let held: Vec<_> = (0..1_000).map(|_| limits.admit("127.0.0.1".parse().unwrap())).collect();
        assert!(held.iter().all(Option::is_some));
    }
}
