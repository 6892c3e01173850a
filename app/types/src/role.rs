//! Roles: named sets of permissions.

use crate::{BusinessModel, Permission, Permissions};

/// The id of the role that holds everything.
pub const OWNER: &str = "owner";
/// The id of the role that runs a workspace.
pub const ADMIN: &str = "admin";
/// The id of the role of a teammate.
pub const MEMBER: &str = "member";
/// The ids of the roles that are the same everywhere and never change.
const SYSTEM: [&str; 3] = [OWNER, ADMIN, MEMBER];

/// A role as it takes effect: its id, its name and the permissions it gives under the business model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `owner`, `admin`, `member`, `viewer` or a workspace's own.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What it gives.
    pub permissions: Permissions,
}

impl Role {
    /// The role of a row. The three system roles get their permissions from [`Permission`]'s table, others from `stored`:
    /// permission words separated by spaces, of which unknown ones give nothing.
    pub fn of(id: &str, name: &str, stored: &str, model: BusinessModel) -> Self {
        let granted = match id {
            OWNER => Permissions::ALL,
            ADMIN => Permission::of_admin(),
            MEMBER => Permission::of_member(),
            _ => Permissions::parse(stored).iter().filter(|p| !p.is_owners_alone()).collect(),
        };
        let permissions = if billing_manager(id, model, granted) { granted } else { granted.without(Permission::ManageBilling) };
        Self { id: id.to_owned(), name: name.to_owned(), permissions }
    }

    /// Whether it is one of the three that are the same everywhere and never change.
    pub fn is_system(&self) -> bool {
        SYSTEM.contains(&self.id.as_str())
    }

    /// Whether this is the role that holds everything.
    pub fn is_owner(&self) -> bool {
        self.id == OWNER
    }

    /// Whether its holder may give, change or take away `other`: nobody hands out what they lack, nor touches who has more.
    pub fn covers(&self, other: &Self) -> bool {
        other.permissions.within(self.permissions)
    }

    /// Whether it gives more than a member's permissions: then the organization dashboard is open.
    pub fn is_manager(&self) -> bool {
        !self.permissions.within(Permission::of_member())
    }
}

/// The system roles that may change an account's money. Outside b2b, custom roles holding `billing:manage` may too.
pub fn billing_manager_roles(model: BusinessModel) -> &'static [&'static str] {
    match model {
        BusinessModel::B2b => &[OWNER],
        BusinessModel::B2c | BusinessModel::Hybrid => &[OWNER, ADMIN],
    }
}

fn billing_manager(role: &str, model: BusinessModel, granted: Permissions) -> bool {
    let custom = !SYSTEM.contains(&role);
    billing_manager_roles(model).contains(&role) || (custom && model != BusinessModel::B2b && granted.has(Permission::ManageBilling))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_b2b_money_is_the_owners() {
        let may = |role: &str, model| Role::of(role, role, "billing:manage", model).permissions.has(Permission::ManageBilling);
        assert!(may(OWNER, BusinessModel::B2b));
        assert!(!may(ADMIN, BusinessModel::B2b));
        assert!(may(ADMIN, BusinessModel::Hybrid));
        assert!(!may(MEMBER, BusinessModel::Hybrid));
        assert!(!may("rol_1", BusinessModel::B2b));
        assert!(may("rol_1", BusinessModel::B2c));
    }

    #[test]
    fn a_custom_role_never_holds_what_is_the_owners_alone() {
        let role = Role::of("rol_1", "Boss", "account:delete members:transfer_ownership members:view nonsense", BusinessModel::B2b);
        assert_eq!(role.permissions.iter().collect::<Vec<_>>(), [Permission::ViewMembers]);
    }

    #[test]
    fn what_is_the_owners_alone_depends_on_the_business_model() {
        let reserved = |model| Permission::ALL.iter().copied().filter(|permission| permission.is_reserved(model)).collect::<Vec<_>>();
        assert_eq!(reserved(BusinessModel::B2b), [Permission::DeleteAccount, Permission::ManageBilling, Permission::TransferOwnership]);
        assert_eq!(reserved(BusinessModel::Hybrid), [Permission::DeleteAccount, Permission::TransferOwnership]);
    }

    #[test]
    fn what_one_set_holds_beyond_another() {
        let (more, less) = (Permission::of_admin(), Permission::of_member());
        assert!(less.first_beyond(more).is_none() && less.within(more));
        assert_eq!(more.first_beyond(less), Some(Permission::UpdateAccount));
        assert_eq!(less.words().split(' ').filter_map(Permission::parse).collect::<Permissions>(), less);
    }

    #[test]
    fn a_role_covers_what_holds_no_more() {
        for model in [BusinessModel::B2b, BusinessModel::Hybrid] {
            let role = |id: &str, stored: &str| Role::of(id, id, stored, model);
            let (owner, admin, member) = (role(OWNER, ""), role(ADMIN, ""), role(MEMBER, ""));
            let everything: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
            let boss = role("rol_1", &everything.join(" "));
            assert!(owner.covers(&owner) && owner.covers(&boss) && owner.covers(&admin));
            assert!(admin.covers(&admin) && admin.covers(&member) && !admin.covers(&owner) && !admin.covers(&boss));
            assert!(boss.covers(&admin) && !boss.covers(&owner), "no custom role covers the owner's");
            assert!(!member.covers(&role("rol_2", "audit:view")));
        }
    }

    #[test]
    fn managers_hold_more_than_members() {
        let manager = |role: &str, stored: &str| Role::of(role, role, stored, BusinessModel::B2b).is_manager();
        assert!(manager(OWNER, "") && manager(ADMIN, ""));
        assert!(!manager(MEMBER, "") && !manager("viewer", "members:view projects:view legal_entity:view"));
        assert!(manager("rol_1", "audit:view"));
    }
}
