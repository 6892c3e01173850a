//! The sandbox driven from outside, over real HTTP, as Keel and a browser drive it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arrears;
mod calls;
mod cards;
mod changes;
mod checkout;
mod client;
mod debits;
mod discounts;
mod faults;
mod life;
mod papers;
mod portal;
mod refunds;
mod restart;
mod schedules;
mod support;
mod time;
mod wallets;
mod webhooks;
