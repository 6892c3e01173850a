//! `/org-dashboard`: the workspace at a glance, for people who run it.

pub use super::view::organization as view;

use crate::page::{Loaded, Visit};
use keel_domain::access::{Manager, Read};
use keel_domain::audit::{self, Done};
use keel_domain::billing::overview::{self, Summary};
use keel_types::Permission;

const RECENT: u32 = 8;

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    pub account_name: String,
    /// Plan, seats and credits.
    pub summary: Summary,
    /// What was done last; none for people who may not read the audit log.
    pub recent: Option<Vec<Done>>,
    /// Whether the caller may choose a plan.
    pub may_manage_billing: bool,
    /// Whether the caller may invite people.
    pub may_invite: bool,
    /// Whether the caller has told the name.
    pub onboarded: bool,
}

/// Reads it.
pub async fn load(mut call: Read<Manager>, _: &Visit) -> Loaded<Model> {
    let reads_audit = call.proof().standing().role.permissions.has(Permission::ViewAudit);
    let recent = if reads_audit { Some(audit::list_recent(&mut call, RECENT).await?) } else { None };
    let summary = overview::summary(&mut call).await?;
    let standing = call.proof().standing();
    Ok(Model {
        account_name: standing.name.clone(),
        summary,
        recent,
        may_manage_billing: standing.role.permissions.has(Permission::ManageBilling),
        may_invite: standing.role.permissions.has(Permission::InviteMembers),
        onboarded: call.proof().actor().onboarded,
    })
}
