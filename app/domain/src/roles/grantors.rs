//! Whom to ask for a permission one lacks.

use crate::access::{Read, SignedIn};
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::{AccountKind, Permission, Role};

/// Names that are told; whoever else could help is left out.
const TOLD: usize = 5;

sql! {
    // Owners first. Few roles may change roles, so few rows are sorted.
    LIST_GRANTORS = "SELECT m.email, p.first_name, p.last_name, m.role, r.name AS role_name, r.permissions
        FROM roles r
        JOIN memberships m ON m.account_id = $1 AND m.role = r.id
        JOIN user_profiles p ON p.user_id = m.user_id
        WHERE (r.account_id IS NULL OR r.account_id = $1) AND m.user_id <> $2
            AND (r.id = 'owner' OR ' ' || r.permissions || ' ' LIKE '% members:update_role %')
        ORDER BY CASE WHEN r.id = 'owner' THEN 0 ELSE 1 END, m.sort_key, m.id LIMIT 50";
}

/// Somebody who could give the caller a role that holds what they lack.
#[derive(Clone, Debug)]
pub struct Grantor {
    /// The name, else the address.
    pub name: String,
    /// What their role is called.
    pub role: String,
}

/// Who could give the caller a role with this permission, in the account of this call, owners first, at most five: people who may
/// change roles, hold the permission themselves, and hold all that the caller does. Owners alone, where no permission is told.
pub async fn list_grantors(call: &mut Read<SignedIn>, missing: Option<Permission>) -> Result<Vec<Grantor>> {
    let (standing, user) = (call.proof().usual_standing().clone(), call.proof().user.clone());
    if standing.kind == AccountKind::Personal {
        return Ok(vec![]);
    }
    let model = call.keel().settings().model();
    let rows: Vec<GrantorRow> = call.conn().list(LIST_GRANTORS, args![&standing.account, &user]).await?;
    let grantors = rows.into_iter().filter_map(|row| {
        let held = Role::of(&row.role, &row.role_name, &row.permissions, model);
        let grants = |permission| held.permissions.has(Permission::UpdateRole) && held.permissions.has(permission);
        let may = held.is_owner() || (missing.is_some_and(grants) && held.covers(&standing.role));
        may.then(|| row.grantor())
    });
    Ok(grantors.take(TOLD).collect())
}

#[derive(sqlx::FromRow)]
struct GrantorRow {
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    role: String,
    role_name: String,
    permissions: String,
}

impl GrantorRow {
    fn grantor(self) -> Grantor {
        let name = self.first_name.zip(self.last_name).map_or(self.email, |(first, last)| format!("{first} {last}"));
        Grantor { name, role: self.role_name }
    }
}
