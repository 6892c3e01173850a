//! What can be done about members.

use super::{PAGE, page_of};
use crate::action::{Answer, Done};
use crate::actions;
use crate::flash::Said;
use crate::form::{Input, Reader};
use crate::pages::settings::PROFILE;
use keel_domain::access::{Door, Grant, Member, Write};
use keel_domain::members;
use keel_types::MembershipId;
use keel_types::permission::may;
use keel_types::url::{self, LocalPath};

const PAGES: [&str; 2] = [PAGE, "/org-dashboard/members/{member}"];

actions! {
    /// Gives a member another role.
    change_role: "members/change-role" on PAGES, may::UpdateRole, NewRole;
    /// Removes a member from the workspace.
    remove: "members/remove" on PAGES, may::RemoveMembers, Which;
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

struct Which {
    member: MembershipId,
}

impl Input for Which {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        Some(Self { member: form.choice("member", |id| MembershipId::parse(id).ok())? })
    }
}

async fn change_role(call: &mut Write<may::UpdateRole>, form: NewRole) -> Answer {
    members::change_role(call, &form.member, &form.role).await?;
    Ok(Done::go(here(call, &page_of(&form.member))).say(Said::RoleChanged))
}

async fn remove(call: &mut Write<may::RemoveMembers>, form: Which) -> Answer {
    members::remove(call, &form.member).await?;
    Ok(Done::go(here(call, PAGE)).say(Said::MemberRemoved))
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

/// A page about the account of this call, whichever is the active one.
fn here<R, D: Door<Proof = Grant<R>>>(call: &Write<D>, path: &str) -> String {
    let standing = call.proof().standing();
    if standing.is_active { path.to_owned() } else { url::about(path, standing.handle()) }
}
