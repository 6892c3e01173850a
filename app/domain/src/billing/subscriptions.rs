//! Subscriptions: the local mirror of an account's contract, and the free plan that needs none.

use super::catalogue::{FREE, Plan};
use super::inbox::{self, ObjectKind};
use super::intents;
use super::months::{self, Contract};
use crate::access::sessions::set_active_account;
use crate::access::{Owner, Write};
use crate::accounts::{Site, ensure_workspace_for_user};
use crate::audit::{self, Action, Actor};
use crate::credits::{self, Grant, Kind};
use crate::db::{Tx, locks};
use crate::payments::{SubscriptionState, SubscriptionStatus};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, deletions, ids, sql};
use keel_types::{AccountId, AccountKind, BusinessModel, Code, Currency, Instant, SubscriptionId};

sql! {
    FIND_LIVE = "SELECT id, stripe_id FROM subscriptions WHERE account_id = $1 AND live";
    LIST_WAITING = "SELECT stripe_id FROM subscriptions WHERE account_id = $1 AND NOT live AND stripe_id IS NOT NULL
        AND status IN ('active', 'trialing', 'past_due') ORDER BY created_at, id";
    FIND_MIRROR = "SELECT id, live, status FROM subscriptions WHERE stripe_id = $1";
    END_FREE = "UPDATE subscriptions SET live = FALSE, status = 'canceled', ended_at = $2 WHERE account_id = $1 AND live AND stripe_id IS NULL";
    INSERT_MIRROR = "INSERT INTO subscriptions (id, account_id, stripe_id, stripe_item_id, stripe_price_id, plan, period, unit_amount, currency, seats,
            status, live, period_start, period_end, trial_start, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at,
            latest_invoice, created_at, synced_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
        ON CONFLICT (stripe_id) DO UPDATE SET stripe_item_id = excluded.stripe_item_id, stripe_price_id = excluded.stripe_price_id,
            plan = excluded.plan, period = excluded.period, unit_amount = excluded.unit_amount, currency = excluded.currency, seats = excluded.seats,
            status = excluded.status, live = excluded.live, period_start = excluded.period_start, period_end = excluded.period_end,
            trial_start = excluded.trial_start, trial_end = excluded.trial_end, cancel_at_period_end = excluded.cancel_at_period_end,
            cancel_at = excluded.cancel_at, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
            latest_invoice = excluded.latest_invoice, synced_at = excluded.synced_at";
    INSERT_FREE = "INSERT INTO subscriptions (id, account_id, plan, unit_amount, currency, seats, status, live, period_start, created_at, synced_at)
        VALUES ($1, $2, $3, 0, $4, $5, 'active', TRUE, $6, $6, $6)";
    SET_SEAT_LIMIT = "UPDATE accounts SET max_members = $2 WHERE id = $1 AND NOT max_members_pinned AND kind = 'workspace'";
    KEEP_TRIAL = "UPDATE accounts SET trial_started_at = $2 WHERE id = $1 AND trial_started_at IS NULL";
}

#[derive(sqlx::FromRow)]
struct LiveRow {
    id: String,
    stripe_id: Option<String>,
}

#[derive(sqlx::FromRow)]
struct MirrorRow {
    #[sqlx(try_from = "String")]
    id: SubscriptionId,
    live: bool,
    status: String,
}

/// Whether the account has a contract with Stripe that counts. The free plan is none.
pub(super) async fn is_subscribed(tx: &mut Tx, account: &AccountId) -> Result<bool> {
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![account]).await?;
    Ok(live.is_some_and(|live| live.stripe_id.is_some()))
}

/// Whether a subscription in this state gives its plan.
fn counts(status: &SubscriptionStatus) -> bool {
    matches!(status, SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue)
}

/// Writes down a subscription as Stripe has it. The first one that counts ends the free plan; a second one beside a live
/// one does not count. The caller holds the account's lock.
pub(super) async fn mirror(tx: &mut Tx, keel: &Keel, account: &AccountId, state: &SubscriptionState) -> Result<()> {
    let now = keel.now();
    let product = &keel.settings().product;
    let plan = state.lookup_key.as_deref().and_then(|key| product.of_lookup_key(key)).map(|(plan, _)| plan);
    let before: Option<MirrorRow> = tx.find(FIND_MIRROR, args![state.id.as_str()]).await?;
    let live = counts(&state.status) && !another_is_live(tx, account, before.as_ref().map(|b| &b.id)).await?;
    if live {
        tx.run(END_FREE, args![account, now]).await?;
    }
    let was_live = before.as_ref().is_some_and(|b| b.live);
    let id = before.as_ref().map_or_else(ids::new::<SubscriptionId>, |b| b.id.clone());
    // A price unknown to the catalogue is kept under its own name: visible, and good for nothing.
    let plan_id = plan.map_or(state.price_id.as_str(), |plan| plan.id.as_str());
    let status = state.status.as_str();
    tx.run(
        INSERT_MIRROR,
        args![
            &id,
            account,
            state.id.as_str(),
            state.item_id.as_str(),
            state.price_id.as_str(),
            plan_id,
            state.interval.interval().map(|i| i.as_str().to_owned()),
            state.unit_amount.unwrap_or(0),
            state.currency.as_str(),
            state.quantity,
            status,
            live,
            state.current_period_start,
            state.current_period_end,
            state.trial_start,
            state.trial_end,
            state.cancel_at_period_end,
            state.cancel_at,
            state.canceled_at,
            state.ended_at,
            state.latest_invoice.clone(),
            state.created,
            now
        ],
    )
    .await?;
    deletions::check(tx, account, state, now).await?;
    if live {
        tx.run(SET_SEAT_LIMIT, args![account, plan.map_or(product.free_seats(), |plan| plan.seat_limit(state.quantity))]).await?;
        start_trial(tx, account, state, plan, now).await?;
    } else if was_live {
        tx.run(SET_SEAT_LIMIT, args![account, product.free_seats()]).await?;
        look_at_those_waiting(tx, account, &state.customer, now).await?;
    }
    let action = match (was_live, live) {
        (false, true) => Action::SubscriptionStarted,
        (true, false) => Action::SubscriptionCanceled,
        _ if before.is_some_and(|before| before.status != status) => Action::SubscriptionChanged,
        _ => return Ok(()),
    };
    let metadata = [("plan", plan_id), ("status", status)];
    audit::write(tx, &Actor::System("stripe"), action, Some(account), id.as_str(), &metadata, now).await
}

/// One that was paid beside the live one counts as soon as that has ended; nothing else may happen to it for a year.
async fn look_at_those_waiting(tx: &mut Tx, account: &AccountId, customer: &str, now: Instant) -> Result<()> {
    let waiting: Vec<(String,)> = tx.list(LIST_WAITING, args![account]).await?;
    for (subscription,) in waiting {
        inbox::ask(tx, ObjectKind::Subscription, &subscription, customer, now).await?;
    }
    Ok(())
}

async fn another_is_live(tx: &mut Tx, account: &AccountId, this: Option<&SubscriptionId>) -> Result<bool> {
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![account]).await?;
    let another = live.is_some_and(|live| live.stripe_id.is_some() && this.is_none_or(|this| this.as_str() != live.id));
    if another {
        tracing::warn!(%account, "a second subscription is live at Stripe; it does not count");
    }
    Ok(another)
}

/// Remembers that the account had its trial, and grants its credits, once per account.
async fn start_trial(tx: &mut Tx, account: &AccountId, state: &SubscriptionState, plan: Option<&Plan>, now: Instant) -> Result<()> {
    let (Some(start), Some(end), Some(plan)) = (state.trial_start, state.trial_end, plan) else { return Ok(()) };
    tx.run(KEEP_TRIAL, args![account, start]).await?;
    let grant = Grant {
        kind: Kind::Trial,
        amount: plan.trial_credits(state.quantity),
        fact: format!("trial:{account}"),
        expires: Some(Instant(end)),
    };
    // A trial that is over when it is first heard of grants nothing: its credits would be expired.
    if end > now.0 { credits::grant(tx, account, &grant, now).await } else { Ok(()) }
}

/// Starts the free plan: no Stripe, and this month's credits at once. Gives the account that is on it.
///
/// # Errors
/// `Refused(WorkspaceRequired)` for a personal account in b2b; `Refused(AlreadySubscribed)`.
pub async fn subscribe_free(call: &mut Write<Owner>) -> Result<AccountId> {
    let (keel, now) = (call.keel().clone(), call.now());
    let account = billed_account(call).await?;
    let user = call.proof().actor().user.clone();
    let plan = keel.settings().product.plan(FREE).ok_or(Refusal::NotFound)?;
    let tx = call.tx()?;
    locks::lock_account(tx, &account).await?;
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![&account]).await?;
    if live.is_some() {
        return Err(Refusal::Refused(Code::AlreadySubscribed));
    }
    let id = start_free(tx, &account, plan, now).await?;
    intents::end(tx, &user).await?;
    audit::record(call, Action::SubscriptionStarted, Some(&account), id.as_str(), &[("plan", FREE)]).await?;
    Ok(account)
}

/// Puts an account without a plan on the free one. The caller holds the account's lock.
pub(crate) async fn start_free(tx: &mut Tx, account: &AccountId, plan: &Plan, now: Instant) -> Result<SubscriptionId> {
    let id = ids::new::<SubscriptionId>();
    tx.run(INSERT_FREE, args![&id, account, FREE, Currency::Usd.as_str(), plan.seats, now]).await?;
    tx.run(SET_SEAT_LIMIT, args![account, plan.seats]).await?;
    let contract = Contract { account, plan, seats: 1, item: None, begins: now, months: None };
    months::begin(tx, Some(&id), &contract, now).await?;
    Ok(id)
}

/// The account to put on the free plan. In b2b that is a workspace; somebody who has none and named none gets one,
/// which is the active account from then on.
async fn billed_account(call: &mut Write<Owner>) -> Result<AccountId> {
    let (keel, now) = (call.keel().clone(), call.now());
    let (caller, account, kind) = (call.proof().actor().clone(), call.proof().account().clone(), call.proof().standing().kind);
    if kind == AccountKind::Workspace || keel.settings().model() != BusinessModel::B2b {
        return Ok(account);
    }
    let refused = Refusal::Refused(Code::WorkspaceRequired);
    if caller.has_workspace || call.asked().account.is_some() {
        return Err(refused);
    }
    let tx = call.tx()?;
    let made = ensure_workspace_for_user(tx, keel.settings(), &caller.user, &caller.email, Site::FreePlan, now).await?.ok_or(refused)?;
    set_active_account(tx, &caller.session, &made).await?;
    Ok(made)
}
