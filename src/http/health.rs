//! Whether this process lives, and whether it should be sent requests.

use super::Served;
use axum::Extension;
use http::StatusCode;
use std::sync::Arc;

/// 200 as long as the process answers at all.
pub async fn live() -> StatusCode {
    StatusCode::OK
}

/// 200 while the database answers in time and nobody has told the process to stop.
pub async fn ready(Extension(served): Extension<Arc<Served>>) -> StatusCode {
    let stopping = *served.stopping.borrow();
    if !stopping && served.keel.is_ready().await { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}
