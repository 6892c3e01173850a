//! `POST /api/stripe/webhook`: raw bytes in, stored, 200. The signature is the door.

use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode};
use keel_domain::billing::inbox;
use keel_types::Code;
use keel_web::arrival::Arrival;
use keel_web::pages::errors;
use keel_web::problem::Problem;

/// The largest event, in bytes.
const LARGEST: usize = 1024 * 1024;

pub async fn receive(Extension(arrival): Extension<Arrival>, headers: HeaderMap, body: Body) -> Response {
    let Ok(body) = to_bytes(body, LARGEST).await else { return errors::json(&Problem::new(Code::TooLarge)) };
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    match inbox::receive(&arrival.keel, signature, &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(refusal) => errors::json(&refusal.into()),
    }
}
