//! Refusals, shaped as Stripe shapes them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::cards::{Decline, NO_METHOD};

/// Why a call was refused: the status and the fields of the `error` object.
#[derive(Clone, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    message: String,
    param: Option<String>,
    decline_code: Option<&'static str>,
    /// An object the refusal is about, under its name.
    about: Option<(&'static str, Value)>,
    /// True when what was written before the refusal stays, as an attempt to pay does.
    pub is_kept: bool,
}

impl ApiError {
    fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, message: message.into(), param: None, decline_code: None, about: None, is_kept: false }
    }

    /// 400: the request itself is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// 400: the request cannot be met as things are, with Stripe's code for why.
    pub fn coded(code: &'static str, message: impl Into<String>) -> Self {
        Self { code: Some(code), ..Self::invalid(message) }
    }

    /// 400: a parameter is wrong in a way that Stripe has no code for.
    pub fn wrong(param: &str, message: impl Into<String>) -> Self {
        Self { param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    /// 400: a parameter is wrong, with Stripe's code for how.
    pub fn parameter(code: &'static str, param: &str, message: impl Into<String>) -> Self {
        Self { code: Some(code), param: Some(param.to_owned()), ..Self::invalid(message) }
    }

    /// 400: a parameter names an object that does not exist.
    pub fn no_such(kind: &str, id: &str, param: &str) -> Self {
        Self::parameter("resource_missing", param, format!("No such {kind}: '{id}'"))
    }

    /// 404: the object in the address does not exist.
    pub fn missing(kind: &str, id: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::no_such(kind, id, "id") }
    }

    /// 404: no such address.
    pub fn unknown_path(method: &str, path: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::invalid(format!("Unrecognized request URL ({method}: {path}).")) }
    }

    /// 402: the bank said no, or 400: there is no card to ask about.
    pub fn declined(decline: Decline) -> Self {
        let Decline { code, reason, message } = decline;
        if decline == NO_METHOD {
            return Self { code: Some(code), ..Self::invalid(message) };
        }
        Self { code: Some(code), decline_code: reason, ..Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", message) }
    }

    /// The same refusal of a call that leaves something behind.
    pub fn kept(self) -> Self {
        Self { is_kept: true, ..self }
    }

    /// The same refusal with the object it is about.
    pub fn about(self, name: &'static str, object: &Value) -> Self {
        Self { about: Some((name, object.clone())), ..self }
    }

    /// 402: a card cannot be as it was typed.
    pub fn card(code: &'static str, param: &str, message: &str) -> Self {
        let refusal = Self::new(StatusCode::PAYMENT_REQUIRED, "card_error", message);
        Self { code: Some(code), param: Some(param.to_owned()), ..refusal }
    }

    /// 401: no key, or not ours.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_request_error", message)
    }

    /// 400: the idempotency key belongs to a different request.
    pub fn key_reused(key: &str) -> Self {
        let message =
            format!("The idempotency key '{key}' was first used with other parameters; a different request needs a key of its own.");
        Self::new(StatusCode::BAD_REQUEST, "idempotency_error", message)
    }

    /// 409: the first request with this key is still being answered.
    pub fn key_in_use(key: &str) -> Self {
        let message = format!("Another request with the idempotency key '{key}' is still in progress; try again later.");
        Self { code: Some("idempotency_key_in_use"), ..Self::new(StatusCode::CONFLICT, "idempotency_error", message) }
    }

    /// An error ordered through `/_sandbox/faults`.
    pub fn injected(status: StatusCode) -> Self {
        let (kind, code) = match status.as_u16() {
            429 => ("invalid_request_error", Some("rate_limit")),
            400..=499 => ("invalid_request_error", None),
            _ => ("api_error", None),
        };
        Self { code, ..Self::new(status, kind, "This error was ordered through the sandbox's faults.") }
    }

    /// 500: the sandbox itself failed.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "api_error", message)
    }

    /// The response body.
    pub fn body(&self) -> Value {
        let mut error = json!({ "type": self.kind, "message": self.message });
        if let Some(code) = self.code {
            error["code"] = code.into();
            error["doc_url"] = doc_url(code).into();
        }
        if let Some(reason) = self.decline_code {
            error["decline_code"] = reason.into();
        }
        if let Some((name, object)) = &self.about {
            error[*name] = object.clone();
        }
        if let Some(param) = &self.param {
            error["param"] = param.as_str().into();
        }
        json!({ "error": error })
    }
}

/// Where Stripe explains an error code.
pub fn doc_url(code: &str) -> String {
    format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-"))
}
