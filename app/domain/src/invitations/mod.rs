//! Invitations: places in a workspace, offered to addresses. A mailed link, good once, for seven days, opens the page where
//! it is accepted or declined; looking at it uses nothing up. Whoever accepts is signed in as the address it was mailed to,
//! and whoever invited still may. Pending ones reserve seats. Tested in `tests/flows/invitations.rs`.

mod answering;
mod listing;
mod sending;

pub use answering::{Invitation, Joined, accept, decline, find_address, get};
pub use listing::{Pending, Seats, Waiting, list_pending, list_roles, list_waiting, seats};
pub use sending::{Invited, MOST, invite, resend, revoke};

use crate::db::{Conn, Tx};
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::time::DAY;
use keel_types::{AccountId, BusinessModel, Code, Email, Instant, InvitationId, Permission, Role, UserId};

/// How long an invitation lives after its last mail, in milliseconds.
pub const LIFE: i64 = 7 * DAY;

macro_rules! invitation {
    ($which:literal) => {
        concat!(
            "SELECT i.id, i.account_id, i.email, i.state, i.mailed_at, i.expires_at, i.invited_by, i.inviter_name,
                a.name AS account_name, i.role, r.name AS role_name, r.permissions, m.role AS inviter_role,
                q.permissions AS inviter_permissions
            FROM invitations i
            JOIN accounts a ON a.id = i.account_id
            JOIN roles r ON r.id = i.role
            LEFT JOIN memberships m ON m.account_id = i.account_id AND m.user_id = i.invited_by
            LEFT JOIN roles q ON q.id = m.role
            WHERE ",
            $which
        )
    };
}

sql! {
    FIND_BY_TOKEN = invitation!("i.token_hash = $1 AND NOT a.purging");
    FIND_OF_ACCOUNT = invitation!("i.account_id = $1 AND i.id = $2");
    SETTLE = "UPDATE invitations SET state = $2, settled_at = $3 WHERE id = $1 AND state = 'pending'";
    COUNT_LIVE_TO = "SELECT COUNT(*) FROM invitations WHERE email = $1 AND state = 'pending' AND expires_at > $2";
}

#[derive(sqlx::FromRow)]
struct InvitationRow {
    #[sqlx(try_from = "String")]
    id: InvitationId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
    #[sqlx(try_from = "String")]
    email: Email,
    state: String,
    mailed_at: i64,
    expires_at: i64,
    invited_by: Option<String>,
    inviter_name: String,
    account_name: String,
    role: String,
    role_name: String,
    permissions: String,
    inviter_role: Option<String>,
    inviter_permissions: Option<String>,
}

impl InvitationRow {
    /// The role that is offered, as it takes effect.
    fn role(&self, model: BusinessModel) -> Role {
        Role::of(&self.role, &self.role_name, &self.permissions, model)
    }

    /// Refuses an invitation that was answered or withdrawn.
    fn require_pending(&self) -> Result<()> {
        match self.state.as_str() {
            "pending" => Ok(()),
            "revoked" => Err(Refusal::Refused(Code::Revoked)),
            _ => Err(Refusal::Refused(Code::Used)),
        }
    }

    /// Refuses an invitation that cannot be accepted now: answered, withdrawn, too old, or sent by somebody who may not
    /// invite any more, or not into this role.
    fn require_live(&self, model: BusinessModel, now: Instant) -> Result<()> {
        self.require_pending()?;
        if self.expires_at <= now.0 {
            return Err(Refusal::Refused(Code::Expired));
        }
        if self.inviter_still_may(model) { Ok(()) } else { Err(Refusal::Refused(Code::Revoked)) }
    }

    fn inviter_still_may(&self, model: BusinessModel) -> bool {
        let Some(role) = &self.inviter_role else { return false };
        let holds = Role::of(role, "", self.inviter_permissions.as_deref().unwrap_or_default(), model).permissions;
        holds.has(Permission::InviteMembers) && self.role(model).permissions.within(holds)
    }

    fn inviter(&self) -> Option<UserId> {
        self.invited_by.as_deref().and_then(|id| UserId::parse(id).ok())
    }
}

/// Whether a live invitation waits for an address.
pub(crate) async fn is_invited(conn: &mut Conn, email: &Email, now: Instant) -> Result<bool> {
    let (count,): (i64,) = conn.get(COUNT_LIVE_TO, args![email, now]).await?;
    Ok(count > 0)
}

/// Ends an invitation in a state. However often at the same instant: once.
async fn settle(tx: &mut Tx, row: &InvitationRow, state: &str, now: Instant) -> Result<()> {
    if tx.ran(SETTLE, args![&row.id, state, now]).await? { Ok(()) } else { Err(Refusal::Refused(Code::Used)) }
}
