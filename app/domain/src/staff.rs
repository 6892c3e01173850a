//! Platform staff: people who support customers. A role of its own, never a membership.

use crate::access::SystemGrant;
use crate::audit::{self, Action, Actor};
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::Email;

sql! {
    MAKE_STAFF = "UPDATE users SET platform_role = $2 WHERE email = $1";
}

/// What staff may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformRole {
    /// Finds, reads, syncs, retries.
    Support,
    /// Also changes plans, limits, credits, roles and flags.
    Admin,
}

impl PlatformRole {
    /// The word as kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Admin => "admin",
        }
    }

    /// Reads the word as kept.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Support, Self::Admin].into_iter().find(|role| role.as_str() == word)
    }
}

/// Gives a person a platform role.
///
/// # Errors
/// `NotFound` when nobody has signed up with the address.
pub async fn make(system: &SystemGrant, email: &Email, role: PlatformRole) -> Result<()> {
    let keel = system.keel();
    let mut tx = keel.db().begin().await?;
    if !tx.ran(MAKE_STAFF, args![email, role.as_str()]).await? {
        return Err(Refusal::NotFound);
    }
    let metadata = [("role", role.as_str())];
    audit::write(&mut tx, &Actor::System(system.reason()), Action::StaffMade, None, email.as_str(), &metadata, keel.now()).await?;
    Ok(tx.commit().await?)
}
