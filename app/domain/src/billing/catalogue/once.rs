//! What is paid once: licences and credit packs.

use keel_types::Currency;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A plan's worth, paid once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// Lower-case letters and digits: part of Stripe's lookup keys, never changed, and no other article's.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One sentence for the pricing page.
    pub summary: String,
    /// Credits a month.
    pub credits: i64,
    /// Seats it comes with.
    pub seats: i64,
    /// How many days it lasts; for ever when unset.
    pub days: Option<u32>,
    /// Minor units.
    price: i64,
    /// Figures of other currencies, where they differ.
    #[serde(default)]
    prices: BTreeMap<Currency, i64>,
    /// Lines of the pricing page.
    #[serde(default)]
    pub features: Vec<String>,
}

/// Credits that never expire.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// As a licence's.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// One sentence for the pricing page.
    pub summary: String,
    /// How many credits.
    pub credits: i64,
    /// Minor units.
    price: i64,
    /// Figures of other currencies, where they differ.
    #[serde(default)]
    prices: BTreeMap<Currency, i64>,
}

impl Licence {
    /// Minor units.
    pub fn price(&self, currency: Currency) -> i64 {
        self.prices.get(&currency).copied().unwrap_or(self.price)
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if !(1..=1_000_000).contains(&self.seats) || !(0..=1_000_000_000).contains(&self.credits) {
            Err("needs at least one seat, and credits that are not negative")
        } else if self.days.is_some_and(|days| !(1..=3_660).contains(&days)) {
            Err("lasts from 1 to 3660 days, or for ever")
        } else {
            Ok(())
        }
    }
}

impl Pack {
    /// Minor units.
    pub fn price(&self, currency: Currency) -> i64 {
        self.prices.get(&currency).copied().unwrap_or(self.price)
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        if (1..=1_000_000_000).contains(&self.credits) { Ok(()) } else { Err("has at least one credit") }
    }
}
