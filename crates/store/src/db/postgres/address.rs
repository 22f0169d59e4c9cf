//! The address of PostgreSQL: one server or several, as libpq reads it, with what our driver does not know.

use std::str::FromStr as _;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use sqlx::postgres::PgConnectOptions;

use super::super::{Error, Result};

/// For one server when there are several to try. libpq waits for ever, and a machine that is gone answers nothing.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which server is accepted (`target_session_attrs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// The first that answers.
    Any,
    /// One that takes writes.
    ReadWrite,
    /// One that is no standby, even if transactions there only read unless they ask for more.
    Primary,
}

/// What is known of a connection pooler (`pooler`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing: it is found out.
    Unknown,
    /// There is none, or one that leaves a session to its client.
    None,
    /// There is one that leaves a session to its client for a transaction.
    Transaction,
}

/// An address that was read.
#[derive(Clone, Debug)]
pub struct Address {
    /// In the order in which they are tried.
    pub servers: Vec<PgConnectOptions>,
    /// Which of them will do.
    pub accepts: Accepts,
    /// For one connection when a server is chosen.
    pub connect_timeout: Duration,
    /// What it says of a pooler.
    pub pooler: Pooler,
}

impl Address {
    /// Whether there is a choice of servers to be made.
    pub fn chooses(&self) -> bool {
        self.servers.len() > 1 || self.accepts != Accepts::Any
    }
}

/// The parameters that are read here, and those that are left to the driver.
struct Parameters<'a> {
    hosts: Option<String>,
    ports: Option<String>,
    accepts: Option<Accepts>,
    connect_timeout: Option<(&'a str, Duration)>,
    pooler: Pooler,
    hostaddr: Option<&'a str>,
    rest: Vec<&'a str>,
}

/// Reads `postgres://...`.
///
/// # Errors
/// It is not valid, or asks for what cannot be; the parameter is named. No password is in the words.
pub fn parse(address: &str) -> Result<Address> {
    let invalid = |error: &dyn std::fmt::Display| Error::Address(format!("the database address is not valid: {error}"));
    let (scheme, rest) = address.split_once("://").ok_or_else(|| invalid(&"it has no ://"))?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
    let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    let parameters = Parameters::parse(query)?;
    let hosts: Vec<(String, Option<String>)> = match &parameters.hosts {
        Some(hosts) => hosts.split(',').map(|host| (String::new(), Some(host.to_owned()))).collect(),
        None => hosts.split(',').map(|host| (host.to_owned(), None)).collect(),
    };
    if hosts.len() > 1 {
        if hosts.iter().any(|(host, parameter)| parameter.as_ref().unwrap_or(host).is_empty()) {
            return Err(Error::Address("the database address names an empty host among several".into()));
        }
        if parameters.hostaddr.is_some() {
            return refuse("hostaddr", "cannot be used with several servers; name them as hosts");
        }
    }
    let ports: Vec<&str> = parameters.ports.iter().flat_map(|ports| ports.split(',')).collect();
    if ports.len() > 1 && ports.len() != hosts.len() {
        let words = format!("names {} ports for {} servers", ports.len(), hosts.len());
        return refuse("port", &words);
    }
    let chooses = hosts.len() > 1 || parameters.accepts.is_some_and(|accepts| accepts != Accepts::Any);
    let mut servers = Vec::with_capacity(hosts.len());
    for (index, (authority, host)) in hosts.iter().enumerate() {
        let mut query: Vec<String> = parameters.rest.iter().map(|pair| (*pair).to_owned()).collect();
        if let (Some((pair, _)), false) = (&parameters.connect_timeout, chooses) {
            query.push((*pair).to_owned());
        }
        query.extend(host.as_ref().map(|host| parameter("host", host)));
        let port = ports.get(index).or(ports.first().filter(|_| ports.len() == 1));
        query.extend(port.map(|port| parameter("port", port)));
        // A user needs a host beside it, which the parameter then replaces.
        let beside = if host.is_some() && !user.is_empty() { "localhost" } else { authority };
        let server = format!("{scheme}://{user}{beside}{path}?{}", query.join("&"));
        let server = PgConnectOptions::from_str(server.trim_end_matches('?')).map_err(|error| invalid(&error))?;
        // Poolers refuse settings that they do not know, and no statement reads a floating-point number as text.
        servers.push(server.extra_float_digits(None));
    }
    // The service writes: of several servers, one that takes no writes is of no use to it.
    let otherwise = if servers.len() > 1 { Accepts::ReadWrite } else { Accepts::Any };
    Ok(Address {
        accepts: parameters.accepts.unwrap_or(otherwise),
        connect_timeout: parameters.connect_timeout.map_or(CONNECT_TIMEOUT, |(_, timeout)| timeout),
        pooler: parameters.pooler,
        servers,
    })
}

impl<'a> Parameters<'a> {
    fn parse(query: &'a str) -> Result<Self> {
        let mut parameters = Self {
            hosts: None,
            ports: None,
            accepts: None,
            connect_timeout: None,
            pooler: Pooler::Unknown,
            hostaddr: None,
            rest: Vec::new(),
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = &*percent_decode_str(value).decode_utf8_lossy();
            match name {
                "host" => parameters.hosts = Some(value.to_owned()),
                "port" => parameters.ports = Some(value.to_owned()),
                "target_session_attrs" => parameters.accepts = Some(accepts(value)?),
                "load_balance_hosts" if value == "disable" => {}
                "load_balance_hosts" => {
                    return refuse(name, "can only be disable: all writes go to one server");
                }
                "connect_timeout" => {
                    let seconds: i64 = value.parse().or_else(|_| refuse(name, "is not a number of seconds"))?;
                    let seconds = u64::try_from(seconds).unwrap_or(0);
                    // 0 and less mean without a limit; the next server is to be tried nevertheless, some time.
                    let timeout = Duration::from_secs(if seconds == 0 { 3_600 } else { seconds });
                    parameters.connect_timeout = Some((pair, timeout));
                }
                "pooler" => parameters.pooler = pooler(value)?,
                "hostaddr" if value.contains(',') => {
                    return refuse(name, "cannot name several servers; name them as hosts");
                }
                "hostaddr" => {
                    parameters.hostaddr = Some(pair);
                    parameters.rest.push(pair);
                }
                _ => parameters.rest.push(pair),
            }
        }
        Ok(parameters)
    }
}

fn accepts(value: &str) -> Result<Accepts> {
    match value {
        "any" => Ok(Accepts::Any),
        "read-write" => Ok(Accepts::ReadWrite),
        "primary" => Ok(Accepts::Primary),
        "read-only" | "standby" | "prefer-standby" => refuse(
            "target_session_attrs",
            &format!("cannot be {value}: Vestnik writes to the database; use read-write"),
        ),
        _ => refuse("target_session_attrs", "can be read-write, primary or any"),
    }
}

fn pooler(value: &str) -> Result<Pooler> {
    match value {
        "auto" => Ok(Pooler::Unknown),
        "none" | "session" => Ok(Pooler::None),
        "transaction" => Ok(Pooler::Transaction),
        _ => refuse("pooler", "can be auto, none, session or transaction"),
    }
}

fn refuse<T>(parameter: &str, words: &str) -> Result<T> {
    Err(Error::Address(format!("the database address: the parameter {parameter} {words}")))
}

fn parameter(name: &str, value: &str) -> String {
    format!("{name}={}", percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(address: &str) -> Vec<(String, u16)> {
        let servers = parse(address).unwrap().servers;
        let place = |server: &PgConnectOptions| match server.get_socket() {
            Some(socket) => (socket.display().to_string(), server.get_port()),
            None => (server.get_host().to_owned(), server.get_port()),
        };
        servers.iter().map(place).collect()
    }

    #[test]
    fn hosts_and_ports_are_read_as_libpq_reads_them() {
        let table: &[(&str, &[(&str, u16)])] = &[
            ("postgres://a/db", &[("a", 5432)]),
            ("postgres://a:1/db", &[("a", 1)]),
            ("postgres://a,b/db", &[("a", 5432), ("b", 5432)]),
            ("postgres://a:1,b:2/db", &[("a", 1), ("b", 2)]),
            ("postgres://u:p%40@a:1,b/db?sslmode=disable", &[("a", 1), ("b", 5432)]),
            ("postgres://u@x:p@a,b/db", &[("a", 5432), ("b", 5432)]),
            ("postgresql://u@[::1]:1,[::2]/db", &[("[::1]", 1), ("[::2]", 5432)]),
            ("postgres:///db?host=a,b", &[("a", 5432), ("b", 5432)]),
            ("postgres:///db?host=a%2Cb&port=1,2", &[("a", 1), ("b", 2)]),
            ("postgres://u:p@/db?host=a,b&port=7", &[("a", 7), ("b", 7)]),
            ("postgres://a,b/db?port=7", &[("a", 7), ("b", 7)]),
            ("postgres:///db?host=/run/pg,b", &[("/run/pg", 5432), ("b", 5432)]),
            ("postgres://u@/db?host=/run/pg", &[("/run/pg", 5432)]),
            ("postgres://%2Frun%2Fpg/db", &[("/run/pg", 5432)]),
        ];
        for (address, expected) in table {
            let expected: Vec<(String, u16)> = expected.iter().map(|(host, port)| ((*host).into(), *port)).collect();
            assert_eq!(places(address), expected, "{address}");
        }
    }

    #[test]
    fn what_belongs_to_all_servers_is_given_to_each() {
        let address =
            "postgres://anna:s%3Acret@a:1,b:2/news?sslmode=require&options=-c%20search_path%3Dx&application_name=v";
        for server in parse(address).unwrap().servers {
            let url = sqlx::ConnectOptions::to_url_lossy(&server);
            assert_eq!((server.get_username(), server.get_database()), ("anna", Some("news")));
            assert_eq!(url.password(), Some("s%3Acret"));
            assert!(matches!(server.get_ssl_mode(), sqlx::postgres::PgSslMode::Require));
            assert_eq!(server.get_options(), Some("-c search_path=x"));
            assert_eq!(server.get_application_name(), Some("v"));
        }
    }

    #[test]
    fn attributes_of_the_session_are_read_or_refused_by_name() {
        let accepts = |address: &str| parse(address).unwrap().accepts;
        assert_eq!(accepts("postgres://a/db"), Accepts::Any);
        assert_eq!(accepts("postgres://a,b/db"), Accepts::ReadWrite, "the service writes");
        assert_eq!(accepts("postgres://a,b/db?target_session_attrs=any"), Accepts::Any);
        assert_eq!(accepts("postgres://a/db?target_session_attrs=read-write"), Accepts::ReadWrite);
        assert_eq!(accepts("postgres://a,b/db?target_session_attrs=primary"), Accepts::Primary);
        let timeout = |address: &str| parse(address).unwrap().connect_timeout.as_secs();
        assert_eq!((timeout("postgres://a,b/db"), timeout("postgres://a,b/db?connect_timeout=2")), (5, 2));
        for (parameters, name) in [
            ("target_session_attrs=standby", "target_session_attrs"),
            ("target_session_attrs=read-only", "target_session_attrs"),
            ("target_session_attrs=readwrite", "target_session_attrs"),
            ("load_balance_hosts=random", "load_balance_hosts"),
            ("hostaddr=127.0.0.1,127.0.0.2", "hostaddr"),
            ("hostaddr=127.0.0.1", "hostaddr"),
            ("port=1,2,3", "port"),
            ("connect_timeout=soon", "connect_timeout"),
            ("pooler=yes", "pooler"),
            ("host=a,,b", "empty host"),
        ] {
            let refused = parse(&format!("postgres://anna:secret@a,b/db?{parameters}")).unwrap_err().to_string();
            assert!(refused.contains(name) && !refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn pooler_is_a_parameter() {
        let pooler = |address: &str| parse(address).unwrap().pooler;
        assert_eq!(pooler("postgres://a/db"), Pooler::Unknown);
        assert_eq!(pooler("postgres://a/db?pooler=transaction"), Pooler::Transaction);
        assert_eq!(pooler("postgres://a/db?pooler=session"), Pooler::None);
    }
}
