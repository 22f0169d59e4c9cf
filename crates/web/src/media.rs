//! Pictures that people have uploaded: taken in, made anew, given out (S-68).
//!
//! What is stored is never what was sent: each picture is decoded and encoded anew, so that neither a place where it was
//! taken nor a program that hides in it is kept. Its key follows from its contents, so that browsers may keep it for ever.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Multipart, State, multipart::MultipartError},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use vestnik_media::{
    picture::{Limits, PicturePool, Refused},
    store::{Key, MediaStore},
};
use vestnik_model::Problem;

use crate::{error::Error, form::Path, state::AppState};

/// Largest picture that may be uploaded, in bytes of the request: the file and what is around it.
pub(crate) const LARGEST_PICTURE: usize = 8 * 1024 * 1024 + 64 * 1024;

/// Where pictures go, and who works on them.
#[derive(Clone)]
pub struct Media {
    /// The store.
    pub store: Arc<MediaStore>,
    /// A few at once.
    pub pictures: Arc<PicturePool>,
}

impl Media {
    /// With the usual limits.
    pub fn new(store: MediaStore) -> Self {
        Self { store: Arc::new(store), pictures: Arc::default() }
    }

    /// Stores an encoded picture below `prefix`; answers its key.
    pub(crate) async fn keep(&self, prefix: &str, encoded: vestnik_media::picture::Encoded) -> Result<Key, Error> {
        let key = Key::of(prefix, &encoded.bytes, encoded.media_type).map_err(Error::internal)?;
        self.store.put(&key, encoded.bytes, encoded.media_type).await.map_err(Error::internal)?;
        Ok(key)
    }

    /// Removes a picture that nothing shows any more. One that stays because the store is away harms nobody.
    pub(crate) async fn forget(&self, key: &str) {
        let Ok(key) = key.parse::<Key>() else { return };
        if let Err(error) = self.store.delete(&key).await {
            tracing::warn!(%error, "a picture that is not shown any more could not be removed");
        }
    }
}

/// Gives a picture out.
pub(crate) async fn show(State(app): State<AppState>, Path(key): Path<String>) -> Result<Response, Error> {
    let key: Key = key.parse().map_err(|_| Error::NotFound)?;
    let media_type = key.media_type().ok_or(Error::NotFound)?;
    let stored = app.media.store.get(&key).await.map_err(Error::internal)?.ok_or(Error::NotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type.as_str())),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, stored.bytes).into_response())
}

/// The file of the field `picture`, or why there is none: with what status to answer, and the problem at the field.
pub(crate) async fn receive(mut multipart: Multipart) -> Result<Bytes, (StatusCode, Problem)> {
    loop {
        match multipart.next_field().await {
            Ok(Some(field)) if field.name() == Some("picture") => {
                let bytes = field.bytes().await.map_err(|error| cut_off(&error))?;
                return if bytes.is_empty() { Err(missing()) } else { Ok(bytes) };
            }
            Ok(Some(_)) => {}
            Ok(None) => return Err(missing()),
            Err(error) => return Err(cut_off(&error)),
        }
    }
}

fn missing() -> (StatusCode, Problem) {
    (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("problem-picture-missing"))
}

fn cut_off(error: &MultipartError) -> (StatusCode, Problem) {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { too_large() } else { missing() }
}

fn too_large() -> (StatusCode, Problem) {
    let largest = Limits::default().most_bytes / 1024 / 1024;
    (StatusCode::PAYLOAD_TOO_LARGE, Problem::new("problem-picture-large").with("largest", largest))
}

/// Why a file is not taken, in words for the person who chose it.
pub(crate) fn problem(refused: Refused) -> (StatusCode, Problem) {
    let problem = match refused {
        Refused::TooLarge { .. } => return too_large(),
        Refused::TooManyPixels { width, height } => {
            Problem::new("problem-picture-pixels").with("width", width).with("height", height)
        }
        Refused::NotAPicture => Problem::new("problem-picture-kind"),
        Refused::Broken => Problem::new("problem-picture-broken"),
    };
    (StatusCode::UNPROCESSABLE_ENTITY, problem)
}
