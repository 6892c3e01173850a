//! What billing pages show: read from the mirror, the ledger and the payments, never from Stripe.

use super::catalogue::Product;
use super::licences::{self, Licence};
use super::records::{EntryRow, PaymentRow};
use crate::access::{Door, Grant, Read};
use crate::db::Conn;
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, Currency, Instant, Interval, Money};

sql! {
    FIND_STATE = "SELECT a.member_count, a.max_members,
            (SELECT COUNT(*) FROM invitations i WHERE i.account_id = a.id AND i.state = 'pending' AND i.expires_at > $2) AS invited,
            COALESCE(b.balance, 0) AS balance,
            s.plan, s.period, s.unit_amount, s.currency, s.seats, s.status, s.stripe_id, s.period_end, s.trial_end, s.cancel_at_period_end, s.cancel_at,
            s.next_seats, s.next_at, n.lookup_key AS next_key, c.customer_id, u.email, p.first_name, p.last_name
        FROM accounts a
        JOIN users u ON u.id = a.billing_owner_id
        JOIN user_profiles p ON p.user_id = u.id
        LEFT JOIN credit_balances b ON b.account_id = a.id
        LEFT JOIN subscriptions s ON s.account_id = a.id AND s.live
        LEFT JOIN stripe_prices n ON n.price_id = s.next_price_id
        LEFT JOIN stripe_customers c ON c.account_id = a.id
        WHERE a.id = $1";
    // The newest twenty.
    LIST_ENTRIES = "SELECT number, kind, amount, balance_after, created_at FROM credit_entries WHERE account_id = $1 ORDER BY number DESC LIMIT 20";
    LIST_PAYMENTS = "SELECT id, product, number, amount, currency, status, charged, refunded, note, created_at FROM payments WHERE account_id = $1
        ORDER BY created_at DESC, id DESC LIMIT 20";
}

/// What every member may know of the account's plan.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What the plan is called; none when there is no plan.
    pub plan: Option<String>,
    /// The status word of [`Contract::status`].
    pub status: Option<String>,
    /// Credits left.
    pub credits: i64,
    /// People in the account.
    pub members: i64,
    /// Seats taken: by people in the account, and by people invited to it.
    pub seats_used: i64,
    /// How many there are; none when there is no limit.
    pub seat_limit: Option<i64>,
    /// Whether the plan is paid through Stripe.
    pub subscribed: bool,
}

impl Summary {
    /// Whether the account is on the free plan.
    pub fn is_free(&self) -> bool {
        self.plan.is_some() && !self.subscribed
    }
}

/// What people with `billing:view` see.
#[derive(Clone, Debug)]
pub struct Overview {
    /// What every member may know.
    pub summary: Summary,
    /// The contract; none when there is no plan.
    pub contract: Option<Contract>,
    /// The newest licences, also those that are over.
    pub licences: Vec<Licence>,
    /// The newest rows of the ledger.
    pub entries: Vec<Entry>,
    /// The newest payments.
    pub payments: Vec<Payment>,
    /// Who answers for the money.
    pub billing_owner: String,
    /// Whether the payment provider knows the account: then there is a portal.
    pub has_customer: bool,
}

/// A contract.
#[derive(Clone, Debug)]
pub struct Contract {
    /// What the plan is called.
    pub plan: String,
    /// Whether the catalogue has it. Else it brings nothing.
    pub is_known: bool,
    /// Charged each interval; nothing for the free plan. None in a currency that Keel does not sell in.
    pub total: Option<Money>,
    /// How often it renews; none for the free plan, and where that is as Keel does not sell.
    pub interval: Option<Interval>,
    /// `free`, or Stripe's word.
    pub status: String,
    /// When the paid period or the trial ends.
    pub period_end: Option<Instant>,
    /// When the trial ends, while it runs.
    pub trial_end: Option<Instant>,
    /// When it ends for good, if it does.
    pub ends: Option<Instant>,
    /// What it becomes when the period ends.
    pub next: Option<Next>,
}

impl Contract {
    /// Whether it is paid through Stripe.
    pub fn is_paid(&self) -> bool {
        self.status != "free"
    }
}

/// What a contract becomes.
#[derive(Clone, Debug)]
pub struct Next {
    /// What the plan is called then.
    pub plan: String,
    /// Seats that are paid then, where they count.
    pub seats: Option<i64>,
    /// Charged each interval then.
    pub total: Money,
    /// How often.
    pub interval: Interval,
    /// When.
    pub at: Instant,
}

/// A row of the ledger.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the account's ledger.
    pub number: i64,
    /// Why credits moved, as a word.
    pub kind: String,
    /// How many, with their sign.
    pub amount: i64,
    /// The balance after it.
    pub balance: i64,
    /// When.
    pub at: Instant,
}

/// A payment.
#[derive(Clone, Debug)]
pub struct Payment {
    /// Its id.
    pub id: String,
    /// The number on the invoice, where there is one.
    pub number: Option<String>,
    /// What for.
    pub product: String,
    /// How much; none in a currency that Keel does not sell in.
    pub amount: Option<Money>,
    /// The currency, as Stripe names it.
    pub currency: String,
    /// How much of it was given back, where something was.
    pub refunded: Option<Money>,
    /// Whether something was given back and not all of it.
    pub is_partly_refunded: bool,
    /// How it stands, as a word.
    pub status: String,
    /// Why it brought nothing, as a word.
    pub note: Option<String>,
    /// When.
    pub at: Instant,
}

#[derive(sqlx::FromRow)]
struct StateRow {
    member_count: i64,
    max_members: Option<i64>,
    invited: i64,
    balance: i64,
    plan: Option<String>,
    period: Option<String>,
    unit_amount: Option<i64>,
    currency: Option<String>,
    seats: Option<i64>,
    status: Option<String>,
    stripe_id: Option<String>,
    period_end: Option<i64>,
    trial_end: Option<i64>,
    cancel_at_period_end: Option<bool>,
    cancel_at: Option<i64>,
    next_seats: Option<i64>,
    next_at: Option<i64>,
    next_key: Option<String>,
    customer_id: Option<String>,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
}

impl StateRow {
    fn summary(&self, product: &Product) -> Summary {
        Summary {
            plan: self.plan.as_deref().map(|id| product.plan_name(id)),
            status: self.shown_status(),
            credits: self.balance,
            members: self.member_count,
            seats_used: self.member_count + self.invited,
            seat_limit: self.max_members,
            subscribed: self.stripe_id.is_some(),
        }
    }

    /// The free plan is always `free`.
    fn shown_status(&self) -> Option<String> {
        if self.stripe_id.is_some() { self.status.clone() } else { self.plan.as_ref().map(|_| "free".to_owned()) }
    }

    fn contract(&self, product: &Product) -> Option<Contract> {
        let id = self.plan.as_ref()?;
        let plan = product.plan(id);
        let quantity = if plan.is_some_and(|plan| plan.per_seat) { self.seats.unwrap_or(1) } else { 1 };
        let currency = self.currency.as_deref().and_then(Currency::parse);
        let minor = self.unit_amount.unwrap_or(0).saturating_mul(quantity);
        let ends = if self.cancel_at_period_end == Some(true) { self.cancel_at.or(self.period_end) } else { self.cancel_at };
        let trialing = self.status.as_deref() == Some("trialing");
        Some(Contract {
            plan: product.plan_name(id),
            is_known: plan.is_some(),
            total: currency.map(|currency| Money { minor, currency }),
            interval: self.period.as_deref().and_then(Interval::parse),
            status: self.shown_status().unwrap_or_default(),
            period_end: self.period_end.map(Instant),
            trial_end: self.trial_end.filter(|_| trialing).map(Instant),
            ends: ends.map(Instant),
            next: currency.and_then(|currency| self.next(product, currency)),
        })
    }

    /// A price that the catalogue has no more is not told of.
    fn next(&self, product: &Product, currency: Currency) -> Option<Next> {
        let key = self.next_key.as_deref()?;
        let ((plan, interval), seats, at) = (product.of_lookup_key(key)?, self.next_seats?, Instant(self.next_at?));
        let unit: i64 = key.rsplit('_').next()?.parse().ok()?;
        let total = Money { minor: unit.saturating_mul(seats), currency };
        Some(Next { plan: plan.name.clone(), seats: plan.per_seat.then_some(seats), total, interval, at })
    }

    fn billing_owner(self) -> String {
        self.first_name.zip(self.last_name).map_or(self.email, |(first, last)| format!("{first} {last}"))
    }
}

/// What every member may know: plan, status, credits, seats.
pub async fn summary<D: Door<Proof = Grant<D>>>(call: &mut Read<D>) -> Result<Summary> {
    let account = call.proof().account().clone();
    let now = call.now();
    let row = state(call.conn(), &account, now).await?;
    Ok(row.summary(&call.keel().settings().product))
}

/// The billing page of the caller's account.
pub async fn overview(call: &mut Read<may::ViewBilling>) -> Result<Overview> {
    let account = call.proof().account().clone();
    let now = call.now();
    let row = state(call.conn(), &account, now).await?;
    let entries: Vec<EntryRow> = call.conn().list(LIST_ENTRIES, args![&account]).await?;
    let payments: Vec<PaymentRow> = call.conn().list(LIST_PAYMENTS, args![&account]).await?;
    let licences = licences::list(call.conn(), &account).await?;
    let product = &call.keel().settings().product;
    Ok(Overview {
        summary: row.summary(product),
        contract: row.contract(product),
        licences: licences.into_iter().map(|row| row.shown(product)).collect(),
        entries: entries.into_iter().map(EntryRow::entry).collect(),
        payments: payments.into_iter().map(PaymentRow::payment).collect(),
        has_customer: row.customer_id.is_some(),
        billing_owner: row.billing_owner(),
    })
}

async fn state(conn: &mut Conn, account: &AccountId, now: Instant) -> Result<StateRow> {
    Ok(conn.get(FIND_STATE, args![account, now]).await?)
}
