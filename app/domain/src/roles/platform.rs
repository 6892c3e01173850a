//! The roles of all workspaces: platform staff define them. What staff change counts in every workspace from the next request on.

use super::news::{self, Change};
use super::{
    CHANGE, DELETE, Draft, INSERT, MOST, borrowed, difference, note_difference, or_any, require_definable, require_free, require_successor,
};
use crate::access::{PlatformAdmin, Read, Write};
use crate::audit::{self, Action};
use crate::db::{Conn, Tx, locks};
use crate::members::fold;
use crate::refusal::{Refusal, Result};
use crate::{args, ids, sql};
use keel_types::{BusinessModel, Code, Permissions, Role, RoleId, RoleName, UserId};
use std::cmp::Reverse;

sql! {
    LIST_PLATFORM = "SELECT id, name, permissions FROM roles WHERE account_id IS NULL ORDER BY name, id";
    FIND_PLATFORM = "SELECT id, name, permissions FROM roles WHERE account_id IS NULL AND id = $1";
    COUNT_PLATFORM = "SELECT COUNT(*) FROM roles WHERE account_id IS NULL AND id NOT IN ('owner', 'admin', 'member')";
    IS_USED = "SELECT EXISTS (SELECT 1 FROM memberships WHERE role = $1)
        OR EXISTS (SELECT 1 FROM invitations WHERE role = $1 AND state = 'pending')";
    IS_HELD_BY = "SELECT EXISTS (SELECT 1 FROM memberships WHERE user_id = $1 AND role = $2)";
    MOVE_ALL_MEMBERS = "UPDATE memberships SET role = $2 WHERE role = $1";
    MOVE_ALL_INVITATIONS = "UPDATE invitations SET role = $2 WHERE role = $1";
}

/// What is to be different about a role; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// What it is called.
    pub name: Option<RoleName>,
    /// What it allows.
    pub permissions: Option<Permissions>,
}

/// The roles that every workspace sees, those that allow most first.
pub async fn list(call: &mut Read<PlatformAdmin>) -> Result<Vec<Role>> {
    let model = call.keel().settings().model();
    let rows: Vec<(String, String, String)> = call.conn().list(LIST_PLATFORM, args![]).await?;
    let mut roles: Vec<Role> = rows.iter().map(|(id, name, stored)| Role::of(id, name, stored, model)).collect();
    roles.sort_by_key(|role| Reverse(role.permissions.iter().count()));
    Ok(roles)
}

/// Makes a role of every workspace.
///
/// # Errors
/// `Invalid`: a name that a role anywhere has, permissions that are the owner's alone; `Refused(RoleLimitReached)`.
pub async fn create(call: &mut Write<PlatformAdmin>, draft: &Draft) -> Result<Role> {
    let (model, now) = (call.keel().settings().model(), call.now());
    require_definable(draft.permissions, model)?;
    let tx = call.tx()?;
    locks::lock_roles(tx).await?;
    let (count,): (i64,) = tx.get(COUNT_PLATFORM, args![]).await?;
    if count >= MOST {
        return Err(Refusal::Refused(Code::RoleLimitReached));
    }
    let (id, name, words) = (ids::new::<RoleId>(), draft.name.as_str(), draft.permissions.words());
    require_free(tx, None, &draft.name, id.as_str()).await?;
    tx.run(INSERT, args![&id, None::<String>, name, words.as_str(), now, fold(name)]).await?;
    audit::record(call, Action::RoleCreated, None, id.as_str(), &[("name", name), ("permissions", &words)]).await?;
    Ok(Role::of(id.as_str(), name, &words, model))
}

/// Changes a role of every workspace; those who have it are told by mail what it allows.
///
/// # Errors
/// As [`create`]; `NotFound`, for a workspace's own role too; `Refused` with `ROLE_PROTECTED`, or with `OWN_ROLE` for a role the
/// caller has in any workspace.
pub async fn update(call: &mut Write<PlatformAdmin>, id: &str, edit: &Edit) -> Result<Role> {
    let before = lock(call, id).await?;
    let model = call.keel().settings().model();
    let same = || RoleName::parse(&before.name).map_err(|_| Refusal::internal(&"the role has no name"));
    let name = edit.name.clone().map_or_else(same, Ok)?;
    let draft = Draft { name, permissions: edit.permissions.unwrap_or(before.permissions) };
    require_definable(draft.permissions, model)?;
    require_free(call.tx()?, None, &draft.name, id).await?;
    let (name, words) = (draft.name.as_str(), draft.permissions.words());
    let after = Role::of(id, name, &words, model);
    if before == after {
        return Ok(after);
    }
    let now = call.now();
    call.tx()?.run(CHANGE, args![id, name, words, fold(name)]).await?;
    note_difference(call.tx()?, None, &before, &draft, now).await?;
    let changed = difference(&before, &draft);
    audit::record(call, Action::RoleUpdated, None, id, &borrowed(&changed)).await?;
    Ok(after)
}

/// Ends a role of every workspace. Whoever has it, and whoever is invited into it, gets the replacement;
/// those who had it are told by mail.
///
/// # Errors
/// As [`update`]; `ROLE_IN_USE` without a replacement; `Invalid` for a replacement that not every workspace has, the owner's, or the
/// role itself.
pub async fn delete(call: &mut Write<PlatformAdmin>, id: &str, replacement: Option<&str>) -> Result<()> {
    let deleted = lock(call, id).await?;
    let (model, now, tx) = (call.keel().settings().model(), call.now(), call.tx()?);
    let successor = match replacement {
        None => None,
        Some(other) => Some(require_successor(find(tx, other, model).await?, id)?),
    };
    let (used,): (bool,) = tx.get(IS_USED, args![id]).await?;
    match &successor {
        None if used => return Err(Refusal::Refused(Code::RoleInUse)),
        None => {}
        Some(successor) => {
            news::add(tx, id, None, Change::Ended(&deleted.name), now).await?;
            tx.run(MOVE_ALL_MEMBERS, args![id, &successor.id]).await?;
        }
    }
    tx.run(MOVE_ALL_INVITATIONS, args![id, or_any(successor.as_ref())]).await?;
    // Who is given the role meanwhile, in whichever workspace, makes this a collision: it is then tried again.
    tx.run(DELETE, args![id]).await?;
    let mut metadata = vec![("name", deleted.name.as_str())];
    metadata.extend(successor.as_ref().map(|role| ("replacement", role.name.as_str())));
    audit::record(call, Action::RoleDeleted, None, id, &metadata).await
}

/// The role, which nobody else changes until the call ends.
async fn lock(call: &mut Write<PlatformAdmin>, id: &str) -> Result<Role> {
    let (user, model) = (call.proof().actor().user.clone(), call.keel().settings().model());
    let tx = call.tx()?;
    locks::lock_roles(tx).await?;
    let role = find(tx, id, model).await?.ok_or(Refusal::NotFound)?;
    if role.is_system() {
        return Err(Refusal::Refused(Code::RoleProtected));
    }
    require_not_held(tx, &user, id).await?;
    Ok(role)
}

async fn require_not_held(tx: &mut Tx, user: &UserId, id: &str) -> Result<()> {
    let (held,): (bool,) = tx.get(IS_HELD_BY, args![user, id]).await?;
    if held { Err(Refusal::Refused(Code::OwnRole)) } else { Ok(()) }
}

async fn find(conn: &mut Conn, id: &str, model: BusinessModel) -> Result<Option<Role>> {
    let row: Option<(String, String, String)> = conn.find(FIND_PLATFORM, args![id]).await?;
    Ok(row.map(|(id, name, stored)| Role::of(&id, &name, &stored, model)))
}
