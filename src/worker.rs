//! The worker: does what is due, woken by this instance's calls and once a second for everybody else's.

use keel_domain::Keel;
use std::time::Duration;

const POLL: Duration = Duration::from_secs(1);
/// How long it leaves a database alone that does not answer.
const BREATHER: Duration = Duration::from_secs(2);

/// Works until `stop` is done; what is under way then is finished first.
pub async fn run(keel: Keel, stop: impl Future<Output = ()>) {
    tokio::pin!(stop);
    loop {
        let pause = match keel.work().await {
            Ok(true) => Duration::ZERO,
            Ok(false) => POLL,
            Err(refusal) => {
                tracing::warn!(?refusal, "work was interrupted");
                BREATHER
            }
        };
        if keel.settings().in_development()
            && let Err(error) = keel.refresh_clock().await
        {
            tracing::warn!(?error, "the clock's offset could not be read");
        }
        tokio::select! {
            () = &mut stop => return,
            () = tokio::time::sleep(pause) => {}
            () = keel.work_arrives() => {}
        }
    }
}
