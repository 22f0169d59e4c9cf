//! The address by which people reach the service, asked for as their browsers would.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::DATE;
use reqwest::redirect::Policy;
use rustls_platform_verifier::Verifier;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{self, ClientConfig};
use url::Url;
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;

use super::{Finding, settings};
use crate::cli::DoctorArgs;
use crate::config::without_password;

/// For the whole answer.
const REQUEST: Duration = Duration::from_secs(8);
/// How far two clocks may be apart.
const APART_MS: i64 = 60_000;
/// No page is longer.
const LONGEST: usize = 1024 * 1024;

const CHECK: &str = "reachable";

/// Asks for the page of the login there.
pub async fn look(args: &DoctorArgs) -> Vec<Finding> {
    let Some(base) = &args.web.base_url else { return Vec::new() };
    // The check of the settings has said that it is none.
    let Some(host) = base.host_str().filter(|_| matches!(base.scheme(), "http" | "https")) else { return Vec::new() };
    let advice = "see whether the service is running, and whether the proxy in front leads to VESTNIK_LISTEN";
    let client = match client() {
        Ok(client) => client,
        Err(error) => {
            return vec![Finding::problem(CHECK, error, "install the system's certificates (ca-certificates)")];
        }
    };
    let login = |base: &Url| format!("{}/login", base.as_str().trim_end_matches('/'));
    let asked = client.get(login(base)).send().await;
    // What is said of it goes into tickets and chats.
    let url = login(&without_password(base));
    let mut response = match asked {
        Ok(response) => response,
        Err(error) => return vec![unanswered(&url, &error, advice)],
    };
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).map(str::to_owned);
    let status = response.status();
    let mut page = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        page.extend_from_slice(&piece);
        if page.len() > LONGEST {
            break;
        }
    }
    // Templates escape the slash.
    let page = String::from_utf8_lossy(&page).replace("&#x2f;", "/");
    let mut findings = vec![if page.contains(vestnik_assets::url("app.css")) {
        Finding::ok(CHECK, format!("{url} is a Vestnik of this version"))
    } else if page.contains("<html") && page.contains("/assets/app") {
        Finding::warning(
            CHECK,
            format!("{url} is another version of Vestnik"),
            "stop every process of the old version, then start the new one",
        )
    } else {
        Finding::problem(CHECK, format!("{url} answers {status}, and is not this service"), advice)
    }];
    // On one machine there is one clock.
    if let Some(date) = date.filter(|_| !settings::is_here(host)) {
        findings.extend(clock(&date));
    }
    findings
}

/// What is in the way of an answer. The causes of the error say it; it itself repeats the address.
fn unanswered(url: &str, error: &reqwest::Error, advice: &str) -> Finding {
    let mut words = String::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(rustls::Error::InvalidCertificate(why)) = tls_error(inner) {
            let advice = "if an authority of your own signed it, have this machine trust that authority, \
                          or name its certificate in SSL_CERT_FILE; browsers have to trust it as well";
            return Finding::problem(CHECK, format!("{url}: its certificate does not hold here: {why}"), advice);
        }
        words = inner.to_string();
        cause = inner.source();
    }
    Finding::problem(CHECK, format!("{url} does not answer: {words}"), advice)
}

/// What TLS says, out of the wrappings in which it passes the layers above. They are no causes in the sense of `source`.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => tls_error(inner),
        None => error.downcast_ref(),
    }
}

fn clock(date: &str) -> Option<Finding> {
    const CHECK: &str = "clock";
    let theirs = jiff::fmt::rfc2822::parse(date).ok()?.timestamp().as_millisecond();
    let apart = (SystemClock.now().0 - theirs).abs();
    let found = format!("{} s apart from the web server's", apart / 1_000);
    Some(if apart > APART_MS {
        Finding::warning(CHECK, found, "have both machines set their clocks by the network (NTP)")
    } else {
        Finding::ok(CHECK, found)
    })
}

/// Trusts whom the system trusts, as browsers do.
fn client() -> Result<reqwest::Client, String> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::new(Arc::clone(&provider)).map_err(|error| error.to_string())?;
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error: rustls::Error| error.to_string())?
        .dangerous() // The name of the only way to give rustls a verifier; this one is the system's own.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .timeout(REQUEST)
        .build()
        .map_err(|error| error.to_string())
}
