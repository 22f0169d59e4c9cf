//! The same promises, kept by a folder and by a bucket.
//!
//! The bucket is Python's moto: the interpreter is `$VESTNIK_TEST_PYTHON`, `python3` by default; it must have the
//! modules `moto`, `flask` and `boto3`.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use bytes::Bytes;
use vestnik_media::{
    MediaType,
    store::{Key, MediaStore, OpenError, S3Settings, StoreError},
};

const SERVER: &str = r#"
import sys, boto3
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1",
                      aws_access_key_id="anna", aws_secret_access_key="secret")
client.create_bucket(Bucket="pictures")
print(port, flush=True)
for key in sys.stdin:
    print(client.head_object(Bucket="pictures", Key=key.strip())["ContentType"], flush=True)
"#;

/// The server's process; it ends with this.
struct Server {
    child: Child,
    output: std::io::Lines<BufReader<std::process::ChildStdout>>,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start() -> Self {
        let python = std::env::var("VESTNIK_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let has = Command::new(&python).args(["-c", "import moto.server"]).stderr(Stdio::null()).status();
        assert!(
            has.is_ok_and(|status| status.success()),
            "{python} has no module moto.server; install it, or name an interpreter that has it in VESTNIK_TEST_PYTHON"
        );
        let mut child = Command::new(python)
            .args(["-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it ran a moment ago");
        let mut output = BufReader::new(child.stdout.take().expect("piped")).lines();
        // It may say other things before its port.
        let port = output.by_ref().map_while(Result::ok).find_map(|line| line.parse().ok());
        Self { child, output, port: port.expect("the server says its port") }
    }

    /// As what somebody else's client sees an object.
    fn media_type_of(&mut self, key: &str) -> String {
        let input = self.child.stdin.as_mut().expect("piped");
        writeln!(input, "{key}").expect("the server reads");
        self.output.next().expect("the server runs").expect("it speaks UTF-8")
    }
}

fn settings(port: u16) -> S3Settings {
    S3Settings {
        endpoint: Some(format!("http://127.0.0.1:{port}")),
        region: "us-east-1".to_owned(),
        access_key: "anna".to_owned(),
        secret_key: "secret".to_owned(),
        allow_http: true,
    }
}

fn open(location: &str, s3: Option<&S3Settings>) -> Result<MediaStore, OpenError> {
    MediaStore::open(&location.parse().expect("a location"), s3)
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

async fn content(store: &MediaStore, key: &Key) -> Option<Bytes> {
    store.get(key).await.expect("the store answers").map(|stored| stored.bytes)
}

/// What every store promises.
async fn keeps_what_it_is_given(store: &MediaStore) {
    let (first, second) = (Bytes::from_static(b"first"), Bytes::from(vec![7; 300_000]));
    let object = Key::of("avatars/17", &first, MediaType::Jpeg).expect("a key");
    assert_eq!(content(store, &object).await, None);
    store.delete(&object).await.expect("nothing there is fine");

    store.put(&object, first.clone(), MediaType::Jpeg).await.expect("the store takes it");
    let stored = store.get(&object).await.expect("the store answers").expect("it was put");
    assert_eq!(stored.bytes, first);
    // In place of the other, and told from it.
    store.put(&object, second.clone(), MediaType::Jpeg).await.expect("the store takes it");
    let replaced = store.get(&object).await.expect("the store answers").expect("it was put");
    assert_eq!(replaced.bytes, second);
    assert!(stored.etag.is_some() && stored.etag != replaced.etag);

    // Neither a folder nor a neighbour is the object.
    assert_eq!(content(store, &key("avatars/17")).await, None);
    assert_eq!(content(store, &key("avatars/18/a.jpg")).await, None);

    store.delete(&object).await.expect("the store removes it");
    assert_eq!(content(store, &object).await, None);
    store.delete(&object).await.expect("gone already is fine");
}

#[tokio::test]
async fn a_folder_keeps_pictures() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep").join("media");
    for location in [folder.to_str().unwrap().to_owned(), format!("file:{}", folder.display())] {
        keeps_what_it_is_given(&open(&location, None).unwrap()).await;
    }
    let mode = folder.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "nobody else looks into it");

    // What was stored is there for the next process.
    let store = open(folder.to_str().unwrap(), None).unwrap();
    store.put(&key("a/b.png"), Bytes::from_static(b"kept"), MediaType::Png).await.unwrap();
    let store = open(folder.to_str().unwrap(), None).unwrap();
    assert_eq!(content(&store, &key("a/b.png")).await, Some(Bytes::from_static(b"kept")));

    // A file where the folder should be.
    let file = folder.join("a").join("b.png");
    assert!(matches!(open(file.to_str().unwrap(), None), Err(OpenError::Folder(..))));
}

#[tokio::test]
async fn a_bucket_keeps_pictures() {
    let mut server = Server::start();
    let settings = settings(server.port);
    let (whole, part) = (open("s3://pictures", Some(&settings)), open("s3://pictures/vestnik/media", Some(&settings)));
    let (whole, part) = (whole.unwrap(), part.unwrap());
    keeps_what_it_is_given(&whole).await;
    keeps_what_it_is_given(&part).await;

    part.put(&key("a/b.png"), Bytes::from_static(b"kept"), MediaType::Png).await.unwrap();
    assert_eq!(content(&whole, &key("vestnik/media/a/b.png")).await, Some(Bytes::from_static(b"kept")));
    assert_eq!(content(&whole, &key("a/b.png")).await, None);
    // Who serves the bucket directly serves it as what it is.
    assert_eq!(server.media_type_of("vestnik/media/a/b.png"), "image/png");

    let elsewhere = open("s3://no-such-bucket", Some(&settings)).unwrap();
    let failed = elsewhere.put(&key("a"), Bytes::new(), MediaType::Jpeg).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
}

#[tokio::test]
async fn a_bucket_that_is_not_there_holds_nobody_up() {
    // One that refuses connections: its port was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = open("s3://pictures", Some(&settings(port))).unwrap();
    let failed = store.get(&key("a")).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
}

#[tokio::test]
async fn a_server_without_encryption_is_not_spoken_to_with_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // It answers every greeting with words of its own.
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let encrypted = S3Settings { endpoint: Some(format!("https://127.0.0.1:{port}")), ..settings(port) };
    match open("s3://pictures", Some(&encrypted)) {
        Ok(store) => {
            let failed = store.get(&key("a")).await;
            assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
        }
        // A bare container, without certificate authorities.
        Err(refused) => assert!(matches!(refused, OpenError::Tls(_)), "{refused:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_bucket_holds_nobody_up() {
    // The listener's backlog takes connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let store = open("s3://pictures", Some(&settings(silent.local_addr().unwrap().port()))).unwrap();
    let begun = tokio::time::Instant::now();
    let slow = store.get(&key("a")).await;
    assert!(matches!(slow, Err(StoreError::Slow(_) | StoreError::Failed(_))), "{slow:?}");
    assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_denied_key_is_told_from_a_failure() {
    // A server that denies everything, once.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let store = open("s3://pictures/media", Some(&settings(port))).unwrap();
    let denied = store.get(&key("a.jpg")).await;
    assert!(matches!(denied, Err(StoreError::Denied(_))), "{denied:?}");
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /pictures/media/a.jpg HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("AWS4-HMAC-SHA256 Credential=anna/"), "the request is signed: {request}");
}

#[test]
fn a_bucket_needs_settings_that_make_sense() {
    assert!(matches!(open("s3://pictures", None), Err(OpenError::NoSettings)));
    let plain = S3Settings { allow_http: false, ..settings(9000) };
    assert!(matches!(open("s3://pictures", Some(&plain)), Err(OpenError::PlainHttp(_))));
    let strange = S3Settings { endpoint: Some("127.0.0.1:9000".to_owned()), ..settings(9000) };
    assert!(matches!(open("s3://pictures", Some(&strange)), Err(OpenError::BadEndpoint(_))));
}
