//! The whole web interface on a database of its own, for tests that speak as people do: register, sign in, post a form.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::Response,
    routing::get,
};
use tower::ServiceExt;
use url::form_urlencoded;
use vestnik_cache::{Cache, CacheOptions, RegionFigures, Timing};
use vestnik_media::store::{Location, MediaStore};
use vestnik_model::{
    Actor, Clock, UnixMillis,
    clock::SettableClock,
    mail_server::MailServer,
    recipient::address,
    secret::SystemRandom,
    user::{Language, Registration, User},
};
use vestnik_store::{Db, letters, testing::TestDatabase, users};

use crate::media::Media;
use crate::{
    AppState, FixedMail, Settings,
    delays::Delays,
    dressed, routes,
    trial::{Hindrance, Obstacle, TrialLetter, TryMail, Trying},
};

pub(crate) const PASSWORD: &str = "a long enough phrase";

fn settings() -> Settings {
    Settings {
        base_url: "http://vestnik.example/".parse().expect("an address"),
        mail: FixedMail { from: Some("news@vestnik.example".into()), ..FixedMail::default() },
        behind_proxy: true,
        hsts_subdomains: false,
        password_hashes_at_once: 4,
        data_dir: std::env::temp_dir(),
        undo_delay: std::time::Duration::from_secs(30),
    }
}

fn state(db: &Db, clock: &Arc<SettableClock>, settings: Settings, redis: Option<String>, prefix: &str) -> AppState {
    let options = CacheOptions { redis, most_bytes: 16 << 20, prefix: prefix.to_owned(), timing: Timing::default() };
    let cache = Cache::new(options).expect("a cache");
    let folder = tempfile::tempdir().expect("a folder").keep();
    let store = MediaStore::open(&Location::Folder(folder), None).expect("a media store");
    let media = Media::new(store);
    AppState::new(db.clone(), clock.clone(), Arc::new(SystemRandom), cache, media, Arc::new(OneServer), settings)
}

/// A world in which `mail.example.org` takes all mail, and there is no other mail server.
struct OneServer;

impl TryMail for OneServer {
    fn try_out(&self, letter: TrialLetter) -> Trying<'_, String> {
        Box::pin(async move {
            self.reach(letter.server).await?;
            Ok(format!("250 2.0.0 for <{}>", letter.to))
        })
    }

    fn reach(&self, server: MailServer) -> Trying<'_, ()> {
        let host = server.relay.map(|relay| relay.host().to_owned());
        Box::pin(async move {
            match host.as_deref() {
                Some("mail.example.org") => Ok(()),
                _ => Err(Hindrance { obstacle: Obstacle::Name, words: "<no> such host".to_owned() }),
            }
        })
    }
}

/// The service.
pub(crate) struct TestApp {
    pub(crate) db: Db,
    pub(crate) clock: Arc<SettableClock>,
    /// What its handlers share.
    pub(crate) state: AppState,
    pub(crate) delays: Delays,
    router: Router,
    cache: Cache,
    database: TestDatabase,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    /// With settings of its own.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = settings();
        change(&mut settings);
        let database = TestDatabase::sqlite();
        let db = database.open().await;
        // 24 November 2026, 07:00 UTC.
        let clock = Arc::new(SettableClock::at(UnixMillis(1_795_503_600_000)));
        let app = state(&db, &clock, settings, None, "");
        // One route more than the product has, to see what a panic does.
        let broken = get(async || -> Response { panic!("a secret of the handler") });
        let routes = routes::router().route("/broken", broken);
        let (cache, delays) = (app.cache.clone(), app.delays.clone());
        Self { db, clock, state: app.clone(), delays, router: dressed(routes, app), cache, database }
    }

    /// The time that the service sees.
    pub(crate) fn clock_now(&self) -> UnixMillis {
        self.clock.now()
    }

    /// How a region of the cache is.
    pub(crate) fn cached(&self, region: &str) -> RegionFigures {
        let regions = self.cache.state().regions;
        regions.into_iter().find(|known| known.name == region).expect("a region that was used")
    }

    /// A browser at another process of the same installation; the processes share a Redis.
    pub(crate) fn browser_of_node(&self, redis: &str, prefix: &str) -> Browser {
        let app = state(&self.db, &self.clock, settings(), Some(redis.to_owned()), prefix);
        let address = String::new();
        Browser { router: dressed(routes::router(), app), cookies: BTreeMap::new(), language: "en", address }
    }

    /// The service itself, for requests that no browser sends.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn stop(self) {
        self.db.close().await;
        self.database.remove().await;
    }

    /// A browser without cookies that reads English.
    pub(crate) fn browser(&self) -> Browser {
        self.browser_from("")
    }

    /// The same at a network address of its own.
    pub(crate) fn browser_from(&self, address: &str) -> Browser {
        let address = address.to_owned();
        Browser { router: self.router.clone(), cookies: BTreeMap::new(), language: "en", address }
    }

    /// Panics if letters wait, or come while others are queued that were asked for later.
    pub(crate) async fn no_more_letters(&self) {
        // What is queued aside from a request is queued in turn: this one comes after whatever was asked for before.
        self.user("last").await;
        self.browser_from("198.51.100.254").post("/recover", &[("email", "last@example.org")]).await;
        let letters = self.letters(1).await;
        assert!(letters.iter().all(|letter| letter.recipient == "last@example.org"), "{letters:?}");
    }

    /// A person with a confirmed address.
    pub(crate) async fn user(&self, name: &str) -> User {
        let email = format!("{name}@example.org");
        let registration =
            Registration::parse(&email, name, PASSWORD, Language::En, "Europe/Moscow").expect("a registration");
        let hash = crate::password::hash_password(PASSWORD, &SystemRandom).expect("a hash");
        let now = UnixMillis(1_795_000_000_000);
        users::create(&self.db, &registration, &hash, Some(now), now).await.expect("stored").expect("a new account")
    }

    /// The same, signed in.
    pub(crate) async fn signed_in(&self, name: &str) -> (Browser, Actor) {
        let user = self.user(name).await;
        let mut browser = self.browser();
        let answer = browser.post("/login", &[("email", &user.email), ("password", PASSWORD)]).await;
        assert_eq!(answer.goes_to(), Some("/dashboard"));
        (browser, Actor::of(&user))
    }

    pub(crate) async fn find_user(&self, email: &str) -> Option<User> {
        users::find_by_email(&self.db, &address(email).expect("an address")).await.expect("a database")
    }

    /// The letters that wait to be sent; they are queued aside from the request, so this waits for `count` of them.
    pub(crate) async fn letters(&self, count: usize) -> Vec<letters::Letter> {
        let mut found = Vec::new();
        for _ in 0..500 {
            let now = UnixMillis(i64::MAX - 1);
            found.extend(letters::claim(&self.db, 100, now, UnixMillis(i64::MAX)).await.expect("a database"));
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("waited for {count} letters, there are {}", found.len());
    }
}

/// A browser with its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    router: Router,
    cookies: BTreeMap<String, String>,
    pub(crate) language: &'static str,
    /// Where it comes from, as the proxy tells; empty: nowhere in particular.
    pub(crate) address: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) bytes: Bytes,
}

impl Answer {
    /// Where it redirects to.
    pub(crate) fn goes_to(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }

    /// Asserts that the page says this.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.text.contains(words), "{words:?} is not in the answer {}:\n{}", self.status, self.text);
        self
    }
}

impl Browser {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    /// Sends a form as a browser does from our own page.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .header(header::REFERER, "http://vestnik.example/dashboard")
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    /// Sends a file as a browser does from a form with the field `file`.
    pub(crate) async fn upload(&mut self, path: &str, name: &str, file: &[u8]) -> Answer {
        self.upload_as("file", path, name, file).await
    }

    /// The same from a form with another field.
    pub(crate) async fn upload_as(&mut self, field: &str, path: &str, name: &str, file: &[u8]) -> Answer {
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(file);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .expect("a request");
        self.send(request).await
    }

    /// Asks with any method, with an empty form.
    pub(crate) async fn ask(&mut self, method: &Method, path: &str) -> Answer {
        if *method == Method::GET { self.get(path).await } else { self.post(path, &[]).await }
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = request.headers_mut();
        headers.insert(header::COOKIE, cookies.join("; ").parse().expect("cookies"));
        headers.insert(header::ACCEPT_LANGUAGE, self.language.parse().expect("a language"));
        headers.entry(header::HOST).or_insert("vestnik.example".parse().expect("a host"));
        if !self.address.is_empty() {
            headers.insert("x-forwarded-for", self.address.parse().expect("an address"));
        }
        let response = self.router.clone().oneshot(request).await.expect("the router never fails");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("a cookie");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            if cookie.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = to_bytes(body, 64 * 1024 * 1024).await.expect("a body");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, text, bytes }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub(crate) fn has_no_cookies(&self) -> bool {
        self.cookies.is_empty()
    }

    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }
}
