//! Roles that people define: a workspace its own, platform staff those of all workspaces. Who may define what is decided here:
//! nobody puts more into a role than they hold, changes one that holds more, or the one they hold themselves. Members and
//! invitations give roles away, by the same measure. Tested in `tests/flows/roles.rs`.

mod changes;
mod grantors;
pub(crate) mod news;
pub mod platform;

pub use changes::{create, delete, update};
pub use grantors::{Grantor, list_grantors};

use crate::access::Read;
use crate::db::{Conn, Tx};
use crate::members::fold;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, BusinessModel, Code, Fault, Instant, Permissions, Role, RoleName, role};
use std::cmp::Reverse;

/// Most roles of one workspace's own, and most of the platform's besides the three that never change.
pub const MOST: i64 = 50;

macro_rules! defined {
    ($which:literal) => {
        concat!(
            "SELECT r.id, r.name, r.permissions, r.account_id IS NOT NULL AS is_own,
                EXISTS (SELECT 1 FROM memberships m WHERE m.account_id = $1 AND m.role = r.id)
                OR EXISTS (SELECT 1 FROM invitations i WHERE i.role = r.id AND i.account_id = $1 AND i.state = 'pending') AS in_use
            FROM roles r WHERE (r.account_id IS NULL OR r.account_id = $1)",
            $which
        )
    };
}

sql! {
    LIST_DEFINED = defined!(" ORDER BY r.name, r.id");
    FIND_DEFINED = defined!(" AND r.id = $2");
    // In what the workspace $2 sees: its own roles and the platform's. A platform role is seen by all: then $2 is none.
    COUNT_NAMED = "SELECT COUNT(*) FROM roles WHERE sort_key = $1 AND id <> $3
        AND (CAST($2 AS TEXT) IS NULL OR account_id IS NULL OR account_id = $2)";
    INSERT = "INSERT INTO roles (id, account_id, name, permissions, created_at, sort_key) VALUES ($1, $2, $3, $4, $5, $6)";
    CHANGE = "UPDATE roles SET name = $2, permissions = $3, sort_key = $4 WHERE id = $1";
    DELETE = "DELETE FROM roles WHERE id = $1";
}

/// A role as somebody wants it.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is called.
    pub name: RoleName,
    /// What it allows.
    pub permissions: Permissions,
}

/// A role that a workspace sees.
#[derive(Clone, Debug)]
pub struct Defined {
    /// The role, as it takes effect.
    pub role: Role,
    /// Whether it is the workspace's own.
    pub is_own: bool,
    /// Whether somebody in the workspace has it, or is invited into it.
    pub in_use: bool,
}

impl Defined {
    /// Why the holder of `own` may not change it, if they may not.
    ///
    /// # Errors
    /// `Refused` with `ROLE_PROTECTED` or `OWN_ROLE`; `Forbidden` with the first permission of it that is lacked.
    pub fn require_editable(&self, own: &Role) -> Result<()> {
        if !self.is_own {
            return Err(Refusal::Refused(Code::RoleProtected));
        }
        if self.role.id == own.id {
            return Err(Refusal::Refused(Code::OwnRole));
        }
        require_covers(own, &self.role)
    }
}

/// The roles the caller's workspace sees, those that allow most first.
pub async fn list(call: &mut Read<may::UpdateRole>) -> Result<Vec<Defined>> {
    let (account, model) = (call.proof().account().clone(), call.keel().settings().model());
    let rows: Vec<DefinedRow> = call.conn().list(LIST_DEFINED, args![&account]).await?;
    let mut all: Vec<Defined> = rows.into_iter().map(|row| row.defined(model)).collect();
    all.sort_by_key(|defined| Reverse(defined.role.permissions.iter().count()));
    Ok(all)
}

/// A role the caller may change.
///
/// # Errors
/// `NotFound` for one the workspace does not see; as [`Defined::require_editable`].
pub async fn get_editable(call: &mut Read<may::UpdateRole>, id: &str) -> Result<Defined> {
    let (standing, model) = (call.proof().standing().clone(), call.keel().settings().model());
    let defined = find(call.conn(), &standing.account, id, model).await?.ok_or(Refusal::NotFound)?;
    defined.require_editable(&standing.role)?;
    Ok(defined)
}

/// Refuses to hand out, change or take away a role that allows what `own` does not.
pub(crate) fn require_covers(own: &Role, other: &Role) -> Result<()> {
    match other.permissions.first_beyond(own.permissions) {
        None => Ok(()),
        Some(_) if other.is_owner() => Err(Refusal::OwnersOnly),
        Some(lacked) => Err(Refusal::Forbidden(lacked)),
    }
}

/// A role the account sees.
async fn find(conn: &mut Conn, account: &AccountId, id: &str, model: BusinessModel) -> Result<Option<Defined>> {
    let row: Option<DefinedRow> = conn.find(FIND_DEFINED, args![account, id]).await?;
    Ok(row.map(|row| row.defined(model)))
}

/// Refuses permissions that no role of this business model is given.
fn require_definable(permissions: Permissions, model: BusinessModel) -> Result<()> {
    let reserved = permissions.iter().any(|permission| permission.is_reserved(model));
    if reserved { Err(Refusal::field("permissions", Fault::NotAChoice)) } else { Ok(()) }
}

/// Refuses a name that another role has which the same people see: that of a platform role everybody. Whoever asks holds the lock.
async fn require_free(tx: &mut Tx, account: Option<&AccountId>, name: &RoleName, itself: &str) -> Result<()> {
    let account = account.map(|account| account.as_str().to_owned());
    let (named,): (i64,) = tx.get(COUNT_NAMED, args![fold(name.as_str()), account, itself]).await?;
    if named > 0 { Err(Refusal::field("name", Fault::NameTaken)) } else { Ok(()) }
}

/// A role that those can get who lose theirs: another one they may be invited into.
fn require_successor(found: Option<Role>, deleted: &str) -> Result<Role> {
    let fits = |role: &Role| !role.is_owner() && role.id != deleted;
    found.filter(fits).ok_or_else(|| Refusal::field("replacement", Fault::NotAChoice))
}

/// What answered invitations name whose role is gone: nobody reads it, but it has to be one.
fn or_any(successor: Option<&Role>) -> &str {
    successor.map_or(role::MEMBER, |role| role.id.as_str())
}

/// What is written down about a change; what stayed as it was is left out.
fn difference(before: &Role, draft: &Draft) -> Vec<(&'static str, String)> {
    let renamed = if before.name == draft.name.as_str() { String::new() } else { before.name.clone() };
    let added = draft.permissions.beyond(before.permissions).words();
    let removed = before.permissions.beyond(draft.permissions).words();
    let all = [("name", draft.name.to_string()), ("before", renamed), ("added", added), ("removed", removed)];
    all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Those who have the role are to be told what it allows now, if that is anything else.
async fn note_difference(tx: &mut Tx, account: Option<&AccountId>, before: &Role, draft: &Draft, now: Instant) -> Result<()> {
    let (added, removed) = (draft.permissions.beyond(before.permissions), before.permissions.beyond(draft.permissions));
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    news::add(tx, &before.id, account, news::Change::Allows(added, removed), now).await
}

fn borrowed<'a>(metadata: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    metadata.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

#[derive(sqlx::FromRow)]
struct DefinedRow {
    id: String,
    name: String,
    permissions: String,
    is_own: bool,
    in_use: bool,
}

impl DefinedRow {
    fn defined(self, model: BusinessModel) -> Defined {
        Defined { role: Role::of(&self.id, &self.name, &self.permissions, model), is_own: self.is_own, in_use: self.in_use }
    }
}
