//! The portal's first page: plan, card, details and invoices.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use crate::billing::debits;
use crate::billing::lines::interval;
use crate::billing::subscriptions::{is_live, period_end};
use crate::dates::day;
use crate::json::At;
use crate::money::written;
use crate::shared::Shared;
use crate::store::Store;

use super::super::html::{inert, joined};
use super::{Portal, link_back};

const SHOWN: usize = 50;

/// Leads on to what the session was opened for.
pub async fn show(state: State<Arc<Shared>>, path: Path<String>) -> Response {
    let portal = match Portal::open(&state.0, &path.0) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let flow = portal.session.at("flow");
    let step = match flow.text("type") {
        "payment_method_update" => "/card".to_owned(),
        "customer_update" => "/details".to_owned(),
        "subscription_cancel" => format!("/cancel/{}", flow.text("subscription_cancel.subscription")),
        _ => return overview(state, path).await,
    };
    Redirect::to(&portal.path(&step)).into_response()
}

pub async fn overview(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let (plans, card, details, invoices) = shared.read(|store| {
        (plans(store, &portal), card(store, portal.customer()), details(store, portal.customer()), invoices(store, portal.customer()))
    });
    let main = format!(
        r#"<h1>Billing</h1>
{back}
<h2>Current subscription</h2>
{plans}
<h2>Payment method</h2>
<section class="card" aria-label="Payment method"><p>{card}</p><p><a href="{card_path}">Update payment method</a></p></section>
<h2>Billing information</h2>
<section class="card" aria-label="Billing information">{details}<p><a href="{details_path}">Update information</a></p></section>
<h2>Invoice history</h2>
{invoices}"#,
        back = link_back(portal.session.text("return_url")),
        card_path = portal.path("/card"),
        details_path = portal.path("/details"),
    );
    portal.page(StatusCode::OK, "Billing", &main)
}

/// What a flow that ends on a page of its own ends on.
pub async fn done(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let portal = match Portal::open(&shared, &id) {
        Ok(portal) => portal,
        Err(other) => return other,
    };
    let message = portal.session.at("flow.after_completion.hosted_confirmation.custom_message").as_str();
    let back = link_back(portal.session.text("return_url"));
    let main = format!("<h1>Done</h1><p>{}</p>{back}", inert(message.unwrap_or("Your changes are saved.")));
    portal.page(StatusCode::OK, "Done", &main)
}

fn plans(store: &Store, portal: &Portal) -> String {
    let of_customer = |subscription: &&Value| subscription.text("customer") == portal.customer() && is_live(subscription);
    let all = store.all("subscription").map(|record| &record.value).filter(of_customer);
    let all = joined(all.map(|subscription| plan(store, portal, subscription)));
    if all.is_empty() { "<p class=\"note\">There is no running subscription.</p>".to_owned() } else { all }
}

fn plan(store: &Store, portal: &Portal, subscription: &Value) -> String {
    let rows = joined(subscription.entries("items.data").iter().map(|item| {
        let price = item.at("price");
        let amount = written(price.integer("unit_amount") * item.integer("quantity"), price.text("currency"));
        let product = inert(store.value(price.text("product")).text("name"));
        format!("<p><strong>{} × {product}</strong>, {amount} per {}</p>", item.integer("quantity"), interval(price))
    }));
    let id = inert(subscription.text("id"));
    let owed = matches!(subscription.text("status"), "past_due" | "unpaid");
    let owed =
        if owed { "<p class=\"alert\">The last payment failed. Update the payment method and pay the open invoice below.</p>" } else { "" };
    let (state, action) = if let Some(at) = subscription.at("cancel_at").as_i64() {
        let form = format!(
            r#"<form method="post" action="{}"><button class="quiet">Don't cancel subscription</button></form>"#,
            portal.path(&format!("/resume/{id}"))
        );
        (format!("Cancels on {}", day(at)), form)
    } else {
        let link = format!(r#"<p><a href="{}">Cancel subscription</a></p>"#, portal.path(&format!("/cancel/{id}")));
        let verb = if subscription.text("status") == "trialing" { "Trial until" } else { "Renews on" };
        (format!("{verb} {}", day(period_end(subscription))), link)
    };
    let action =
        if subscription.at("schedule").is_null() { action } else { "<p>A change is planned; the seller can cancel it.</p>".to_owned() };
    format!(r#"<section class="card" aria-label="Subscription">{rows}{owed}<p>{state}</p>{action}</section>"#)
}

fn card(store: &Store, customer: &str) -> String {
    let own = |subscription: &Value| subscription.at("default_payment_method").as_str().map(str::to_owned);
    let of_customer = |subscription: &&Value| subscription.text("customer") == customer && is_live(subscription);
    let used = store.all("subscription").map(|record| &record.value).filter(of_customer).find_map(own);
    let default = || store.value(customer).at("invoice_settings.default_payment_method").as_str().map(str::to_owned);
    let Some(method) = used.or_else(default) else { return "No card is saved.".to_owned() };
    if store.value(&method).text("type") == debits::TYPE {
        return format!("bank account ending in {}", inert(store.value(&method).text("us_bank_account.last4")));
    }
    let card = store.value(&method).at("card");
    format!(
        "{} ending in {}, expires {:02} / {}",
        inert(card.text("brand")),
        inert(card.text("last4")),
        card.integer("exp_month"),
        card.integer("exp_year")
    )
}

fn details(store: &Store, id: &str) -> String {
    let customer = store.value(id);
    let parts =
        ["name", "email", "address.line1", "address.line2", "address.postal_code", "address.city", "address.state", "address.country"];
    let mut lines: Vec<String> = parts.iter().map(|part| inert(customer.text(part))).filter(|line| !line.is_empty()).collect();
    let tax_ids = store.all("tax_id").map(|record| &record.value).filter(|tax_id| tax_id.text("customer") == id);
    lines.extend(tax_ids.map(|tax_id| format!("Tax ID {}", inert(tax_id.text("value")))));
    if lines.is_empty() { "<p>Nothing is known yet.</p>".to_owned() } else { format!("<p>{}</p>", lines.join("<br>")) }
}

fn invoices(store: &Store, customer: &str) -> String {
    let of_customer = |invoice: &&Value| invoice.text("customer") == customer && !invoice.at("number").is_null();
    let rows = joined(store.all("invoice").rev().map(|record| &record.value).filter(of_customer).take(SHOWN).map(row));
    if rows.is_empty() {
        return "<p class=\"note\">None yet.</p>".to_owned();
    }
    format!(
        r#"<div class="card scroll" tabindex="0" role="region" aria-label="Invoice history"><table class="list"><thead><tr><th scope="col">Date</th><th scope="col">Amount</th><th scope="col">Status</th><th scope="col">Invoice</th></tr></thead><tbody>{rows}</tbody></table></div>"#
    )
}

fn row(invoice: &Value) -> String {
    let (number, page) = (inert(invoice.text("number")), format!("/invoice/{}", inert(invoice.text("id"))));
    let verb = if invoice.text("status") == "open" { "Pay" } else { "View" };
    format!(
        r#"<tr><td>{}</td><td>{}</td><td>{}</td><td><a href="{page}" aria-label="{verb} invoice {number}">{verb}</a> <a href="{page}/pdf" aria-label="Download invoice {number}">Download</a></td></tr>"#,
        day(invoice.integer("created")),
        written(invoice.integer("total"), invoice.text("currency")),
        inert(invoice.text("status")),
    )
}
