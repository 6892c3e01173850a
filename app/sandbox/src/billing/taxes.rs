//! Automatic tax: one rate for each country, which is enough to see tax on invoices. Real rates depend on more.

use serde_json::Value;

use crate::json::At;
use crate::store::Tx;

/// Percent of tax on what is sold, by country.
const RATES: [(&str, i64); 14] = [
    ("AT", 20),
    ("BE", 21),
    ("CH", 8),
    ("DE", 19),
    ("DK", 25),
    ("ES", 21),
    ("FI", 25),
    ("FR", 20),
    ("GB", 20),
    ("IE", 23),
    ("IT", 22),
    ("NL", 21),
    ("NO", 25),
    ("SE", 25),
];

/// The tax on everything one customer buys.
pub struct Tax {
    /// Its name among tax rates.
    pub rate: String,
    pub basis_points: i64,
    /// True when prices contain it.
    pub inclusive: bool,
    pub reason: &'static str,
}

/// The tax for a customer; nothing while the sandbox does not know where the customer is. Prices contain it unless they say
/// otherwise: `exclusive` is for those that do.
pub fn of_customer(tx: &Tx, customer: &str, exclusive: bool) -> Option<Tax> {
    let country = tx.value(customer).at("address.country").as_str()?.to_uppercase();
    let percent = RATES.iter().find(|(known, _)| *known == country).map(|(_, percent)| *percent);
    let business = super::tax_ids::of_customer(tx, customer).next().is_some();
    let (percent, reason) = match (tx.value(customer).text("tax_exempt"), percent) {
        ("exempt", _) => (0, "customer_exempt"),
        ("reverse", Some(_)) => (0, "reverse_charge"),
        (_, Some(_)) if business => (0, "reverse_charge"),
        (_, Some(percent)) => (percent, "standard_rated"),
        (_, None) => (0, "not_collecting"),
    };
    Some(Tax { rate: format!("txr_1Sandbox{country}{percent}"), basis_points: percent * 100, inclusive: !exclusive, reason })
}

/// True when the prices of these lines do not contain tax.
pub fn is_added(tx: &Tx, lines: &[Value]) -> bool {
    let price = lines.first().map_or("", |line| line.text("pricing.price_details.price"));
    tx.value(price).text("tax_behavior") == "exclusive"
}
