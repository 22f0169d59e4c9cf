//! Pictures that people have uploaded: taken in, made anew, given out (S-68).
//!
//! What is stored is never what was sent: each picture is decoded and encoded anew, so that neither a place where it was
//! taken nor a program that hides in it is kept. Its key follows from its contents, so that browsers may keep it for ever.

use std::{collections::HashMap, sync::Arc};

use axum::{
    BoxError,
    body::{Body, BodyDataStream, Bytes},
    extract::{FromRequest, Multipart, Request, State, multipart::MultipartError},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::Mutex;
use vestnik_media::{
    picture::{Limits, PicturePool, Refused},
    store::{Key, MediaStore},
};
use vestnik_model::Problem;

use crate::{error::Error, form::Path, state::AppState};

/// Largest form with a picture, in bytes: the file and what is around it.
const LARGEST_FORM: usize = 8 * 1024 * 1024 + 64 * 1024;

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
        // They are shown in letters, wherever those are read, our own previews among it.
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, stored.bytes).into_response())
}

/// A form with a picture: the file of the field `picture`, or why there is none, with the status to answer and the
/// problem at the field; and whatever else is typed.
///
/// What is too large is read to its end all the same and thrown away: a browser that is cut off while it sends shows an
/// error of its own, and never our answer.
pub(crate) struct PictureForm {
    pub(crate) picture: Result<Bytes, (StatusCode, Problem)>,
    /// The other fields, as far as they came before anything was wrong.
    pub(crate) fields: HashMap<String, String>,
}

impl<S: Send + Sync> FromRequest<S> for PictureForm {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let rest = Arc::new(Mutex::new(body.into_data_stream()));
        let limited = Body::from_stream(up_to_the_limit(rest.clone()));
        let multipart = Multipart::from_request(Request::from_parts(parts, limited), state).await;
        let mut form = Self { picture: Err(missing()), fields: HashMap::new() };
        if let Err(error) = form.receive(multipart.map_err(|_| Error::BadRequest)?).await {
            form.picture = Err(cut_off(&error));
            throw_away(&rest).await;
        }
        Ok(form)
    }
}

impl PictureForm {
    async fn receive(&mut self, mut multipart: Multipart) -> Result<(), MultipartError> {
        while let Some(field) = multipart.next_field().await? {
            match field.name().map(str::to_owned).as_deref() {
                Some("picture") => {
                    let bytes = field.bytes().await?;
                    self.picture = if bytes.is_empty() { Err(missing()) } else { Ok(bytes) };
                }
                Some(name) if self.fields.len() < MOST_FIELDS => {
                    self.fields.insert(name.to_owned(), field.text().await?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Fields beside the picture that anyone's form has.
const MOST_FIELDS: usize = 16;

type Rest = Arc<Mutex<BodyDataStream>>;

/// The body's beginning; an error where it goes on beyond what a form with a picture has.
fn up_to_the_limit(rest: Rest) -> impl Stream<Item = Result<Bytes, BoxError>> {
    stream::try_unfold(0, move |read| {
        let rest = rest.clone();
        async move {
            let Some(chunk) = rest.lock().await.next().await.transpose()? else { return Ok(None) };
            let read = read + chunk.len();
            if read > LARGEST_FORM { Err(TooLarge.into()) } else { Ok(Some((chunk, read))) }
        }
    })
}

/// More than this is not read for the sake of an answer.
const MOST_THROWN_AWAY: usize = 256 * 1024 * 1024;

async fn throw_away(rest: &Rest) {
    let mut rest = rest.lock().await;
    let mut thrown = 0;
    while let Some(Ok(chunk)) = rest.next().await {
        thrown += chunk.len();
        if thrown > MOST_THROWN_AWAY {
            return;
        }
    }
}

/// The body is larger than a form with a picture can be.
#[derive(Debug, thiserror::Error)]
#[error("the form is too large")]
struct TooLarge;

fn missing() -> (StatusCode, Problem) {
    (StatusCode::UNPROCESSABLE_ENTITY, Problem::new("problem-picture-missing"))
}

/// Either it is too large, or the browser has gone away and reads no answer.
fn cut_off(error: &MultipartError) -> (StatusCode, Problem) {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<TooLarge>() {
            return too_large();
        }
        cause = error.source();
    }
    missing()
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
