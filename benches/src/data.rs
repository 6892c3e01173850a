//! The databases of the bench: filled by SQL past the doors, and looked at with statements of Keel's own.

#![expect(clippy::disallowed_methods, reason = "the bench fills databases past the doors, and runs Keel's statements without Keel")]

mod filling;

pub use filling::{Size, add_customers, fill};

use crate::Failure;
use keel_domain::args;
use keel_domain::clock::Clock;
use keel_domain::db::Arg;
use keel_domain::db::sql::registered;
use keel_types::time::DAY;
use serde::{Deserialize, Serialize};
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

/// Stores an event as bare as it gets.
pub const INSERT_EVENT: &str =
    "INSERT INTO stripe_events (id, kind, object_kind, object_id, customer, body, state, due_at, happened_at, received_at)
    VALUES ($1, 'customer.subscription.updated', 'subscription', 'sub_bare', 'cus_bare', $2, 'new', 0, 0, 0)";
/// The pages that are measured beside their statements.
pub const BILLING: &str = "/org-dashboard/billing";
/// See [`BILLING`].
pub const MEMBERS: &str = "/org-dashboard/members";
/// See [`BILLING`].
pub const LEDGER: &str = "/billing/credits";
/// Tables so small that reading them whole is right.
const SMALL: [&str; 1] = ["roles"];

/// Somebody signed in: the owner of the first workspace.
#[derive(Clone, Serialize, Deserialize)]
pub struct Person {
    /// The session's token.
    pub token: String,
    hash: String,
    user: String,
    workspace: String,
}

impl Person {
    /// The cookie of the session.
    pub fn cookie(&self) -> String {
        format!("__Host-keel_session={}", self.token)
    }
}

/// A connection pool to either database.
pub enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

type Statement = (&'static str, Vec<Arg>);

macro_rules! bound {
    ($sql:expr, $args:expr) => {{
        let mut query = sqlx::query($sql);
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

impl Database {
    /// A pool set up as Keel's readers are.
    pub async fn open(url: &str) -> Result<Self, Failure> {
        Self::with(url, 8).await
    }

    /// On SQLite one connection, as Keel's writer is.
    pub async fn open_writer(url: &str) -> Result<Self, Failure> {
        Self::with(url, 1).await
    }

    async fn with(url: &str, connections: u32) -> Result<Self, Failure> {
        if url.starts_with("postgres") {
            return Ok(Self::Postgres(PgPoolOptions::new().max_connections(16).connect(url).await?));
        }
        let options: SqliteConnectOptions = url.parse()?;
        let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full).foreign_keys(true);
        Ok(Self::Sqlite(SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false).connect_with(options).await?))
    }

    /// Runs statements over one connection and reads every row.
    pub async fn run_all(&self, statements: &[Statement]) -> Result<(), Failure> {
        match self {
            Self::Sqlite(pool) => {
                let mut connection = pool.acquire().await?;
                for (sql, args) in statements {
                    bound!(*sql, args.clone()).fetch_all(&mut *connection).await?;
                }
            }
            Self::Postgres(pool) => {
                let mut connection = pool.acquire().await?;
                for (sql, args) in statements {
                    bound!(*sql, args.clone()).fetch_all(&mut *connection).await?;
                }
            }
        }
        Ok(())
    }

    /// Runs one statement in a transaction of its own.
    pub async fn insert_and_commit(&self, sql: &'static str, args: Vec<Arg>) -> Result<(), Failure> {
        match self {
            Self::Sqlite(pool) => {
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                bound!(sql, args).execute(&mut *tx).await?;
                tx.commit().await?;
            }
            Self::Postgres(pool) => {
                let mut tx = pool.begin().await?;
                bound!(sql, args).execute(&mut *tx).await?;
                tx.commit().await?;
            }
        }
        Ok(())
    }

    /// The number a statement gives.
    pub async fn number(&self, sql: &'static str) -> Result<i64, Failure> {
        Ok(match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await?,
        })
    }

    async fn execute(&self, sql: String) -> Result<(), Failure> {
        match self {
            Self::Sqlite(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(|_| ())?,
            Self::Postgres(pool) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(|_| ())?,
        }
        Ok(())
    }

    /// Steps of a page's plans that read a table without an index.
    pub async fn whole_table_reads(&self, page: &str, person: &Person) -> Result<Vec<String>, Failure> {
        let mut found = vec![];
        for (sql, args) in statements_of(page, person)? {
            let lines: Vec<String> = match self {
                Self::Sqlite(pool) => {
                    let rows = bound!(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")), args).fetch_all(pool).await?;
                    rows.iter().map(|row| row.try_get("detail")).collect::<Result<_, _>>()?
                }
                Self::Postgres(pool) => {
                    let rows = bound!(AssertSqlSafe(format!("EXPLAIN {sql}")), args).fetch_all(pool).await?;
                    rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?
                }
            };
            let whole = |line: &str| {
                let table = line.split_once("SCAN ").or_else(|| line.split_once("Seq Scan on ")).map(|(_, table)| table);
                // PostgreSQL reads a table without a page whole, at no cost.
                table.is_some_and(|table| !table.contains("(cost=0.00..0.00 ") && !SMALL.iter().any(|small| table.starts_with(small)))
            };
            found.extend(lines.iter().filter(|line| whole(line)).map(|line| line.trim().to_owned()));
        }
        Ok(found)
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A new database on the PostgreSQL server whose address this is.
pub async fn create_postgres(server: &str, name: &str) -> Result<String, Failure> {
    let mut connection = PgConnection::connect(server).await?;
    let create = format!("CREATE DATABASE {name} LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0");
    sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await?;
    connection.close().await?;
    let (server, _) = server.rsplit_once('/').ok_or("no database in the address")?;
    Ok(format!("{server}/{name}"))
}

/// The statements of a page with their arguments, as Keel runs them for this person.
///
/// # Errors
/// When Keel has a statement no more.
pub fn statements_of(page: &str, person: &Person) -> Result<Vec<Statement>, Failure> {
    let now = Clock::default().now();
    let (user, workspace) = (person.user.as_str(), person.workspace.as_str());
    let mut all = vec![
        ("access/caller.rs", "FIND_CALLER", args![person.hash.as_str(), now.plus(-14 * DAY), now.plus(-30 * DAY), "", true, now]),
        ("accounts/mod.rs", "LIST_MINE", args![user, true]),
    ];
    all.extend(match page {
        BILLING => vec![
            ("billing/overview.rs", "FIND_STATE", args![workspace, now]),
            ("billing/overview.rs", "LIST_ENTRIES", args![workspace]),
            ("billing/overview.rs", "LIST_PAYMENTS", args![workspace]),
            ("billing/licences.rs", "LIST_NEWEST", args![workspace]),
            ("companies.rs", "FIND_COMPANY", args![workspace]),
            ("members/ownership.rs", "LIST_OWNERS", args![workspace, 200_i64]),
        ],
        LEDGER => vec![("billing/records.rs", "LIST_LEDGER", args![workspace, i64::MIN, i64::MAX, i64::MAX, 0_i64, 51_i64])],
        _ => vec![
            ("billing/overview.rs", "FIND_STATE", args![workspace, now]),
            ("members/mod.rs", "LIST_ROLES", args![workspace]),
            ("members/mod.rs", "LIST_BY_NAME", args![workspace, "", "", 51_i64]),
            ("invitations/listing.rs", "LIST_PENDING", args![workspace]),
        ],
    });
    all.into_iter().map(|(file, name, args)| Ok((text_of(file, name)?, args))).collect()
}

fn text_of(file: &str, name: &str) -> Result<&'static str, Failure> {
    let is_it = |at: &str| at.rsplit(' ').next() == Some(name) && at.split(':').next().is_some_and(|path| path.ends_with(file));
    let found = registered().find(|sql| is_it(sql.at)).map(|sql| sql.text);
    found.ok_or_else(|| format!("{file} has no statement {name}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_page_that_is_measured_has_the_statements_it_runs_today() {
        let dir = std::env::temp_dir().join(format!("keel-bench-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let url = format!("sqlite:{}", dir.join("little.db").display());
        let person = fill(&url, &Size { people: 5, members: 2, entries: 100, events: 2, subscribed: 5 }).await.unwrap();
        let database = Database::open(&url).await.unwrap();
        for page in [BILLING, LEDGER, MEMBERS] {
            database.run_all(&statements_of(page, &person).unwrap()).await.unwrap();
            assert_eq!(database.whole_table_reads(page, &person).await.unwrap(), Vec::<String>::new(), "{page}");
        }
        database.close().await;
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
