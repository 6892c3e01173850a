//! The worker of the inbox: events run in one lane per customer.
//!
//! A claim takes a lease with a fence number. What events name is fetched after the claim, and the transaction that writes
//! checks the number: whoever lost the lane writes nothing, so an older answer never lands on a newer one.

use super::inbox::{self, ObjectKind};
use super::settle::{self, Found};
use crate::access::Outside;
use crate::db::Tx;
use crate::jobs::{TRIES, pause};
use crate::payments::PaymentError;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::time::MINUTE;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

/// How long a claimed lane is nobody else's, in milliseconds; longer than a look with all its tries takes.
const LEASE: i64 = 2 * MINUTE;
const BATCH: u32 = 50;
/// How long one who needs a look now waits for it, and how often it asks for the lane.
const PATIENCE: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(50);
/// Lanes an instance processes at once, so that one slow customer does not hold up the others.
const AT_ONCE: usize = 8;

sql! {
    LIST_DUE_LANES = "SELECT customer FROM stripe_lanes WHERE due_at <= $1 AND leased_until < $1 ORDER BY due_at LIMIT 0 + $2";
    CLAIM_LANE = "UPDATE stripe_lanes SET fence = fence + 1, leased_until = $2 WHERE customer = $1 AND due_at <= $3 AND leased_until < $3
        RETURNING fence";
    HOLD_LANE = "UPDATE stripe_lanes SET leased_until = $3 WHERE customer = $1 AND fence = $2";
    RELEASE_LANE = "UPDATE stripe_lanes SET leased_until = 0,
            due_at = (SELECT MIN(due_at) FROM stripe_events WHERE stripe_events.customer = $1 AND state = 'new')
        WHERE customer = $1 AND fence = $2";
    LIST_DUE_EVENTS = "SELECT id, object_kind, object_id, tries FROM stripe_events
        WHERE customer = $1 AND state = 'new' AND due_at <= $2 ORDER BY due_at, id LIMIT 0 + $3";
    SETTLE_EVENT = "UPDATE stripe_events SET state = $2, tries = tries + 1, settled_at = $3, error = NULL WHERE id = $1";
    POSTPONE_EVENT = "UPDATE stripe_events SET state = $2, tries = tries + 1, due_at = $3, error = $4 WHERE id = $1";
}

#[derive(sqlx::FromRow)]
struct EventRow {
    id: String,
    object_kind: String,
    object_id: String,
    tries: i64,
}

/// A lane this instance holds.
struct Lane {
    customer: String,
    fence: i64,
}

/// Processes the lanes that are due, at most a batch. True when there was one.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<(String,)> = keel.db().read().list(LIST_DUE_LANES, args![keel.now(), BATCH]).await?;
    let any = !due.is_empty();
    let mut under_way = JoinSet::new();
    let mut trouble = Ok(());
    for (customer,) in due {
        if under_way.len() == AT_ONCE {
            trouble = trouble.and(ended(under_way.join_next().await));
        }
        under_way.spawn(look_after(keel.clone(), customer));
    }
    while let Some(done) = under_way.join_next().await {
        trouble = trouble.and(ended(Some(done)));
    }
    trouble.map(|()| any)
}

fn ended(done: Option<std::result::Result<Result<()>, JoinError>>) -> Result<()> {
    match done {
        Some(Ok(done)) => done,
        Some(Err(error)) => Err(Refusal::internal(&error)),
        None => Ok(()),
    }
}

async fn look_after(keel: Keel, customer: String) -> Result<()> {
    match claim(&keel, customer).await? {
        Some((lane, events)) => process(&keel, &lane, events).await,
        None => Ok(()),
    }
}

/// Looks at one object now, in the lane of its customer: afterwards what is written is as new as this call. Somebody else who has
/// the lane is waited for. What cannot be looked at in time is looked at by the worker.
pub(super) async fn look_at(keel: &Keel, kind: ObjectKind, id: &str, customer: &str) -> Result<()> {
    let looked = timeout(PATIENCE, async {
        loop {
            if let Some(lane) = take(keel, customer).await? {
                let found = Box::pin(settle::look(keel, &Outside(()), kind, id)).await;
                let looked = found.is_ok();
                return Ok::<_, Refusal>(Box::pin(write(keel, &lane, found, &[], true)).await? && looked);
            }
            sleep(PAUSE).await;
        }
    });
    if !looked.await.unwrap_or(Ok(false))? {
        let mut tx = keel.db().begin().await?;
        inbox::ask(&mut tx, kind, id, customer, keel.now()).await?;
        tx.commit().await?;
        keel.wake_for_events();
    }
    Ok(())
}

/// Takes the lane, whether anything is due in it or not. None while somebody else has it.
async fn take(keel: &Keel, customer: &str) -> Result<Option<Lane>> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    inbox::make_due(&mut tx, customer, now).await?;
    let claimed: Option<(i64,)> = tx.find(CLAIM_LANE, args![customer, now.plus(LEASE), now]).await?;
    tx.commit().await?;
    Ok(claimed.map(|(fence,)| Lane { customer: customer.to_owned(), fence }))
}

/// Takes the lane, with the events that are due in it. None when somebody else has it, or there is nothing to do.
async fn claim(keel: &Keel, customer: String) -> Result<Option<(Lane, Vec<EventRow>)>> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    let claimed: Option<(i64,)> = tx.find(CLAIM_LANE, args![customer.as_str(), now.plus(LEASE), now]).await?;
    let Some((fence,)) = claimed else { return Ok(None) };
    let events: Vec<EventRow> = tx.list(LIST_DUE_EVENTS, args![customer.as_str(), now, BATCH]).await?;
    let lane = Lane { customer, fence };
    if events.is_empty() {
        release(&mut tx, &lane).await?;
    }
    tx.commit().await?;
    Ok((!events.is_empty()).then_some((lane, events)))
}

/// Gives the lane back, due again when its next event is. Its row was locked before, by [`claim`] or [`hold`]: one statement would
/// look for events as of before it waited for the lock, and miss the one whose webhook it waited for.
async fn release(tx: &mut Tx, lane: &Lane) -> Result<()> {
    tx.run(RELEASE_LANE, args![lane.customer.as_str(), lane.fence]).await?;
    Ok(())
}

/// Looks once at each object that due events name, whatever their number and order; the last one's transaction gives the lane back.
async fn process(keel: &Keel, lane: &Lane, events: Vec<EventRow>) -> Result<()> {
    let mut looks: BTreeMap<(Option<ObjectKind>, String), Vec<EventRow>> = BTreeMap::new();
    for event in events {
        looks.entry((ObjectKind::parse(&event.object_kind), event.object_id.clone())).or_default().push(event);
    }
    let mut left = looks.len();
    for ((kind, id), events) in looks {
        left -= 1;
        let found = match kind {
            Some(kind) => Box::pin(settle::look(keel, &Outside(()), kind, &id)).await,
            None => Err(PaymentError::NotFound),
        };
        if !Box::pin(write(keel, lane, found, &events, left == 0)).await? {
            break;
        }
    }
    Ok(())
}

/// Writes what was found and settles its events, in one transaction. False when the lane was lost.
async fn write(keel: &Keel, lane: &Lane, found: std::result::Result<Found, PaymentError>, events: &[EventRow], last: bool) -> Result<bool> {
    let written = match found {
        Ok(found) => try_write(keel, lane, &found, events, last).await,
        Err(error) => Err(error.to_string()),
    };
    match written {
        Ok(held) => Ok(held),
        Err(error) => postpone(keel, lane, events, &error, last).await,
    }
}

async fn try_write(keel: &Keel, lane: &Lane, found: &Found, events: &[EventRow], last: bool) -> std::result::Result<bool, String> {
    let told = |refusal: Refusal| format!("{refusal:?}");
    let mut tx = keel.db().begin().await.map_err(|e| told(e.into()))?;
    if !hold(keel, &mut tx, lane).await.map_err(told)? {
        return Ok(false);
    }
    if let Some(owner) = found.customer().filter(|owner| *owner != lane.customer) {
        // Only in its customer's lane is it sure that no older answer is written later.
        for event in events {
            inbox::move_to(&mut tx, owner, &event.id, keel.now()).await.map_err(told)?;
        }
    } else {
        let ours = settle::settle(&mut tx, keel, found).await.map_err(told)?;
        let state = if ours { "done" } else { "ignored" };
        for event in events {
            tx.run(SETTLE_EVENT, args![event.id.as_str(), state, keel.now()]).await.map_err(|e| told(e.into()))?;
        }
    }
    if last {
        release(&mut tx, lane).await.map_err(told)?;
    }
    tx.commit().await.map_err(|e| told(e.into()))?;
    keel.metrics().events(events.len(), true);
    Ok(true)
}

async fn postpone(keel: &Keel, lane: &Lane, events: &[EventRow], error: &str, last: bool) -> Result<bool> {
    let mut tx = keel.db().begin().await?;
    if !hold(keel, &mut tx, lane).await? {
        return Ok(false);
    }
    for event in events {
        let tries = event.tries + 1;
        tracing::warn!(event = event.id, tries, error, "an event could not be processed");
        let state = if tries >= TRIES { "failed" } else { "new" };
        tx.run(POSTPONE_EVENT, args![event.id.as_str(), state, keel.now().plus(pause(tries)), error]).await?;
    }
    if last {
        release(&mut tx, lane).await?;
    }
    tx.commit().await?;
    keel.metrics().events(events.len(), false);
    Ok(true)
}

/// Whether this instance still holds the lane; if so, for another lease.
async fn hold(keel: &Keel, tx: &mut Tx, lane: &Lane) -> Result<bool> {
    Ok(tx.ran(HOLD_LANE, args![lane.customer.as_str(), lane.fence, keel.now().plus(LEASE)]).await?)
}
