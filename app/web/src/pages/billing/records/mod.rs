//! `/billing/credits` and `/billing/payments`: every credit that moved, every payment, filtered and in pages.

mod filter;
mod view;

pub use filter::{Typed, Wanted};
pub use view::{Entries, ExportCsv, PaymentStatus, Payments, amount, view};

use super::page_of;
use crate::page::{Loaded, Stop, Visit};
use crate::problem::FieldProblem;
use keel_domain::access::Read;
use keel_domain::billing::records::{self, Place, Rows, What};
use keel_types::permission::may;
use keel_types::{AccountKind, BusinessModel};

/// The ledger.
pub const CREDITS: &str = "/billing/credits";
/// The payments.
pub const PAYMENTS: &str = "/billing/payments";
/// Where either is exported.
pub const EXPORT: &str = "/api/billing/export";

/// The model of either page.
pub struct Model {
    what: What,
    account_name: String,
    /// The filter as it was typed.
    typed: Typed,
    /// What is wrong with it; nothing is listed then.
    faults: Vec<FieldProblem>,
    /// Whether this is a page behind the first.
    is_later: bool,
    rows: Rows,
    next: Option<Place>,
}

/// The address of the page of one of them.
fn page(what: What) -> &'static str {
    match what {
        What::Credits => CREDITS,
        What::Payments => PAYMENTS,
    }
}

/// The ledger.
pub mod credits {
    pub use super::view;
    use super::{Loaded, Model, Read, Visit, What, may};

    /// Reads a page of it.
    pub async fn load(call: Read<may::ViewBilling>, visit: &Visit) -> Loaded<Model> {
        super::model(call, visit, What::Credits).await
    }
}

/// The payments.
pub mod payments {
    pub use super::view;
    use super::{Loaded, Model, Read, Visit, What, may};

    /// Reads a page of them.
    pub async fn load(call: Read<may::ViewBilling>, visit: &Visit) -> Loaded<Model> {
        super::model(call, visit, What::Payments).await
    }
}

async fn model(mut call: Read<may::ViewBilling>, visit: &Visit, what: What) -> Loaded<Model> {
    let standing = call.proof().standing().clone();
    // In b2b nothing is billed to a personal account.
    if standing.kind == AccountKind::Personal && visit.keel().settings().model() == BusinessModel::B2b {
        return Err(Stop::Go(page_of(&standing).to_owned()));
    }
    let typed = Typed::read(|name| visit.query(name).unwrap_or_default());
    let (filter, faults) = typed.filter(what);
    let after = visit.query("after").and_then(Place::parse);
    if !faults.is_empty() {
        visit.refuse_query();
    }
    let listed =
        if faults.is_empty() { records::list(&mut call, what, &filter, after.as_ref()).await? } else { (Rows::Credits(vec![]), None) };
    let (rows, next) = listed;
    Ok(Model { what, account_name: standing.name, typed, faults, is_later: after.is_some(), rows, next })
}
