//! How fast another library's pool is: `lettre`, the one most programs in Rust send with.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::{Address, Envelope},
    transport::smtp::PoolConfig,
};
use tokio::{runtime::Builder, task::JoinSet};

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
    #[arg(long, default_value_t = 5_000)]
    messages: usize,
    /// Octets of a message before encoding.
    #[arg(long, default_value_t = 5_000)]
    size: usize,
    /// Threads to send with.
    #[arg(long, default_value_t = 1)]
    threads: usize,
}

pub(crate) fn run(options: &Options) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(options.threads).enable_all().build()?;
    let started = Instant::now();
    runtime.block_on(send_all(options))?;
    let seconds = started.elapsed().as_secs_f64();
    println!("messages={} seconds={seconds:.3} per_second={:.0}", options.messages, options.messages as f64 / seconds);
    Ok(())
}

/// At its best: the message is made once and given as it goes over the wire, and every sender finds its connection in
/// the pool.
async fn send_all(options: &Options) -> io::Result<()> {
    let connections = u32::try_from(options.connections).map_err(io::Error::other)?;
    let pool = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.to.ip().to_string())
        .port(options.to.port())
        .pool_config(PoolConfig::new().max_size(connections))
        .build();
    let mut body = Vec::new();
    render::message(0, options.size, &mut body).map_err(|error| io::Error::other(error.to_string()))?;
    let body = Arc::new(body);
    let counter = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..options.connections {
        tasks.spawn(send_some(pool.clone(), body.clone(), counter.clone(), options.messages));
    }
    while let Some(result) = tasks.join_next().await {
        result.map_err(io::Error::other)??;
    }
    pool.shutdown().await;
    Ok(())
}

/// Sends until the common counter runs out.
async fn send_some(
    pool: AsyncSmtpTransport<Tokio1Executor>,
    body: Arc<Vec<u8>>,
    counter: Arc<AtomicUsize>,
    messages: usize,
) -> io::Result<()> {
    let from: Address = "bounces@example.com".parse().map_err(io::Error::other)?;
    loop {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        if number >= messages {
            return Ok(());
        }
        let to: Address = format!("r{number}@example.com").parse().map_err(io::Error::other)?;
        let envelope = Envelope::new(Some(from.clone()), vec![to]).map_err(io::Error::other)?;
        pool.send_raw(&envelope, &body).await.map_err(io::Error::other)?;
    }
}
