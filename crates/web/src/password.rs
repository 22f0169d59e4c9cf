//! Hashing and checking passwords with argon2id, on threads of their own, a few at once.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use vestnik_model::secret::Random;

use crate::worker_pool::{PoolError, WorkerPool};

/// Passwords in the queue and being hashed: about two seconds of work for two threads. More are refused.
const QUEUE: usize = 128;

/// A password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many wait already.
    #[error("too many passwords wait to be checked")]
    Overloaded,
    /// A hash could not be made or read.
    #[error("password hashing: {0}")]
    Broken(String),
}

impl From<PoolError> for PasswordError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::QueueFull => Self::Overloaded,
            PoolError::Failed => Self::Broken(error.to_string()),
        }
    }
}

/// Hashes a password with a fresh salt into a PHC string. Takes some 30 ms of a core and 19 MiB (argon2id with the
/// parameters that OWASP names first): never call it on an async thread, [`Passwords`] is for that.
pub fn hash_password(password: &str, random: &dyn Random) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    random.fill(&mut salt);
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| PasswordError::Broken(error.to_string()))?;
    Ok(hash.to_string())
}

fn check(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Hashes and checks passwords on threads of their own: a login waits for other logins and for no other work.
#[derive(Clone)]
pub struct Passwords {
    pool: WorkerPool,
    random: Arc<dyn Random>,
    /// Checked when there is no account, so that the answer takes as long as when there is one.
    nobodys: Arc<str>,
}

impl Passwords {
    /// At most `at_once` hashes at the same time.
    pub fn new(at_once: usize, random: Arc<dyn Random>) -> Self {
        let nobodys = hash_password("nobody has this password", &*random).unwrap_or_default();
        Self { pool: WorkerPool::new("passwords", at_once, QUEUE), random, nobodys: nobodys.into() }
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when too many wait.
    pub async fn hash(&self, password: String) -> Result<String, PasswordError> {
        let random = self.random.clone();
        self.pool.run(move || hash_password(&password, &*random)).await?
    }

    /// Whether the password is the one of this hash. Without a hash (there is no such account) the answer is no, and
    /// takes as long.
    ///
    /// # Errors
    /// [`PasswordError::Overloaded`] when too many wait.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        let nobodys = self.nobodys.clone();
        let right = self.pool.run(move || match hash {
            Some(hash) => check(&password, &hash),
            None => {
                let _ = check(&password, &nobodys);
                false
            }
        });
        Ok(right.await?)
    }

    /// Passes through the queue without hashing anything, to measure how long passwords wait.
    ///
    /// # Errors
    /// The queue is full.
    pub(crate) async fn probe(&self) -> Result<(), PasswordError> {
        Ok(self.pool.run(|| ()).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestnik_model::secret::SystemRandom;

    #[tokio::test]
    async fn the_right_password_opens_and_nothing_else_does() {
        let passwords = Passwords::new(2, Arc::new(SystemRandom));
        let hash = passwords.hash("correct horse battery".into()).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery".into(), Some(hash.clone())).await.expect("checked"));
        assert!(!passwords.verify("correct horse batterz".into(), Some(hash)).await.expect("checked"));
        assert!(!passwords.verify("nobody has this password".into(), None).await.expect("checked"));
        assert!(!passwords.verify(String::new(), Some("not a hash".into())).await.expect("checked"));
    }
}
