//! Doors: the only way to the database, and the proofs they give.
//!
//! A door looks at the request as it is now: where it comes from, whose session it carries, which account it names, and
//! which role that person has there. Then it gives a call: [`Read`] or [`Write`], typed by what it proved. Domain verbs
//! take the account and the actor from that proof, never as an argument. Tested in `tests/access/`.
//!
//! A proof cannot be made elsewhere:
//! ```compile_fail
//! use keel_domain::access::Grant;
//! let forged: Grant<keel_types::permission::may::ManageBilling> = Grant { caller: todo!(), standing: todo!(), proves: todo!() };
//! ```
//! and one permission does not stand for another:
//! ```compile_fail
//! use keel_domain::access::Write;
//! use keel_types::permission::may;
//! fn manage(_: &mut Write<may::ManageBilling>) {}
//! fn view(call: &mut Write<may::ViewBilling>) { manage(call) }
//! ```
//! nor does a session that nobody has confirmed lately for one that somebody has:
//! ```compile_fail
//! use keel_domain::access::{Fresh, Write};
//! use keel_types::permission::may;
//! fn hand_over(_: &mut Write<Fresh<may::TransferOwnership>>) {}
//! fn any(call: &mut Write<may::TransferOwnership>) { hand_over(call) }
//! ```

mod caller;
mod calls;
pub mod sessions;
mod system;

pub use caller::{Caller, Standing};
pub use calls::{Outside, Read, Write};
pub use system::SystemGrant;

use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::staff::PlatformRole;
use keel_types::permission::Permits;
use keel_types::{AccountId, Code};
use std::marker::PhantomData;

/// What a request says about itself.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The session cookie.
    pub session: Option<PlainToken>,
    /// The account it names: an id, a slug (also one it had until lately) or `personal`.
    pub account: Option<String>,
    /// Whether it proves that it comes from Keel's own pages.
    pub origin: Origin,
    /// The cookie by which a browser that has signed in before is recognised.
    pub device: Option<String>,
    /// The client's address.
    pub address: String,
    /// The client's description of itself, cut to 200 characters.
    pub agent: String,
}

/// What is known of where a request comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// From elsewhere, or it does not say.
    #[default]
    Unproven,
    /// From Keel's own pages.
    Own,
    /// A GET that may write all the same: named, idempotent, and only for the session's own user.
    NamedGet,
}

/// A door: what a request must show to get a call of this type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a door: a permission, `Visitor`, `SignedIn`, `Member`, `Manager`, `Owner`, `PlatformAdmin`, or one of them `Fresh` is"
)]
pub trait Door: Send + Sync + 'static {
    /// Its name in the table of endpoints.
    const NAME: &'static str;
    /// Whether the person must have proven lately who they are, see [`Fresh`].
    const STEP_UP: bool = false;
    /// What it proves.
    type Proof: Proof;
    /// Lets the caller in, or says why not. `named` tells that the request named an account.
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof>;
}

/// What a door proved: who asks, if anybody is known.
pub trait Proof: Send + Sync {
    /// The person.
    fn caller(&self) -> Option<&Caller>;
}

/// The door that is open to all.
#[derive(Debug)]
pub enum Visitor {}

/// The door for people with a session.
#[derive(Debug)]
pub enum SignedIn {}

/// The door for people who belong to the account.
#[derive(Debug)]
pub enum Member {}

/// The door for people who run the account: their role gives more than a member's.
#[derive(Debug)]
pub enum Manager {}

/// The door for owners of the account.
#[derive(Debug)]
pub enum Owner {}

/// The same door for somebody who has proven within the last ten minutes who they are: what cannot be taken back is behind it.
#[derive(Debug)]
pub struct Fresh<D>(PhantomData<fn() -> D>);
/// The door for platform staff who administer it, in a session with a second factor, who have proven lately who they are. It opens no
/// account: staff are members of nothing by it.
#[derive(Debug)]
pub enum PlatformAdmin {}

/// The proof that the caller administers the platform. Neither cloned nor kept.
#[derive(Debug)]
pub struct StaffGrant {
    caller: Caller,
}

impl StaffGrant {
    /// The person.
    pub fn actor(&self) -> &Caller {
        &self.caller
    }
}

impl Proof for StaffGrant {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }
}

/// The proof that the caller may do `R` in one account. Neither cloned nor kept.
#[derive(Debug)]
pub struct Grant<R> {
    caller: Caller,
    standing: Standing,
    proves: PhantomData<fn() -> R>,
}

impl<R> Grant<R> {
    /// The account it is for.
    pub fn account(&self) -> &AccountId {
        &self.standing.account
    }

    /// The caller's place in that account.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// The person.
    pub fn actor(&self) -> &Caller {
        &self.caller
    }

    fn made(caller: Option<Caller>, named: bool, may: impl FnOnce(&Standing) -> Result<()>) -> Result<Self> {
        let caller = caller.ok_or(Refusal::SignInNeeded)?;
        let standing = caller.standing(named)?.clone();
        may(&standing)?;
        Ok(Self { caller, standing, proves: PhantomData })
    }
}

impl<R> Proof for Grant<R> {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }
}

impl Proof for Option<Caller> {
    fn caller(&self) -> Option<&Caller> {
        self.as_ref()
    }
}

impl Proof for Caller {
    fn caller(&self) -> Option<&Caller> {
        Some(self)
    }
}

impl Door for Visitor {
    const NAME: &'static str = "visitor";
    type Proof = Option<Caller>;
    fn admit(caller: Option<Caller>, _: bool) -> Result<Self::Proof> {
        Ok(caller)
    }
}

impl Door for SignedIn {
    const NAME: &'static str = "signed in";
    type Proof = Caller;
    fn admit(caller: Option<Caller>, _: bool) -> Result<Self::Proof> {
        caller.ok_or(Refusal::SignInNeeded)
    }
}

impl Door for Member {
    const NAME: &'static str = "member";
    type Proof = Grant<Self>;
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof> {
        Grant::made(caller, named, |_| Ok(()))
    }
}

impl Door for Manager {
    const NAME: &'static str = "manager";
    type Proof = Grant<Self>;
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof> {
        Grant::made(caller, named, Standing::require_manager)
    }
}

impl Door for Owner {
    const NAME: &'static str = "owner";
    type Proof = Grant<Self>;
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof> {
        Grant::made(caller, named, |standing| if standing.role.is_owner() { Ok(()) } else { Err(Refusal::OwnersOnly) })
    }
}

// Whoever may not, is told that: the proof is asked of people whom it would help.
impl<D: Door> Door for Fresh<D> {
    const NAME: &'static str = D::NAME;
    const STEP_UP: bool = true;
    type Proof = D::Proof;
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof> {
        let proof = D::admit(caller, named)?;
        proof.caller().ok_or(Refusal::SignInNeeded)?.require_fresh()?;
        Ok(proof)
    }
}

impl Door for PlatformAdmin {
    const NAME: &'static str = "platform:admin";
    const STEP_UP: bool = true;
    type Proof = StaffGrant;
    fn admit(caller: Option<Caller>, _: bool) -> Result<Self::Proof> {
        let caller = caller.ok_or(Refusal::SignInNeeded)?;
        if caller.platform_role != Some(PlatformRole::Admin) {
            return Err(Refusal::StaffOnly);
        }
        caller.require_second_factor()?;
        caller.require_fresh()?;
        Ok(StaffGrant { caller })
    }
}

impl<R: Permits> Door for R {
    const NAME: &'static str = R::PERMISSION.as_str();
    type Proof = Grant<R>;
    fn admit(caller: Option<Caller>, named: bool) -> Result<Self::Proof> {
        Grant::made(caller, named, |standing| {
            if standing.role.permissions.has(R::PERMISSION) { Ok(()) } else { Err(Refusal::Forbidden(R::PERMISSION)) }
        })
    }
}

impl Asked {
    /// Refuses a write that does not prove where it comes from.
    fn require_origin(&self) -> Result<()> {
        if self.origin == Origin::Unproven { Err(Refusal::Refused(Code::OriginRequired)) } else { Ok(()) }
    }
}
