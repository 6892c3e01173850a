//! What can be done about members.

use super::{PAGE, page_of};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader, is_on};
use crate::pages::own_settings::PROFILE;
use keel_domain::access::{Fresh, Member, Write};
use keel_domain::members;
use keel_types::permission::may;
use keel_types::url::LocalPath;
use keel_types::{ApiKeyId, MembershipId};

const PAGES: [&str; 2] = [PAGE, "/org-dashboard/members/{member}"];

actions! {
    /// Gives a member another role.
    change_role: "members/change-role" on PAGES, may::UpdateRole, NewRole;
    /// Removes a member from the workspace.
    remove: "members/remove" on PAGES, may::RemoveMembers, Removal;
    /// Makes a member an owner in the caller's place, or beside them.
    transfer_ownership: "members/transfer-ownership" on PAGES, Fresh<may::TransferOwnership>, Handover;
    /// Ends the caller's own membership.
    leave: "members/leave" on [PAGE, "/org-dashboard/members/{member}", PROFILE], Member, At;
}

struct NewRole {
    member: MembershipId,
    role: String,
}

impl Input for NewRole {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let member = form.choice("member", |id| MembershipId::parse(id).ok());
        let role = form.choice("role", |id| (!id.is_empty()).then(|| id.to_owned()));
        Some(Self { member: member?, role: role? })
    }
}

struct Removal {
    member: MembershipId,
    keys: Vec<ApiKeyId>,
}

impl Input for Removal {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let member = form.choice("member", |id| MembershipId::parse(id).ok());
        let keys = form.choices("keys", |id| ApiKeyId::parse(id).ok());
        Some(Self { member: member?, keys: keys? })
    }
}

async fn change_role(call: &mut Write<may::UpdateRole>, form: NewRole) -> Answer {
    members::change_role(call, &form.member, &form.role).await?;
    Ok(Done::back_to(call, &page_of(&form.member)).say(Said::RoleChanged))
}

async fn remove(call: &mut Write<may::RemoveMembers>, form: Removal) -> Answer {
    members::remove(call, &form.member, &form.keys).await?;
    Ok(Done::back_to(call, PAGE).say(Said::MemberRemoved))
}

struct Handover {
    member: MembershipId,
    stays: bool,
    confirmation: String,
}

impl Input for Handover {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let member = form.choice("member", |id| MembershipId::parse(id).ok())?;
        Some(Self { member, stays: is_on(form.text("stay")), confirmation: form.text("confirmation").to_owned() })
    }
}

async fn transfer_ownership(call: &mut Write<Fresh<may::TransferOwnership>>, form: Handover) -> Answer {
    members::transfer(call, &form.member, form.stays, &form.confirmation).await?;
    Ok(Done::back_to(call, &page_of(&form.member)).say(Said::OwnershipTransferred))
}

/// The page a form was posted from.
struct At(Option<LocalPath>);

impl Input for At {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self(form.arrival().at.clone()))
    }
}

async fn leave(call: &mut Write<Member>, At(page): At) -> Answer {
    members::leave(call).await?;
    let own = page.is_some_and(|page| page.path() == PROFILE);
    Ok(Done::go(if own { PROFILE } else { "/private-dashboard" }).say(Said::WorkspaceLeft))
}
