//! How places change and end. Nobody hands out what they lack, nor touches who has more; a workspace keeps an owner; who
//! answers for the money stays one. Each verb locks the account first, so two at the same instant are one after the other.

use super::{Member, find, roles};
use crate::access::{self, Door, Grant, Write};
use crate::audit::{self, Action};
use crate::mail::letters;
use crate::refusal::{Refusal, Result};
use crate::roles::require_covers;
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountKind, ApiKeyId, Code, Fault, MembershipId, Role};

sql! {
    // Whoever is about to close their account does not stay.
    COUNT_OWNERS = "SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.account_id = $1 AND m.role = 'owner' AND (u.closing_due_at IS NULL OR m.id = $2)";
    SET_ROLE = "UPDATE memberships SET role = $2 WHERE id = $1";
    DELETE = "DELETE FROM memberships WHERE id = $1";
    UNCOUNT_MEMBER = "UPDATE accounts SET member_count = member_count - 1 WHERE id = $1";
}

/// Gives a member another role, from their next request on, and tells them by mail. The role they have changes nothing.
///
/// # Errors
/// `NotFound` for nobody here, `Invalid` for a role there is not, `Forbidden` or `OwnersOnly` for what is above the caller,
/// `LAST_OWNER`, `BILLING_OWNER`; `StepUpNeeded` for the owner's role, of a caller who has not proven lately who they are.
pub async fn change_role(call: &mut Write<may::UpdateRole>, member: &MembershipId, role: &str) -> Result<()> {
    let target = lock(call, member).await?;
    let after = get_role(call, role).await?;
    let own = &call.proof().standing().role;
    require_covers(own, &target.role)?;
    require_covers(own, &after)?;
    if after.id == target.role.id {
        return Ok(());
    }
    // An owner may do all that asks for a proof, by one of their own.
    if after.is_owner() {
        call.proof().actor().require_fresh()?;
    }
    require_spared(call, &target).await?;
    call.tx()?.run(SET_ROLE, args![&target.id, &after.id]).await?;
    let changed = [("from", target.role.name.as_str()), ("to", after.name.as_str())];
    record(call, Action::MemberRoleChanged, &target, &changed).await?;
    if is_caller(call, &target) {
        return Ok(());
    }
    let (keel, standing, by) = (call.keel().clone(), call.proof().standing().clone(), call.proof().actor().clone());
    letters::role_changed(call.tx()?, &keel, &target.email, &by, &standing, &target.role.name, &after).await
}

/// Ends a member's place, from their next request on, and tells them by mail. Who removes themselves leaves. `keys` are those of the
/// member's API keys that end with it.
///
/// # Errors
/// `NotFound` for nobody here, `Invalid` for a key that the member did not make, which while there are no keys is every one;
/// `Forbidden` or `OwnersOnly` for who is above the caller, `LAST_OWNER`, `BILLING_OWNER`.
pub async fn remove(call: &mut Write<may::RemoveMembers>, member: &MembershipId, keys: &[ApiKeyId]) -> Result<()> {
    let target = lock(call, member).await?;
    if !keys.is_empty() {
        return Err(Refusal::field("keys", Fault::NotAChoice));
    }
    if is_caller(call, &target) {
        return end(call, Action::MemberLeft, &target).await;
    }
    require_covers(&call.proof().standing().role, &target.role)?;
    end(call, Action::MemberRemoved, &target).await?;
    let (keel, standing, by) = (call.keel().clone(), call.proof().standing().clone(), call.proof().actor().clone());
    letters::removed(call.tx()?, &keel, &target.email, &by, &standing).await
}

/// Ends the caller's own place.
///
/// # Errors
/// `NotFound` in a personal account, `LAST_OWNER`, `BILLING_OWNER`.
pub async fn leave(call: &mut Write<access::Member>) -> Result<()> {
    let own = call.proof().standing().membership.clone();
    let target = lock(call, &own).await?;
    end(call, Action::MemberLeft, &target).await
}

/// The member this is about, who stays as they are until the call ends. A personal account has no such verbs.
pub(super) async fn lock<R, D: Door<Proof = Grant<R>>>(call: &mut Write<D>, member: &MembershipId) -> Result<Member> {
    if call.proof().standing().kind == AccountKind::Personal {
        return Err(Refusal::NotFound);
    }
    call.lock_account().await?;
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    find(call.tx()?, &account, member, model).await?.ok_or(Refusal::NotFound)
}

async fn get_role(call: &mut Write<may::UpdateRole>, id: &str) -> Result<Role> {
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    let role = roles(call.tx()?, &account, model).await?.into_iter().find(|role| role.id == id);
    role.ok_or_else(|| Refusal::field("role", Fault::NotAChoice))
}

/// Refuses to take the owner's role from the last owner, and from who answers for the money.
async fn require_spared<R, D: Door<Proof = Grant<R>>>(call: &mut Write<D>, target: &Member) -> Result<()> {
    let account = call.proof().account().clone();
    if target.role.is_owner() {
        let (owners,): (i64,) = call.tx()?.get(COUNT_OWNERS, args![&account, &target.id]).await?;
        if owners <= 1 {
            return Err(Refusal::Refused(Code::LastOwner));
        }
    }
    if target.is_billing_owner { Err(Refusal::Refused(Code::BillingOwner)) } else { Ok(()) }
}

async fn end<R, D: Door<Proof = Grant<R>>>(call: &mut Write<D>, action: Action, target: &Member) -> Result<()> {
    require_spared(call, target).await?;
    let account = call.proof().account().clone();
    let tx = call.tx()?;
    tx.run(DELETE, args![&target.id]).await?;
    tx.run(UNCOUNT_MEMBER, args![&account]).await?;
    record(call, action, target, &[("role", &target.role.name)]).await
}

fn is_caller<R, D: Door<Proof = Grant<R>>>(call: &Write<D>, target: &Member) -> bool {
    call.proof().standing().membership == target.id
}

/// Writes down what became of a member, with their name as it is now.
pub(super) async fn record<R, D: Door<Proof = Grant<R>>>(
    call: &mut Write<D>,
    action: Action,
    target: &Member,
    more: &[(&str, &str)],
) -> Result<()> {
    let account = call.proof().account().clone();
    let mut metadata = vec![("name", target.shown_name()), ("email", target.email.as_str())];
    metadata.extend(more);
    audit::record(call, action, Some(&account), target.id.as_str(), &metadata).await
}
