//! Secrets that the database keeps for the service to use again, such as the mail server's password: encrypted with a key
//! that is kept apart from the database, so that a copy of it, a backup or a replica opens nothing.
//!
//! AES-256-GCM with a random nonce. The purpose, the row and the key's id are authenticated with the text, so that nobody
//! who writes to the database can put one row's secret into another's place. A nonce is used again by chance only after
//! some 2^32 encryptions with one key, which secrets that people type never come to.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use crate::secret::{self, Random};

/// Bytes of a key.
const KEY_LENGTH: usize = 32;
/// Characters of a key's id.
const ID_LENGTH: usize = 12;
/// Begins what is encrypted: `encrypted:1:{key id}:{base64 of nonce and ciphertext}`.
const PREFIX: &str = "encrypted:1:";

/// What a secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretPurpose {
    /// The password of the mail server, in the settings of the installation.
    MailServerPassword,
    /// What the app of a user's second factor shares.
    SecondFactor,
    /// The same, offered and not yet proven.
    SecondFactorOffer,
}

impl SecretPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::MailServerPassword => "mail_server_password",
            Self::SecondFactor => "second_factor",
            Self::SecondFactorOffer => "second_factor_offer",
        }
    }
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is nothing in it.
    #[error("there is no key in it")]
    Empty,
    /// Not Base64.
    #[error("a key is 32 bytes in Base64, as `openssl rand -base64 32` prints them; one of these is not Base64")]
    Encoding,
    /// Not 32 bytes.
    #[error("a key is 32 bytes in Base64, as `openssl rand -base64 32` prints them; one of these has {0} bytes")]
    Length(usize),
}

/// A stored secret that cannot be read: it was encrypted with a key that is not at hand, or it was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the secret was encrypted with a key that this installation does not have")]
pub struct Unreadable;

struct Key {
    id: String,
    aead: LessSafeKey,
}

/// The keys at hand. The first encrypts, all decrypt. Cheap to clone; never printed.
#[derive(Clone)]
pub struct Keyring {
    keys: Arc<[Key]>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.id)).finish()
    }
}

impl Keyring {
    /// Reads keys in Base64, separated by white space or commas; what follows a `#` in a line is a comment.
    ///
    /// # Errors
    /// See [`KeyError`]; none repeats what was given.
    pub fn parse(text: &str, random: Arc<dyn Random>) -> Result<Self, KeyError> {
        let words = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default())
            .flat_map(|line| line.split(|c: char| c.is_whitespace() || c == ','))
            .filter(|word| !word.is_empty());
        let mut keys: Vec<Key> = Vec::new();
        for word in words {
            let bytes = BASE64_STANDARD.decode(word).map_err(|_| KeyError::Encoding)?;
            let length = bytes.len();
            let unbound = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| KeyError::Length(length))?;
            debug_assert_eq!(length, KEY_LENGTH);
            // Tells keys apart, and nothing of them: they are random.
            let id: String = secret::hash(&format!("vestnik key id {word}")).chars().take(ID_LENGTH).collect();
            if keys.iter().all(|known| known.id != id) {
                keys.push(Key { id, aead: LessSafeKey::new(unbound) });
            }
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self { keys: keys.into(), random }) }
    }

    /// A new key, as [`parse`](Self::parse) reads it.
    pub fn generate(random: &dyn Random) -> String {
        let mut bytes = [0_u8; KEY_LENGTH];
        random.fill(&mut bytes);
        BASE64_STANDARD.encode(bytes)
    }

    /// The id of the key that encrypts.
    pub fn id(&self) -> &str {
        &self.keys[0].id
    }

    /// Whether the key of this id is at hand.
    pub fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Encrypts a secret of a row.
    pub fn encrypt(&self, purpose: SecretPurpose, row: i64, secret: &str) -> String {
        let key = &self.keys[0];
        let mut nonce = [0_u8; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut text = secret.as_bytes().to_vec();
        let aad = Aad::from(context(purpose, row, &key.id));
        key.aead
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut text)
            .expect("a secret is shorter than 64 GiB");
        let text = [&nonce[..], &text].concat();
        format!("{PREFIX}{}:{}", key.id, BASE64_STANDARD.encode(text))
    }

    /// Decrypts what is stored in a row.
    ///
    /// # Errors
    /// Its key is not at hand, or it is another row's, or it was changed.
    pub fn decrypt(&self, purpose: SecretPurpose, row: i64, stored: &str) -> Result<String, Unreadable> {
        let (id, text) = stored.strip_prefix(PREFIX).and_then(|rest| rest.split_once(':')).ok_or(Unreadable)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or(Unreadable)?;
        let mut text = BASE64_STANDARD.decode(text).map_err(|_| Unreadable)?;
        let (nonce, text) = text.split_at_mut_checked(NONCE_LEN).ok_or(Unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Unreadable)?;
        let aad = Aad::from(context(purpose, row, id));
        let secret = key.aead.open_in_place(nonce, aad, text).map_err(|_| Unreadable)?;
        String::from_utf8(secret.to_vec()).map_err(|_| Unreadable)
    }
}

/// What is authenticated with a secret.
fn context(purpose: SecretPurpose, row: i64, id: &str) -> String {
    format!("vestnik {} {row} {id}", purpose.as_str())
}

/// The id of the key that a stored secret was encrypted with; `None`: it is in clear text.
pub fn key_of(stored: &str) -> Option<&str> {
    Some(stored.strip_prefix(PREFIX)?.split_once(':')?.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::SystemRandom;
    use SecretPurpose::{MailServerPassword, SecondFactor, SecondFactorOffer};

    fn ring(text: &str) -> Keyring {
        Keyring::parse(text, Arc::new(SystemRandom)).unwrap()
    }

    fn new() -> String {
        Keyring::generate(&SystemRandom)
    }

    #[test]
    fn secret_comes_back_from_its_own_row_alone() {
        let ring = ring(&new());
        for secret in ["", "s/ecret", "пароль", "JBSWY3DPEHPK3PXP"] {
            let stored = ring.encrypt(SecondFactor, 7, secret);
            assert!(secret.is_empty() || !stored.contains(secret));
            assert_eq!(key_of(&stored), Some(ring.id()));
            assert_eq!(ring.decrypt(SecondFactor, 7, &stored).as_deref(), Ok(secret));
            for (purpose, row) in [(SecondFactor, 8), (SecondFactorOffer, 7), (MailServerPassword, 7)] {
                assert_eq!(ring.decrypt(purpose, row, &stored), Err(Unreadable));
            }
            assert_ne!(ring.encrypt(SecondFactor, 7, secret), stored, "each time with another nonce");
        }
    }

    #[test]
    fn changed_or_foreign_text_is_unreadable() {
        let ring = ring(&new());
        let stored = ring.encrypt(SecondFactor, 7, "a secret");
        let other = self::ring(&new());
        assert_eq!(other.decrypt(SecondFactor, 7, &stored), Err(Unreadable));
        for at in PREFIX.len()..stored.len() {
            let mut changed = stored.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(ring.decrypt(SecondFactor, 7, &changed), Err(Unreadable), "{changed}");
        }
        for text in ["", "a secret", "encrypted:1:", "encrypted:1:x:", &format!("encrypted:1:{}:AAAA", ring.id())] {
            assert_eq!(ring.decrypt(SecondFactor, 7, text), Err(Unreadable), "{text}");
        }
        assert_eq!(key_of("a secret"), None);
    }

    #[test]
    fn first_key_encrypts_and_all_decrypt() {
        let (old, new) = (new(), new());
        let before = ring(&old);
        let stored = before.encrypt(SecondFactor, 7, "a secret");
        let both = ring(&format!("# since Monday\n{new} # the new one\n\n{old},{new}\n"));
        assert_eq!(both.id(), ring(&new).id());
        assert!(both.has(before.id()) && !before.has(both.id()));
        assert_eq!(both.decrypt(SecondFactor, 7, &stored).as_deref(), Ok("a secret"));
        assert_eq!(key_of(&both.encrypt(SecondFactor, 7, "a secret")), Some(both.id()));
        assert!(!format!("{both:?}").contains(&new));
    }

    #[test]
    fn text_that_is_no_key_is_refused_and_not_repeated() {
        let short = BASE64_STANDARD.encode([1_u8; 16]);
        for (text, error) in [
            ("", KeyError::Empty),
            (" \n # nothing\n", KeyError::Empty),
            ("a password!", KeyError::Encoding),
            (short.as_str(), KeyError::Length(16)),
        ] {
            assert_eq!(Keyring::parse(text, Arc::new(SystemRandom)).err(), Some(error), "{text}");
        }
    }
}
