//! Another plan, another interval, other seats: what it would cost, and the change itself. What costs more is changed now, and the
//! difference is paid first; what costs less is changed when the period that is paid ends.

use super::paid::Paid;
use super::wishes::{self, Target, Wish, items};
use crate::Keel;
use crate::access::{Outside, Read, Write};
use crate::audit::Action;
use crate::billing::asking;
use crate::billing::catalogue::{Article, Choice, NotSold, Plan, Product, Quote};
use crate::billing::checkouts::{told, wanted_price};
use crate::clock::add_months;
use crate::mail::letters::plans::{News, write};
use crate::payments::PreviewState;
use crate::refusal::{Refusal, Result};
use keel_text::Terms;
use keel_types::permission::may;
use keel_types::time::HOUR;
use keel_types::{AccountId, AccountKind, BusinessModel, Code, Currency, Fault, Instant, Interval, Money, ProductKind};

/// How long the amounts that somebody was shown are charged, in milliseconds.
const SHOWN: i64 = HOUR;

/// What somebody wants instead of the plan there is.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The plan's id.
    pub plan: String,
    /// How often it is paid.
    pub interval: Interval,
    /// Seats, where they are paid; the seats that people have when unset.
    pub seats: Option<i64>,
    /// When the amounts were shown that were agreed to.
    pub shown: Option<Instant>,
}

/// When a change takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At once, and the difference is paid.
    Now,
    /// At once, and nothing is paid before the trial ends.
    InTrial,
    /// When the period ends.
    Later,
    /// It is so already.
    Never,
}

/// A change that can be made.
#[derive(Clone, Debug)]
pub struct Change {
    /// What the plan is called.
    pub plan: String,
    /// How often it is paid.
    pub interval: Interval,
    /// Seats that are paid; 1 where they do not count.
    pub seats: i64,
    /// Charged each interval, without tax.
    pub total: Money,
    /// When it takes place.
    pub when: When,
    /// When that is charged next.
    pub next_charge: Instant,
}

impl Change {
    /// What is agreed to.
    pub fn terms(&self) -> Terms {
        Terms { plan: self.plan.clone(), interval: Some(self.interval), seats: self.seats }
    }
}

/// A change with all that it takes to make it.
pub struct Planned {
    /// As people see it.
    pub change: Change,
    target: Target,
    paid: Paid,
}

/// What is charged at once.
#[derive(Clone, Debug)]
pub struct Preview {
    /// In all.
    pub due: Money,
    /// For what comes.
    pub charged: Money,
    /// Given back for what was paid and is not used.
    pub given_back: Money,
    /// Tax on it.
    pub tax: Money,
    /// The moment it was worked out for.
    pub at: Instant,
}

/// What a change of the caller's plan would be.
///
/// # Errors
/// `Refused(NotSubscribed)`; `Refused(PlanEnds)`, `Refused(PaymentDue)`, `Refused(DeletionScheduled)` as things stand;
/// `Refused(PriceUnknown)`, `Refused(WorkspaceRequired)`; `Invalid` at `seats`; `SeatsTaken` where people have more seats.
pub async fn plan(call: &mut Read<may::ManageBilling>, wanted: &Wanted) -> Result<Planned> {
    let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
    let kind = call.proof().standing().kind;
    let paid = Paid::find(call.conn(), &keel.settings().product, &account, now).await?;
    planned(&keel, kind, paid, wanted, now)
}

/// What a change costs the account at once, asked of Stripe; none where nothing is paid now. No connection is held.
///
/// # Errors
/// `TooMany`; `Unavailable`.
pub async fn preview(keel: &Keel, account: &AccountId, planned: &Planned) -> Result<Option<Preview>> {
    if planned.change.when != When::Now {
        return Ok(None);
    }
    keel.asking().count(account, keel.now())?;
    let (keel, target, paid) = (keel.clone(), planned.target.clone(), planned.paid.clone());
    asking::in_time(Box::pin(async move {
        let (out, at) = (Outside(()), keel.now());
        let items = items(&keel, &out, &paid, &target).await?;
        let state = keel.payments().preview_change(&out, &items, at.0.max(paid.period_start)).await.map_err(told)?;
        shown(&state, at).map(Some)
    }))
    .await
}

/// What the end of the trial costs, asked of Stripe.
///
/// # Errors
/// `Refused(NotSubscribed)` without a trial; `Refused(PlanEnds)`; `TooMany`; `Unavailable`.
pub async fn preview_end_of_trial(mut call: Read<may::ManageBilling>) -> Result<Preview> {
    let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
    let paid = Paid::find(call.conn(), &keel.settings().product, &account, now).await?;
    drop(call);
    paid.require_going_on()?;
    if !paid.is_trialing() {
        return Err(Refusal::Refused(Code::NotSubscribed));
    }
    keel.asking().count(&account, now)?;
    asking::in_time(async move {
        let state = keel.payments().preview_end_of_trial(&Outside(()), &paid.subscription).await.map_err(told)?;
        shown(&state, now)
    })
    .await
}

fn shown(state: &PreviewState, at: Instant) -> Result<Preview> {
    let currency = Currency::parse(&state.currency).ok_or_else(|| Refusal::internal(&"a preview in a currency that is not sold in"))?;
    let money = |minor| Money { minor, currency };
    Ok(Preview { due: money(state.due), charged: money(state.charged), given_back: money(state.given_back), tax: money(state.tax), at })
}

/// Changes the caller's plan, now or at the end of its period. Gives what was done.
///
/// # Errors
/// Those of [`plan`]; `Refused(ChangeUnderway)`; `Refused(PaymentDeclined)`, and the plan stays as it is; `Unavailable`.
pub async fn change(call: &mut Write<may::ManageBilling>, wanted: &Wanted) -> Result<Change> {
    let paid = Paid::lock(call).await?;
    let (keel, now, kind) = (call.keel().clone(), call.now(), call.proof().standing().kind);
    let Planned { change, target, paid } = planned(&keel, kind, paid, wanted, now)?;
    let since =
        wanted.shown.filter(|shown| *shown <= now && now.since(*shown) < SHOWN).map(|shown| Instant(shown.0.max(paid.period_start)));
    let next = (target.price.lookup_key.clone(), target.quantity);
    let wish = match change.when {
        When::Never if paid.schedule_id.is_none() => return Ok(change),
        When::Never => Wish::Keep,
        When::Later if paid.next().is_some_and(|(key, seats, _)| (key, seats) == (next.0.as_str(), next.1)) => return Ok(change),
        When::Later => Wish::Later(target),
        When::Now | When::InTrial => Wish::Now(target, since),
    };
    let begins = if change.when == When::Later { keel_text::iso(Instant(paid.period_end)) } else { keel_text::iso(now) };
    let (seats, interval) = (change.seats.to_string(), change.interval.as_str());
    let more = [("to", change.plan.as_str()), ("interval", interval), ("seats", &seats), ("begins", &begins)];
    if wishes::fulfil(call, &paid, wish, Action::SubscriptionChanged, &more).await? {
        write(call, News::Changed { change: &change, before: &paid.terms(), period_end: Instant(paid.period_end) }).await?;
    }
    Ok(change)
}

fn planned(keel: &Keel, kind: AccountKind, paid: Paid, wanted: &Wanted, now: Instant) -> Result<Planned> {
    paid.require_going_on()?;
    let product = &keel.settings().product;
    let plan = product.offered().filter_map(Article::plan).find(|plan| plan.id == wanted.plan && plan.renews());
    let plan = plan.ok_or(Refusal::Refused(Code::PriceUnknown))?;
    if plan.team && kind == AccountKind::Personal && keel.settings().model() == BusinessModel::Hybrid {
        return Err(Refusal::Refused(Code::WorkspaceRequired));
    }
    let seats = if plan.per_seat { wanted.seats.unwrap_or(paid.used) } else { 1 };
    let interval = wanted.interval;
    let choice = Choice { kind: ProductKind::Plan, id: plan.id.clone(), interval: Some(interval), currency: paid.unit.currency, seats };
    let quote = product.quote(&choice).map_err(|why| match why {
        NotSold::Unknown => Refusal::Refused(Code::PriceUnknown),
        NotSold::Seats => Refusal::field("seats", Fault::OutOfRange),
    })?;
    if plan.seat_limit(seats) < paid.used {
        return Err(Refusal::SeatsTaken { used: paid.used });
    }
    let when = when(product, &paid, plan, &quote);
    let renewed = if Some(interval) == paid.interval { Instant(paid.period_end) } else { add_months(now, interval.months()) };
    let change = Change {
        plan: plan.name.clone(),
        interval,
        seats,
        total: quote.total(),
        when,
        next_charge: if when == When::Now { renewed } else { Instant(paid.period_end) },
    };
    let price = wanted_price(&quote).ok_or(Refusal::Refused(Code::PriceUnknown))?;
    Ok(Planned { change, target: Target { price, quantity: seats }, paid })
}

/// What costs no less for a year is changed now; from years to months later, as a year was paid for.
fn when(product: &Product, paid: &Paid, plan: &Plan, quote: &Quote<'_>) -> When {
    let seats = if product.plan(&paid.plan).is_some_and(|plan| plan.per_seat) { paid.seats } else { 1 };
    if plan.id == paid.plan && quote.interval == paid.interval && quote.quantity == seats {
        return When::Never;
    }
    if paid.is_trialing() {
        return When::InTrial;
    }
    if paid.interval == Some(Interval::Year) && quote.interval == Some(Interval::Month) {
        return When::Later;
    }
    let same_interval = paid.interval == quote.interval;
    let listed = || product.plan(&paid.plan).zip(quote.interval).and_then(|(plan, interval)| plan.price(interval, paid.unit.currency));
    let unit = if same_interval { Some(paid.unit.minor) } else { listed() };
    let before = unit.unwrap_or(0).saturating_mul(seats);
    if quote.total().minor >= before { When::Now } else { When::Later }
}
