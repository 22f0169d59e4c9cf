//! The mail catcher: a small ESMTP server (RFC 5321) that takes every message and hands it to a [`Sink`].
//!
//! It stands in for a mail server where none is configured, so it behaves like a good one: PIPELINING, SIZE,
//! 8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES; a message is acknowledged only once the sink has taken it. It is meant
//! for loopback: no TLS, no AUTH.

mod conversation;
pub(crate) mod input;

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

/// A message that was caught.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    /// Who delivered it.
    pub peer: SocketAddr,
    /// The name it gave in EHLO or HELO.
    pub hello: String,
    /// The reverse-path; empty for `<>`.
    pub from: String,
    /// The forward-paths, at least one.
    pub to: Vec<String>,
    /// Whether SMTPUTF8 was asked for (RFC 6531).
    pub smtputf8: bool,
    /// The message, dots unstuffed.
    pub bytes: Vec<u8>,
}

/// Where caught messages go.
pub trait Sink: Send + Sync + 'static {
    /// Takes one message. The client is told 250 with the text of `Ok`, or 451 with the text of `Err` and keeps
    /// the message.
    fn accept(&self, caught: Caught) -> impl Future<Output = Result<String, String>> + Send;
}

/// How much the catcher takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one message.
    pub message: usize,
    /// Recipients of one message.
    pub recipients: usize,
    /// Connections at once; more are turned away with 421.
    pub connections: usize,
    /// How long a client may say nothing.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 32 * 1_024 * 1_024, recipients: 100, connections: 200, idle: Duration::from_secs(300) }
    }
}

/// How long open connections may take to end once `shutdown` is ready.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves until `shutdown` is ready. Then waiting clients are told 421, and messages being handed to the sink are
/// finished, for two seconds at most.
pub async fn serve<S: Sink>(listener: TcpListener, sink: Arc<S>, limits: Limits, shutdown: impl Future<Output = ()>) {
    let limits = Arc::new(limits);
    let room = Arc::new(Semaphore::new(limits.connections));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let Ok((mut stream, peer)) = accepted else {
                    // Out of file descriptors, most likely: that passes, and spinning would not help it.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let Ok(permit) = room.clone().try_acquire_owned() else {
                    connections.spawn(async move { turn_away(&mut stream).await });
                    continue;
                };
                let (sink, limits, stopping) = (sink.clone(), limits.clone(), stopping.clone());
                connections.spawn(async move {
                    let _permit = permit;
                    let _ = stream.set_nodelay(true);
                    conversation::Conversation::new(stream, peer, limits, stopping).run(&*sink).await;
                });
            }
        }
    }
    drop(listener);
    stop.send_replace(true);
    let _ = timeout(FAREWELL, async { while connections.join_next().await.is_some() {} }).await;
}

async fn turn_away(stream: &mut TcpStream) {
    let words = b"421 4.3.2 Too many connections, try again later\r\n";
    let _ = timeout(FAREWELL, stream.write_all(words)).await;
}
