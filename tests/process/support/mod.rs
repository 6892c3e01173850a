//! A Keel seen from outside: a [`Deployment`] is what stays when a process ends, an [`Instance`] is one `keel serve`,
//! [`Person`]s use it and remember what they were promised.

mod books;
mod chance;
mod deployment;
mod instance;
mod people;
mod postgres;
pub mod wire;

pub use crate::support::scaled;
pub use chance::Chance;
pub use deployment::Deployment;
pub use instance::Instance;
pub use people::{Crowd, Person};
pub use postgres::Cluster;
pub use wire::Answered;

use std::time::Duration;

/// The binary under test: the one just built, or another one named by `KEEL_BINARY`.
pub fn binary() -> String {
    std::env::var("KEEL_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_keel").to_owned())
}

/// The middle and the largest of some durations, for people.
pub fn spread(durations: &[Duration]) -> String {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let (middle, largest) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
    format!("median {} ms, longest {} ms", middle.as_millis(), largest.as_millis())
}
