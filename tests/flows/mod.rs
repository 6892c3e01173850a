//! Whole ways through Keel.

mod accounts;
mod bad_input;
mod buying;
mod credits;
mod jobs;
mod lanes;
mod limits;
mod modes;
mod operations;
mod passwords;
mod sign_in;
mod statements;
mod switching;
mod tabs;
