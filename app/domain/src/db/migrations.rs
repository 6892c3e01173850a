//! The migrations of `migrations/`, embedded, the same for both databases, applied one instance at a time.

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use std::fs::File;
use std::path::Path;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Applies what is missing, through a connection without limits of time: a large table takes as long as it takes, and
/// whoever starts meanwhile waits for PostgreSQL's advisory lock.
pub(super) async fn run_on_postgres(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(super::PATIENCE).connect_with(options.clone()).await?;
    let done = MIGRATIONS.run(&pool).await;
    pool.close().await;
    Ok(done?)
}

/// Applies what is missing. A lock file beside the database keeps others waiting.
pub(super) async fn run_on_sqlite(options: &SqliteConnectOptions, file: &Path) -> Result<(), sqlx::Error> {
    let lock = lock(file).await?;
    let mut conn = options.connect().await?;
    let done = MIGRATIONS.run(&mut conn).await;
    conn.close().await?;
    drop(lock);
    Ok(done?)
}

async fn lock(database: &Path) -> Result<File, sqlx::Error> {
    let beside = database.with_extension("migration-lock");
    let taken = tokio::task::spawn_blocking(move || {
        let file = File::create(beside)?;
        file.lock()?;
        Ok(file)
    });
    taken.await.map_err(|e| sqlx::Error::Io(std::io::Error::other(e)))?.map_err(sqlx::Error::Io)
}
