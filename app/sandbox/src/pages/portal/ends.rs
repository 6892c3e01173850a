//! Cancelling a subscription at the end of its period, and taking that back.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use crate::billing::subscriptions::{is_live, period_end};
use crate::dates::day;
use crate::json::At;
use crate::shared::Shared;

use super::{Portal, change, own};

pub async fn confirm(State(shared): State<Arc<Shared>>, Path((id, subscription)): Path<(String, String)>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let Some(known) = cancellable(&shared, &portal, &subscription) else {
        return Redirect::to(&portal.path("/overview")).into_response();
    };
    let main = format!(
        r#"<h1>Cancel subscription</h1>
<form class="card" method="post" action="{action}">
<p>It runs until {end} and is not renewed.</p>
<div class="actions"><button>Cancel subscription</button></div>
<p><a href="{back}">Go back</a></p>
</form>"#,
        action = portal.path(&format!("/cancel/{}", known.text("id"))),
        end = day(period_end(&known)),
        back = portal.path("/overview"),
    );
    portal.page(StatusCode::OK, "Cancel subscription", &main)
}

/// Plans the end by `cancel_at`, as Stripe's portal does.
pub async fn cancel(State(shared): State<Arc<Shared>>, Path((id, subscription)): Path<(String, String)>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    if cancellable(&shared, &portal, &subscription).is_none() {
        return Redirect::to(&portal.path("/overview")).into_response();
    }
    let changed = change(&shared, |tx| {
        let now = tx.now;
        tx.update(&subscription, "customer.subscription.updated", |subscription| {
            let end = period_end(subscription);
            subscription.set("cancel_at", end);
            subscription.set("cancel_at_period_end", false);
            subscription.set("canceled_at", now);
            subscription.set("cancellation_details.reason", "cancellation_requested");
        });
    });
    changed.map_or_else(|other| other, |()| portal.onward("subscription_cancel"))
}

pub async fn resume(State(shared): State<Arc<Shared>>, Path((id, subscription)): Path<(String, String)>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let resumable = shared.read(|store| own(&portal, store.value(&subscription)).is_some_and(is_live));
    let changed = change(&shared, |tx| {
        if resumable {
            tx.update(&subscription, "customer.subscription.updated", |subscription| {
                subscription.set("cancel_at", Value::Null);
                subscription.set("cancel_at_period_end", false);
                subscription.set("canceled_at", Value::Null);
                subscription.set("cancellation_details.reason", Value::Null);
            });
        }
    });
    changed.map_or_else(|other| other, |()| Redirect::to(&portal.path("/overview")).into_response())
}

/// The customer's own subscription, if its end is not planned yet.
fn cancellable(shared: &Shared, portal: &Portal, id: &str) -> Option<Value> {
    let free =
        |subscription: &Value| is_live(subscription) && subscription.at("cancel_at").is_null() && subscription.at("schedule").is_null();
    shared.read(|store| own(portal, store.value(id)).filter(|subscription| free(subscription)).cloned())
}
