//! The real binary as an operator's machine treats it: killed, told to stop, cut off from its database, run twice at once,
//! hung up on, backed up. `make test` tries each a few times, `make soak` (`KEEL_SOAK=1`) often and long, and both say what they saw.

mod backup;
mod bank;
mod crash;
mod hang_ups;
mod instances;
mod migrations;
mod outage;
mod stop;
mod support;

pub use support::{Chance, scaled};
