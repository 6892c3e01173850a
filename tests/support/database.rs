//! A database for one test: a copy of a migrated file, or a clone of a migrated template.

#![expect(clippy::disallowed_methods, reason = "tests look at the database past the doors")]

use keel_domain::db::Db;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool, SqlitePool};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::OnceCell;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A test's own database. It is not opened before it is looked at.
pub struct Database {
    pub url: String,
    pool: Pool,
    name: Option<String>,
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// What was done and is not committed yet.
pub enum Held {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl Held {
    pub async fn commit(self) {
        match self {
            Self::Sqlite(tx) => tx.commit().await.unwrap(),
            Self::Postgres(tx) => tx.commit().await.unwrap(),
        }
    }
}

static SQLITE_TEMPLATE: OnceCell<PathBuf> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

impl Database {
    pub async fn create(engine: Engine, dir: &Path) -> Self {
        let name = format!("keel_test_{}", keel_domain::secrets::reference());
        match engine {
            Engine::Sqlite => {
                let template = SQLITE_TEMPLATE.get_or_init(sqlite_template).await;
                let file = dir.join("keel.db");
                std::fs::copy(template, &file).unwrap();
                let url = format!("sqlite:{}", file.display());
                Self::at(&url)
            }
            Engine::Postgres => {
                let template = POSTGRES_TEMPLATE.get_or_init(postgres_template).await;
                server(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
                Self { name: Some(name.clone()), ..Self::at(&at_server(&name)) }
            }
        }
    }

    /// One without a table.
    pub async fn empty(engine: Engine, dir: &Path) -> Self {
        if engine == Engine::Sqlite {
            return Self::at(&format!("sqlite:{}", dir.join("keel.db").display()));
        }
        let name = format!("keel_empty_{}", keel_domain::secrets::reference());
        create(&name).await;
        Self { name: Some(name.clone()), ..Self::at(&at_server(&name)) }
    }

    /// One that is there already, and stays.
    pub fn at(url: &str) -> Self {
        let pool = if url.starts_with("sqlite:") {
            // A worker that has much to do leaves others little room between its writes.
            let options = url.parse::<SqliteConnectOptions>().unwrap().create_if_missing(true).busy_timeout(Duration::from_secs(20));
            Pool::Sqlite(SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options))
        } else {
            Pool::Postgres(PgPoolOptions::new().max_connections(2).connect_lazy(url).unwrap())
        };
        Self { url: url.to_owned(), pool, name: None }
    }

    /// Applies these migrations.
    pub async fn migrate(&self, migrations: &Migrator) {
        match &self.pool {
            Pool::Sqlite(pool) => migrations.run(pool).await.unwrap(),
            Pool::Postgres(pool) => migrations.run(pool).await.unwrap(),
        }
    }

    /// Runs a statement.
    pub async fn run(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.pool {
            Pool::Sqlite(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
            Pool::Postgres(pool) => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }

    /// Keeps everybody else from writing to a SQLite file, as another process could, until it is dropped.
    pub async fn lock_for_writing(&self) -> sqlx::Transaction<'static, sqlx::Sqlite> {
        let Pool::Sqlite(pool) = &self.pool else { panic!("PostgreSQL has no such lock") };
        pool.begin_with("BEGIN IMMEDIATE").await.unwrap()
    }

    /// Does this, and keeps everybody else from what it touched until it is committed: on SQLite from writing at all.
    pub async fn hold(&self, statements: &[&str]) -> Held {
        let statements = statements.iter().map(|sql| AssertSqlSafe((*sql).to_owned()));
        match &self.pool {
            Pool::Sqlite(pool) => {
                let mut tx = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
                for statement in statements {
                    sqlx::query(statement).execute(&mut *tx).await.unwrap();
                }
                Held::Sqlite(tx)
            }
            Pool::Postgres(pool) => {
                let mut tx = pool.begin().await.unwrap();
                for statement in statements {
                    sqlx::query(statement).execute(&mut *tx).await.unwrap();
                }
                Held::Postgres(tx)
            }
        }
    }

    /// The number a statement gives.
    pub async fn number(&self, sql: &str) -> i64 {
        self.found(sql).await.unwrap_or_else(|| panic!("no number: {sql}"))
    }

    /// The number a statement gives, if there is a row, and one in it.
    pub async fn found(&self, sql: &str) -> Option<i64> {
        let sql = AssertSqlSafe(sql.to_owned());
        let found: Option<Option<i64>> = match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_scalar(sql).fetch_optional(pool).await.unwrap(),
            Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_optional(pool).await.unwrap(),
        };
        found.flatten()
    }

    /// The text a statement gives.
    pub async fn text(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        }
    }

    /// The texts a statement gives.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
            Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// How a statement is carried out: the plan's lines.
    pub async fn plan(&self, sql: &str) -> String {
        let lines: Vec<String> = match &self.pool {
            Pool::Sqlite(pool) => {
                let sql = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(pool).await.unwrap();
                rows.into_iter().map(|row| row.3).collect()
            }
            Pool::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {sql}"))).fetch_all(pool).await.unwrap(),
        };
        lines.join("\n")
    }

    pub async fn remove(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
        if let Some(name) = &self.name {
            server(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn sqlite_template() -> PathBuf {
    let file = std::env::temp_dir().join(format!("keel-template-{}.db", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let db = Db::open(&format!("sqlite:{}", file.display())).await.unwrap();
    db.close().await;
    file
}

async fn postgres_template() -> String {
    let name = format!("keel_template_{}", keel_domain::secrets::reference());
    create(&name).await;
    let db = Db::open(&at_server(&name)).await.unwrap();
    db.close().await;
    name
}

async fn create(name: &str) {
    server(&format!("CREATE DATABASE {name} LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' TEMPLATE template0")).await;
}

/// The server that `.ci/postgres` starts for the tests.
fn server_url() -> String {
    std::env::var("KEEL_TEST_POSTGRES").expect("KEEL_TEST_POSTGRES is unset: run `make test`, or `.ci/postgres cargo test`")
}

fn at_server(name: &str) -> String {
    let url = server_url();
    let (server, _) = url.rsplit_once('/').expect("a database in KEEL_TEST_POSTGRES");
    format!("{server}/{name}")
}

async fn server(sql: &str) {
    let mut connection = PgConnection::connect(&server_url()).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
