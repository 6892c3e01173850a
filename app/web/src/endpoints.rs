//! The table of endpoints: every URL with its door, printed by `keel routes` and compared in tests.

use serde::Serialize;

/// A URL that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    /// The path, as a route.
    pub path: &'static str,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// What a request must show.
    pub door: &'static str,
    /// What it is.
    pub kind: Kind,
}

/// What an endpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// HTML for people.
    Page,
    /// A form's target.
    Action,
    /// Anything else.
    Plain,
}
