//! Invoices and receipts as pages, where the links in invoices and charges lead.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::Value;

use crate::json::At;
use crate::money;
use crate::shared::Shared;

use super::html::{day, inert, joined, page};

pub async fn invoice(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let invoice = shared.read(|store| store.value(&id).clone());
    if invoice.text("object") != "invoice" || invoice.at("number").is_null() {
        return not_found();
    }
    let currency = invoice.text("currency");
    let rows = joined(invoice.entries("lines.data").iter().map(|line| row(line, currency)));
    let state = match invoice.at("status_transitions.paid_at").as_i64() {
        Some(at) => format!("Paid on {}", day(at)),
        None => "Not paid yet".to_owned(),
    };
    let main = format!(
        r#"<h1>Invoice {number}</h1>
<p>{state}. Issued on {issued} to {payer}.</p>
<section class="card" aria-label="Lines">
<table class="bill">
<tbody>
{rows}</tbody>
<tfoot><tr><th scope="row">Total</th><td>{total}</td></tr></tfoot>
</table>
</section>"#,
        number = inert(invoice.text("number")),
        issued = day(invoice.integer("created")),
        payer = payer(&invoice),
        total = money::written(invoice.integer("total"), currency),
    );
    page(StatusCode::OK, "Invoice", false, &main, &[])
}

fn row(line: &Value, currency: &str) -> String {
    let (start, end) = (line.integer("period.start"), line.integer("period.end"));
    let span = if start == end { String::new() } else { format!("<small>{} – {}</small>", day(start), day(end)) };
    let amount = money::written(line.integer("amount"), currency);
    format!("<tr><th scope=\"row\">{}{span}</th><td>{amount}</td></tr>\n", inert(line.text("description")))
}

fn payer(invoice: &Value) -> String {
    let name = [invoice.text("customer_name"), invoice.text("customer_email")].into_iter().find(|name| !name.is_empty());
    inert(name.unwrap_or_else(|| invoice.text("customer")))
}

pub async fn receipt(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let charge = shared.read(|store| store.value(&id).clone());
    if charge.text("object") != "charge" || !charge.flag("paid") {
        return not_found();
    }
    let main = format!(
        "<h1>Receipt</h1>\n<p>{amount} paid on {day} with the card ending in {last4}.</p>",
        amount = money::written(charge.integer("amount"), charge.text("currency")),
        day = day(charge.integer("created")),
        last4 = inert(charge.text("payment_method_details.card.last4")),
    );
    page(StatusCode::OK, "Receipt", false, &main, &[])
}

fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, "Page not found", false, "<h1>Page not found</h1><p>There is no such paper.</p>", &[])
}
