//! Transactions.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Postgres, SqlSafeStr, Sqlite, Transaction};
use vestnik_model::keyring::Keyring;

use super::args::{Args, Row, postgres, sqlite};
use super::{Result, Rows, Wake, wake};
use crate::signals::Signals;

/// A transaction. Dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub struct Tx {
    pub(super) inner: TxInner,
    /// Whether statements may stay prepared: behind a pooler they may not.
    pub(super) prepares: bool,
    pub(super) signals: Arc<Signals>,
    pub(super) keys: Option<Keyring>,
    /// Whom to wake when it is committed.
    pub(super) wakes: Vec<Wake>,
}

#[derive(Debug)]
pub(super) enum TxInner {
    /// It holds the write lock from its beginning.
    Sqlite(Transaction<'static, Sqlite>),
    /// Read committed.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// All rows of a query.
    pub async fn fetch_all<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<Vec<T>> {
        Ok(match &mut self.inner {
            TxInner::Sqlite(tx) => sqlx::query_as_with(sql, sqlite(args)?).fetch_all(&mut **tx).await?,
            TxInner::Postgres(tx) => {
                sqlx::query_as_with(sql, postgres(args)?).persistent(self.prepares).fetch_all(&mut **tx).await?
            }
        })
    }

    /// The only row of a query.
    pub async fn fetch_one<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<T> {
        Ok(match &mut self.inner {
            TxInner::Sqlite(tx) => sqlx::query_as_with(sql, sqlite(args)?).fetch_one(&mut **tx).await?,
            TxInner::Postgres(tx) => {
                sqlx::query_as_with(sql, postgres(args)?).persistent(self.prepares).fetch_one(&mut **tx).await?
            }
        })
    }

    /// The row of a query, if it has one.
    pub async fn fetch_optional<T: Row>(&mut self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<Option<T>> {
        Ok(match &mut self.inner {
            TxInner::Sqlite(tx) => sqlx::query_as_with(sql, sqlite(args)?).fetch_optional(&mut **tx).await?,
            TxInner::Postgres(tx) => {
                sqlx::query_as_with(sql, postgres(args)?).persistent(self.prepares).fetch_optional(&mut **tx).await?
            }
        })
    }

    /// Runs a statement; answers how many rows it touched.
    pub async fn execute(&mut self, sql: impl SqlSafeStr, args: Args<'_>) -> Result<u64> {
        Ok(match &mut self.inner {
            TxInner::Sqlite(tx) => sqlx::query_with(sql, sqlite(args)?).execute(&mut **tx).await?.rows_affected(),
            TxInner::Postgres(tx) => sqlx::query_with(sql, postgres(args)?)
                .persistent(self.prepares)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
        })
    }

    /// Changes settings of the session until the transaction ends; only PostgreSQL has such.
    pub(super) async fn set(&mut self, settings: &'static str) -> Result<()> {
        if let TxInner::Postgres(tx) = &mut self.inner {
            sqlx::raw_sql(settings).execute(&mut **tx).await?;
        }
        Ok(())
    }

    /// Runs a statement over many rows: `{rows}` in `sql` becomes a table of them. Answers how many rows it touched.
    pub async fn execute_rows(&mut self, sql: &str, rows: &Rows) -> Result<u64> {
        let mut touched = 0;
        match &mut self.inner {
            TxInner::Sqlite(tx) => {
                for piece in rows.pieces() {
                    let (sql, args) = rows.for_sqlite(sql, piece)?;
                    let query = sqlx::query_with(AssertSqlSafe(sql), args);
                    touched += query.execute(&mut **tx).await?.rows_affected();
                }
            }
            TxInner::Postgres(tx) => {
                let (sql, args) = rows.for_postgres(sql)?;
                let query = sqlx::query_with(AssertSqlSafe(sql), args).persistent(self.prepares);
                touched = query.execute(&mut **tx).await?.rows_affected();
            }
        }
        Ok(touched)
    }

    /// Like [`Tx::execute_rows`], with the rows that the statement returns, in no particular order.
    pub async fn fetch_rows<T: Row>(&mut self, sql: &str, rows: &Rows) -> Result<Vec<T>> {
        let mut found = Vec::new();
        match &mut self.inner {
            TxInner::Sqlite(tx) => {
                for piece in rows.pieces() {
                    let (sql, args) = rows.for_sqlite(sql, piece)?;
                    let query = sqlx::query_as_with(AssertSqlSafe(sql), args);
                    found.append(&mut query.fetch_all(&mut **tx).await?);
                }
            }
            TxInner::Postgres(tx) => {
                let (sql, args) = rows.for_postgres(sql)?;
                let query = sqlx::query_as_with(AssertSqlSafe(sql), args).persistent(self.prepares);
                found = query.fetch_all(&mut **tx).await?;
            }
        }
        Ok(found)
    }

    /// Waits until no other transaction holds the lock of this name, and holds it to the end. On SQLite a transaction
    /// has all others wait anyway.
    pub async fn lock(&mut self, name: i64) -> Result<()> {
        if let TxInner::Postgres(_) = self.inner {
            self.execute("SELECT pg_advisory_xact_lock($1)", &[&name]).await?;
        }
        Ok(())
    }

    /// The keys at hand.
    pub(crate) fn keys(&self) -> Option<&Keyring> {
        self.keys.as_ref()
    }

    /// Whether others may write beside this transaction, as on PostgreSQL.
    pub fn is_shared(&self) -> bool {
        matches!(self.inner, TxInner::Postgres(_))
    }

    /// Wakes loops of this process and of others when the transaction is committed.
    pub fn wake(&mut self, whom: Wake) {
        self.wakes.push(whom);
    }

    /// Makes everything that was written visible and lasting.
    pub async fn commit(mut self) -> Result<()> {
        let wakes = std::mem::take(&mut self.wakes);
        if self.is_shared() {
            for whom in &wakes {
                self.execute("SELECT pg_notify($1, $2)", &[&wake::CHANNEL, &whom.as_str()]).await?;
            }
        }
        match self.inner {
            TxInner::Sqlite(tx) => tx.commit().await?,
            TxInner::Postgres(tx) => tx.commit().await?,
        }
        for whom in wakes {
            self.signals.wake(whom);
        }
        Ok(())
    }
}
