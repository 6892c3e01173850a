//! `/invitations/{token}`: what an invitation is for, and answering it. Opening uses nothing up.

mod actions;
mod view;

pub use actions::{accept, decline};
pub use view::view;

use crate::page::{Loaded, Visit};
use keel_domain::Refusal;
use keel_domain::access::{Read, Visitor};
use keel_domain::invitations::{self, Invitation};
use keel_domain::secrets::PlainToken;
use keel_types::Email;

/// The page's model.
pub struct Model {
    invitation: Invitation,
    token: PlainToken,
    reader: Reader,
}

/// Who looks at it.
enum Reader {
    /// Nobody who is signed in.
    Anonymous,
    /// The one it is for.
    Invited,
    /// Somebody who is signed in as another address.
    Other(Email),
}

/// The invitation; those that cannot be accepted any more answer 410.
pub async fn load(mut call: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let token = visit.path().rsplit('/').next().and_then(PlainToken::parse).ok_or(Refusal::NotFound)?;
    let invitation = invitations::get(&mut call, &token).await?;
    let reader = match call.caller() {
        None => Reader::Anonymous,
        Some(caller) if caller.email == invitation.email => Reader::Invited,
        Some(caller) => Reader::Other(caller.email.clone()),
    };
    Ok(Model { invitation, token, reader })
}
