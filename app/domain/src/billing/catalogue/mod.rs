//! What is sold: the articles of `keel.toml` (plans, licences and credit packs), their prices, and a person's choice among
//! them. Tested in `catalogue/tests.rs`.

mod once;
mod plans;
#[cfg(test)]
mod tests;

pub use once::{Licence, Pack};
pub use plans::Plan;

use keel_types::{BillingModel, BusinessModel, Currency, Interval, Money, ProductKind};
use serde::{Deserialize, Serialize};

/// The plan an account falls back to, and the only one without a price.
pub const FREE: &str = "free";
/// What one costs at most, in minor units.
const MOST: i64 = 99_999_999;

/// `keel.toml`, whole.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Who the customers are.
    #[serde(default = "b2b")]
    pub business_model: BusinessModel,
    /// What is sold.
    #[serde(default = "hybrid")]
    pub billing_model: BillingModel,
    /// Where "Contact us" leads.
    pub contact_email: String,
    /// What the payment page asks.
    #[serde(default)]
    pub checkout: CheckoutSwitches,
    /// What happens when money or credits run out.
    #[serde(default)]
    pub billing: BillingSwitches,
    /// In the order of the pricing page.
    pub plans: Vec<Plan>,
    /// Likewise.
    #[serde(default)]
    pub licences: Vec<Licence>,
    /// Likewise.
    #[serde(default)]
    pub packs: Vec<Pack>,
}

fn b2b() -> BusinessModel {
    BusinessModel::B2b
}

fn hybrid() -> BillingModel {
    BillingModel::Hybrid
}

/// What the payment page asks. Unset: on with the billing sandbox, off otherwise.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutSwitches {
    /// Takes promotion codes.
    pub promotion_codes: Option<bool>,
    /// Works out tax.
    pub automatic_tax: Option<bool>,
    /// Asks for the billing address.
    pub billing_address: Option<bool>,
    /// Asks for a tax id.
    pub tax_id: Option<bool>,
}

/// What happens when money or credits run out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BillingSwitches {
    /// Days that an overdue subscription keeps its plan.
    pub past_due_days: u32,
    /// Whoever answers for the money is told when the credits fall below so many.
    pub low_balance: i64,
}

impl Default for BillingSwitches {
    fn default() -> Self {
        Self { past_due_days: 14, low_balance: 50 }
    }
}

/// Something of the catalogue.
#[derive(Clone, Copy, Debug)]
pub enum Article<'a> {
    /// What renews, and the free plan.
    Plan(&'a Plan),
    /// A plan's worth for a time, or for ever.
    Licence(&'a Licence),
    /// Credits.
    Pack(&'a Pack),
}

/// What a person chose on the pricing page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Whether it renews.
    #[serde(default = "plan")]
    pub kind: ProductKind,
    /// The article's id.
    #[serde(alias = "plan")]
    pub id: String,
    /// How often it renews; none for the free plan, and for what is paid once.
    pub interval: Option<Interval>,
    /// What it is paid in.
    pub currency: Currency,
    /// Seats wanted; 1 unless it is a plan per seat.
    pub seats: i64,
}

fn plan() -> ProductKind {
    ProductKind::Plan
}

/// A choice that is sold, with its price.
#[derive(Clone, Debug)]
pub struct Quote<'a> {
    /// What is sold.
    pub article: Article<'a>,
    /// How often it renews; none for the free plan, and for what is paid once.
    pub interval: Option<Interval>,
    /// The price of one: of a seat when the plan is per seat.
    pub unit: Money,
    /// How many are paid.
    pub quantity: i64,
}

/// Why a choice is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSold {
    /// No such article, or not at this interval.
    Unknown,
    /// Fewer than one or more seats than can be bought.
    Seats,
}

/// Why a `keel.toml` is not taken.
#[derive(Debug, thiserror::Error)]
pub enum BadProduct {
    /// Not TOML of the known keys.
    #[error("{0}")]
    Unreadable(#[from] toml::de::Error),
    /// An article that cannot be sold as written.
    #[error("{kind} `{0}`: {1}", kind = .2.as_str())]
    Article(String, &'static str, ProductKind),
}

impl Product {
    /// Reads and checks `keel.toml`.
    pub fn parse(text: &str) -> Result<Self, BadProduct> {
        let product: Self = toml::from_str(text)?;
        let articles: Vec<Article<'_>> = product.articles().collect();
        for (place, article) in articles.iter().enumerate() {
            let bad = |why| BadProduct::Article(article.id().to_owned(), why, article.kind());
            article.check().map_err(bad)?;
            // The id is the product's at Stripe.
            if articles[..place].iter().any(|earlier| earlier.id() == article.id()) {
                return Err(bad("is there twice"));
            }
        }
        let bad = |why| BadProduct::Article(FREE.to_owned(), why, ProductKind::Plan);
        match product.plan(FREE) {
            None => Err(bad("is missing: accounts fall back to it")),
            Some(plan) if plan.renews() || plan.per_seat => Err(bad("has no price and fixed seats")),
            Some(_) => Ok(product),
        }
    }

    /// Everything, offered or not: plans, licences, packs, each in their order.
    pub fn articles(&self) -> impl Iterator<Item = Article<'_>> {
        let once = self.licences.iter().map(Article::Licence).chain(self.packs.iter().map(Article::Pack));
        self.plans.iter().map(Article::Plan).chain(once)
    }

    /// What is sold under the billing model: nothing that renews, or no licences. Credit packs always.
    pub fn offered(&self) -> impl Iterator<Item = Article<'_>> {
        let model = self.billing_model;
        self.articles().filter(move |article| match article {
            Article::Plan(plan) => model != BillingModel::License || !plan.renews(),
            Article::Licence(_) => model != BillingModel::Subscription,
            Article::Pack(_) => true,
        })
    }

    /// The article of a kind and an id, offered or not: accounts keep what they have.
    pub fn find(&self, kind: ProductKind, id: &str) -> Option<Article<'_>> {
        self.articles().find(|article| article.kind() == kind && article.id() == id)
    }

    /// The plan of an id, offered or not.
    pub fn plan(&self, id: &str) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.id == id)
    }

    /// What the plan of an id is called; of one that is not in the catalogue any more, its id.
    pub fn plan_name(&self, id: &str) -> String {
        self.plan(id).map_or(id, |plan| &plan.name).to_owned()
    }

    /// The licence of an id, offered or not.
    pub fn licence(&self, id: &str) -> Option<&Licence> {
        self.licences.iter().find(|licence| licence.id == id)
    }

    /// The credit pack of an id, offered or not.
    pub fn pack(&self, id: &str) -> Option<&Pack> {
        self.packs.iter().find(|pack| pack.id == id)
    }

    /// The seats of an account without a plan.
    pub fn free_seats(&self) -> i64 {
        self.plan(FREE).map_or(1, |plan| plan.seats)
    }

    /// The price of a choice, when it is sold.
    pub fn quote(&self, choice: &Choice) -> Result<Quote<'_>, NotSold> {
        let chosen = |article: &Article<'_>| article.kind() == choice.kind && article.id() == choice.id;
        let article = self.offered().find(chosen).ok_or(NotSold::Unknown)?;
        let minor = article.price(choice.interval, choice.currency).ok_or(NotSold::Unknown)?;
        if !(1..=article.most()).contains(&choice.seats) {
            return Err(NotSold::Seats);
        }
        Ok(Quote { article, interval: choice.interval, unit: Money { minor, currency: choice.currency }, quantity: choice.seats })
    }

    /// The plan and interval a lookup key of ours stands for, at whatever amount.
    pub fn of_lookup_key(&self, key: &str) -> Option<(&Plan, Interval)> {
        let mut parts = key.strip_prefix("keel_")?.splitn(3, '_');
        let plan = self.plan(parts.next()?)?;
        Some((plan, Interval::parse(parts.next()?)?))
    }
}

impl<'a> Article<'a> {
    /// Which kind it is.
    pub fn kind(self) -> ProductKind {
        match self {
            Self::Plan(_) => ProductKind::Plan,
            Self::Licence(_) => ProductKind::Licence,
            Self::Pack(_) => ProductKind::Pack,
        }
    }

    /// Its id, which no other article has.
    pub fn id(self) -> &'a str {
        match self {
            Self::Plan(plan) => &plan.id,
            Self::Licence(licence) => &licence.id,
            Self::Pack(pack) => &pack.id,
        }
    }

    /// What people call it.
    pub fn name(self) -> &'a str {
        match self {
            Self::Plan(plan) => &plan.name,
            Self::Licence(licence) => &licence.name,
            Self::Pack(pack) => &pack.name,
        }
    }

    /// The plan, when it is one.
    pub fn plan(self) -> Option<&'a Plan> {
        match self {
            Self::Plan(plan) => Some(plan),
            Self::Licence(_) | Self::Pack(_) => None,
        }
    }

    /// Minor units of one, when it is sold at that interval.
    fn price(self, interval: Option<Interval>, currency: Currency) -> Option<i64> {
        match (self, interval) {
            (Self::Plan(plan), _) if plan.contact => None,
            (Self::Plan(plan), Some(interval)) => plan.price(interval, currency),
            (Self::Plan(plan), None) => (plan.id == FREE).then_some(0),
            (Self::Licence(licence), None) => Some(licence.price(currency)),
            (Self::Pack(pack), None) => Some(pack.price(currency)),
            (Self::Licence(_) | Self::Pack(_), Some(_)) => None,
        }
    }

    /// How many are sold at once.
    fn most(self) -> i64 {
        self.plan().filter(|plan| plan.per_seat).map_or(1, |plan| plan.seats)
    }

    fn check(self) -> Result<(), &'static str> {
        if self.id().is_empty() || !self.id().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            return Err("an id is lower-case letters and digits");
        }
        let amounts = match self {
            Self::Plan(plan) => plan.amounts().collect::<Vec<_>>(),
            Self::Licence(licence) => Currency::ALL.map(|currency| licence.price(currency)).to_vec(),
            Self::Pack(pack) => Currency::ALL.map(|currency| pack.price(currency)).to_vec(),
        };
        if amounts.iter().any(|amount| !(1..=MOST).contains(amount)) {
            return Err("amounts are from 1 to 99999999 minor units");
        }
        match self {
            Self::Plan(plan) => plan.check(),
            Self::Licence(licence) => licence.check(),
            Self::Pack(pack) => pack.check(),
        }
    }
}

impl Quote<'_> {
    /// What is charged each interval, or once.
    pub fn total(&self) -> Money {
        Money { minor: self.unit.minor.saturating_mul(self.quantity), currency: self.unit.currency }
    }

    /// Stripe's name for the price; none where nothing is paid. The amount is part of it: another amount is another price.
    pub fn lookup_key(&self) -> Option<String> {
        let interval = self.interval.map_or("once", Interval::as_str);
        let key = format!("keel_{}_{interval}_{}_{}", self.article.id(), self.unit.currency.as_str(), self.unit.minor);
        (self.unit.minor > 0).then_some(key)
    }
}
