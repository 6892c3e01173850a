//! `/org-dashboard/members/invite`: inviting people, and the invitations that wait.

mod actions;
mod view;

pub use actions::{invite, resend, revoke};
pub use view::{InviteForm, PendingInvitations, SeatsUsed, view};

use crate::page::{Loaded, Stop, Visit};
use keel_domain::access::Read;
use keel_domain::accounts::dashboard;
use keel_domain::invitations::{self, Pending, Seats};
use keel_types::permission::may;
use keel_types::{AccountKind, Role};

/// The page's model.
pub struct Model {
    /// What the workspace is called.
    account_name: String,
    /// Whom one may invite as what.
    roles: Vec<Role>,
    seats: Seats,
    pending: Vec<Pending>,
}

/// Reads it. Nobody is invited into a personal account.
pub async fn load(mut call: Read<may::InviteMembers>, _: &Visit) -> Loaded<Model> {
    let standing = call.proof().standing().clone();
    if standing.kind == AccountKind::Personal {
        return Err(Stop::Go(dashboard(false).to_owned()));
    }
    Ok(Model {
        account_name: standing.name,
        roles: invitations::list_roles(&mut call).await?,
        seats: invitations::seats(&mut call).await?,
        pending: invitations::list_pending(&mut call).await?,
    })
}
