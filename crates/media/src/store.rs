//! Where pictures are kept: a folder of this machine, or a bucket that speaks S3.

mod key;
mod location;
mod s3;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use object_store::{
    Attribute, Attributes, ObjectStore, ObjectStoreExt, PutOptions, local::LocalFileSystem, path::Path,
    prefix::PrefixStore,
};
use tokio::time::timeout;

use crate::MediaType;
pub use key::{BadKey, Key};
pub use location::{BadLocation, Location};
pub use s3::S3Settings;

/// How long one operation may take, retries included: a page waits for it.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place for pictures. Cheap to clone.
#[derive(Clone, Debug)]
pub struct MediaStore {
    objects: Arc<dyn ObjectStore>,
    /// Whether it remembers an object's media type. A folder does not; the key's extension says it.
    remembers_types: bool,
}

/// What was stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The content.
    pub bytes: Bytes,
    /// What the store says to tell this content from another under the same key: opaque, with quotes or without. Not
    /// needed with keys of [`Key::of`], which change with the content.
    pub etag: Option<String>,
}

/// The store could not be opened: a matter of configuration, so that it is said at the start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The location is a bucket, and nothing says how to reach it.
    #[error("a media store in a bucket needs S3 settings")]
    NoSettings,
    /// The endpoint is no URL of `https` or `http`.
    #[error("the S3 endpoint {0:?} is not a URL that begins with https:// or http://")]
    BadEndpoint(String),
    /// The endpoint would take the pictures unencrypted.
    #[error("the S3 endpoint {0:?} is not encrypted; if it is a private one, allow plain HTTP")]
    PlainHttp(String),
    /// The folder can be neither used nor made.
    #[error("the media folder {0:?} cannot be used")]
    Folder(std::path::PathBuf, #[source] std::io::Error),
    /// TLS cannot be set up: the system names no certificate authority.
    #[error("TLS for the S3 endpoint cannot be set up")]
    Tls(#[source] tokio_rustls::rustls::Error),
    /// The client for HTTP cannot be made.
    #[error("the client for S3 cannot be made")]
    Client(#[source] reqwest::Error),
    /// The store does not take these settings.
    #[error("the media store does not take its settings")]
    Settings(#[source] object_store::Error),
}

/// The store did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Transient: no answer in time.
    #[error("the media store did not answer in {0:?}")]
    Slow(Duration),
    /// The operator's to correct: the access key or the folder's permissions.
    #[error("the media store denies access")]
    Denied(#[source] object_store::Error),
    /// Anything else; it was tried again where that could help.
    #[error("the media store failed")]
    Failed(#[source] object_store::Error),
}

impl MediaStore {
    /// Opens the store and makes its folder if it is missing. A bucket is not asked whether it exists: the service
    /// starts without it.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(location: &Location, s3: Option<&S3Settings>) -> Result<Self, OpenError> {
        match location {
            Location::Folder(folder) => {
                location::make_private(folder).map_err(|error| OpenError::Folder(folder.clone(), error))?;
                // The row that names a picture survives a power cut; so must the picture.
                let objects = LocalFileSystem::new_with_prefix(folder).map_err(OpenError::Settings)?.with_fsync(true);
                Ok(Self { objects: Arc::new(objects), remembers_types: false })
            }
            Location::Bucket { bucket, prefix } => {
                let objects = s3::open(bucket, s3.ok_or(OpenError::NoSettings)?)?;
                let objects: Arc<dyn ObjectStore> = match prefix {
                    Some(prefix) => Arc::new(PrefixStore::new(objects, prefix.path())),
                    None => Arc::new(objects),
                };
                Ok(Self { objects, remembers_types: true })
            }
        }
    }

    /// Stores bytes under a key, in place of what was there.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put(&self, key: &Key, bytes: Bytes, media_type: MediaType) -> Result<(), StoreError> {
        let mut options = PutOptions::default();
        if self.remembers_types {
            options.attributes = Attributes::from_iter([(Attribute::ContentType, media_type.as_str())]);
        }
        in_time(self.objects.put_opts(&key.path(), bytes.into(), options)).await?;
        Ok(())
    }

    /// What is stored under a key, if there is anything.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let path = key.path();
        let stored = in_time(async {
            let found = self.objects.get(&path).await?;
            let etag = found.meta.e_tag.clone();
            Ok(Stored { bytes: found.bytes().await?, etag })
        });
        unless_missing(stored.await)
    }

    /// Removes what is stored under a key. Nothing there is as well.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn delete(&self, key: &Key) -> Result<(), StoreError> {
        unless_missing(in_time(self.objects.delete(&key.path())).await)?;
        Ok(())
    }
}

async fn in_time<T>(work: impl Future<Output = object_store::Result<T>>) -> Result<T, StoreError> {
    use object_store::Error::{PermissionDenied, Unauthenticated};
    match timeout(PATIENCE, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error @ (PermissionDenied { .. } | Unauthenticated { .. }))) => Err(StoreError::Denied(error)),
        Ok(Err(error)) => Err(StoreError::Failed(error)),
        Err(_) => Err(StoreError::Slow(PATIENCE)),
    }
}

fn unless_missing<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(StoreError::Failed(object_store::Error::NotFound { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Key {
    fn path(&self) -> Path {
        Path::from(self.as_str())
    }
}
