//! The plan that is paid, as the mirror has it, and what may be done about it.

use crate::access::{Door, Grant, Read, Write};
use crate::billing::catalogue::{Article, Plan, Product};
use crate::db::Conn;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_text::Terms;
use keel_types::permission::may;
use keel_types::{AccountId, AccountKind, Code, Currency, Instant, Interval, Money};

sql! {
    FIND_PAID = "SELECT s.stripe_id, s.stripe_item_id, s.stripe_price_id, s.plan, s.period, s.unit_amount, s.currency, s.seats, s.status,
            s.period_start, s.period_end, s.cancel_at_period_end, s.cancel_at, s.schedule_id, s.next_price_id, s.next_seats, s.next_at,
            p.lookup_key AS next_key, c.customer_id, a.kind, a.member_count, a.deletion_due_at,
            (SELECT COUNT(*) FROM invitations i WHERE i.account_id = a.id AND i.state = 'pending' AND i.expires_at > $2) AS invited
        FROM subscriptions s
        JOIN accounts a ON a.id = s.account_id
        JOIN stripe_customers c ON c.account_id = a.id
        LEFT JOIN stripe_prices p ON p.price_id = s.next_price_id
        WHERE s.account_id = $1 AND s.live AND s.stripe_id IS NOT NULL AND c.customer_id IS NOT NULL";
}

#[derive(sqlx::FromRow)]
struct PaidRow {
    stripe_id: String,
    stripe_item_id: String,
    stripe_price_id: String,
    plan: String,
    period: Option<String>,
    unit_amount: i64,
    currency: String,
    seats: i64,
    status: String,
    period_start: i64,
    period_end: i64,
    cancel_at_period_end: bool,
    cancel_at: Option<i64>,
    schedule_id: Option<String>,
    next_price_id: Option<String>,
    next_seats: Option<i64>,
    next_at: Option<i64>,
    next_key: Option<String>,
    customer_id: String,
    kind: String,
    member_count: i64,
    deletion_due_at: Option<i64>,
    invited: i64,
}

/// The plan that is paid.
#[derive(Clone, Debug)]
pub(super) struct Paid {
    pub customer: String,
    pub subscription: String,
    pub item: String,
    pub price: String,
    /// The plan's id, and what it is called.
    pub plan: String,
    pub plan_name: String,
    pub interval: Option<Interval>,
    pub unit: Money,
    pub seats: i64,
    pub period_start: i64,
    pub period_end: i64,
    pub schedule_id: Option<String>,
    pub ends_with_period: bool,
    /// Seats that people have, invited ones too; one of a personal account.
    pub used: i64,
    /// What it becomes when its period ends: Stripe's price, and how many.
    pub scheduled: Option<(String, i64)>,
    status: String,
    cancel_at: Option<i64>,
    next: Option<(String, i64, i64)>,
    is_deleted: bool,
}

/// How a plan stands whose change is considered.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The plan's id.
    pub plan: String,
    /// What it is called.
    pub name: String,
    /// How often it is paid.
    pub interval: Option<Interval>,
    /// Seats that are paid; 1 where they do not count.
    pub seats: i64,
    /// Seats that people have, invited ones too.
    pub used: i64,
    /// What it is paid in.
    pub currency: Currency,
    /// Whether it is tried and not paid yet.
    pub trialing: bool,
    /// When it ends, if it does.
    pub ends: Option<Instant>,
    /// Whether the last payment is still to be made.
    pub overdue: bool,
    /// The end of the period.
    pub period_end: Instant,
    /// What to change to, in the catalogue's order.
    pub offers: Vec<Offer>,
}

/// A plan to change to.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// What it is for, in a sentence.
    pub summary: String,
    /// The price of one, by the month and by the year.
    pub prices: [(Interval, Option<i64>); 2],
    /// Whether it is paid by seat.
    pub per_seat: bool,
    /// The most seats.
    pub seats: i64,
}

impl Standing {
    /// What was agreed to.
    pub fn terms(&self) -> Terms {
        Terms { plan: self.name.clone(), interval: self.interval, seats: self.seats }
    }
}

impl Paid {
    /// The plan of the caller's account, and nobody else changes it until the call ends.
    pub async fn lock(call: &mut Write<may::ManageBilling>) -> Result<Self> {
        call.lock_account().await?;
        let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
        Self::find(call.tx()?, &keel.settings().product, &account, now).await
    }

    /// The plan of an account.
    pub async fn find(conn: &mut Conn, product: &Product, account: &AccountId, now: Instant) -> Result<Self> {
        let row: Option<PaidRow> = conn.find(FIND_PAID, args![account, now]).await?;
        Ok(row.ok_or(Refusal::Refused(Code::NotSubscribed))?.paid(product))
    }

    pub fn is_trialing(&self) -> bool {
        self.status == "trialing"
    }

    /// What was agreed to.
    pub fn terms(&self) -> Terms {
        Terms { plan: self.plan_name.clone(), interval: self.interval, seats: self.seats }
    }

    /// When it ends, if it does.
    pub fn ends(&self) -> Option<Instant> {
        if self.ends_with_period { Some(Instant(self.cancel_at.unwrap_or(self.period_end))) } else { self.cancel_at.map(Instant) }
    }

    /// What it becomes when its period ends: a lookup key, seats, and when.
    pub fn next(&self) -> Option<(&str, i64, i64)> {
        self.next.as_ref().map(|(key, seats, at)| (key.as_str(), *seats, *at))
    }

    /// Refuses to go on with what is paid for by an account that is to be deleted.
    pub fn require_kept(&self) -> Result<()> {
        if self.is_deleted { Err(Refusal::Refused(Code::DeletionScheduled)) } else { Ok(()) }
    }

    /// Refuses to change what ends, and what is not paid.
    pub fn require_going_on(&self) -> Result<()> {
        self.require_kept()?;
        if self.ends().is_some() {
            return Err(Refusal::Refused(Code::PlanEnds));
        }
        if matches!(self.status.as_str(), "active" | "trialing") { Ok(()) } else { Err(Refusal::Refused(Code::PaymentDue)) }
    }
}

impl PaidRow {
    fn paid(self, product: &Product) -> Paid {
        let personal = AccountKind::parse(&self.kind) == Some(AccountKind::Personal);
        let currency = Currency::parse(&self.currency).unwrap_or(Currency::Usd);
        Paid {
            plan_name: product.plan_name(&self.plan),
            customer: self.customer_id,
            subscription: self.stripe_id,
            item: self.stripe_item_id,
            price: self.stripe_price_id,
            plan: self.plan,
            interval: self.period.as_deref().and_then(Interval::parse),
            unit: Money { minor: self.unit_amount, currency },
            seats: self.seats,
            period_start: self.period_start,
            period_end: self.period_end,
            schedule_id: self.schedule_id,
            ends_with_period: self.cancel_at_period_end,
            used: if personal { 1 } else { self.member_count + self.invited },
            scheduled: self.next_price_id.zip(self.next_seats),
            status: self.status,
            cancel_at: self.cancel_at,
            next: self.next_key.zip(self.next_seats).zip(self.next_at).map(|((key, seats), at)| (key, seats, at)),
            is_deleted: self.deletion_due_at.is_some(),
        }
    }
}

/// How the plan of the caller's account stands.
///
/// # Errors
/// `Refused(NotSubscribed)` without one that is paid.
pub async fn standing<D: Door<Proof = Grant<D>>>(call: &mut Read<D>) -> Result<Standing> {
    let (keel, account, now) = (call.keel().clone(), call.proof().account().clone(), call.now());
    let product = &keel.settings().product;
    let paid = Paid::find(call.conn(), product, &account, now).await?;
    let personal = call.proof().standing().kind == AccountKind::Personal;
    let for_them = |plan: &&Plan| plan.renews() && !plan.contact && !(personal && plan.team);
    let offers = product.offered().filter_map(Article::plan).filter(for_them).map(|plan| offer(plan, paid.unit.currency)).collect();
    Ok(Standing {
        trialing: paid.is_trialing(),
        ends: paid.ends(),
        overdue: !matches!(paid.status.as_str(), "active" | "trialing"),
        period_end: Instant(paid.period_end),
        plan: paid.plan,
        name: paid.plan_name,
        interval: paid.interval,
        seats: paid.seats,
        used: paid.used,
        currency: paid.unit.currency,
        offers,
    })
}

fn offer(plan: &Plan, currency: Currency) -> Offer {
    Offer {
        id: plan.id.clone(),
        name: plan.name.clone(),
        summary: plan.summary.clone(),
        prices: [Interval::Month, Interval::Year].map(|interval| (interval, plan.price(interval, currency))),
        per_seat: plan.per_seat,
        seats: plan.seats,
    }
}
