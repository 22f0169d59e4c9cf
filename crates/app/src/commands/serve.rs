//! `vestnik serve` and `vestnik worker`

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use url::Url;
use vestnik_cache::{Cache, CacheOptions, Timing};
use vestnik_engine::Measures;
use vestnik_model::clock::SystemClock;
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_store::{Db, life};
use vestnik_web::media::Media;
use vestnik_web::{AppState, FixedMail, Settings, ask_to_confirm_again, setup};

use crate::cli::{ServeArgs, WorkerArgs};
use crate::commands::restore;
use crate::config::{DataArgs, MailArgs, WatchArgs};
use crate::failure::Failure;
use crate::metrics::{self, Watched};
use crate::sending::trial::Trial;
use crate::sending::{self, Sending};
use crate::server::{self, Door, Limits};
use crate::stopping::StopSignals;
use crate::{installation, secret_key};

/// Memory for cached pages.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;
/// How long open requests may take when the service stops; live progress ends at once.
const FAREWELL: Duration = Duration::from_secs(5);
/// How long a thread may still be busy then, with a name that is being looked up.
pub const SHUTDOWN: Duration = Duration::from_millis(500);

/// Runs pages and engine until SIGTERM or Ctrl+C.
pub fn serve(mut args: ServeArgs) -> Result<(), Failure> {
    args.web.check()?;
    args.mail = args.mail.named_after(args.web.base_url.as_ref());
    // Pages answer quickly while mail goes out at full speed, because the engine has threads of its own.
    let pages = runtime("pages")?;
    let engine = runtime("engine")?;
    let served = pages.block_on(async {
        let mut signals = StopSignals::listen()?;
        let prepare = async {
            let db = secret_key::require(installation::open(&args.data).await?, &args.data).await?;
            let lock = sending::claim_turn(&db, &args.data).await?;
            let doors = Doors::open(args.web.listen, &args.watch).await?;
            let pages = Pages::prepare(&db, doors, &args).await?;
            Ok::<_, Failure>((db, lock, pages))
        };
        let Some(prepared) = signals.unless_told(prepare).await else { return Ok(()) };
        let (db, lock, pages) = prepared?;
        let sending = start_engine(&engine, db, args.data.clone(), args.mail.clone(), lock).await?;
        let measures = sending.measures.clone();
        let stop = stop_engine(&engine, sending);
        pages.serve(&measures, |url| println!("Vestnik is at {url}"), &mut signals, stop).await
    });
    engine.shutdown_timeout(SHUTDOWN);
    pages.shutdown_timeout(SHUTDOWN);
    served
}

/// Runs the engine alone until SIGTERM or Ctrl+C.
pub fn worker(mut args: WorkerArgs) -> Result<(), Failure> {
    args.mail = args.mail.named_after(args.base_url.as_ref());
    let engine = runtime("engine")?;
    let worked = engine.block_on(async {
        let mut signals = StopSignals::listen()?;
        let prepare = async {
            let db = secret_key::require(installation::open(&args.data).await?, &args.data).await?;
            let lock = sending::claim_turn(&db, &args.data).await?;
            let watching = listen_for_watchers(&args.watch).await?;
            let held = restore::held(&db).await?;
            Ok::<_, Failure>((db, lock, watching, held))
        };
        let Some(prepared) = signals.unless_told(prepare).await else { return Ok(()) };
        let (db, lock, watching, held) = prepared?;
        let sending = Sending::start(db.clone(), &args.data, &args.mail, lock).await?;
        println!("{}", held.as_deref().unwrap_or("Vestnik is sending"));
        let begun = match watching {
            Some(listener) => watched(listener, Watched::new(db, &sending.measures, None)),
            None => Ok(()),
        };
        if begun.is_ok() {
            signals.told().await;
        }
        sending.stop().await;
        begun
    });
    engine.shutdown_timeout(SHUTDOWN);
    worked
}

fn runtime(name: &'static str) -> Result<Runtime, Failure> {
    Builder::new_multi_thread()
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(format!("threads cannot be started: {error}")))
}

/// Starts the engine on its own runtime.
pub async fn start_engine(
    engine: &Runtime,
    db: Db,
    data: DataArgs,
    mail: MailArgs,
    lock: Option<vestnik_engine::lock::SenderLock>,
) -> Result<Sending, Failure> {
    engine
        .spawn(async move { Sending::start(db, &data, &mail, lock).await })
        .await
        .map_err(|error| Failure::failed(error.to_string()))?
}

/// Stops the engine on its own runtime, when it is awaited.
pub async fn stop_engine(engine: &Runtime, sending: Sending) -> Result<(), Failure> {
    engine.spawn(sending.stop()).await.map_err(|error| Failure::failed(error.to_string()))
}

/// Listens, or says what is in the way.
async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| taken(address, &error))
}

fn taken(address: SocketAddr, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "{address} cannot be listened on: {error}; --listen and --metrics-listen name other addresses"
    ))
}

/// The same for metrics, if they are wanted.
async fn listen_for_watchers(watch: &WatchArgs) -> Result<Option<TcpListener>, Failure> {
    match watch.metrics_listen {
        Some(address) => listen(address).await.map(Some),
        None => Ok(None),
    }
}

/// Begins to serve metrics, and says where.
fn watched(listener: TcpListener, watched: Watched) -> Result<(), Failure> {
    println!("Metrics are at http://{}/metrics", listener.local_addr()?);
    metrics::serve(listener, watched);
    Ok(())
}

/// Where a service is reached. All of it is open before anything is sent: a port that is taken stops nothing under way.
pub struct Doors {
    pages: Door,
    watchers: Option<TcpListener>,
}

impl Doors {
    /// Listens everywhere, or says what is in the way.
    pub async fn open(pages: SocketAddr, watch: &WatchArgs) -> Result<Self, Failure> {
        let door = Door::open(pages).await.map_err(|error| taken(pages, &error))?;
        Ok(Self { pages: door, watchers: listen_for_watchers(watch).await? })
    }

    /// For pages alone.
    pub fn of_pages(pages: Door) -> Self {
        Self { pages, watchers: None }
    }
}

/// Pages that are ready to be served. Whatever can be wrong with the settings has been found when they are, before
/// anything is sent.
pub struct Pages {
    app: AppState,
    db: Db,
    doors: Doors,
    base_url: Url,
    held: Option<String>,
    limits: Limits,
}

impl Pages {
    /// Puts them together.
    pub async fn prepare(db: &Db, doors: Doors, args: &ServeArgs) -> Result<Self, Failure> {
        let ServeArgs { data, web, mail, .. } = args;
        let address = doors.pages.address()?;
        let base_url = web.reached_at(address)?;
        let settings = Settings {
            base_url: base_url.clone(),
            mail: FixedMail {
                server: mail.relay()?.filter(|_| !mail.catch_all).map(|relay| relay.to_string()),
                catch_all: mail.catch_all,
                from: mail.mail_from.clone(),
            },
            behind_proxy: web.behind_proxy,
            hsts_subdomains: web.hsts_subdomains,
            undo_delay: web.undo.undo_delay,
            data_dir: data.data_dir.clone(),
            password_hashes_at_once: 2,
        };
        // What another life of the database has left there is not shown as this one's.
        let life = life::enter(db, &new_key(&SystemRandom, 12)).await?;
        let cache = Cache::new(CacheOptions {
            redis: web.redis_url.clone(),
            most_bytes: CACHE_BYTES,
            prefix: format!("{}:{}", web.redis_prefix, life.name),
            timing: Timing::default(),
        });
        let cache = cache.map_err(|error| Failure::misused(format!("--redis-url or VESTNIK_REDIS_URL: {error}")))?;
        let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom));
        let (from, hello) = (mail.mail_from.clone(), mail.hello()?);
        let trial = Trial { from, hello, clock: clock.clone(), random: random.clone() };
        let media = Media::new(data.media()?);
        let held = restore::held(db).await?;
        let app = AppState::new(db.clone(), clock, random, cache, media, Arc::new(trial), settings);
        Ok(Self { app, db: db.clone(), doors, base_url, held, limits: Limits::of_process(web) })
    }

    /// Serves them until the process is told to stop, or something fails; then stops the engine and the pages side by
    /// side. `ready` is told where the pages are.
    pub async fn serve(
        self,
        measures: &Measures,
        ready: impl FnOnce(&Url),
        signals: &mut StopSignals,
        stop_engine: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let Self { app, db, doors: Doors { pages: door, watchers }, base_url, held, limits } = self;
        let (stop, mut stopped) = watch::channel(false);
        let told = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        let mut server = tokio::spawn(server::serve(door, vestnik_web::router(app.clone()), limits, told));
        let watched_by_itself = app.clone();
        tokio::spawn(async move {
            let app = watched_by_itself;
            app.delays.watch(&app.db, Some(&app.passwords)).await;
        });
        let serving = async {
            ready(&base_url);
            if let Some(listener) = watchers {
                watched(listener, Watched::new(db, measures, Some(app.clone())))?;
            }
            if let Some(why) = held {
                println!("{why}");
            }
            ask_to_confirm_again(&app)
                .await
                .map_err(|error| Failure::failed(format!("could not ask to confirm addresses: {error:?}")))?;
            if let Some(path) = setup::new_link(&app).await? {
                println!("Nobody runs it yet. Set it up at {}", app.settings.link(&path));
            }
            (&mut server).await.map_err(|error| Failure::failed(error.to_string()))??;
            Ok(())
        };
        let ended = signals.unless_told(serving).await.unwrap_or(Ok(()));
        app.close();
        let _ = stop.send(true);
        let farewell = async {
            if !server.is_finished() && tokio::time::timeout(FAREWELL, &mut server).await.is_err() {
                server.abort();
            }
        };
        let ((), stopped) = tokio::join!(farewell, stop_engine);
        ended.and(stopped)
    }
}
