//! What an invoice comes to: its lines, what is taken off them, and the tax on the rest.

use serde_json::{Value, json};

use crate::json::At;
use crate::store::Tx;

use super::discounts::{covers, off};
use super::prorations::share;
use super::taxes::Tax;

/// Writes on every line what discounts take off it, in this order: each by its id and that of its coupon.
pub fn discount(tx: &Tx, lines: &mut [Value], discounts: &[(String, String)]) {
    for (id, coupon) in discounts {
        let coupon = tx.value(coupon);
        let open: Vec<usize> = (0..lines.len()).filter(|place| covers(coupon, &lines[*place])).collect();
        let left: Vec<i64> = open.iter().map(|place| net(&lines[*place])).collect();
        for (place, amount) in open.into_iter().zip(off(coupon, &left)) {
            let line = &mut lines[place];
            let mut amounts = line.entries("discount_amounts").to_vec();
            amounts.push(json!({ "amount": amount, "discount": id }));
            line.set("discount_amounts", amounts);
            let mut all = line.entries("pretax_credit_amounts").to_vec();
            all.push(json!({ "amount": amount, "discount": id, "type": "discount" }));
            line.set("pretax_credit_amounts", all);
        }
    }
}

/// Writes the tax on every line.
pub fn levy(lines: &mut [Value], tax: &Tax) {
    for line in lines {
        let net = net(line);
        let amount = if tax.inclusive { net - share(net, 10_000, 10_000 + tax.basis_points) } else { share(net, tax.basis_points, 10_000) };
        let taxable = if tax.inclusive { net - amount } else { net };
        line.set("taxes", json!([{
            "amount": amount, "tax_behavior": if tax.inclusive { "inclusive" } else { "exclusive" },
            "tax_rate_details": { "tax_rate": tax.rate }, "taxability_reason": tax.reason, "taxable_amount": taxable, "type": "tax_rate_details",
        }]));
    }
}

/// What is left of a line after its discounts.
fn net(line: &Value) -> i64 {
    line.integer("amount") - line.entries("discount_amounts").iter().map(|off| off.integer("amount")).sum::<i64>()
}

/// The sums over lines, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    pub subtotal: i64,
    pub discount: i64,
    pub tax: i64,
    pub total: i64,
    /// The part of the tax that the prices did not contain.
    added: i64,
}

/// Adds up lines with their discounts and taxes.
pub fn sums(lines: &[Value]) -> Sums {
    let subtotal: i64 = lines.iter().map(|line| line.integer("amount")).sum();
    let rest: i64 = lines.iter().map(net).sum();
    let taxes = || lines.iter().flat_map(|line| line.entries("taxes"));
    let tax = taxes().map(|tax| tax.integer("amount")).sum();
    let added: i64 = taxes().filter(|tax| tax.text("tax_behavior") == "exclusive").map(|tax| tax.integer("amount")).sum();
    Sums { subtotal, discount: subtotal - rest, tax, total: rest + added, added }
}

/// Writes down the sums of an invoice over its lines. `balance` is what the customer owes from before, or has left when negative.
pub fn tally(invoice: &mut Value, balance: i64) {
    let lines = invoice.entries("lines.data").to_vec();
    let Sums { subtotal, tax, total, added, .. } = sums(&lines);
    let due = (total + balance).max(0);
    invoice.set("subtotal", subtotal);
    invoice.set("subtotal_excluding_tax", subtotal - (tax - added));
    invoice.set("total", total);
    invoice.set("total_excluding_tax", total - tax);
    invoice.set("total_discount_amounts", gathered(&lines, "discount_amounts", "discount"));
    invoice.set("total_pretax_credit_amounts", gathered(&lines, "pretax_credit_amounts", "discount"));
    invoice.set("total_taxes", gathered(&lines, "taxes", "tax_rate_details"));
    invoice.set("amount_due", due);
    invoice.set("amount_remaining", due);
    invoice.set("starting_balance", balance);
}

/// The entries that all lines have under `list`, those with the same `key` added up.
fn gathered(lines: &[Value], list: &str, key: &str) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for entry in lines.iter().flat_map(|line| line.entries(list)) {
        match all.iter_mut().find(|known| known.at(key) == entry.at(key)) {
            Some(known) => {
                for field in ["amount", "taxable_amount"].into_iter().filter(|field| entry.at(field).is_i64()) {
                    known.set(field, known.integer(field) + entry.integer(field));
                }
            }
            None => all.push(entry.clone()),
        }
    }
    all
}
