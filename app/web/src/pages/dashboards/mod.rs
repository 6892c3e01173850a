//! `/org-dashboard` and `/private-dashboard`: where people arrive.

pub mod organization;
pub mod private;
mod view;
