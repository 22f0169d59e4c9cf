//! Whom to trust: the system's certificate authorities, and for tests one more.

use std::sync::Arc;

use rustls_platform_verifier::Verifier;
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, crypto::ring, pki_types::CertificateDer},
};

/// The client's side of TLS. Built once and shared: building reads the system's certificates from disk.
#[derive(Clone)]
pub struct Tls {
    /// Or why there can be none.
    pub(super) connector: Result<TlsConnector, String>,
}

/// TLS could not be set up: the system has no certificate authorities, or an extra one is no certificate.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up: {0}")]
pub struct TlsError(#[from] tokio_rustls::rustls::Error);

impl Tls {
    /// Trusts whom the system trusts. Where the system names no authority (a bare container has no
    /// `ca-certificates`), only connections that need TLS fail, each saying why.
    pub fn system() -> Self {
        Self::new().unwrap_or_else(|error| Self { connector: Err(error.to_string()) })
    }

    /// Trusts whom the system trusts, or says at once that this is impossible.
    ///
    /// # Errors
    /// [`TlsError`] if the system names no certificate authority.
    pub fn new() -> Result<Self, TlsError> {
        Self::with_extra_roots([])
    }

    /// Trusts these authorities (DER) as well: a company's own, or a test's.
    ///
    /// # Errors
    /// [`TlsError`] if one of them is no certificate.
    pub fn with_extra_roots(roots: impl IntoIterator<Item = Vec<u8>>) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = Verifier::new_with_extra_roots(roots.into_iter().map(CertificateDer::from), provider.clone())?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous() // The name of the only way to give rustls a verifier; this one is the system's own.
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { connector: Ok(TlsConnector::from(Arc::new(config))) })
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}
