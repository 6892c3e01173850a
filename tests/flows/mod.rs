//! Whole ways through Keel.

mod buying;
mod sign_in;
