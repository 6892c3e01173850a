//! A look into the sandbox for people: what there is, newest first, each with all its fields.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use crate::dates::moment;
use crate::json::At;
use crate::shared::Shared;
use crate::store::{DELIVERY, Record, Store};

use super::html::{inert, joined, page};

const SHOWN: usize = 50;
const LONGEST: usize = 40;
const ORDERS: &str = include_str!("orders.html");
/// Heading, kind, and the fields shown of each.
const LISTS: [(&str, &str, &[&str]); 8] = [
    ("Checkout sessions", "checkout.session", &["status", "mode", "customer"]),
    ("Subscriptions", "subscription", &["status", "customer", "latest_invoice"]),
    ("Invoices", "invoice", &["status", "billing_reason", "number"]),
    ("Schedules", "subscription_schedule", &["status", "customer", "subscription"]),
    ("Refunds", "refund", &["status", "reason", "charge"]),
    ("Disputes", "dispute", &["status", "reason", "charge"]),
    ("Events", "event", &["type", "data.object.id"]),
    ("Deliveries", DELIVERY, &["status", "type", "event"]),
];

pub async fn index(State(shared): State<Arc<Shared>>) -> Response {
    let lists = shared.read(|store| joined(LISTS.iter().map(|(heading, kind, fields)| list(store, heading, kind, fields))));
    let main = format!(
        r##"<h1>Inside the sandbox</h1>
<p><a href="/_sandbox/webhooks">Webhooks, and sending them again</a></p>
<p>As JSON: <a href="/_sandbox/requests">requests</a>, <a href="/_sandbox/deliveries">deliveries</a>, <a href="/_sandbox/faults">faults</a>, <a href="/_sandbox/clock">clock</a>, <a href="/_sandbox/catalogue">endpoints and events</a>. <a href="#orders">What can be ordered</a></p>
{lists}
{ORDERS}"##
    );
    page(StatusCode::OK, "Inside", true, &main, &[])
}

pub async fn object(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let Some(value) = shared.read(|store| store.record(&id).map(|record| record.value.clone())) else {
        return page(StatusCode::NOT_FOUND, "Not found", true, "<h1>Not found</h1><p>There is no such object.</p>", &[]);
    };
    let fields = serde_json::to_string_pretty(&value).unwrap_or_default();
    let pay = value.at("url").as_str().filter(|_| value.text("object") == "checkout.session");
    let pay = pay.map_or_else(String::new, |url| format!(r#"<p><a href="{}">Payment page</a></p>"#, inert(url)));
    let main = format!(
        r#"<h1>{}</h1><p><a href="/_sandbox">Everything</a></p>{pay}<div class="card scroll" tabindex="0" role="region" aria-label="Fields"><pre>{}</pre></div>"#,
        inert(&id),
        inert(&fields)
    );
    page(StatusCode::OK, &id, true, &main, &[])
}

fn list(store: &Store, heading: &str, kind: &str, fields: &[&str]) -> String {
    let rows = joined(store.all(kind).rev().take(SHOWN).map(|record| row(record, fields)));
    if rows.is_empty() {
        return format!("<h2>{heading}</h2><p class=\"note\">None yet.</p>");
    }
    let names = joined(fields.iter().map(|field| format!("<th scope=\"col\">{}</th>", field.replace(['_', '.'], " "))));
    format!(
        r#"<h2>{heading} ({count})</h2><div class="card scroll" tabindex="0" role="region" aria-label="{heading}"><table class="list"><thead><tr><th scope="col">id</th>{names}<th scope="col">created</th></tr></thead><tbody>{rows}</tbody></table></div>"#,
        count = store.count(kind),
    )
}

fn row(record: &Record, fields: &[&str]) -> String {
    let cells = joined(fields.iter().map(|field| format!("<td>{}</td>", inert(&short(record.value.text(field))))));
    let created = record.value.at("created").as_i64().unwrap_or_else(|| record.value.integer("created_ms") / 1_000);
    let id = inert(&record.id);
    format!(r#"<tr><td><a href="/_sandbox/objects/{id}">{}</a></td>{cells}<td>{}</td></tr>"#, inert(&short(&record.id)), moment(created))
}

/// The beginning of a text that may be very long, as session ids are.
fn short(text: &str) -> String {
    if text.len() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
