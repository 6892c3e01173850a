//! The course of an account's credits.

use super::Boot;
use keel_domain::billing::overview::Entry;
use keel_islands::{Balance, CreditsChart};
use keel_text::{Catalogue, fill};
use leptos::prelude::*;

/// The balance after each of these transactions, given newest first as the table beside it lists them. Nothing for none.
#[component]
pub fn CreditsCourse<'a>(text: &'static Catalogue, entries: &'a [Entry]) -> impl IntoView + use<> {
    let (newest, oldest) = (entries.first()?, entries.last()?);
    let words = &text.billing;
    let balance = |entry: &Entry| {
        let kind = text.ledger_kind.find(&entry.kind).unwrap_or(&entry.kind);
        Balance {
            credits: entry.balance,
            value: text.number(entry.balance),
            note: fill(words.balance_after, &[("kind", &kind), ("date", &text.date(entry.at))]),
        }
    };
    let balances = entries.iter().rev().map(balance).collect();
    let days = (text.date(oldest.at), (entries.len() > 1).then(|| text.date(newest.at)));
    Some(view! { <CreditsChart label=words.balances.to_owned() balances days/><Boot/> })
}
