//! An SMTP server that takes everything and keeps nothing, on one thread, with as little work a message as can be.
//!
//! It understands just enough: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, QUIT, pipelined or not. Refusals go by a hash
//! of the recipient's address, so they are the same in every run and can be predicted by whoever checks:
//! `fnv1a(address) % never == 0` is refused for good; else `fnv1a(address) % later == 0` is put off once, the first
//! time the address is seen. Accepted recipients are logged when the final dot has been read, before the 250 is
//! written: a recipient of whom the client has an acceptance is always in the log.

use std::{
    cell::RefCell,
    collections::HashSet,
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    task::{LocalSet, spawn_local},
    time::interval,
};

/// Octets read at once.
const CHUNK: usize = 256 * 1_024;
/// How soon an idle log reaches the disk.
const FLUSH: Duration = Duration::from_millis(100);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where to listen; port 0 takes a free one. The address is the first line printed.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Writes every accepted recipient to this file, one a line.
    #[arg(long)]
    log: Option<PathBuf>,
    /// Answers 451 to one recipient in this many, the first time it is seen.
    #[arg(long, value_name = "N")]
    later: Option<u64>,
    /// Answers 550 to one recipient in this many.
    #[arg(long, value_name = "N")]
    never: Option<u64>,
}

/// What all connections share. One thread, so no locks.
struct Shared {
    later: Option<u64>,
    never: Option<u64>,
    log: Option<BufWriter<File>>,
    /// Hashes of the recipients that were put off.
    put_off: HashSet<u64>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    connections: u64,
    accepted: u64,
    later: u64,
    never: u64,
    octets: u64,
    first: Option<Instant>,
    last: Option<Instant>,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let log = options.log.as_ref().map(File::create).transpose()?;
    let shared = Rc::new(RefCell::new(Shared {
        later: options.later.filter(|&n| n > 0),
        never: options.never.filter(|&n| n > 0),
        log: log.map(|file| BufWriter::with_capacity(1 << 20, file)),
        put_off: HashSet::new(),
        counts: Counts::default(),
    }));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(options.listen, shared.clone()))?;
    let mut shared = shared.borrow_mut();
    if let Some(log) = &mut shared.log {
        log.flush()?;
    }
    let Counts { connections, accepted, later, never, octets, .. } = shared.counts;
    let seconds = match (shared.counts.first, shared.counts.last) {
        (Some(first), Some(last)) => (last - first).as_secs_f64(),
        _ => 0.0,
    };
    println!(
        "accepted={accepted} later={later} never={never} connections={connections} octets={octets} \
         seconds={seconds:.3} accepted_per_second={:.0}",
        accepted as f64 / seconds.max(0.001)
    );
    Ok(())
}

async fn serve(listen: SocketAddr, shared: Rc<RefCell<Shared>>) -> io::Result<()> {
    let listener = TcpListener::bind(listen).await?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut flush = interval(FLUSH);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = flush.tick() => if let Some(log) = &mut shared.borrow_mut().log { log.flush()?; },
            accepted = listener.accept() => {
                // Too many open files: the next one may fit again.
                let Ok((stream, _)) = accepted else { continue };
                shared.borrow_mut().counts.connections += 1;
                let shared = shared.clone();
                spawn_local(async move {
                    let _ = stream.set_nodelay(true);
                    // A client that goes away is its own affair.
                    let _ = Client { stream, out: Vec::new(), to: None, in_text: false }.talk(&shared).await;
                });
            }
        }
    }
}

struct Client {
    stream: TcpStream,
    out: Vec<u8>,
    /// The transaction's accepted recipient.
    to: Option<Vec<u8>>,
    in_text: bool,
}

impl Client {
    async fn talk(&mut self, shared: &RefCell<Shared>) -> io::Result<()> {
        self.stream.write_all(b"220 sink ESMTP\r\n").await?;
        let mut buffer = vec![0; CHUNK];
        let mut filled = 0;
        loop {
            let count = self.stream.read(&mut buffer[filled..]).await?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
            let (used, open) = self.digest(&buffer[..filled], shared);
            if used == 0 && filled == buffer.len() {
                // A message bigger than the buffer.
                buffer.resize(buffer.len() * 2, 0);
            }
            buffer.copy_within(used..filled, 0);
            filled -= used;
            if !self.out.is_empty() {
                self.stream.write_all(&self.out).await?;
                self.out.clear();
            }
            if !open {
                return Ok(());
            }
        }
    }

    /// Takes what is complete: how much that was, and whether the conversation goes on.
    fn digest(&mut self, input: &[u8], shared: &RefCell<Shared>) -> (usize, bool) {
        let mut used = 0;
        let mut shared = shared.borrow_mut();
        loop {
            let rest = &input[used..];
            if self.in_text {
                let Some(length) = text_length(rest) else {
                    return (used, true);
                };
                used += length;
                self.in_text = false;
                self.accept(length, &mut shared);
                continue;
            }
            let Some(feed) = memchr::memchr(b'\n', rest) else {
                return (used, true);
            };
            used += feed + 1;
            if !self.command(&rest[..feed], &mut shared) {
                return (used, false);
            }
        }
    }

    fn command(&mut self, line: &[u8], shared: &mut Shared) -> bool {
        let verb = line.get(..4).map(|verb| [verb[0], verb[1], verb[2], verb[3]].map(|b| b.to_ascii_uppercase()));
        let reply: &[u8] = match verb.as_ref() {
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
        let hash = fnv1a(to);
        if shared.never.is_some_and(|never| hash.is_multiple_of(never)) {
            shared.counts.never += 1;
            return b"550 5.1.1 No such user\r\n";
        }
        if shared.later.is_some_and(|later| hash.is_multiple_of(later)) && shared.put_off.insert(hash) {
            shared.counts.later += 1;
            return b"451 4.7.1 Come back later\r\n";
        }
        let known = self.to.get_or_insert_default();
        known.clear();
        known.extend_from_slice(to);
        b"250 2.1.5 Ok\r\n"
    }

    fn accept(&mut self, octets: usize, shared: &mut Shared) {
        let to = self.to.take().unwrap_or_default();
        let counts = &mut shared.counts;
        counts.accepted += 1;
        counts.octets += octets as u64;
        // The clock is asked once in a while: it is for the rate alone.
        if counts.first.is_none() || counts.accepted.is_multiple_of(64) {
            let now = Instant::now();
            counts.first.get_or_insert(now);
            counts.last = Some(now);
        }
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
fn text_length(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b".\r\n") {
        return Some(3);
    }
    memchr::memmem::find(rest, b"\r\n.\r\n").map(|at| at + 5)
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
