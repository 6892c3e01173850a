//! Ids: a prefix that names the kind and a UUID version 7 in 32 hexadecimal digits, such as `acc_0190…`.

use serde::{Deserialize, Serialize};

/// A text that is no id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

/// A kind of id.
pub trait Id: Sized {
    /// What the id begins with, without the underscore.
    const PREFIX: &'static str;
    /// The id of these 128 bits.
    fn from_bits(bits: u128) -> Self;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an id as written; anything else is [`NotAnId`].
            pub fn parse(text: &str) -> Result<Self, NotAnId> {
                let bits = text.strip_prefix(concat!($prefix, "_")).ok_or(NotAnId)?;
                let hexadecimal = bits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if bits.len() == 32 && hexadecimal { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
            }

            /// The id as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_bits(bits: u128) -> Self {
                Self(format!(concat!($prefix, "_{:032x}"), bits))
            }
        }

        impl TryFrom<String> for $name {
            type Error = &'static str;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text).map_err(|_| concat!("not an id of the kind ", $prefix))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

ids! {
    /// A person who can sign in.
    UserId = "usr";
    /// A tenant: a personal account or a workspace.
    AccountId = "acc";
    /// A person's place in an account.
    MembershipId = "mem";
    /// A place in an account, offered to an address.
    InvitationId = "inv";
    /// A role that people defined.
    RoleId = "rol";
    /// A signed-in browser.
    SessionId = "ses";
    /// A browser that is known to be somebody's.
    BrowserId = "brw";
    /// One wish to sign in: its link and its code.
    SignInId = "sig";
    /// A second step of a sign-in.
    SecondStepId = "stp";
    /// An account elsewhere by which somebody signs in.
    IdentityId = "idt";
    /// A link to a new password.
    ResetId = "rst";
    /// A key that a device keeps.
    PasskeyId = "pky";
    /// An account's contract.
    SubscriptionId = "sub";
    /// One way to the payment page.
    CheckoutId = "chk";
    /// A wish to change what is paid for.
    ChangeId = "chg";
    /// Money that moved, or should have.
    PaymentId = "pay";
    /// A row of the credits ledger.
    EntryId = "cre";
    /// Credits granted together, expiring together.
    LotId = "lot";
    /// Credits kept back for something under way.
    HoldId = "hld";
    /// Credits that were taken back when they were spent already.
    DebtId = "dbt";
    /// A plan's worth, paid once.
    LicenceId = "lic";
    /// A subscription too many.
    SurplusId = "spl";
    /// What a comparison with Stripe found.
    DriftId = "dft";
    /// Work to be done later.
    JobId = "job";
    /// A mail to be sent.
    MailId = "mail";
    /// A wish to delete an account.
    DeletionId = "del";
    /// A wish of a person to close their account.
    ClosingId = "cls";
    /// A copy of an account.
    ExportId = "exp";
    /// A key with which programs ask.
    ApiKeyId = "key";
    /// A row of the audit log.
    AuditId = "aud";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = AccountId::from_bits(0x0190_0000_0000_7000_8000_0000_0000_0001);
        assert_eq!(AccountId::parse(id.as_str()), Ok(id.clone()));
        assert_eq!(UserId::parse(id.as_str()), Err(NotAnId));
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in ["", "acc_", "acc_1", "acc_XYZ", "acc_0190000000007000800000000000000G", "acc_01900000000070008000000000000001 "] {
            assert_eq!(AccountId::parse(text), Err(NotAnId), "{text}");
        }
    }
}
