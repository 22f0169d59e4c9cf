//! How often a password may be guessed: slowly from one network, and slowly for one account from all of them together.
//!
//! The last of these would let a stranger lock the owner out by guessing on purpose. So it holds for strangers alone:
//! browsers and addresses at which someone has signed in to the account go on working, and a link for a new password by
//! email does so everywhere.

use std::net::IpAddr;

use vestnik_cache::{Cache, Counted};
use vestnik_model::{EmailAddress, UnixMillis};
use vestnik_store::logins;

use crate::{error::Error, limits::Limit, state::AppState, visit::Visit};

/// By account and network together: whoever guesses is slowed down, and the owner gets in from elsewhere.
const BY_GUESSER: Limit = Limit::per_minutes("login", 10, 15);
/// By network, whatever the account.
const BY_ADDRESS: Limit = Limit::per_minutes("login-address", 60, 15);
/// By account, from everywhere.
const BY_ACCOUNT: Limit = Limit::per_minutes("login-account", 50, 24 * 60);
/// How long an address is known at which someone has signed in.
const ADDRESS_KNOWN: std::time::Duration = std::time::Duration::from_secs(90 * 86_400);

/// A password that is about to be checked.
pub(super) struct Guess<'a> {
    /// From where.
    pub(super) address: IpAddr,
    /// The key of the account's address, whether there is such an account or not.
    pub(super) account: &'a str,
}

impl Guess<'_> {
    /// Counts it, or says how long to wait. Whether the browser or its address is `known` at the account is asked only
    /// when it matters.
    pub(super) async fn count<E>(
        &self,
        cache: &Cache,
        known: impl AsyncFnOnce() -> Result<bool, E>,
    ) -> Result<Counted, E> {
        for counted in [
            BY_GUESSER.count_networks_in(cache, self.address, self.account).await,
            BY_ADDRESS.count_networks_in(cache, self.address, "").await,
        ] {
            if let Counted::Wait(wait) = counted {
                return Ok(Counted::Wait(wait));
            }
        }
        Ok(match BY_ACCOUNT.count_in(cache, self.account).await {
            Counted::Wait(wait) if !known().await? => Counted::Wait(wait),
            Counted::Wait(_) | Counted::Allowed => Counted::Allowed,
        })
    }

    /// Forgets those of this network, after a success that shows that it was the right person. Those of strangers stay.
    pub(super) async fn forget(&self, cache: &Cache) {
        BY_GUESSER.forget_networks_in(cache, self.address, self.account).await;
    }
}

/// Counts a guess of this visitor, or ends the request.
pub(super) async fn count(app: &AppState, visit: &Visit, email: Option<&EmailAddress>) -> Result<(), Error> {
    let account = email.map(EmailAddress::key).unwrap_or_default();
    let guess = Guess { address: visit.address, account: &account };
    let known = async || is_known(app, visit, email, app.now().minus(ADDRESS_KNOWN)).await;
    match guess.count(&app.cache, known).await? {
        Counted::Allowed => Ok(()),
        Counted::Wait(wait) => Err(Error::TooOften(wait)),
    }
}

/// Forgets the guesses from here at this account, whose password was right.
pub(super) async fn forget(app: &AppState, visit: &Visit, email: &EmailAddress) {
    Guess { address: visit.address, account: &email.key() }.forget(&app.cache).await;
}

async fn is_known(
    app: &AppState,
    visit: &Visit,
    email: Option<&EmailAddress>,
    since: UnixMillis,
) -> Result<bool, Error> {
    let Some(email) = email else { return Ok(false) };
    let device = visit.device.as_ref().map_or("", |device| device.secret());
    Ok(logins::is_known(&app.db, email, device, &visit.address.to_string(), since).await?)
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use vestnik_cache::CacheOptions;

    use super::*;

    fn cache() -> Cache {
        let options = CacheOptions {
            redis: None,
            most_bytes: 1 << 20,
            prefix: String::new(),
            timing: vestnik_cache::Timing::default(),
        };
        Cache::new(options).expect("a cache")
    }

    async fn is_allowed(cache: &Cache, address: &str, account: &str, known: bool) -> bool {
        let guess = Guess { address: address.parse().expect("an address"), account };
        let counted = guess.count(cache, async || Ok::<_, Infallible>(known)).await;
        counted.expect("never fails") == Counted::Allowed
    }

    /// So many of the guesses of one address are allowed, made one after the other; the address is made of its number.
    async fn allowed_of(
        cache: &Cache,
        count: u32,
        address: impl Fn(u32) -> String,
        account: impl Fn(u32) -> String,
    ) -> usize {
        let mut allowed = 0;
        for n in 0..count {
            allowed += usize::from(is_allowed(cache, &address(n), &account(n), false).await);
        }
        allowed
    }

    #[tokio::test(start_paused = true)]
    async fn guesses_are_limited_by_network_and_account() {
        let one = |_| "anna@example.org".to_owned();
        let each = |n: u32| format!("user{n}@example.org");
        for (what, count, allowed, address, account) in [
            // At one account: by address, /64, /56, /48, and by account from everywhere.
            (
                "IPv4",
                30,
                10,
                Box::new(|_| "192.0.2.1".to_owned()) as Box<dyn Fn(u32) -> String>,
                &one as &dyn Fn(u32) -> String,
            ),
            ("mapped IPv4", 30, 10, Box::new(|_| "::ffff:192.0.2.1".to_owned()), &one),
            ("one /64", 30, 10, Box::new(|n| format!("2001:db8::{n:x}")), &one),
            ("one /56, each /64 once", 200, 40, Box::new(|n| format!("2001:db8:0:{n:x}::1")), &one),
            ("one /48, each /56 once", 200, 50, Box::new(|n| format!("2001:db8:0:{n:x}00::1")), &one),
            ("everywhere", 200, 50, Box::new(|n| format!("198.51.{}.{}", n / 250, n % 250)), &one),
            // At every account once.
            ("IPv4, each account once", 200, 60, Box::new(|_| "192.0.2.1".to_owned()), &each),
            ("one /56, each account once", 400, 240, Box::new(|n| format!("2001:db8:0:{:x}::1", n % 200)), &each),
            ("one /48, each account once", 1_200, 960, Box::new(|n| format!("2001:db8:0:{:x}00::1", n % 200)), &each),
            ("everywhere, each account once", 400, 400, Box::new(|n| format!("198.51.{}.{}", n / 250, n % 250)), &each),
        ] {
            assert_eq!(allowed_of(&cache(), count, address, account).await, allowed, "{what}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_helps() {
        let cache = cache();
        let anna = "anna@example.org";
        for (minutes, address, allowed) in [
            (0, "192.0.2.1", 10),
            (14, "192.0.2.1", 0),
            (1, "192.0.2.1", 10),
            (1, "192.0.2.2", 10),
            (0, "192.0.2.3", 10),
            (0, "192.0.2.4", 10),
            // Fifty in a day, from wherever.
            (0, "192.0.2.5", 0),
            (24 * 60 - 17, "192.0.2.5", 0),
            // The first ten are a day old, and then the next.
            (1, "192.0.2.6", 10),
            (0, "192.0.2.7", 0),
            (15, "192.0.2.8", 10),
        ] {
            tokio::time::advance(Duration::from_secs(minutes * 60)).await;
            let made = allowed_of(&cache, 20, |_| address.to_owned(), |_| anna.to_owned()).await;
            assert_eq!(made, allowed, "{address} after another {minutes} minutes");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_do_not_lock_the_owner_out() {
        let cache = cache();
        let anna = "anna@example.org";
        let strangers = |n: u32| format!("198.51.100.{n}");
        assert_eq!(allowed_of(&cache, 200, strangers, |_| anna.to_owned()).await, 50);
        assert!(!is_allowed(&cache, "192.0.2.1", anna, false).await, "a browser that is not known waits");
        for turn in 0..9 {
            assert!(is_allowed(&cache, "192.0.2.1", anna, true).await, "{turn}");
        }
        assert!(!is_allowed(&cache, "192.0.2.1", anna, true).await, "a known browser guesses as slowly as any network");
        let guess = Guess { address: "192.0.2.1".parse().expect("an address"), account: anna };
        guess.forget(&cache).await;
        assert!(is_allowed(&cache, "192.0.2.1", anna, true).await);
        assert!(!is_allowed(&cache, "192.0.2.9", anna, false).await, "the owner's success opens nothing to strangers");
    }
}
