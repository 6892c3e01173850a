//! The one binary: `keel serve` and its siblings.

use clap::Parser as _;
use std::process::ExitCode;
use tikv_jemallocator::Jemalloc;

/// SQLite's memory comes from it too. Why this one: `docs/dependencies.md`.
#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command = keel::commands::Keel::parse();
    match Box::pin(command.run()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "whoever started the process reads why it ended")]
            {
                eprintln!("keel: {error}");
            }
            ExitCode::FAILURE
        }
    }
}
