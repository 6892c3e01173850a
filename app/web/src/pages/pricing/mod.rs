//! `/pricing`: what is sold, and the choice of it.

mod view;

pub use view::view;

use crate::action::{Answer, Done};
use crate::actions;
use crate::cookies::Cookie;
use crate::form::{Input, Reader};
use crate::page::{Loaded, Visit};
use keel_domain::Refusal;
use keel_domain::access::{Read, Visitor, Write};
use keel_domain::billing::catalogue::{Choice, FREE, Plan};
use keel_domain::billing::intents;
use keel_types::{BillingModel, Code, Currency, Interval, url};

const CHECKOUT: &str = "/checkout";

actions! {
    /// Remembers the plan a visitor wants.
    choose: "billing/choose" on ["/pricing"], Visitor, Wanted;
}

struct Wanted {
    choice: Choice,
    /// The account it is for, when the page was opened for one. Whether that is this person's, the checkout looks.
    account: Option<String>,
}

/// A button's plan, and the billing period of the page's radio group.
impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let plan = form.text("plan").to_owned();
        let interval = Interval::parse(form.text("interval")).filter(|_| plan != FREE);
        let choice = Choice { plan, interval, currency: form.arrival().currency(), seats: 1 };
        Some(Self { choice, account: Some(form.text("account").to_owned()).filter(|account| !account.is_empty()) })
    }
}

async fn choose(call: &mut Write<Visitor>, Wanted { choice, account }: Wanted) -> Answer {
    let keel = call.keel().clone();
    keel.settings().product.quote(&choice).map_err(|_| Refusal::Refused(Code::PriceUnknown))?;
    intents::choose(call, &choice).await?;
    let checkout = account.map_or_else(|| CHECKOUT.to_owned(), |account| url::about(CHECKOUT, &account));
    let next = if call.caller().is_some() { checkout } else { url::signup(&checkout) };
    Ok(Done::go(next).cookie(Cookie::PendingCheckout.set(keel.settings(), &intents::seal(&keel, &choice))))
}

/// The page's model.
#[derive(Clone)]
pub struct Model {
    /// What is offered, in the order of `keel.toml`.
    pub plans: Vec<Plan>,
    /// Whether nothing but licences is sold.
    pub licences_only: bool,
    /// Whether plans are for teams: then their seats are worth a word.
    pub teams: bool,
    /// The account a plan is chosen for, when the page was opened for one.
    pub account: Option<String>,
    /// What prices are shown in.
    pub currency: Currency,
    /// Where "Contact us" leads.
    pub contact_email: String,
}

/// What is sold, in the visitor's currency.
pub async fn load(_: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let product = &visit.keel().settings().product;
    Ok(Model {
        plans: product.offered().cloned().collect(),
        licences_only: product.billing_model == BillingModel::License,
        teams: product.business_model.has_teams(),
        account: visit.account().map(str::to_owned),
        currency: visit.arrival().currency(),
        contact_email: product.contact_email.clone(),
    })
}
