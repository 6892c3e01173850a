//! Plans: what renews, and the free one.

use keel_types::{Currency, Interval};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Trial credits of a per-seat plan count at most this many seats.
const TRIAL_SEATS: i64 = 5;

/// A plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Lower-case letters and digits: part of Stripe's lookup keys, never changed, and no other article's.
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

impl Plan {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.contact {
            Ok(())
        } else if self.seats < 1 || self.credits < 0 || self.credits > 1_000_000_000 || self.seats > 1_000_000 {
            Err("needs at least one seat, and credits that are not negative")
        } else if self.trial_days.is_some_and(|days| !(1..=730).contains(&days)) {
            Err("a trial lasts from 1 to 730 days")
        } else {
            Ok(())
        }
    }

    /// Every amount of it.
    pub(super) fn amounts(&self) -> impl Iterator<Item = i64> {
        self.prices.values().flat_map(|p| [p.monthly, p.yearly]).chain([self.monthly, self.yearly]).flatten()
    }

    /// Whether it is paid each month or year.
    pub fn renews(&self) -> bool {
        self.amounts().next().is_some()
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
        if self.per_seat { quantity.max(0) } else { self.seats }
    }
}
