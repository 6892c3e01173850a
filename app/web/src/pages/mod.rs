//! The pages, a module each: `load` reads, `view` shows, `actions` do.

#![expect(clippy::needless_pass_by_value, reason = "a component owns its props")]

pub mod accounts;
pub mod audit;
pub mod billing;
pub mod checkout;
pub mod components;
pub mod dashboards;
pub mod errors;
pub mod home;
pub mod invitations;
pub mod languages;
pub mod legal;
pub mod mailbox;
pub mod members;
pub mod onboarding;
pub mod own_settings;
mod parts;
pub mod pricing;
pub mod roles;
pub mod settings;
pub mod sign_in;
pub mod two_step;
pub mod unsubscribe;
pub mod workspaces;
