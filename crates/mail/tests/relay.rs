//! The way to the server: DNS, TCP, TLS, greeting, AUTH; what fails, where, and whether a person must act. Slowness is
//! looked at in deadlines.rs, but for TCP and TLS, which cannot do with a stopped clock.

mod common;

use std::time::Duration;

use common::{connect_to, envelope, in_time, send, short, try_open};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{Instant, sleep},
};
use vestnik_mail::{
    failure::{Failure, FailureKind},
    faults::{Action, Behaviour, Certificate, Encryption, FaultServer, Stage},
    relay::{Relay, Tls, connect},
    session::{Hello, Timeouts},
    verdict::{Blame, Phase, Verdict},
};

async fn start(behaviour: Behaviour) -> FaultServer {
    FaultServer::start(behaviour).await.expect("starts")
}

/// The failure, which must be the server's and say nothing of any recipient.
fn failure<T>(result: Result<T, Failure>, context: &str) -> (Phase, FailureKind, bool) {
    let Err(failure) = result else { panic!("{context}: it should have failed") };
    assert_eq!((failure.verdict(), failure.blame()), (Verdict::Later, Blame::Server));
    assert!(!failure.to_string().contains("secret"), "{failure}");
    (failure.phase, failure.kind, failure.needs_attention())
}

#[tokio::test]
async fn opening_fails_where_the_server_does() {
    let last = |text: &str| Action::ReplyAndDrop(text.to_owned());
    for (stage, action, phase, kind, attention) in [
        (Stage::Greeting, last("554 5.7.1 Blocked"), Phase::Greeting, FailureKind::Refused, true),
        (Stage::Greeting, last("421 4.3.2 Full"), Phase::Greeting, FailureKind::Refused, false),
        (Stage::Greeting, Action::reply("421 4.3.2 Full"), Phase::Greeting, FailureKind::Refused, false),
        (Stage::Greeting, Action::reply("250 What?"), Phase::Greeting, FailureKind::Garbage, false),
        (Stage::Greeting, Action::Drop, Phase::Greeting, FailureKind::Lost, false),
        (Stage::Greeting, Action::Silence, Phase::Greeting, FailureKind::TimedOut, false),
        (Stage::Greeting, Action::Flood, Phase::Greeting, FailureKind::Garbage, false),
        (Stage::Greeting, Action::Bytes(b"SSH-2.0-OpenSSH\r\n".to_vec()), Phase::Greeting, FailureKind::Garbage, false),
        (Stage::Greeting, Action::Trickle(Duration::from_millis(100)), Phase::Greeting, FailureKind::TimedOut, false),
        (Stage::Greeting, Action::Also(b"250 Eager\r\n".to_vec()), Phase::Ehlo, FailureKind::Garbage, false),
        (Stage::Ehlo, Action::reply("550 5.7.1 Bad name"), Phase::Ehlo, FailureKind::Refused, true),
        (Stage::Ehlo, Action::reply("451 4.3.0 Trouble"), Phase::Ehlo, FailureKind::Refused, false),
        (Stage::Ehlo, last("421 4.3.2 Full"), Phase::Ehlo, FailureKind::Refused, false),
        (Stage::Ehlo, Action::Bytes(b"250-x\r\n\0\xff\r\n".to_vec()), Phase::Ehlo, FailureKind::Garbage, false),
        (Stage::Ehlo, Action::Drop, Phase::Ehlo, FailureKind::Lost, false),
        (Stage::Ehlo, Action::Silence, Phase::Ehlo, FailureKind::TimedOut, false),
        (Stage::Ehlo, Action::Flood, Phase::Ehlo, FailureKind::Garbage, false),
        (Stage::Ehlo, Action::reply("354 What?"), Phase::Ehlo, FailureKind::Garbage, false),
    ] {
        let context = format!("{stage:?} {action:?}");
        let server = start(Behaviour::good().on(stage, action)).await;
        let found = failure(in_time(try_open(&server)).await.map(drop), &context);
        assert_eq!(found, (phase, kind, attention), "{context}");
    }
}

#[tokio::test]
async fn an_old_server_is_greeted_with_helo() {
    let server = start(Behaviour::good().on(Stage::Ehlo, Action::reply("502 5.5.1 Not known"))).await;
    let mut session = in_time(try_open(&server)).await.expect("opens");
    assert!(!session.capabilities().pipelining);
    assert_eq!(send(&mut session, &envelope("a@example.com", "b@example.com"), None).await.verdict, Verdict::Accepted);
    assert_eq!(server.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn nobody_there() {
    let tls = Tls::new().expect("the system has authorities");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    for (url, phase, kind) in [
        (format!("smtp://127.0.0.1:{port}"), Phase::Connect, FailureKind::Unreachable),
        (format!("smtp://localhost:{port}"), Phase::Connect, FailureKind::Unreachable),
        (
            // A label too long for DNS, so the question never leaves this machine.
            format!("smtp://{}.invalid", "x".repeat(64)),
            Phase::Dns,
            FailureKind::Dns,
        ),
    ] {
        let relay = Relay::parse(&url).expect("a URL");
        let timeouts = Timeouts { connect: Duration::from_secs(15), ..short() };
        let found = failure(in_time(connect(&relay, &tls, &Hello::default(), &timeouts)).await.map(drop), &url);
        assert_eq!(found, (phase, kind, false), "{url}");
    }
}

#[tokio::test]
async fn a_reset_is_a_lost_connection() {
    for (stage, phase) in [(Stage::Greeting, Phase::Greeting), (Stage::Ehlo, Phase::Ehlo)] {
        let server = start(Behaviour::good().resets().on(stage, Action::Drop)).await;
        let found = failure(connect_to(&server, &server.url()).await.map(drop), "reset");
        assert_eq!(found, (phase, FailureKind::Lost, false));
    }
}

#[tokio::test]
async fn a_server_that_takes_no_more_connections_is_given_up_in_time() {
    // Nobody accepts, and once the queue is full, the system ignores whoever knocks.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a free port");
    let listener = socket.listen(1).expect("it listens");
    let address = listener.local_addr().expect("bound");
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(stream.expect("the queue has room"));
        assert!(waiting.len() < 100, "the queue never fills");
    }
    let relay = Relay::parse(&format!("smtp://{address}")).expect("a URL");
    let tls = Tls::new().expect("the system has authorities");
    let started = Instant::now();
    let found = failure(in_time(connect(&relay, &tls, &Hello::default(), &short())).await.map(drop), "full");
    assert_eq!(found, (Phase::Connect, FailureKind::TimedOut, false));
    assert!(started.elapsed() >= short().connect && started.elapsed() < 10 * short().connect);
}

#[tokio::test]
async fn starttls_and_implicit_tls_carry_mail() {
    for (encryption, scheme, query) in [
        (Encryption::StartTls(Certificate::Good), "smtp", "?starttls=required"),
        (Encryption::StartTls(Certificate::Good), "smtp", "?starttls=optional"),
        (Encryption::Implicit(Certificate::Good), "smtps", ""),
    ] {
        let server = start(Behaviour::good().encryption(encryption).credentials("anna", "secret")).await;
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("{scheme}://anna:secret@{host}:{}{query}", server.address().port());
            let mut session = connect_to(&server, &url).await.unwrap_or_else(|failure| panic!("{url}: {failure}"));
            assert!(session.stream().is_encrypted());
            let (one, two) =
                (envelope("a@example.com", "one@example.com"), envelope("a@example.com", "two@example.com"));
            assert_eq!(send(&mut session, &one, Some(&two)).await.verdict, Verdict::Accepted);
            assert_eq!(send(&mut session, &two, None).await.verdict, Verdict::Accepted);
            in_time(session.quit()).await;
        }
        assert_eq!(server.recipients().len(), 4);
    }
}

#[tokio::test]
async fn starttls_is_off_on_loopback_unless_asked_for() {
    let server = start(Behaviour::good().encryption(Encryption::StartTls(Certificate::SelfSigned))).await;
    let session = connect_to(&server, &server.url()).await.expect("connects");
    assert!(!session.stream().is_encrypted());
}

#[tokio::test]
async fn a_bad_certificate_is_refused() {
    for certificate in [Certificate::WrongName, Certificate::SelfSigned, Certificate::Expired] {
        let server = start(Behaviour::good().encryption(Encryption::StartTls(certificate))).await;
        for mode in ["required", "optional"] {
            let url = format!("{}?starttls={mode}", server.url());
            let found = failure(connect_to(&server, &url).await.map(drop), &url);
            assert_eq!(found, (Phase::Tls, FailureKind::Tls, true), "{certificate:?}");
        }
        let server = start(Behaviour::good().encryption(Encryption::Implicit(certificate))).await;
        let url = server.url().replace("smtp:", "smtps:");
        let found = failure(connect_to(&server, &url).await.map(drop), &url);
        assert_eq!(found, (Phase::Tls, FailureKind::Tls, true), "{certificate:?}");
    }
}

#[tokio::test]
async fn starttls_can_fail_in_every_way() {
    let encryption = Encryption::StartTls(Certificate::Good);
    for (action, phase, kind, attention) in [
        (Action::reply("454 4.7.0 Not now"), Phase::StartTls, FailureKind::Refused, false),
        (Action::reply("501 5.5.2 No"), Phase::StartTls, FailureKind::Refused, true),
        (Action::Also(b"250 Injected\r\n".to_vec()), Phase::StartTls, FailureKind::Insecure, true),
        (Action::reply("421 4.3.2 Goodbye"), Phase::StartTls, FailureKind::Refused, false),
        (Action::reply("250 What?"), Phase::StartTls, FailureKind::Garbage, false),
        (Action::Bytes(b"\x16\x03\x01\r\n".to_vec()), Phase::StartTls, FailureKind::Garbage, false),
        (Action::Flood, Phase::StartTls, FailureKind::Garbage, false),
        (Action::Drop, Phase::StartTls, FailureKind::Lost, false),
        (Action::Silence, Phase::StartTls, FailureKind::TimedOut, false),
        (Action::ReplyAndDrop("220 2.0.0 Go ahead".to_owned()), Phase::Tls, FailureKind::Lost, false),
    ] {
        let context = format!("{action:?}");
        let server = start(Behaviour::good().encryption(encryption).on(Stage::StartTls, action)).await;
        let url = format!("{}?starttls=optional", server.url());
        let found = failure(connect_to(&server, &url).await.map(drop), &context);
        // The end of the connection may be seen before the handshake or in it.
        let lost_early = (Phase::StartTls, FailureKind::Lost, false);
        assert!(
            found == (phase, kind, attention) || kind == FailureKind::Lost && found == lost_early,
            "{context}: {found:?}"
        );
    }
    let server = start(Behaviour::good()).await;
    let found = failure(connect_to(&server, &format!("{}?starttls=required", server.url())).await.map(drop), "none");
    assert_eq!(found, (Phase::StartTls, FailureKind::Unsupported, true));
    // TLS where the server speaks plain text, and the other way round.
    let failed = connect_to(&server, &server.url().replace("smtp:", "smtps:")).await.map(drop).unwrap_err();
    let port = server.address().port();
    assert!(failed.to_string().starts_with(&format!("localhost speaks no TLS at once on port {port};")), "{failed}");
    assert_eq!(failure(Err::<(), _>(failed), "plain"), (Phase::Tls, FailureKind::NotTls, true));
    let server = start(Behaviour::good().encryption(Encryption::Implicit(Certificate::Good))).await;
    let found = failure(connect_to(&server, &server.url()).await.map(drop), "tls");
    assert_eq!(found, (Phase::Greeting, FailureKind::TimedOut, false));
}

#[tokio::test]
async fn a_handshake_can_fail_in_every_way() {
    for (encryption, scheme, query) in [
        (Encryption::StartTls(Certificate::Good), "smtp:", "?starttls=required"),
        (Encryption::Implicit(Certificate::Good), "smtps:", ""),
    ] {
        for (action, kind, attention) in [
            (Action::Silence, FailureKind::TimedOut, false),
            (Action::Drop, FailureKind::Lost, false),
            (Action::Bytes(b"220 In plain words\r\n".to_vec()), FailureKind::NotTls, true),
            (Action::Flood, FailureKind::NotTls, true),
        ] {
            let context = format!("{encryption:?} {action:?}");
            let server = start(Behaviour::good().encryption(encryption).on(Stage::Tls, action)).await;
            let url = format!("{}{query}", server.url().replace("smtp:", scheme));
            let found = failure(connect_to(&server, &url).await.map(drop), &context);
            // After STARTTLS the end, or plain words, may be seen before the handshake has begun.
            let early = (Phase::StartTls, if attention { FailureKind::Insecure } else { kind }, attention);
            assert!(
                found == (Phase::Tls, kind, attention) || scheme == "smtp:" && found == early,
                "{context}: {found:?}"
            );
        }
        // The first answer over the encrypted connection.
        for (action, kind) in [(Action::Silence, FailureKind::TimedOut), (Action::Drop, FailureKind::Lost)] {
            let context = format!("{encryption:?}, encrypted: {action:?}");
            let nth = if query.is_empty() { 0 } else { 1 };
            let behaviour = Behaviour::good().on_if(Stage::Ehlo, move |event| event.nth == nth, action);
            let server = start(behaviour.encryption(encryption)).await;
            let url = format!("{}{query}", server.url().replace("smtp:", scheme));
            let found = failure(connect_to(&server, &url).await.map(drop), &context);
            assert_eq!(found, (Phase::Ehlo, kind, false), "{context}");
        }
    }
}

/// A way to `server` that brings what it says one byte at a time.
async fn slow_way(server: &FaultServer, pause: Duration) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let far = server.address();
    tokio::spawn(async move {
        let (near, _) = listener.accept().await.expect("somebody comes");
        let far = TcpStream::connect(far).await.expect("the server listens");
        near.set_nodelay(true).expect("it is open");
        let ((mut near_read, mut near_write), (mut far_read, mut far_write)) = (near.into_split(), far.into_split());
        tokio::spawn(async move { copy(&mut near_read, &mut far_write).await });
        while let Ok(byte) = far_read.read_u8().await {
            sleep(pause).await;
            if near_write.write_u8(byte).await.is_err() {
                return;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_handshake_one_byte_at_a_time_ends_in_time() {
    let server = start(Behaviour::good().encryption(Encryption::Implicit(Certificate::Good))).await;
    let port = slow_way(&server, Duration::from_millis(10)).await;
    let started = Instant::now();
    let found = failure(connect_to(&server, &format!("smtps://localhost:{port}")).await.map(drop), "slow");
    assert_eq!(found, (Phase::Tls, FailureKind::TimedOut, false));
    assert!(started.elapsed() >= short().tls && started.elapsed() < 10 * short().tls);
}

#[tokio::test]
async fn encrypted_connections_are_lost_like_others() {
    let encryption = Encryption::Implicit(Certificate::Good);
    for (stage, action, verdict, phase) in [
        (Stage::Mail, Action::Drop, Verdict::Later, Phase::MailFrom),
        (Stage::Rcpt, Action::Silence, Verdict::Later, Phase::RcptTo),
        (Stage::Data, Action::ReplyAndDrop("421 4.3.2 Goodbye".to_owned()), Verdict::Later, Phase::Data),
        (Stage::Dot, Action::Drop, Verdict::Unknown, Phase::Dot),
        (Stage::Dot, Action::AcceptAndDrop, Verdict::Unknown, Phase::Dot),
        (Stage::Dot, Action::AcceptAndSilence, Verdict::Unknown, Phase::Dot),
        (Stage::Dot, Action::reply("421 4.3.2 Goodbye"), Verdict::Later, Phase::Dot),
        (Stage::Dot, Action::Flood, Verdict::Unknown, Phase::Dot),
    ] {
        let context = format!("{stage:?} {action:?}");
        let server = start(Behaviour::good().encryption(encryption).on(stage, action)).await;
        let mut session = connect_to(&server, &server.url().replace("smtp:", "smtps:")).await.expect("connects");
        let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
        let found = (sent.verdict, sent.blame, sent.phase, sent.usable);
        assert_eq!(found, (verdict, Blame::Server, phase, false), "{context}: {sent:?}");
        in_time(session.quit()).await;
    }
    // An idle one that ends or speaks is noticed under TLS as well.
    for farewell in [Action::ReplyAndDrop("250 2.0.0 Accepted".to_owned()), Action::Also(b"250 Hello?\r\n".to_vec())] {
        let context = format!("{farewell:?}");
        let server = start(Behaviour::good().encryption(encryption).once(Stage::Dot, farewell)).await;
        let mut session = connect_to(&server, &server.url().replace("smtp:", "smtps:")).await.expect("connects");
        let sent = send(&mut session, &envelope("a@example.com", "one@example.com"), None).await;
        assert_eq!(sent.verdict, Verdict::Accepted, "{context}: {sent:?}");
        sleep(Duration::from_millis(50)).await;
        assert!(!session.check_idle(), "{context}");
    }
}

#[tokio::test]
async fn auth_by_each_mechanism() {
    for (auth, expected) in
        [("", "PLAIN"), ("?auth=plain", "PLAIN"), ("?auth=login", "LOGIN"), ("?auth=xoauth2", "XOAUTH2")]
    {
        let server = start(Behaviour::good().credentials("anna@example.com", "secret я")).await;
        let host = format!("localhost:{}", server.address().port());
        let url = format!("smtp://anna%40example.com:secret%20%D1%8F@{host}{auth}");
        let mut session = connect_to(&server, &url).await.expect("the credentials are right");
        assert_eq!(
            send(&mut session, &envelope("a@example.com", "b@example.com"), None).await.verdict,
            Verdict::Accepted
        );
        assert!(server.commands().contains(&format!("AUTH {expected}")));
        let url = format!("smtp://anna%40example.com:wrong@{host}{auth}");
        let found = failure(connect_to(&server, &url).await.map(drop), &url);
        assert_eq!(found, (Phase::Auth, FailureKind::Refused, true), "{url}");
    }
    // LOGIN where PLAIN is not offered; nothing where neither is.
    let extensions =
        |auth: &'static str| Behaviour::good().extensions(&["PIPELINING", auth]).credentials("anna", "secret");
    let server = start(extensions("AUTH LOGIN")).await;
    let url = server.url().replace("localhost", "anna:secret@localhost");
    connect_to(&server, &url).await.expect("LOGIN does");
    let server = start(extensions("AUTH CRAM-MD5")).await;
    let url = server.url().replace("localhost", "anna:secret@localhost");
    let found = failure(connect_to(&server, &url).await.map(drop), "CRAM-MD5 alone");
    assert_eq!(found, (Phase::Auth, FailureKind::Unsupported, true));
}

#[tokio::test]
async fn auth_can_fail_in_every_way() {
    for (action, kind, attention) in [
        (Action::reply("454 4.7.0 Try later"), FailureKind::Refused, false),
        (Action::reply("535 5.7.8 Never"), FailureKind::Refused, true),
        (Action::reply("250 What?"), FailureKind::Garbage, false),
        (Action::reply("421 4.3.2 Goodbye"), FailureKind::Refused, false),
        (Action::Bytes(b"235\0\xff\r\n".to_vec()), FailureKind::Garbage, false),
        (Action::Drop, FailureKind::Lost, false),
        (Action::Silence, FailureKind::TimedOut, false),
        (Action::Flood, FailureKind::Garbage, false),
    ] {
        let context = format!("{action:?}");
        let server = start(Behaviour::good().credentials("anna", "secret").on(Stage::Auth, action)).await;
        let url = server.url().replace("localhost", "anna:secret@localhost");
        assert_eq!(
            failure(connect_to(&server, &url).await.map(drop), &context),
            (Phase::Auth, kind, attention),
            "{context}"
        );
    }
    // The same between user and password.
    for (action, kind, attention) in [
        (Action::reply("535 5.7.8 Never"), FailureKind::Refused, true),
        (Action::reply("421 4.3.2 Goodbye"), FailureKind::Refused, false),
        (Action::reply("250 What?"), FailureKind::Garbage, false),
        (Action::Also(b"334 Extra\r\n".to_vec()), FailureKind::Garbage, false),
        (Action::Drop, FailureKind::Lost, false),
        (Action::Flood, FailureKind::Garbage, false),
    ] {
        let context = format!("in between: {action:?}");
        let server = start(Behaviour::good().credentials("anna", "secret").once(Stage::Challenge, action)).await;
        let url = format!("{}?auth=login", server.url().replace("localhost", "anna:secret@localhost"));
        let found = failure(connect_to(&server, &url).await.map(drop), &context);
        assert_eq!(found, (Phase::Auth, kind, attention), "{context}");
    }
    // Without credentials the server refuses the sender; that is the configuration's fault, not the recipient's.
    let server = start(Behaviour::good().credentials("anna", "secret")).await;
    let mut session = connect_to(&server, &server.url()).await.expect("connects");
    let sent = send(&mut session, &envelope("a@example.com", "b@example.com"), None).await;
    assert_eq!((sent.verdict, sent.blame, sent.phase), (Verdict::Later, Blame::Server, Phase::MailFrom));
}
