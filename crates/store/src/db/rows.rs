//! Many rows as one argument.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;

use super::Result;

/// Many rows as an argument, column by column.
///
/// In the statement, `{rows}` stands where a query of that table may stand, usually
/// `WITH v (id, state) AS ({rows}) UPDATE ...`. On PostgreSQL it becomes an `unnest` of one array a column; on SQLite
/// `VALUES` with plain `?`, because looking numbered placeholders up is quadratic there (at 25,000 of them 4,800 rows/s
/// against 240,000).
#[derive(Debug, Default)]
pub struct Rows {
    columns: Vec<Column>,
}

#[derive(Debug)]
enum Column {
    Int(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
    Bool(Vec<Option<bool>>),
    Blob(Vec<Option<Vec<u8>>>),
}

/// Rows in one statement on SQLite. A list is cut into pieces of these sizes, so that there are few statements and each
/// stays prepared: parsing a statement of thousands of placeholders costs more than running it. The largest, times the
/// widest table's columns, stays below SQLite's limit of 32,766 placeholders.
const SQLITE_PIECES: [usize; 4] = [512, 64, 8, 1];

impl Rows {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of numbers.
    #[must_use]
    pub fn ints(self, values: impl Iterator<Item = i64>) -> Self {
        self.optional_ints(values.map(Some))
    }

    /// Adds a column of numbers that may be missing.
    #[must_use]
    pub fn optional_ints(mut self, values: impl Iterator<Item = Option<i64>>) -> Self {
        self.columns.push(Column::Int(values.collect()));
        self
    }

    /// Adds a column of texts.
    #[must_use]
    pub fn texts(self, values: impl Iterator<Item = impl Into<String>>) -> Self {
        self.optional_texts(values.map(Some))
    }

    /// Adds a column of texts that may be missing.
    #[must_use]
    pub fn optional_texts(mut self, values: impl Iterator<Item = Option<impl Into<String>>>) -> Self {
        self.columns.push(Column::Text(values.map(|text| text.map(Into::into)).collect()));
        self
    }

    /// Adds a column of truth values.
    #[must_use]
    pub fn bools(self, values: impl Iterator<Item = bool>) -> Self {
        self.optional_bools(values.map(Some))
    }

    /// Adds a column of truth values that may be missing.
    #[must_use]
    pub fn optional_bools(mut self, values: impl Iterator<Item = Option<bool>>) -> Self {
        self.columns.push(Column::Bool(values.collect()));
        self
    }

    /// Adds a column of bytes.
    #[must_use]
    pub fn blobs(self, values: impl Iterator<Item = Vec<u8>>) -> Self {
        self.optional_blobs(values.map(Some))
    }

    /// Adds a column of bytes that may be missing.
    #[must_use]
    pub fn optional_blobs(mut self, values: impl Iterator<Item = Option<Vec<u8>>>) -> Self {
        self.columns.push(Column::Blob(values.collect()));
        self
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| match column {
            Column::Int(values) => values.len(),
            Column::Text(values) => values.len(),
            Column::Bool(values) => values.len(),
            Column::Blob(values) => values.len(),
        })
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let (len, mut start) = (self.len(), 0);
        std::iter::from_fn(move || {
            let size = SQLITE_PIECES.into_iter().find(|size| *size <= len - start)?;
            start += size;
            Some(start - size..start)
        })
    }

    pub(super) fn for_sqlite(&self, sql: &str, piece: std::ops::Range<usize>) -> Result<(String, SqliteArguments)> {
        let row = format!("({})", vec!["?"; self.columns.len()].join(","));
        let values = format!("VALUES {}", vec![row.as_str(); piece.len()].join(","));
        let mut arguments = SqliteArguments::default();
        for index in piece {
            for column in &self.columns {
                match column {
                    Column::Int(values) => Arguments::add(&mut arguments, values[index]),
                    Column::Text(values) => Arguments::add(&mut arguments, values[index].as_deref()),
                    Column::Bool(values) => Arguments::add(&mut arguments, values[index]),
                    Column::Blob(values) => Arguments::add(&mut arguments, values[index].as_deref()),
                }
                .map_err(sqlx::Error::Encode)?;
            }
        }
        Ok((sql.replace("{rows}", &values), arguments))
    }

    pub(super) fn for_postgres(&self, sql: &str) -> Result<(String, PgArguments)> {
        let mut arrays = Vec::with_capacity(self.columns.len());
        let mut arguments = PgArguments::default();
        for (index, column) in self.columns.iter().enumerate() {
            let (kind, added) = match column {
                Column::Int(values) => ("bigint", Arguments::add(&mut arguments, values)),
                Column::Text(values) => ("text", Arguments::add(&mut arguments, values)),
                Column::Bool(values) => ("boolean", Arguments::add(&mut arguments, values)),
                Column::Blob(values) => ("bytea", Arguments::add(&mut arguments, values)),
            };
            added.map_err(sqlx::Error::Encode)?;
            arrays.push(format!("${}::{kind}[]", index + 1));
        }
        Ok((sql.replace("{rows}", &format!("SELECT * FROM unnest({})", arrays.join(", "))), arguments))
    }
}
