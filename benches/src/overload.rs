//! Too much: requests are sent at five times the rate that can be answered, whether or not the earlier ones were. What counts
//! is taken at the server, from its access log: this client shares its core with nobody, but has much to do.

use crate::Failure;
use crate::load::{Answered, Connection, Plan, run};
use crate::report::{Line, Lines};
use crate::servers::Server;
use serde::Deserialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long the peak is measured, and how long there is too much.
const LASTS: Duration = Duration::from_secs(5);
const TIMES: f64 = 5.0;
/// Connections of the client: as many as are admitted at once, and those that are being turned away. A process may
/// usually open a thousand.
const CONNECTIONS: usize = 900;
const TICK: Duration = Duration::from_millis(1);

/// A line of the access log.
#[derive(Deserialize)]
struct Access {
    status: u16,
    milliseconds: f64,
}

/// How many are still answered, how soon, and how soon the others are turned away.
pub async fn measure(keel: &Server, request: &[u8]) -> Lines {
    let request: Arc<[u8]> = request.into();
    let peak = run(keel.address, &Plan::Until(request.clone(), Instant::now() + LASTS), 200).await?.per_second();
    let before = keel.log()?.lines().count();
    let sent = send(keel, &request, peak * TIMES).await?;
    let (mut answered, mut refused) = (vec![], vec![]);
    for line in keel.log()?.lines().skip(before) {
        let access: Access = serde_json::from_str(line)?;
        let side = if access.status == 200 { &mut answered } else { &mut refused };
        side.push(access.milliseconds);
    }
    answered.sort_unstable_by(f64::total_cmp);
    refused.sort_unstable_by(f64::total_cmp);
    let p99 = |sorted: &[f64]| sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(f64::NAN);
    let (share, times) = (count(answered.len()) / LASTS.as_secs_f64() / peak, sent / LASTS.as_secs_f64() / peak);
    Ok(vec![
        Line::least(format!("answered at {times:.1} × the peak of {peak:.0}/s, SQLite"), 100.0 * share, "%", 80.0),
        Line::most("  p99 of those, at the server", p99(&answered), "ms", 1_000.0),
        Line::most(format!("  p99 of the {} turned away", refused.len()), p99(&refused), "ms", 50.0),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are small")]
fn count(requests: usize) -> f64 {
    requests as f64
}

/// Sends so many a second, as long as a connection is free for each, and gives how many that were. Every answer must be the page, or
/// a refusal that says when to come back.
async fn send(keel: &Server, request: &Arc<[u8]>, per_second: f64) -> Result<f64, Failure> {
    let mut idle = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        idle.push(Connection::open(keel.address).await?);
    }
    let idle = Arc::new(Mutex::new(idle));
    let (mut under_way, mut sent, mut late) = (JoinSet::new(), 0.0, 0.0);
    let started = Instant::now();
    while started.elapsed() < LASTS {
        while sent < started.elapsed().as_secs_f64() * per_second {
            sent += 1.0;
            let connection = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            match connection {
                Some(connection) => drop(under_way.spawn(one(connection, request.clone(), idle.clone()))),
                None => late += 1.0,
            }
        }
        while let Some(done) = under_way.try_join_next() {
            done??;
        }
        tokio::time::sleep(TICK).await;
    }
    while let Some(done) = under_way.join_next().await {
        done??;
    }
    if late > sent / 5.0 { Err(format!("{late} of {sent} requests found no connection").into()) } else { Ok(sent - late) }
}

async fn one(mut connection: Connection, request: Arc<[u8]>, idle: Arc<Mutex<Vec<Connection>>>) -> Result<(), Failure> {
    let Answered { status, retry_after, .. } = connection.exchange(&request).await?;
    if status != 200 && !(matches!(status, 429 | 503) && retry_after) {
        return Err(format!("an answer was {status}, with Retry-After: {retry_after}").into());
    }
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    Ok(())
}
