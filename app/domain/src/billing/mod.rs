//! Billing: what is sold, what an account has, and how Stripe's word about it becomes ours.
//!
//! A payment is believed when Stripe, asked for the object, says so: events and success pages only say where to look.

pub mod catalogue;
pub mod changes;
pub mod checkouts;
pub(crate) mod customers;
pub mod inbox;
pub mod intents;
pub mod lanes;
pub(crate) mod months;
pub mod overview;
pub mod records;
pub mod repair;
mod settle;
pub mod subscriptions;
mod upcoming;
