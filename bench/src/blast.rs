//! How fast bare sessions are.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{net::TcpStream, runtime::Builder, task::JoinSet};
use vestnik_mail::{
    address::EmailAddress,
    session::{Envelope, Hello, Outgoing, Session, Timeouts},
    verdict::Verdict,
};

use crate::render;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The server.
    #[arg(long)]
    to: SocketAddr,
    /// Connections at once.
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How many messages in all.
    #[arg(long, default_value_t = 200_000)]
    messages: usize,
    /// Octets of a message before encoding.
    #[arg(long, default_value_t = 5_000)]
    size: usize,
    /// Builds each message anew instead of sending the same one.
    #[arg(long)]
    build: bool,
    /// Threads to send with.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Waits for each reply before the next message's commands go out.
    #[arg(long)]
    no_riding: bool,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(options.threads).enable_all().build()?;
    let started = Instant::now();
    let accepted = runtime.block_on(blast(options))?;
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "messages={} accepted={accepted} seconds={seconds:.3} per_second={:.0}",
        options.messages,
        accepted as f64 / seconds
    );
    Ok(())
}

async fn blast(options: &Options) -> io::Result<usize> {
    let counter = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..options.connections {
        let plan = Plan {
            to: options.to,
            messages: options.messages,
            size: options.size,
            build: options.build,
            ride: !options.no_riding,
        };
        tasks.spawn(plan.run(counter.clone()));
    }
    let mut accepted = 0;
    while let Some(result) = tasks.join_next().await {
        accepted += result.map_err(io::Error::other)??;
    }
    Ok(accepted)
}

struct Plan {
    to: SocketAddr,
    messages: usize,
    size: usize,
    build: bool,
    ride: bool,
}

impl Plan {
    /// Sends until the common counter runs out; how many were accepted.
    async fn run(self, counter: Arc<AtomicUsize>) -> io::Result<usize> {
        let stream = TcpStream::connect(self.to).await?;
        stream.set_nodelay(true)?;
        let mut session =
            Session::open(stream, &Hello::default(), &Timeouts::default()).await.map_err(io::Error::other)?;
        let from = EmailAddress::parse("bounces@example.com").map_err(io::Error::other)?;
        let take = || -> io::Result<Option<(usize, Envelope)>> {
            let number = counter.fetch_add(1, Ordering::Relaxed);
            if number >= self.messages {
                return Ok(None);
            }
            let to = EmailAddress::parse(&format!("r{number}@example.com")).map_err(io::Error::other)?;
            Ok(Some((number, Envelope::new(&from, &to))))
        };
        let build = |number, body: &mut Vec<u8>| {
            body.clear();
            render::message(number, self.size, body).map_err(|error| io::Error::other(error.to_string()))
        };
        let mut body = Vec::new();
        build(0, &mut body)?;
        let mut accepted = 0;
        let mut current = take()?;
        while let Some((number, envelope)) = current {
            if self.build {
                build(number, &mut body)?;
            }
            let next = take()?;
            let riding = next.as_ref().map(|(_, envelope)| envelope).filter(|_| self.ride);
            let sent = session.send(&Outgoing { envelope: &envelope, body: &body }, riding, || Ok(())).await;
            accepted += usize::from(sent.verdict == Verdict::Accepted);
            if !sent.usable {
                return Err(io::Error::other(format!("the session ended: {sent:?}")));
            }
            current = next;
        }
        session.quit().await;
        Ok(accepted)
    }
}
