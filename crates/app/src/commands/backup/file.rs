//! What a backup looks like: a ZIP archive.
//!
//! | entry | holds |
//! |---|---|
//! | `vestnik.json` | the [`Manifest`]: of what it is, and how many rows and which checksum each table has |
//! | `tables/NAME.jsonl` | a row a line, as a JSON array of its columns: truth as 0 and 1, bytes in hexadecimal |
//! | `media.jsonl` | a picture a line: its key, length and checksum |
//! | `media/KEY` | the pictures |
//!
//! It is the same for both databases, and everything in it can be read without Vestnik.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use vestnik_model::UnixMillis;
use vestnik_store::dump::{Column, Table};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::failure::Failure;

/// The number of the form that is described here.
pub const FORMAT: u32 = 1;
const PRODUCT: &str = "vestnik";
const MANIFEST: &str = "vestnik.json";
const MEDIA: &str = "media.jsonl";
/// A quick one: a third slower, the best makes a tenth less.
const LEVEL: i64 = 4;
/// Nobody needs a longer manifest.
const LONGEST_MANIFEST: u64 = 16 * 1024 * 1024;
/// No row is longer: the catcher keeps messages of some ten mebibytes, twice as long in hexadecimal.
const LONGEST_LINE: u64 = 256 * 1024 * 1024;
/// No picture is larger: those that are stored are smaller than those that are taken, of 8 MiB at most.
const LARGEST_PICTURE: u64 = 64 * 1024 * 1024;

/// What a backup is of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Manifest {
    product: String,
    /// See [`FORMAT`].
    pub format: u32,
    /// The version of Vestnik that made it.
    pub version: String,
    /// The step that the schema was at.
    pub migration: i64,
    /// `sqlite` or `postgresql`.
    pub database: String,
    /// When it was made, for people.
    pub taken: String,
    /// The same, in milliseconds since 1970.
    pub taken_at: i64,
    /// Each after those that it refers to.
    pub tables: Vec<TableEntry>,
    /// The pictures; `None`: they were left out.
    pub media: Option<MediaEntry>,
}

/// A table in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TableEntry {
    /// What it is called.
    pub name: String,
    /// In the order of its lines.
    pub columns: Vec<Column>,
    /// How many lines it has.
    pub rows: u64,
    /// Of the lines.
    pub sha256: String,
    /// The last number that was given to a row, where rows are numbered.
    pub last_id: Option<i64>,
}

impl TableEntry {
    /// As the store knows it.
    pub fn table(&self) -> Table {
        Table { name: self.name.clone(), columns: self.columns.clone() }
    }
}

/// The pictures in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MediaEntry {
    /// How many.
    pub pictures: u64,
    /// How long they are together.
    pub bytes: u64,
    /// Of the list of them.
    pub sha256: String,
    /// Keys that something refers to and nothing is stored under.
    pub missing: Vec<String>,
}

/// A picture in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Picture {
    /// Its key in the media store.
    pub key: String,
    /// How long it is.
    pub bytes: u64,
    /// Of its content.
    pub sha256: String,
}

impl Manifest {
    /// Of a backup that is being made.
    pub fn begin(migration: i64, embedded: bool, now: UnixMillis) -> Self {
        Self {
            product: PRODUCT.to_owned(),
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            migration,
            database: if embedded { "sqlite" } else { "postgresql" }.to_owned(),
            taken: now.to_string(),
            taken_at: now.0,
            tables: Vec::new(),
            media: None,
        }
    }

    /// When it was made.
    pub fn at(&self) -> UnixMillis {
        UnixMillis(self.taken_at)
    }

    /// How many rows it has in all.
    pub fn rows(&self) -> u64 {
        self.tables.iter().fold(0, |rows, table| rows.saturating_add(table.rows))
    }
}

fn broken(error: impl Into<io::Error>) -> Failure {
    let error: io::Error = error.into();
    Failure::failed(format!("the backup could not be written: {error}"))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A backup that is being written.
pub struct Writer {
    zip: ZipWriter<BufWriter<File>>,
    pictures: Vec<Picture>,
}

/// Lines of an entry.
pub struct Lines<'a> {
    zip: &'a mut ZipWriter<BufWriter<File>>,
    hash: Sha256,
}

impl Lines<'_> {
    /// Adds a line.
    pub fn add(&mut self, line: &[u8]) -> io::Result<()> {
        for part in [line, b"\n"] {
            self.hash.update(part);
            self.zip.write_all(part)?;
        }
        Ok(())
    }

    /// Their checksum.
    pub fn end(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl Writer {
    /// Begins a backup in an empty file.
    pub fn begin(file: File) -> Self {
        Self { zip: ZipWriter::new(BufWriter::with_capacity(256 * 1024, file)), pictures: Vec::new() }
    }

    fn entry(&mut self, name: &str, method: CompressionMethod) -> Result<Lines<'_>, Failure> {
        let level = (method == CompressionMethod::Deflated).then_some(LEVEL);
        // How long an entry will be is not known when it begins, and a ledger has more than 4 GiB.
        let options = SimpleFileOptions::default().compression_method(method).compression_level(level).large_file(true);
        self.zip.start_file(name, options).map_err(broken)?;
        Ok(Lines { zip: &mut self.zip, hash: Sha256::new() })
    }

    /// Begins the rows of a table.
    pub fn table(&mut self, name: &str) -> Result<Lines<'_>, Failure> {
        self.entry(&format!("tables/{name}.jsonl"), CompressionMethod::Deflated)
    }

    /// Adds a picture.
    pub fn picture(&mut self, key: &str, content: &[u8]) -> Result<(), Failure> {
        self.entry(&format!("media/{key}"), CompressionMethod::Stored)?.zip.write_all(content).map_err(broken)?;
        let sha256 = hex(&Sha256::digest(content));
        self.pictures.push(Picture { key: key.to_owned(), bytes: content.len() as u64, sha256 });
        Ok(())
    }

    /// Writes the list of the pictures.
    pub fn pictures(&mut self, missing: Vec<String>) -> Result<MediaEntry, Failure> {
        let pictures = std::mem::take(&mut self.pictures);
        let mut lines = self.entry(MEDIA, CompressionMethod::Deflated)?;
        for picture in &pictures {
            lines.add(&serde_json::to_vec(picture).map_err(broken)?).map_err(broken)?;
        }
        let sha256 = lines.end();
        let bytes = pictures.iter().map(|picture| picture.bytes).sum();
        Ok(MediaEntry { pictures: pictures.len() as u64, bytes, sha256, missing })
    }

    /// Writes the manifest, and has everything on the disk.
    pub fn end(mut self, manifest: &Manifest) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(manifest).map_err(broken)?;
        self.entry(MANIFEST, CompressionMethod::Deflated)?.add(&text).map_err(broken)?;
        let file = self.zip.finish().map_err(broken)?;
        let file = file.into_inner().map_err(|error| broken(error.into_error()))?;
        file.sync_all().map_err(broken)
    }
}

/// A backup that is being read.
pub struct Reader {
    zip: ZipArchive<BufReader<File>>,
    name: String,
    /// What it says of itself.
    pub manifest: Manifest,
    /// Whether pictures of it may have been stored, which failures say.
    pub stored: bool,
}

impl Reader {
    /// Opens a backup. Nothing but its manifest is read.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let mut file =
            File::open(path).map_err(|error| Failure::failed(format!("{name} cannot be opened: {error}")))?;
        let mut head = [0; 4];
        let is_zip = file.read_exact(&mut head).is_ok() && head == *b"PK\x03\x04";
        let strange = || Failure::failed(format!("{name} is not a backup of Vestnik"));
        if !is_zip {
            return Err(strange());
        }
        let mut zip = ZipArchive::new(BufReader::new(file)).map_err(|_| damaged(&name, false, "it has no end"))?;
        let manifest: Manifest = {
            let entry = match zip.by_name(MANIFEST) {
                Ok(entry) => entry,
                Err(zip::result::ZipError::FileNotFound) => return Err(strange()),
                Err(_) => return Err(damaged(&name, false, "its description cannot be read")),
            };
            let mut text = Vec::new();
            let read = entry.take(LONGEST_MANIFEST).read_to_end(&mut text);
            read.map_err(|_| damaged(&name, false, "its description cannot be read"))?;
            // Of a form to come, no more may be known than its number.
            let described: Described = serde_json::from_slice(&text).map_err(|_| strange())?;
            if described.product != PRODUCT {
                return Err(strange());
            }
            if described.format > FORMAT {
                let version = described.version;
                return Err(Failure::failed(format!(
                    "{name} was made by a newer Vestnik ({version}); this one is {}",
                    env!("CARGO_PKG_VERSION")
                )));
            }
            serde_json::from_slice(&text).map_err(|_| damaged(&name, false, "its description cannot be read"))?
        };
        Ok(Self { zip, name, manifest, stored: false })
    }

    /// Says that the file is not what it was when it was made.
    pub fn damaged(&self, why: &str) -> Failure {
        damaged(&self.name, self.stored, why)
    }

    /// Reads the lines of a table, and whether they are what they were.
    pub fn table(&mut self, entry: &TableEntry, take: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
        let count = self.lines(&format!("tables/{}.jsonl", entry.name), &entry.sha256, take)?;
        if count != entry.rows {
            return Err(self.damaged(&format!("{} has {count} rows and not {}", entry.name, entry.rows)));
        }
        Ok(())
    }

    /// The list of the pictures.
    pub fn pictures(&mut self) -> Result<Vec<Picture>, Failure> {
        let Some(media) = self.manifest.media.clone() else { return Ok(Vec::new()) };
        let mut pictures = Vec::new();
        let name = self.name.clone();
        self.lines(MEDIA, &media.sha256, |line| {
            pictures.push(serde_json::from_slice(line).map_err(|_| damaged(&name, false, "its list of pictures"))?);
            Ok(())
        })?;
        Ok(pictures)
    }

    /// A picture's content.
    pub fn picture(&mut self, picture: &Picture) -> Result<Vec<u8>, Failure> {
        let bad = damaged(&self.name, self.stored, &format!("the picture {}", picture.key));
        let Ok(entry) = self.zip.by_name(&format!("media/{}", picture.key)) else { return Err(bad) };
        if picture.bytes > LARGEST_PICTURE {
            return Err(bad);
        }
        let mut content = Vec::new();
        let read = entry.take(picture.bytes + 1).read_to_end(&mut content);
        if read.is_err() || content.len() as u64 != picture.bytes || hex(&Sha256::digest(&content)) != picture.sha256 {
            return Err(bad);
        }
        Ok(content)
    }

    fn lines(
        &mut self,
        entry: &str,
        sha256: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<u64, Failure> {
        let (name, stored) = (self.name.clone(), self.stored);
        let bad = || damaged(&name, stored, entry);
        let reader = BufReader::with_capacity(256 * 1024, self.zip.by_name(entry).map_err(|_| bad())?);
        let (mut hash, mut count) = (Sha256::new(), 0);
        each_line(reader, LONGEST_LINE, bad, |line| {
            hash.update(line);
            count += 1;
            take(line.strip_suffix(b"\n").unwrap_or(line))
        })?;
        if hex(&hash.finalize()) == sha256 { Ok(count) } else { Err(bad()) }
    }
}

/// Every line with its end. What a few bytes of an archive become may be longer than the memory.
fn each_line(
    mut reader: impl BufRead,
    longest: u64,
    bad: impl Fn() -> Failure,
    mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(longest).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(()),
            Ok(length) if length as u64 == longest && !line.ends_with(b"\n") => return Err(bad()),
            Ok(_) => take(&line)?,
            Err(_) => return Err(bad()),
        }
    }
}

/// What is known of every form.
#[derive(Deserialize)]
struct Described {
    product: String,
    format: u32,
    version: String,
}

fn damaged(name: &str, stored: bool, why: &str) -> Failure {
    let changed =
        if stored { "the database is as it was; pictures may have been stored" } else { "nothing was changed" };
    Failure::failed(format!("{name} is damaged or cut short ({why}); {changed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_allowed() {
        let read = |text: &str| {
            let mut lines = Vec::new();
            each_line(
                text.as_bytes(),
                4,
                || Failure::failed("bad"),
                |line| {
                    lines.push(String::from_utf8_lossy(line).into_owned());
                    Ok(())
                },
            )
            .is_ok()
            .then_some(lines)
        };
        assert_eq!(read("").unwrap(), Vec::<String>::new());
        assert_eq!(read("abc\n\nab").unwrap(), ["abc\n", "\n", "ab"]);
        assert!(read("abcd\n").is_none());
        assert!(read("abc\nabcde").is_none());
    }
}
