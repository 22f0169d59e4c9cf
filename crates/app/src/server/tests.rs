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

const LIMITS: Limits = Limits {
    connections: 100,
    per_address: None,
    first_request: Duration::from_secs(60),
    stalled: Duration::from_secs(10),
};

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

#[tokio::test]
async fn connections_above_the_limit_of_an_address_are_closed() {
    let Running { address, stop, ended } = start_with(Limits { per_address: Some(2), ..LIMITS }).await;
    let mut first = TcpStream::connect(address).await.expect("open");
    let mut second = TcpStream::connect(address).await.expect("open");
    let mut third = TcpStream::connect(address).await.expect("the system takes it");
    assert_eq!(third.read(&mut [0]).await.expect("closed"), 0, "without a word");
    // From another address there is one.
    let other = tokio::net::TcpSocket::new_v4().expect("a socket");
    other.bind((Ipv4Addr::new(127, 0, 0, 2), 0).into()).expect("an address of this machine");
    let mut other = other.connect(address).await.expect("open");
    other.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("sent");
    assert!(read(&mut other).await.ends_with("127.0.0.2"));
    // One that ends makes room.
    first.write_all(b"GET / HTTP/1.0\r\n\r\n").await.expect("sent");
    assert!(read(&mut first).await.ends_with("127.0.0.1"));
    drop(first);
    let answer = loop {
        let mut again = TcpStream::connect(address).await.expect("open");
        let _ = again.write_all(b"GET / HTTP/1.0\r\n\r\n").await;
        let mut text = String::new();
        if again.read_to_string(&mut text).await.is_ok_and(|length| length > 0) {
            break text;
        }
    };
    assert!(answer.ends_with("127.0.0.1"));
    second.shutdown().await.expect("closed");
    stop.send(()).expect("running");
    ended.await.expect("no panic").expect("well");
}

#[tokio::test]
async fn connection_without_a_request_is_closed() {
    let limits = Limits { first_request: Duration::from_millis(200), ..LIMITS };
    let Running { address, stop, ended } = start_with(limits).await;
    let mut asks = TcpStream::connect(address).await.expect("open");
    asks.write_all(ASK).await.expect("sent");
    let mut answer = [0; 1_000];
    assert!(asks.read(&mut answer).await.expect("an answer") > 0);
    let mut silent = TcpStream::connect(address).await.expect("open");
    let mut hesitant = TcpStream::connect(address).await.expect("open");
    hesitant.write_all(&ASK[..10]).await.expect("sent");
    for stream in [&mut silent, &mut hesitant] {
        assert_eq!(stream.read(&mut [0]).await.expect("closed"), 0);
    }
    // One on which something was asked is kept for the next request.
    asks.write_all(ASK).await.expect("sent");
    let length = asks.read(&mut answer).await.expect("an answer");
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    stop.send(()).expect("running");
    ended.await.expect("no panic").expect("well");
}

fn limits_of(arguments: &[&str]) -> Limits {
    #[derive(clap::Parser)]
    struct Typed {
        #[command(flatten)]
        web: WebArgs,
    }
    let typed = <Typed as clap::Parser>::parse_from([&["vestnik"], arguments].concat());
    Limits::of_process(&typed.web)
}

#[test]
fn visitors_leave_files_for_the_rest() {
    let limits = limits_of(&[]);
    assert!(limits.connections <= MOST_CONNECTIONS);
    if let Some(files) = getrlimit(Resource::Nofile).current {
        assert!(limits.connections as u64 <= files / 2);
    }
    assert_eq!(limits_of(&["--max-connections", "7"]).connections, 7);
    assert!(limits_of(&["--max-connections", "1000000"]).connections <= MOST_CONNECTIONS, "there are no more files");
}

#[test]
fn limit_by_address_does_not_apply_behind_a_proxy() {
    assert_eq!(limits_of(&["--max-connections-per-address", "7"]).per_address, Some(7));
    assert_eq!(limits_of(&["--behind-proxy"]).per_address, None);
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
