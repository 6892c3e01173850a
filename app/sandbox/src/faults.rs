//! Trouble made to order, so that tests can see what a caller does in it: see `POST /_sandbox/faults`.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

/// What happens to the webhooks of events from now on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookFault {
    /// Sent once, in order, until accepted.
    #[default]
    Deliver,
    /// Kept until the mode is `deliver` again.
    Hold,
    /// Never sent.
    Drop,
    /// Each sent three times in parallel.
    Duplicate,
    /// Collected for half a second and sent newest first.
    Reverse,
}

/// An answer that replaces, or only delays, the real one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiFault {
    /// Applies to calls whose path starts so, such as `/v1/checkout`.
    #[serde(default)]
    pub path: String,
    /// Applies to this method only.
    #[serde(default)]
    pub method: Option<String>,
    /// The status to answer; without one the call is only delayed.
    #[serde(default)]
    pub status: Option<u16>,
    /// How many calls are hit.
    #[serde(default = "once")]
    pub count: u32,
    /// True: the call takes effect, and only its answer is lost or late.
    #[serde(default)]
    pub after_commit: bool,
    /// How long a hit call waits: before it takes effect, or after if `after_commit`.
    #[serde(default)]
    pub delay_ms: u64,
}

fn once() -> u32 {
    1
}

impl ApiFault {
    /// The status to answer instead, if any.
    pub fn answer(&self) -> Option<StatusCode> {
        self.status.and_then(|status| StatusCode::from_u16(status).ok())
    }
}

/// The faults in force. They end with the process.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Faults {
    pub webhooks: WebhookFault,
    /// How many more events the webhook fault applies to; without end when absent.
    pub count: Option<u32>,
    pub api_error: Option<ApiFault>,
}

impl Faults {
    /// What happens to the next event's webhooks; counts it.
    pub fn next_webhook(&mut self) -> WebhookFault {
        let fault = self.webhooks;
        if let Some(left) = &mut self.count {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.webhooks = WebhookFault::Deliver;
                self.count = None;
            }
        }
        fault
    }

    /// The fault that hits this call, if any; counts it.
    pub fn next_call(&mut self, method: &str, path: &str) -> Option<ApiFault> {
        let fault = self.api_error.as_mut().filter(|fault| {
            path.starts_with(&fault.path) && fault.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
        })?;
        fault.count = fault.count.saturating_sub(1);
        let hit = fault.clone();
        if hit.count == 0 {
            self.api_error = None;
        }
        Some(hit)
    }
}
