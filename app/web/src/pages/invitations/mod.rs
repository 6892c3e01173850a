//! Invitations: sending them, and answering one.

pub mod answer;
pub mod send;

pub use send::{InviteForm, PendingInvitations, SeatsUsed};

/// The page where people are invited.
pub const INVITE: &str = "/org-dashboard/members/invite";
/// The route of an invitation's page.
pub const INVITATION: &str = "/invitations/{token}";
