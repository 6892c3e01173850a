//! Months of credits. The first month of a plan is granted where it is paid or begun; the others here, by the clock: of a paid
//! year eleven more, of the free plan one each month it lasts. A month that nobody granted in time is not made up for: its
//! credits would have ended with it. Tested in `tests/flows/credits.rs`.

use super::catalogue::Plan;
use crate::clock::add_months;
use crate::credits::{self, Grant, Kind};
use crate::db::{Tx, locks};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::{AccountId, Instant, SubscriptionId};

sql! {
    // What was paid later counts, in whatever order it is heard of.
    BEGIN = "INSERT INTO credit_months (subscription_id, account_id, begins_at, months, due_at, payment) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (subscription_id) DO UPDATE SET begins_at = excluded.begins_at, months = excluded.months, due_at = excluded.due_at,
            payment = excluded.payment
        WHERE credit_months.begins_at < excluded.begins_at";
    LIST_DUE = "SELECT m.subscription_id, m.account_id FROM credit_months m JOIN subscriptions s ON s.id = m.subscription_id
        WHERE m.due_at <= $1 AND s.live ORDER BY m.due_at LIMIT 100";
    FIND_DUE = "SELECT m.begins_at, m.months, m.payment, s.plan, s.seats, s.stripe_item_id
        FROM credit_months m JOIN subscriptions s ON s.id = m.subscription_id
        WHERE m.subscription_id = $1 AND m.due_at <= $2 AND s.live";
    MOVE_ON = "UPDATE credit_months SET due_at = $2 WHERE subscription_id = $1";
}

/// What a contract grants each month.
pub(super) struct Contract<'a> {
    pub account: &'a AccountId,
    pub plan: &'a Plan,
    pub seats: i64,
    /// Stripe's id of what is paid for; none on the free plan.
    pub item: Option<&'a str>,
    /// When the first month begins.
    pub begins: Instant,
    /// When it ends, where that is what was paid for: of a month from the last day of February that is the last of March.
    pub ends: Option<Instant>,
    /// How many months there are; without end on the free plan.
    pub months: Option<i64>,
    /// The payment it comes from, by its id at Stripe.
    pub payment: Option<&'a str>,
}

impl Contract<'_> {
    /// The grant of a month: the first is number 0. Named by its beginning, so that it counts once whoever grants it.
    fn grant(&self, month: u32) -> Grant {
        let begins = add_months(self.begins, month);
        let ends = self.ends.filter(|_| month == 0).unwrap_or_else(|| add_months(self.begins, month + 1));
        let (kind, fact) = match self.item {
            Some(item) => (Kind::Subscription, format!("month:{item}:{}", begins.0)),
            None => (Kind::FreePlan, format!("free:{}:{}", self.account, keel_text::iso(begins).get(..7).unwrap_or_default())),
        };
        Grant { kind, amount: self.plan.monthly_credits(self.seats), fact, expires: Some(ends), payment: self.payment.map(str::to_owned) }
    }

    /// When the month after this one begins, if there is one.
    fn next(&self, month: u32) -> Option<i64> {
        let next = month + 1;
        self.months.is_none_or(|months| i64::from(next) < months).then(|| add_months(self.begins, next).0)
    }

    /// The month that is now.
    fn current(&self, now: Instant) -> u32 {
        let ends_later = |month: &u32| add_months(self.begins, month + 1) > now;
        (0..1_200).find(ends_later).unwrap_or(1_200)
    }
}

/// Grants the first month, and lets the clock grant the others while the subscription lives. The caller holds the account's lock.
pub(super) async fn begin(tx: &mut Tx, subscription: Option<&SubscriptionId>, contract: &Contract<'_>, now: Instant) -> Result<()> {
    credits::grant(tx, contract.account, &contract.grant(0), now).await?;
    if let Some(subscription) = subscription {
        let payment = contract.payment.map(str::to_owned);
        tx.run(BEGIN, args![subscription, contract.account, contract.begins, contract.months, contract.next(0), payment]).await?;
    }
    Ok(())
}

/// Grants what the clock has brought, to every account. True when there was something.
pub(crate) async fn grant_due(keel: &Keel) -> Result<bool> {
    let due: Vec<DueRow> = keel.db().read().list(LIST_DUE, args![keel.now()]).await?;
    let any = !due.is_empty();
    let mut trouble = Ok(());
    for row in due {
        trouble = trouble.and(grant_month(keel, &row).await);
    }
    trouble.map(|()| any)
}

async fn grant_month(keel: &Keel, due: &DueRow) -> Result<()> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, &due.account_id).await? {
        return Ok(());
    }
    let Some(row) = tx.find::<MonthRow>(FIND_DUE, args![&due.subscription_id, now]).await? else { return Ok(()) };
    let next = if let Some(plan) = keel.settings().product.plan(&row.plan) {
        let contract = row.contract(&due.account_id, plan);
        let month = contract.current(now);
        if contract.months.is_none_or(|months| i64::from(month) < months) {
            credits::grant(&mut tx, &due.account_id, &contract.grant(month), now).await?;
            if let Some(payment) = contract.payment {
                credits::reverse(&mut tx, &due.account_id, payment, now).await?;
            }
        }
        contract.next(month)
    } else {
        tracing::warn!(account = %due.account_id, plan = row.plan, "a plan is not in the catalogue any more; its months end");
        None
    };
    tx.run(MOVE_ON, args![&due.subscription_id, next]).await?;
    Ok(tx.commit().await?)
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(try_from = "String")]
    subscription_id: SubscriptionId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}

#[derive(sqlx::FromRow)]
struct MonthRow {
    begins_at: i64,
    months: Option<i64>,
    payment: Option<String>,
    plan: String,
    seats: i64,
    stripe_item_id: Option<String>,
}

impl MonthRow {
    /// Plan and seats as they are now: changes in between were paid for by themselves.
    fn contract<'a>(&'a self, account: &'a AccountId, plan: &'a Plan) -> Contract<'a> {
        let (item, begins) = (self.stripe_item_id.as_deref(), Instant(self.begins_at));
        Contract { account, plan, seats: self.seats, item, begins, ends: None, months: self.months, payment: self.payment.as_deref() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::catalogue::Product;
    use time::macros::datetime;

    #[test]
    fn months_are_counted_from_the_first() {
        let product = Product::parse(include_str!("../../../../keel.toml")).unwrap();
        let at = |t: time::OffsetDateTime| Instant(t.unix_timestamp() * 1_000);
        let account = crate::ids::new::<AccountId>();
        let begins = at(datetime!(2026-01-31 12:00 UTC));
        let plan = product.plan("pro").unwrap();
        let year = Contract { account: &account, plan, seats: 1, item: Some("si_1"), begins, ends: None, months: Some(12), payment: None };
        assert_eq!(year.current(begins), 0);
        assert_eq!(year.current(at(datetime!(2026-02-28 11:59:59 UTC))), 0);
        assert_eq!(year.current(at(datetime!(2026-02-28 12:00 UTC))), 1);
        assert_eq!(year.next(1), Some(at(datetime!(2026-03-31 12:00 UTC)).0));
        assert_eq!(year.next(11), None);
        assert_eq!(year.grant(2).fact, format!("month:si_1:{}", at(datetime!(2026-03-31 12:00 UTC)).0));
        assert_eq!(year.grant(2).expires, Some(at(datetime!(2026-04-30 12:00 UTC))));
        let free = Contract { item: None, months: None, ..year };
        assert_eq!(free.grant(1).fact, format!("free:{account}:2026-02"));
        assert!(free.next(400).is_some());
        let (begins, ends) = (at(datetime!(2026-02-28 12:00 UTC)), at(datetime!(2026-03-31 12:00 UTC)));
        let month = Contract { item: Some("si_1"), begins, ends: Some(ends), months: Some(1), ..free };
        assert_eq!((month.grant(0).expires, month.next(0)), (Some(ends), None), "paid for until the last of March");
    }
}
