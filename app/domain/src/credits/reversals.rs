//! Payments that do not stay: what they granted is taken back, in proportion to the money. What is taken follows from what Stripe
//! says of the charge in all, so several events about one refund take once, and a refund that failed gives back again.
//!
//! What had expired unused is not taken a second time. What is spent already is a debt.

use super::{Entry, Grant, Kind, add, balance_now, holds, is_known, take};
use crate::db::Tx;
use crate::refusal::Result;
use crate::{args, ids, sql};
use keel_types::{AccountId, DebtId, Instant};

sql! {
    FIND_PAYMENT = "SELECT charged, refunded, lost, contested, turns FROM payments WHERE stripe_id = $1 AND account_id = $2";
    TURN = "UPDATE payments SET turns = turns + 1 WHERE stripe_id = $1 RETURNING turns";
    SUM_ENTRIES = "SELECT kind, CAST(SUM(amount) AS BIGINT) FROM credit_entries WHERE payment = $1 AND account_id = $2 GROUP BY kind";
    SUM_DEBTS = "SELECT kind, CAST(SUM(remaining) AS BIGINT) FROM credit_debts WHERE payment = $1 AND account_id = $2 GROUP BY kind";
    FIND_NEWEST_LOT = "SELECT expires_at FROM credit_lots WHERE payment = $1 AND account_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1";
    INSERT_DEBT = "INSERT INTO credit_debts (id, account_id, kind, payment, fact, amount, remaining, created_at) VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
    LIST_DEBTS = "SELECT id, kind, payment, remaining FROM credit_debts WHERE account_id = $1 AND remaining > 0 ORDER BY created_at, id";
    LIST_DEBTS_OF_PAYMENT = "SELECT id, kind, payment, remaining FROM credit_debts WHERE payment = $1 AND kind = $2 AND remaining > 0 ORDER BY created_at, id";
    DEBT_IS_KNOWN = "SELECT amount FROM credit_debts WHERE fact = $1";
    REPAY = "UPDATE credit_debts SET remaining = remaining - $2 WHERE id = $1 AND remaining >= $2";
}

/// How a payment stands: minor units.
#[derive(sqlx::FromRow)]
struct Reversal {
    charged: i64,
    refunded: i64,
    lost: i64,
    contested: i64,
    turns: i64,
}

impl Reversal {
    /// What of the credits goes with so much of the money.
    fn share(&self, granted: i64, money: i64) -> i64 {
        let (charged, money) = (i128::from(self.charged.max(1)), i128::from(money.clamp(0, self.charged.max(1))));
        i64::try_from(i128::from(granted) * money / charged).unwrap_or(granted)
    }
}

#[derive(sqlx::FromRow)]
struct DebtRow {
    #[sqlx(try_from = "String")]
    id: DebtId,
    kind: String,
    payment: Option<String>,
    remaining: i64,
}

/// Takes back of a payment's credits what goes with the money that was given back or lost, and holds what is disputed. Done again,
/// it changes nothing. The caller holds the account's lock.
pub(crate) async fn reverse(tx: &mut Tx, account: &AccountId, payment: &str, now: Instant) -> Result<()> {
    let Some(reversal) = tx.find::<Reversal>(FIND_PAYMENT, args![payment, account]).await? else { return Ok(()) };
    let Reversal { refunded, lost, contested, turns, .. } = reversal;
    if [refunded, lost, contested, turns] == [0; 4] {
        return Ok(());
    }
    balance_now(tx, account, now).await?;
    let entries: Vec<(String, i64)> = tx.list(SUM_ENTRIES, args![payment, account]).await?;
    let debts: Vec<(String, i64)> = tx.list(SUM_DEBTS, args![payment, account]).await?;
    let sum =
        |rows: &[(String, i64)], kind: Kind| rows.iter().filter(|(word, _)| word == kind.as_str()).map(|(_, amount)| amount).sum::<i64>();
    let taken = |kind| sum(&debts, kind) - sum(&entries, kind);
    let expired = -sum(&entries, Kind::Expiry);
    let all: i64 = entries.iter().map(|(_, amount)| amount).sum();
    let granted = (all - sum(&entries, Kind::Refund) - sum(&entries, Kind::Dispute) + expired).max(0);
    let (gone, at_stake) = (refunded.saturating_add(lost), refunded.saturating_add(lost).saturating_add(contested));
    let share = |money| reversal.share(granted, money);
    let there_was = |money| share(money).min(granted - expired);
    let to_hold = there_was(at_stake) - there_was(gone);
    for (kind, before, money) in [(Kind::Refund, 0, refunded), (Kind::Dispute, refunded, gone)] {
        let more = there_was(money) - there_was(before) - taken(kind);
        // What expires later gives nothing back.
        let more = if more < 0 { (share(money) - share(before) - taken(kind)).min(0) } else { more };
        if more != 0 {
            let (turn,): (i64,) = tx.get(TURN, args![payment]).await?;
            let fact = format!("{}:{payment}:{turn}", kind.as_str());
            if more > 0 {
                take_back(tx, account, kind, Some(payment), more, &fact, now).await?;
            } else {
                give_again(tx, account, kind, payment, -more, fact, now).await?;
            }
        }
    }
    if to_hold > 0 && turns == 0 {
        // From now on it is looked at again, also when the dispute is over.
        tx.run(TURN, args![payment]).await?;
    }
    holds::keep(tx, account, &format!("dispute:{payment}"), to_hold, now).await
}

/// Takes credits back, unless that was done before; what is spent already is owed. The caller holds the account's lock.
pub(crate) async fn withdraw(tx: &mut Tx, account: &AccountId, grant: &Grant, now: Instant) -> Result<()> {
    let owed: Option<(i64,)> = tx.find(DEBT_IS_KNOWN, args![grant.fact.as_str()]).await?;
    if grant.amount <= 0 || owed.is_some() || is_known(tx, &grant.fact).await? {
        return Ok(());
    }
    take_back(tx, account, grant.kind, grant.payment.as_deref(), grant.amount, &grant.fact, now).await
}

async fn take_back(
    tx: &mut Tx,
    account: &AccountId,
    kind: Kind,
    payment: Option<&str>,
    amount: i64,
    fact: &str,
    now: Instant,
) -> Result<()> {
    let balance = balance_now(tx, account, now).await?;
    let there = amount.min(balance);
    if there > 0 {
        take(tx, account, Entry { kind, amount: -there, balance, fact, payment, reason: None }, now).await?;
    }
    if amount > there {
        let row = args![&ids::new::<DebtId>(), account, kind.as_str(), payment.map(str::to_owned), fact, amount - there, now];
        tx.run(INSERT_DEBT, row).await?;
    }
    Ok(())
}

/// A refund failed, or a lost dispute was won after all: what it took is there again, for as long as it would have been.
async fn give_again(tx: &mut Tx, account: &AccountId, kind: Kind, payment: &str, amount: i64, fact: String, now: Instant) -> Result<()> {
    let mut left = amount;
    let debts: Vec<DebtRow> = tx.list(LIST_DEBTS_OF_PAYMENT, args![payment, kind.as_str()]).await?;
    for debt in debts {
        let part = left.min(debt.remaining);
        if part > 0 {
            tx.run(REPAY, args![&debt.id, part]).await?;
            left -= part;
        }
    }
    if left == 0 {
        return Ok(());
    }
    let newest: Option<(Option<i64>,)> = tx.find(FIND_NEWEST_LOT, args![payment, account]).await?;
    let expires = newest.and_then(|(expires,)| expires).map(Instant);
    let grant = Grant { kind, amount: left, fact, expires, payment: Some(payment.to_owned()) };
    add(tx, account, &grant, None, now).await?;
    repay(tx, account, now).await
}

/// Repays what is owed from what is there. The caller holds the account's lock.
pub(super) async fn repay(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    let debts: Vec<DebtRow> = tx.list(LIST_DEBTS, args![account]).await?;
    for debt in debts {
        let balance = balance_now(tx, account, now).await?;
        let part = debt.remaining.min(balance);
        if part == 0 {
            break;
        }
        tx.run(REPAY, args![&debt.id, part]).await?;
        let owed_for = [Kind::Refund, Kind::Dispute, Kind::PlanChange].into_iter().find(|kind| kind.as_str() == debt.kind);
        let kind = owed_for.unwrap_or(Kind::Adjustment);
        let (fact, payment) = (format!("debt:{}:{}", debt.id, debt.remaining), debt.payment.as_deref());
        take(tx, account, Entry { kind, amount: -part, balance, fact: &fact, payment, reason: None }, now).await?;
    }
    Ok(())
}
