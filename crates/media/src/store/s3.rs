//! A client for stores that speak S3.

use std::{fmt, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    client::{HttpClient, HttpConnector},
};
use reqwest::redirect::Policy;
use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore, crypto::ring};
use url::Url;

use super::OpenError;

/// Until a server that is there has said so.
const CONNECT: Duration = Duration::from_secs(2);
/// One request with its answer. A second one, and the pauses, stay within the patience of the whole.
const REQUEST: Duration = Duration::from_secs(4);
/// After it nothing is tried again.
const RETRIES: Duration = Duration::from_secs(5);

/// How to reach a bucket.
#[derive(Clone)]
pub struct S3Settings {
    /// The server's URL without the bucket, which goes into the path; `None` is Amazon's own for the region.
    pub endpoint: Option<String>,
    /// Signed with each request. Most servers other than Amazon's take any, often `us-east-1`.
    pub region: String,
    /// The public half of the credentials.
    pub access_key: String,
    /// The secret half.
    pub secret_key: String,
    /// Whether the endpoint may be `http://`: for a server on this machine or in a private network.
    pub allow_http: bool,
}

impl fmt::Debug for S3Settings {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, region, access_key, secret_key: _, allow_http } = self;
        f.debug_struct("S3Settings")
            .field("endpoint", endpoint)
            .field("region", region)
            .field("access_key", access_key)
            .field("allow_http", allow_http)
            .finish_non_exhaustive()
    }
}

pub(super) fn open(bucket: &str, settings: &S3Settings) -> Result<AmazonS3, OpenError> {
    let is_plain = match &settings.endpoint {
        Some(endpoint) => is_plain(endpoint, settings.allow_http)?,
        None => false,
    };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&settings.region)
        .with_access_key_id(&settings.access_key)
        .with_secret_access_key(&settings.secret_key)
        // One object at a time; some servers do not know the other way.
        .with_disable_bulk_delete(true)
        .with_retry(RetryConfig {
            backoff: BackoffConfig { init_backoff: Duration::from_millis(100), ..BackoffConfig::default() },
            max_retries: 2,
            retry_timeout: RETRIES,
        })
        .with_http_connector(Connector(client(is_plain)?));
    if let Some(endpoint) = &settings.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    builder.build().map_err(OpenError::Settings)
}

/// Whether the endpoint is one without encryption, and may be.
fn is_plain(endpoint: &str, allow_http: bool) -> Result<bool, OpenError> {
    let url = Url::parse(endpoint).ok().filter(Url::has_host);
    match url.as_ref().map(Url::scheme) {
        Some("https") => Ok(false),
        Some("http") if allow_http => Ok(true),
        Some("http") => Err(OpenError::PlainHttp(endpoint.to_owned())),
        _ => Err(OpenError::BadEndpoint(endpoint.to_owned())),
    }
}

fn client(is_plain: bool) -> Result<reqwest::Client, OpenError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls(is_plain).map_err(OpenError::Tls)?)
        .https_only(!is_plain)
        // A signature is good for one server. Where a bucket is elsewhere, the error says so.
        .redirect(Policy::none())
        .http1_only()
        .connect_timeout(CONNECT)
        .timeout(REQUEST)
        .build()
        .map_err(OpenError::Client)
}

/// Trusts whom the system trusts. Made by us, because the client would otherwise take a provider of cryptography that
/// is set for the whole process, and panic where none is.
fn tls(is_plain: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    if is_plain {
        // A bare container has no certificate authorities, and needs none for this.
        return Ok(config.with_root_certificates(RootCertStore::empty()).with_no_client_auth());
    }
    let verifier = Verifier::new(provider)?;
    Ok(config
        .dangerous() // The name of the only way to give rustls a verifier; this one is the system's own.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Gives the store our client, whatever options it has for one of its own.
#[derive(Debug)]
struct Connector(reqwest::Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_must_be_allowed() {
        assert!(!is_plain("https://s3.example.org", false).unwrap());
        assert!(is_plain("http://127.0.0.1:9000", true).unwrap());
        assert!(matches!(is_plain("http://127.0.0.1:9000", false), Err(OpenError::PlainHttp(_))));
        for bad in ["", "s3.example.org", "localhost:9000", "ftp://example.org", "https://"] {
            assert!(matches!(is_plain(bad, true), Err(OpenError::BadEndpoint(_))), "{bad}");
        }
    }

    #[test]
    fn settings_do_not_show_their_secret() {
        let settings = S3Settings {
            endpoint: None,
            region: "eu-central-1".to_owned(),
            access_key: "anna".to_owned(),
            secret_key: "hidden-word".to_owned(),
            allow_http: false,
        };
        assert!(!format!("{settings:?}").contains("hidden-word"));
        // Neither does the store, whose settings it keeps.
        if let Ok(store) = open("pictures", &settings) {
            assert!(!format!("{store:?}").contains("hidden-word"));
        }
    }
}
