//! The log of webhooks, for people: what was sent where, what was answered, and a button to send it again.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::Value;

use crate::dates::moment;
use crate::events;
use crate::faults::WebhookFault;
use crate::json::At;
use crate::shared::Shared;
use crate::store::{Cause, DELIVERY, Record, Store};

use super::html::{inert, joined, page};

const SHOWN: usize = 200;

pub async fn log(State(shared): State<Arc<Shared>>) -> Response {
    let (rows, count) =
        shared.read(|store| (joined(store.all(DELIVERY).rev().take(SHOWN).map(|record| row(store, record))), store.count(DELIVERY)));
    let table = if rows.is_empty() {
        "<p class=\"note\">None yet.</p>".to_owned()
    } else {
        format!(
            r#"<div class="card scroll" tabindex="0" role="region" aria-label="Deliveries"><table class="list"><thead><tr><th scope="col">Event</th><th scope="col">Queued</th><th scope="col">Receiver</th><th scope="col">Status</th><th scope="col">Attempts</th><th scope="col">Last answer</th><th scope="col">Again</th></tr></thead><tbody>{rows}</tbody></table></div>"#
        )
    };
    let main = format!(
        "<h1>Webhooks</h1>\n<p><a href=\"/_sandbox\">Everything</a>. Of {count} deliveries the newest {SHOWN} are shown; <a href=\"/_sandbox/deliveries\">all of them as JSON</a>.</p>\n{table}"
    );
    page(StatusCode::OK, "Webhooks", true, &main, &[])
}

/// Sends a webhook again, as a delivery of its own.
pub async fn resend(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Response {
    let sent = shared.change(Cause::default(), |tx| {
        let delivery = tx.store().record(&id).filter(|record| record.kind == DELIVERY).map(|record| record.value.clone());
        Ok::<_, std::convert::Infallible>(delivery.map(|delivery| {
            events::queue(tx, delivery.text("event"), delivery.text("endpoint"), WebhookFault::Deliver);
        }))
    });
    match sent {
        Ok(Some(())) => Redirect::to("/_sandbox/webhooks").into_response(),
        Ok(None) => page(StatusCode::NOT_FOUND, "Not found", true, "<h1>Not found</h1><p>There is no such delivery.</p>", &[]),
        Err(error) => {
            tracing::error!(%error, delivery = id, "a webhook could not be queued again");
            let main = "<h1>Nothing was sent</h1><p>It could not be recorded. Go back and try again.</p>";
            page(StatusCode::INTERNAL_SERVER_ERROR, "Nothing was sent", true, main, &[])
        }
    }
}

fn row(store: &Store, record: &Record) -> String {
    let delivery = &record.value;
    let last = delivery.entries("attempts").last();
    let answer = last.map_or_else(String::new, |last| match last.at("status").as_u64() {
        Some(status) => format!("{status} after {} ms", last.integer("took_ms")),
        None => inert(last.text("error")),
    });
    let fault = match delivery.at("fault") {
        Value::String(fault) if fault == "deliver" => String::new(),
        Value::String(fault) => format!(" ({})", fault.replace('_', " ")),
        _ => " (delay)".to_owned(),
    };
    let kind = inert(delivery.text("type"));
    format!(
        r#"<tr><td><a href="/_sandbox/objects/{event}">{kind}</a></td><td>{queued}</td><td>{to}</td><td>{status}{fault}</td><td>{tries}</td><td>{answer}</td><td><form method="post" action="/_sandbox/webhooks/{id}/resend"><button class="quiet" aria-label="Resend {kind}">Resend</button></form></td></tr>"#,
        event = inert(delivery.text("event")),
        queued = moment(delivery.integer("created_ms") / 1_000),
        to = inert(store.value(delivery.text("endpoint")).text("url")),
        status = inert(delivery.text("status")),
        tries = delivery.integer("tries"),
        id = inert(&record.id),
    )
}
