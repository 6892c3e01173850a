//! The commands of the one binary.

use crate::config::{BadConfig, Config, environment, kept};
use crate::http::{self, Served};
use crate::{telemetry, worker};
use axum::serve::ListenerExt as _;
use billing_sandbox::{Clock as SandboxClock, Options, Sandbox, Webhook};
use clap::{Parser, Subcommand};
use keel_domain::Keel as Running;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_domain::keel::StartError;
use keel_domain::secrets::Secret;
use keel_domain::settings::StripeSettings;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// After the drain, how long answers under way have to finish.
const LAST_ANSWERS: Duration = Duration::from_secs(7);
/// The key of the billing sandbox that runs in this process; it opens nothing else.
const SANDBOX_KEY: &str = "sk_test_keel_sandbox";

/// The foundation of a software-as-a-service business.
#[derive(Debug, Parser)]
#[command(name = "keel", version, about)]
pub struct Keel {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Serves the application and does its work (the default).
    Serve,
    /// Does the work only: mail, events of Stripe, expiries.
    Work,
    /// Applies the migrations that are missing, and ends.
    Migrate,
    /// Prints every endpoint with its door, as JSON.
    Routes,
}

/// Why a command ended.
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
    Database(#[from] keel_domain::db::Error),
    /// The network or a file.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Keel {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// Says what the person who started it can mend.
    pub async fn run(self) -> Result<(), Failure> {
        let command = self.command.unwrap_or(Command::Serve);
        if matches!(command, Command::Routes) {
            return print_routes();
        }
        let config = Config::read(environment)?;
        telemetry::start(config.environment);
        match command {
            Command::Migrate => {
                Db::open(&config.database_url).await?.close().await;
                Ok(())
            }
            Command::Work => work(config).await,
            Command::Serve | Command::Routes => serve(config).await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn print_routes() -> Result<(), Failure> {
    let routes = serde_json::to_string_pretty(&http::endpoints()).map_err(io::Error::other)?;
    println!("{routes}");
    Ok(())
}

async fn serve(config: Config) -> Result<(), Failure> {
    let listener = TcpListener::bind(config.listen).await.map_err(|error| BadConfig::Setting("KEEL_LISTEN", error.to_string()))?;
    let listen = listener.local_addr()?;
    let drain = config.drain;
    let clock = Clock::default();
    let (stripe, sandbox) = match config.stripe.clone() {
        Some(stripe) => (stripe, None),
        None => start_sandbox(&config, listen, &clock).await.map(|(stripe, sandbox)| (stripe, Some(sandbox)))?,
    };
    let db = Db::open(&config.database_url).await?;
    let keel = Running::start(db, clock, config.settings(listen, stripe)).await?;

    let (stopping, mut told) = watch::channel(false);
    let mut worker_told = told.clone();
    let working = tokio::spawn(worker::run(keel.clone(), async move {
        let _ = worker_told.wait_for(|stopping| *stopping).await;
    }));
    tokio::spawn(async move {
        asked_to_stop().await;
        let _ = stopping.send(true);
    });
    say_where(&keel);
    let served = Served { keel: keel.clone(), sandbox: sandbox.as_ref().map(|s| (s.api_base(), s.pages_base())), stopping: told.clone() };
    let app = http::router(served).into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let mut told_to_end = told.clone();
    let serving = axum::serve(listener, app).with_graceful_shutdown(async move {
        let _ = told_to_end.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(drain).await;
    });
    let deadline = async {
        let _ = told.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(drain + LAST_ANSWERS).await;
    };
    tokio::select! {
        done = serving.into_future() => done?,
        () = deadline => tracing::warn!("some answers were not finished in time"),
    }
    let _ = working.await;
    if let Some(sandbox) = sandbox {
        sandbox.stop().await;
    }
    keel.close().await;
    Ok(())
}

async fn work(config: Config) -> Result<(), Failure> {
    let Some(stripe) = config.stripe.clone() else {
        return Err(
            BadConfig::Setting("STRIPE_API_BASE", "is needed: the billing sandbox of `keel serve` is in that process".into()).into()
        );
    };
    let db = Db::open(&config.database_url).await?;
    let listen = config.listen;
    let keel = Running::start(db, Clock::default(), config.settings(listen, stripe)).await?;
    worker::run(keel.clone(), asked_to_stop()).await;
    keel.close().await;
    Ok(())
}

/// The billing sandbox beside the application: the next port if it is free, its state in the data directory.
async fn start_sandbox(config: &Config, listen: SocketAddr, clock: &Clock) -> Result<(StripeSettings, Sandbox), Failure> {
    let secret = kept(&config.data_dir.join("webhook-secret"), || format!("whsec_{}", Secret::generate()))?;
    let clock = clock.clone();
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
    let stripe = StripeSettings {
        secret_key: SANDBOX_KEY.to_owned(),
        webhook_secrets: vec![secret],
        api_base: Some(sandbox.api_base()),
        sandbox: true,
    };
    Ok((stripe, sandbox))
}

async fn asked_to_stop() {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be heard; this process ends only by force");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[expect(clippy::print_stdout, reason = "whoever started it looks for the address")]
fn say_where(keel: &Running) {
    println!("Keel is at {}", keel.settings().base_url);
    if keel.settings().in_development() {
        println!("Mail is kept at {}/dev/mailbox", keel.settings().base_url);
    }
}
