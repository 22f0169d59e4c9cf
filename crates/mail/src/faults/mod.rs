//! An SMTP server that misbehaves as a test tells it to, on a free port of the loopback.
//!
//! ```ignore
//! let server = FaultServer::start(
//!     Behaviour::good()
//!         .on_recipient(Stage::Rcpt, "b@example.com", Action::reply("550 5.1.1 No such user"))
//!         .on_if(Stage::Rcpt, |event| event.nth % 10 == 9 && event.seen == 0, Action::reply("451 4.7.1 Later"))
//!         .once(Stage::Dot, Action::AcceptAndDrop),
//! ).await?;
//! // ... send through server.address(), then compare with server.accepted()
//! ```
//!
//! What it accepted is recorded before it says so: the record is the truth that a client's account of each
//! recipient is compared with.

mod behaviour;
mod certificates;
mod conversation;
mod perform;

use std::{
    collections::HashMap,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{
    io::{DuplexStream, duplex},
    net::TcpListener,
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
};

pub use behaviour::{Action, Behaviour, Certificate, Encryption, Event, Stage, Tarpit};
use certificates::Authority;

/// A message that the server accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Which connection, counted from 0.
    pub connection: usize,
    /// The reverse-path.
    pub from: String,
    /// The forward-paths.
    pub to: Vec<String>,
    /// The message, dots unstuffed.
    pub bytes: Vec<u8>,
}

/// What the server has seen.
#[derive(Debug, Default)]
struct Record {
    connections: usize,
    open: usize,
    accepted: Vec<Accepted>,
    commands: Vec<String>,
    violations: Vec<String>,
    stages: HashMap<Stage, usize>,
    here: HashMap<(usize, Stage), usize>,
    seen: HashMap<(Stage, String), usize>,
}

struct Shared {
    behaviour: Mutex<Arc<Behaviour>>,
    record: Mutex<Record>,
    authority: Authority,
    /// One permit for each message that may still be accepted.
    room: Semaphore,
}

/// As many permits as never run out.
const UNLIMITED: usize = Semaphore::MAX_PERMITS / 2;

impl Shared {
    /// Waits until one more message may be accepted.
    async fn make_room(&self) {
        if let Ok(permit) = self.room.acquire().await {
            permit.forget();
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a connection that was made; its number.
    fn number(&self) -> usize {
        let mut record = self.record();
        record.open += 1;
        record.connections += 1;
        record.connections - 1
    }

    fn behaviour(&self) -> Arc<Behaviour> {
        self.behaviour.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The running server. It ends when this is dropped.
pub struct FaultServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    pipes: UnboundedSender<DuplexStream>,
    task: JoinHandle<()>,
}

impl FaultServer {
    /// Starts on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port is free, or no certificate can be made.
    pub async fn start(behaviour: Behaviour) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), behaviour).await
    }

    /// Like [`FaultServer::start`], where a test wants it: a server that comes back.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn start_on(address: SocketAddr, behaviour: Behaviour) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Arc::new(behaviour)),
            record: Mutex::default(),
            authority: Authority::new()?,
            room: Semaphore::new(UNLIMITED),
        });
        let (pipes, piped) = unbounded_channel();
        let address = listener.local_addr()?;
        Ok(Self { address, pipes, task: tokio::spawn(run(listener, piped, shared.clone())), shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A connection to it in memory that holds this many octets each way. Under a stopped clock, which real
    /// sockets do not bear, deadlines pass at once over it and can be measured to the millisecond.
    pub fn pipe(&self, octets: usize) -> DuplexStream {
        let (ours, theirs) = duplex(octets);
        // Should the server have ended, the pipe is closed, and the test sees that.
        let _ = self.pipes.send(theirs);
        ours
    }

    /// The URL for [`crate::relay::Relay::parse`].
    pub fn url(&self) -> String {
        format!("smtp://localhost:{}", self.address.port())
    }

    /// The certificate of its authority (DER), for [`crate::relay::Tls::with_extra_roots`].
    pub fn root(&self) -> Vec<u8> {
        self.shared.authority.root()
    }

    /// From now on, new connections are treated like this; open ones go on as before.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(behaviour);
    }

    /// From now on accepts this many more messages; the final dot of a further one is not answered until there is room
    /// again. So a run stands where a test wants it, however fast the machine is.
    pub fn accept_only(&self, more: usize) {
        self.shared.room.forget_permits(usize::MAX);
        self.shared.room.add_permits(more);
    }

    /// Accepts any number of messages again.
    pub fn accept_all(&self) {
        self.accept_only(UNLIMITED);
    }

    /// Every message accepted so far.
    pub fn accepted(&self) -> Vec<Accepted> {
        self.shared.record().accepted.clone()
    }

    /// How many messages it has accepted so far.
    pub fn accepted_count(&self) -> usize {
        self.shared.record().accepted.len()
    }

    /// The recipients of every message accepted so far, sorted, as often as each was accepted.
    pub fn recipients(&self) -> Vec<String> {
        let mut all: Vec<String> = self.shared.record().accepted.iter().flat_map(|one| one.to.clone()).collect();
        all.sort();
        all
    }

    /// Every command line so far, without line ends; a message's text shows as `<text>`, AUTH without its secrets.
    pub fn commands(&self) -> Vec<String> {
        self.shared.record().commands.clone()
    }

    /// What the client did wrong: commands sent ahead without PIPELINING, text after DATA without waiting.
    pub fn violations(&self) -> Vec<String> {
        self.shared.record().violations.clone()
    }

    /// How many connections were made.
    pub fn connections(&self) -> usize {
        self.shared.record().connections
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.shared.record().open
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl std::fmt::Debug for FaultServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FaultServer({})", self.address)
    }
}

async fn run(listener: TcpListener, mut pipes: UnboundedReceiver<DuplexStream>, shared: Arc<Shared>) {
    // Dropped with this task, and the conversations with it.
    let mut conversations = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            Some(_) = conversations.join_next() => shared.record().open -= 1,
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let _ = stream.set_nodelay(true);
                if shared.behaviour().resets {
                    let _ = stream.set_zero_linger();
                }
                conversations.spawn(conversation::talk(stream, shared.number(), shared.clone()));
            }
            Some(stream) = pipes.recv() => {
                conversations.spawn(conversation::talk(stream, shared.number(), shared.clone()));
            }
        }
    }
}
