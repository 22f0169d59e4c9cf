//! `vestnik restore` and `vestnik resume-sending`

use indicatif::ProgressBar;
use serde_json::Value;
use vestnik_media::MediaType;
use vestnik_media::store::{Key, MediaStore};
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_model::secret::{SystemRandom, new_key};
use vestnik_store::audit::Author;
use vestnik_store::dump::{self, Origin, Quieted, Restored, Restoring, Target};
use vestnik_store::groups::Changed;
use vestnik_store::secrets::{self, Lost};
use vestnik_store::{Db, life};

use crate::cli::{RestoreArgs, ResumeSendingArgs};
use crate::commands::backup::file::{Picture, Reader};
use crate::failure::Failure;
use crate::{installation, secret_key, sending};

/// Rows that are written in one go, and bytes of their lines.
const BATCH: usize = 2_048;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Puts a backup into an empty database.
pub async fn run(args: RestoreArgs) -> Result<(), Failure> {
    let mut reader = Reader::open(&args.file)?;
    let newest = vestnik_store::db::schema::newest_migration();
    if reader.manifest.migration > newest {
        return Err(Failure::failed(format!(
            "{} was made by a newer Vestnik ({}, schema {}); this one is {} and knows the schema up to {newest}",
            args.file.display(),
            reader.manifest.version,
            reader.manifest.migration,
            env!("CARGO_PKG_VERSION"),
        )));
    }
    // All of it is looked at before anything is changed.
    let pictures = check(&mut reader)?;
    let pictures = if args.without_media { Vec::new() } else { pictures };
    let media = if pictures.is_empty() { None } else { Some(args.data.media()?) };
    let db = installation::open_unmigrated(&args.data).await?;
    let db = if db.keys().is_some() { db } else { db.with_keys(secret_key::make(&args.data)?) };
    let _lock = sending::claim_turn(&db, &args.data).await?;
    let (quieted, lost) = load(&db, &mut reader, media.as_ref(), &pictures).await?;
    // A backup of before has secrets in clear text.
    secrets::prepare(&db).await?;
    secrets::clear_free_pages(&db).await;
    for table in ["recipients", "deliveries", "attempts"] {
        db.analyze(table).await?;
    }
    db.close().await;
    tell(&reader, pictures.len(), quieted);
    let lost = secret_key::to_enter_anew(&lost);
    if !lost.is_empty() {
        println!(
            "The backup's secrets are encrypted with a key that is not in {}. To be entered anew:",
            secret_key::place(&args.data)
        );
        lost.iter().for_each(|line| println!("  {line}"));
        println!("With the key at hand (--secret-key-file), restoring into an empty database brings them back.");
    }
    Ok(())
}

/// Reads every line and every picture once.
fn check(reader: &mut Reader) -> Result<Vec<Picture>, Failure> {
    for entry in reader.manifest.tables.clone() {
        let table = entry.table();
        let bad = reader.damaged(&entry.name).to_string();
        reader
            .table(&entry, |line| dump::parse(&table, line).map(|_| ()).ok_or_else(|| Failure::failed(bad.clone())))?;
    }
    let pictures = reader.pictures()?;
    for picture in &pictures {
        stored_as(reader, picture)?;
    }
    Ok(pictures)
}

/// A picture with the key and the type that its content has, and no others: browsers are told the type, and keep what a
/// key has led to for ever.
fn stored_as(reader: &mut Reader, picture: &Picture) -> Result<(Key, Vec<u8>, MediaType), Failure> {
    let content = reader.picture(picture)?;
    let key = picture.key.parse::<Key>().ok().filter(|key| {
        let prefix = picture.key.rsplit_once('/').map_or("", |(prefix, _)| prefix);
        key.media_type().and_then(|kind| Key::of(prefix, &content, kind).ok()).as_ref() == Some(key)
    });
    match key.and_then(|key| Some((key.clone(), key.media_type()?))) {
        Some((key, media_type)) => Ok((key, content, media_type)),
        None => Err(reader.damaged(&format!("the picture {}", picture.key))),
    }
}

/// A database that takes the backup.
async fn begin(db: &Db, reader: &Reader, tables: &[dump::Table]) -> Result<Box<Restoring>, Failure> {
    match Restoring::begin(db, reader.manifest.migration, tables).await? {
        Target::Ready(restoring) => Ok(restoring),
        Target::HasData(table) => Err(Failure::failed(format!(
            "the database is in use: {table} has rows; a backup is restored into an empty database only"
        ))),
        Target::InUse => Err(Failure::failed("a vestnik process is running on this database; stop it first")),
        Target::Foreign(table) => Err(Failure::failed(format!(
            "the database holds something that is not Vestnik's (the table {table}); name an empty one"
        ))),
        Target::Newer(step) => Err(installation::newer(step)),
        Target::Unlike => Err(reader.damaged("its tables are not those of its schema")),
    }
}

async fn load(
    db: &Db,
    reader: &mut Reader,
    media: Option<&MediaStore>,
    pictures: &[Picture],
) -> Result<(Quieted, Lost), Failure> {
    let manifest = reader.manifest.clone();
    let tables: Vec<_> = manifest.tables.iter().map(|entry| entry.table()).collect();
    if let Some(media) = media {
        // Only where the database would take the rest. A store may be slow, and nobody is kept waiting meanwhile; so it
        // is asked again afterwards.
        drop(begin(db, reader, &tables).await?);
        put_back(reader, media, pictures).await?;
    }
    let mut restoring = begin(db, reader, &tables).await?;
    let bar = installation::progress_bar(manifest.rows(), "{bar:40} {human_pos} of {human_len} rows, {eta}");
    for (entry, table) in manifest.tables.iter().zip(&tables) {
        let mut loader = Loader { restoring: &mut restoring, table, bar: &bar, batch: Vec::new(), bytes: 0 };
        let bad = reader.damaged(&entry.name).to_string();
        let runtime = tokio::runtime::Handle::current();
        // The archive is read as it comes; nothing else is done in this process meanwhile.
        tokio::task::block_in_place(|| {
            reader.table(entry, |line| {
                let row = dump::parse(table, line).ok_or_else(|| Failure::failed(bad.clone()))?;
                loader.batch.push(row);
                loader.bytes += line.len();
                if loader.batch.len() >= BATCH || loader.bytes >= BATCH_BYTES {
                    runtime.block_on(loader.flush())?;
                }
                Ok(())
            })?;
            runtime.block_on(loader.flush())
        })?;
        if let Some(last) = entry.last_id {
            restoring.go_on_after(table, last).await?;
        }
    }
    let origin = Origin { backup_at: manifest.at(), name: new_key(&SystemRandom, 12) };
    let restored = restoring.finish(&origin, SystemClock.now()).await?;
    bar.finish_and_clear();
    match restored {
        Restored::Done(quieted, lost) => Ok((quieted, lost)),
        Restored::Broken(table) => Err(reader.damaged(&format!("{table} refers to rows that are not there"))),
    }
}

/// Rows on their way into a table.
struct Loader<'a> {
    restoring: &'a mut Restoring,
    table: &'a dump::Table,
    bar: &'a ProgressBar,
    batch: Vec<Vec<Value>>,
    bytes: usize,
}

impl Loader<'_> {
    async fn flush(&mut self) -> Result<(), Failure> {
        self.restoring.load(self.table, &self.batch).await?;
        self.bar.inc(self.batch.len() as u64);
        self.batch.clear();
        self.bytes = 0;
        Ok(())
    }
}

/// Before the rows that name them are there. A key says what is stored under it, so that it may be there already.
async fn put_back(reader: &mut Reader, media: &MediaStore, pictures: &[Picture]) -> Result<(), Failure> {
    for picture in pictures {
        let (key, content, media_type) = stored_as(reader, picture)?;
        reader.stored = true;
        let failed = |error| {
            Failure::failed(format!(
                "the picture {key} cannot be put back: {error}; the database is as it was, and other pictures may have \
                 been stored. --without-media leaves pictures out"
            ))
        };
        media.put(&key, content.into(), media_type).await.map_err(failed)?;
    }
    Ok(())
}

fn tell(reader: &Reader, pictures: usize, quieted: Quieted) {
    let manifest = &reader.manifest;
    println!("Restored from the backup of {}: {} rows, {pictures} pictures.", manifest.taken, manifest.rows());
    println!("Nothing is sent until you say so:");
    println!("  runs that were open, and are paused: {}", quieted.paused);
    println!("  deliveries that were being sent when the backup was made, of unknown fate now: {}", quieted.unknown);
    println!("  everyone signs in again; links in letters that were sent before are worth nothing");
    println!(
        "Look around in the web interface first. To send again: vestnik resume-sending, or the button in the settings"
    );
    println!("of the installation. If the original is still running, it will go on sending: stop one of the two.");
}

/// Lets a restored installation send.
pub async fn resume_sending(args: ResumeSendingArgs) -> Result<(), Failure> {
    let db = installation::open(&args.data).await?;
    let now = SystemClock.now();
    let waiting = life::waiting(&db, now).await?;
    match life::resume(&db, None, &Author::at_console(now), &new_key(&SystemRandom, 8)).await? {
        Changed::Done => {}
        _ => {
            println!("nothing is held: mail goes out as it is planned");
            return Ok(());
        }
    }
    println!("Mail goes out again.");
    println!("  planned mailings: {}", waiting.planned);
    println!("  of these, noted as missed because their time has passed: {}", waiting.passed);
    println!("  paused runs, each of which waits until it is resumed: {}", waiting.paused);
    println!("  runs and letters that were asked for meanwhile, and go now: {} and {}", waiting.going, waiting.letters);
    Ok(())
}

/// For whoever starts a process that would send: it does not, and why. `None`: it does.
pub async fn held(db: &Db) -> Result<Option<String>, Failure> {
    let life = life::read(db).await?;
    Ok(life.held.then(|| {
        let of = life.backup_at.map(|at| at.to_string()).unwrap_or_default();
        format!(
            "restored from a backup of {of}: nothing is sent until `vestnik resume-sending`, or the button in the settings"
        )
    }))
}
