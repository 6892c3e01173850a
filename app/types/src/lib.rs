//! What the server and a browser may both know: names of things and the rules for writing them.
//!
//! No input or output, no clock, no randomness; compiles to WebAssembly. The permission table is here
//! because pages show or hide by it and [`keel_domain`](../keel_domain) enforces it.

pub mod code;
pub mod email;
pub mod id;
pub mod model;
pub mod money;
pub mod name;
pub mod permission;
pub mod role;
pub mod slug;
pub mod time;
pub mod time_zone;
pub mod url;
pub mod vat;

pub use code::Code;
pub use email::Email;
pub use id::*;
pub use model::{AccountKind, BillingModel, BusinessModel, Interval, ProductKind};
pub use money::{Currency, Money};
pub use name::{CompanyName, JobTitle, PasskeyName, PersonName, Phone, PostalAddress, RoleName, TaxId, WorkspaceName};
pub use permission::{Permission, Permissions};
pub use role::Role;
pub use slug::Slug;
pub use time::Instant;
pub use time_zone::TimeZone;
pub use vat::VatNumber;

/// Why a typed text was not taken, as the catalogue knows it; programs get the word in `errors`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Nothing was typed where something is needed.
    Required,
    /// More characters than the field takes.
    TooLong,
    /// Fewer characters than the field takes.
    TooShort,
    /// Not `name@domain`.
    NotAnAddress,
    /// Not a whole number.
    NotANumber,
    /// A number outside the range the field takes.
    OutOfRange,
    /// None of the choices offered.
    NotAChoice,
    /// A word that addresses need for something else.
    Reserved,
    /// Somebody else has it.
    Taken,
    /// A file of more bytes than the field takes.
    FileTooLarge,
    /// A file that is no picture of a kind the field takes, or not a whole one.
    NotAPicture,
    /// A picture of more pixels than the field takes.
    TooManyPixels,
    /// Characters the field does not take.
    BadCharacters,
    /// Not how the country it begins with writes VAT numbers.
    NotAVatNumber,
    /// Not six digits.
    NotACode,
    /// The code is wrong; another try is left.
    WrongCode,
    /// The code has had its tries; a new one is needed.
    NoTriesLeft,
    /// The code is older than ten minutes.
    ExpiredCode,
    /// The code was used.
    UsedCode,
    /// Not six digits, where an app shows them.
    NotAnAppCode,
    /// Not the code that the person's app shows.
    WrongAppCode,
    /// The app's code was taken once; the next one counts.
    SpentAppCode,
    /// Not written like a recovery code.
    NotARecoveryCode,
    /// None of the person's recovery codes, or one that was used.
    WrongRecoveryCode,
    /// The second step has had its tries; the sign-in begins anew.
    StartOver,
    /// The address and the password do not fit together.
    WrongPassword,
    /// Not the person's password.
    NotThePassword,
    /// The person or the browser used no passkey, or not in time.
    PasskeyCancelled,
    /// What the passkey signed does not hold.
    PasskeyFailed,
    /// What the passkey was asked for is too old, was answered, or was asked in another browser.
    PasskeyExpired,
    /// The device did not find out who uses it.
    PasskeyUnverified,
    /// Nobody has the passkey, or not any more.
    PasskeyUnknown,
    /// The passkey is somebody else's.
    PasskeyOfAnother,
    /// The passkey's counter went back: there may be two of it.
    PasskeyCopied,
    /// Somebody has the passkey already.
    PasskeyKnown,
    /// As many passkeys as a person may have.
    TooManyPasskeys,
    /// Not the name of what this is about.
    NotTheName,
    /// Not the person's own address.
    NotOwnAddress,
    /// Something else belongs to it by now than was confirmed.
    NotConfirmed,
    /// A password that many people have.
    CommonPassword,
    /// More addresses than one list takes.
    TooManyAddresses,
    /// The address stands in the list twice.
    Twice,
    /// The person belongs to the workspace.
    AlreadyMember,
    /// An invitation to the address waits.
    AlreadyInvited,
    /// No seat is left for the address.
    NoSeat,
    /// Too many invitations were sent, by this person, this workspace or to this address.
    TooManyInvitations,
    /// Something else has this name.
    NameTaken,
    /// Not a day, `2026-11-20`.
    NotADay,
    /// A span of days that ends before it begins.
    EndsTooEarly,
    /// No name in the log begins so.
    Nobody,
    /// Several names in the log begin so.
    Several,
    /// The address the person has.
    OwnAddress,
}
