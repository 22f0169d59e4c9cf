//! `vestnik backup`

pub mod file;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::HumanBytes;
use vestnik_media::store::{Key, MediaStore};
use vestnik_model::Clock as _;
use vestnik_model::clock::SystemClock;
use vestnik_store::Db;
use vestnik_store::dump::{Snapshot, Taken};

use self::file::{Manifest, MediaEntry, TableEntry, Writer};
use crate::cli::BackupArgs;
use crate::failure::Failure;
use crate::installation;
use crate::stopping::StopSignals;

/// After that nobody is writing on a part any more.
const OLD: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes a backup, while the service goes on.
pub async fn run(args: BackupArgs) -> Result<(), Failure> {
    // Dropped in the middle, it removes what it has written.
    let made = StopSignals::listen()?.unless_told(make(&args)).await;
    made.unwrap_or_else(|| Err(Failure::failed("stopped; no backup was made")))
}

async fn make(args: &BackupArgs) -> Result<(), Failure> {
    let (folder, name) = place(&args.file)?;
    let shown = args.file.display();
    if !args.force && args.file.symlink_metadata().is_ok() {
        return Err(Failure::failed(format!("{shown} is there already; --force replaces it")));
    }
    let media = if args.without_media { None } else { Some(args.data.media()?) };
    let db = installation::open_as_it_is(&args.data).await?;
    remove_old_parts(&folder, &name);
    let unwritable = |error| Failure::failed(format!("{} cannot be written to: {error}", folder.display()));
    // Beside the file that it will be, for its owner alone: it holds people's addresses and secrets.
    let beside = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .suffix(".part")
        .tempfile_in(&folder)
        .map_err(unwritable)?;
    let (manifest, letters) = write(&db, media.as_ref(), beside.reopen()?).await?;
    let bytes = beside.as_file().metadata()?.len();
    let placed = if args.force { beside.persist(&args.file) } else { beside.persist_noclobber(&args.file) };
    placed.map_err(|error| Failure::failed(format!("{shown} cannot be written: {}", error.error)))?;
    File::open(&folder)?.sync_all()?;
    db.close().await;
    tell(&args.file, &manifest, letters, bytes);
    Ok(())
}

/// The folder of a file, and what the file is called in it.
fn place(file: &Path) -> Result<(PathBuf, String), Failure> {
    if file == Path::new("-") {
        return Err(Failure::misused(
            "a backup is written to a file, which can be copied anywhere when it is complete",
        ));
    }
    let shown = file.display();
    let name = file.file_name().filter(|_| !file.is_dir());
    let name = name.ok_or_else(|| Failure::misused(format!("{shown} is a folder; name a file in it")))?;
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new(".")).to_owned();
    if !folder.is_dir() {
        return Err(Failure::failed(format!("there is no folder {}", folder.display())));
    }
    Ok((folder, name.to_string_lossy().into_owned()))
}

/// Removes what backups to the same file have left that were killed. What cannot be removed is in nobody's way.
fn remove_old_parts(folder: &Path, name: &str) {
    let beginning = format!(".{name}.");
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        let found = entry.file_name();
        // Between the two there is a random word, and no name of another file.
        let middle = found.to_str().and_then(|found| found.strip_prefix(&beginning)?.strip_suffix(".part"));
        let is_part = middle.is_some_and(|middle| middle.chars().all(|c| c.is_ascii_alphanumeric()));
        let modified = entry.metadata().ok().filter(std::fs::Metadata::is_file).and_then(|found| found.modified().ok());
        if is_part && modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > OLD) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Answers how many letters of the service wait as well, which are not in a backup.
async fn write(db: &Db, media: Option<&MediaStore>, file: File) -> Result<(Manifest, i64), Failure> {
    let now = SystemClock.now();
    let mut snapshot = match Snapshot::take(db).await? {
        Taken::Snapshot(snapshot) => snapshot,
        Taken::Empty => return Err(Failure::failed("the database is empty: there is nothing to back up")),
        Taken::Newer(step) => return Err(installation::newer(step)),
    };
    let mut manifest = Manifest::begin(snapshot.migration, db.is_embedded(), now);
    let mut writer = Writer::begin(file);
    // Nothing else is done in this process: the disk may hold it up.
    for table in snapshot.tables.clone() {
        let mut lines = writer.table(&table.name)?;
        let rows = snapshot.each_row(&table, |row| lines.add(row.as_bytes())).await?;
        let sha256 = lines.end();
        let last_id = snapshot.last_id(&table).await?;
        manifest.tables.push(TableEntry { name: table.name, columns: table.columns, rows, sha256, last_id });
    }
    let letters = snapshot.waiting_letters().await?;
    if let Some(media) = media {
        let keys = snapshot.pictures().await?;
        // The rows are all there: no transaction is open while pictures are fetched.
        drop(snapshot);
        manifest.media = Some(pictures(&mut writer, media, keys).await?);
    }
    writer.end(&manifest)?;
    Ok((manifest, letters))
}

async fn pictures(
    writer: &mut Writer,
    media: &MediaStore,
    keys: impl IntoIterator<Item = String>,
) -> Result<MediaEntry, Failure> {
    let mut missing = Vec::new();
    for text in keys {
        let Ok(key) = text.parse::<Key>() else {
            missing.push(text);
            continue;
        };
        let failed = |error| {
            Failure::failed(format!("the picture {key} cannot be read: {error}; --without-media leaves pictures out"))
        };
        match media.get(&key).await.map_err(failed)? {
            Some(stored) => writer.picture(&text, &stored.bytes)?,
            // Replaced by another since the rows were read, or long lost.
            None => missing.push(text),
        }
    }
    writer.pictures(missing)
}

fn tell(file: &Path, manifest: &Manifest, letters: i64, bytes: u64) {
    let rows = manifest.rows();
    println!("{}: {rows} rows, {}", file.display(), HumanBytes(bytes));
    for table in manifest.tables.iter().filter(|table| table.rows > 0) {
        println!("  {:<22}{:>12}", table.name, table.rows);
    }
    match &manifest.media {
        Some(media) => {
            println!("  {:<22}{:>12}", "files of pictures", media.pictures);
            if !media.missing.is_empty() {
                println!("Files of pictures that something refers to, and that are not there: {}", media.missing.len());
            }
        }
        None => println!("Without the pictures, which are in the media store."),
    }
    if letters > 0 {
        println!("Without {letters} letters of the service that wait to be sent: the links in them work here alone.");
    }
    println!("Of {}, schema {}, Vestnik {}.", manifest.taken, manifest.migration, manifest.version);
    println!(
        "It holds people's addresses and hashes of passwords: keep it where nobody else reads it. Second factors and the \
         mail server's password are encrypted in it with a key that it does not hold: keep a copy of the key apart from it \
         (vestnik doctor says where it is)."
    );
}
