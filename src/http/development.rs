//! What exists in development only: the mailbox for programs, the sandbox's addresses, and the movable clock.

use super::Served;
use axum::extract::Query;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use keel_domain::access::{Read, Visitor};
use keel_domain::{Refusal, mail};
use keel_types::Code;
use keel_types::time::DAY;
use keel_web::arrival::Arrival;
use keel_web::pages::errors;
use keel_web::problem::Problem;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whose mail.
#[derive(Deserialize)]
pub struct Whose {
    to: Option<String>,
}

/// `GET /dev/mailbox.json?to=`: the newest mail first.
pub async fn mailbox(Extension(arrival): Extension<Arrival>, Query(whose): Query<Whose>) -> Response {
    let list = async {
        let mut call = Read::<Visitor>::open(&arrival.keel, arrival.asked_for(None)).await?;
        mail::list_mailbox(&mut call, whose.to.as_deref()).await
    };
    match list.await {
        Ok(mails) => Json(mails).into_response(),
        Err(refusal) => errors::json(&refusal.into()),
    }
}

#[derive(Serialize)]
struct Addresses {
    api: String,
    pages: String,
}

/// `GET /dev/sandbox.json`: where the billing sandbox of this process is.
pub async fn sandbox(Extension(served): Extension<Arc<Served>>) -> Response {
    match served.sandbox.clone() {
        Some((api, pages)) => Json(Addresses { api, pages }).into_response(),
        None => errors::json(&Refusal::NotFound.into()),
    }
}

/// The farthest the clock is moved at once.
const FARTHEST: i64 = 10 * 366 * DAY;

/// How far to move the clock: time goes forward only.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advance {
    advance_ms: i64,
}

/// `POST /dev/clock {"advance_ms": …}`: moves time for the application and the sandbox together. JSON only, so that no
/// page of another site can send it.
pub async fn clock(Extension(served): Extension<Arc<Served>>, Json(by): Json<Advance>) -> Response {
    if !(0..=FARTHEST).contains(&by.advance_ms) {
        return errors::json(&Problem::new(Code::Malformed));
    }
    match served.keel.move_clock(by.advance_ms).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(refusal) => errors::json(&refusal.into()),
    }
}
