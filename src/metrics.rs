//! Metrics for Prometheus, on an address of their own: whoever reaches it may read them, so it is none of the public's.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{Method, StatusCode, header};
use keel_domain::Keel;
use keel_domain::clock::Clock;
use keel_domain::metrics::Labels;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// The upper bounds of the latencies that are told apart, in seconds.
const LATENCIES: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 3.0];

/// What is counted of requests.
#[derive(Clone, Debug)]
pub struct Requests {
    answered: Family<Labels<3>, Histogram>,
    under_way: Gauge,
    shed: Counter,
}

/// A request that has no answer yet; dropped when it has one, or when the client has gone.
pub struct UnderWay(Gauge);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Requests {
    fn default() -> Self {
        let answered = Family::new_with_constructor((|| Histogram::new(LATENCIES)) as fn() -> Histogram);
        Self { answered, under_way: Gauge::default(), shed: Counter::default() }
    }
}

impl Requests {
    /// Counts a request that came.
    pub fn begin(&self) -> UnderWay {
        self.under_way.inc();
        UnderWay(self.under_way.clone())
    }

    /// Counts an answer. The route is one of the table of endpoints, or `unknown`.
    pub fn answered(&self, route: &'static str, method: &Method, status: StatusCode, took: Duration) {
        let labels = [("route", route), ("method", name_of(method)), ("status", class_of(status))];
        self.answered.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts a request that was turned away because too many were under way.
    pub fn shed(&self) {
        self.shed.inc();
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("keel_http_request_duration_seconds", "Answers, and how long they took", self.answered.clone());
        registry.register("keel_http_requests_under_way", "Requests without an answer yet", self.under_way.clone());
        registry.register("keel_http_requests_shed", "Requests turned away because too many were under way", self.shed.clone());
    }
}

/// Anybody can make up a method; only known ones become a label.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

fn class_of(status: StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

struct Shown {
    registry: Registry,
    keel: Keel,
    memory: Gauge,
}

/// Answers `/metrics` until it is dropped. A process that serves nobody has no requests to tell of.
///
/// # Errors
/// When the network fails.
pub async fn serve(listener: TcpListener, keel: Keel, requests: Option<Requests>) -> io::Result<()> {
    let mut registry = Registry::default();
    if let Some(requests) = requests {
        requests.register(&mut registry);
    }
    keel.metrics().register(&mut registry);
    let (memory, started) = (Gauge::default(), Gauge::<i64>::default());
    started.set(Clock::default().now().0 / 1_000);
    registry.register("process_resident_memory_bytes", "Memory of this process, as far as the system tells", memory.clone());
    registry.register("process_start_time_seconds", "When this process began to serve, in seconds of Unix time", started);
    let shown = Arc::new(Shown { registry, keel, memory });
    axum::serve(listener, Router::new().route("/metrics", get(show)).with_state(shown)).await
}

async fn show(State(shown): State<Arc<Shown>>) -> Response {
    shown.keel.measure().await;
    if let Some(bytes) = resident_memory() {
        shown.memory.set(bytes);
    }
    let mut text = String::new();
    match encode(&mut text, &shown.registry) {
        Ok(()) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Bytes, where there is a `/proc`.
fn resident_memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<i64>().ok().map(|kilobytes| kilobytes * 1_024)
}
