//! What Keel does: every rule of accounts, sign-in, billing and credits. No HTTP, no Leptos.
//!
//! The way in is a door of [`access`]: it proves who asks and what they may, and gives a call that domain verbs demand.

pub mod access;
pub mod accounts;
pub mod agents;
pub mod audit;
pub mod billing;
pub mod clock;
pub mod closings;
pub mod companies;
pub mod credits;
pub mod db;
pub mod deletions;
pub mod demo;
pub mod exports;
mod files;
pub mod ids;
pub mod invitations;
pub mod jobs;
pub mod keel;
pub mod limits;
pub mod mail;
pub mod members;
pub mod metrics;
mod news;
pub mod notices;
mod outgoing;
pub mod passkeys;
pub mod passwords;
pub mod payments;
pub mod people;
pub mod pictures;
pub mod profiles;
pub mod providers;
pub mod refusal;
pub mod request;
pub mod roles;
pub mod secrets;
pub mod settings;
pub mod sign_in;
pub mod staff;
mod sweep;
pub mod two_step;

pub use keel::Keel;
pub use refusal::{FieldFault, Refusal, Result};
