//! An SMTP server that takes everything and keeps nothing, on one thread, with as little work a message as can be.
//!
//! It understands just enough: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, QUIT, pipelined or not. Refusals go by a hash
//! of the recipient's address, so they are the same in every run and can be predicted by whoever checks:
//! `fnv1a(address) % never == 0` is refused for good; else `fnv1a(address) % later == 0` is put off once, the first
//! time the address is seen. Accepted recipients are logged when the final dot has been read, before the 250 is
//! written: a recipient of whom the client has an acceptance is always in the log.
//!
//! Its own code takes a fifth of its time; the rest is the kernel's, for one read and one write a message.

mod client;

use std::{
    cell::RefCell,
    collections::HashSet,
    fs::File,
    io::{self, BufWriter, Write},
    net::SocketAddr,
    path::PathBuf,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use memchr::memmem::Finder;
use tokio::{
    net::TcpListener,
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    task::{LocalSet, spawn_local},
    time::interval,
};

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
    /// Holds back every reply by this time, counted from when its command came: a distance, for example 20ms.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    delay: Option<Duration>,
    /// Ends a session with 421 when it has taken this many messages, as many servers do.
    #[arg(long, value_name = "N")]
    session: Option<u64>,
    /// Acknowledges at once what is read (TCP_QUICKACK), for clients that write with Nagle's algorithm on.
    #[arg(long)]
    quick_ack: bool,
    /// Ends when standard input does, so that it does not outlive who started it.
    #[arg(long, hide = true)]
    until_stdin_ends: bool,
}

/// What all connections share. One thread, so no locks.
struct Shared {
    later: Option<u64>,
    never: Option<u64>,
    delay: Option<Duration>,
    session: Option<u64>,
    quick_ack: bool,
    log: Option<BufWriter<File>>,
    /// Hashes of the recipients that were put off.
    put_off: HashSet<u64>,
    counts: Counts,
    /// Of the end of a message; made once, because making it costs as much as using it.
    end: Finder<'static>,
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
        delay: options.delay.filter(|delay| !delay.is_zero()),
        session: options.session.filter(|&n| n > 0),
        quick_ack: options.quick_ack,
        log: log.map(|file| BufWriter::with_capacity(1 << 20, file)),
        put_off: HashSet::new(),
        counts: Counts::default(),
        end: Finder::new(b"\r\n.\r\n"),
    }));
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, serve(options, shared.clone()))?;
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

async fn serve(options: &Options, shared: Rc<RefCell<Shared>>) -> io::Result<()> {
    let listener = TcpListener::bind(options.listen).await?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut alone = options.until_stdin_ends.then(stdin_ended);
    let mut flush = interval(FLUSH);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            () = ended(&mut alone) => return Ok(()),
            _ = flush.tick() => if let Some(log) = &mut shared.borrow_mut().log { log.flush()?; },
            accepted = listener.accept() => {
                // Too many open files: the next one may fit again.
                let Ok((stream, _)) = accepted else { continue };
                shared.borrow_mut().counts.connections += 1;
                let shared = shared.clone();
                spawn_local(async move {
                    // A client that goes away is its own affair.
                    let _ = client::talk(stream, &shared).await;
                });
            }
        }
    }
}

/// On a thread of its own, which nobody waits for: the runtime's would have to be let go before the process can end.
fn stdin_ended() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = sender.send(());
    });
    receiver
}

/// Never, if it is not waited for.
async fn ended(alone: &mut Option<oneshot::Receiver<()>>) {
    match alone {
        Some(receiver) => {
            let _ = receiver.await;
        }
        None => std::future::pending().await,
    }
}
