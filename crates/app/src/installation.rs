//! The database that a command works on, and the account that it works for.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use vestnik_model::Actor;
use vestnik_model::recipient::address;
use vestnik_model::user::User;
use vestnik_store::{Db, db, health, users};

use crate::config::DataArgs;
use crate::failure::{Failure, in_words};
use crate::outdated::{BOUNDED_LANGUAGE, outdated_messages};
use crate::secret_key;

/// Opens the database and brings its schema up to date.
pub async fn open(data: &DataArgs) -> Result<Db, Failure> {
    let db = open_unmigrated(data).await?;
    migrate(&db).await?;
    secret_key::prepare(db, data).await
}

/// Brings the schema of a database up to date, and finds the key of its secrets.
pub async fn migrated(db: Db, data: &DataArgs) -> Result<Db, Failure> {
    db.migrate().await?;
    secret_key::prepare(db, data).await
}

/// The same for commands that need something that is there already: in a wrong folder they make none.
pub async fn open_existing(data: &DataArgs) -> Result<Db, Failure> {
    let db = open_as_it_is(data).await?;
    migrate(&db).await?;
    secret_key::prepare(db, data).await
}

/// Brings the schema up to date, and logs what the upgrade means for messages that are there.
async fn migrate(db: &Db) -> Result<(), Failure> {
    let before = health::look(db).await?.migration;
    db.migrate().await?;
    if before.is_some_and(|step| step < BOUNDED_LANGUAGE) {
        for outdated in outdated_messages(db).await? {
            tracing::warn!(
                message = %outdated.id,
                owner = outdated.owner,
                subject = outdated.subject,
                field = outdated.field,
                problem = in_words(&outdated.problem),
                "a stored message uses what the template language no longer has"
            );
        }
    }
    Ok(())
}

/// Opens the database, whatever schema it has. An embedded one is made if it is missing.
pub async fn open_unmigrated(data: &DataArgs) -> Result<Db, Failure> {
    let address = match &data.database_url {
        Some(address) => address.clone(),
        None => db::embedded_address(&data.data_dir).map_err(|error| {
            Failure::failed(format!("the data folder {} cannot be used: {error}", data.data_dir.display()))
        })?,
    };
    Ok(Db::open(&address).await?.with_keys(secret_key::at_hand(data)?))
}

/// Opens the database that is there, whatever schema it has, and makes none.
pub async fn open_as_it_is(data: &DataArgs) -> Result<Db, Failure> {
    if let Some(file) = data.embedded_file()
        && !file.is_file()
    {
        return Err(Failure::failed(format!("there is no database: {} is not there", file.display())));
    }
    open_unmigrated(data).await
}

/// Says that a database is a newer program's.
pub fn newer(step: i64) -> Failure {
    Failure::failed(format!(
        "the database belongs to a newer Vestnik (schema {step}); this one knows the schema up to {}",
        db::schema::newest_migration()
    ))
}

/// The account of an address.
pub async fn owner(db: &Db, email: &str) -> Result<(User, Actor), Failure> {
    let address = address(email).map_err(|problem| Failure::misused(format!("owner: {}", in_words(&problem))))?;
    let user = users::find_by_email(db, &address)
        .await?
        .ok_or_else(|| Failure::failed(format!("there is no account with the address {address}")))?;
    let actor = Actor::of(&user);
    Ok((user, actor))
}

/// A progress bar on a terminal, nothing elsewhere.
pub fn progress_bar(length: u64, template: &str) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(Some(length), target).with_style(style.progress_chars("━━─"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
