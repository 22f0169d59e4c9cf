//! The connection to Redis, kept by a task in the background. Either it is up and may be asked, or nobody asks: the first
//! failure takes it down, and only the task brings it up again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use redis::aio::{MultiplexedConnection, PubSubSink, PubSubStream};
use redis::{Client, Msg, RedisError, RedisResult};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};

use crate::region::Regions;
use crate::{AddressError, Timing};

/// For everything that a connection begins with.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);
/// Pauses between tries to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that lasted this long was a good one: the next pause is the first again.
const GOOD_AFTER: Duration = Duration::from_secs(10);
/// How long Redis is not offered anything after it refused a write.
const REFUSAL_PAUSE: Duration = Duration::from_secs(5);
/// The answers by which Redis refuses to write while it can still be read.
const REFUSALS: [&str; 3] = ["OOM", "MISCONF", "NOREPLICAS"];

/// Ends with its last owner.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What the task and the calls have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) prefix: String,
    pub(crate) regions: Arc<Regions>,
    pub(crate) timing: Timing,
    client: Client,
    status: Mutex<Status>,
    broken: Notify,
}

#[derive(Debug)]
struct Status {
    up: Option<Up>,
    since: Instant,
    /// Why it is down.
    reason: String,
    /// Until when the memory is known to be not far behind.
    assured_until: Option<Instant>,
    refusal: Option<Refusal>,
    connections: u64,
}

#[derive(Debug)]
struct Refusal {
    since: Instant,
    reason: String,
    /// When to offer something again.
    until: Instant,
}

/// A connection that works.
#[derive(Clone, Debug)]
pub(crate) struct Up {
    pub(crate) connection: MultiplexedConnection,
    /// The identity of the running server.
    pub(crate) run: Arc<str>,
    number: u64,
}

/// There is no answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unanswered {
    /// Redis works and does not want to store anything.
    Refused,
    /// The connection is out of use now.
    Broken,
}

/// For the figures: how it is, since when, and why.
pub(crate) enum Condition {
    Up(Instant),
    Refusing(Instant, String),
    Down(Instant, String),
}

impl Up {
    /// Whether this is the same connection.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Link {
    pub(crate) fn open(
        address: &str,
        prefix: String,
        timing: Timing,
        regions: Arc<Regions>,
    ) -> Result<Self, AddressError> {
        let client = Client::open(address)?;
        // The library asks the process for its cryptography. Should somebody have chosen already, that is as good.
        let _ = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
        let shared = Arc::new(Shared {
            prefix,
            regions,
            timing,
            client,
            status: Mutex::new(Status {
                up: None,
                since: Instant::now(),
                reason: "not connected yet".into(),
                assured_until: None,
                refusal: None,
                connections: 0,
            }),
            broken: Notify::new(),
        });
        Ok(Self { task: tokio::spawn(Arc::clone(&shared).keep_up()), shared })
    }

    pub(crate) fn is_assured(&self, now: Instant) -> bool {
        self.shared.lock().assured_until.is_some_and(|until| now < until)
    }

    pub(crate) fn condition(&self) -> Condition {
        let status = self.shared.lock();
        match (&status.up, &status.refusal) {
            (None, _) => Condition::Down(status.since, status.reason.clone()),
            (Some(_), Some(refusal)) => Condition::Refusing(refusal.since, refusal.reason.clone()),
            (Some(_), None) => Condition::Up(status.since),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Status> {
        // Nothing panics while holding it.
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection, if there is one.
    pub(crate) fn up(&self) -> Option<Up> {
        self.lock().up.clone()
    }

    /// The connection, if there is one and Redis did not refuse a write lately.
    pub(crate) fn up_for_writing(&self) -> Option<Up> {
        let status = self.lock();
        let refused = status.refusal.as_ref().is_some_and(|refusal| Instant::now() < refusal.until);
        status.up.clone().filter(|_| !refused)
    }

    /// Waits for an answer. What follows from there being none is done.
    pub(crate) async fn ask<T>(&self, up: &Up, answer: impl Future<Output = RedisResult<T>>) -> Result<T, Unanswered> {
        let reason = match timeout(self.timing.deadline, answer).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", self.timing.deadline.as_millis()),
        };
        if REFUSALS.iter().any(|code| reason.contains(code)) {
            self.refused(reason);
            Err(Unanswered::Refused)
        } else {
            self.broke(up, reason);
            Err(Unanswered::Broken)
        }
    }

    /// It has just stored something.
    pub(crate) fn stored(&self) {
        if self.lock().refusal.take().is_some() {
            tracing::info!("Redis takes values again");
        }
    }

    fn refused(&self, reason: String) {
        let now = Instant::now();
        let mut status = self.lock();
        if let Some(refusal) = &mut status.refusal {
            refusal.until = now + REFUSAL_PAUSE;
        } else {
            tracing::warn!(%reason, "Redis refuses to store values: what is new is cached in each node alone");
            status.refusal = Some(Refusal { since: now, reason, until: now + REFUSAL_PAUSE });
        }
    }

    /// Takes a connection out of use.
    fn broke(&self, up: &Up, reason: String) {
        let mut status = self.lock();
        if status.up.as_ref().is_some_and(|current| current.is(up)) {
            tracing::warn!(%reason, "Redis is away: each node caches for itself");
            status.up = None;
            status.since = Instant::now();
            status.reason = reason;
            self.broken.notify_one();
        }
    }

    /// Connects, listens until that breaks, and begins again.
    async fn keep_up(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        let mut was_up = false;
        let mut said = false;
        loop {
            let began = Instant::now();
            let connected = timeout(CONNECT_DEADLINE, self.connect()).await;
            match connected.unwrap_or_else(|_| Err(io_error("the connection took too long"))) {
                Ok((up, sink, stream)) => {
                    was_up = true;
                    self.came_up(&up);
                    let reason = self.listen(&up, sink, stream).await;
                    self.broke(&up, reason);
                }
                Err(error) => {
                    // That a connection broke was said when it did.
                    if !was_up && !said {
                        tracing::warn!(reason = %error, "Redis cannot be reached: each node caches for itself");
                        said = true;
                    }
                    self.lock().reason = error.to_string();
                }
            }
            if began.elapsed() > GOOD_AFTER {
                pause = FIRST_PAUSE;
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// A connection that listens and whose generations are known. Listening comes first, so that nothing falls between.
    async fn connect(&self) -> RedisResult<(Up, PubSubSink, PubSubStream)> {
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        let info: redis::InfoDict = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let run: String = info.get("run_id").ok_or_else(|| io_error("the server does not tell its identity"))?;
        let (mut sink, stream) = self.client.get_async_pubsub().await?.split();
        sink.subscribe(self.channel()).await?;
        let number = {
            let mut status = self.lock();
            status.connections += 1;
            status.connections
        };
        let up = Up { connection, run: run.into(), number };
        self.compare(&up).await.map_err(|_| io_error("the generations cannot be read"))?;
        Ok((up, sink, stream))
    }

    fn came_up(&self, up: &Up) {
        tracing::info!("Redis answers");
        let mut status = self.lock();
        status.up = Some(up.clone());
        status.since = Instant::now();
    }

    /// Hears of the other nodes' forgets, and compares the generations in case one was not heard. Answers why it ended.
    async fn listen(&self, up: &Up, mut sink: PubSubSink, mut stream: PubSubStream) -> String {
        let mut beat = interval_at(Instant::now() + self.timing.beat, self.timing.beat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = stream.next() => match message {
                    Some(message) => self.heard(&message),
                    None => return "the subscription ended".into(),
                },
                _ = beat.tick() => {
                    if self.compare(up).await.is_err() {
                        return "the generations cannot be read".into();
                    }
                    // Without this, a subscription that died silently would leave the node to compare alone for ever.
                    if !matches!(timeout(self.timing.deadline, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
                        return "the subscription does not answer".into();
                    }
                }
                () = self.broken.notified() => {
                    // It may have been an earlier connection.
                    if self.lock().up.as_ref().is_none_or(|current| !current.is(up)) {
                        return "it broke".into();
                    }
                }
            }
        }
    }

    /// Tells Redis of the forgets it does not know, and reads all generations. Nothing is heard meanwhile, which is at
    /// most a deadline for each region that has something to tell.
    async fn compare(&self, up: &Up) -> Result<(), Unanswered> {
        let began = Instant::now();
        let regions = self.regions.all();
        for region in &regions {
            match self.tell(up, region).await {
                // Told again at the next beat; the other regions are compared all the same.
                Ok(()) | Err(Unanswered::Refused) => {}
                Err(Unanswered::Broken) => return Err(Unanswered::Broken),
            }
        }
        let known: Vec<_> = regions.iter().filter_map(|region| Some((region, region.known()?))).collect();
        let mut all_compared = true;
        if known.is_empty() {
            self.ask(up, redis::cmd("PING").query_async::<()>(&mut up.connection.clone())).await?;
        } else {
            let mut ask = redis::cmd("MGET");
            for (region, _) in &known {
                ask.arg(self.generation_key(up, region));
            }
            let generations: Vec<Option<u64>> = self.ask(up, ask.query_async(&mut up.connection.clone())).await?;
            for ((region, knowing), generation) in known.into_iter().zip(generations) {
                all_compared &= region.read(Some(knowing), generation);
            }
        }
        if all_compared {
            self.lock().assured_until = Some(began + self.timing.assurance);
        }
        Ok(())
    }

    fn heard(&self, message: &Msg) {
        let Ok(text) = std::str::from_utf8(message.get_payload_bytes()) else { return };
        if let Some((name, generation)) = text.split_once(' ')
            && let Some(region) = self.regions.find(name)
            && let Ok(generation) = generation.parse()
        {
            region.heard(generation);
        }
    }
}

fn io_error(reason: &'static str) -> RedisError {
    std::io::Error::other(reason).into()
}
