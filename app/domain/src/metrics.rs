//! What a running Keel counts and measures, for Prometheus. Every label has a few values, all written in the code.
//! `docs/operations.md` tells what each metric is for. Tested in `tests/flows/metrics.rs`.

use crate::{Keel, args, sql};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::time::Duration;

sql! {
    FIND_DUE_JOBS = "SELECT COUNT(*), MIN(due_at) FROM jobs WHERE state = 'due' AND due_at <= $1";
    FIND_DUE_LANES = "SELECT COUNT(*), MIN(due_at) FROM stripe_lanes WHERE due_at <= $1";
}

/// How long the database may take to be measured.
const PATIENCE: Duration = Duration::from_secs(1);

/// Names and values of a metric's labels.
pub type Labels<const N: usize> = [(&'static str, &'static str); N];

/// The metrics of a Keel.
#[derive(Debug, Default)]
pub struct Metrics {
    jobs: Family<Labels<2>, Counter>,
    events: Family<Labels<1>, Counter>,
    mails: Family<Labels<1>, Counter>,
    sign_ins_shed: Counter,
    database_up: Gauge,
    connections: Family<Labels<2>, Gauge>,
    waiting: Family<Labels<1>, Gauge>,
    oldest: Family<Labels<1>, Gauge>,
}

impl Metrics {
    /// Has the registry show them.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("keel_jobs", "Tries at jobs", self.jobs.clone());
        registry.register("keel_stripe_events", "Events of Stripe that were processed", self.events.clone());
        registry.register("keel_mails", "Mails handed to the mail server", self.mails.clone());
        let help = "Sign-ins turned away because too many passwords were waiting to be hashed";
        registry.register("keel_sign_ins_shed", help, self.sign_ins_shed.clone());
        registry.register("keel_database_up", "Whether the database answered this measurement", self.database_up.clone());
        registry.register("keel_database_connections", "Connections to the database", self.connections.clone());
        registry.register("keel_queue_waiting", "What is due and not done yet", self.waiting.clone());
        registry.register("keel_queue_oldest_seconds", "For how long the oldest of it has been due", self.oldest.clone());
    }

    pub(crate) fn job(&self, kind: &'static str, done: bool) {
        self.jobs.get_or_create(&[("kind", kind), result(done)]).inc();
    }

    pub(crate) fn events(&self, count: usize, done: bool) {
        self.events.get_or_create(&[result(done)]).inc_by(count as u64);
    }

    pub(crate) fn mail(&self, done: bool) {
        self.mails.get_or_create(&[result(done)]).inc();
    }

    pub(crate) fn sign_in_shed(&self) {
        self.sign_ins_shed.inc();
    }

    /// Measures what is not counted as it happens: the pools, and what waits in the database. While the database does not
    /// answer there is nothing to tell of what waits in it.
    pub(crate) async fn measure(&self, keel: &Keel) {
        for (pool, size, idle) in keel.db().connections() {
            self.connections.get_or_create(&[("pool", pool), ("state", "idle")]).set(idle);
            self.connections.get_or_create(&[("pool", pool), ("state", "used")]).set((size - idle).max(0));
        }
        let waiting = tokio::time::timeout(PATIENCE, waiting(keel)).await;
        self.database_up.set(i64::from(matches!(waiting, Ok(Ok(_)))));
        self.waiting.clear();
        self.oldest.clear();
        for (queue, due, since) in waiting.ok().and_then(Result::ok).into_iter().flatten() {
            let oldest = since.map_or(0, |since| (keel.now().0 - since).max(0) / 1_000);
            self.waiting.get_or_create(&[("queue", queue)]).set(due);
            self.oldest.get_or_create(&[("queue", queue)]).set(oldest);
        }
    }
}

fn result(done: bool) -> (&'static str, &'static str) {
    ("result", if done { "done" } else { "failed" })
}

/// How much of each queue is due, and since when.
async fn waiting(keel: &Keel) -> Result<[(&'static str, i64, Option<i64>); 2], sqlx::Error> {
    let mut conn = keel.db().read();
    let jobs: (i64, Option<i64>) = conn.get(FIND_DUE_JOBS, args![keel.now()]).await?;
    let lanes: (i64, Option<i64>) = conn.get(FIND_DUE_LANES, args![keel.now()]).await?;
    Ok([("jobs", jobs.0, jobs.1), ("stripe", lanes.0, lanes.1)])
}
