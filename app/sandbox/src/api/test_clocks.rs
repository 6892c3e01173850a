//! Test clocks. The sandbox lives in one time, so every test clock shows and moves the same: its own clock, and only ahead.

use serde_json::{Value, json};

use crate::billing::subscriptions::{end, is_live};
use crate::error::ApiError;
use crate::form::{Params, missing};
use crate::ids;
use crate::json::At;
use crate::shapes;
use crate::store::Tx;

use super::{found, list_params, page};

/// How far in the past a clock may be asked to begin, in seconds; it begins now.
const TOLERANCE: i64 = 300;
/// Thirty days, after which Stripe forgets a clock.
const KEPT: i64 = 30 * 86_400;

pub fn create(tx: &mut Tx, params: &Params) -> Result<Value, ApiError> {
    params.only(&["frozen_time", "name"])?;
    let time = params.integer("frozen_time", 0..=i64::MAX)?.ok_or_else(|| missing("frozen_time"))?;
    if time < tx.now - TOLERANCE {
        return Err(ApiError::wrong("frozen_time", "The sandbox's clock only goes ahead: begin now or later."));
    }
    let id = ids::fresh("clock_1", 23);
    let clock = shapes::test_clock(json!({
        "id": id, "created": tx.now, "deletes_after": tx.now + KEPT, "frozen_time": tx.now, "name": params.text("name"),
    }));
    tx.add(clock, Value::Null);
    tx.emit("test_helpers.test_clock.created", &id);
    if time > tx.now {
        go_ahead(tx, &id, time)?;
    }
    Ok(tx.value(&id).clone())
}

pub fn advance(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&["frozen_time"])?;
    let clock = &found(tx, "test_helpers.test_clock", id)?.value;
    if clock.text("status") != "ready" {
        return Err(ApiError::invalid("The test clock is still advancing."));
    }
    let time = params.integer("frozen_time", 0..=i64::MAX)?.ok_or_else(|| missing("frozen_time"))?;
    if time <= clock.integer("frozen_time") {
        return Err(ApiError::wrong("frozen_time", "The new time must be after the clock's."));
    }
    go_ahead(tx, id, time)?;
    Ok(tx.value(id).clone())
}

pub fn delete(tx: &mut Tx, params: &Params, id: &str) -> Result<Value, ApiError> {
    params.only(&[])?;
    found(tx, "test_helpers.test_clock", id)?;
    let ends = |subscription: &Value| is_live(subscription) && subscription.text("test_clock") == id;
    let ending: Vec<String> = tx.store().all("subscription").filter(|record| ends(&record.value)).map(|record| record.id.clone()).collect();
    for subscription in ending {
        end(tx, &subscription);
    }
    tx.emit("test_helpers.test_clock.deleted", id);
    tx.remove(id);
    Ok(json!({ "id": id, "object": "test_helpers.test_clock", "deleted": true }))
}

pub fn list(tx: &Tx, params: &Params) -> Result<Value, ApiError> {
    list_params(params, &[])?;
    page(tx, params, "test_helpers.test_clock", "/v1/test_helpers/test_clocks", |_| true)
}

/// Sets out for `time`; what is due on the way happens before the clock is ready again.
fn go_ahead(tx: &mut Tx, id: &str, time: i64) -> Result<(), ApiError> {
    if !tx.advance_to(time) {
        return Err(ApiError::invalid("This sandbox's clock is not its own and cannot be moved."));
    }
    tx.edit(id, |clock| {
        clock.set("status", "advancing");
        clock.set("status_details", json!({ "advancing": { "target_frozen_time": time } }));
    });
    tx.emit("test_helpers.test_clock.advancing", id);
    Ok(())
}
