//! The choice among several servers of one database: in their order, the first that will do. The driver's pools connect
//! to one; a task looks every second whether it still does, and points the pools to another one if not. Whatever
//! connection is about to be used is looked at as well, so that none stays with a server that takes no writes any more.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Row as _};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::{Error, Result};
use super::address::{Accepts, Address};

/// Between two looks at the chosen server.
const LOOK: Duration = Duration::from_secs(1);

/// The servers of an address.
#[derive(Debug)]
pub struct Servers {
    servers: Vec<PgConnectOptions>,
    accepts: Accepts,
    connect_timeout: Duration,
    /// Called when a connection met a server that will not do.
    look: Notify,
}

/// The task that looks; it ends with the last handle of the database.
#[derive(Debug)]
pub struct Watch(JoinHandle<()>);

impl Watch {
    /// Ends it, with its connection.
    pub fn end(&self) {
        self.0.abort();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end();
    }
}

impl Servers {
    /// Those of an address.
    pub fn of(address: &Address) -> Arc<Self> {
        Arc::new(Self {
            servers: address.servers.clone(),
            accepts: address.accepts,
            connect_timeout: address.connect_timeout,
            look: Notify::new(),
        })
    }

    /// The first server that will do, with a connection to it.
    ///
    /// # Errors
    /// None does; each is named with the reason.
    pub async fn choose(&self) -> Result<(&PgConnectOptions, PgConnection)> {
        let mut reasons = Vec::new();
        for server in &self.servers {
            let reached = timeout(self.connect_timeout, async {
                let mut connection = server.connect().await?;
                Ok::<_, sqlx::Error>((self.objection(&mut connection).await?, connection))
            });
            let reason = match reached.await {
                Ok(Ok((None, connection))) => return Ok((server, connection)),
                Ok(Ok((Some(objection), _))) => objection,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("no answer within {} s", self.connect_timeout.as_secs()),
            };
            reasons.push(format!("{}: {reason}", place(server)));
        }
        Err(Error::NoServer(reasons.join("; ")))
    }

    /// What is wrong with the server of a connection, if anything. Nothing is prepared for it.
    async fn objection(&self, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
        let sql = match self.accepts {
            Accepts::Any => "SELECT ''",
            Accepts::Primary => "SELECT CASE WHEN pg_is_in_recovery() THEN 'it is a standby' ELSE '' END",
            Accepts::ReadWrite => {
                "SELECT CASE WHEN pg_is_in_recovery() THEN 'it is a standby'
                    WHEN current_setting('transaction_read_only') = 'on' THEN 'it takes no writes' ELSE '' END"
            }
        };
        let row = sqlx::raw_sql(sql).fetch_one(connection).await?;
        let words: String = row.try_get(0)?;
        Ok(Some(words).filter(|words| !words.is_empty()))
    }

    /// Has a pool use no connection to a server that will not do.
    pub fn guard(self: &Arc<Self>, pool: PgPoolOptions) -> PgPoolOptions {
        let (new, used) = (Arc::clone(self), Arc::clone(self));
        pool.after_connect(move |connection, _| {
            let servers = Arc::clone(&new);
            Box::pin(async move {
                match servers.objection(connection).await? {
                    None => Ok(()),
                    Some(objection) => {
                        servers.look.notify_one();
                        Err(sqlx::Error::Configuration(objection.into()))
                    }
                }
            })
        })
        // It asks the server, as the driver's own test does.
        .test_before_acquire(false)
        .before_acquire(move |connection, _| {
            let servers = Arc::clone(&used);
            Box::pin(async move {
                let fits = matches!(servers.objection(connection).await, Ok(None));
                if !fits {
                    servers.look.notify_one();
                }
                Ok(fits)
            })
        })
    }

    /// Points pools to another server when the chosen one will not do any more.
    pub fn watch(self: Arc<Self>, connection: PgConnection, pools: [PgPool; 2]) -> Watch {
        Watch(tokio::spawn(async move {
            let mut connection = Some(connection);
            let mut complained = false;
            loop {
                tokio::select! {
                    () = tokio::time::sleep(LOOK) => {}
                    () = self.look.notified() => {}
                }
                if let Some(chosen) = &mut connection
                    && matches!(timeout(self.connect_timeout, self.objection(chosen)).await, Ok(Ok(None)))
                {
                    continue;
                }
                connection = None;
                match self.choose().await {
                    Ok((server, chosen)) => {
                        for pool in &pools {
                            pool.set_connect_options(server.clone());
                        }
                        tracing::warn!(server = place(server), "connecting to another server of the database");
                        connection = Some(chosen);
                        complained = false;
                    }
                    Err(error) if !complained => {
                        tracing::error!(%error, "no server of the database will do; trying again every second");
                        complained = true;
                    }
                    Err(_) => {}
                }
            }
        }))
    }
}

/// A server for people: without user and password.
fn place(server: &PgConnectOptions) -> String {
    match server.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => format!("{}:{}", server.get_host(), server.get_port()),
    }
}
