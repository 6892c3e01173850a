//! Looking at an invitation, accepting and declining it: what people do who hold its link.

use super::{FIND_BY_TOKEN, InvitationRow, listing, settle};
use crate::access::sessions::set_active_account;
use crate::access::{Read, SignedIn, Visitor, Write};
use crate::accounts::add_member;
use crate::audit::{self, Action, Actor};
use crate::db::{Conn, locks};
use crate::mail::letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, sql};
use keel_types::{Code, Email, Instant, Role};

sql! {
    FIND_ROLE_OF = "SELECT r.id, r.name, r.permissions FROM memberships m JOIN roles r ON r.id = m.role
        WHERE m.account_id = $1 AND m.user_id = $2";
    FIND_ADDRESS_OF = "SELECT email FROM users WHERE id = $1";
}

/// An invitation as whoever holds its link may see it.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// The workspace's name.
    pub account: String,
    /// What the role is called.
    pub role: String,
    /// Who invites, as they were called then.
    pub inviter: String,
    /// The address it is for.
    pub email: Email,
    /// When it runs out.
    pub expires: Instant,
}

/// What came of accepting.
#[derive(Clone, Copy, Debug)]
pub struct Joined {
    /// False for somebody who was in the workspace already, whose role stays as it was.
    pub newly: bool,
    /// Whether the person runs the workspace.
    pub manager: bool,
}

/// The invitation of a link. Looking uses nothing up.
///
/// # Errors
/// `NotFound` also for a link that a newer mail replaced; `Refused` with `Expired`, `Used` or `Revoked`.
pub async fn get(call: &mut Read<Visitor>, token: &PlainToken) -> Result<Invitation> {
    let (model, now) = (call.keel().settings().model(), call.now());
    let row = get_row(call.conn(), token).await?;
    row.require_live(model, now)?;
    Ok(Invitation {
        role: row.role_name,
        account: row.account_name,
        inviter: row.inviter_name,
        email: row.email,
        expires: Instant(row.expires_at),
    })
}

/// The address a live invitation is for, so that its holder need not type it.
pub async fn find_address(call: &mut Read<Visitor>, token: &PlainToken) -> Result<Option<Email>> {
    match get(call, token).await {
        Ok(invitation) => Ok(Some(invitation.email)),
        Err(Refusal::NotFound | Refusal::Refused(_)) => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// Makes the caller a member, and the workspace the session's active account. However often at the same instant: one
/// membership. Who is a member already stays what they are; the invitation is used up all the same.
///
/// # Errors
/// As [`get`]; `Refused(WrongAddress)` for somebody else's invitation; `Refused(SeatLimitReached)` when the workspace has
/// fewer seats than when it invited.
pub async fn accept(call: &mut Write<SignedIn>, token: &PlainToken) -> Result<Joined> {
    let account = get_row(call.tx()?, token).await?.account_id;
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let model = keel.settings().model();
    let tx = call.tx()?;
    locks::lock_account(tx, &account).await?;
    // What was read before the locks may have changed.
    let row = get_row(tx, token).await?;
    row.require_live(model, now)?;
    if row.email != caller.email {
        return Err(Refusal::Refused(Code::WrongAddress));
    }
    settle(tx, &row, "accepted", now).await?;
    let has: Option<(String, String, String)> = tx.find(FIND_ROLE_OF, args![&account, &caller.user]).await?;
    let newly = has.is_none();
    let role = has.map_or_else(|| row.role(model), |(id, name, permissions)| Role::of(&id, &name, &permissions, model));
    if newly {
        if !listing::find_seats(tx, &account, now).await?.fits_members() {
            return Err(Refusal::Refused(Code::SeatLimitReached));
        }
        add_member(tx, &account, &caller.user, &role.id, now).await?;
        if let Some(inviter) = find_inviter(tx, &row).await? {
            letters::invitations::joined(tx, &keel, &inviter, &caller, &row.account_name, &role).await?;
        }
    }
    set_active_account(tx, &caller.session, &account).await?;
    let metadata = [("email", row.email.as_str()), ("role", role.name.as_str())];
    audit::record(call, Action::InvitationAccepted, Some(&account), row.id.as_str(), &metadata).await?;
    Ok(Joined { newly, manager: role.is_manager() })
}

/// Declines for good, frees the seat and tells the inviter. Nobody needs to sign in for it; who is signed in has to be the
/// one who was invited.
///
/// # Errors
/// `NotFound`; `Refused` with `Used` or `Revoked` when it was settled before, with `WrongAddress` for somebody else's.
pub async fn decline(call: &mut Write<Visitor>, token: &PlainToken) -> Result<()> {
    let (caller, keel, asked, now) = (call.caller().cloned(), call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let account = get_row(tx, token).await?.account_id;
    locks::lock_account(tx, &account).await?;
    let row = get_row(tx, token).await?;
    row.require_pending()?;
    if caller.as_ref().is_some_and(|caller| caller.email != row.email) {
        return Err(Refusal::Refused(Code::WrongAddress));
    }
    settle(tx, &row, "declined", now).await?;
    if let Some(inviter) = find_inviter(tx, &row).await? {
        letters::invitations::declined(tx, &keel, &inviter, &row.email, &row.account_name).await?;
    }
    let actor = caller.as_ref().map_or(Actor::Unknown(row.email.as_str(), &asked), |caller| Actor::Person(caller, &asked));
    let metadata = [("email", row.email.as_str()), ("role", row.role_name.as_str())];
    audit::write(tx, &actor, Action::InvitationDeclined, Some(&account), row.id.as_str(), &metadata, now).await
}

async fn get_row(conn: &mut Conn, token: &PlainToken) -> Result<InvitationRow> {
    conn.find(FIND_BY_TOKEN, args![&token.hashed()]).await?.ok_or(Refusal::NotFound)
}

/// The address of whoever invited, if they are still here.
async fn find_inviter(conn: &mut Conn, row: &InvitationRow) -> Result<Option<Email>> {
    let Some(inviter) = row.inviter() else { return Ok(None) };
    let address: Option<(String,)> = conn.find(FIND_ADDRESS_OF, args![&inviter]).await?;
    Ok(address.and_then(|(address,)| Email::parse(&address).ok()))
}
