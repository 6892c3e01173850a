//! Repair: events nobody told us about, looks at everything, a failed event again, and the prices Stripe must have.
//!
//! The worker asks for lost events every quarter of an hour, and compares everything every night; one instance does, whichever takes
//! the turn first. Tested in `tests/flows/repair.rs`.

use super::catalogue::Choice;
use super::charges;
use super::checkouts::{find_or_create_price, keep_price, told, wanted_price};
use super::inbox::{self, ObjectKind};
use crate::access::{Outside, SystemGrant};
use crate::payments::{ChargeState, PaymentError, SubscriptionState};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, sql};
use keel_types::time::{DAY, HOUR, MINUTE};
use keel_types::{Currency, DriftId, Instant, Interval};

const EVENTS: &str = "stripe events";
/// How often the worker asks for lost events, and how often it compares everything, in milliseconds.
const TURNS: [(&str, i64); 2] = [("turn: lost events", 15 * MINUTE), ("turn: comparison", DAY)];
/// Events are compared from this long before the mark: Stripe may list one later than it happened.
const OVERLAP: i64 = HOUR;

sql! {
    FIND_MARK = "SELECT reached FROM marks WHERE name = $1";
    REACH = "INSERT INTO marks (name, reached) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET reached = excluded.reached";
    BEGIN_TURNS = "INSERT INTO marks (name, reached) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    TAKE_TURN = "UPDATE marks SET reached = $2 WHERE name = $1 AND reached <= $3";
    FIND_LAST_REPORT = "SELECT COALESCE(MAX(started_at), 0) FROM drift_reports";
    REPORT = "INSERT INTO drift_reports (id, events, subscriptions, charges, refunds, customers, failed, details, started_at, ended_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    LIST_FAILED = "SELECT id FROM stripe_events WHERE state = 'failed' ORDER BY received_at, id LIMIT 1000";
    LIST_CUSTOMERS = "SELECT customer_id FROM stripe_customers WHERE customer_id > $1 ORDER BY customer_id LIMIT 100";
    LIST_MIRRORED = "SELECT s.stripe_id, s.stripe_price_id, s.status, s.seats, s.period_end, s.cancel_at_period_end, s.cancel_at FROM subscriptions s
        JOIN stripe_customers c ON c.account_id = s.account_id WHERE c.customer_id = $1 AND s.stripe_id IS NOT NULL";
    FIND_EVENT = "SELECT customer FROM stripe_events WHERE id = $1";
    REPLAY = "UPDATE stripe_events SET state = 'new', tries = 0, due_at = $2, error = NULL WHERE id = $1";
}

/// What a reconciliation found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Events Stripe had and we had not; they are in the inbox now.
    pub missed_events: Vec<String>,
    /// Subscriptions that are otherwise at Stripe; a look at each is due now.
    pub stale_subscriptions: Vec<String>,
    /// Charges of which more, or less, was given back or disputed, or that paid what nobody told of; a look at each is due now.
    pub stale_charges: Vec<String>,
    /// Charges of which the bank sent a refund back since the last comparison: to be paid in another way, which is for people to do.
    pub returned_refunds: Vec<String>,
    /// Customers that Stripe does not know any more, or does not tell of in words that can be read.
    pub unknown_customers: Vec<String>,
    /// Events that could not be processed at any try: they wait to be processed again on demand.
    pub failed_events: Vec<String>,
}

impl Drift {
    /// The ids of all of it.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.lists().into_iter().flatten().map(String::as_str)
    }

    fn lists(&self) -> [&Vec<String>; 6] {
        let (subscriptions, charges) = (&self.stale_subscriptions, &self.stale_charges);
        [&self.missed_events, subscriptions, charges, &self.returned_refunds, &self.unknown_customers, &self.failed_events]
    }
}

/// Does what its turn has come for; where Stripe does not answer, at the next one. True when there was something.
#[expect(clippy::disallowed_methods, reason = "this is a job")]
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let system = SystemGrant::new(keel, "reconciliation");
    let [lost, comparison] = TURNS;
    let found = if takes_turn(keel, comparison).await? {
        reconcile(&system).await
    } else if takes_turn(keel, lost).await? {
        take_in_lost_events(&system).await.map(|missed_events| Drift { missed_events, ..Drift::default() })
    } else {
        return Ok(false);
    };
    match found {
        Ok(drift) => {
            let [events, subscriptions, charges, refunds, customers, failed] = drift.lists().map(Vec::len);
            tracing::info!(events, subscriptions, charges, refunds, customers, failed, "asked Stripe");
        }
        Err(refusal) => tracing::warn!(?refusal, "Stripe was asked in vain"),
    }
    Ok(true)
}

/// Whether it is time again, and this instance is the one. A Keel that has just begun waits for its first turn.
async fn takes_turn(keel: &Keel, (name, every): (&str, i64)) -> Result<bool> {
    let now = keel.now();
    let mark: Option<(i64,)> = keel.db().read().find(FIND_MARK, args![name]).await?;
    if mark.is_some_and(|(reached,)| reached > now.plus(-every).0) {
        return Ok(false);
    }
    let mut tx = keel.db().begin().await?;
    let taken = if mark.is_some() {
        tx.ran(TAKE_TURN, args![name, now, now.plus(-every)]).await?
    } else {
        tx.run(BEGIN_TURNS, args![name, now]).await?;
        false
    };
    tx.commit().await?;
    Ok(taken)
}

/// Takes in the events that were lost since the last time, compares every subscription and every charge with Stripe, asks for a look
/// at each that differs, and keeps a report. Running it twice changes nothing more. A customer that Stripe refuses to tell of keeps
/// nobody from being told of the others.
///
/// # Errors
/// `Unavailable` while Stripe does not answer.
pub async fn reconcile(system: &SystemGrant) -> Result<Drift> {
    let started = system.keel().now();
    let missed_events = take_in_lost_events(system).await?;
    let mut drift = Drift { missed_events, ..Drift::default() };
    let mut after = String::new();
    loop {
        let page: Vec<(String,)> = system.keel().db().read().list(LIST_CUSTOMERS, args![after.as_str()]).await?;
        let Some((last,)) = page.last().cloned() else { break };
        for (customer,) in page {
            compare(system, customer, &mut drift).await?;
        }
        after = last;
    }
    let mut conn = system.keel().db().read();
    let (reported,): (i64,) = conn.get(FIND_LAST_REPORT, args![]).await?;
    drift.returned_refunds = charges::list_returned(&mut conn, Instant(reported)).await?;
    let failed: Vec<(String,)> = conn.list(LIST_FAILED, args![]).await?;
    drift.failed_events = failed.into_iter().map(|(id,)| id).collect();
    drop(conn);
    report(system.keel(), &drift, started).await?;
    Ok(drift)
}

async fn report(keel: &Keel, drift: &Drift, started: Instant) -> Result<()> {
    let [events, subscriptions, charges, refunds, customers, failed] =
        drift.lists().map(|ids| i64::try_from(ids.len()).unwrap_or(i64::MAX));
    let (id, details) = (ids::new::<DriftId>(), drift.ids().collect::<Vec<_>>().join(" "));
    let mut tx = keel.db().begin().await?;
    tx.run(REPORT, args![&id, events, subscriptions, charges, refunds, customers, failed, details, started, keel.now()]).await?;
    Ok(tx.commit().await?)
}

async fn take_in_lost_events(system: &SystemGrant) -> Result<Vec<String>> {
    let keel = system.keel();
    let started = keel.now();
    let mark: Option<(i64,)> = keel.db().read().find(FIND_MARK, args![EVENTS]).await?;
    let since = mark.map_or(0, |(reached,)| reached - OVERLAP);
    let listed = keel.payments().list_events(&Outside(()), since).await.map_err(told)?;
    let mut missed = vec![];
    for envelope in listed {
        let mut tx = keel.db().begin().await?;
        if inbox::store(&mut tx, keel, &envelope, "", started).await? {
            missed.push(envelope.id);
        }
        tx.commit().await?;
    }
    let mut tx = keel.db().begin().await?;
    tx.run(REACH, args![EVENTS, started]).await?;
    tx.commit().await?;
    keel.wake();
    Ok(missed)
}

/// Compares what a customer has and paid; of one that Stripe does not tell of, or nobody can read of, that it is so.
async fn compare(system: &SystemGrant, customer: String, drift: &mut Drift) -> Result<()> {
    let keel = system.keel();
    let (subscriptions, charges) = match list_theirs(keel, &customer).await {
        Ok(theirs) => theirs,
        Err(error @ (PaymentError::NotFound | PaymentError::Refused { .. } | PaymentError::Unreadable)) => {
            tracing::warn!(%error, customer, "Stripe does not tell of a customer");
            drift.unknown_customers.push(customer);
            return Ok(());
        }
        Err(error) => return Err(told(error)),
    };
    let stale = list_stale_subscriptions(keel, &customer, subscriptions).await?;
    ask_for(keel, ObjectKind::Subscription, &stale, &customer).await?;
    drift.stale_subscriptions.extend(stale);
    let stale = charges::list_stale(&mut keel.db().read(), &customer, &charges).await?;
    ask_for(keel, ObjectKind::Charge, &stale, &customer).await?;
    drift.stale_charges.extend(stale);
    Ok(())
}

/// What Stripe has of a customer.
async fn list_theirs(keel: &Keel, customer: &str) -> std::result::Result<(Vec<SubscriptionState>, Vec<ChargeState>), PaymentError> {
    let (payments, out) = (keel.payments(), Outside(()));
    Ok((payments.list_subscriptions(&out, customer).await?, payments.list_charges_of_customer(&out, customer).await?))
}

#[derive(sqlx::FromRow)]
struct MirroredRow {
    stripe_id: String,
    stripe_price_id: Option<String>,
    status: String,
    seats: i64,
    period_end: Option<i64>,
    cancel_at_period_end: bool,
    cancel_at: Option<i64>,
}

impl MirroredRow {
    fn is(&self, theirs: &SubscriptionState) -> bool {
        let contract = self.stripe_price_id.as_ref() == Some(&theirs.price_id) && self.seats == theirs.quantity;
        let lasts = self.period_end == Some(theirs.current_period_end) && self.status == theirs.status.as_str();
        contract && lasts && (self.cancel_at_period_end, self.cancel_at) == (theirs.cancel_at_period_end, theirs.cancel_at)
    }
}

/// Those of a customer's subscriptions that are otherwise than the mirror has them.
async fn list_stale_subscriptions(keel: &Keel, customer: &str, theirs: Vec<SubscriptionState>) -> Result<Vec<String>> {
    let ours: Vec<MirroredRow> = keel.db().read().list(LIST_MIRRORED, args![customer]).await?;
    let is_stale = |s: &SubscriptionState| !ours.iter().any(|row| row.stripe_id == s.id && row.is(s));
    Ok(theirs.into_iter().filter(is_stale).map(|s| s.id).collect())
}

async fn ask_for(keel: &Keel, kind: ObjectKind, stale: &[String], customer: &str) -> Result<()> {
    if stale.is_empty() {
        return Ok(());
    }
    let mut tx = keel.db().begin().await?;
    for id in stale {
        inbox::ask(&mut tx, kind, id, customer, keel.now()).await?;
    }
    tx.commit().await?;
    keel.wake();
    Ok(())
}

/// Processes an event of the inbox again, whatever became of it.
///
/// # Errors
/// `NotFound` when no such event is stored.
pub async fn replay(system: &SystemGrant, event: &str) -> Result<()> {
    let keel = system.keel();
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    let (customer,): (String,) = tx.find(FIND_EVENT, args![event]).await?.ok_or(Refusal::NotFound)?;
    tx.run(REPLAY, args![event, now]).await?;
    inbox::make_due(&mut tx, &customer, now).await?;
    tx.commit().await?;
    keel.wake();
    Ok(())
}

/// Sees to it that Stripe has a price for everything that is sold. Gives the lookup keys, in the order of the catalogue.
pub async fn set_up_prices(system: &SystemGrant) -> Result<Vec<String>> {
    let keel = system.keel();
    let mut keys = vec![];
    let ways = [None, Some(Interval::Month), Some(Interval::Year)];
    for article in keel.settings().product.offered() {
        for (interval, currency) in ways.iter().flat_map(|interval| Currency::ALL.map(|currency| (*interval, currency))) {
            let choice = Choice { kind: article.kind(), id: article.id().to_owned(), interval, currency, seats: 1 };
            let Some(wanted) = keel.settings().product.quote(&choice).ok().and_then(|quote| wanted_price(&quote)) else { continue };
            let price = find_or_create_price(keel, &Outside(()), &wanted, true).await?;
            let mut tx = keel.db().begin().await?;
            keep_price(&mut tx, &wanted.lookup_key, &price, keel.now()).await?;
            tx.commit().await?;
            keys.push(wanted.lookup_key);
        }
    }
    Ok(keys)
}
