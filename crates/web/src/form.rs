//! Forms: taking them in, and showing them again with what is wrong.
//!
//! A form is a struct of strings that is `Deserialize` (to take in), `Serialize` (to show again as typed) and `Default`
//! (to show empty). Its rules are in `model`: `RecipientDraft::parse(&form.email, …)` gives a draft or [`Problems`].

use std::collections::BTreeMap;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, request::Parts};
use axum::response::IntoResponse;
use serde::{Serialize, de::DeserializeOwned};
use vestnik_model::{Problem, Problems, user::Language};

use crate::{error::Error, i18n};

/// Largest urlencoded form, in bytes: a message's body of a million characters, percent-encoded.
pub const LARGEST_FORM: usize = 8 * 1024 * 1024;

/// A urlencoded form from the body. A body that is no such form ends in an error page: no page of ours sends it.
#[derive(Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = axum::response::Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        match axum_extra::extract::Form::<T>::from_request(request, state).await {
            Ok(axum_extra::extract::Form(form)) => Ok(Self(form)),
            // 413 keeps its own page.
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(StatusCode::PAYLOAD_TOO_LARGE.into_response())
            }
            Err(_) => Err(Error::BadRequest.into_response()),
        }
    }
}

/// Parameters after the `?`: filters, sorting, pages. What cannot be read ends in an error page.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        axum_extra::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum_extra::extract::Query(query)| Self(query))
            .map_err(|_| Error::BadRequest)
    }
}

/// An id in the path: `/recipients/{id}`. Anything but a number is not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(id)| Self(id))
            .map_err(|_| Error::NotFound)
    }
}

/// What is wrong, in the visitor's language, by field. Templates hand it to the macros `field` and `form_errors`.
/// The empty field name is the form as a whole.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct FormErrors(BTreeMap<&'static str, Vec<String>>);

impl FormErrors {
    /// Nothing is wrong: for a form that is shown for the first time.
    pub fn none() -> Self {
        Self::default()
    }

    /// Puts problems into words.
    pub fn of(language: Language, problems: &Problems) -> Self {
        let mut errors = BTreeMap::<_, Vec<String>>::new();
        for (field, problem) in problems.iter() {
            errors.entry(field).or_default().push(i18n::problem(language, problem));
        }
        Self(errors)
    }

    /// A single problem at a field.
    pub fn one(language: Language, field: &'static str, problem: &Problem) -> Self {
        Self(BTreeMap::from([(field, vec![i18n::problem(language, problem)])]))
    }
}
