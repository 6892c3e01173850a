//! The sandbox as a process of its own: for two instances of Keel, or for tests of other clients.

use std::net::SocketAddr;
use std::path::PathBuf;

use billing_sandbox::{Clock, Options, Sandbox, Webhook};
use clap::Parser;

/// A stand-in for Stripe's API, payment page and webhooks.
#[derive(Parser)]
#[command(name = "billing-sandbox")]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:3001")]
    listen: SocketAddr,
    /// The host name of the pages
    #[arg(long, default_value = "localhost")]
    public_host: String,
    /// The file that keeps everything across restarts
    #[arg(long)]
    data: Option<PathBuf>,
    /// The secret key that calls are accepted with
    #[arg(long, default_value = "sk_test_sandbox")]
    api_key: String,
    /// Where webhooks go
    #[arg(long, requires = "webhook_secret")]
    webhook_url: Option<String>,
    /// Out of a hundred calls, events and charges of saved cards, how many meet trouble by chance
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(..=100))]
    random: Option<u8>,
    /// The seed that brings the same trouble back
    #[arg(long, requires = "random")]
    seed: Option<u64>,
    /// What webhooks are signed with
    #[arg(long, requires = "webhook_url")]
    webhook_secret: Option<String>,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let arguments = Arguments::parse();
    let webhook = arguments.webhook_url.zip(arguments.webhook_secret).map(|(url, secret)| Webhook { url, secret });
    let sandbox = Sandbox::start(Options {
        listen: arguments.listen,
        public_host: arguments.public_host,
        data_file: arguments.data,
        api_key: arguments.api_key,
        webhook,
        clock: Clock::own(),
    })
    .await?;
    println!("Billing sandbox: API {} pages {}", sandbox.api_base(), sandbox.pages_base());
    if let Some(percent) = arguments.random {
        let seed = sandbox.leave_to_chance(arguments.seed, percent);
        println!("Trouble by chance: seed {seed}, {percent} percent");
    }
    until_asked_to_stop().await?;
    sandbox.stop().await;
    Ok(())
}

async fn until_asked_to_stop() -> std::io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}
