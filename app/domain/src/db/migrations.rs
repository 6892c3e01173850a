//! The migrations of `migrations/`, embedded, the same for both databases, applied one instance at a time.

use super::Db;
use sqlx::migrate::Migrator;
use std::fs::File;
use std::path::Path;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Applies what is missing. PostgreSQL's advisory lock and, for SQLite, a lock file beside the database keep others waiting.
pub(super) async fn run(db: &Db) -> Result<(), sqlx::Error> {
    match db {
        Db::Postgres(pool) => MIGRATIONS.run(pool).await?,
        Db::Sqlite { writer, file, .. } => {
            let lock = lock(file).await?;
            let done = MIGRATIONS.run(writer).await;
            drop(lock);
            done?;
        }
    }
    Ok(())
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
