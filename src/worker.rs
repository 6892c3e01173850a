//! The worker: does what is due, woken by this instance's calls and once a second for everybody else's.

use keel_domain::Keel;
use keel_domain::keel::Work;
use std::time::Duration;
use tokio::sync::watch;

const POLL: Duration = Duration::from_secs(1);
/// How long it leaves a database alone that does not answer.
const BREATHER: Duration = Duration::from_secs(2);

/// Works until `stop` is done; what is under way then is finished first.
pub async fn run(keel: Keel, stop: impl Future<Output = ()>) {
    let (stopping, told) = watch::channel(false);
    let stop = async {
        stop.await;
        stopping.send_replace(true);
    };
    tokio::join!(stop, repeat(&keel, Work::Events, told.clone()), repeat(&keel, Work::Jobs, told));
}

async fn repeat(keel: &Keel, kind: Work, mut told: watch::Receiver<bool>) {
    loop {
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
