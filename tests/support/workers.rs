//! Further instances on the same database, working.

use super::App;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Instances that work until they are told to stop.
pub struct Workers {
    working: Arc<AtomicBool>,
    all: Vec<JoinHandle<()>>,
}

impl App {
    /// Does once what is due by now, beside the worker: what has not happened then does not happen.
    pub async fn works(&self) {
        // SQLite may be busy, and two who do the same may be in each other's way.
        while self.keel.work().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// So many further instances do what is due, beside this one.
    pub async fn with_workers(&self, count: usize) -> Workers {
        let working = Arc::new(AtomicBool::new(true));
        let mut all = vec![];
        for _ in 0..count {
            let (another, working) = (self.another().await, working.clone());
            all.push(tokio::spawn(async move {
                while working.load(Ordering::Relaxed) {
                    // A test may have moved it; when nobody answers, the next look finds out.
                    let _ = another.refresh_clock().await;
                    // SQLite may be busy with the other instance's write; the loop is the retry.
                    if !another.work().await.unwrap_or(false) {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
                another.close().await;
            }));
        }
        Workers { working, all }
    }
}

impl Workers {
    /// They finish what is under way.
    pub async fn stop(self) {
        self.working.store(false, Ordering::Relaxed);
        for worker in self.all {
            worker.await.unwrap();
        }
    }
}
