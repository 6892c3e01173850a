//! `/_sandbox`: what tests see and steer. It asks for no key, because the sandbox is reachable on its own machine only.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{self, webhook_endpoints};
use crate::billing::{disputes, due};
use crate::error::ApiError;
use crate::events;
use crate::faults::{ApiFault, Faults, Random, WebhookFault};
use crate::ids;
use crate::json::At;
use crate::shared::{Failed, Request, Shared};
use crate::store::{CLOCK, Cause, DELIVERY, SETTINGS, Tx};

type Refusal = (StatusCode, Json<Value>);

/// The routes, without the pages for people.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sandbox/catalogue", get(catalogue))
        .route("/_sandbox/requests", get(requests).delete(forget_requests))
        .route("/_sandbox/clock", get(clock).post(advance))
        .route("/_sandbox/settings", get(settings).post(set_settings))
        .route("/_sandbox/faults", get(faults).post(set_faults))
        .route("/_sandbox/webhook_endpoints", post(add_endpoint))
        .route("/_sandbox/deliveries", get(deliveries))
        .route("/_sandbox/deliveries/{id}/resend", post(resend_delivery))
        .route("/_sandbox/events/{id}/resend", post(resend_event))
        .route("/_sandbox/disputes/{id}", post(decide))
}

/// The endpoints and the kinds of events there are, for whoever wants to try them all.
async fn catalogue() -> Json<Value> {
    let endpoints: Vec<String> = api::endpoints().map(|(method, path)| format!("{method} {path}")).collect();
    Json(json!({ "api_version": api::VERSION, "endpoints": endpoints, "events": events::KINDS }))
}

async fn requests(State(shared): State<Arc<Shared>>) -> Json<Vec<Request>> {
    Json(shared.requests())
}

async fn forget_requests(State(shared): State<Arc<Shared>>) -> StatusCode {
    shared.forget_requests();
    StatusCode::NO_CONTENT
}

async fn clock(State(shared): State<Arc<Shared>>) -> Json<Value> {
    Json(json!({ "now_ms": shared.clock.now_ms() }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_ms: i64,
}

/// Moves the sandbox's own clock ahead; everything due by then has happened when this answers.
async fn advance(State(shared): State<Arc<Shared>>, body: Result<Json<Advance>, JsonRejection>) -> Result<Json<Value>, Refusal> {
    let Json(step) = body.map_err(|rejection| unreadable(&rejection))?;
    if !shared.clock.advance(step.advance_ms) {
        return Err(refuse(&ApiError::invalid("Only a clock of the sandbox's own can be moved, and only ahead.")));
    }
    let offset = shared.clock.offset_ms();
    change(&shared, |tx| {
        tx.put(CLOCK, CLOCK, json!({ "offset_ms": offset }), Value::Null);
        Ok(())
    })?;
    due::catch_up(&shared).map_err(|error| refuse(&ApiError::internal(error.to_string())))?;
    Ok(Json(json!({ "now_ms": shared.clock.now_ms() })))
}

/// What an account of Stripe's can choose, and the sandbox's has.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    #[serde(default)]
    after_retries: AfterRetries,
}

/// What becomes of a subscription when the last retry of its invoice has failed.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum AfterRetries {
    #[default]
    Cancel,
    Unpaid,
    PastDue,
}

async fn settings(State(shared): State<Arc<Shared>>) -> Json<Settings> {
    Json(shared.read(|store| serde_json::from_value(store.value(SETTINGS).clone()).unwrap_or_default()))
}

async fn set_settings(State(shared): State<Arc<Shared>>, body: Result<Json<Settings>, JsonRejection>) -> Result<Json<Settings>, Refusal> {
    let Json(settings) = body.map_err(|rejection| unreadable(&rejection))?;
    change(&shared, |tx| {
        tx.put(SETTINGS, SETTINGS, json!(settings), Value::Null);
        Ok(())
    })?;
    Ok(Json(settings))
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Faults> {
    Json(shared.read(|store| store.faults.clone()))
}

/// What to change about the faults: what is not named stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::option_option, reason = "an absent field and a null say different things")]
struct Order {
    #[serde(default)]
    webhooks: Option<WebhookFault>,
    #[serde(default)]
    count: Option<u32>,
    /// Null ends a standing order.
    #[serde(default, deserialize_with = "given")]
    api_error: Option<Option<ApiFault>>,
    /// Null ends it.
    #[serde(default, deserialize_with = "given")]
    random: Option<Option<Random>>,
}

#[expect(clippy::option_option, reason = "as in Order")]
fn given<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(field: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(field).map(Some)
}

async fn set_faults(State(shared): State<Arc<Shared>>, body: Result<Json<Order>, JsonRejection>) -> Result<Json<Faults>, Refusal> {
    let Json(order) = body.map_err(|rejection| unreadable(&rejection))?;
    change(&shared, |tx| {
        if let Some(webhooks) = order.webhooks {
            tx.faults().webhooks = webhooks;
            tx.faults().count = order.count.filter(|count| *count > 0);
            if webhooks == WebhookFault::Deliver {
                events::release_held(tx);
            }
        }
        if let Some(api_error) = order.api_error {
            tx.faults().api_error = api_error.filter(|fault| fault.count > 0);
        }
        if let Some(random) = order.random {
            tx.faults().random = random;
        }
        Ok(())
    })?;
    Ok(faults(State(shared)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Receiver {
    url: String,
    secret: String,
}

/// An endpoint that gets every event from now on, signed with a secret the caller knows before; `POST /v1/webhook_endpoints`
/// makes up one of its own. With the same address it takes the old one's place.
async fn add_endpoint(State(shared): State<Arc<Shared>>, body: Result<Json<Receiver>, JsonRejection>) -> Result<Json<Value>, Refusal> {
    let Json(receiver) = body.map_err(|rejection| unreadable(&rejection))?;
    let endpoint = change(&shared, |tx| {
        let known = tx.store().all("webhook_endpoint").find(|record| record.value.text("url") == receiver.url);
        let id = known.map_or_else(|| ids::fresh("we_1", 23), |record| record.id.clone());
        webhook_endpoints::put(tx, &id, &receiver.url, &receiver.secret);
        Ok(tx.value(&id).clone())
    })?;
    Ok(Json(endpoint))
}

async fn deliveries(State(shared): State<Arc<Shared>>) -> Json<Vec<Value>> {
    Json(shared.read(|store| store.all(DELIVERY).map(|record| record.value.clone()).collect()))
}

async fn resend_delivery(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    change(&shared, |tx| {
        let delivery = tx.store().record(&id).filter(|record| record.kind == DELIVERY).ok_or_else(|| ApiError::missing("delivery", &id))?;
        let (event, endpoint) = (delivery.value.text("event").to_owned(), delivery.value.text("endpoint").to_owned());
        let again = events::queue(tx, &event, &endpoint, WebhookFault::Deliver);
        Ok(tx.value(&again).clone())
    })
    .map(Json)
}

async fn resend_event(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<Json<Vec<Value>>, Refusal> {
    change(&shared, |tx| {
        let event = tx.store().record(&id).filter(|record| record.kind == "event").ok_or_else(|| ApiError::missing("event", &id))?;
        let kind = event.value.text("type").to_owned();
        let endpoints = events::listeners(tx, &kind);
        let again = endpoints.iter().map(|endpoint| {
            let again = events::queue(tx, &id, endpoint, WebhookFault::Deliver);
            tx.value(&again).clone()
        });
        Ok(again.collect())
    })
    .map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    won: bool,
}

/// The bank's word on an undecided dispute.
async fn decide(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    body: Result<Json<Decision>, JsonRejection>,
) -> Result<Json<Value>, Refusal> {
    let Json(decision) = body.map_err(|rejection| unreadable(&rejection))?;
    change(&shared, |tx| {
        let dispute = tx.store().record(&id).filter(|record| record.kind == "dispute").ok_or_else(|| ApiError::missing("dispute", &id))?;
        if !disputes::is_open(&dispute.value) {
            return Err(ApiError::invalid("The dispute is decided."));
        }
        disputes::decide(tx, &id, decision.won);
        Ok(tx.value(&id).clone())
    })
    .map(Json)
}

fn change<T>(shared: &Shared, change: impl FnOnce(&mut Tx) -> Result<T, ApiError>) -> Result<T, Refusal> {
    shared.change(Cause::default(), change).map_err(|error| match error {
        Failed::Refused(error) => refuse(&error),
        other @ Failed::Journal(_) => refuse(&ApiError::internal(other.to_string())),
    })
}

fn refuse(error: &ApiError) -> Refusal {
    (error.status, Json(error.body()))
}

fn unreadable(rejection: &JsonRejection) -> Refusal {
    (rejection.status(), Json(ApiError::invalid(rejection.body_text()).body()))
}

/// 404 for whatever is not an address of the sandbox.
pub async fn unknown(request: axum::extract::Request) -> Response {
    let error = ApiError::unknown_path(request.method().as_str(), request.uri().path());
    (error.status, Json(error.body())).into_response()
}
