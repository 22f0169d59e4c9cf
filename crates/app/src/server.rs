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

mod progress;

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

use self::progress::Progressing;

/// How long a connection may be open without a complete request being asked: longer than proxies keep theirs, so that it
/// is they who close them.
const PATIENCE: Duration = Duration::from_secs(75);
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
    /// How long an answer may make no progress before its connection is given up.
    pub stalled: Duration,
}

impl Limits {
    /// Half of the files that the process may open are for visitors; the rest are the database's, the mail servers' and
    /// the journal's.
    pub fn of_process() -> Self {
        let files = getrlimit(Resource::Nofile).current.and_then(|files| usize::try_from(files).ok());
        let connections = files.map_or(MOST_CONNECTIONS, |files| (files / 2).clamp(1, MOST_CONNECTIONS));
        Self { connections, stalled: STALLED }
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
    let begin = |stream: TcpStream, peer: SocketAddr, connections: &mut JoinSet<()>| {
        // Without it small answers would wait for more to come. A connection that is gone says so when it is read.
        let _ = stream.set_nodelay(true);
        connections.spawn(answer(Progressing::new(stream, limits.stalled), peer, router.clone(), stopping.subscribe()));
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

/// Answers what is asked on one connection.
async fn answer(stream: Progressing<TcpStream>, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>) {
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
    tokio::select! {
        // A visitor who breaks off is nobody's mistake.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
    // hyper would close a connection on which nothing has been read yet.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = first_words.notified() => {}
        () = tokio::time::sleep(FIRST_WORDS) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn respond(router: Router, request: hyper::Request<Incoming>) -> Result<Response, Infallible> {
    router.oneshot(Request::map(request, axum::body::Body::new)).await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    /// More than the system takes for somebody who does not read.
    const LARGE: usize = 64 * 1024 * 1024;

    struct Running {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        ended: JoinHandle<io::Result<()>>,
    }

    const LIMITS: Limits = Limits { connections: 100, stalled: Duration::from_secs(10) };

    async fn start() -> Running {
        start_with(LIMITS).await
    }

    async fn start_with(limits: Limits) -> Running {
        let door = Door::open((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
        let address = door.address().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let slow = get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            peer.ip().to_string()
        });
        let told = async { stopped.await.expect("told") };
        let large = get(async || vec![b'x'; LARGE]);
        let router = Router::new().route("/", slow).route("/large", large);
        let ended = tokio::spawn(serve(door, router, limits, told));
        Running { address, stop, ended }
    }

    async fn read(stream: &mut TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.expect("an answer");
        text
    }

    #[tokio::test]
    async fn whoever_has_come_is_answered_and_whoever_comes_later_refused() {
        let Running { address, stop, ended } = start().await;
        let mut under_way = TcpStream::connect(address).await.expect("open");
        under_way.write_all(ASK).await.expect("sent");
        let mut silent = TcpStream::connect(address).await.expect("open");
        let mut late = TcpStream::connect(address).await.expect("open");
        let mut half = TcpStream::connect(address).await.expect("open");
        half.write_all(&ASK[..10]).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.send(()).expect("running");
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(TcpStream::connect(address).await.is_err(), "refused");
        late.write_all(ASK).await.expect("sent");
        half.write_all(&ASK[10..]).await.expect("sent");
        for stream in [&mut under_way, &mut late, &mut half] {
            let answer = read(stream).await;
            assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        }
        assert_eq!(read(&mut silent).await, "", "closed, for it has asked nothing");
        ended.await.expect("no panic").expect("well");
    }

    #[tokio::test]
    async fn connections_that_wait_to_be_accepted_are_answered() {
        let door = Door::open((Ipv4Addr::LOCALHOST, 0).into()).await.expect("a port");
        let address = door.address().expect("bound");
        let mut waiting = Vec::new();
        for _ in 0..20 {
            let mut stream = TcpStream::connect(address).await.expect("open");
            stream.write_all(ASK).await.expect("sent");
            waiting.push(stream);
        }
        let router = Router::new().route("/", get(async || "here"));
        let served = tokio::spawn(serve(door, router, LIMITS, std::future::ready(())));
        for stream in &mut waiting {
            assert!(read(stream).await.ends_with("here"));
        }
        served.await.expect("no panic").expect("well");
    }

    #[tokio::test]
    async fn connections_to_a_held_socket_wait_for_the_next_process() {
        let held = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        held.set_nonblocking(true).expect("so");
        let address = held.local_addr().expect("bound");
        let door = || {
            let listener = TcpListener::from_std(held.try_clone().expect("another")).expect("a listener");
            Door { listener, is_held: true }
        };
        let router = Router::new().route("/", get(async || "here"));
        serve(door(), router.clone(), LIMITS, std::future::ready(())).await.expect("well");
        let mut between = TcpStream::connect(address).await.expect("open");
        between.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("sent");
        let served = tokio::spawn(serve(door(), router, LIMITS, std::future::pending()));
        assert!(read(&mut between).await.ends_with("here"));
        served.abort();
    }

    #[tokio::test]
    async fn more_connections_than_are_allowed_wait_for_one_to_go() {
        let Running { address, stop, ended } = start_with(Limits { connections: 2, ..LIMITS }).await;
        let mut silent = Vec::new();
        for _ in 0..2 {
            silent.push(TcpStream::connect(address).await.expect("open"));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut third = TcpStream::connect(address).await.expect("the system has it");
        third.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("sent");
        let mut byte = [0];
        let waited = tokio::time::timeout(Duration::from_millis(600), third.peek(&mut byte)).await;
        assert!(waited.is_err(), "it is not answered yet: {waited:?}");
        silent.pop();
        assert!(read(&mut third).await.ends_with("127.0.0.1"));
        // At the end there is room for those that wait.
        let mut waiting = Vec::new();
        for _ in 0..4 {
            let mut stream = TcpStream::connect(address).await.expect("open");
            stream.write_all(ASK).await.expect("sent");
            waiting.push(stream);
        }
        stop.send(()).expect("running");
        for stream in &mut waiting {
            assert!(read(stream).await.ends_with("127.0.0.1"));
        }
        ended.await.expect("no panic").expect("well");
    }

    #[tokio::test]
    async fn whoever_does_not_read_is_given_up_and_whoever_reads_slowly_is_not() {
        let stalled = Duration::from_millis(500);
        let Running { address, stop, ended } = start_with(Limits { stalled, ..LIMITS }).await;
        let ask = async || {
            let mut stream = TcpStream::connect(address).await.expect("open");
            stream.write_all(b"GET /large HTTP/1.0\r\n\r\n").await.expect("sent");
            stream
        };
        let (mut deaf, mut slow) = (ask().await, ask().await);
        let mut taken = 0;
        let mut piece = vec![0; LARGE / 8];
        for _ in 0..8 {
            tokio::time::sleep(stalled / 2).await;
            taken += slow.read_exact(&mut piece).await.expect("more");
        }
        assert_eq!(taken, LARGE);
        let mut rest = Vec::new();
        let ended_early = deaf.read_to_end(&mut rest).await;
        assert!(ended_early.is_err() || rest.len() < LARGE, "it was given up: {}", rest.len());
        stop.send(()).expect("running");
        ended.await.expect("no panic").expect("well");
    }

    #[test]
    fn visitors_leave_files_for_the_rest() {
        let limits = Limits::of_process();
        assert!(limits.connections <= MOST_CONNECTIONS);
        if let Some(files) = getrlimit(Resource::Nofile).current {
            assert!(limits.connections as u64 <= files / 2);
        }
    }

    #[tokio::test]
    async fn kept_connections_are_closed_at_once() {
        let Running { address, stop, ended } = start().await;
        let mut kept = TcpStream::connect(address).await.expect("open");
        kept.write_all(ASK).await.expect("sent");
        let mut answer = vec![0; 1_000];
        let length = kept.read(&mut answer).await.expect("an answer");
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
        stop.send(()).expect("running");
        tokio::time::timeout(Duration::from_millis(400), ended).await.expect("soon").expect("no panic").expect("well");
    }
}
