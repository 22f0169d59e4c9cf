//! The key that stored secrets are encrypted with: from a variable, from a file, or from the data folder, where the first
//! start makes one.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use vestnik_model::keyring::Keyring;
use vestnik_model::secret::SystemRandom;
use vestnik_store::Db;
use vestnik_store::secrets::{self, Belonging, Lost};

use crate::config::DataArgs;
use crate::failure::Failure;

/// The file in the data folder.
const FILE: &str = "secret.key";

/// Where a key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `VESTNIK_SECRET_KEY`.
    Variable,
    /// This file.
    File(PathBuf),
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable => f.write_str("VESTNIK_SECRET_KEY"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Where these settings say that the key is, whether it is there or not.
pub fn place(data: &DataArgs) -> Place {
    match (&data.secret_key, &data.secret_key_file) {
        (Some(_), _) => Place::Variable,
        (None, Some(path)) => Place::File(path.clone()),
        (None, None) => Place::File(data.home().join(FILE)),
    }
}

/// The keys at hand; `None`: there is no file in the data folder yet.
pub fn at_hand(data: &DataArgs) -> Result<Option<Keyring>, Failure> {
    let place = place(data);
    let text = match (&place, &data.secret_key) {
        (Place::File(path), _) => match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && data.secret_key_file.is_none() => {
                return Ok(None);
            }
            Err(error) => return Err(Failure::failed(format!("the key {place} cannot be read: {error}"))),
        },
        (Place::Variable, text) => text.clone().unwrap_or_default(),
    };
    let keys = Keyring::parse(&text, Arc::new(SystemRandom));
    keys.map(Some).map_err(|error| Failure::misused(format!("{place}: {error}")))
}

/// Makes a key in the data folder, for its owner alone. Of two processes that come first, one has made it.
pub fn make(data: &DataArgs) -> Result<Option<Keyring>, Failure> {
    let path = data.home().join(FILE);
    write_new(&path, &Keyring::generate(&SystemRandom)).map_err(|error| {
        Failure::failed(format!("the key for stored secrets cannot be written to {}: {error}", path.display()))
    })?;
    at_hand(data)
}

fn write_new(path: &Path, key: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // With PostgreSQL nothing has needed it so far.
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // Complete or not there at all; such files have mode 0600.
    let mut beside = tempfile::Builder::new().prefix(".secret.").tempfile_in(folder)?;
    writeln!(
        beside,
        "# Encrypts the mail server's password and second factors in Vestnik's database. Keep a copy of it"
    )?;
    writeln!(beside, "# apart from the backups: without it they have to be entered anew.")?;
    writeln!(beside, "{key}")?;
    beside.as_file().sync_all()?;
    match beside.persist_noclobber(path) {
        Ok(_) => fs::File::open(folder)?.sync_all(),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// The database with the keys that its secrets are encrypted with. With others' keys it has none: it reads no secrets then
/// and writes none. A new embedded one gets a key; one on PostgreSQL gets it from the first process that serves or sends,
/// and not from a command that is run somewhere else.
pub async fn prepare(db: Db, data: &DataArgs) -> Result<Db, Failure> {
    let db = match secrets::belonging(&db, db.keys()).await? {
        Belonging::Nobody if db.keys().is_none() && db.is_embedded() => db.with_keys(make(data)?),
        Belonging::Another(_) => db.with_keys(None),
        Belonging::Nobody | Belonging::Ours => db,
    };
    secrets::prepare(&db).await?;
    Ok(db)
}

/// The same for whoever serves pages or sends mail: refuses to go on without the database's key.
pub async fn require(db: Db, data: &DataArgs) -> Result<Db, Failure> {
    let db = match secrets::belonging(&db, db.keys()).await? {
        Belonging::Nobody if db.keys().is_none() => db.with_keys(make(data)?),
        _ => db,
    };
    match secrets::prepare(&db).await? {
        Belonging::Another(id) => Err(Failure::failed(format!(
            "the secrets in the database are encrypted with the key {id}, which is not in {}; every process needs it: \
             copy the file secret.key from the data folder of the one that made it, or give all of them the same \
             VESTNIK_SECRET_KEY or VESTNIK_SECRET_KEY_FILE. If the key is lost: vestnik adopt-secret-key",
            place(data)
        ))),
        Belonging::Nobody | Belonging::Ours => {
            secrets::clear_free_pages(&db).await;
            Ok(db)
        }
    }
}

/// What has to be entered anew, a line each.
pub fn to_enter_anew(lost: &Lost) -> Vec<String> {
    let server = lost.mail_server.iter().map(|server| {
        format!("the password of the mail server {server}: in the settings of the service; no mail is sent until then")
    });
    let factors = lost.second_factors.iter().map(|email| {
        format!(
            "the second factor of {email}: they log in with a recovery code and set it up anew, or `vestnik \
             reset-second-factor --email {email}`"
        )
    });
    server.chain(factors).collect()
}
