//! How a workspace's own roles come, change and go. Each verb locks the account, so that nobody gives a role away or acts by it
//! meanwhile, and then the names of all roles.

use super::news::{self, Change};
use super::{
    CHANGE, DELETE, Defined, Draft, INSERT, MOST, borrowed, difference, find, note_difference, or_any, require_covers, require_definable,
    require_free, require_successor,
};
use crate::access::{Standing, Write};
use crate::audit::{self, Action};
use crate::db::locks;
use crate::members::fold;
use crate::refusal::{Refusal, Result};
use crate::{args, ids, sql};
use keel_types::permission::may;
use keel_types::{AccountKind, Code, Permissions, RoleId};

sql! {
    COUNT_OWN = "SELECT COUNT(*) FROM roles WHERE account_id = $1";
    MOVE_MEMBERS = "UPDATE memberships SET role = $3 WHERE account_id = $1 AND role = $2";
    MOVE_INVITATIONS = "UPDATE invitations SET role = $3 WHERE role = $2 AND account_id = $1";
}

/// Makes a role of the workspace's own.
///
/// # Errors
/// `Invalid`: a name that is taken, permissions that are the owner's alone; `Forbidden` with a permission the caller lacks;
/// `Refused(RoleLimitReached)`; `NotFound` in a personal account.
pub async fn create(call: &mut Write<may::UpdateRole>, draft: &Draft) -> Result<RoleId> {
    let (standing, now) = (lock(call).await?, call.now());
    require_holds(call, draft.permissions)?;
    let (account, tx) = (&standing.account, call.tx()?);
    let (count,): (i64,) = tx.get(COUNT_OWN, args![account]).await?;
    if count >= MOST {
        return Err(Refusal::Refused(Code::RoleLimitReached));
    }
    let (id, name, words) = (ids::new::<RoleId>(), draft.name.as_str(), draft.permissions.words());
    require_free(tx, Some(account), &draft.name, id.as_str()).await?;
    tx.run(INSERT, args![&id, account, name, words.as_str(), now, fold(name)]).await?;
    audit::record(call, Action::RoleCreated, Some(account), id.as_str(), &[("name", name), ("permissions", &words)]).await?;
    Ok(id)
}

/// Gives a role of the workspace's own another name and other permissions, which everybody who has it feels from the next
/// request on, and is told by mail. What it is already changes nothing.
///
/// # Errors
/// As [`create`]; `NotFound` for a role the workspace does not see; `Refused` with `ROLE_PROTECTED` or `OWN_ROLE`.
pub async fn update(call: &mut Write<may::UpdateRole>, id: &str, draft: &Draft) -> Result<()> {
    let (standing, now) = (lock(call).await?, call.now());
    let before = get_editable(call, &standing, id).await?.role;
    require_holds(call, draft.permissions)?;
    require_free(call.tx()?, Some(&standing.account), &draft.name, id).await?;
    if before.name == draft.name.as_str() && before.permissions == draft.permissions {
        return Ok(());
    }
    let name = draft.name.as_str();
    call.tx()?.run(CHANGE, args![id, name, draft.permissions.words(), fold(name)]).await?;
    note_difference(call.tx()?, Some(&standing.account), &before, draft, now).await?;
    let changed = difference(&before, draft);
    audit::record(call, Action::RoleUpdated, Some(&standing.account), id, &borrowed(&changed)).await
}

/// Ends a role of the workspace's own. Who has it, and who is invited into it, gets the replacement;
/// those who had it are told by mail.
///
/// # Errors
/// `NotFound`, `Refused` with `ROLE_PROTECTED` or `OWN_ROLE`; `ROLE_IN_USE` without a replacement; `Forbidden` for a role or a
/// replacement that allows more than the caller may; `Invalid` for a replacement there is not, the owner's, or the role itself.
pub async fn delete(call: &mut Write<may::UpdateRole>, id: &str, replacement: Option<&str>) -> Result<()> {
    let (standing, model, now) = (lock(call).await?, call.keel().settings().model(), call.now());
    let deleted = get_editable(call, &standing, id).await?;
    let successor = match replacement {
        None if deleted.in_use => return Err(Refusal::Refused(Code::RoleInUse)),
        None => None,
        Some(other) => {
            let found = find(call.tx()?, &standing.account, other, model).await?;
            Some(require_successor(found.map(|defined| defined.role), id)?)
        }
    };
    if let Some(successor) = &successor {
        require_covers(&standing.role, successor)?;
    }
    let (account, tx) = (&standing.account, call.tx()?);
    if let Some(successor) = &successor {
        news::add(tx, id, Some(account), Change::Ended(&deleted.role.name), now).await?;
        tx.run(MOVE_MEMBERS, args![account, id, &successor.id]).await?;
    }
    tx.run(MOVE_INVITATIONS, args![account, id, or_any(successor.as_ref())]).await?;
    tx.run(DELETE, args![id]).await?;
    let mut metadata = vec![("name", deleted.role.name.as_str())];
    metadata.extend(successor.as_ref().map(|role| ("replacement", role.name.as_str())));
    audit::record(call, Action::RoleDeleted, Some(account), id, &metadata).await
}

/// The caller's place in a workspace whose roles, members and invitations stay as they are until the call ends.
async fn lock(call: &mut Write<may::UpdateRole>) -> Result<Standing> {
    if call.proof().standing().kind == AccountKind::Personal {
        return Err(Refusal::NotFound);
    }
    call.lock_account().await?;
    locks::lock_roles(call.tx()?).await?;
    Ok(call.proof().standing().clone())
}

async fn get_editable(call: &mut Write<may::UpdateRole>, standing: &Standing, id: &str) -> Result<Defined> {
    let model = call.keel().settings().model();
    let defined = find(call.tx()?, &standing.account, id, model).await?.ok_or(Refusal::NotFound)?;
    defined.require_editable(&standing.role)?;
    Ok(defined)
}

/// Refuses to put into a role what the caller lacks, and what no role is given.
fn require_holds(call: &Write<may::UpdateRole>, permissions: Permissions) -> Result<()> {
    require_definable(permissions, call.keel().settings().model())?;
    let lacked = permissions.first_beyond(call.proof().standing().role.permissions);
    lacked.map_or(Ok(()), |permission| Err(Refusal::Forbidden(permission)))
}
