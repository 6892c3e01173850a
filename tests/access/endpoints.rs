//! The table of endpoints, as committed and as it runs.

use crate::support::compare;
use keel_web::action::declared;
use std::fmt::Write as _;

#[test]
fn every_endpoint_has_the_door_that_was_agreed() {
    let mut table = String::new();
    for endpoint in keel::http::endpoints() {
        let kind = format!("{:?}", endpoint.kind).to_lowercase();
        let step_up = if endpoint.step_up { ", step-up" } else { "" };
        writeln!(table, "{:4} {:34} {kind:8} {}{step_up}", endpoint.method, endpoint.path, endpoint.door).unwrap();
    }
    compare("tests/access/endpoints.txt", &table);
}

#[test]
fn every_server_function_is_a_declared_action() {
    let mut served: Vec<&str> = leptos::server_fn::axum::server_fn_paths().map(|(path, _)| path).collect();
    let mut known: Vec<&str> = declared().map(|action| action.url).collect();
    served.sort_unstable();
    known.sort_unstable();
    assert_eq!(served, known);
}

#[test]
fn the_documents_of_permissions_and_errors_are_true() {
    compare("docs/permissions.md", &keel_types::permission::document());
    compare("docs/errors.md", &keel_types::code::document());
}
