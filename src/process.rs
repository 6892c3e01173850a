//! A process: the parts put together, served until told to stop.

use crate::config::{BadConfig, Config, kept};
use crate::http::{self, Served};
use crate::worker;
use axum::serve::ListenerExt as _;
use billing_sandbox::{Clock as SandboxClock, Options, Sandbox, Webhook};
use keel_domain::Keel;
use keel_domain::clock::Clock;
use keel_domain::db::{self, Db};
use keel_domain::keel::StartError;
use keel_domain::secrets::Secret;
use keel_domain::settings::StripeSettings;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// After the drain, how long answers under way have to finish.
const LAST_ANSWERS: Duration = Duration::from_secs(7);
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
        let listener = TcpListener::bind(config.listen).await.map_err(|error| BadConfig::Setting("KEEL_LISTEN", error.to_string()))?;
        let listen = listener.local_addr()?;
        let drain = config.drain;
        let clock = Clock::default();
        let (stripe, sandbox) = match config.stripe.clone() {
            Some(stripe) => (stripe, None),
            None => start_sandbox(&config, listen, &clock).await.map(|(stripe, sandbox)| (stripe, Some(sandbox)))?,
        };
        let db = Db::open(&config.database_url).await?;
        let keel = Keel::start(db, clock, config.settings(listen, stripe)).await?;
        Ok(Self { listener, drain, keel, sandbox })
    }

    /// The Keel in this process.
    pub fn keel(&self) -> &Keel {
        &self.keel
    }

    /// Where the billing sandbox of this process is: its API and its pages.
    pub fn sandbox(&self) -> Option<(String, String)> {
        self.sandbox.as_ref().map(|sandbox| (sandbox.api_base(), sandbox.pages_base()))
    }

    /// Serves and works until `stop` is done. Then it is no longer ready, goes on accepting while load balancers notice,
    /// and finishes what is under way.
    ///
    /// # Errors
    /// When the network fails.
    pub async fn serve(self, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), Failure> {
        let (stopping, told) = watch::channel(false);
        tokio::spawn(async move {
            stop.await;
            let _ = stopping.send(true);
        });
        let working = tokio::spawn(worker::run(self.keel.clone(), is_told(told.clone())));
        let served = Served { keel: self.keel.clone(), sandbox: self.sandbox(), stopping: told.clone() };
        let app = http::router(&served).into_make_service_with_connect_info::<SocketAddr>();
        let listener = self.listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let drain = self.drain;
        let end = is_told(told.clone());
        let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
            end.await;
            tokio::time::sleep(drain).await;
        });
        let deadline = async {
            is_told(told).await;
            tokio::time::sleep(drain + LAST_ANSWERS).await;
        };
        tokio::select! {
            done = serving.into_future() => done?,
            () = deadline => tracing::warn!("some answers were not finished in time"),
        }
        let _ = working.await;
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
        self.keel.close().await;
        Ok(())
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
