//! What Stripe's customer is told of an account: who the bills are for and where they go. Told at once where Stripe answers, else by
//! the worker: each change is counted, and what is told is always the newest. Tested in `tests/flows/companies.rs`.

use super::checkouts::told;
use crate::access::{Door, Grant, Outside, Write};
use crate::db::{Conn, Tx};
use crate::jobs::pause;
use crate::payments::{CustomerDetails, CustomerId};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, request, sql};
use keel_types::time::MINUTE;
use keel_types::{AccountId, Instant, UserId};
use std::time::Duration;
use tokio::time::timeout;

/// How long a request waits for Stripe, and how long, in milliseconds, the worker leaves it to the request.
const WAIT: Duration = Duration::from_secs(8);
const PATIENCE: i64 = MINUTE;

sql! {
    COUNT_CHANGE = "UPDATE stripe_customers SET wanted = wanted + 1, tries = 0, tell_at = $2 WHERE account_id = $1";
    COUNT_CHANGE_OF_OWNER = "UPDATE stripe_customers SET wanted = wanted + 1, tries = 0, tell_at = $2
        WHERE account_id IN (SELECT id FROM accounts WHERE billing_owner_id = $1)";
    // Under the company's name and address, where they are told.
    FIND_DETAILS = "SELECT c.customer_id, c.wanted, c.tries, COALESCE(o.name, a.name) AS name, COALESCE(o.email, u.email) AS email, o.address, o.tax_id
        FROM stripe_customers c JOIN accounts a ON a.id = c.account_id JOIN users u ON u.id = a.billing_owner_id
        LEFT JOIN companies o ON o.account_id = a.id
        WHERE c.account_id = $1 AND c.customer_id IS NOT NULL AND c.told < c.wanted";
    LIST_UNTOLD = "SELECT account_id FROM stripe_customers WHERE tell_at <= $1 ORDER BY tell_at LIMIT 50";
    SETTLE = "UPDATE stripe_customers SET told = $2, tell_at = NULL WHERE account_id = $1 AND wanted = $2";
    FORGET = "UPDATE stripe_customers SET tell_at = NULL WHERE account_id = $1 AND (told >= wanted OR customer_id IS NULL)";
    POSTPONE = "UPDATE stripe_customers SET tries = tries + 1, tell_at = $2 WHERE account_id = $1";
}

#[derive(sqlx::FromRow)]
struct DetailsRow {
    customer_id: String,
    wanted: i64,
    tries: i64,
    name: String,
    email: String,
    address: Option<String>,
    tax_id: Option<String>,
}

/// Something changed that Stripe's customer is told; [`tell`] does, or the worker a little later.
pub(crate) async fn count_change(tx: &mut Tx, account: &AccountId, now: Instant) -> Result<()> {
    tx.run(COUNT_CHANGE, args![account, now.plus(PATIENCE)]).await?;
    Ok(())
}

/// The address of a billing owner changed, which Stripe's customers are told for whom no company's is known; the worker tells them
/// at once.
pub(crate) async fn count_change_of_owner(tx: &mut Tx, owner: &UserId, now: Instant) -> Result<()> {
    tx.run(COUNT_CHANGE_OF_OWNER, args![owner, now]).await?;
    Ok(())
}

/// Commits what was changed and tells Stripe. Where it does not answer, or was asked much lately, the worker goes on: what was changed
/// is changed all the same.
pub(crate) async fn tell<R, D: Door<Proof = Grant<R>>>(call: &mut Write<D>) -> Result<()> {
    let account = call.proof().account().clone();
    if find(call.tx()?, &account).await?.is_none() || call.keel().asking().count(&account, call.now()).is_err() {
        return Ok(());
    }
    let told = |keel: Keel, out: Outside| async move {
        let told = timeout(WAIT, tell_newest(&keel, &out, &account)).await;
        told.unwrap_or_else(|_| {
            tracing::warn!(%account, "Stripe's customer was not told in time; the worker goes on");
            Ok(())
        })
    };
    call.outside(|keel, out| request::apart(told(keel, out))).await
}

/// Tells Stripe what the worker is to tell. True when there was something.
pub(crate) async fn tell_due(keel: &Keel) -> Result<bool> {
    let due: Vec<Row> = keel.db().read().list(LIST_UNTOLD, args![keel.now()]).await?;
    let any = !due.is_empty();
    for Row { account_id } in due {
        tell_newest(keel, &Outside(()), &account_id).await?;
    }
    Ok(any)
}

/// What was counted meanwhile is told again: which of two tellings came last at Stripe, nobody knows.
async fn tell_newest(keel: &Keel, out: &Outside, account: &AccountId) -> Result<()> {
    let Some(row) = find(&mut keel.db().read(), account).await? else {
        // Nothing is left to be told, or there is no customer yet, who is told everything at first.
        let mut tx = keel.db().begin().await?;
        tx.run(FORGET, args![account]).await?;
        return Ok(tx.commit().await?);
    };
    let details = CustomerDetails { email: row.email, name: row.name, address: row.address, tax_id: row.tax_id };
    let done = keel.payments().describe_customer(out, &CustomerId(row.customer_id), &details).await.map_err(told);
    let mut tx = keel.db().begin().await?;
    let settled = done.is_ok() && tx.ran(SETTLE, args![account, row.wanted]).await?;
    if !settled {
        let wait = if done.is_ok() { 0 } else { pause(row.tries + 1) };
        tx.run(POSTPONE, args![account, keel.now().plus(wait)]).await?;
    }
    tx.commit().await?;
    match done {
        Err(Refusal::Internal { .. } | Refusal::Unavailable) | Ok(()) => Ok(()),
        Err(refusal) => Err(refusal),
    }
}

async fn find(conn: &mut Conn, account: &AccountId) -> Result<Option<DetailsRow>> {
    Ok(conn.find(FIND_DETAILS, args![account]).await?)
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(try_from = "String")]
    account_id: AccountId,
}
