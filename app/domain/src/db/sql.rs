//! Statements as named constants that register themselves, so that one test can prepare each on both databases.

use keel_types::{Email, Instant, Slug};

/// A statement: its text and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Sql {
    /// The text, with `$1` placeholders, understood by both databases.
    pub text: &'static str,
    /// File and line, for the test that prepares it.
    pub at: &'static str,
}

/// A statement in the registry.
#[derive(Debug)]
pub struct Registered(pub &'static Sql);
inventory::collect!(Registered);

/// Every statement of the program.
pub fn registered() -> impl Iterator<Item = &'static Sql> {
    inventory::iter::<Registered>().map(|r| r.0)
}

/// Declares statements: `sql! { FIND_BY_SLUG = "SELECT …"; }`. Several that begin alike may `concat!` what they share.
#[macro_export]
macro_rules! sql {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)*) => { $(
        $(#[$meta])*
        const $name: $crate::db::Sql = $crate::db::Sql { text: $text, at: concat!(file!(), ":", line!(), " ", stringify!($name)) };
        inventory::submit! { $crate::db::Registered(&$name) }
    )* };
}

/// A value for a placeholder, typed so that a NULL keeps its type on PostgreSQL, whose texts hold no NUL character.
#[derive(Clone, Debug)]
pub enum Arg {
    /// BIGINT.
    Int(Option<i64>),
    /// BOOLEAN.
    Flag(Option<bool>),
    /// TEXT.
    Text(Option<String>),
    /// BYTEA.
    Bytes(Option<Vec<u8>>),
}

macro_rules! from {
    ($($kind:ty => $variant:ident by $make:expr;)*) => { $(
        impl From<$kind> for Arg {
            fn from(value: $kind) -> Self {
                Self::$variant(Some($make(value)))
            }
        }
        impl From<Option<$kind>> for Arg {
            fn from(value: Option<$kind>) -> Self {
                Self::$variant(value.map($make))
            }
        }
    )* };
}

macro_rules! from_texts {
    ($($kind:ty),*) => { from! { $(&$kind => Text by |v: &$kind| v.as_str().to_owned();)* } };
}

from! {
    i64 => Int by |v| v;
    u32 => Int by i64::from;
    Instant => Int by |v: Instant| v.0;
    bool => Flag by |v| v;
    Vec<u8> => Bytes by |v| v;
    &str => Text by |v: &str| v.replace('\0', "\u{fffd}");
    String => Text by |v: String| v.replace('\0', "\u{fffd}");
}
from_texts!(
    String,
    Email,
    Slug,
    keel_types::UserId,
    keel_types::AccountId,
    keel_types::MembershipId,
    keel_types::InvitationId,
    keel_types::RoleId,
    keel_types::SessionId,
    keel_types::BrowserId,
    keel_types::SignInId,
    keel_types::SecondStepId,
    keel_types::IdentityId,
    keel_types::ResetId,
    keel_types::PasskeyId,
    keel_types::SubscriptionId,
    keel_types::CheckoutId,
    keel_types::ChangeId,
    keel_types::PaymentId,
    keel_types::EntryId,
    keel_types::LotId,
    keel_types::HoldId,
    keel_types::DebtId,
    keel_types::LicenceId,
    keel_types::SurplusId,
    keel_types::DriftId,
    keel_types::JobId,
    keel_types::MailId,
    keel_types::DeletionId,
    keel_types::ClosingId,
    keel_types::ExportId,
    keel_types::AuditId
);

/// Arguments in the order of their placeholders.
#[macro_export]
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
