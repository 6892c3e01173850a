//! Subscription schedules. They begin with a running subscription.

use serde_json::{Value, json};

use crate::billing::changes::Prorate;
use crate::billing::periods::next_boundary;
use crate::billing::schedules;
use crate::billing::subscriptions::{end_prorated, is_live};
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{CREATED, found, in_time, list_params, named, page, same};

const UPDATE: &[&str] = &[
    "end_behavior",
    "metadata[*]",
    "phases[][description]",
    "phases[][discounts][][discount]",
    "phases[][duration][interval]",
    "phases[][duration][interval_count]",
    "phases[][end_date]",
    "phases[][items][][metadata][*]",
    "phases[][items][][price]",
    "phases[][items][][quantity]",
    "phases[][metadata][*]",
    "phases[][proration_behavior]",
    "phases[][start_date]",
    "phases[][trial_end]",
    "proration_behavior",
];
const BEHAVIORS: &[&str] = &["always_invoice", "create_prorations", "none"];

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&["from_subscription", "metadata[*]"])?;
    let id = params.required("from_subscription")?;
    let subscription = named(tx, "subscription", id, "from_subscription")?;
    if !is_live(subscription) {
        return Err(ApiError::wrong("from_subscription", "You cannot migrate a subscription that has ended."));
    }
    if !subscription.at("schedule").is_null() {
        return Err(ApiError::wrong("from_subscription", "You cannot migrate a subscription that is already attached to a schedule."));
    }
    if !subscription.at("cancel_at").is_null() {
        return Err(ApiError::wrong("from_subscription", "The sandbox puts no subscription on a schedule whose end is planned."));
    }
    let metadata = params.metadata("metadata", &Value::Null)?;
    let id = schedules::begin(tx, id, &metadata);
    Ok(tx.value(&id).clone())
}

pub fn update(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(UPDATE)?;
    let schedule = active(tx, id)?;
    let prorate = match params.one_of("proration_behavior", BEHAVIORS)? {
        Some("always_invoice") => Prorate::Now,
        Some("none") => Prorate::Never,
        _ => Prorate::Later,
    };
    let phases = if params.has("phases") { Some(phases(tx, params, &schedule)?) } else { None };
    let behavior = params.one_of("end_behavior", &["cancel", "release"])?;
    let metadata = params.metadata("metadata", schedule.at("metadata"))?;
    tx.update(id, "subscription_schedule.updated", |schedule| {
        schedule.set("metadata", metadata);
        if let Some(behavior) = behavior {
            schedule.set("end_behavior", behavior);
        }
    });
    if let Some(phases) = phases {
        schedules::replace(tx, id, phases, prorate);
    }
    Ok(tx.value(id).clone())
}

pub fn release(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["preserve_cancel_date"])?;
    active(tx, id)?;
    schedules::release(tx, id);
    Ok(tx.value(id).clone())
}

pub fn cancel(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["invoice_now", "prorate"])?;
    let schedule = active(tx, id)?;
    let (prorate, invoice_now) = (params.boolean("prorate")? == Some(true), params.boolean("invoice_now")? == Some(true));
    if prorate || invoice_now {
        end_prorated(tx, schedule.text("subscription"), prorate, invoice_now);
    } else {
        schedules::cancel(tx, id);
    }
    Ok(tx.value(id).clone())
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[&CREATED[..], &["customer"]].concat())?;
    page(tx, params, "subscription_schedule", "/v1/subscription_schedules", |schedule| {
        same(params, "customer", schedule, "customer") && in_time(params, schedule)
    })
}

fn active(tx: &Tx, id: &str) -> Result<Value, ApiError> {
    let schedule = &found(tx, "subscription_schedule", id)?.value;
    match schedule.text("status") {
        "active" => Ok(schedule.clone()),
        status => Err(ApiError::invalid(format!("This subscription schedule is {status}; only active ones can be changed."))),
    }
}

/// The phases as they are sent, one after the other without a gap; the first is the current one.
fn phases(tx: &Tx, params: &Params, schedule: &Value) -> Result<Vec<Value>, ApiError> {
    let subscription = tx.value(schedule.text("subscription"));
    let mut phases: Vec<Value> = Vec::new();
    for place in params.children("phases") {
        let param = |name: &str| format!("{place}[{name}]");
        let expected = phases.last().map_or_else(|| schedule.integer("current_phase.start_date"), |last: &Value| last.integer("end_date"));
        let start = match params.text(&param("start_date")) {
            Some("now") | None => expected,
            Some(_) => params.integer(&param("start_date"), 0..=i64::MAX)?.unwrap_or(expected),
        };
        if start != expected {
            return Err(ApiError::wrong(
                &param("start_date"),
                "A phase begins where the one before ends, and the first where the current one does.",
            ));
        }
        let items = items(tx, params, &param("items"), subscription)?;
        let end = end_of(tx, params, &place, &items, start)?;
        if end <= start || (phases.is_empty() && end <= tx.now) {
            return Err(ApiError::wrong(&param("end_date"), "A phase ends after it begins, and the current one in the future."));
        }
        phases.push(shapes::schedule_phase(json!({
            "currency": subscription.at("currency"),
            "description": params.text(&param("description")),
            "discounts": discounts(params, &param("discounts"), subscription)?,
            "end_date": end,
            "items": items,
            "metadata": params.metadata(&param("metadata"), &Value::Null)?,
            "proration_behavior": params.one_of(&param("proration_behavior"), BEHAVIORS)?.unwrap_or("create_prorations"),
            "start_date": start,
            "trial_end": params.integer(&param("trial_end"), 0..=i64::MAX)?,
        })));
    }
    if phases.is_empty() {
        return Err(missing("phases"));
    }
    Ok(phases)
}

/// The end of a phase: as sent, so many intervals on, or one period on.
fn end_of(tx: &Tx, params: &Params, place: &str, items: &[Value], start: i64) -> Result<i64, ApiError> {
    let (date, interval) = (format!("{place}[end_date]"), format!("{place}[duration][interval]"));
    if params.text(&date) == Some("now") {
        return Ok(tx.now);
    }
    if let Some(end) = params.integer(&date, 0..=i64::MAX)? {
        return Ok(end);
    }
    let count = params.integer(&format!("{place}[duration][interval_count]"), 1..=60)?.unwrap_or(1);
    match params.one_of(&interval, &["day", "month", "week", "year"])? {
        Some(interval) => Ok(next_boundary(start, interval, count, start)),
        None => Ok(schedules::usual_end(tx, items, start)),
    }
}

/// Discounts that the subscription has and keeps in a phase.
fn discounts(params: &Params, list: &str, subscription: &Value) -> Result<Vec<Value>, ApiError> {
    let kept = params.children(list).into_iter().map(|place| {
        let param = format!("{place}[discount]");
        let id = params.required(&param)?;
        if subscription.entries("discounts").iter().any(|known| known == id) {
            Ok(schedules::phase_discount(id))
        } else {
            Err(ApiError::wrong(&param, format!("The subscription has no discount `{id}`.")))
        }
    });
    kept.collect()
}

fn items(tx: &Tx, params: &Params, list: &str, subscription: &Value) -> Result<Vec<Value>, ApiError> {
    let places = params.children(list);
    if places.is_empty() {
        return Err(missing(list));
    }
    let items = places.iter().map(|place| {
        let param = format!("{place}[price]");
        let price = super::change_params::sellable(tx, params.required(&param)?, &param, subscription)?;
        let quantity = params.integer(&format!("{place}[quantity]"), 0..=999_999)?.unwrap_or(1);
        Ok(schedules::phase_item(price, quantity, &params.metadata(&format!("{place}[metadata]"), &Value::Null)?))
    });
    items.collect()
}
