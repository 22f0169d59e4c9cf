//! Forms of other sites are refused: every unsafe method must come from our own pages.
//!
//! `Sec-Fetch-Site` says so in every current browser, `Origin` against `Host` in older ones; together with cookies that
//! are `SameSite=Lax` no token is needed. A request with neither header is not a browser's, and carries no one's cookies
//! but its own.

use axum::{body::Body, http::Response, response::IntoResponse};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::{error::Error, state::Settings};

/// The layer. The base URL's origin counts as ours also when a proxy rewrites `Host`.
pub(crate) fn layer(
    settings: &Settings,
) -> CsrfLayer<impl Fn(ProtectionError) -> Response<Body> + Clone + Send + Sync + 'static> {
    let layer = CsrfLayer::new();
    let layer = layer.clone().add_trusted_origin(settings.origin()).unwrap_or(layer);
    layer.with_rejection_response(|_: ProtectionError| Error::CrossSite.into_response())
}
