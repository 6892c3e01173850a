//! Inviting, sending again and withdrawing: what people do who may invite.

use super::{FIND_OF_ACCOUNT, InvitationRow, LIFE, listing, settle};
use crate::access::{Standing, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::limits::Take;
use crate::mail::letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, ids, sql};
use keel_types::permission::may;
use keel_types::time::SECOND;
use keel_types::{AccountKind, BusinessModel, Code, Email, Fault, Instant, InvitationId, Role, url};
use std::collections::HashSet;

/// Most addresses of one list.
pub const MOST: usize = 50;
/// How long one waits before the mail is sent again.
const COOL_DOWN: i64 = 30 * SECOND;

sql! {
    FIND_ROLE = "SELECT id, name, permissions FROM roles WHERE id = $1 AND (account_id IS NULL OR account_id = $2)";
    FIND_PLACE = "SELECT
            EXISTS (SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.account_id = $1 AND u.email = $2) AS is_member,
            EXISTS (SELECT 1 FROM invitations WHERE account_id = $1 AND email = $2 AND state = 'pending' AND expires_at > $3) AS is_invited";
    DELETE_EXPIRED = "DELETE FROM invitations WHERE account_id = $1 AND email = $2 AND state = 'pending' AND expires_at <= $3";
    INSERT = "INSERT INTO invitations (id, account_id, email, role, token_hash, invited_by, inviter_name, state, created_at, mailed_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $8, $9)";
    RENEW = "UPDATE invitations SET token_hash = $2, invited_by = $3, inviter_name = $4, mailed_at = $5, expires_at = $6
        WHERE id = $1 AND state = 'pending' AND mailed_at <= $7";
}

/// What became of a list of addresses.
#[derive(Clone, Debug)]
pub struct Invited {
    /// How many were sent an invitation.
    pub sent: usize,
    /// The others, as they were typed, each with the reason.
    pub refused: Vec<(String, Fault)>,
}

/// Invites the addresses of a list into a role: each that can be is sent a mail, the others are told with the reason.
///
/// # Errors
/// `Invalid`: no address, more than [`MOST`], or a role that is unknown or the owner's; `Forbidden` with the first permission
/// of the role that the caller lacks; `NotFound` for a personal account.
pub async fn invite(call: &mut Write<may::InviteMembers>, addresses: &[String], role: &str) -> Result<Invited> {
    match addresses.len() {
        0 => return Err(Refusal::field("emails", Fault::Required)),
        count if count > MOST => return Err(Refusal::field("emails", Fault::TooManyAddresses)),
        _ => {}
    }
    let (standing, model, now) = (lock(call).await?, call.keel().settings().model(), call.now());
    let role = require_grantable(call.tx()?, &standing, role, model).await?;
    let mut free = listing::find_seats(call.tx()?, &standing.account, now).await?.free();
    let mut seen = HashSet::new();
    let mut invited = Invited { sent: 0, refused: vec![] };
    for typed in addresses {
        let outcome = match Email::parse(typed) {
            Err(fault) => Err(fault),
            Ok(email) if !seen.insert(email.clone()) => Err(Fault::Twice),
            Ok(email) => invite_one(call, &standing, &role, &email, free > 0).await?,
        };
        match outcome {
            Ok(()) => (invited.sent, free) = (invited.sent + 1, free.saturating_sub(1)),
            Err(fault) => invited.refused.push((typed.clone(), fault)),
        }
    }
    Ok(invited)
}

async fn invite_one(
    call: &mut Write<may::InviteMembers>,
    standing: &Standing,
    role: &Role,
    email: &Email,
    has_seat: bool,
) -> Result<std::result::Result<(), Fault>> {
    let (keel, actor, now) = (call.keel().clone(), call.proof().actor().clone(), call.now());
    let (account, tx) = (&standing.account, call.tx()?);
    let (is_member, is_invited): (bool, bool) = tx.get(FIND_PLACE, args![account, email, now]).await?;
    if is_member || is_invited {
        return Ok(Err(if is_member { Fault::AlreadyMember } else { Fault::AlreadyInvited }));
    }
    if !has_seat {
        return Ok(Err(Fault::NoSeat));
    }
    match Take::invitation(&actor.user, account, email).take(tx, now).await {
        Err(Refusal::TooMany { .. }) => return Ok(Err(Fault::TooManyInvitations)),
        taken => taken?,
    }
    let (id, token) = (ids::new::<InvitationId>(), PlainToken::random());
    tx.run(DELETE_EXPIRED, args![account, email, now]).await?;
    let row = args![&id, account, email, role.id.as_str(), &token.hashed(), &actor.user, actor.shown_name(), now, now.plus(LIFE)];
    tx.run(INSERT, row).await?;
    letters::invitations::invitation(tx, &keel, email, &actor, &standing.name, role, &url::invitation(token.reveal())).await?;
    record(call, Action::InvitationCreated, &id, email, &role.name).await?;
    Ok(Ok(()))
}

/// Mails a new link for an invitation that waits, or waited too long; the earlier link is dead. Whoever sends it again is
/// the one who invites from now on.
///
/// # Errors
/// `NotFound`, `Refused(Used)`, `Refused(Revoked)`; `TooMany` within the cool-down or in a day; `Forbidden` as [`invite`];
/// `Refused(SeatLimitReached)` when it had run out and its seat is taken.
pub async fn resend(call: &mut Write<may::InviteMembers>, id: &InvitationId) -> Result<()> {
    let (standing, keel, now) = (lock(call).await?, call.keel().clone(), call.now());
    let actor = call.proof().actor().clone();
    let tx = call.tx()?;
    let row = get_of_account(tx, &standing, id).await?;
    row.require_pending()?;
    let role = require_grantable(tx, &standing, &row.role, keel.settings().model()).await?;
    if row.expires_at <= now.0 && listing::find_seats(tx, &standing.account, now).await?.free() <= 0 {
        return Err(Refusal::Refused(Code::SeatLimitReached));
    }
    let token = PlainToken::random();
    let renewed = args![id, &token.hashed(), &actor.user, actor.shown_name(), now, now.plus(LIFE), now.plus(-COOL_DOWN)];
    if !tx.ran(RENEW, renewed).await? {
        return Err(too_soon(row.mailed_at, now));
    }
    Take::invitation(&actor.user, &standing.account, &row.email).take(tx, now).await?;
    letters::invitations::invitation(tx, &keel, &row.email, &actor, &standing.name, &role, &url::invitation(token.reveal())).await?;
    record(call, Action::InvitationResent, id, &row.email, &role.name).await
}

fn too_soon(mailed_at: i64, now: Instant) -> Refusal {
    let wait = (mailed_at + COOL_DOWN - now.0).clamp(SECOND, COOL_DOWN);
    Refusal::TooMany { retry_after: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(1) }
}

/// Withdraws an invitation for good, and frees its seat.
///
/// # Errors
/// `NotFound`; `Refused(Used)` when it was answered, `Refused(Revoked)` when it was withdrawn.
pub async fn revoke(call: &mut Write<may::InviteMembers>, id: &InvitationId) -> Result<()> {
    let (standing, now) = (lock(call).await?, call.now());
    let tx = call.tx()?;
    let row = get_of_account(tx, &standing, id).await?;
    row.require_pending()?;
    settle(tx, &row, "revoked", now).await?;
    record(call, Action::InvitationRevoked, id, &row.email, &row.role_name).await
}

/// The caller's place in a workspace in which nothing about seats, members and roles changes until this call ends.
async fn lock(call: &mut Write<may::InviteMembers>) -> Result<Standing> {
    if call.proof().standing().kind != AccountKind::Workspace {
        return Err(Refusal::NotFound);
    }
    call.lock_account().await?;
    Ok(call.proof().standing().clone())
}

async fn get_of_account(tx: &mut Tx, standing: &Standing, id: &InvitationId) -> Result<InvitationRow> {
    tx.find(FIND_OF_ACCOUNT, args![&standing.account, id]).await?.ok_or(Refusal::NotFound)
}

/// The role, if the caller may invite into it: not the owner's, and no permission in it that the caller lacks.
async fn require_grantable(tx: &mut Tx, standing: &Standing, role: &str, model: BusinessModel) -> Result<Role> {
    let row: Option<(String, String, String)> = tx.find(FIND_ROLE, args![role, &standing.account]).await?;
    let role = row.map(|(id, name, permissions)| Role::of(&id, &name, &permissions, model)).filter(|role| !role.is_owner());
    let role = role.ok_or_else(|| Refusal::field("role", Fault::NotAChoice))?;
    let lacks = role.permissions.first_beyond(standing.role.permissions);
    lacks.map_or(Ok(role), |permission| Err(Refusal::Forbidden(permission)))
}

async fn record(call: &mut Write<may::InviteMembers>, action: Action, id: &InvitationId, email: &Email, role: &str) -> Result<()> {
    let account = call.proof().account().clone();
    audit::record(call, action, Some(&account), id.as_str(), &[("email", email.as_str()), ("role", role)]).await
}
