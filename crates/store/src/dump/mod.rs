//! Backups, as far as the database is concerned: every table row by row, from one moment, and back into an empty
//! database of either kind. What the file looks like is `vestnik backup`'s matter.

mod quiet;
mod restore;

use std::collections::BTreeSet;
use std::io;

use vestnik_model::UnixMillis;

use crate::db::schema::newest_migration;
use crate::db::{Db, Result, Tx};

pub use self::quiet::Quieted;
pub use self::restore::{Restored, Restoring, Target, parse};
pub use crate::db::schema::{Column, Kind, Table};

/// Tables that are not in a backup, with the reason. Every other one is.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("sessions", "people sign in anew: a cookie of the original opens nothing in a copy"),
    ("half_logins", "a login that is under way"),
    ("second_factor_offers", "belong to a session"),
    ("tokens", "links in letters work once, and not once in the original and once more in a copy"),
    ("new_addresses", "wait for such a link"),
    ("setup_links", "a start prints another"),
    ("known_devices", "browsers that the original knows"),
    ("nodes", "processes that send from the original"),
    ("paces", "what those have agreed on for the next seconds"),
    ("life", "a copy begins its own"),
    ("submitted_forms", "forms that browsers have open are those of the original"),
    ("kept_forms", "wait for a browser that signs in to the original"),
];

/// Tables of which not every row is in a backup, and the condition of those that are.
pub const FILTERED: &[(&str, &str)] = &[
    // Those that wait hold links, and a copy has nothing that would make them work.
    ("letters", "state <> 'pending'"),
];

/// References to rows that may not be in a backup: table, column, and the table that it refers to. In a backup they
/// refer to nothing then.
pub const LOOSE: &[(&str, &str, &str)] = &[("feedback_answers", "letter_id", "letters")];

/// The rows of a table that are in a backup.
fn condition(table: &str) -> &'static str {
    FILTERED.iter().find(|(name, _)| *name == table).map_or("TRUE", |(_, condition)| condition)
}

/// What stands for a column in a backup, where that is not the column itself.
fn instead(table: &str, column: &str) -> Option<String> {
    let (.., to) = LOOSE.iter().find(|(from, name, _)| *from == table && *name == column)?;
    let condition = condition(to);
    Some(format!("(SELECT kept.id FROM {to} kept WHERE kept.id = {table}.{column} AND {condition})"))
}

/// Columns that name pictures: keys of the media store, perhaps with numbers between them.
const PICTURES: &[(&str, &str)] = &[("users", "avatar"), ("users", "avatar_small"), ("pictures", "files")];

/// The database as it was at one moment.
#[derive(Debug)]
pub struct Snapshot {
    tx: Tx,
    /// The step that the schema was at.
    pub migration: i64,
    /// The tables that are in a backup, each after those that it refers to.
    pub tables: Vec<Table>,
}

/// What came of looking at a database that is to be backed up.
#[derive(Debug)]
pub enum Taken {
    /// This is how it is.
    Snapshot(Box<Snapshot>),
    /// There is nothing of ours in it.
    Empty,
    /// Its schema is at a step that this program does not know.
    Newer(i64),
}

impl Snapshot {
    /// Looks at the database as it is now. Others go on writing, and nothing of that is seen here.
    pub async fn take(db: &Db) -> Result<Taken> {
        let mut tx = db.begin_snapshot().await?;
        let Some(migration) = tx.migration().await? else { return Ok(Taken::Empty) };
        if migration > newest_migration() {
            return Ok(Taken::Newer(migration));
        }
        let mut tables = tx.tables().await?;
        tables.retain(|table| LEFT_OUT.iter().all(|(left_out, _)| *left_out != table.name));
        Ok(Taken::Snapshot(Box::new(Self { tx, migration, tables })))
    }

    /// Every row of a table, as it comes: a JSON array of its columns, in one line. Answers how many there are.
    pub async fn each_row(&mut self, table: &Table, take: impl FnMut(&str) -> io::Result<()>) -> Result<u64> {
        self.tx.each_row(table, |column| instead(&table.name, column), condition(&table.name), take).await
    }

    /// The last number that the database has given to a row of a table; `None`: it gives none.
    pub async fn last_id(&mut self, table: &Table) -> Result<Option<i64>> {
        self.tx.last_id(table).await
    }

    /// The keys of all pictures that something refers to.
    pub async fn pictures(&mut self) -> Result<BTreeSet<String>> {
        let mut keys = BTreeSet::new();
        for (table, column) in PICTURES {
            let Some(table) = self.tables.iter().find(|known| known.name == *table) else { continue };
            // A schema of before does not have it.
            let Some(column) = table.columns.iter().find(|known| known.name == *column) else { continue };
            let only = Table { name: table.name.clone(), columns: vec![column.clone()] };
            self.tx
                .each_row(
                    &only,
                    |_| None,
                    "TRUE",
                    |row| {
                        let [words]: [String; 1] = serde_json::from_str(row).map_err(io::Error::from)?;
                        keys.extend(words.split(' ').filter(|word| word.contains('/')).map(str::to_owned));
                        Ok(())
                    },
                )
                .await?;
        }
        Ok(keys)
    }

    /// How many letters of the service wait, which are not in the backup.
    pub async fn waiting_letters(&mut self) -> Result<i64> {
        let (count,): (i64,) = self.tx.fetch_one("SELECT count(*) FROM letters WHERE state = 'pending'", &[]).await?;
        Ok(count)
    }
}

/// When a backup was made, and what the copy that is made of it is called.
#[derive(Clone, Debug)]
pub struct Origin {
    /// When.
    pub backup_at: UnixMillis,
    /// Random: see [`crate::life`].
    pub name: String,
}
