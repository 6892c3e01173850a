//! One SQL for two databases: the pools, the connection a call reads from, the transaction a call writes in.
//!
//! SQLite has one writer connection, fairly queued, whose transactions begin IMMEDIATE, and a pool of readers beside it.
//! PostgreSQL has one pool and runs READ COMMITTED, so verbs with rules across rows begin with [`locks`]. Nothing
//! outside `domain` sees a connection; inside, calls come from [`crate::access`] only.

#![expect(clippy::disallowed_methods, reason = "this is the one module that runs statements and begins transactions")]

pub mod locks;
mod migrations;
pub mod sql;

pub use sql::{Arg, Registered, Sql};
/// Why the database did not do what a statement says.
pub use sqlx::Error;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{FromRow, Postgres, Sqlite, Transaction};
use std::path::PathBuf;
use std::time::Duration;

/// How long a call waits for a connection before it is told that the database is unavailable.
const PATIENCE: Duration = Duration::from_millis(2_500);
const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;

/// A row that both databases can give: `#[derive(FromRow)]` makes one.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// The database Keel keeps everything in.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file. The lock file beside it serialises migrations.
    Sqlite {
        /// The one connection that writes.
        writer: SqlitePool,
        /// The connections that only read.
        readers: SqlitePool,
        /// Where the file is.
        file: PathBuf,
    },
    /// A server.
    Postgres(PgPool),
}

impl Db {
    /// Opens `sqlite:PATH` (made when absent) or `postgres://…` and applies the migrations that are missing.
    ///
    /// # Errors
    /// When the URL cannot be read, the database does not answer, or a migration fails.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let db = if url.starts_with("postgres") { Self::open_postgres(url)? } else { Self::open_sqlite(url)? };
        migrations::run(&db).await?;
        Ok(db)
    }

    fn open_sqlite(url: &str) -> Result<Self, Error> {
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(PATIENCE);
        let file = options.get_filename().to_path_buf();
        // A file does not hang up: asking whether it is still there before each call would only cost time.
        let pool = |connections| SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).test_before_acquire(false);
        let writer = pool(1).connect_lazy_with(options.clone());
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON").create_if_missing(false));
        Ok(Self::Sqlite { writer, readers, file })
    }

    fn open_postgres(url: &str) -> Result<Self, Error> {
        let options = url.parse::<PgConnectOptions>()?.application_name("keel").options([("statement_timeout", "10s")]);
        let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(PATIENCE).connect_lazy_with(options);
        Ok(Self::Postgres(pool))
    }

    /// Whether the database answers.
    pub async fn answers(&self) -> bool {
        match self {
            Self::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.is_ok(),
            Self::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.is_ok(),
        }
    }

    /// Ends every connection, after those in use are given back.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// Asks both databases' parsers about a statement, without running it.
    #[doc(hidden)]
    pub async fn prepare(&self, statement: &Sql) -> Result<(), Error> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        match self {
            Self::Sqlite { readers, .. } => readers.prepare(statement.text.into_sql_str()).await.map(drop),
            Self::Postgres(pool) => pool.prepare(statement.text.into_sql_str()).await.map(drop),
        }
    }

    pub(crate) async fn read(&self) -> Result<Conn, Error> {
        Ok(Conn(match self {
            Self::Sqlite { readers, .. } => Kind::Sqlite(readers.acquire().await?),
            Self::Postgres(pool) => Kind::Postgres(pool.acquire().await?),
        }))
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        Ok(Tx(Conn(match self {
            Self::Sqlite { writer, .. } => Kind::SqliteTx(writer.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Kind::PostgresTx(pool.begin().await?),
        })))
    }
}

/// A connection to read from.
#[derive(Debug)]
pub struct Conn(Kind);

#[derive(Debug)]
enum Kind {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    SqliteTx(Transaction<'static, Sqlite>),
    PostgresTx(Transaction<'static, Postgres>),
}

macro_rules! bind {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Flag(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
            };
        }
        query
    }};
}

/// Binds the arguments and runs the same method of sqlx on whichever connection there is.
macro_rules! on {
    ($conn:expr, $args:expr, $query:ident :: <$($row:ty)?> ($sql:expr), $method:ident) => {
        match &mut $conn.0 {
            Kind::Sqlite(c) => bind!(sqlx::$query::<Sqlite $(, $row)?>($sql.text), $args).$method(&mut **c).await,
            Kind::Postgres(c) => bind!(sqlx::$query::<Postgres $(, $row)?>($sql.text), $args).$method(&mut **c).await,
            Kind::SqliteTx(c) => bind!(sqlx::$query::<Sqlite $(, $row)?>($sql.text), $args).$method(&mut **c).await,
            Kind::PostgresTx(c) => bind!(sqlx::$query::<Postgres $(, $row)?>($sql.text), $args).$method(&mut **c).await,
        }
    };
}

impl Conn {
    /// Every row.
    pub(crate) async fn list<T: Row>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Vec<T>, Error> {
        on!(self, args, query_as::<T>(sql), fetch_all)
    }

    /// The row, if there is one.
    pub(crate) async fn find<T: Row>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<Option<T>, Error> {
        on!(self, args, query_as::<T>(sql), fetch_optional)
    }

    /// The row there must be.
    pub(crate) async fn get<T: Row>(&mut self, sql: Sql, args: Vec<Arg>) -> Result<T, Error> {
        on!(self, args, query_as::<T>(sql), fetch_one)
    }
}

/// A transaction to write in. Dropped without [`Tx::commit`], nothing of it happened.
#[derive(Debug)]
pub struct Tx(Conn);

impl Tx {
    /// How many rows the statement changed.
    pub(crate) async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, Error> {
        let conn = &mut self.0;
        Ok(match &mut conn.0 {
            Kind::Sqlite(c) => bind!(sqlx::query::<Sqlite>(sql.text), args).execute(&mut **c).await?.rows_affected(),
            Kind::Postgres(c) => bind!(sqlx::query::<Postgres>(sql.text), args).execute(&mut **c).await?.rows_affected(),
            Kind::SqliteTx(c) => bind!(sqlx::query::<Sqlite>(sql.text), args).execute(&mut **c).await?.rows_affected(),
            Kind::PostgresTx(c) => bind!(sqlx::query::<Postgres>(sql.text), args).execute(&mut **c).await?.rows_affected(),
        })
    }

    /// Whether the statement changed exactly one row: the guarded update went through.
    pub(crate) async fn ran(&mut self, sql: Sql, args: Vec<Arg>) -> Result<bool, Error> {
        Ok(self.run(sql, args).await? == 1)
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.0.0 {
            Kind::SqliteTx(t) => t.commit().await,
            Kind::PostgresTx(t) => t.commit().await,
            Kind::Sqlite(_) | Kind::Postgres(_) => Ok(()),
        }
    }
}

impl std::ops::Deref for Tx {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
