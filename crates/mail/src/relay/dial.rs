//! From a relay's URL to a session that can take mail: look up, connect, encrypt, greet, authenticate.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpStream, lookup_host},
    task::JoinSet,
    time::{Instant, sleep, timeout_at},
};
use tokio_rustls::rustls::{self, InvalidMessage, pki_types::ServerName};

use super::{Relay, StartTls, Stream, Tls};
use crate::{
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
            return Err(Failure::new(
                Phase::Auth,
                FailureKind::Insecure,
                "the server offers no encryption, so the password was not sent; \
                 use smtps://, or starttls=off to send it in clear text",
            ));
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
    let failed = |kind, error: String| Failure::new(Phase::Tls, kind, error);
    let name = ServerName::try_from(relay.host.clone())
        .map_err(|_| failed(FailureKind::Tls, format!("no certificate can name the host {:?}", relay.host)))?;
    let connector = tls.connector.as_ref().map_err(|error| failed(FailureKind::Tls, error.clone()))?;
    let handshake = connector.connect(name, tcp);
    match timeout_at(Instant::now() + timeouts.tls, handshake).await {
        Ok(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
        Ok(Err(error)) if is_no_tls(&error) => Err(failed(FailureKind::NotTls, not_tls(relay))),
        // rustls reports its own errors as InvalidData; the rest is the network's.
        Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
            Err(failed(FailureKind::Tls, format!("no secure connection to {}: {error}", relay.host)))
        }
        Ok(Err(error)) => {
            Err(failed(FailureKind::Lost, format!("the connection was lost during the TLS handshake: {error}")))
        }
        Err(_) => Err(failed(FailureKind::TimedOut, "the TLS handshake took too long".to_owned())),
    }
}

/// Whether what came was no TLS record at all: a mail server greets in plain text.
fn is_no_tls(error: &io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)))
}

fn not_tls(relay: &Relay) -> String {
    let (host, port) = (&relay.host, relay.port);
    if relay.implicit_tls {
        format!(
            "{host} speaks no TLS at once on port {port}; smtp:// with starttls=required encrypts there, smtps:// is \
             for a port such as 465"
        )
    } else {
        format!("{host} offers STARTTLS on port {port}, and then does not speak TLS")
    }
}

async fn dial(relay: &Relay, timeouts: &Timeouts) -> Result<TcpStream, Failure> {
    let deadline = Instant::now() + timeouts.connect;
    let addresses = resolve(relay, deadline).await?;
    let late = || {
        Failure::new(
            Phase::Connect,
            FailureKind::TimedOut,
            format!("{} port {} did not answer in time", relay.host, relay.port),
        )
    };
    let stream = timeout_at(deadline, race(addresses)).await.map_err(|_| late())?.map_err(|error| {
        Failure::new(
            Phase::Connect,
            FailureKind::Unreachable,
            format!("cannot connect to {} port {}: {error}", relay.host, relay.port),
        )
    })?;
    // Commands and replies are small and each waits for the other; holding them back for more would be absurd.
    stream.set_nodelay(true).map_err(|error| Failure::new(Phase::Connect, FailureKind::Lost, error.to_string()))?;
    Ok(stream)
}

async fn resolve(relay: &Relay, deadline: Instant) -> Result<Vec<SocketAddr>, Failure> {
    let failed = |kind, words: String| Failure::new(Phase::Dns, kind, words);
    let lookup = timeout_at(deadline, lookup_host((relay.host.as_str(), relay.port))).await;
    let found: Vec<SocketAddr> = match lookup {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(error)) => {
            return Err(failed(FailureKind::Dns, format!("the name {} cannot be resolved: {error}", relay.host)));
        }
        Err(_) => {
            return Err(failed(FailureKind::TimedOut, format!("looking up {} took too long", relay.host)));
        }
    };
    if found.is_empty() {
        return Err(failed(FailureKind::Dns, format!("the name {} has no address", relay.host)));
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
