//! Billing: what is sold, what an account has, and how Stripe's word about it becomes ours.
//!
//! A payment is believed when Stripe, asked for the object, says so: events and success pages only say where to look.

pub(crate) mod asking;
pub mod catalogue;
pub mod changes;
mod charges;
pub mod checkouts;
pub(crate) mod customers;
pub(crate) mod dunning;
pub mod inbox;
pub mod intents;
mod invoices;
pub mod lanes;
pub mod licences;
pub(crate) mod months;
pub mod outcomes;
pub mod overview;
mod payments;
mod purchases;
pub mod records;
pub mod repair;
mod seats;
mod settle;
pub mod subscriptions;
pub(crate) mod surpluses;
mod told;
mod upcoming;
