//! The commands of the one binary.

mod operations;

use crate::config::{BadConfig, Config, environment, names};
use crate::process::{Failure, Process, listen_for_metrics, running_sandbox};
use crate::{http, metrics, telemetry, worker};
use clap::{Parser, Subcommand};
use keel_domain::Keel as Running;
use keel_domain::clock::Clock;
use keel_domain::db::Db;
use keel_domain::settings::StripeSettings;
use keel_domain::staff::PlatformRole;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// The foundation of a software-as-a-service business.
#[derive(Debug, Parser)]
#[command(name = "keel", version, about)]
pub struct Keel {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Serves the application and does its work (the default).
    Serve,
    /// Does the work only: mail, events of Stripe, expiries.
    Work,
    /// Proves the credits ledger of every account; fails when something is not as it must be.
    VerifyLedger,
    /// Takes in lost events of Stripe, compares every subscription, and reports what was otherwise.
    Reconcile,
    /// Processes a stored event of Stripe again.
    ReplayEvent {
        /// Its id, `evt_…`.
        id: String,
    },
    /// Sees to it that Stripe has a price for everything that is sold.
    StripeSetup,
    /// Gives a person who has signed up a role of the platform's staff.
    MakeStaff {
        /// The person's address.
        email: String,
        /// `admin` or `support`.
        #[arg(long, default_value = "admin")]
        role: StaffRole,
    },
    /// Ends every session of a person, who is told by mail.
    EndSessions {
        /// The person's address.
        email: String,
    },
    /// Makes demo data: Acme with Olivia, Adam, Max and Vera, Evil Corp with Eve, and Sam of the staff.
    Seed,
    /// Applies the migrations that are missing, and ends.
    Migrate,
    /// Prints every endpoint with its door, as JSON.
    Routes,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum StaffRole {
    Admin,
    Support,
}

impl From<StaffRole> for PlatformRole {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Admin => Self::Admin,
            StaffRole::Support => Self::Support,
        }
    }
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
            Command::Work => Box::pin(work(config()?)).await,
            Command::VerifyLedger => operations::verify_ledger(config()?).await,
            Command::Reconcile => operations::reconcile(config()?).await,
            Command::ReplayEvent { id } => operations::replay_event(config()?, &id).await,
            Command::StripeSetup => operations::stripe_setup(config()?).await,
            Command::Seed => operations::seed(config()?).await,
            Command::MakeStaff { email, role } => operations::make_staff(config()?, &email, role.into()).await,
            Command::EndSessions { email } => operations::end_sessions(config()?, &email).await,
            Command::Serve => {
                let process = Process::start(config()?).await?;
                say_where(process.keel());
                process.serve(asked_to_stop()).await;
                Ok(())
            }
        }
    }
}

fn config() -> Result<Config, BadConfig> {
    let config = Config::read(&names(), environment)?;
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
    let listener = listen_for_metrics(&config)?;
    let keel = beside(config).await?;
    let metrics = listener.map(|listener| tokio::spawn(metrics::serve(listener, keel.clone(), None)));
    Box::pin(worker::run(keel.clone(), asked_to_stop())).await;
    if let Some(metrics) = metrics {
        metrics.abort();
    }
    keel.close().await;
    Ok(())
}

/// A Keel beside the one that serves: on the same database, and on the same Stripe or billing sandbox.
async fn beside(mut config: Config) -> Result<Running, Failure> {
    let stripe = match config.stripe.take() {
        Some(stripe) => stripe,
        None => running_sandbox(&config)?,
    };
    let db = Db::open(&config.database_url).await?;
    let listen = config.listen;
    Ok(Running::start(db, Clock::default(), config.settings(listen, stripe)).await?)
}

/// A Keel for what needs the database alone; whatever it would ask of Stripe fails.
async fn alone(mut config: Config) -> Result<Running, Failure> {
    config.stripe.get_or_insert_with(|| StripeSettings {
        secret_key: "sk_test_none".to_owned(),
        webhook_secrets: vec![],
        api_base: Some("http://127.0.0.1:9".to_owned()),
        sandbox: false,
    });
    beside(config).await
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
