//! `Idempotency-Key`: the first answer to a request is kept for a day, together with what the request did.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::json::At;
use crate::store::{IDEMPOTENT, Tx};

const KEPT_SECONDS: i64 = 86_400;

/// An answer to give again.
pub struct Replay {
    pub status: StatusCode,
    pub body: Value,
    /// The id of the request that was answered first.
    pub request: String,
}

/// The kept answer to `key`, if it was used within the last day.
///
/// # Errors
/// The key was used for another request; `fingerprint` tells them apart.
pub fn replay(tx: &Tx, key: &str, fingerprint: &str) -> Result<Option<Replay>, ApiError> {
    let kept = tx.value(&record_id(key));
    if kept.is_null() || is_stale(kept, tx.clock) {
        return Ok(None);
    }
    if kept.text("fingerprint") != fingerprint {
        return Err(ApiError::key_reused(key));
    }
    let status = u16::try_from(kept.integer("status")).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let (body, request) = (kept.at("body").clone(), kept.text("request").to_owned());
    Ok(Some(Replay { status: status.unwrap_or(StatusCode::OK), body, request }))
}

/// Keeps an answer, in the same transaction as what it reports.
pub fn keep(tx: &mut Tx, key: &str, fingerprint: &str, status: StatusCode, body: &Value) {
    let kept = json!({
        "fingerprint": fingerprint, "status": status.as_u16(), "body": body, "request": tx.cause.request, "created": tx.clock,
    });
    tx.put(IDEMPOTENT, &record_id(key), kept, Value::Null);
}

/// True for answers that stay the answer: results and failures of the call, but not refusals before it began.
pub fn is_kept(status: StatusCode) -> bool {
    let before_it_began = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::CONFLICT, StatusCode::TOO_MANY_REQUESTS];
    let before_it_arrived = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];
    !before_it_began.contains(&status) && !before_it_arrived.contains(&status)
}

/// True when a kept answer is older than a day at `now`, in unix seconds.
pub fn is_stale(kept: &Value, now: i64) -> bool {
    now - kept.integer("created") > KEPT_SECONDS
}

fn record_id(key: &str) -> String {
    format!("{IDEMPOTENT}:{key}")
}
