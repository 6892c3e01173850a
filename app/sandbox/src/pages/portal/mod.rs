//! The portal, where a customer looks after cards, invoices, details and the end of the subscription.

mod cards;
mod details;
mod ends;
mod home;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::Value;

use crate::json::At;
use crate::shared::Shared;
use crate::store::{Cause, Record, Tx};

use super::html::{guarded, inert, page};

/// An hour, the life of a portal session.
const LIFE: i64 = 3_600;

/// The routes of the portal.
pub fn routes() -> Router<Arc<Shared>> {
    Router::new()
        .route("/portal/{session}", get(home::show))
        .route("/portal/{session}/overview", get(home::overview))
        .route("/portal/{session}/card", get(cards::show).post(cards::submit))
        .route("/portal/{session}/card/{intent}", get(cards::question).post(cards::answer))
        .route("/portal/{session}/details", get(details::show).post(details::submit))
        .route("/portal/{session}/cancel/{subscription}", get(ends::confirm).post(ends::cancel))
        .route("/portal/{session}/resume/{subscription}", post(ends::resume))
        .route("/portal/{session}/done", get(home::done))
}

/// A portal session that has not run out.
struct Portal {
    session: Value,
}

impl Portal {
    /// The session, or the page that says there is none any more.
    fn open(shared: &Shared, id: &str) -> Result<Self, Response> {
        let session = shared.read(|store| store.record(id).filter(|record| record.kind == "billing_portal.session").cloned());
        let now = shared.clock.now_ms().div_euclid(1_000);
        match session {
            Some(Record { value, .. }) if value.integer("created") + LIFE > now => Ok(Self { session: value }),
            Some(Record { value, .. }) => {
                let back = link_back(value.text("return_url"));
                let main = format!("<h1>This page has expired</h1><p>Go back to the seller and open it again.</p>{back}");
                Err(page(StatusCode::GONE, "Page expired", false, &main, &[]))
            }
            None => {
                let main =
                    "<h1>Page not found</h1><p>There is no billing page at this address. Go back to the seller and open it again.</p>";
                Err(page(StatusCode::NOT_FOUND, "Page not found", false, main, &[]))
            }
        }
    }

    fn customer(&self) -> &str {
        self.session.text("customer")
    }

    /// An address inside this portal.
    fn path(&self, rest: &str) -> String {
        format!("/portal/{}{rest}", self.session.text("id"))
    }

    /// A page of the portal; forms may lead to the seller as well.
    fn page(&self, status: StatusCode, title: &str, main: &str) -> Response {
        page(status, title, false, main, &[self.session.text("return_url"), self.session.text("flow.after_completion.redirect.return_url")])
    }

    /// Where a finished step leads: on with what the session was opened for, or back to the overview.
    fn onward(&self, finished: &str) -> Response {
        let flow = self.session.at("flow");
        if flow.text("type") != finished {
            return Redirect::to(&self.path("/overview")).into_response();
        }
        match flow.text("after_completion.type") {
            "redirect" => {
                let address = flow.text("after_completion.redirect.return_url");
                guarded((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(), &[address])
            }
            "hosted_confirmation" => Redirect::to(&self.path("/done")).into_response(),
            _ => Redirect::to(&self.path("/overview")).into_response(),
        }
    }
}

/// The customer's own subscription with this id.
fn own<'v>(portal: &Portal, subscription: &'v Value) -> Option<&'v Value> {
    (subscription.text("object") == "subscription" && subscription.text("customer") == portal.customer()).then_some(subscription)
}

fn link_back(address: &str) -> String {
    if address.is_empty() { String::new() } else { format!(r#"<p><a href="{}">Return</a></p>"#, inert(address)) }
}

/// Runs one change that cannot be refused; says so when it could not be recorded.
fn change<T>(shared: &Shared, change: impl FnOnce(&mut Tx) -> T) -> Result<T, Response> {
    shared.change(Cause::default(), |tx| Ok::<_, std::convert::Infallible>(change(tx))).map_err(|error| {
        tracing::error!(%error, "a change in the portal was not recorded");
        let main = "<h1>Nothing was changed</h1><p>It could not be recorded. Go back and try again.</p>";
        page(StatusCode::INTERNAL_SERVER_ERROR, "Nothing was changed", false, main, &[])
    })
}
