//! `/org-dashboard/members`: who belongs to the workspace.

pub mod actions;
pub mod member;
mod view;

pub use view::view;

use crate::page::{Loaded, Visit};
use keel_domain::access::Read;
use keel_domain::billing::overview::{self, Summary};
use keel_domain::invitations::{self, Pending};
use keel_domain::members::{self, Filter, Listed, Place};
use keel_types::permission::may;
use keel_types::{MembershipId, Permission, Role};

/// The page of all members.
pub const PAGE: &str = "/org-dashboard/members";

/// The page of one member.
pub fn page_of(member: &MembershipId) -> String {
    format!("{PAGE}/{member}")
}

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    pub account_name: String,
    /// How many seats are taken.
    pub summary: Summary,
    /// The roles to choose from.
    pub roles: Vec<Role>,
    /// Who was asked for.
    pub filter: Filter,
    /// Who was found.
    pub listed: Listed,
    /// The caller's own place.
    pub own: MembershipId,
    /// The invitations that wait, for people who may invite.
    pub pending: Option<Vec<Pending>>,
    /// Whether the caller may define roles.
    pub may_define_roles: bool,
}

/// Reads a page of members. Members and viewers may see who is there, but not here.
pub async fn load(mut call: Read<may::ViewMembers>, visit: &Visit) -> Loaded<Model> {
    call.proof().standing().require_manager()?;
    let roles = members::list_roles(&mut call).await?;
    let known = |id: &&str| roles.iter().any(|role| role.id == **id);
    let filter = Filter {
        search: visit.query("search").unwrap_or_default().trim().to_owned(),
        role: visit.query("show").filter(known).map(str::to_owned),
        after: visit.query("after").and_then(Place::parse),
    };
    let listed = members::list(&mut call, &filter).await?;
    let summary = overview::summary(&mut call).await?;
    let may_invite = call.proof().standing().role.permissions.has(Permission::InviteMembers);
    let pending = if may_invite { Some(invitations::list_pending(&mut call).await?) } else { None };
    let standing = call.proof().standing();
    let may_define_roles = standing.role.permissions.has(Permission::UpdateRole);
    let (account_name, own) = (standing.name.clone(), standing.membership.clone());
    Ok(Model { account_name, summary, roles, filter, listed, own, pending, may_define_roles })
}
