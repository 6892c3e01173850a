//! The billing sandbox: a stand-in for Stripe's API, payment page and webhooks, so that everything about money runs without
//! the internet. It speaks API version `2026-09-30.endive` over plain http and depends on nothing of Keel's.
//!
//! One store holds all objects; every change is one transaction, alone, and one line of the journal:
//! `api` answers calls, `pages` takes cards, `billing` moves money and time, `webhooks` tells the world.
//!
//! What goes wrong in reality goes wrong here to order. `POST /_sandbox/faults` takes JSON; what it does not name stays:
//! - `{"api_error": {"path": "/v1/customers", "method": "POST", "status": 503, "count": 2}}`: the next two such calls fail
//!   before they take effect; with `"after_commit": true` they take effect and only the answer says that they failed; with
//!   `"hang_up": true` instead of a status the connection ends without an answer; with `"delay_ms": 20000` they take that long;
//!   with `"says": {"/status": "parked"}` the answer has that value at a place it has, and with `"garbage": true` it is HTML.
//!   `null` ends it.
//! - `{"webhooks": "duplicate", "count": 3}`: the next three events, or without a count all, are sent threefold. Also `"hold"`
//!   until `"deliver"`, `"drop"`, `"reverse"`, `{"delay": 5000}` in milliseconds, `"bad_signature"` and `"changed_body"`.
//! - `{"random": {"seed": 7, "percent": 10}}`: one call and one event in ten meet one of these, and one
//!   charge of a saved card in ten is declined: the same ones for the same seed.
//!   `null` ends it.
//!
//! `GET /_sandbox` lists the other addresses.
//!
//! Tests: `tests/sandbox`, and `end2end/sandbox` with Stripe's own clients.

mod api;
mod banks;
mod billing;
mod cards;
mod chance;
mod clock;
mod control;
mod dates;
mod error;
mod events;
mod faults;
mod form;
mod http;
mod idempotency;
mod ids;
mod journal;
mod json;
mod money;
mod pages;
mod shapes;
mod shared;
mod store;
mod webhooks;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use api::webhook_endpoints;
pub use clock::Clock;
use faults::Random;
use json::At;
use shared::Shared;
use store::{CLOCK, Cause, DELIVERY, IDEMPOTENT, Record, Store};

/// How a sandbox runs.
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The host name people reach the pages under, such as `localhost`.
    pub public_host: String,
    /// The file that keeps everything across restarts; without one all is lost at the end.
    pub data_file: Option<PathBuf>,
    /// The one secret key that calls are accepted with.
    pub api_key: String,
    /// An endpoint that gets every event, beside those made through the API.
    pub webhook: Option<Webhook>,
    /// The time the sandbox lives in.
    pub clock: Clock,
}

/// Where webhooks go, and the secret they are signed with.
pub struct Webhook {
    pub url: String,
    pub secret: String,
}

/// A running sandbox. It ends when stopped or dropped.
pub struct Sandbox {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: watch::Sender<()>,
    server: JoinHandle<()>,
    workers: [JoinHandle<()>; 2],
}

/// How often the clock is looked at.
const TICK: Duration = Duration::from_millis(200);
/// The id of the endpoint in the options.
const CONFIGURED: &str = "we_configured";
/// Finished deliveries that outlive a restart.
const DELIVERIES_KEPT: usize = 1_000;
/// How long open calls may take to finish when the sandbox stops.
const GRACE: Duration = Duration::from_secs(2);

impl Sandbox {
    /// Starts listening; everything kept in the data file is there again, and undelivered webhooks go on.
    ///
    /// # Errors
    /// The address is taken, or the data file is unreadable, damaged or in use.
    pub async fn start(options: Options) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let pages = format!("http://{}:{}", options.public_host, address.port());
        let opened = options.clock.now_ms().div_euclid(1_000);
        let store = Store::open(options.data_file.as_deref(), |store, record| keep(store, record, opened))?;
        if let Some(offset) = store.value(CLOCK).at("offset_ms").as_i64() {
            options.clock.advance(offset - options.clock.offset_ms().unwrap_or_default());
        }
        let shared = Arc::new(Shared::new(store, options.clock, options.api_key, pages));
        configure(&shared, options.webhook.as_ref())?;

        let (stop, stopped) = watch::channel(());
        let router = router().with_state(Arc::clone(&shared));
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "small answers may be delayed");
            }
        });
        let serving = axum::serve(listener, router).with_graceful_shutdown(until(stopped.clone()));
        let server = tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "the sandbox stopped listening");
            }
        });
        let sender = Arc::clone(&shared);
        let workers = [
            tokio::spawn(or_stopped(stopped.clone(), async move { webhooks::run(sender).await })),
            tokio::spawn(or_stopped(stopped, tick(Arc::clone(&shared)))),
        ];
        Ok(Self { address, shared, stop, server, workers })
    }

    /// The base address of the API, with a slash at the end.
    pub fn api_base(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// The base address of the pages, without a slash at the end.
    pub fn pages_base(&self) -> String {
        self.shared.pages.clone()
    }

    /// From now on trouble comes by chance, as `POST /_sandbox/faults` orders it with `random`; answers the seed, which is made up
    /// where none is given.
    pub fn leave_to_chance(&self, seed: Option<u64>, percent: u8) -> u64 {
        let seed = seed.unwrap_or_else(|| clock::wall_ms().unsigned_abs());
        self.shared.set_chance(Random::new(seed, percent));
        seed
    }

    /// Answers open calls, then ends; the data file is free afterwards.
    pub async fn stop(self) {
        drop(self.stop);
        for worker in self.workers {
            drop(worker.await);
        }
        let server = self.server.abort_handle();
        if tokio::time::timeout(GRACE, self.server).await.is_err() {
            server.abort();
        }
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("address", &self.address).finish_non_exhaustive()
    }
}

fn router() -> Router<Arc<Shared>> {
    Router::new().route("/v1/{*path}", any(http::call)).merge(pages::routes()).merge(control::routes()).fallback(control::unknown)
}

async fn until(mut stopped: watch::Receiver<()>) {
    // An error says that the sandbox was dropped, which stops it as well.
    drop(stopped.changed().await);
}

async fn or_stopped(stopped: watch::Receiver<()>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        () = until(stopped) => {}
    }
}

async fn tick(shared: Arc<Shared>) {
    loop {
        if let Err(error) = billing::due::catch_up(&shared) {
            tracing::error!(%error, "what is due could not be done");
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Which records outlive a restart at `now`, in unix seconds: all but stale answers and old deliveries.
fn keep(store: &Store, record: &Record, now: i64) -> bool {
    match record.kind.as_str() {
        IDEMPOTENT => !idempotency::is_stale(&record.value, now),
        DELIVERY => record.value.text("status") == "pending" || store.newer(record) < DELIVERIES_KEPT,
        _ => true,
    }
}

/// Puts the endpoint of the options in the place of the last run's.
fn configure(shared: &Shared, webhook: Option<&Webhook>) -> io::Result<()> {
    let configured = shared.change(Cause::default(), |tx| {
        match webhook {
            Some(webhook) => webhook_endpoints::put(tx, CONFIGURED, &webhook.url, &webhook.secret),
            None => tx.edit(CONFIGURED, |endpoint| endpoint.set("status", "disabled")),
        }
        Ok::<_, std::convert::Infallible>(())
    });
    configured.map_err(|error| io::Error::other(error.to_string()))
}
