//! Limits on what one user has in progress at a time: requests, file downloads, uploads, event streams. Further requests
//! of the same user wait for a few seconds and are refused then; other users are not affected.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    body::Body,
    extract::{FromRequestParts, Request},
    http::request::Parts,
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_stream::StreamExt as _;
use vestnik_model::id::UserId;

use crate::{error::Error, state::AppState, visit::Visit};

/// How long a request waits for a permit. A stream does not wait: the browser reconnects by itself.
const WAIT: Duration = Duration::from_secs(5);
/// Users whose semaphores are kept before unused ones are removed.
const USERS: usize = 1_000;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Requests, until the response begins.
    Request,
    /// File downloads, until the last byte is sent.
    File,
    /// Uploads, until the uploaded file has been processed.
    Upload,
    /// Event streams, until they end.
    Stream,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Request, Self::File, Self::Upload, Self::Stream];

    /// Permits of one user. A browser opens about six connections over HTTP/1.1, and over HTTP/2 as many requests as a
    /// page has; each open tab with live progress has a stream.
    const fn per_user(self) -> usize {
        match self {
            Self::Request => 24,
            Self::File | Self::Upload => 2,
            Self::Stream => 12,
        }
    }
}

type Semaphores = Mutex<HashMap<UserId, Arc<Semaphore>>>;

/// The semaphores of all users.
#[derive(Debug)]
pub struct ConcurrencyLimits([(Kind, Semaphores); 4]);

impl Default for ConcurrencyLimits {
    fn default() -> Self {
        Self(Kind::ALL.map(|kind| (kind, Semaphores::default())))
    }
}

impl ConcurrencyLimits {
    /// Waits for one of the user's permits, within bounds.
    pub(crate) async fn acquire(&self, kind: Kind, user: UserId) -> Result<OwnedSemaphorePermit, Error> {
        let semaphore = self.semaphore(kind, user);
        let wait = if kind == Kind::Stream { Duration::ZERO } else { WAIT };
        match timeout(wait, semaphore.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(Error::Busy),
        }
    }

    fn semaphore(&self, kind: Kind, user: UserId) -> Arc<Semaphore> {
        let (of, users) = &self.0[kind as usize];
        debug_assert_eq!(*of, kind);
        let mut users = users.lock().unwrap_or_else(PoisonError::into_inner);
        if users.len() >= USERS {
            users.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
        }
        users.entry(user).or_insert_with(|| Arc::new(Semaphore::new(kind.per_user()))).clone()
    }
}

/// The permit of a request, for handlers whose work goes on after the response. It is released with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Permit(#[expect(dead_code, reason = "held until it is dropped")] Arc<OwnedSemaphorePermit>);

impl<S: Sync> FromRequestParts<S> for Permit {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| Error::internal("the route has no concurrency limit"))
    }
}

/// Middleware of routes that send a file or a stream, or take an upload. Holds a permit until the response has been sent.
/// The state comes with the request, because the table of routes is built without it.
pub(crate) async fn limit(kind: Kind, visit: Visit, mut request: Request, next: Next) -> Response {
    let app = request.extensions().get::<AppState>().cloned();
    let (Some(app), Some(who)) = (app, &visit.user) else { return next.run(request).await };
    match app.concurrency.acquire(kind, who.user.id).await {
        Ok(permit) => {
            let permit = Permit(Arc::new(permit));
            request.extensions_mut().insert(permit.clone());
            hold(next.run(request).await, permit)
        }
        Err(error) => error.into_response(),
    }
}

/// A response that holds a permit until its body has been sent or dropped.
fn hold(response: Response, permit: Permit) -> Response {
    if !response.status().is_success() {
        return response;
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |piece| {
            let _held = &permit;
            piece
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANNA: UserId = UserId(1);
    const BORIS: UserId = UserId(2);

    #[tokio::test(start_paused = true)]
    async fn each_user_has_permits_of_their_own() {
        let limits = ConcurrencyLimits::default();
        let held = [limits.acquire(Kind::File, ANNA).await.unwrap(), limits.acquire(Kind::File, ANNA).await.unwrap()];
        assert!(matches!(limits.acquire(Kind::File, ANNA).await, Err(Error::Busy)));
        drop(limits.acquire(Kind::File, BORIS).await.unwrap());
        drop(limits.acquire(Kind::Upload, ANNA).await.unwrap());
        drop(held);
        drop(limits.acquire(Kind::File, ANNA).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn response_holds_its_permit_until_it_is_sent() {
        let limits = ConcurrencyLimits::default();
        let permit = async || Permit(Arc::new(limits.acquire(Kind::File, ANNA).await.unwrap()));
        let mut responses = Vec::new();
        for _ in 0..2 {
            responses.push(hold("a file".into_response(), permit().await));
        }
        assert!(limits.acquire(Kind::File, ANNA).await.is_err());
        let body = responses.pop().map(Response::into_body).unwrap();
        assert_eq!(axum::body::to_bytes(body, 100).await.unwrap(), "a file");
        let again = permit().await;
        // A client that disconnects leaves the rest unsent.
        drop(responses);
        drop(permit().await);
        drop(again);
        // A refusal has no body to send.
        let refused = hold(Error::NotFound.into_response(), permit().await);
        let _both = [permit().await, permit().await];
        assert_eq!(refused.status(), 404);
    }
}
