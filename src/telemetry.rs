//! Logs: one line an event, for people in development and as JSON in production; `RUST_LOG` chooses what. A line written while a
//! request is answered carries the request's id.

use keel_domain::settings::Environment;
use std::io::{self, IsTerminal as _};
use tracing_subscriber::EnvFilter;

/// Starts writing logs to standard error.
pub fn start(environment: Environment) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    match environment {
        Environment::Production => lines.json().flatten_event(true).with_span_list(false).init(),
        Environment::Development => lines.compact().init(),
    }
    std::panic::set_hook(Box::new(|panic| tracing::error!(%panic)));
}
