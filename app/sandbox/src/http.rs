//! The way of a call to `/v1`: key, version, parameters, faults, idempotency, answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::body::Frame;
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
    /// True when the line is cut instead.
    hung_up: bool,
    /// True when something else than JSON is answered.
    garbage: bool,
}

impl Answer {
    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, first: None, hung_up: false, garbage: false }
    }

    fn never() -> Self {
        Self { hung_up: true, ..Self::new(StatusCode::OK, Value::Null) }
    }

    /// With what was ordered to stand in it instead.
    fn distorted(mut self, fault: &ApiFault) -> Self {
        for (place, value) in &fault.says {
            if let Some(there) = self.body.pointer_mut(place) {
                *there = value.clone();
            }
        }
        self.garbage = fault.garbage;
        self
    }
}

impl From<ApiError> for Answer {
    fn from(error: ApiError) -> Self {
        Self::new(error.status, error.body())
    }
}

/// A body that breaks off before its first byte. The server has not sent the head by then, and ends the connection.
struct CutOff;

impl hyper::body::Body for CutOff {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(Some(Err(io::ErrorKind::ConnectionReset.into())))
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
        status: (!answer.hung_up).then(|| answer.status.as_u16()),
    });
    if answer.hung_up {
        return Response::new(Body::new(CutOff));
    }
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
    let distorting = fault.clone();
    let (before, after) = fault.map_or((None, None), |fault| if fault.after_commit { (None, Some(fault)) } else { (Some(fault), None) });
    if let Some(fault) = &before {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
        if fault.hang_up {
            return Ok(Answer::never());
        }
    }
    let instead = before.as_ref().and_then(ApiFault::answer);
    let answer = shared.change(cause, |tx| {
        let fingerprint = format!("{method} {path}?{}", params.fingerprint());
        if let Some(kept) = key.map(|key| idempotency::replay(tx, key, &fingerprint)).transpose()?.flatten() {
            return Ok(Answer { first: Some(kept.request), ..Answer::new(kept.status, kept.body) });
        }
        let result = instead.map_or_else(|| api::answer(tx, method, path, &params), |status| Err(ApiError::injected(status)));
        let answer = match result {
            Ok(body) => Answer::new(StatusCode::OK, body),
            Err(error) => {
                if !error.is_kept {
                    tx.undo();
                }
                Answer::from(error)
            }
        };
        if let Some(key) = key.filter(|_| idempotency::is_kept(answer.status)) {
            idempotency::keep(tx, key, &fingerprint, answer.status, &answer.body);
        }
        Ok(answer)
    });
    if let Some(fault) = &after {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    drop(claim);
    let answer = answer.map_err(|error| match error {
        Failed::Refused(error) => error,
        error @ Failed::Journal(_) => ApiError::internal(error.to_string()),
    })?;
    let answer = match after {
        Some(fault) if fault.hang_up => Answer::never(),
        Some(fault) => fault.answer().map_or(Ok(answer), |status| Err(ApiError::injected(status)))?,
        None => answer,
    };
    Ok(match distorting {
        Some(fault) => answer.distorted(&fault),
        None => answer,
    })
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
    let body = if answer.garbage { "<!DOCTYPE html><title>502</title>".to_owned() } else { answer.body.to_string() };
    let mut response = (answer.status, body).into_response();
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
