//! What the forms of the checkout do.

use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Nothing, Reader, number};
use crate::problem::Problem;
use keel_domain::access::{Door, Grant, Owner, Write};
use keel_domain::accounts::billing;
use keel_domain::billing::catalogue::Choice;
use keel_domain::billing::checkouts::{self, Order};
use keel_domain::billing::subscriptions;
use keel_types::permission::may;
use keel_types::{Currency, Fault, Interval, ProductKind, url};

actions! {
    /// Opens a checkout for a plan or a credit pack and leads to the payment page.
    checkout: "billing/checkout" on ["/checkout"], may::ManageBilling, Order;
    /// The same for a licence.
    license_checkout: "billing/license-checkout" on ["/checkout"], may::ManageBilling, LicenceOrder;
    /// Starts the free plan.
    subscribe_free: "billing/subscribe-free" on ["/checkout"], Owner, Nothing;
}

/// A plan or a pack: `kind` says which, and the field of that name has the id.
impl Input for Order {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let kind = match form.text("kind") {
            "" => Some(ProductKind::Plan),
            word => ProductKind::parse(word).filter(|kind| *kind != ProductKind::Licence),
        };
        let Some(kind) = kind else { return form.refuse("kind", Fault::NotAChoice) };
        order(form, kind)
    }
}

struct LicenceOrder(Order);

impl Input for LicenceOrder {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        order(form, ProductKind::Licence).map(Self)
    }
}

fn order(form: &mut Reader<'_>, kind: ProductKind) -> Option<Order> {
    let seats = form.find("seats", number);
    let trial = match form.text("start") {
        "" | "pay" => Some(false),
        "trial" => Some(true),
        _ => form.refuse("start", Fault::NotAChoice),
    };
    let currency = match form.text("currency") {
        "" => Some(form.arrival().currency()),
        word => Currency::parse(word).or_else(|| form.refuse("currency", Fault::NotAChoice)),
    };
    // An id or interval that is none leads to a price that is unknown.
    let (id, interval) = (form.text(kind.as_str()).to_owned(), Interval::parse(form.text("interval")));
    let choice = Choice { kind, id, interval, currency: currency?, seats: seats?.unwrap_or(1) };
    Some(Order { choice, trial: trial? })
}

async fn license_checkout(call: &mut Write<may::ManageBilling>, LicenceOrder(order): LicenceOrder) -> Answer {
    checkout(call, order).await
}

async fn checkout(call: &mut Write<may::ManageBilling>, order: Order) -> Answer {
    let billing = billing_page(call);
    let page = checkouts::start(call, order).await.map_err(|refusal| Problem::from(refusal).or_change_plan_at(billing))?;
    Ok(Done::go(page).cookie(Cookie::PendingCheckout.forget(call.keel().settings())))
}

async fn subscribe_free(call: &mut Write<Owner>, _: Nothing) -> Answer {
    let billing = billing_page(call);
    let account = subscriptions::subscribe_free(call).await.map_err(|refusal| Problem::from(refusal).or_change_plan_at(billing))?;
    Ok(Done::go(format!("/checkout/success?account={account}")).cookie(Cookie::PendingCheckout.forget(call.keel().settings())))
}

/// Where the plan of this call's account is seen and changed, by people who may.
fn billing_page<D: Door<Proof = Grant<D>>>(call: &Write<D>) -> Option<String> {
    let standing = call.proof().standing();
    billing(standing, call.keel().settings().model()).map(|page| url::about(page, standing.handle()))
}
