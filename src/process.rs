//! A process: the parts put together, served until told to stop.

use crate::config::{BadConfig, Config, kept};
use crate::http::{self, Served, TrustedProxies, connections};
use crate::{metrics, worker};
use billing_sandbox::{Clock as SandboxClock, Options, Sandbox, Webhook};
use keel_domain::Keel;
use keel_domain::clock::Clock;
use keel_domain::db::{self, Db};
use keel_domain::keel::StartError;
use keel_domain::secrets::Secret;
use keel_domain::settings::StripeSettings;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::time::timeout;

/// After the drain, how long answers under way have to finish.
const LAST_ANSWERS: Duration = Duration::from_secs(6);
/// How long each of the parts has to close after that.
const CLOSING: Duration = Duration::from_secs(1);
/// Connections that wait to be accepted, where the system allows so many. Beyond them a client's first packet is lost, and its
/// second one comes a whole second later; the usual queue of 128 is full at once when many come back together.
const QUEUE: u32 = 4_096;
/// The key of the billing sandbox that runs in this process; it opens nothing else.
const SANDBOX_KEY: &str = "sk_test_keel_sandbox";
/// Files of the data directory: what the sandbox signs with, and where it is.
const WEBHOOK_SECRET: &str = "webhook-secret";
const SANDBOX_ADDRESS: &str = "sandbox-address";

/// Why a process does not start, or ends early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings are not taken.
    #[error("{0}")]
    Config(#[from] BadConfig),
    /// The parts could not be put together.
    #[error("{0}")]
    Start(#[from] StartError),
    /// The database could not be opened.
    #[error("DATABASE_URL: {0}")]
    Database(#[from] db::Error),
    /// The network or a file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A command was refused, or found what must not be.
    #[error("{0}")]
    Command(String),
}

/// A process that listens already, and serves from [`Process::serve`] on.
pub struct Process {
    listener: TcpListener,
    metrics: Option<TcpListener>,
    proxies: TrustedProxies,
    drain: Duration,
    keel: Keel,
    sandbox: Option<Sandbox>,
}

impl Process {
    /// Binds the address, starts the billing sandbox where it belongs, opens and migrates the database.
    ///
    /// # Errors
    /// Names the setting that is to be mended.
    pub async fn start(config: Config) -> Result<Self, Failure> {
        let listener = listen("KEEL_LISTEN", config.listen)?;
        let metrics = listen_for_metrics(&config)?;
        let address = listener.local_addr()?;
        let (drain, proxies) = (config.drain, config.trusted_proxies.clone());
        let clock = Clock::default();
        let (stripe, sandbox) = match config.stripe.clone() {
            Some(stripe) => (stripe, None),
            None => start_sandbox(&config, address, &clock).await.map(|(stripe, sandbox)| (stripe, Some(sandbox)))?,
        };
        let db = Db::open(&config.database_url).await?;
        let keel = Keel::start(db, clock, config.settings(address, stripe)).await?;
        Ok(Self { listener, metrics, proxies, drain, keel, sandbox })
    }

    /// The Keel in this process.
    pub fn keel(&self) -> &Keel {
        &self.keel
    }

    /// Where the billing sandbox of this process is: its API and its pages.
    pub fn sandbox(&self) -> Option<(String, String)> {
        self.sandbox.as_ref().map(|sandbox| (sandbox.api_base(), sandbox.pages_base()))
    }

    /// Where metrics are read.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Serves and works until `stop` is done. Then it is no longer ready, goes on accepting while load balancers notice,
    /// and finishes what is under way.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) {
        let (stopping, told) = watch::channel(false);
        tokio::spawn(async move {
            stop.await;
            let _ = stopping.send(true);
        });
        let working = tokio::spawn(worker::run(self.keel.clone(), is_told(told.clone())));
        let served = Arc::new(Served::new(self.keel.clone(), self.sandbox(), told.clone(), self.proxies.clone()));
        let metrics = self.metrics.map(|listener| tokio::spawn(metrics::serve(listener, self.keel.clone(), Some(served.requests.clone()))));
        let app = http::router(&served);
        let drain = self.drain;
        let end = is_told(told.clone());
        let serving = connections::serve(self.listener, app, connections::PATIENCE, async move {
            end.await;
            tokio::time::sleep(drain).await;
        });
        let deadline = async {
            is_told(told).await;
            tokio::time::sleep(drain + LAST_ANSWERS).await;
        };
        tokio::select! {
            () = serving => {}
            () = deadline => tracing::warn!("some answers were not finished in time"),
        }
        let _ = working.await;
        if let Some(metrics) = metrics {
            metrics.abort();
        }
        if let Some(sandbox) = self.sandbox {
            let _ = timeout(CLOSING, sandbox.stop()).await;
        }
        // Connections that are still in use end with the process.
        let _ = timeout(CLOSING, self.keel.close()).await;
    }
}

fn listen(setting: &'static str, address: SocketAddr) -> Result<TcpListener, BadConfig> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A port that was used a moment ago can be used again.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(QUEUE)
    };
    bound().map_err(|error| BadConfig::Setting(setting, error.to_string()))
}

/// The listener for metrics, where one is set.
///
/// # Errors
/// Names the setting when its address cannot be listened on.
pub fn listen_for_metrics(config: &Config) -> Result<Option<TcpListener>, BadConfig> {
    match config.metrics_listen {
        Some(address) => listen("KEEL_METRICS_LISTEN", address).map(Some),
        None => Ok(None),
    }
}

async fn is_told(mut told: watch::Receiver<bool>) {
    let _ = told.wait_for(|stopping| *stopping).await;
}

/// The billing sandbox beside the application: on the next port if it is free, its state in the data directory.
async fn start_sandbox(config: &Config, listen: SocketAddr, clock: &Clock) -> Result<(StripeSettings, Sandbox), Failure> {
    let secret = kept(&config.data_dir.join(WEBHOOK_SECRET), || format!("whsec_{}", Secret::generate()))?;
    let options = |port| Options {
        listen: SocketAddr::new(listen.ip(), port),
        public_host: "localhost".to_owned(),
        data_file: Some(config.data_dir.join("sandbox.jsonl")),
        api_key: SANDBOX_KEY.to_owned(),
        webhook: Some(Webhook { url: format!("http://{listen}{}", http::STRIPE_WEBHOOK), secret: secret.clone() }),
        clock: SandboxClock::new({
            let clock = clock.clone();
            move || clock.now().0
        }),
    };
    let sandbox = match Sandbox::start(options(listen.port().wrapping_add(1))).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Sandbox::start(options(0)).await?,
        started => started?,
    };
    let address = config.data_dir.join(SANDBOX_ADDRESS);
    std::fs::write(&address, sandbox.api_base()).map_err(|error| BadConfig::File(address, error))?;
    Ok((sandbox_settings(sandbox.api_base(), secret), sandbox))
}

/// How to reach the billing sandbox of a process that serves from the same data directory.
///
/// # Errors
/// When none was ever started there.
pub fn running_sandbox(config: &Config) -> Result<StripeSettings, Failure> {
    let read = |name| std::fs::read_to_string(config.data_dir.join(name));
    match (read(SANDBOX_ADDRESS), read(WEBHOOK_SECRET)) {
        (Ok(address), Ok(secret)) => Ok(sandbox_settings(address, secret)),
        _ => Err(BadConfig::Setting("STRIPE_API_BASE", "is needed where no `keel serve` runs its billing sandbox".to_owned()).into()),
    }
}

fn sandbox_settings(api_base: String, secret: String) -> StripeSettings {
    StripeSettings { secret_key: SANDBOX_KEY.to_owned(), webhook_secrets: vec![secret], api_base: Some(api_base), sandbox: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;
    use tokio::task::JoinSet;

    #[tokio::test]
    async fn many_who_come_at_once_wait_in_the_queue_and_are_not_lost() {
        let listener = listen("KEEL_LISTEN", "127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut coming: JoinSet<_> = (0..500).map(|_| timeout(Duration::from_millis(900), TcpStream::connect(address))).collect();
        let mut connected = vec![];
        while let Some(came) = coming.join_next().await {
            connected.push(came.unwrap().expect("its first packet was not lost").unwrap());
        }
        assert_eq!(connected.len(), 500);
    }
}
