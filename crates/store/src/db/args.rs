//! What statements take and give, on both databases alike.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, Encode, FromRow, Postgres, Sqlite, Type};

use super::Result;

/// Something that both databases take as an argument.
pub trait Param: Sync {
    /// Adds it to a statement for SQLite.
    fn sqlite(&self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError>;
    /// Adds it to a statement for PostgreSQL.
    fn postgres(&self, arguments: &mut PgArguments) -> Result<(), BoxDynError>;
}

impl<T> Param for T
where
    T: Sync,
    for<'a> &'a T: Encode<'a, Sqlite> + Type<Sqlite> + Encode<'a, Postgres> + Type<Postgres>,
{
    fn sqlite(&self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
        Arguments::add(arguments, self)
    }

    fn postgres(&self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        Arguments::add(arguments, self)
    }
}

/// A row that both databases give.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T> Row for T where T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

/// Arguments of a statement.
pub type Args<'a> = &'a [&'a dyn Param];

pub(super) fn sqlite(args: Args<'_>) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for arg in args {
        arg.sqlite(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

pub(super) fn postgres(args: Args<'_>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for arg in args {
        arg.postgres(&mut arguments).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
