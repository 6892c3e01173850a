//! What people see: pages rendered by Leptos on the server, and the actions their forms post to.
//!
//! A page is `load(call) -> Model`, then `view(Model, Page)`; an action is a domain verb behind a door, one line in a
//! table. Neither decides who may do what: doors of [`keel_domain::access`] do.

pub mod action;
pub mod arrival;
pub mod assets;
pub mod cookies;
pub mod csv;
pub mod endpoints;
pub mod flash;
pub mod form;
mod frame;
pub mod islands;
pub mod layouts;
pub mod page;
pub mod pages;
pub mod problem;
pub mod reading;
pub mod typed;
pub mod ui;
