//! The way of a call to `/v1`: key, version, parameters, faults, idempotency, answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::api::{self, VERSION};
use crate::clock::wall_ms;
use crate::error::ApiError;
use crate::faults::ApiFault;
use crate::form::Params;
use crate::idempotency;
use crate::ids;
use crate::shared::{Failed, Shared};
use crate::store::Cause;

const LARGEST_BODY: usize = 1_048_576;
const LONGEST_KEY: usize = 255;

/// What a call is answered.
struct Answer {
    status: StatusCode,
    body: Value,
    /// The request this answer was first given to, when it is given again.
    first: Option<String>,
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        Self { status: error.status, body: error.body(), first: None }
    }
}

/// Answers any call under `/v1`, and notes it.
pub async fn call(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let id = ids::fresh("req_", 14);
    let key = text(&parts.headers, "idempotency-key").map(str::to_owned);
    let at_ms = wall_ms();
    let answer = match to_bytes(body, LARGEST_BODY).await {
        Ok(body) => answer(&shared, &parts, &body, &id, key.as_deref()).await.unwrap_or_else(Answer::from),
        Err(_) => ApiError::invalid("The request body is too large.").into(),
    };
    shared.note(crate::shared::Request {
        id: id.clone(),
        at_ms,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().map(str::to_owned),
        idempotency_key: key.clone(),
        status: answer.status.as_u16(),
    });
    written(&answer, &id, key.as_deref())
}

async fn answer(shared: &Shared, parts: &Parts, body: &Bytes, id: &str, key: Option<&str>) -> Result<Answer, ApiError> {
    authenticate(&parts.headers, &shared.api_key)?;
    speaks_our_version(&parts.headers)?;
    let params = params(parts, body)?;
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let key = key.filter(|_| method == "POST");
    if key.is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY) {
        return Err(ApiError::invalid(format!("An idempotency key has 1 to {LONGEST_KEY} characters.")));
    }
    let claim = key.map(|key| shared.claim(key).ok_or_else(|| ApiError::key_in_use(key))).transpose()?;
    let cause = Cause { request: Some(id.to_owned()), idempotency_key: key.map(str::to_owned) };
    let fault = next_fault(shared, method, path)?;
    let late = fault.as_ref().is_some_and(|fault| fault.after_commit);
    let injected = fault.as_ref().and_then(ApiFault::answer);
    let delay = Duration::from_millis(fault.map_or(0, |fault| fault.delay_ms));
    if !late {
        tokio::time::sleep(delay).await;
    }
    let instead = injected.filter(|_| !late);
    let answer = shared.change(cause, |tx| {
        let fingerprint = format!("{method} {path}?{}", params.fingerprint());
        if let Some(kept) = key.map(|key| idempotency::replay(tx, key, &fingerprint)).transpose()?.flatten() {
            return Ok(Answer { status: kept.status, body: kept.body, first: Some(kept.request) });
        }
        let result = instead.map_or_else(|| api::answer(tx, method, path, &params), |status| Err(ApiError::injected(status)));
        let answer = match result {
            Ok(body) => Answer { status: StatusCode::OK, body, first: None },
            Err(error) => {
                tx.undo();
                Answer::from(error)
            }
        };
        if let Some(key) = key.filter(|_| idempotency::is_kept(answer.status)) {
            idempotency::keep(tx, key, &fingerprint, answer.status, &answer.body);
        }
        Ok(answer)
    });
    if late {
        tokio::time::sleep(delay).await;
    }
    drop(claim);
    match (answer, injected) {
        (Ok(_), Some(status)) if late => Err(ApiError::injected(status)),
        (Ok(answer), _) => Ok(answer),
        (Err(Failed::Refused(error)), _) => Err(error),
        (Err(error), _) => Err(ApiError::internal(error.to_string())),
    }
}

fn next_fault(shared: &Shared, method: &str, path: &str) -> Result<Option<ApiFault>, ApiError> {
    let fault = shared.change(Cause::default(), |tx| Ok::<_, ApiError>(tx.faults().next_call(method, path)));
    fault.map_err(|error| ApiError::internal(error.to_string()))
}

/// Versions of one name differ only by additions, so a caller that asks for any of them understands ours.
fn speaks_our_version(headers: &HeaderMap) -> Result<(), ApiError> {
    let name = |version: &str| version.rsplit('.').next().map(str::to_owned);
    match text(headers, "stripe-version") {
        Some(version) if name(version) != name(VERSION) => {
            Err(ApiError::invalid(format!("Invalid Stripe API version: {version}; the sandbox speaks {VERSION}.")))
        }
        _ => Ok(()),
    }
}

/// Bearer, or basic with the key as user name.
fn authenticate(headers: &HeaderMap, api_key: &str) -> Result<(), ApiError> {
    let Some((scheme, credentials)) = text(headers, "authorization").and_then(|value| value.split_once(' ')) else {
        return Err(ApiError::unauthorized("You did not provide an API key: send it as a bearer token or as the basic auth user name."));
    };
    let key = match scheme.to_ascii_lowercase().as_str() {
        "bearer" => Some(credentials.trim().to_owned()),
        "basic" => BASE64_STANDARD.decode(credentials.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(|pair| {
            match pair.split_once(':') {
                Some((user, _)) => user.to_owned(),
                None => pair,
            }
        }),
        _ => None,
    };
    match key {
        Some(key) if key == api_key => Ok(()),
        Some(key) => {
            let end: String = key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            Err(ApiError::unauthorized(format!("Invalid API Key provided: ****{end}")))
        }
        None => Err(ApiError::unauthorized("The authorization header is neither bearer nor basic.")),
    }
}

/// The parameters: of the body for POST, else of the query.
fn params(parts: &Parts, body: &Bytes) -> Result<Params, ApiError> {
    if parts.method != "POST" {
        let query = parts.uri.query().unwrap_or_default();
        return Params::parse(if query.is_empty() { body } else { query.as_bytes() });
    }
    let kind = text(&parts.headers, "content-type").unwrap_or_default();
    if !body.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(ApiError::invalid("The content type of a POST is application/x-www-form-urlencoded."));
    }
    Params::parse(body)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn written(answer: &Answer, id: &str, key: Option<&str>) -> Response {
    let mut response = (answer.status, answer.body.to_string()).into_response();
    let mut header = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    header(header::CONTENT_TYPE.as_str(), "application/json");
    header("cache-control", "no-cache, no-store");
    header("request-id", id);
    header("stripe-version", VERSION);
    if let Some(key) = key {
        header("idempotency-key", key);
    }
    if let Some(first) = &answer.first {
        header("idempotent-replayed", "true");
        header("original-request", first);
    }
    response
}
