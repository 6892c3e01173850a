//! What the server and a browser may both know: names of things and the rules for writing them.
//!
//! No input or output, no clock, no randomness; compiles to WebAssembly. The permission table is here
//! because pages show or hide by it and [`keel_domain`](../keel_domain) enforces it.

pub mod code;
pub mod email;
pub mod fault;
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
pub use fault::Fault;
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
