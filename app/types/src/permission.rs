//! The one table of permissions: from each line come a variant, a marker type that a proof carries, and a row of
//! `docs/permissions.md`.

use crate::BusinessModel;
use crate::role::{OWNER, billing_manager_roles};

/// A permission as a type, so that a proof can name it.
pub trait Permits: Send + Sync + 'static {
    /// The permission this type stands for.
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($name:ident = $word:literal [$($role:ident)*] $says:literal;)*) => {
        /// What a role may allow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Permission { $(#[doc = $says] $name,)* }

        impl Permission {
            /// Every permission, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word `resource:action`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it allows, in a sentence.
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }

            /// The system and seeded roles that hold it besides the owner.
            pub fn roles(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$(stringify!($role)),*],)* }
            }
        }

        /// The permissions as types: `Write<may::InviteMembers>` is a call whose caller may invite.
        pub mod may {
            $(
                #[doc = $says]
                #[derive(Debug)]
                pub enum $name {}
                impl super::Permits for $name {
                    const PERMISSION: super::Permission = super::Permission::$name;
                }
            )*
        }
    };
}

// The owner holds all of them. `ManageBilling` is the admin's outside b2b only (see `role::billing_manager_roles`).
permissions! {
    UpdateAccount     = "account:update"             [admin]               "Change the workspace's name, address and settings.";
    DeleteAccount     = "account:delete"             []                    "Schedule the workspace's deletion.";
    ViewBilling       = "billing:view"               [admin]               "See prices, payments, invoices and the credits ledger.";
    ManageBilling     = "billing:manage"             [admin]               "Choose and change the plan, pay, and edit invoice details.";
    ViewMembers       = "members:view"               [admin member viewer] "See who belongs to the workspace.";
    InviteMembers     = "members:invite"             [admin]               "Invite people.";
    RemoveMembers     = "members:remove"             [admin]               "Remove people.";
    UpdateRole        = "members:update_role"        []                    "Change roles and define new ones.";
    TransferOwnership = "members:transfer_ownership" []                    "Hand the workspace or its billing to somebody else.";
    ViewApiKeys       = "api_keys:view"              [admin]               "See API keys.";
    CreateApiKeys     = "api_keys:create"            [admin]               "Create API keys.";
    DeleteApiKeys     = "api_keys:delete"            [admin]               "Revoke API keys.";
    UseAi             = "ai:use"                     [admin member]        "Use AI chat and drafting.";
    ViewProjects      = "projects:view"              [admin member viewer] "See projects.";
    CreateProjects    = "projects:create"            [admin member]        "Create projects.";
    UpdateProjects    = "projects:update"            [admin member]        "Change projects.";
    DeleteProjects    = "projects:delete"            [admin member]        "Delete projects.";
    ViewLegalEntity   = "legal_entity:view"          [admin member viewer] "See the legal entity.";
    ManageLegalEntity = "legal_entity:manage"        [admin]               "Link, verify and unlink the legal entity.";
    ViewAudit         = "audit:view"                 [admin]               "Read the audit log.";
    ExportAudit       = "audit:export"               [admin]               "Export the audit log.";
    ViewWebhooks      = "webhooks:view"              [admin]               "See webhook endpoints and deliveries.";
    ManageWebhooks    = "webhooks:manage"            [admin]               "Add, change and test webhook endpoints.";
    ViewAnalytics     = "analytics:view"             [admin]               "See how the workspace uses the product.";
}

impl Permission {
    /// Reads the word `resource:action`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|p| p.as_str() == word)
    }

    /// Whether no custom role can hold it.
    pub fn is_owners_alone(self) -> bool {
        matches!(self, Self::DeleteAccount | Self::TransferOwnership)
    }

    /// Whether the owner alone has it under this business model: then no custom role is given it.
    pub fn is_reserved(self, model: BusinessModel) -> bool {
        self.is_owners_alone() || (self == Self::ManageBilling && *billing_manager_roles(model) == [OWNER])
    }

    /// What the system role `admin` holds.
    pub fn of_admin() -> Permissions {
        Self::held_by("admin")
    }

    /// What the system role `member` holds.
    pub fn of_member() -> Permissions {
        Self::held_by("member")
    }

    /// What a role of the table holds.
    pub fn held_by(role: &str) -> Permissions {
        Self::ALL.iter().copied().filter(|p| p.roles().contains(&role)).collect()
    }
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Permissions(u64);

impl Permissions {
    /// Every permission.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);

    /// Whether the set holds it.
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// The set without it.
    #[must_use]
    pub fn without(self, permission: Permission) -> Self {
        Self(self.0 & !(1 << permission as u8))
    }

    /// What this set holds and `other` does not.
    #[must_use]
    pub fn beyond(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether `other` holds every permission of this set.
    pub fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The first permission of this set that `other` lacks.
    pub fn first_beyond(self, other: Self) -> Option<Permission> {
        self.beyond(other).iter().next()
    }

    /// The permissions among words separated by spaces; unknown words give nothing.
    pub fn parse(words: &str) -> Self {
        words.split(' ').filter_map(Permission::parse).collect()
    }

    /// Whether there is none in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The words of the permissions, with spaces between them.
    pub fn words(self) -> String {
        self.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ")
    }

    /// The permissions in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |p| self.has(*p))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<T: IntoIterator<Item = Permission>>(permissions: T) -> Self {
        Self(permissions.into_iter().fold(0, |set, p| set | (1 << p as u8)))
    }
}

/// `docs/permissions.md`, whole.
pub fn document() -> String {
    use std::fmt::Write as _;
    let mut text = String::from(
        "# Permissions\n\nMade from `app/types/src/permission.rs`; a test compares them. In b2b, `billing:manage` is the owner's alone.\n\n\
         | permission | allows | owner | admin | member | viewer |\n|---|---|---|---|---|---|\n",
    );
    for permission in Permission::ALL {
        let held = |role| if permission.roles().contains(&role) { "yes" } else { "" };
        let _ = writeln!(
            text,
            "| `{}` | {} | yes | {} | {} | {} |",
            permission.as_str(),
            permission.says(),
            held("admin"),
            held("member"),
            held("viewer")
        );
    }
    text
}
