//! Forms: taking them in, and showing them again with what is wrong.
//!
//! A form is a struct of strings that is `Deserialize` (to take in), `Serialize` (to show again as typed) and `Default`
//! (to show empty). Its rules are in `model`: `RecipientDraft::parse(&form.email, …)` gives a draft or [`Problems`].

use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{StatusCode, request::Parts};
use axum::response::IntoResponse;
use minijinja::value::{Enumerator, Object, Value};
use serde::{Serialize, Serializer, de::DeserializeOwned};
use vestnik_model::{Problem, Problems, user::Language};

use crate::{error::Error, i18n};

/// Largest urlencoded form, in bytes: a message's body of a million characters, percent-encoded.
pub const LARGEST_FORM: usize = 8 * 1024 * 1024;

/// Largest form into which people type at length, in bytes: every field as long as it may be, each character in 12 bytes.
pub const LARGEST_TYPED: usize = 32 * 1024 * 1024;

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

/// What is wrong, in the visitor's language, by field, in the order of the form. Templates hand it to the macros `field`
/// and `form_errors`. The empty field name is the form as a whole.
#[derive(Debug, Clone, Default)]
pub struct FormErrors(Arc<ByField>);

/// Fields with what is wrong there. Templates see a map that keeps its order.
#[derive(Debug, Clone, Default)]
struct ByField(Vec<(&'static str, Vec<String>)>);

impl Object for ByField {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let (_, messages) = self.0.iter().find(|(field, _)| Some(*field) == key.as_str())?;
        Some(messages.iter().cloned().collect())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(field, _)| Value::from(*field)).collect())
    }
}

impl Serialize for FormErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Value::from_dyn_object(self.0.clone()).serialize(serializer)
    }
}

impl FormErrors {
    /// Nothing is wrong: for a form that is shown for the first time.
    pub fn none() -> Self {
        Self::default()
    }

    /// Puts problems into words.
    pub fn of(language: Language, problems: &Problems) -> Self {
        let mut errors: Vec<(&'static str, Vec<String>)> = Vec::new();
        for (field, problem) in problems.iter() {
            let words = i18n::problem(language, problem);
            match errors.iter_mut().find(|(known, _)| *known == field) {
                Some((_, messages)) => messages.push(words),
                None => errors.push((field, vec![words])),
            }
        }
        Self(Arc::new(ByField(errors)))
    }

    /// A single problem at a field.
    pub fn one(language: Language, field: &'static str, problem: &Problem) -> Self {
        Self(Arc::new(ByField(vec![(field, vec![i18n::problem(language, problem)])])))
    }

    /// In the order of these fields, for a form whose rules look at them in another one. Others come first.
    #[must_use]
    pub fn in_order(self, fields: &[&str]) -> Self {
        let mut errors = Arc::unwrap_or_clone(self.0);
        errors.0.sort_by_key(|(field, _)| fields.iter().position(|known| known == field));
        Self(Arc::new(errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_in_the_order_of_the_form() {
        let mut problems = Problems::default();
        for field in ["name", "zone", "", "about", "name"] {
            problems.add(field, Problem::new("problem-required"));
        }
        let order = |errors: &FormErrors| {
            let seen = Value::from(minijinja::value::Serde(errors));
            let fields: Vec<String> = seen.try_iter().expect("a map").map(|field| field.to_string()).collect();
            fields.join(" ")
        };
        let errors = FormErrors::of(Language::En, &problems);
        assert_eq!(order(&errors), "name zone  about");
        assert_eq!(order(&errors.in_order(&["about", "name", "zone"])), " about name zone");
        assert!(!Value::from(minijinja::value::Serde(&FormErrors::none())).is_true());
    }
}
