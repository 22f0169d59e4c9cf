//! A browser as far as tests need one: it keeps cookies, sends forms as pages do, and follows no redirect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, header};
use tokio_rustls::rustls::crypto::ring;

/// See the module.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    base: String,
    cookies: BTreeMap<String, String>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// Where it redirects to.
    pub fn goes_to(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// Asserts that the page says this.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{words:?} is not in the answer {}:\n{}", self.status, self.text);
        self
    }
}

impl Browser {
    /// A browser without cookies, at the service with this address.
    pub fn at(base: &str) -> Self {
        // No connection of a test is encrypted, but without a provider no client is made.
        let _ = ring::default_provider().install_default();
        let client = Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(120)).no_proxy();
        let base = base.trim_end_matches('/').to_owned();
        Self { client: client.build().unwrap(), base, cookies: BTreeMap::new() }
    }

    /// The same person at another node.
    pub fn moved_to(&self, base: &str) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), ..self.clone() }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.base));
        self.send(request).await.unwrap()
    }

    /// Asks with a header that browsers do not send.
    pub async fn get_with(&mut self, path: &str, name: &str, value: &str) -> Answer {
        let request = self.client.get(format!("{}{path}", self.base)).header(name, value);
        self.send(request).await.unwrap()
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.send(request).await.unwrap()
    }

    /// Sends a file in a form's field.
    pub async fn upload(&mut self, path: &str, field: &str, file: Vec<u8>) -> Answer {
        let mut body =
            format!("--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"me.png\"\r\n\r\n")
                .into_bytes();
        body.extend(file);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .header("sec-fetch-site", "same-origin")
            .body(body);
        self.send(request).await.unwrap()
    }

    /// Signs in, and asserts that it worked.
    pub async fn log_in(&mut self, email: &str, password: &str) {
        let answer = self.post("/login", &[("email", email), ("password", password)]).await;
        assert_eq!(answer.goes_to(), Some("/dashboard"), "{}", answer.text);
    }

    /// Sends a request; an error if nobody answers.
    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Result<Answer, Arc<reqwest::Error>> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).header(header::ACCEPT_LANGUAGE, "en");
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        for cookie in headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(Answer { status, headers, text: response.text().await? })
    }
}
