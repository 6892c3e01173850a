//! Whole ways through Keel.

mod accounts;
mod bad_input;
mod buying;
mod lanes;
mod operations;
mod sign_in;
