//! What there is to see of invitations: those that wait, the roles they may offer, and the seats.

use crate::access::{Door, Grant, Read, SignedIn};
use crate::db::Conn;
use crate::members;
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, Email, Instant, InvitationId, Permission, Role};

sql! {
    LIST_PENDING = "SELECT i.id, i.email, r.name AS role_name, i.inviter_name, i.mailed_at, i.expires_at
        FROM invitations i JOIN roles r ON r.id = i.role
        WHERE i.account_id = $1 AND i.state = 'pending' ORDER BY i.created_at DESC, i.id DESC LIMIT 200";
    LIST_WAITING = "SELECT a.name, i.inviter_name FROM invitations i JOIN accounts a ON a.id = i.account_id
        WHERE i.email = $1 AND i.state = 'pending' AND i.expires_at > $2 ORDER BY i.expires_at DESC, i.id DESC LIMIT 5";
    FIND_SEATS = "SELECT a.member_count, a.max_members,
            (SELECT COUNT(*) FROM invitations i WHERE i.account_id = a.id AND i.state = 'pending' AND i.expires_at > $2) AS invited
        FROM accounts a WHERE a.id = $1";
}

/// An invitation that nobody has answered.
#[derive(Clone, Debug)]
pub struct Pending {
    /// Its id.
    pub id: InvitationId,
    /// The address.
    pub email: Email,
    /// What the role is called.
    pub role: String,
    /// Who sent it last.
    pub inviter: String,
    /// When it was mailed last.
    pub mailed: Instant,
    /// When its link runs out.
    pub expires: Instant,
    /// Whether it has.
    pub expired: bool,
}

/// An invitation that waits for the caller.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The workspace's name.
    pub account: String,
    /// Who invites.
    pub inviter: String,
}

/// The seats of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// People in the workspace.
    pub members: i64,
    /// Invitations that wait: each keeps a seat.
    pub invited: i64,
    /// How many there are; none when there is no limit.
    pub limit: Option<i64>,
}

impl Seats {
    /// Seats that are taken or kept.
    pub fn used(self) -> i64 {
        self.members + self.invited
    }

    /// Seats nobody has; less than none when there are fewer seats than before.
    pub fn free(self) -> i64 {
        self.limit.map_or(i64::MAX, |limit| limit - self.used())
    }

    /// Whether one more member fits in, invitations aside.
    pub(super) fn fits_members(self) -> bool {
        self.limit.is_none_or(|limit| self.members < limit)
    }
}

#[derive(sqlx::FromRow)]
struct PendingRow {
    #[sqlx(try_from = "String")]
    id: InvitationId,
    #[sqlx(try_from = "String")]
    email: Email,
    role_name: String,
    inviter_name: String,
    mailed_at: i64,
    expires_at: i64,
}

/// The newest two hundred invitations that nobody has answered, for people who may invite; nothing for others.
pub async fn list_pending<D: Door<Proof = Grant<D>>>(call: &mut Read<D>) -> Result<Vec<Pending>> {
    if !call.proof().standing().role.permissions.has(Permission::InviteMembers) {
        return Ok(vec![]);
    }
    let (account, now) = (call.proof().account().clone(), call.now());
    let rows: Vec<PendingRow> = call.conn().list(LIST_PENDING, args![&account]).await?;
    let pending = |row: PendingRow| Pending {
        id: row.id,
        email: row.email,
        role: row.role_name,
        inviter: row.inviter_name,
        mailed: Instant(row.mailed_at),
        expires: Instant(row.expires_at),
        expired: row.expires_at <= now.0,
    };
    Ok(rows.into_iter().map(pending).collect())
}

/// The roles the caller may invite into, as [`members::list_roles`], but not the owner's, nor those that hold what the caller lacks.
pub async fn list_roles(call: &mut Read<may::InviteMembers>) -> Result<Vec<Role>> {
    let mut roles = members::list_roles(call).await?;
    let own = &call.proof().standing().role;
    roles.retain(|role| !role.is_owner() && own.covers(role));
    Ok(roles)
}

/// The seats of the caller's workspace.
pub async fn seats<D: Door<Proof = Grant<D>>>(call: &mut Read<D>) -> Result<Seats> {
    let (account, now) = (call.proof().account().clone(), call.now());
    find_seats(call.conn(), &account, now).await
}

pub(super) async fn find_seats(conn: &mut Conn, account: &AccountId, now: Instant) -> Result<Seats> {
    let (members, limit, invited): (i64, Option<i64>, i64) = conn.get(FIND_SEATS, args![account, now]).await?;
    Ok(Seats { members, invited, limit })
}

/// The newest invitations that wait for the caller's address, at most five. Their links are in the mails alone.
pub async fn list_waiting(call: &mut Read<SignedIn>) -> Result<Vec<Waiting>> {
    let (email, now) = (call.proof().email.clone(), call.now());
    let rows: Vec<(String, String)> = call.conn().list(LIST_WAITING, args![&email, now]).await?;
    Ok(rows.into_iter().map(|(account, inviter)| Waiting { account, inviter }).collect())
}
