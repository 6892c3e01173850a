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
use keel_domain::billing::catalogue::{Article, Choice, FREE, Licence, Pack, Plan};
use keel_domain::billing::intents;
use keel_types::{BillingModel, Code, Currency, Interval, ProductKind, url};

const CHECKOUT: &str = "/checkout";

actions! {
    /// Remembers what a visitor wants.
    choose: "billing/choose" on ["/pricing"], Visitor, Wanted;
}

struct Wanted {
    choice: Choice,
    /// The account it is for, when the page was opened for one. Whether that is this person's, the checkout looks.
    account: Option<String>,
}

/// A button's article, named after its kind, and for plans the billing period of the page's radio group.
impl Input for Wanted {
    fn read(form: &mut Reader<'_>) -> Option<Self> {
        let said = |kind: &ProductKind| !form.text(kind.as_str()).is_empty();
        let kind = ProductKind::ALL.iter().copied().find(said).unwrap_or(ProductKind::Plan);
        let id = form.text(kind.as_str()).to_owned();
        let interval = Interval::parse(form.text("interval")).filter(|_| kind == ProductKind::Plan && id != FREE);
        let choice = Choice { kind, id, interval, currency: form.arrival().currency(), seats: 1 };
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
    /// The plans that are offered, in the order of `keel.toml`.
    pub plans: Vec<Plan>,
    /// The licences likewise.
    pub licences: Vec<Licence>,
    /// The credit packs likewise.
    pub packs: Vec<Pack>,
    /// Whether licences are sold, and none has a price.
    pub licences_by_arrangement: bool,
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
    let (mut plans, mut licences, mut packs) = (vec![], vec![], vec![]);
    for article in product.offered() {
        match article {
            Article::Plan(plan) => plans.push(plan.clone()),
            Article::Licence(licence) => licences.push(licence.clone()),
            Article::Pack(pack) => packs.push(pack.clone()),
        }
    }
    Ok(Model {
        licences_by_arrangement: product.billing_model == BillingModel::License && licences.is_empty(),
        plans,
        licences,
        packs,
        teams: product.business_model.has_teams(),
        account: visit.account().map(str::to_owned),
        currency: visit.arrival().currency(),
        contact_email: product.contact_email.clone(),
    })
}
