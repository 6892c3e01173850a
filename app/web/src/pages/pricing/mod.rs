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
use keel_types::{Code, Currency, Interval, url};

actions! {
    /// Remembers the plan a visitor wants.
    choose: "billing/choose" on ["/pricing"], Visitor, Choice;
}

/// A button's plan, and the billing period of the page's radio group.
impl Input for Choice {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let plan = form.text("plan").to_owned();
        let interval = Interval::parse(form.text("interval")).filter(|_| plan != FREE);
        Some(Self { plan, interval, currency: form.arrival().currency(), seats: 1 })
    }
}

async fn choose(call: &mut Write<Visitor>, choice: Choice) -> Answer {
    let keel = call.keel().clone();
    keel.settings().product.quote(&choice).map_err(|_| Refusal::Refused(Code::PriceUnknown))?;
    intents::choose(call, &choice).await?;
    let next = if call.caller().is_some() { "/checkout".to_owned() } else { url::signup("/checkout") };
    Ok(Done::go(next).cookie(Cookie::PendingCheckout.set(keel.settings(), &intents::seal(&keel, &choice))))
}

/// The page's model.
pub struct Model {
    /// In the order of `keel.toml`.
    pub plans: Vec<Plan>,
    /// What prices are shown in.
    pub currency: Currency,
    /// Where "Contact us" leads.
    pub contact_email: String,
}

/// What is sold, in the visitor's currency.
pub async fn load(_: Read<Visitor>, visit: &Visit) -> Loaded<Model> {
    let product = &visit.keel().settings().product;
    Ok(Model { plans: product.plans.clone(), currency: visit.arrival().currency(), contact_email: product.contact_email.clone() })
}
