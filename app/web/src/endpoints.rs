//! The table of endpoints: every URL with its door, printed by `keel routes` and compared in tests.

use keel_domain::access::{Caller, Door};
use serde::Serialize;

/// A URL that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Endpoint {
    /// The path, as a route.
    pub path: &'static str,
    /// `GET` or `POST`; programs also say `PATCH` and `DELETE`.
    pub method: &'static str,
    /// What a request must show.
    pub door: &'static str,
    /// Whether the person must have proven lately who they are.
    pub step_up: bool,
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

/// A page that is somebody's, and whom it opens to. Submitted beside its route.
pub struct Page {
    path: &'static str,
    admits: fn(Caller) -> bool,
}
inventory::collect!(Page);

impl Page {
    /// The page behind a door.
    pub const fn behind<D: Door>(path: &'static str) -> Self {
        Self { path, admits: |caller| D::admit(None, false).is_err() && D::admit(Some(caller), false).is_ok() }
    }
}

/// Whether there is a page of somebody's at this path.
pub fn is_page(path: &str) -> bool {
    inventory::iter::<Page>().any(|page| page.path == path)
}

/// Whether there is such a page, for signed-in people, and its door opens to this one. A path with parts that vary is no
/// page here: what it names is in one account only.
pub fn opens(path: &str, caller: &Caller) -> bool {
    inventory::iter::<Page>().any(|page| page.path == path && (page.admits)(caller.clone()))
}
