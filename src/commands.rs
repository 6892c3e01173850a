//! The commands of the one binary.

use crate::config::{BadConfig, Config, environment};
use crate::process::{Failure, Process};
use crate::{http, telemetry, worker};
use clap::{Parser, Subcommand};
use keel_domain::Keel as Running;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

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

impl Keel {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// Says what the person who started it can mend.
    pub async fn run(self) -> Result<(), Failure> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Routes => print_routes(),
            Command::Migrate => migrate(&config()?).await,
            Command::Work => work(config()?).await,
            Command::Serve => {
                let process = Process::start(config()?).await?;
                say_where(process.keel());
                process.serve(asked_to_stop()).await
            }
        }
    }
}

fn config() -> Result<Config, BadConfig> {
    let config = Config::read(environment)?;
    telemetry::start(config.environment);
    Ok(config)
}

#[expect(clippy::print_stdout, reason = "this is the command's output")]
fn print_routes() -> Result<(), Failure> {
    println!("{}", serde_json::to_string_pretty(&http::endpoints()).map_err(io::Error::other)?);
    Ok(())
}

async fn migrate(config: &Config) -> Result<(), Failure> {
    Db::open(&config.database_url).await?.close().await;
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
