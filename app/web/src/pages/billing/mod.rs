//! The billing page, of a workspace and of a personal account: plan, seats, credits, ledger and payments.

pub mod actions;
pub mod change;
mod company;
mod licences;
pub mod owner;
mod plan;
pub mod records;
pub mod trial;
mod view;

pub use change::PAGE as CHANGE;
pub use company::{CompanyFacts, update_company};
pub use trial::PAGE as END_TRIAL;
pub use view::view;

use crate::page::{Loaded, Stop, Visit};
use keel_domain::access::{Read, Standing};
use keel_domain::accounts::{billing, dashboard};
use keel_domain::billing::overview::{self, Overview};
use keel_domain::companies::{self, Company};
use keel_domain::members::{self, Owner};
use keel_types::permission::may;
use keel_types::{AccountKind, BusinessModel, Permission};

/// The billing page of a workspace.
pub const PAGE: &str = "/org-dashboard/billing";
/// The billing page of a personal account.
pub const PERSONAL_PAGE: &str = "/private-dashboard/billing";

/// Where the paper about a payment is found.
pub const PAPER: &str = "/billing/papers/{payment}";

/// The address of the paper about a payment.
fn paper(payment: &str) -> String {
    PAPER.replace("{payment}", payment)
}

/// The billing page of an account.
fn page_of(standing: &Standing) -> &'static str {
    if standing.kind == AccountKind::Personal { PERSONAL_PAGE } else { PAGE }
}

/// The page's model.
pub struct Model {
    /// What the account is called.
    pub account_name: String,
    /// Whether it is one person's own: then there are no seats to speak of.
    pub personal: bool,
    /// Everything there is to see.
    pub overview: Overview,
    /// What stands on the invoices.
    pub company: Company,
    /// Whether the caller may choose a plan, and write what stands on the invoices.
    pub may_manage: bool,
    /// Whether there are credits to buy.
    pub sells_packs: bool,
    /// The owners to choose a billing owner from, for people who may.
    pub owners: Option<Vec<Owner>>,
}

/// `/org-dashboard/billing`; with a personal account active, its own page.
pub async fn load(call: Read<may::ViewBilling>, visit: &Visit) -> Loaded<Model> {
    let standing = call.proof().standing();
    if standing.kind == AccountKind::Personal {
        let own = billing(standing, visit.keel().settings().model()).unwrap_or(dashboard(false));
        return Err(Stop::Go(own.to_owned()));
    }
    model(call).await
}

/// `/private-dashboard/billing`; in b2b, and with a workspace active, the organization's page.
pub mod personal {
    pub use super::view;
    use super::{AccountKind, BusinessModel, Loaded, Model, Read, Stop, Visit, may};
    use keel_domain::access::Member;

    /// Reads it.
    pub async fn load(call: Read<Member>, visit: &Visit) -> Loaded<Model> {
        let workspace = call.proof().standing().kind == AccountKind::Workspace;
        if workspace || visit.keel().settings().model() == BusinessModel::B2b {
            return Err(Stop::Go("/org-dashboard/billing".to_owned()));
        }
        super::model(call.through::<may::ViewBilling>()?).await
    }
}

async fn model(mut call: Read<may::ViewBilling>) -> Loaded<Model> {
    let overview = overview::overview(&mut call).await?;
    let company = companies::get(&mut call).await?;
    let standing = call.proof().standing().clone();
    let personal = standing.kind == AccountKind::Personal;
    let may = |permission| standing.role.permissions.has(permission);
    let owners = if may(Permission::TransferOwnership) && !personal { Some(members::list_owners(&mut call).await?) } else { None };
    let sells_packs = !call.keel().settings().product.packs.is_empty();
    let may_manage = may(Permission::ManageBilling);
    Ok(Model { account_name: standing.name, personal, overview, company, may_manage, sells_packs, owners })
}
