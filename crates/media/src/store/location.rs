//! Where a store is, as the operator writes it.

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::Key;

/// Where a store is: `PATH` or `file:PATH`, or `s3://BUCKET` with a `/PREFIX` or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket that speaks S3.
    Bucket {
        /// Its name.
        bucket: String,
        /// What all keys begin with, where the bucket holds other things, too.
        prefix: Option<Key>,
    },
}

/// The text is no [`Location`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLocation {
    /// There is nothing.
    #[error("the location of the media store is empty")]
    Empty,
    /// Another kind of URL.
    #[error("a media store is a folder or begins with s3://, not with {0}:")]
    Scheme(String),
    /// Not what buckets are called.
    #[error("{0:?} is not the name of a bucket")]
    Bucket(String),
    /// Not what the keys of this store may begin with.
    #[error("{0:?} cannot be the prefix of a media store")]
    Prefix(String),
}

impl FromStr for Location {
    type Err = BadLocation;

    fn from_str(text: &str) -> Result<Self, BadLocation> {
        if let Some(bucket) = text.strip_prefix("s3://") {
            let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
            // The rules that all providers share, and no character that would change the URL.
            let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
            if !(3..=63).contains(&bucket.len()) || !bucket.bytes().all(allowed) || bucket.starts_with(['.', '-']) {
                return Err(BadLocation::Bucket(bucket.to_owned()));
            }
            let prefix = match prefix.trim_end_matches('/') {
                "" => None,
                prefix => Some(prefix.parse().map_err(|_| BadLocation::Prefix(prefix.to_owned()))?),
            };
            return Ok(Self::Bucket { bucket: bucket.to_owned(), prefix });
        }
        // `file:PATH`, and `file:///PATH` as URLs have it.
        let path = match text.strip_prefix("file:") {
            Some(path) => path.strip_prefix("//").unwrap_or(path),
            None => match text.split_once("://") {
                Some((scheme, _)) => return Err(BadLocation::Scheme(scheme.to_owned())),
                None => text,
            },
        };
        if path.is_empty() { Err(BadLocation::Empty) } else { Ok(Self::Folder(path.into())) }
    }
}

/// Makes a folder that nobody else can look into. One that is there stays as the operator made it.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations() {
        let folder = |path: &str| Ok(Location::Folder(path.into()));
        let bucket = |bucket: &str, prefix: Option<&str>| {
            Ok(Location::Bucket { bucket: bucket.to_owned(), prefix: prefix.map(|prefix| prefix.parse().unwrap()) })
        };
        for (text, location) in [
            ("media", folder("media")),
            ("/var/lib/vestnik/media", folder("/var/lib/vestnik/media")),
            ("file:media", folder("media")),
            ("file:/srv/media", folder("/srv/media")),
            ("file:///srv/media", folder("/srv/media")),
            ("s3://pictures", bucket("pictures", None)),
            ("s3://pictures/", bucket("pictures", None)),
            ("s3://pictures/vestnik/media/", bucket("pictures", Some("vestnik/media"))),
            ("", Err(BadLocation::Empty)),
            ("file:", Err(BadLocation::Empty)),
            ("https://example.org/media", Err(BadLocation::Scheme("https".to_owned()))),
            ("s3://", Err(BadLocation::Bucket(String::new()))),
            ("s3://user@host", Err(BadLocation::Bucket("user@host".to_owned()))),
            ("s3://pictures/../other", Err(BadLocation::Prefix("../other".to_owned()))),
        ] {
            assert_eq!(text.parse(), location, "{text}");
        }
    }
}
