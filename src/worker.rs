//! The worker: does what is due, woken by this instance's calls and once a second for everybody else's.

use keel_domain::Keel;
use keel_domain::keel::Work;
use std::time::Duration;
use tokio::sync::watch;

const POLL: Duration = Duration::from_secs(1);
/// How long it leaves a database alone that does not answer.
const BREATHER: Duration = Duration::from_secs(2);
const LAST_WORK: Duration = Duration::from_secs(5);

/// Works until `stop` is done. What is under way then has [`LAST_WORK`] to finish; leases outlive it, and another instance
/// goes on.
pub async fn run(keel: Keel, stop: impl Future<Output = ()>) {
    let (stopping, told) = watch::channel(false);
    let lane = |kind| repeat(&keel, kind, told.clone());
    let working = async { tokio::join!(lane(Work::Events), lane(Work::Jobs), lane(Work::Accounts)) };
    tokio::pin!(working);
    tokio::select! {
        () = stop => {}
        _ = &mut working => return,
    }
    stopping.send_replace(true);
    if tokio::time::timeout(LAST_WORK, working).await.is_err() {
        tracing::warn!("some work was not finished in time; it is taken up again when its lease is over");
    }
}

async fn repeat(keel: &Keel, kind: Work, mut told: watch::Receiver<bool>) {
    loop {
        if kind == Work::Events {
            keel.events_pause().await;
        }
        let pause = match keel.work_on(kind).await {
            Ok(true) => Duration::ZERO,
            Ok(false) => POLL,
            Err(refusal) => {
                tracing::warn!(?kind, ?refusal, "work was interrupted");
                BREATHER
            }
        };
        if keel.settings().in_development()
            && let Err(error) = keel.refresh_clock().await
        {
            tracing::warn!(?error, "the clock's offset could not be read");
        }
        tokio::select! {
            _ = told.wait_for(|stopping| *stopping) => return,
            () = tokio::time::sleep(pause) => {}
            () = keel.work_arrives(kind) => {}
        }
    }
}
