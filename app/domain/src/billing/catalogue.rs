//! What is sold: the plans of `keel.toml`, their prices, and a person's choice among them.

use keel_types::{BillingModel, BusinessModel, Currency, Interval, Money};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The plan an account falls back to, and the only one without a price.
pub const FREE: &str = "free";
/// Trial credits of a per-seat plan count at most this many seats.
const TRIAL_SEATS: i64 = 5;

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
    /// In the order of the pricing page.
    pub plans: Vec<Plan>,
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

/// A plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Lower-case letters: part of Stripe's lookup keys, never changed.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One sentence for the pricing page.
    pub summary: String,
    /// Credits a month, of one seat when `per_seat`.
    #[serde(default)]
    pub credits: i64,
    /// Seats it comes with; when `per_seat`, the most that can be bought.
    #[serde(default)]
    pub seats: i64,
    /// Whether the price, the credits and the limit count by seat.
    #[serde(default)]
    pub per_seat: bool,
    /// Whether hybrid mode makes a workspace for it.
    #[serde(default)]
    pub team: bool,
    /// By arrangement only.
    #[serde(default)]
    pub contact: bool,
    /// Days of trial, when it offers one.
    pub trial_days: Option<u32>,
    /// Minor units a month.
    monthly: Option<i64>,
    /// Minor units a year.
    yearly: Option<i64>,
    /// Figures of other currencies, where they differ.
    #[serde(default)]
    prices: BTreeMap<Currency, Prices>,
    /// Lines of the pricing page.
    #[serde(default)]
    pub features: Vec<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    monthly: Option<i64>,
    yearly: Option<i64>,
}

/// What a person chose on the pricing page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The plan's id.
    pub plan: String,
    /// How often it renews; none for the free plan.
    pub interval: Option<Interval>,
    /// What it is paid in.
    pub currency: Currency,
    /// Seats wanted; 1 unless the plan is per seat.
    pub seats: i64,
}

/// A choice that is sold, with its price.
#[derive(Clone, Debug)]
pub struct Quote<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How often it renews; none for the free plan.
    pub interval: Option<Interval>,
    /// The price of one: of a seat when the plan is per seat.
    pub unit: Money,
    /// How many are paid.
    pub quantity: i64,
}

/// Why a choice is not sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSold {
    /// No such plan, or not at this interval.
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
    /// A plan that cannot be sold as written.
    #[error("plan `{0}`: {1}")]
    Plan(String, &'static str),
}

impl Product {
    /// Reads and checks `keel.toml`.
    pub fn parse(text: &str) -> Result<Self, BadProduct> {
        let product: Self = toml::from_str(text)?;
        for (place, plan) in product.plans.iter().enumerate() {
            plan.check().map_err(|why| BadProduct::Plan(plan.id.clone(), why))?;
            if product.plans[..place].iter().any(|p| p.id == plan.id) {
                return Err(BadProduct::Plan(plan.id.clone(), "is there twice"));
            }
        }
        match product.plan(FREE) {
            None => Err(BadProduct::Plan(FREE.into(), "is missing: accounts fall back to it")),
            Some(plan) if plan.monthly.or(plan.yearly).is_some() || plan.per_seat => {
                Err(BadProduct::Plan(FREE.into(), "has no price and fixed seats"))
            }
            Some(_) => Ok(product),
        }
    }

    /// What the pricing page offers, in its order: where only licences are sold, nothing that renews.
    pub fn offered(&self) -> impl Iterator<Item = &Plan> {
        self.plans.iter().filter(|plan| self.billing_model != BillingModel::License || !plan.renews())
    }

    /// The plan of an id, offered or not: accounts keep what they have.
    pub fn plan(&self, id: &str) -> Option<&Plan> {
        self.plans.iter().find(|p| p.id == id)
    }

    /// The seats of an account without a plan.
    pub fn free_seats(&self) -> i64 {
        self.plan(FREE).map_or(1, |plan| plan.seats)
    }

    /// The price of a choice, when it is sold.
    pub fn quote(&self, choice: &Choice) -> Result<Quote<'_>, NotSold> {
        let plan = self.offered().find(|plan| plan.id == choice.plan && !plan.contact).ok_or(NotSold::Unknown)?;
        let minor = match choice.interval {
            None if plan.id == FREE => 0,
            None => return Err(NotSold::Unknown),
            Some(interval) => plan.price(interval, choice.currency).ok_or(NotSold::Unknown)?,
        };
        let most = if plan.per_seat { plan.seats } else { 1 };
        if !(1..=most).contains(&choice.seats) {
            return Err(NotSold::Seats);
        }
        Ok(Quote { plan, interval: choice.interval, unit: Money { minor, currency: choice.currency }, quantity: choice.seats })
    }

    /// The plan and interval a lookup key of ours stands for, at whatever amount.
    pub fn of_lookup_key(&self, key: &str) -> Option<(&Plan, Interval)> {
        let mut parts = key.strip_prefix("keel_")?.splitn(3, '_');
        let plan = self.plan(parts.next()?)?;
        Some((plan, Interval::parse(parts.next()?)?))
    }
}

impl Plan {
    fn check(&self) -> Result<(), &'static str> {
        let amounts = self.prices.values().flat_map(|p| [p.monthly, p.yearly]).chain([self.monthly, self.yearly]).flatten();
        if self.id.is_empty() || !self.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
            Err("an id is lower-case letters and digits")
        } else if amounts.into_iter().any(|amount| !(1..=99_999_999).contains(&amount)) {
            Err("amounts are from 1 to 99999999 minor units")
        } else if self.contact {
            Ok(())
        } else if self.seats < 1 || self.credits < 0 || self.credits > 1_000_000_000 || self.seats > 1_000_000 {
            Err("needs at least one seat, and credits that are not negative")
        } else if self.trial_days.is_some_and(|days| !(1..=730).contains(&days)) {
            Err("a trial lasts from 1 to 730 days")
        } else {
            Ok(())
        }
    }

    /// Whether it is paid each month or year.
    fn renews(&self) -> bool {
        let amounts = self.prices.values().flat_map(|p| [p.monthly, p.yearly]).chain([self.monthly, self.yearly]);
        amounts.flatten().next().is_some()
    }

    /// Minor units of one (a seat when per seat) for an interval, when sold.
    pub fn price(&self, interval: Interval, currency: Currency) -> Option<i64> {
        let own = self.prices.get(&currency);
        match interval {
            Interval::Month => own.and_then(|p| p.monthly).or(self.monthly),
            Interval::Year => own.and_then(|p| p.yearly).or(self.yearly),
        }
    }

    /// Credits a month for so many paid seats.
    pub fn monthly_credits(&self, quantity: i64) -> i64 {
        if self.per_seat { self.credits.saturating_mul(quantity.max(0)) } else { self.credits }
    }

    /// Credits of a trial with so many seats.
    pub fn trial_credits(&self, quantity: i64) -> i64 {
        self.monthly_credits(quantity.min(TRIAL_SEATS))
    }

    /// How many people fit in for so many paid seats.
    pub fn seat_limit(&self, quantity: i64) -> i64 {
        if self.per_seat { quantity } else { self.seats }
    }
}

impl Quote<'_> {
    /// What is charged each interval.
    pub fn total(&self) -> Money {
        Money { minor: self.unit.minor.saturating_mul(self.quantity), currency: self.unit.currency }
    }

    /// Stripe's name for the price. The amount is part of it: another amount is another price.
    pub fn lookup_key(&self) -> Option<String> {
        let interval = self.interval?.as_str();
        Some(format!("keel_{}_{interval}_{}_{}", self.plan.id, self.unit.currency.as_str(), self.unit.minor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product() -> Product {
        Product::parse(include_str!("../../../../keel.toml")).unwrap()
    }

    fn choice(plan: &str, interval: Option<Interval>, seats: i64) -> Choice {
        Choice { plan: plan.into(), interval, currency: Currency::Usd, seats }
    }

    #[test]
    fn only_what_is_sold_has_a_price() {
        let product = product();
        let total = |choice: &Choice| product.quote(choice).map(|q| q.total().minor);
        assert_eq!(total(&choice("pro", Some(Interval::Year), 1)), Ok(29_000));
        assert_eq!(total(&choice("business", Some(Interval::Month), 500)), Ok(1_200_000));
        assert_eq!(total(&choice("free", None, 1)), Ok(0));
        assert_eq!(total(&choice("free", Some(Interval::Month), 1)), Err(NotSold::Unknown));
        assert_eq!(total(&choice("pro", None, 1)), Err(NotSold::Unknown));
        assert_eq!(total(&choice("enterprise", Some(Interval::Month), 1)), Err(NotSold::Unknown));
        assert_eq!(total(&choice("gold", Some(Interval::Month), 1)), Err(NotSold::Unknown));
        for seats in [i64::MIN, -1, 0, 501, 1_000_000_000, i64::MAX] {
            assert_eq!(total(&choice("business", Some(Interval::Month), seats)), Err(NotSold::Seats), "{seats}");
        }
        assert_eq!(total(&choice("pro", Some(Interval::Month), 2)), Err(NotSold::Seats));
    }

    #[test]
    fn where_only_licences_are_sold_nothing_renews() {
        let offered = |model: &str| {
            let text = include_str!("../../../../keel.toml").replace("billing_model = \"hybrid\"", &format!("billing_model = \"{model}\""));
            let product = Product::parse(&text).unwrap();
            let ids: Vec<_> = product.offered().map(|plan| plan.id.clone()).collect();
            let sold = |plan, interval| product.quote(&choice(plan, interval, 1)).is_ok();
            (ids.join(" "), sold("free", None), sold("pro", Some(Interval::Month)), product.plan("pro").is_some())
        };
        for model in ["hybrid", "subscription"] {
            assert_eq!(offered(model), ("free pro business enterprise".to_owned(), true, true, true));
        }
        assert_eq!(offered("license"), ("free enterprise".to_owned(), true, false, true));
    }

    #[test]
    fn a_lookup_key_leads_back_to_its_plan() {
        let product = product();
        let key = product.quote(&choice("business", Some(Interval::Year), 3)).unwrap().lookup_key().unwrap();
        assert_eq!(key, "keel_business_year_usd_24000");
        let (plan, interval) = product.of_lookup_key(&key).unwrap();
        assert_eq!((plan.id.as_str(), interval), ("business", Interval::Year));
        assert!(product.of_lookup_key("keel_gold_year_usd_1").is_none());
        assert!(product.of_lookup_key("somebody_elses").is_none());
    }

    #[test]
    fn a_mistake_in_the_file_is_named() {
        let mistake =
            |change: &str, to: &str| Product::parse(&include_str!("../../../../keel.toml").replace(change, to)).unwrap_err().to_string();
        assert!(mistake("yearly = 29000", "yearly = -1").contains("plan `pro`"));
        assert!(mistake("trial_days", "trail_days").contains("trail_days"));
        assert!(mistake("id = \"business\"", "id = \"pro\"").contains("twice"));
        assert!(mistake("id = \"free\"", "id = \"gratis\"").contains("plan `free`"));
    }
}
