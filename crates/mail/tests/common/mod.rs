//! What the tests of sessions share.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::{future::Future, time::Duration};

use proptest::test_runner::Config;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
    time::timeout,
};
use vestnik_mail::{
    address::EmailAddress,
    failure::Failure,
    faults::FaultServer,
    relay::{Relay, Stream, Tls, connect},
    session::{Envelope, Hello, Outgoing, Sent, Session, Timeouts},
};

pub(crate) const BODY: &[u8] = b"Subject: test\r\n\r\nHello\r\n.\r\n..two\r\n";

/// Long enough for a busy machine, short enough to wait for.
pub(crate) fn short() -> Timeouts {
    Timeouts::all(Duration::from_secs(1))
}

/// What one message can take at most: each step has a limit for saying and one for hearing.
pub(crate) fn longest(limits: &Timeouts) -> Duration {
    let Timeouts { ehlo, mail, rcpt, data, body, dot, .. } = *limits;
    2 * (ehlo + mail + rcpt + data + body + dot)
}

/// A runtime whose clock is stopped: deadlines pass at once.
pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime")
}

/// So many random cases, unless `PROPTEST_CASES` wants another number.
pub(crate) fn cases(usual: u32) -> Config {
    if std::env::var_os("PROPTEST_CASES").is_some() { Config::default() } else { Config::with_cases(usual) }
}

pub(crate) fn address(text: &str) -> EmailAddress {
    EmailAddress::parse(text).expect("a fixture must parse")
}

pub(crate) fn envelope(from: &str, to: &str) -> Envelope {
    Envelope::new(&address(from), &address(to))
}

pub(crate) async fn open(server: &FaultServer) -> Session<TcpStream> {
    try_open(server).await.expect("the session should open")
}

pub(crate) async fn try_open(server: &FaultServer) -> Result<Session<TcpStream>, Failure> {
    let stream = TcpStream::connect(server.address()).await.expect("the server listens");
    Session::open(stream, &Hello::default(), &short()).await
}

/// Connects as the product does, trusting the server's authority; `query` is appended to the URL.
pub(crate) async fn connect_to(server: &FaultServer, url: &str) -> Result<Session<Stream>, Failure> {
    let relay = Relay::parse(url).expect("a fixture must parse");
    let tls = Tls::with_extra_roots([server.root()]).expect("the root is a certificate");
    in_time(connect(&relay, &tls, &Hello::default(), &short())).await
}

/// Sends to `to`, with the next one riding along.
pub(crate) async fn send<S>(session: &mut Session<S>, envelope: &Envelope, next: Option<&Envelope>) -> Sent
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send,
{
    in_time(session.send(&Outgoing { envelope, body: BODY }, next, || Ok(()))).await
}

/// Nothing here may hang.
pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(20), work).await.expect("it must not hang")
}
