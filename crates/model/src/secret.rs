//! Random secrets: what a person holds (a session's cookie, a link's token) and the hash that is stored of it.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Where randomness comes from. Passed in everywhere, so that a test can repeat itself.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "the one place where the machine's randomness is read")]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness no session and no link is safe: better to stop than to go on with a guessable one.
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// 256 random bits in lower-case hexadecimal, given to a person and never stored.
pub fn new_secret(random: &dyn Random) -> String {
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes);
    hex(&bytes)
}

/// `length` random bytes in lower-case hexadecimal, for keys that are unique and need not be secret.
pub fn new_key(random: &dyn Random, length: usize) -> String {
    let mut bytes = vec![0_u8; length];
    random.fill(&mut bytes);
    hex(&bytes)
}

/// SHA-256 of a secret in hexadecimal: what the database keeps, so that a stolen table opens nothing.
/// No salt and no stretching: the input has 256 random bits already.
pub fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
