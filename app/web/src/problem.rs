//! Why an action did not do what was asked: on the wire this is `application/problem+json` (RFC 9457).

use keel_domain::{Refusal, request};
use keel_text::{Catalogue, fill};
use keel_types::{Code, Fault};
use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// A problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// A sentence for people, in the language the request asks for.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: Code,
    /// The fields that were not taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The permission that is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// Seats that people have, where there would be fewer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats_used: Option<i64>,
    /// Seconds after which to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
    /// Finds a fault of ours in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where to see and change the plan there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_plan: Option<String>,
    /// Whether what was written so far stays written.
    #[serde(skip)]
    pub remembered: bool,
    /// Whether the same call may be made again.
    #[serde(skip)]
    pub collision: bool,
}

/// A field that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldProblem {
    /// The field's name.
    pub field: String,
    /// Why.
    pub code: Fault,
    /// The part of the field that was not taken, where it is a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl FieldProblem {
    /// A field was not taken.
    pub fn new(field: impl Into<String>, code: Fault) -> Self {
        Self { field: field.into(), code, value: None }
    }
}

impl Problem {
    /// A problem of this code and nothing more.
    pub fn new(code: Code) -> Self {
        Self {
            title: request::lang().unwrap_or_default().catalogue().code(code).to_owned(),
            status: code.status(),
            code,
            errors: vec![],
            permission: None,
            seats_used: None,
            retry_after: None,
            reference: None,
            change_plan: None,
            remembered: false,
            collision: false,
        }
    }

    /// What a person reads about it as a whole.
    pub fn sentence(&self, text: &Catalogue) -> String {
        let sentence = if self.seats_used.is_some() { text.problem.seats_taken } else { text.code(self.code) };
        fill(sentence, &[("seconds", &self.retry_after.unwrap_or(1)), ("used", &self.seats_used.unwrap_or(0))])
    }

    /// Some fields were not taken.
    pub fn invalid(errors: Vec<FieldProblem>) -> Self {
        Self { errors, ..Self::new(Code::Invalid) }
    }

    /// Offers the change of plan there, when the plan there is was the problem.
    #[must_use]
    pub fn or_change_plan_at(self, billing: Option<String>) -> Self {
        if self.code == Code::AlreadySubscribed { Self { change_plan: billing, ..self } } else { self }
    }

    /// One field was not taken, and what the verb wrote about it is kept.
    pub fn remembered(field: &str, fault: Fault) -> Self {
        Self { remembered: true, ..Self::invalid(vec![FieldProblem::new(field, fault)]) }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let mut problem = Self::new(refusal.code());
        match refusal {
            Refusal::Invalid(faults) => {
                problem.errors = faults.into_iter().map(|f| FieldProblem::new(f.field, f.fault)).collect();
            }
            Refusal::Forbidden(permission) => problem.permission = Some(permission.as_str().to_owned()),
            Refusal::SeatsTaken { used } => problem.seats_used = Some(used),
            Refusal::TooMany { retry_after } => problem.retry_after = Some(retry_after),
            Refusal::Internal { reference } => problem.reference = Some(reference),
            Refusal::Collision => {
                problem.collision = true;
                problem.retry_after = Some(1);
            }
            Refusal::Unavailable => problem.retry_after = Some(5),
            _ => {}
        }
        problem.title = problem.sentence(request::lang().unwrap_or_default().catalogue());
        problem
    }
}

impl FromServerFnError for Problem {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::new(Code::Malformed)
            }
            other => Refusal::internal(&other).into(),
        }
    }
}
