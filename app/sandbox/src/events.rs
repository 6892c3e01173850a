//! Events: what happened, with the object as it was at that moment, and the deliveries they cause.

use serde_json::{Value, json};

use crate::clock::wall_ms;
use crate::faults::WebhookFault;
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::{DELIVERY, Tx, nothing};

/// The kinds of events there are.
pub const KINDS: &[&str] = &[
    "billing_portal.session.created",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.updated",
    "charge.failed",
    "charge.pending",
    "charge.refund.updated",
    "charge.refunded",
    "charge.succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "coupon.created",
    "coupon.deleted",
    "coupon.updated",
    "customer.created",
    "customer.deleted",
    "customer.discount.created",
    "customer.discount.deleted",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.trial_will_end",
    "customer.subscription.updated",
    "customer.tax_id.created",
    "customer.tax_id.deleted",
    "customer.updated",
    "invoice.created",
    "invoice.finalized",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "invoice.upcoming",
    "invoice.voided",
    "invoice_payment.paid",
    "invoiceitem.created",
    "invoiceitem.deleted",
    "payment_intent.canceled",
    "payment_intent.created",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.detached",
    "payment_method.updated",
    "price.created",
    "price.updated",
    "product.created",
    "product.updated",
    "promotion_code.created",
    "promotion_code.updated",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "setup_intent.canceled",
    "setup_intent.created",
    "setup_intent.requires_action",
    "setup_intent.setup_failed",
    "setup_intent.succeeded",
    "subscription_schedule.canceled",
    "subscription_schedule.completed",
    "subscription_schedule.created",
    "subscription_schedule.released",
    "subscription_schedule.updated",
    "test_helpers.test_clock.advancing",
    "test_helpers.test_clock.created",
    "test_helpers.test_clock.deleted",
    "test_helpers.test_clock.ready",
];
/// Half a second, in which `reverse` collects.
const COLLECT_MS: i64 = 500;

/// Records an event about the object `id` and queues a webhook for every endpoint that wants it.
pub fn emit(tx: &mut Tx, kind: &str, id: &str, previous: Option<Value>) {
    let mut data = json!({ "object": tx.value(id) });
    if let Some(previous) = previous {
        data["previous_attributes"] = previous;
    }
    tell(tx, kind, data);
}

/// Records an event about an object that is not stored.
pub fn emit_value(tx: &mut Tx, kind: &str, object: &Value) {
    tell(tx, kind, json!({ "object": object }));
}

fn tell(tx: &mut Tx, kind: &str, data: Value) {
    debug_assert!(KINDS.contains(&kind), "{kind} is missing in KINDS");
    let endpoints = listeners(tx, kind);
    let mut event = shapes::event(json!({
        "id": ids::fresh("evt_1", 23),
        "created": tx.clock,
        "pending_webhooks": endpoints.len(),
        "request": { "id": tx.cause.request, "idempotency_key": tx.cause.idempotency_key },
        "type": kind,
    }));
    event["data"] = data;
    let event = tx.add(event, nothing());
    let fault = tx.faults().next_webhook();
    for endpoint in endpoints {
        queue(tx, &event, &endpoint, fault);
    }
}

/// Queues a webhook for one event and endpoint; answers the delivery's id.
pub fn queue(tx: &mut Tx, event: &str, endpoint: &str, fault: WebhookFault) -> String {
    let (status, wait) = match fault {
        WebhookFault::Deliver | WebhookFault::Duplicate | WebhookFault::BadSignature | WebhookFault::ChangedBody => ("pending", 0),
        WebhookFault::Delay(ms) => ("pending", i64::from(ms)),
        WebhookFault::Reverse => ("pending", COLLECT_MS),
        WebhookFault::Hold => ("held", 0),
        WebhookFault::Drop => ("lost", 0),
    };
    let id = ids::fresh("dlv_", 16);
    let delivery = json!({
        "id": id,
        "event": event,
        "type": tx.value(event).text("type"),
        "endpoint": endpoint,
        "fault": fault,
        "status": status,
        "created_ms": wall_ms(),
        "next_attempt_ms": wall_ms() + wait,
        "attempts": [],
    });
    tx.put(DELIVERY, &id, delivery, Value::Null);
    id
}

/// Lets everything go that `hold` kept.
pub fn release_held(tx: &mut Tx) {
    let held: Vec<String> =
        tx.store().all(DELIVERY).filter(|record| record.value.text("status") == "held").map(|record| record.id.clone()).collect();
    for id in held {
        tx.edit(&id, |delivery| {
            delivery.set("status", "pending");
            delivery.set("next_attempt_ms", wall_ms());
        });
    }
}

/// The enabled endpoints that want events of this kind.
pub fn listeners(tx: &Tx, kind: &str) -> Vec<String> {
    let wants = |endpoint: &Value| endpoint.entries("enabled_events").iter().any(|wanted| wanted == "*" || wanted == kind);
    let enabled = tx.store().all("webhook_endpoint").filter(|record| record.value.text("status") == "enabled");
    enabled.filter(|record| wants(&record.value)).map(|record| record.id.clone()).collect()
}
