//! The settings and words that decide how a Keel sells.

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The word as kept and as sent.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// Reads the word.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    )* };
}

words! {
    /// Who the customers are.
    BusinessModel {
        /// People, each with a personal account.
        B2c = "b2c",
        /// Teams in workspaces; the workspace is billed.
        B2b = "b2b",
        /// Both.
        Hybrid = "hybrid",
    }
    /// What is sold.
    BillingModel {
        /// Plans that renew.
        Subscription = "subscription",
        /// Licences paid once.
        License = "license",
        /// Both.
        Hybrid = "hybrid",
    }
    /// The two kinds of account.
    AccountKind {
        /// One person's.
        Personal = "personal",
        /// A team's.
        Workspace = "workspace",
    }
    /// What can be bought.
    ProductKind {
        /// A plan: it renews, or is the free one.
        Plan = "plan",
        /// A licence: paid once.
        Licence = "licence",
        /// Credits, paid once.
        Pack = "pack",
    }
    /// How often a plan renews.
    Interval {
        /// Every month.
        Month = "month",
        /// Every year.
        Year = "year",
    }
}

impl Interval {
    /// How many months it has.
    pub fn months(self) -> u32 {
        match self {
            Self::Month => 1,
            Self::Year => 12,
        }
    }
}

impl BusinessModel {
    /// Whether there are workspaces, with members, roles and invitations.
    pub fn has_teams(self) -> bool {
        self != Self::B2c
    }
}
