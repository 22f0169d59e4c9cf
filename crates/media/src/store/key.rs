//! Names of stored objects.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use sha2::{Digest, Sha256};

use crate::MediaType;

/// Leaves room for a folder before it, where the system or the bucket limits the whole.
const LONGEST: usize = 255;

/// Bytes of the content's hash in a key: nobody finds another content for the same key.
const HASH_BYTES: usize = 16;

/// The name of an object: parts of lower-case letters, digits, `-` and `.`, divided by `/`. No part begins with a dot,
/// so that a key never leads out of its store, and none is empty. It can stand in a URL as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key(String);

/// The text is not a [`Key`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key has at most {LONGEST} of a-z, 0-9, - and ., in parts divided by / of which none is empty or begins with ."
)]
pub struct BadKey;

impl Key {
    /// The key of a content, `PREFIX/HASH.EXTENSION`: another content has another key, so that browsers may keep what
    /// they loaded for ever, and who does not have the picture cannot guess its key.
    ///
    /// The same content has the same key: give each owner a prefix, or deleting one's picture deletes another's.
    ///
    /// # Errors
    /// [`BadKey`] if the prefix is none, or too long.
    pub fn of(prefix: &str, bytes: &[u8], media_type: MediaType) -> Result<Self, BadKey> {
        let mut key = format!("{prefix}/");
        for byte in &Sha256::digest(bytes)[..HASH_BYTES] {
            let _ = write!(key, "{byte:02x}");
        }
        let _ = write!(key, ".{}", media_type.extension());
        key.parse()
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the extension says of the content, if it is one that we write.
    pub fn media_type(&self) -> Option<MediaType> {
        self.0.rsplit_once('.').and_then(|(_, extension)| MediaType::from_extension(extension))
    }
}

impl FromStr for Key {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        let is_part = |part: &str| {
            let allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
            !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
        };
        if text.len() > LONGEST || !text.split('/').all(is_part) {
            return Err(BadKey);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_escape() {
        for good in ["a", "avatars/17/0f.png", "a-b/c.d", "2026/11"] {
            assert_eq!(good.parse::<Key>().map(|key| key.to_string()).as_deref(), Ok(good));
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in [
            "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.b", "a/..", "A", "a b", "a\\b", "a%2e",
            "a\0", "a\n", "ä", "c:a", "a#1", "a?b", "~", &long,
        ] {
            assert_eq!(bad.parse::<Key>(), Err(BadKey), "{bad:?}");
        }
    }

    #[test]
    fn a_content_has_one_key() {
        let key = Key::of("avatars/17", b"abc", MediaType::Jpeg).unwrap();
        // The head of SHA-256("abc"), FIPS 180-2 B.1.
        assert_eq!(key.as_str(), "avatars/17/ba7816bf8f01cfea414140de5dae2223.jpg");
        assert_eq!(key.media_type(), Some(MediaType::Jpeg));
        assert_ne!(Key::of("avatars/17", b"abd", MediaType::Jpeg).unwrap(), key);
        assert_eq!(Key::of("../17", b"abc", MediaType::Jpeg), Err(BadKey));
        assert_eq!("avatars/a.svg".parse::<Key>().unwrap().media_type(), None);
    }
}
