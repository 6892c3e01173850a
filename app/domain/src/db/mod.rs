//! One SQL for two databases: the pools, the connection a call reads from, the transaction a call writes in.
//!
//! SQLite has one writer connection, fairly queued, whose transactions begin IMMEDIATE ([`writers`]), and a pool of readers beside it.
//! PostgreSQL has one pool and runs READ COMMITTED, so verbs with rules across rows begin with [`locks`]. Nothing
//! outside `domain` sees a connection; inside, calls come from [`crate::access`] only.
//!
//! Every wait is bounded here and not by the server alone, which may have stopped: whoever waited in vain is told
//! `Unavailable`, and a connection nobody answers on is closed. Tested in `tests/flows/outages.rs`.

#![expect(clippy::disallowed_methods, reason = "this is the one module that runs statements and begins transactions")]

pub mod locks;
mod migrations;
mod records;
pub mod sql;
mod writers;

pub(crate) use records::Record;
pub use sql::{Arg, Registered, Sql};
/// Why the database did not do what a statement says.
pub use sqlx::Error;
pub use writers::Writer;

use crate::request;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions, PgRow, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous};
use sqlx::{Database, Executor, FromRow, Pool, Postgres, Sqlite};
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};
use writers::Turn;

/// How long a call waits for a connection before it is told that the database is unavailable.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a call of a request may take with the database from the first wait to the last: a person is told within three
/// seconds.
const CALL: Duration = Duration::from_millis(2_500);
/// How long a single statement of a job or a command may take: on PostgreSQL a little longer than it allows by itself.
const STATEMENT: Duration = Duration::from_secs(15);
/// The same on SQLite, which cannot stop answering: whatever a proof of a large ledger needs.
const LONGEST_READ: Duration = Duration::from_hours(1);
/// How long a connection may take to be fit for the next call.
const RETURN: Duration = Duration::from_secs(2);
/// What PostgreSQL bounds by itself, so that what was given up here does not go on there. A transaction is never idle for long;
/// one that is was lost on the way, and others wait for its locks.
const SERVER_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "10s"), ("lock_timeout", "2s"), ("idle_in_transaction_session_timeout", "4s")];
/// How long SQLite waits while another process writes.
const BUSY: Duration = Duration::from_secs(2);
const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;

/// A row that both databases can give: `#[derive(FromRow)]` makes one.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// Whether what is sent to the database at `url` is safe on its way: into a file, within this machine, or over TLS.
///
/// # Errors
/// When it is the address of no database.
pub fn is_safe(url: &str) -> Result<bool, Error> {
    if url.starts_with("sqlite:") {
        return url.parse::<SqliteConnectOptions>().map(|_| true);
    }
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(Error::Configuration("neither SQLite nor PostgreSQL".into()));
    }
    let options = url.parse::<PgConnectOptions>()?;
    let host = options.get_host();
    let is_address = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let is_here = options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || is_address(host);
    Ok(is_here || matches!(options.get_ssl_mode(), PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull))
}

/// The database Keel keeps everything in.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file. The lock file beside it serialises migrations.
    Sqlite {
        /// The one connection that writes.
        writer: Writer,
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
        if url.starts_with("postgres") { Self::open_postgres(url).await } else { Self::open_sqlite(url).await }
    }

    async fn open_sqlite(url: &str) -> Result<Self, Error> {
        let options = url
            .parse::<SqliteConnectOptions>()?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY);
        let file = options.get_filename().to_path_buf();
        // A file does not hang up: asking whether it is still there before each call would only cost time.
        let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE).test_before_acquire(false);
        migrations::run_on_sqlite(&options, &file).await?;
        let writer = Writer::new(options.clone());
        let readers = readers.connect_lazy_with(options.pragma("query_only", "ON").create_if_missing(false));
        Ok(Self::Sqlite { writer, readers, file })
    }

    async fn open_postgres(url: &str) -> Result<Self, Error> {
        let options = url.parse::<PgConnectOptions>()?.application_name("keel");
        migrations::run_on_postgres(&options).await?;
        let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(PATIENCE);
        Ok(Self::Postgres(pool.connect_lazy_with(options.options(SERVER_LIMITS))))
    }

    /// Whether the database answers, in two seconds at most.
    pub async fn answers(&self) -> bool {
        let asked = async {
            match self {
                Self::Sqlite { readers, .. } => sqlx::query("SELECT 1").execute(readers).await.is_ok(),
                Self::Postgres(pool) => sqlx::query("SELECT 1").execute(pool).await.is_ok(),
            }
        };
        timeout(PATIENCE, asked).await.unwrap_or(false)
    }

    /// The pools: their names, the connections they have, and how many of them are idle.
    pub(crate) fn connections(&self) -> Vec<(&'static str, i64, i64)> {
        fn of<D: Database>(name: &'static str, pool: &Pool<D>) -> (&'static str, i64, i64) {
            (name, i64::from(pool.size()), i64::try_from(pool.num_idle()).unwrap_or(i64::MAX))
        }
        match self {
            Self::Sqlite { writer, readers, .. } => vec![("writer", 1, i64::from(writer.is_idle())), of("readers", readers)],
            Self::Postgres(pool) => vec![of("postgres", pool)],
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
        use sqlx::SqlSafeStr as _;
        match self {
            Self::Sqlite { readers, .. } => readers.prepare(statement.text.into_sql_str()).await.map(drop),
            Self::Postgres(pool) => pool.prepare(statement.text.into_sql_str()).await.map(drop),
        }
    }

    /// A connection to read from, taken by the first statement: whoever asks nothing waits for nobody.
    pub(crate) fn read(&self) -> Conn {
        Conn { kind: Some(Kind::Wanted(self.clone())), is_transaction: false, until: None }
    }

    pub(crate) async fn begin(&self) -> Result<Tx, Error> {
        match self {
            Self::Sqlite { writer, .. } => Ok(Tx(Box::pin(Conn::take(writer.begin(), Kind::Writer)).await?)),
            Self::Postgres(pool) => {
                let mut conn = Box::pin(Conn::take(pool.acquire(), Kind::Postgres)).await?;
                conn.is_transaction = true;
                conn.control("BEGIN").await?;
                Ok(Tx(conn))
            }
        }
    }
}

/// A connection to read from.
#[derive(Debug)]
pub struct Conn {
    /// None only once it is given back.
    kind: Option<Kind>,
    /// Whether it is PostgreSQL's, and a transaction may be open on it.
    is_transaction: bool,
    /// When the request that waits for it waits no longer.
    until: Option<Instant>,
}

#[derive(Debug)]
enum Kind {
    Wanted(Db),
    Reader(PoolConnection<Sqlite>),
    Writer(Turn),
    Postgres(PoolConnection<Postgres>),
}

macro_rules! bind {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                Arg::Int(value) => query.bind(value),
                Arg::Flag(value) => query.bind(value),
                Arg::Text(value) => query.bind(value),
                Arg::Bytes(value) => query.bind(value),
            };
        }
        query
    }};
}

/// Binds the arguments and runs the same method of sqlx on whichever connection there is.
macro_rules! on {
    ($conn:expr, $args:expr, $query:ident $(::<$row:ty>)? ($sql:expr), $method:ident $(, $then:ident)?) => {{
        $conn.be_taken().await?;
        let until = $conn.until();
        let run = async {
            match &mut $conn.kind {
                Some(Kind::Reader(c)) => {
                    let given = bind!(sqlx::$query::<Sqlite $(, $row)?>($sql.text), $args).$method(&mut **c).await;
                    given$(.map(|given| given.$then()))?
                }
                Some(Kind::Writer(turn)) => {
                    let given = bind!(sqlx::$query::<Sqlite $(, $row)?>($sql.text), $args).$method(turn.conn()?).await;
                    given$(.map(|given| given.$then()))?
                }
                Some(Kind::Postgres(c)) => {
                    let given = bind!(sqlx::$query::<Postgres $(, $row)?>($sql.text), $args).$method(&mut **c).await;
                    given$(.map(|given| given.$then()))?
                }
                Some(Kind::Wanted(_)) | None => Err(Error::PoolClosed),
            }
        };
        in_time(until, run).await
    }};
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

    async fn be_taken(&mut self) -> Result<(), Error> {
        if let Some(Kind::Wanted(db)) = &self.kind {
            *self = match db {
                Db::Sqlite { readers, .. } => Box::pin(Self::take(readers.acquire(), Kind::Reader)).await?,
                Db::Postgres(pool) => Box::pin(Self::take(pool.acquire(), Kind::Postgres)).await?,
            };
        }
        Ok(())
    }

    /// Takes a connection, unless this request has waited for one in vain. To be put in a box: what waits is large, and would be part of
    /// every statement and of the calls around it, which hold many.
    async fn take<T>(taken: impl Future<Output = Result<T, Error>>, kind: impl FnOnce(T) -> Kind) -> Result<Self, Error> {
        if request::has_lost_database() {
            return Err(Error::PoolTimedOut);
        }
        let until = request::is_under_way().then(|| Instant::now() + CALL);
        let taken = match until {
            Some(until) => in_time(until, taken).await,
            None => taken.await,
        };
        let taken = taken.inspect_err(|_| request::lose_database())?;
        Ok(Self { kind: Some(kind(taken)), is_transaction: false, until })
    }

    /// Begins or ends a transaction of PostgreSQL.
    async fn control(&mut self, sql: &'static str) -> Result<(), Error> {
        let until = self.until();
        let Some(Kind::Postgres(conn)) = &mut self.kind else { return Err(Error::PoolClosed) };
        in_time(until, async { (&mut **conn).execute(sql).await.map(drop) }).await
    }

    /// How long the next statement may take.
    fn until(&self) -> Instant {
        let alone = if matches!(self.kind, Some(Kind::Postgres(_))) { STATEMENT } else { LONGEST_READ };
        self.until.unwrap_or_else(|| Instant::now() + alone)
    }
}

async fn in_time<T>(until: Instant, run: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout_at(until, run).await.unwrap_or_else(|_| {
        request::lose_database();
        Err(Error::Io(io::ErrorKind::TimedOut.into()))
    })
}

/// Whatever was under way when it was dropped, a connection is fit for the next call or it is closed.
impl Drop for Conn {
    fn drop(&mut self) {
        match self.kind.take() {
            Some(Kind::Reader(conn)) => drop(tokio::spawn(give_back(conn, false))),
            Some(Kind::Postgres(conn)) => drop(tokio::spawn(give_back(conn, self.is_transaction))),
            // A turn rolls itself back.
            Some(Kind::Wanted(_) | Kind::Writer(_)) | None => {}
        }
    }
}

async fn give_back<D: Database>(mut conn: PoolConnection<D>, is_transaction: bool)
where
    for<'c> &'c mut D::Connection: Executor<'c, Database = D>,
{
    let back = async {
        if is_transaction {
            // It fails where no transaction was begun. Where the connection is broken, the pool finds out.
            let _ = (&mut *conn).execute("ROLLBACK").await;
        }
        conn.return_to_pool().await;
    };
    if timeout(RETURN, back).await.is_err() {
        conn.close_on_drop();
    }
}

/// A transaction to write in. Dropped without [`Tx::commit`], nothing of it happened.
#[derive(Debug)]
pub struct Tx(Conn);

impl Tx {
    /// How many rows the statement changed.
    pub(crate) async fn run(&mut self, sql: Sql, args: Vec<Arg>) -> Result<u64, Error> {
        let conn = &mut self.0;
        on!(conn, args, query(sql), execute, rows_affected)
    }

    /// Whether the statement changed exactly one row: the guarded update went through.
    pub(crate) async fn ran(&mut self, sql: Sql, args: Vec<Arg>) -> Result<bool, Error> {
        Ok(self.run(sql, args).await? == 1)
    }

    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        if let Some(Kind::Writer(turn)) = self.0.kind.take_if(|kind| matches!(kind, Kind::Writer(_))) {
            return turn.commit(self.0.until()).await;
        }
        self.0.control("COMMIT").await?;
        self.0.is_transaction = false;
        Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::size_of_val;

    /// A call holds many statements, one inside the other, on one stack.
    #[tokio::test]
    async fn what_runs_a_statement_is_small() {
        let pool = SqlitePoolOptions::new().connect_lazy("sqlite::memory:").unwrap();
        let db = Db::Sqlite { writer: Writer::new(SqliteConnectOptions::new()), readers: pool, file: PathBuf::new() };
        let mut conn = db.read();
        let list = size_of_val(&conn.list::<(i64,)>(Sql { text: "", at: "" }, vec![]));
        let begin = size_of_val(&db.begin());
        assert!(list < 2_048 && begin < 2_048, "{list} and {begin} bytes");
    }
}
