//! Logs: one line an event, for people in development and as JSON in production; `RUST_LOG` chooses what.

use keel_domain::settings::Environment;
use tracing_subscriber::EnvFilter;

/// Starts writing logs to standard error.
pub fn start(environment: Environment) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match environment {
        Environment::Production => lines.json().init(),
        Environment::Development => lines.compact().init(),
    }
}
