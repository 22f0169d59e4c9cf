//! From a relay's URL to a session that can take mail: look up, connect, encrypt, greet, authenticate.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage, pki_types::ServerName};

use super::{Relay, StartTls, Stream, Tls};
use crate::{
    error::SmtpError,
    failure::{Failure, FailureKind},
    session::{Hello, Session, Timeouts},
    verdict::Phase,
};

/// How long one address may take before the next is tried beside it (RFC 8305 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// Opens a session that is ready for mail.
///
/// # Errors
/// See [`Failure`]. A password is never sent over plain text except to a loopback address or where the relay's
/// URL says `starttls=off`.
pub async fn connect(relay: &Relay, tls: &Tls, hello: &Hello, timeouts: &Timeouts) -> Result<Session<Stream>, Failure> {
    let tcp = dial(relay, timeouts).await?;
    let loopback = tcp.peer_addr().is_ok_and(|peer| peer.ip().is_loopback());
    let mut session = if relay.implicit_tls {
        let stream = encrypt(tcp, relay, tls, timeouts).await?;
        Session::open(stream, hello, timeouts).await?
    } else {
        let session = Session::open(Stream::Plain(tcp), hello, timeouts).await?;
        start_tls(session, relay, tls, hello, timeouts).await?
    };
    if let Some(credentials) = &relay.credentials {
        if !session.stream().is_encrypted() && !loopback && relay.starttls != StartTls::Off {
            return Err(Failure::new(Phase::Auth, FailureKind::Insecure, SmtpError::PasswordUnprotected {}));
        }
        session.authenticate(credentials).await?;
    }
    Ok(session)
}

async fn start_tls(
    session: Session<Stream>,
    relay: &Relay,
    tls: &Tls,
    hello: &Hello,
    timeouts: &Timeouts,
) -> Result<Session<Stream>, Failure> {
    let wanted = match relay.starttls {
        StartTls::Off => false,
        StartTls::Optional => session.capabilities().starttls,
        StartTls::Required => true,
    };
    if !wanted {
        return Ok(session);
    }
    match session.start_tls().await? {
        Stream::Plain(tcp) => {
            let stream = encrypt(tcp, relay, tls, timeouts).await?;
            Session::resume(stream, hello, timeouts).await
        }
        // It began in clear text; there is no other way here.
        encrypted @ Stream::Tls(_) => Session::resume(encrypted, hello, timeouts).await,
    }
}

async fn encrypt(tcp: TcpStream, relay: &Relay, tls: &Tls, timeouts: &Timeouts) -> Result<Stream, Failure> {
    let failed = |kind, error| Failure::new(Phase::Tls, kind, error);
    let host = relay.host.clone();
    let name = ServerName::try_from(host.clone()).map_err(|error| {
        failed(FailureKind::Tls, SmtpError::TlsFailed { host: host.clone(), detail: error.to_string() })
    })?;
    let connector = tls
        .connector
        .as_ref()
        .map_err(|error| failed(FailureKind::Tls, SmtpError::TlsUnavailable { detail: error.clone() }))?;
    let handshake = connector.connect(name, tcp);
    match timeout_at(Instant::now() + timeouts.tls, handshake).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) if is_no_tls(&error) => Err(failed(FailureKind::NotTls, not_tls(relay))),
        // rustls reports its own errors as InvalidData; the rest is the network's.
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(failed(FailureKind::Tls, handshake_error(host, &error)))
        }
        Ok(Err(error)) => Err(failed(FailureKind::Lost, SmtpError::ConnectionLost { detail: error.to_string() })),
        Err(_) => Err(failed(FailureKind::TimedOut, SmtpError::TlsTimedOut { host })),
    }
}

fn handshake_error(host: String, error: &io::Error) -> SmtpError {
    let tls = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    let Some(rustls::Error::InvalidCertificate(certificate)) = tls else {
        return SmtpError::TlsFailed { host, detail: error.to_string() };
    };
    match certificate {
        CertificateError::UnknownIssuer => SmtpError::CertificateUntrusted { host },
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            SmtpError::CertificateWrongName { host }
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => SmtpError::CertificateExpired { host },
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            SmtpError::CertificateNotYetValid { host }
        }
        CertificateError::Revoked => SmtpError::CertificateRevoked { host },
        // What `openssl req -x509` makes is an authority's certificate that nobody else has signed.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            SmtpError::CertificateUntrusted { host }
        }
        other => SmtpError::CertificateInvalid { host, detail: other.to_string() },
    }
}

/// Whether what came was no TLS record at all: a mail server greets in plain text.
fn is_no_tls(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

fn not_tls(relay: &Relay) -> SmtpError {
    let (host, port) = (relay.host.clone(), relay.port.to_string());
    if relay.implicit_tls { SmtpError::TlsNotAtOnce { host, port } } else { SmtpError::TlsNotSpoken { host, port } }
}

async fn dial(relay: &Relay, timeouts: &Timeouts) -> Result<TcpStream, Failure> {
    let deadline = Instant::now() + timeouts.connect;
    let addresses = resolve(relay, deadline).await?;
    let server = relay.server();
    let failed = |kind, error| Failure::new(Phase::Connect, kind, error);
    let stream = match timeout_at(deadline, race(addresses)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(failed(FailureKind::Unreachable, connect_error(server, &error))),
        Err(_) => return Err(failed(FailureKind::TimedOut, SmtpError::ConnectTimedOut { server })),
    };
    // Commands and replies are small and each waits for the other; holding them back for more would be absurd.
    stream
        .set_nodelay(true)
        .map_err(|error| failed(FailureKind::Lost, SmtpError::ConnectionLost { detail: error.to_string() }))?;
    Ok(stream)
}

fn connect_error(server: String, error: &io::Error) -> SmtpError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => SmtpError::ConnectionRefused { server },
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
            SmtpError::HostUnreachable { server }
        }
        io::ErrorKind::TimedOut => SmtpError::ConnectTimedOut { server },
        _ => SmtpError::ConnectFailed { server, detail: error.to_string() },
    }
}

async fn resolve(relay: &Relay, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |kind, error| Failure::new(Phase::Dns, kind, error);
    let host = relay.host.clone();
    let lookup = timeout_at(deadline, lookup_host((relay.host.as_str(), relay.port))).await;
    let found: Vec<SocketAddr> = match lookup {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            let detail = error.to_string();
            return Err(failed(FailureKind::Dns, SmtpError::NameNotResolved { host, detail }));
        }
        Err(_) => return Err(failed(FailureKind::TimedOut, SmtpError::NameTimedOut { host })),
    };
    if found.is_empty() {
        let detail = "it has no address".to_owned();
        return Err(failed(FailureKind::Dns, SmtpError::NameNotResolved { host, detail }));
    }
    Ok(interleave(found))
}

/// The families in turn, so that one broken family costs one head start and not one for each address.
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.drain(..), other.drain(..));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return mixed,
            (first, second) => mixed.extend(first.into_iter().chain(second)),
        }
    }
}

/// Connects to whichever address answers first; each gets a head start before the next, and a failure starts the
/// next at once. Dropping the set ends the attempts that lost.
async fn race(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut attempts = JoinSet::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut addresses = addresses.into_iter();
    let mut next = addresses.next();
    loop {
        let more = next.is_some();
        if let Some(address) = next.take() {
            attempts.spawn(TcpStream::connect(address));
        } else if attempts.is_empty() {
            return Err(last_error);
        }
        tokio::select! {
            Some(result) = attempts.join_next() => match result {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last_error = error,
                Err(error) => last_error = io::Error::other(error),
            },
            () = sleep(HEAD_START), if more => {}
        }
        next = addresses.next();
    }
}

#[cfg(test)]
mod tests {
    use super::interleave;

    #[test]
    fn families_take_turns() {
        let parse = |list: &[&str]| -> Vec<_> { list.iter().filter_map(|text| text.parse().ok()).collect() };
        let mixed = interleave(parse(&["[::1]:25", "[::2]:25", "[::3]:25", "10.0.0.1:25"]));
        assert_eq!(mixed, parse(&["[::1]:25", "10.0.0.1:25", "[::2]:25", "[::3]:25"]));
    }
}
