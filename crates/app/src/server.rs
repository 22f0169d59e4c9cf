//! The pages over HTTP/1.1, in a way that a restart breaks as little as can be.
//!
//! Told to stop, axum's own server drops connections whose first request is still on its way, and those that wait to be
//! accepted: a proxy in front cannot know what became of the form it had just sent there. Here whoever has come is still
//! answered; whoever comes later is refused, which a proxy takes to the next node. Between the last connection that is
//! accepted and the moment when the system knows that there will be no more, one can still come and break. Only a socket
//! that a service manager holds open meanwhile leaves no such moment: then they wait for the next process.
//!
//! On a connection that is kept, what is being answered is answered to its end; then it is closed, and one on which
//! nothing is asked is closed at once. A further request that is on its way on it in that moment finds it closed, as
//! with every server that ends a kept connection: proxies and browsers ask again what can safely be asked twice, and
//! not a form.

mod address_limits;
mod progress;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use listenfd::ListenFd;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::config::WebArgs;

use self::address_limits::{AddressLimits, ConnectionGuard};
use self::progress::Progressing;

/// How long a connection may be open without a complete request being asked: longer than proxies keep theirs, so that it
/// is they who close them.
const PATIENCE: Duration = Duration::from_secs(75);
/// How long a new connection may take to send its first request. Browsers open some connections in advance.
const FIRST_REQUEST: Duration = Duration::from_secs(15);
/// How long a connection that is new when the server stops may take to ask something.
const FIRST_WORDS: Duration = Duration::from_millis(500);
/// How long nothing is accepted when the machine has run out of something, such as file descriptors.
const EXHAUSTED: Duration = Duration::from_secs(1);

/// How long an answer may make no progress: a stream of live progress says something every 15 s.
const STALLED: Duration = Duration::from_secs(60);
/// More connections than that are not needed, and each has its memory.
const MOST_CONNECTIONS: usize = 8_192;

/// What visitors may take up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many connections are open at once; more wait to be accepted.
    pub connections: usize,
    /// Open connections of one network address; further ones are closed at once. `None`: no limit, because all
    /// connections come from a proxy.
    pub per_address: Option<usize>,
    /// How long a new connection may take to send its first request.
    pub first_request: Duration,
    /// How long an answer may make no progress before its connection is given up.
    pub stalled: Duration,
}

impl Limits {
    /// Half of the files that the process may open are for visitors; the rest are the database's, the mail servers' and
    /// the journal's.
    pub fn of_process(args: &WebArgs) -> Self {
        let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
        let connections = files.map_or(MOST_CONNECTIONS, |files| (files / 2).clamp(1, MOST_CONNECTIONS));
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            connections: args.max_connections.map_or(connections, |most| count(most).min(connections)),
            per_address: (!args.behind_proxy).then_some(count(args.max_connections_per_address)),
            first_request: FIRST_REQUEST,
            stalled: STALLED,
        }
    }
}

/// Where visitors come in.
pub struct Door {
    listener: TcpListener,
    /// Whether somebody else has it, too, and keeps it open when we go.
    is_held: bool,
}

impl Door {
    /// The socket that a service manager has handed over (`LISTEN_FDS`, as systemd does), or else one of our own at this
    /// address.
    ///
    /// # Errors
    /// The address is taken or not ours; what was handed over is no such socket.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        match ListenFd::from_env().take_tcp_listener(0)? {
            Some(held) => {
                held.set_nonblocking(true)?;
                Ok(Self { listener: TcpListener::from_std(held)?, is_held: true })
            }
            None => Ok(Self { listener: TcpListener::bind(address).await?, is_held: false }),
        }
    }

    /// Where it is.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// Serves until `stop` is over, and then until everyone who had come is answered. Dropped, it drops the connections.
///
/// # Errors
/// The listener cannot be emptied at the end.
pub async fn serve(door: Door, router: Router, limits: Limits, stop: impl Future<Output = ()>) -> io::Result<()> {
    let Door { listener, is_held } = door;
    let stopping = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    let address_limits = AddressLimits::new(limits.per_address);
    let begin = |stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>| {
        // Dropping the stream closes it. Answering 503 would cost more than the connection.
        let Some(guard) = address_limits.admit(peer.ip()) else { return };
        // Without it small answers would wait for more to come. A connection that is gone says so when it is read.
        let _ = stream.set_nodelay(true);
        let client = Client { peer, first_request: limits.first_request, _guard: guard };
        connections.spawn(answer(
            Progressing::new(stream, limits.stalled),
            client,
            router.clone(),
            stopping.subscribe(),
        ));
    };
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < limits.connections => match accepted {
                Ok((stream, peer)) => begin(stream, peer, &mut connections),
                Err(error) if is_of_one_visitor(&error) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted");
                    tokio::time::sleep(EXHAUSTED).await;
                }
            },
        }
    }
    let listener = listener.into_std()?;
    // The system has made these connections already; closing a listener of our own would break them. Asked directly,
    // because the runtime may not have heard of them.
    if !is_held {
        loop {
            if connections.len() >= limits.connections {
                // Those that are kept make room.
                stopping.send_replace(true);
                connections.join_next().await;
            }
            match listener.accept() {
                Ok((stream, peer)) => {
                    stream.set_nonblocking(true)?;
                    begin(TcpStream::from_std(stream)?, peer, &mut connections);
                }
                Err(error) if is_of_one_visitor(&error) => {}
                Err(_) => break,
            }
        }
    }
    drop(listener);
    stopping.send_replace(true);
    while connections.join_next().await.is_some() {}
    Ok(())
}

/// Whether a connection was gone before it was accepted, which is no trouble of ours.
fn is_of_one_visitor(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionRefused | ConnectionAborted | ConnectionReset)
}

/// The other end of a connection.
struct Client {
    peer: SocketAddr,
    first_request: Duration,
    /// Counts the connection against its address until it ends.
    _guard: ConnectionGuard,
}

/// Answers what is asked on one connection.
async fn answer(stream: Progressing<TcpStream>, client: Client, router: Router, mut stopping: watch::Receiver<bool>) {
    let (peer, first_request) = (client.peer, client.first_request);
    let asked = Arc::new(Notify::new());
    let first_words = asked.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        asked.notify_one();
        request.extensions_mut().insert(ConnectInfo(peer));
        respond(router.clone(), request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut first_words = pin!(first_words.notified());
    let mut timeout = pin!(tokio::time::sleep(first_request));
    let mut is_silent = true;
    loop {
        tokio::select! {
            // A visitor who breaks off is nobody's mistake.
            _ = connection.as_mut() => return,
            () = first_words.as_mut(), if is_silent => is_silent = false,
            () = timeout.as_mut(), if is_silent => return,
            _ = stopping.wait_for(|stopping| *stopping) => break,
        }
    }
    // hyper would close a connection on which nothing has been read yet.
    if is_silent {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = first_words.as_mut() => {}
            () = tokio::time::sleep(FIRST_WORDS) => {}
        }
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn respond(router: Router, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    router.oneshot(Request::map(request, axum::body::Body::new)).await
}
