//! One connection to the sink.

use std::{cell::RefCell, io, io::Write, time::Instant};

use memchr::memmem::Finder;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::mpsc,
    task::spawn_local,
    time::sleep_until,
};

use super::Shared;

/// Octets read at once.
const CHUNK: usize = 256 * 1_024;

/// Speaks with one client until either side ends it.
pub(super) async fn talk(stream: TcpStream, shared: &RefCell<Shared>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut reader, writer) = stream.into_split();
    let mut replies = match shared.borrow().delay {
        None => Replies::Now(writer),
        Some(delay) => Replies::later(delay, writer),
    };
    let quick_ack = shared.borrow().quick_ack;
    let mut client = Client { out: b"220 sink ESMTP\r\n".to_vec(), to: None, in_text: false, taken: 0 };
    replies.write(&mut client.out).await?;
    let mut buffer = vec![0; CHUNK];
    let mut filled = 0;
    loop {
        let count = reader.read(&mut buffer[filled..]).await?;
        if count == 0 {
            return Ok(());
        }
        if quick_ack {
            // The kernel forgets it again whenever a reply is written.
            reader.as_ref().set_quickack(true)?;
        }
        filled += count;
        let (used, open) = client.digest(&buffer[..filled], &mut shared.borrow_mut());
        if used == 0 && filled == buffer.len() {
            // A message bigger than the buffer.
            buffer.resize(buffer.len() * 2, 0);
        }
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if !client.out.is_empty() {
            replies.write(&mut client.out).await?;
        }
        if !open {
            return Ok(());
        }
    }
}

/// Where replies go.
enum Replies {
    Now(OwnedWriteHalf),
    /// To a task that writes them when their time has come. Commands that came together are answered together, so what
    /// is pipelined costs the delay once, as it does on a long way.
    Later(std::time::Duration, mpsc::UnboundedSender<(tokio::time::Instant, Vec<u8>)>),
}

impl Replies {
    fn later(delay: std::time::Duration, mut writer: OwnedWriteHalf) -> Self {
        let (sender, mut queue) = mpsc::unbounded_channel::<(_, Vec<u8>)>();
        spawn_local(async move {
            // What is in the queue when the conversation ends is still written.
            while let Some((due, replies)) = queue.recv().await {
                sleep_until(due).await;
                if writer.write_all(&replies).await.is_err() {
                    return;
                }
            }
        });
        Self::Later(delay, sender)
    }

    /// Empties `out`.
    async fn write(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Now(writer) => {
                writer.write_all(out).await?;
                out.clear();
                Ok(())
            }
            Self::Later(delay, queue) => queue
                .send((tokio::time::Instant::now() + *delay, std::mem::take(out)))
                .map_err(|_| io::ErrorKind::BrokenPipe.into()),
        }
    }
}

struct Client {
    /// Replies not written yet.
    out: Vec<u8>,
    /// The transaction's accepted recipient.
    to: Option<Vec<u8>>,
    in_text: bool,
    /// Messages taken in this session.
    taken: u64,
}

impl Client {
    /// Takes what is complete: how much that was, and whether the conversation goes on.
    fn digest(&mut self, input: &[u8], shared: &mut Shared) -> (usize, bool) {
        let before = shared.counts.accepted;
        let result = self.commands(input, shared);
        if shared.counts.accepted > before {
            let now = Instant::now();
            shared.counts.first.get_or_insert(now);
            shared.counts.last = Some(now);
        }
        result
    }

    fn commands(&mut self, input: &[u8], shared: &mut Shared) -> (usize, bool) {
        let mut used = 0;
        loop {
            let rest = &input[used..];
            if self.in_text {
                let Some(length) = text_length(rest, &shared.end) else {
                    return (used, true);
                };
                used += length;
                self.in_text = false;
                self.accept(length, shared);
                continue;
            }
            let Some(feed) = memchr::memchr(b'\n', rest) else {
                return (used, true);
            };
            used += feed + 1;
            if !self.command(&rest[..feed], shared) {
                return (used, false);
            }
        }
    }

    fn command(&mut self, line: &[u8], shared: &mut Shared) -> bool {
        let verb = line.get(..4).map(|verb| [verb[0], verb[1], verb[2], verb[3]].map(|b| b.to_ascii_uppercase()));
        let reply: &[u8] = match verb.as_ref() {
            Some(b"MAIL") if shared.session.is_some_and(|most| self.taken >= most) => {
                self.out.extend_from_slice(b"421 4.7.0 Too many messages in one session\r\n");
                return false;
            }
            Some(b"MAIL") => {
                self.to = None;
                b"250 2.1.0 Ok\r\n"
            }
            Some(b"RCPT") => self.recipient(path(line), shared),
            Some(b"DATA") if self.to.is_some() => {
                self.in_text = true;
                b"354 Go\r\n"
            }
            Some(b"DATA") => b"503 5.5.1 No recipient\r\n",
            Some(b"EHLO") => b"250-sink\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n",
            Some(b"HELO" | b"NOOP") => b"250 Ok\r\n",
            Some(b"RSET") => {
                self.to = None;
                b"250 2.0.0 Ok\r\n"
            }
            Some(b"QUIT") => {
                self.out.extend_from_slice(b"221 2.0.0 Bye\r\n");
                return false;
            }
            _ => b"500 5.5.1 What?\r\n",
        };
        self.out.extend_from_slice(reply);
        true
    }

    fn recipient(&mut self, to: &[u8], shared: &mut Shared) -> &'static [u8] {
        if shared.never.is_some() || shared.later.is_some() {
            let hash = fnv1a(to);
            if shared.never.is_some_and(|never| hash.is_multiple_of(never)) {
                shared.counts.never += 1;
                return b"550 5.1.1 No such user\r\n";
            }
            if shared.later.is_some_and(|later| hash.is_multiple_of(later)) && shared.put_off.insert(hash) {
                shared.counts.later += 1;
                return b"451 4.7.1 Come back later\r\n";
            }
        }
        let known = self.to.get_or_insert_default();
        known.clear();
        known.extend_from_slice(to);
        b"250 2.1.5 Ok\r\n"
    }

    fn accept(&mut self, octets: usize, shared: &mut Shared) {
        self.taken += 1;
        let to = self.to.take().unwrap_or_default();
        let counts = &mut shared.counts;
        counts.accepted += 1;
        counts.octets += octets as u64;
        if let Some(log) = &mut shared.log {
            // A full disk must not look like mail that was not taken.
            if let Err(error) = log.write_all(&to).and_then(|()| log.write_all(b"\n")) {
                eprintln!("bench: the log cannot be written: {error}");
                std::process::exit(1);
            }
        }
        self.out.extend_from_slice(b"250 2.0.0 Ok\r\n");
    }
}

/// How long the text is, its final dot included.
fn text_length(rest: &[u8], end: &Finder) -> Option<usize> {
    if rest.starts_with(b".\r\n") {
        return Some(3);
    }
    end.find(rest).map(|at| at + 5)
}

fn path(line: &[u8]) -> &[u8] {
    let start = memchr::memchr(b'<', line).map_or(0, |at| at + 1);
    let end = memchr::memrchr(b'>', line).unwrap_or(line.len());
    line.get(start..end).unwrap_or_default()
}

/// The 64-bit FNV-1a hash of an address as it stood in RCPT.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
