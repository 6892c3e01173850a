//! Whole ways through Keel.

mod accounts;
mod audit;
mod bad_input;
mod buying;
mod credits;
mod headers;
mod invitations;
mod jobs;
mod kept;
mod lanes;
mod limits;
mod logs;
mod members;
mod metrics;
mod modes;
mod operations;
mod outages;
mod overload;
mod passwords;
mod proxies;
mod roles;
mod sign_in;
mod statements;
mod stopping;
mod switching;
mod tabs;
