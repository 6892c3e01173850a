//! Prices, found by lookup key, and the products they belong to.

use keel_types::Interval;
use miniserde::Deserialize;
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice};
use stripe_product::product::CreateProduct;

use super::{Named, Page, PaymentError, Payments};
use crate::access::Outside;
use crate::secrets::reference;

/// A price that the catalogue wants to exist.
#[derive(Clone, Debug)]
pub struct WantedPrice {
    /// The product's id at Stripe.
    pub product_slug: String,
    /// What customers read on the invoice.
    pub product_name: String,
    /// The key under which the price is found.
    pub lookup_key: String,
    /// Minor units, for one.
    pub unit_amount: i64,
    /// Lower-case code.
    pub currency: String,
    /// How often it is paid; `None` for once.
    pub interval: Option<Interval>,
    /// One is one seat.
    pub per_seat: bool,
}

/// A price that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceFound {
    /// The price's id.
    pub id: String,
    /// Minor units, for one; `None` for prices Keel does not make (tiers, fractions of a cent).
    pub unit_amount: Option<i64>,
    /// Lower-case code.
    pub currency: String,
    /// How often it is paid.
    pub interval: Recurrence,
}

/// How often a price is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// Once.
    Once,
    /// Every month or every year.
    Every(Interval),
    /// As Keel does not sell, such as `3 month`.
    Other(String),
}

impl Recurrence {
    /// The interval, when it is one that Keel sells.
    pub fn interval(&self) -> Option<Interval> {
        match self {
            Self::Every(interval) => Some(*interval),
            Self::Once | Self::Other(_) => None,
        }
    }
}

impl From<Option<Interval>> for Recurrence {
    fn from(interval: Option<Interval>) -> Self {
        interval.map_or(Self::Once, Self::Every)
    }
}

impl Payments {
    /// The active price with this lookup key.
    pub async fn find_price(&self, out: &Outside, lookup_key: &str) -> Result<Option<PriceFound>, PaymentError> {
        let request = ListPrice::new().active(true).lookup_keys([lookup_key.to_owned()]);
        let page: Page<Price> = self.send(out, &request, None).await?;
        Ok(page.data.into_iter().next().map(PriceFound::from))
    }

    /// A price as wanted is found by its lookup key; its id is the answer. Its product exists, and a price of another amount,
    /// currency or interval has lost the key: what was sold at it keeps it.
    pub async fn create_price(&self, out: &Outside, wanted: &WantedPrice) -> Result<String, PaymentError> {
        let before = self.find_price(out, &wanted.lookup_key).await?;
        if let Some(same) = before.as_ref().filter(|price| price.is(wanted)) {
            return Ok(same.id.clone());
        }
        self.create_product(out, wanted).await?;
        match self.new_price(out, wanted, before.is_some()).await {
            // Somebody else has just made it, or an archived price has the key.
            Err(PaymentError::Refused { .. }) if before.is_none() => match self.find_price(out, &wanted.lookup_key).await? {
                Some(same) if same.is(wanted) => Ok(same.id),
                _ => self.new_price(out, wanted, true).await,
            },
            made => made,
        }
    }

    /// Makes a price. Two at the same instant are kept apart by the lookup key, which only `transfer` takes from another price;
    /// so each call has an idempotency key of its own, and one that failed at Stripe can be made again.
    async fn new_price(&self, out: &Outside, wanted: &WantedPrice, transfer: bool) -> Result<String, PaymentError> {
        let mut request = CreatePrice::new(currency(&wanted.currency))
            .product(&wanted.product_slug)
            .unit_amount(wanted.unit_amount)
            .lookup_key(&wanted.lookup_key)
            .transfer_lookup_key(transfer);
        if let Some(interval) = wanted.interval {
            request = request.recurring(CreatePriceRecurring::new(match interval {
                Interval::Month => CreatePriceRecurringInterval::Month,
                Interval::Year => CreatePriceRecurringInterval::Year,
            }));
        }
        let key = format!("price:{}:{}", wanted.lookup_key, reference());
        let created: Named = self.send(out, &request, Some(&key)).await?;
        Ok(created.id)
    }

    async fn create_product(&self, out: &Outside, wanted: &WantedPrice) -> Result<(), PaymentError> {
        let mut request = CreateProduct::new(&wanted.product_name).id(&wanted.product_slug);
        if wanted.per_seat {
            request = request.unit_label("seat");
        }
        match self.send::<Named>(out, &request, None).await {
            Err(PaymentError::Refused { code: Some(code), .. }) if code == "resource_already_exists" => Ok(()),
            other => other.map(|_| ()),
        }
    }
}

impl PriceFound {
    fn is(&self, wanted: &WantedPrice) -> bool {
        self.unit_amount == Some(wanted.unit_amount) && self.currency == wanted.currency && self.interval == wanted.interval.into()
    }
}

fn currency(code: &str) -> stripe_types::Currency {
    code.parse().unwrap_or_else(|never: std::convert::Infallible| match never {})
}

/// A price as Stripe sends it.
#[derive(Deserialize)]
pub(super) struct Price {
    pub(super) id: String,
    pub(super) unit_amount: Option<i64>,
    pub(super) currency: String,
    pub(super) lookup_key: Option<String>,
    pub(super) product: String,
    recurring: Option<Recurring>,
}

#[derive(Deserialize)]
struct Recurring {
    interval: String,
    interval_count: i64,
}

impl Price {
    pub(super) fn recurrence(&self) -> Recurrence {
        match &self.recurring {
            None => Recurrence::Once,
            Some(Recurring { interval, interval_count: 1 }) => {
                Interval::parse(interval).map_or_else(|| Recurrence::Other(interval.clone()), Recurrence::Every)
            }
            Some(Recurring { interval, interval_count }) => Recurrence::Other(format!("{interval_count} {interval}")),
        }
    }
}

impl From<Price> for PriceFound {
    fn from(price: Price) -> Self {
        Self { interval: price.recurrence(), id: price.id, unit_amount: price.unit_amount, currency: price.currency }
    }
}
