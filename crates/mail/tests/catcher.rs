//! The catcher: our own client delivers to it, its limits hold, and a message is acknowledged only once it is taken.

mod common;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{BODY, envelope, in_time, send, short};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};
use vestnik_mail::{
    catcher::{Caught, Limits, Sink, serve},
    session::{Outgoing, Session},
    verdict::{Blame, Phase, Verdict},
};

#[derive(Default)]
struct Shelf {
    caught: Mutex<Vec<Caught>>,
    refuses: bool,
}

impl Sink for Shelf {
    fn accept(&self, caught: Caught) -> impl Future<Output = Result<String, String>> + Send {
        let result = if self.refuses {
            Err("the shelf\r\n250 is full".to_owned())
        } else {
            let mut all = self.caught.lock().expect("no test panics with it");
            all.push(caught);
            Ok(format!("message {}", all.len()))
        };
        std::future::ready(result)
    }
}

struct Running {
    port: u16,
    shelf: Arc<Shelf>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

async fn start(limits: Limits, shelf: Shelf) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let shelf = Arc::new(shelf);
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(listener, shelf.clone(), limits, shutdown));
    Running { port, shelf, stop, task }
}

impl Running {
    async fn connect(&self) -> Session<TcpStream> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        Session::open(stream, &Default::default(), &short()).await.expect("it greets")
    }

    /// Sends these bytes at once and reads until the server closes.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        stream.write_all(bytes).await.expect("it reads");
        let mut answer = Vec::new();
        let _ = in_time(stream.read_to_end(&mut answer)).await;
        String::from_utf8(answer).expect("replies are ASCII")
    }
}

#[tokio::test]
async fn catches_what_is_sent() {
    let running = start(Limits::default(), Shelf::default()).await;
    let mut session = running.connect().await;
    let capabilities = session.capabilities();
    assert!(capabilities.pipelining && capabilities.eight_bit && capabilities.smtputf8 && capabilities.enhanced_codes);
    let all =
        ["one@example.com", "иван@почта.рф", "\"a b\\\"<>\"@example.com"].map(|to| envelope("a+b@example.com", to));
    for at in 0..all.len() {
        let sent = send(&mut session, &all[at], all.get(at + 1)).await;
        assert_eq!(sent.verdict, Verdict::Accepted, "{sent:?}");
        assert_eq!(sent.reply.map(|reply| reply.to_string()), Some(format!("250 2.0.0 message {}", at + 1)));
    }
    in_time(session.quit()).await;
    let caught = running.shelf.caught.lock().expect("no panic").clone();
    for (caught, sent) in caught.iter().zip(&all) {
        assert_eq!((caught.from.as_str(), caught.to.as_slice()), ("a+b@example.com", &[sent.to().to_owned()][..]));
        assert_eq!(caught.bytes, BODY);
        assert_eq!(caught.smtputf8, sent.needs_smtputf8());
        assert_eq!(caught.hello, "[127.0.0.1]");
    }
}

#[tokio::test]
async fn a_sink_that_refuses_keeps_the_message_with_the_sender() {
    let running = start(Limits::default(), Shelf { refuses: true, ..Shelf::default() }).await;
    let mut session = running.connect().await;
    let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.phase), (Verdict::Later, Blame::Server, Phase::Dot));
    // Its words stayed one reply.
    assert_eq!(sent.reply.map(|reply| reply.text), Some("the shelf  250 is full".to_owned()));
    assert!(sent.usable);
}

#[tokio::test]
async fn limits_hold() {
    let limits = Limits { message: 100, recipients: 2, connections: 1, idle: Duration::from_millis(300) };
    let running = start(limits, Shelf::default()).await;
    let mut session = running.connect().await;
    let big = [b'x'; 300];
    let one = envelope("a@example.com", "b@example.com");
    // It says so beforehand, so our client asks first; here it is told nothing of the size.
    let sent = in_time(session.send(&Outgoing { envelope: &one, body: &big }, None, || Ok(()))).await;
    assert_eq!((sent.verdict, sent.blame), (Verdict::Never, Blame::Message));
    assert!(running.say(b"").await.starts_with("421 "), "one connection at most");
    in_time(session.quit()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let head = "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<b@b.c>\r\n";
    let text = format!("{head}DATA\r\n{}\r\n.\r\nQUIT\r\n", "x".repeat(300));
    assert!(running.say(text.as_bytes()).await.contains("552 5.3.4 "));
    tokio::time::sleep(Duration::from_millis(50)).await;
    let text = format!("{head}RCPT TO:<c@b.c>\r\nRCPT TO:<d@b.c>\r\nMAIL FROM:<a@b.c> SIZE=101\r\nQUIT\r\n");
    assert!(running.say(text.as_bytes()).await.contains("452 4.5.3 "));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(running.say(b"EHLO x\r\n").await.contains("421 4.4.2 "), "idle clients are sent away");
    assert!(running.shelf.caught.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn commands_out_of_place_are_refused() {
    let running = start(Limits { idle: Duration::from_millis(300), ..Limits::default() }, Shelf::default()).await;
    for (command, code) in [
        ("MAIL FROM:<a@b.c>", "503"),
        ("EHLO x\r\nRCPT TO:<a@b.c>", "503"),
        ("EHLO x\r\nDATA", "503"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nDATA", "503"),
        ("EHLO x\r\nMAIL FROM:<a@b.c>\r\nMAIL FROM:<a@b.c>", "503"),
        ("EHLO x\r\nMAIL FROM:<a@b.c> WHAT=EVER", "555"),
        ("STARTTLS", "502"),
        ("FOO", "500"),
        ("EHLO x\r\nMAIL FROM:a@b.c", "501"),
        ("VRFY a", "252"),
        ("NOOP", "250"),
    ] {
        let answer = running.say(format!("{command}\r\nQUIT\r\n").as_bytes()).await;
        let lines: Vec<&str> = answer.lines().collect();
        assert!(lines[lines.len() - 2].starts_with(code), "{command}: {answer}");
        assert!(lines[lines.len() - 1].starts_with("221"), "{command}: {answer}");
    }
    assert!(running.say(&[b'x'; 10_000]).await.contains("421 "));
    assert!(running.say("FOO\r\n".repeat(50).as_bytes()).await.contains("421 4.7.0 "));
    // A lone LF does not end a message: that would let one message hold another.
    let smuggled =
        "EHLO x\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<b@b.c>\r\nDATA\r\nx\n.\nMAIL FROM:<evil@b.c>\r\n\r\n.\r\nQUIT\r\n";
    running.say(smuggled.as_bytes()).await;
    assert_eq!(running.shelf.caught.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn ends_when_told() {
    let running = start(Limits::default(), Shelf::default()).await;
    let mut session = running.connect().await;
    running.stop.send(()).expect("it runs");
    in_time(running.task).await.expect("it ends");
    let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.usable), (Verdict::Later, Blame::Server, false), "{sent:?}");
}
