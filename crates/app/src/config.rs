//! Settings: one struct a concern, each field a flag and a `VESTNIK_*` variable alike, documented once for `--help` and
//! `.env.sample`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use url::{Host, Url};
use vestnik_engine::limits::{DomainLimits, Limits, Rate};
use vestnik_mail::relay::Relay;
use vestnik_mail::session::Hello;
use vestnik_media::store::{Location, MediaStore, S3Settings};
use vestnik_model::delivery::RetryPolicy;

use crate::failure::Failure;

/// Where data is kept.
#[derive(Args, Clone, Debug)]
pub struct DataArgs {
    /// Folder for the embedded database, uploads and locks
    #[arg(long, env = "VESTNIK_DATA_DIR", default_value = "./data", value_name = "DIR", global = true)]
    pub data_dir: PathBuf,
    /// Database: `postgres://user:password@host/name`, or `sqlite:PATH` [default: SQLite in the data folder]
    #[arg(long, env = "VESTNIK_DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,
    /// Key for stored secrets (the mail server's password, second factors): 32 bytes in Base64; several, separated by
    /// commas, while it is changed: the first encrypts, all decrypt [default: the file `secret.key` in the data folder]
    #[arg(long, env = "VESTNIK_SECRET_KEY", value_name = "KEY", hide_env_values = true, global = true)]
    pub secret_key: Option<String>,
    /// File with that key, or with several, a line each
    #[arg(long, env = "VESTNIK_SECRET_KEY_FILE", value_name = "FILE", global = true)]
    pub secret_key_file: Option<PathBuf>,
    /// Uploaded pictures: a folder, or `s3://BUCKET/PREFIX` [default: `media` in the data folder]
    #[arg(long, env = "VESTNIK_MEDIA", value_name = "PLACE", global = true)]
    pub media: Option<Location>,
    /// Access to the bucket of pictures.
    #[command(flatten)]
    pub s3: S3Args,
}

/// Access to an S3-compatible store.
#[derive(Args, Clone, Debug)]
pub struct S3Args {
    /// The store's URL without the bucket [default: Amazon's own for the region]
    #[arg(long, env = "VESTNIK_S3_ENDPOINT", value_name = "URL", global = true)]
    pub s3_endpoint: Option<String>,
    /// The region that requests are signed for
    #[arg(long, env = "VESTNIK_S3_REGION", default_value = "us-east-1", value_name = "NAME", global = true)]
    pub s3_region: String,
    /// Access key
    #[arg(
        long,
        env = "VESTNIK_S3_ACCESS_KEY",
        default_value = "",
        hide_default_value = true,
        value_name = "KEY",
        global = true
    )]
    pub s3_access_key: String,
    /// Secret key
    #[arg(
        long,
        env = "VESTNIK_S3_SECRET_KEY",
        default_value = "",
        hide_default_value = true,
        hide_env_values = true,
        value_name = "KEY",
        global = true
    )]
    pub s3_secret_key: String,
    /// Whether the endpoint may be http://, on this machine or in a private network
    #[arg(long, env = "VESTNIK_S3_ALLOW_HTTP", global = true)]
    pub s3_allow_http: bool,
}

impl DataArgs {
    /// Where uploaded pictures are kept.
    pub fn media(&self) -> Result<MediaStore, Failure> {
        let location = self.media.clone().unwrap_or_else(|| Location::Folder(self.data_dir.join("media")));
        let settings = S3Settings {
            endpoint: self.s3.s3_endpoint.clone(),
            region: self.s3.s3_region.clone(),
            access_key: self.s3.s3_access_key.clone(),
            secret_key: self.s3.s3_secret_key.clone(),
            allow_http: self.s3.s3_allow_http,
        };
        MediaStore::open(&location, Some(&settings))
            .map_err(|error| Failure::misused(format!("VESTNIK_MEDIA: {error}")))
    }

    /// The file of the embedded database; `None`: it is PostgreSQL.
    pub fn embedded_file(&self) -> Option<PathBuf> {
        match &self.database_url {
            Some(url) => url.strip_prefix("sqlite:").map(PathBuf::from),
            None => Some(self.data_dir.join("vestnik.db")),
        }
    }

    /// The folder that the lock and the journal belong to: an embedded database's own, wherever it was named from, or
    /// else the data folder.
    pub fn home(&self) -> PathBuf {
        let embedded = self.database_url.as_deref().and_then(|url| url.strip_prefix("sqlite:"));
        let parent = embedded.and_then(|path| Path::new(path).parent());
        match parent {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            Some(_) => PathBuf::from("."),
            None => self.data_dir.clone(),
        }
    }
}

/// How people reach the pages.
#[derive(Args, Clone, Debug)]
pub struct WebArgs {
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, env = "VESTNIK_LISTEN", default_value = "127.0.0.1:8000", value_name = "ADDR:PORT")]
    pub listen: SocketAddr,
    /// Where people reach the service, for links in letters [default: http:// and the address listened on]
    #[arg(long, env = "VESTNIK_BASE_URL", value_name = "URL")]
    pub base_url: Option<Url>,
    /// Whether a proxy stands in front and writes visitors' addresses into X-Forwarded-For
    #[arg(long, env = "VESTNIK_BEHIND_PROXY")]
    pub behind_proxy: bool,
    /// Whether browsers are told to reach all hosts below that of the base URL by HTTPS alone, too
    #[arg(long, env = "VESTNIK_HSTS_SUBDOMAINS")]
    pub hsts_subdomains: bool,
    /// Connections for pages at once, in all [default: half of the files that the process may open, at most 8192]
    #[arg(long, env = "VESTNIK_MAX_CONNECTIONS", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: Option<u32>,
    /// Connections for pages at once from one network address; not with --behind-proxy, where all are the proxy's
    #[arg(long, env = "VESTNIK_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 512, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_address: u32,
    /// Redis for what processes share: cached pages, and how often someone has tried to sign in [default: each process
    /// by itself]
    #[arg(long, env = "VESTNIK_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<String>,
    /// Begins every name in Redis, so that several installations can share one
    #[arg(long, env = "VESTNIK_REDIS_PREFIX", default_value = "vestnik", value_name = "NAME")]
    pub redis_prefix: String,
    /// Undo.
    #[command(flatten)]
    pub undo: UndoArgs,
}

/// How long sending can be undone.
#[derive(Args, Clone, Debug)]
pub struct UndoArgs {
    /// How long what begins at once can be undone, for example 30s: "send now" on a page, and a mailing whose start has passed
    #[arg(long, env = "VESTNIK_UNDO_DELAY", default_value = "30s", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub undo_delay: Duration,
}

impl WebArgs {
    /// Refuses what cannot work together, before anything is opened.
    pub fn check(&self) -> Result<(), Failure> {
        if self.behind_proxy && self.base_url.is_none() {
            // Without it links in emails, and the check of where a form was sent from, would go by an address that
            // nobody outside reaches.
            return Err(Failure::misused(
                "--behind-proxy (VESTNIK_BEHIND_PROXY) needs --base-url (VESTNIK_BASE_URL): the address by which \
                 people reach the proxy, for example https://mail.example.com/",
            ));
        }
        self.base_url.as_ref().map_or(Ok(()), check_base_url)
    }

    /// The address by which people reach pages that are listened for here.
    pub fn reached_at(&self, listening: SocketAddr) -> Result<Url, Failure> {
        let Some(url) = &self.base_url else {
            return Url::parse(&format!("http://{listening}/")).map_err(|error| Failure::failed(error.to_string()));
        };
        check_base_url(url)?;
        Ok(url.clone())
    }
}

/// Refuses an address that cannot stand in front of every link.
pub fn check_base_url(url: &Url) -> Result<(), Failure> {
    let refused = |fault| Err(Failure::misused(format!("--base-url or VESTNIK_BASE_URL {fault}")));
    fault_of_base_url(url).map_or(Ok(()), refused)
}

/// Why an address cannot stand in front of every link. A password in it is not told.
pub fn fault_of_base_url(url: &Url) -> Option<String> {
    let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
        return Some("is no address of a web page".to_owned());
    };
    let more = without_password(url) != *url || url.query().is_some() || url.fragment().is_some();
    more.then(|| format!("has more than a host and a path ({host})"))
}

/// An address without a name and a password in it.
pub fn without_password(url: &Url) -> Url {
    let mut shown = url.clone();
    // What refuses is an address that has no place for them.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown
}

/// How others watch the process.
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// Address and port for /metrics (OpenMetrics, as Prometheus reads it), /healthz and /readyz; nobody outside should
    /// reach it [default: none]
    #[arg(long, env = "VESTNIK_METRICS_LISTEN", value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,
}

/// How mail goes out.
#[derive(Args, Clone, Debug)]
pub struct MailArgs {
    /// Mail server: `smtp://user:password@host:port` or `smtps://...`, `?starttls=required|optional|off`
    /// [default: what administrators have set; until then the built-in catcher, which sends nothing to anybody]
    #[arg(long, env = "VESTNIK_SMTP_URL", value_name = "URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Connections to the mail server at once, over all processes
    #[arg(long, env = "VESTNIK_SMTP_CONNECTIONS", default_value_t = 10, value_name = "N",
        value_parser = clap::value_parser!(u16).range(1..=500))]
    pub smtp_connections: u16,
    /// Messages to the mail server in a time, over all processes, as 100/s, 6000/m or 20000/h [default: no limit]
    #[arg(long, env = "VESTNIK_SMTP_RATE", value_name = "RATE")]
    pub smtp_rate: Option<Rate>,
    /// Limits for recipient domains, as `mail.ru=20/s:5, gmail.com=50/s, *=:10`: a rate, connections at once, or both
    #[arg(long, env = "VESTNIK_DOMAIN_LIMITS", value_name = "LIMITS", default_value = "", hide_default_value = true)]
    pub domain_limits: DomainLimits,
    /// Address that mail comes from: `news@example.com`, or `Shop <news@example.com>` to fix the name as well
    /// [default: what administrators have set, or vestnik@localhost]
    #[arg(long, env = "VESTNIK_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Name of this machine, by which it greets mail servers [default: the host of VESTNIK_BASE_URL, if it is a domain
    /// or a public address]
    #[arg(long, env = "VESTNIK_EHLO_NAME", value_name = "NAME")]
    pub ehlo_name: Option<String>,
    /// Attempts for a recipient in all, when the mail server says "later"
    #[arg(long, env = "VESTNIK_RETRY_ATTEMPTS", default_value_t = RetryPolicy::default().attempts, value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=100))]
    pub retry_attempts: u32,
    /// Delay before the second attempt, for example 1s, 5m
    #[arg(long, env = "VESTNIK_RETRY_FIRST_DELAY", default_value = "5m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub retry_first_delay: Duration,
    /// Each further delay is this many times the one before
    #[arg(long, env = "VESTNIK_RETRY_FACTOR", default_value_t = RetryPolicy::default().factor, value_name = "X",
        value_parser = factor)]
    pub retry_factor: f64,
    /// No delay is longer
    #[arg(long, env = "VESTNIK_RETRY_MAX_DELAY", default_value = "2h", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub retry_max_delay: Duration,
    /// With several processes on PostgreSQL: how long one may be silent before others take over what it was sending
    #[arg(long, env = "VESTNIK_NODE_LEASE", default_value = "30s", value_name = "TIME", value_parser = lease)]
    pub node_lease: Duration,
    /// With PostgreSQL: how long the journal keeps what the database has, in case a failover loses it; 0s: not at all
    #[arg(long, env = "VESTNIK_JOURNAL_KEPT", default_value = "10m", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub journal_kept: Duration,
    /// How often the scheduler looks for what other processes have planned
    #[arg(long, env = "VESTNIK_SCHEDULER_POLL", default_value = "1s", value_name = "TIME", value_parser = poll)]
    pub scheduler_poll: Duration,
    /// Whether all mail goes into the catcher, whatever is set. For the demo, which writes to nobody.
    #[arg(skip)]
    pub catch_all: bool,
}

impl MailArgs {
    /// The mail server, if one is configured. Read here and not by the parser of flags, whose errors repeat what was
    /// given, the password included.
    pub fn relay(&self) -> Result<Option<Relay>, Failure> {
        let relay = self.smtp_url.as_deref().map(Relay::parse).transpose();
        relay.map_err(|error| Failure::misused(format!("--smtp-url or VESTNIK_SMTP_URL: {error}")))
    }

    /// The same settings, with the host by which people reach the service as the name of this machine, unless another
    /// one is given.
    pub fn named_after(mut self, base_url: Option<&Url>) -> Self {
        if self.ehlo_name.is_none() {
            self.ehlo_name = base_url.and_then(ehlo_name_of);
        }
        self
    }

    /// The name by which this machine greets mail servers.
    pub fn hello(&self) -> Result<Hello, Failure> {
        let hello = self.ehlo_name.as_deref().map(Hello::new).transpose();
        let hello = hello.map_err(|error| Failure::misused(format!("--ehlo-name or VESTNIK_EHLO_NAME: {error}")))?;
        Ok(hello.unwrap_or_default())
    }

    /// What was agreed with mail servers.
    pub fn limits(&self) -> Limits {
        Limits { rate: self.smtp_rate, domains: self.domain_limits.clone() }
    }

    /// When a delivery that failed for now is tried again.
    pub fn retry(&self) -> RetryPolicy {
        RetryPolicy {
            attempts: self.retry_attempts,
            first_delay: self.retry_first_delay,
            factor: self.retry_factor,
            ceiling: self.retry_max_delay.max(self.retry_first_delay),
        }
    }
}

/// The host of an address, as EHLO names it (RFC 5321 4.1.3). Names without a dot are known in one network only, and many
/// mail servers refuse them.
fn ehlo_name_of(base_url: &Url) -> Option<String> {
    match base_url.host()? {
        Host::Domain(domain) => domain.contains('.').then(|| domain.to_owned()),
        Host::Ipv4(address) => (!address.is_loopback()).then(|| format!("[{address}]")),
        Host::Ipv6(address) => (!address.is_loopback()).then(|| format!("[IPv6:{address}]")),
    }
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (1.0..=100.0).contains(&factor) => Ok(factor),
        _ => Err("a number from 1 to 100 is wanted".to_owned()),
    }
}

/// Shorter, and a busy database would make processes look dead; longer, and what one was sending waits for hours.
fn lease(text: &str) -> Result<Duration, String> {
    let lease = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_secs(2)..=Duration::from_secs(3_600)).contains(&lease) {
        Ok(lease)
    } else {
        Err("a time from 2s to 1h is wanted".to_owned())
    }
}

/// Less than 50 ms would be a busy loop.
fn poll(text: &str) -> Result<Duration, String> {
    let poll = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if (Duration::from_millis(50)..=Duration::from_secs(3_600)).contains(&poll) {
        Ok(poll)
    } else {
        Err("a time from 50ms to 1h is wanted".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_servers_are_greeted_with_a_name_that_they_can_look_up() {
        for (base_url, name) in [
            ("https://mail.example.com/", Some("mail.example.com")),
            ("https://почта.рф:8443/x", Some("xn--80a1acny.xn--p1ai")),
            ("http://192.0.2.7:8000/", Some("[192.0.2.7]")),
            ("http://[2001:db8::7]/", Some("[IPv6:2001:db8::7]")),
            ("http://localhost:8000/", None),
            ("http://mail/", None),
            ("http://127.0.0.1:8000/", None),
            ("http://[::1]:8000/", None),
        ] {
            let found = ehlo_name_of(&Url::parse(base_url).unwrap());
            assert_eq!(found.as_deref(), name, "{base_url}");
            assert!(found.is_none_or(|name| Hello::new(&name).is_ok()), "{base_url}");
        }
    }
}
