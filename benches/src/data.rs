//! The databases of the bench: filled by SQL past the doors, and looked at with statements of Keel's own.

#![expect(clippy::disallowed_methods, reason = "the bench fills databases past the doors, and runs Keel's statements without Keel")]

use crate::Failure;
use keel_domain::args;
use keel_domain::clock::Clock;
use keel_domain::db::sql::registered;
use keel_domain::db::{Arg, Db};
use keel_domain::secrets::PlainToken;
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

/// How much there is in a database.
pub struct Size {
    /// People. Each has a personal account and owns a workspace.
    pub people: u32,
    /// People who are members of the first workspace besides.
    pub members: u32,
    /// Ledger rows that the first workspace has besides the twenty that every one has.
    pub entries: u32,
    /// Events in the first workspace's audit log.
    pub events: u32,
    /// Workspaces that pay; the last ones do not.
    pub subscribed: u32,
}

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

/// Migrates and fills a database that is new. The person is signed in.
pub async fn fill(url: &str, size: &Size) -> Result<Person, Failure> {
    Db::open(url).await?.close().await;
    let database = Database::open_writer(url).await?;
    if let Database::Sqlite(_) = database {
        database.execute("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF".to_owned()).await?;
    }
    for insert in inserts(size) {
        database.execute(insert).await?;
    }
    let token = PlainToken::random();
    let person = Person {
        token: token.reveal().to_owned(),
        hash: token.hashed().as_str().to_owned(),
        user: id("usr", 1, 1),
        workspace: id("acc", 2, 1),
    };
    let now = Clock::default().now().0;
    database
        .execute(format!(
            "INSERT INTO user_sessions (id, token_hash, user_id, active_account_id, factor, agent, address, created_at, last_seen_at)
             VALUES ('{}', '{}', '{}', '{}', 'link', '', '', {now}, {now})",
            id("ses", 2, 1),
            person.hash,
            person.user,
            person.workspace
        ))
        .await?;
    if let Database::Postgres(_) = database {
        database.execute("VACUUM ANALYZE".to_owned()).await?;
    }
    database.close().await;
    Ok(person)
}

/// Says which customer at Stripe belongs to each of the last workspaces.
pub async fn add_customers(url: &str, people: u32, customers: &[String]) -> Result<(), Failure> {
    let rows: Vec<String> =
        (1..=people).rev().zip(customers).map(|(i, customer)| format!("('{}', '{customer}', 1)", id("acc", 2, i))).collect();
    let database = Database::open_writer(url).await?;
    database.execute(format!("INSERT INTO stripe_customers (account_id, customer_id, claimed_at) VALUES {}", rows.join(", "))).await?;
    database.close().await;
    Ok(())
}

/// Ids have 32 digits: 20 for the series, 12 for the number.
const FIRST: u64 = 100_000_000_000;

fn id(kind: &str, series: u32, number: u32) -> String {
    format!("{kind}_{series:020}{}", FIRST + u64::from(number))
}

/// The same, where the number is an expression of SQL.
fn ids(kind: &str, series: u32, number: &str) -> String {
    format!("'{kind}_{series:020}' || CAST({FIRST} + {number} AS TEXT)")
}

/// Statements that fill every table the pages read. `i` counts from one.
fn inserts(size: &Size) -> Vec<String> {
    let Size { people, members, entries, events, subscribed } = *size;
    let now = Clock::default().now().0;
    let (user, personal, workspace) = (ids("usr", 1, "i"), ids("acc", 1, "i"), ids("acc", 2, "i"));
    // What is counted across all workspaces, in equal shares: whose it is, and its place there.
    let (shared, place) = (ids("acc", 2, &format!("(i - 1) % {people} + 1")), format!("((i - 1) / {people} + 1)"));
    let first = format!("'{}'", id("acc", 2, 1));
    let made = |what, series| ids(what, series, "i");
    let membership = |series, account: &str, number: &str, role| {
        let (id, user) = (made("mem", series), ids("usr", 1, number));
        format!("{id}, {account}, {user}, '{role}', {now}, 'person number ' || {number}, 'person' || {number} || '@bench.example'")
    };
    let entry = |series, account: &str, number: &str| {
        format!(
            "{}, {account}, {number}, 'subscription', 100, 100 * {number}, 'bench:{series}:' || i, {now} - 60000 * i",
            made("cre", series)
        )
    };
    let mut all = vec![
        insert(people, USERS, &format!("{user}, 'person' || i || '@bench.example', {now}, {now}")),
        insert(people, PROFILES, &format!("{user}, 'Person', 'Number ' || i, {now}")),
        insert(people, ACCOUNTS, &format!("{personal}, 'personal', 'Person Number ' || i, NULL, {user}, {user}, 1, 1, {now}")),
        insert(people, ACCOUNTS, &format!("{workspace}, 'workspace', 'Workspace ' || i, 'workspace-' || i, NULL, {user}, 10, 1, {now}")),
        insert(people, SLUGS, &format!("'workspace-' || i, {workspace}, CAST(NULL AS BIGINT)")),
        insert(
            people,
            INVITATIONS,
            &format!(
                "{}, {workspace}, 'invited' || i || '@bench.example', 'member', 'nobody knows the link of ' || i, 'Person Number ' || i, 'pending',
                {now} - {DAY}, {now} - {DAY}, {now} + {DAY}",
                made("inv", 1)
            ),
        ),
        insert(people, MEMBERSHIPS, &membership(1, &personal, "i", "owner")),
        insert(people, MEMBERSHIPS, &membership(2, &workspace, "i", "owner")),
        insert(
            subscribed,
            SUBSCRIPTIONS,
            &format!(
                "{}, {workspace}, 'sub_bench' || i, 'pro', 'month', 2900, 'usd', 1, 'active', TRUE, {now}, {now}, {now}",
                made("sub", 1)
            ),
        ),
        insert(people, SESSIONS, &format!("{}, 'nobody knows the token of ' || i, {user}, 'link', '', '', {now}, {now}", made("ses", 1))),
        insert(people, BALANCES, &format!("{workspace}, 2000")),
        insert(people, LOTS, &format!("{}, {workspace}, 2000, {now}", made("lot", 1))),
        insert(people, COMPANIES, &format!("{workspace}, 'Company ' || i, 'Quay 1', {now}")),
        insert(20 * people, ENTRIES, &entry(1, &shared, &place)),
        insert(2 * people, PAYMENTS, &format!("{}, {shared}, 'in_bench' || i, 'Pro', 2900, 'usd', 'paid', {now}", made("pay", 1))),
    ];
    all.push(insert(
        events,
        EVENTS,
        &format!(
            "{}, {first}, 'Person Number ' || (i % 2), 'member.role_changed', {first}, '203.0.113.7', 'bench', '{{}}', {now} - 1000 * i,
            'person number ' || (i % 2)",
            made("aud", 1)
        ),
    ));
    if members > 0 {
        all.push(insert(members, MEMBERSHIPS, &membership(3, &first, "(i + 1)", "member")));
        all.push(format!("UPDATE accounts SET member_count = member_count + {members} WHERE id = {first}"));
    }
    if entries > 0 {
        all.push(insert(entries, ENTRIES, &entry(2, &first, "(20 + i)")));
        all.push(format!("UPDATE credit_balances SET balance = balance + 100 * {entries} WHERE account_id = {first}"));
        all.push(format!("UPDATE credit_lots SET remaining = remaining + 100 * {entries} WHERE account_id = {first}"));
    }
    all
}

const USERS: &str = "users (id, email, verified_at, created_at)";
const PROFILES: &str = "user_profiles (user_id, first_name, last_name, onboarded_at)";
const ACCOUNTS: &str = "accounts (id, kind, name, slug, person_id, billing_owner_id, max_members, member_count, created_at)";
const SLUGS: &str = "slugs (slug, account_id, held_until)";
const INVITATIONS: &str = "invitations (id, account_id, email, role, token_hash, inviter_name, state, created_at, mailed_at, expires_at)";
const MEMBERSHIPS: &str = "memberships (id, account_id, user_id, role, created_at, sort_key, email)";
const SUBSCRIPTIONS: &str = "subscriptions
    (id, account_id, stripe_id, plan, period, unit_amount, currency, seats, status, live, period_start, created_at, synced_at)";
const SESSIONS: &str = "user_sessions (id, token_hash, user_id, factor, agent, address, created_at, last_seen_at)";
const COMPANIES: &str = "companies (account_id, name, address, updated_at)";
const BALANCES: &str = "credit_balances (account_id, balance)";
const LOTS: &str = "credit_lots (id, account_id, remaining, created_at)";
const ENTRIES: &str = "credit_entries (id, account_id, number, kind, amount, balance_after, fact, created_at)";
const EVENTS: &str = "audit_events (id, account_id, actor_name, action, resource, address, agent, metadata, created_at, actor_key)";
const PAYMENTS: &str = "payments (id, account_id, stripe_id, product, amount, currency, status, created_at)";

/// Inserts a row for each `i` up to `rows`.
fn insert(rows: u32, into: &str, values: &str) -> String {
    let numbers = format!("WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    format!("INSERT INTO {into} {numbers} SELECT {values} FROM n")
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
