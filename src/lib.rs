//! The process: reads the settings, wires the parts, serves, works, and stops. No business rule is here.

pub mod commands;
pub mod config;
pub mod http;
pub mod metrics;
pub mod process;
pub mod telemetry;
pub mod worker;
