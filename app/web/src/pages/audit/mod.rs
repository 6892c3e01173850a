//! `/org-dashboard/audit`: who did what in the workspace.

mod filter;
mod view;

pub use filter::{Format, Typed, Wanted};
pub use view::view;

use crate::page::{Loaded, Visit};
use crate::problem::FieldProblem;
use keel_domain::access::Read;
use keel_domain::audit::{self, Listed, Place};
use keel_types::permission::may;

/// The page.
pub const PAGE: &str = "/org-dashboard/audit";
/// Where what the page shows is exported.
pub const EXPORT: &str = "/api/audit/export";

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    account_name: String,
    /// The filter as it was typed.
    typed: Typed,
    /// What is wrong with it; nothing is listed then.
    faults: Vec<FieldProblem>,
    /// Whether this is a page behind the first.
    is_later: bool,
    /// What was found.
    listed: Listed,
    /// Whether the caller may export it.
    may_export: bool,
}

/// Reads a page of the log.
pub async fn load(mut call: Read<may::ViewAudit>, visit: &Visit) -> Loaded<Model> {
    call.proof().standing().require_manager()?;
    let typed = Typed::read(|name| visit.query(name).unwrap_or_default());
    let (filter, mut faults) = typed.filter();
    let after = visit.query("after").and_then(Place::parse);
    let mut listed = audit::list(&mut call, &filter, after.as_ref()).await?;
    faults.extend(listed.actor.as_ref().err().map(|fault| FieldProblem::new("actor", *fault)));
    if !faults.is_empty() {
        (listed.events, listed.next) = (vec![], None);
        visit.refuse_query();
    }
    let (account_name, may_export) = (call.proof().standing().name.clone(), audit::may_export(&call));
    Ok(Model { account_name, typed, faults, is_later: after.is_some(), listed, may_export })
}
