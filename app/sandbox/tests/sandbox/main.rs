//! The sandbox driven from outside, over real HTTP, as Keel and a browser drive it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod cards;
mod checkout;
mod client;
mod faults;
mod restart;
mod support;
mod time;
mod webhooks;
