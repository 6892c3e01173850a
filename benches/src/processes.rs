//! The process: its memory, and how soon it answers.

use crate::report::{Line, Lines, median};
use crate::servers::{self, Server};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

const STARTS: usize = 10;
/// A new process comes to rest.
const REST: Duration = Duration::from_secs(3);

/// Memory before any request but the first.
pub async fn idle(keel: &Server) -> Lines {
    tokio::time::sleep(REST).await;
    Ok(vec![mebibytes("memory (RssAnon), idle", keel.memory()?, 40.0)])
}

/// Memory after everything it was asked.
pub fn loaded(keel: &Server) -> Lines {
    Ok(vec![mebibytes("memory (RssAnon), after the load above", keel.memory()?, 120.0)])
}

fn mebibytes(what: &str, kibibytes: u32, most: f64) -> Line {
    Line::most(what, f64::from(kibibytes) / 1_024.0, "MiB", most)
}

/// From the start of a process to its first 200, on a migrated database.
pub async fn starts(home: &Path, on: &str, database: &str, stripe: SocketAddr, most: f64) -> Lines {
    let mut took = vec![];
    for _ in 0..STARTS {
        let keel = servers::keel(home, database, stripe).await?;
        took.push(keel.age().as_secs_f64() * 1_000.0);
    }
    Ok(vec![Line::most(format!("start to first 200, {on}, median of {STARTS}"), median(took), "ms", most)])
}
