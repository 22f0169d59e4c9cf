//! How PostgreSQL is reached: the servers of an address, and a pooler before them.

mod address;
mod pooler;
mod servers;

use std::sync::Arc;

use sqlx::postgres::PgPoolOptions;

use self::address::Pooler;
use self::servers::Servers;
pub use self::servers::Watch;
use super::{BUSY_TIMEOUT, POSTGRES_CONNECTIONS, Pool, Result, heavy};

/// Connects to `postgres://...`.
pub(super) async fn open(address: &str) -> Result<Pool> {
    let address = address::parse(address)?;
    let pool = |connections| PgPoolOptions::new().max_connections(connections).acquire_timeout(BUSY_TIMEOUT);
    let (short, long) = (pool(POSTGRES_CONNECTIONS), pool(heavy::CONNECTIONS));
    let (short, heavy, watch) = if address.chooses() {
        let servers = Servers::of(&address);
        let (server, connection) = servers.choose().await?;
        let short = servers.guard(short).connect_with(server.clone()).await?;
        let heavy = servers.guard(long).connect_lazy_with(server.clone());
        let watch = Arc::clone(&servers).watch(connection, [short.clone(), heavy.clone()]);
        (short, heavy, Some(Arc::new(watch)))
    } else {
        let server = address.servers[0].clone();
        (short.connect_with(server.clone()).await?, long.connect_lazy_with(server), None)
    };
    let pooled = match address.pooler {
        Pooler::Unknown => pooler::is_there(&short).await?,
        Pooler::None => false,
        Pooler::Transaction => true,
    };
    Ok(Pool::Postgres { short, heavy, pooled, watch })
}
