//! Subscriptions: the local mirror of an account's contract, and the free plan that needs none.

use super::catalogue::{FREE, Plan, Product};
use super::inbox::{self, ObjectKind};
use super::months::{self, Contract};
use super::{dunning, intents, invoices, seats, surpluses};
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
    FIND_LIVE = "SELECT id, stripe_id, created_at FROM subscriptions WHERE account_id = $1 AND live";
    LIST_WAITING = "SELECT stripe_id FROM subscriptions WHERE account_id = $1 AND NOT live AND stripe_id IS NOT NULL
        AND status IN ('active', 'trialing', 'past_due') ORDER BY created_at, id";
    FIND_MIRROR = "SELECT id, live, status, stripe_price_id, past_due_since, lost_at FROM subscriptions WHERE stripe_id = $1";
    END_FREE = "UPDATE subscriptions SET live = FALSE, status = 'canceled', ended_at = $2 WHERE account_id = $1 AND live AND stripe_id IS NULL";
    STEP_ASIDE = "UPDATE subscriptions SET live = FALSE WHERE id = $1";
    INSERT_MIRROR = "INSERT INTO subscriptions (id, account_id, stripe_id, stripe_item_id, stripe_price_id, plan, period, unit_amount, currency, seats,
            status, live, period_start, period_end, trial_start, trial_end, cancel_at_period_end, cancel_at, canceled_at, ended_at,
            latest_invoice, created_at, synced_at, past_due_since, kept_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
        ON CONFLICT (stripe_id) DO UPDATE SET stripe_item_id = excluded.stripe_item_id, stripe_price_id = excluded.stripe_price_id,
            plan = excluded.plan, period = excluded.period, unit_amount = excluded.unit_amount, currency = excluded.currency, seats = excluded.seats,
            status = excluded.status, live = excluded.live, period_start = excluded.period_start, period_end = excluded.period_end,
            trial_start = excluded.trial_start, trial_end = excluded.trial_end, cancel_at_period_end = excluded.cancel_at_period_end,
            cancel_at = excluded.cancel_at, canceled_at = excluded.canceled_at, ended_at = excluded.ended_at,
            latest_invoice = excluded.latest_invoice, synced_at = excluded.synced_at,
            past_due_since = excluded.past_due_since, kept_until = excluded.kept_until,
            lost_at = CASE WHEN subscriptions.live AND NOT excluded.live THEN excluded.synced_at ELSE subscriptions.lost_at END";
    INSERT_FREE = "INSERT INTO subscriptions (id, account_id, plan, unit_amount, currency, seats, status, live, period_start, created_at, synced_at)
        VALUES ($1, $2, $3, 0, $4, $5, 'active', TRUE, $6, $6, $6)";
    KEEP_TRIAL = "UPDATE accounts SET trial_started_at = $2, trial_of = $3 WHERE id = $1 AND (trial_started_at IS NULL OR trial_of = $4)";
    FIND_TRIAL = "SELECT trial_started_at, trial_of FROM accounts WHERE id = $1";
    SET_KEPT_UNTIL = "UPDATE accounts SET kept_until = $2 WHERE id = $1";
    KEEP_PRICE = "INSERT INTO stripe_prices (lookup_key, price_id, found_at)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM stripe_prices WHERE lookup_key = $1 OR price_id = $2)
        ON CONFLICT (lookup_key) DO NOTHING";
}

#[derive(sqlx::FromRow)]
struct LiveRow {
    id: String,
    stripe_id: Option<String>,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct MirrorRow {
    #[sqlx(try_from = "String")]
    id: SubscriptionId,
    live: bool,
    status: String,
    stripe_price_id: Option<String>,
    past_due_since: Option<i64>,
    lost_at: Option<i64>,
}

/// Whether the account has a contract with Stripe that counts. The free plan is none.
pub(super) async fn is_subscribed(tx: &mut Tx, account: &AccountId) -> Result<bool> {
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![account]).await?;
    Ok(live.is_some_and(|live| live.stripe_id.is_some()))
}

/// Whether a subscription in this state gives its plan. A word that Stripe adds leaves it as it was.
fn counts(status: &SubscriptionStatus, was_live: bool) -> bool {
    match status {
        SubscriptionStatus::Active | SubscriptionStatus::Trialing | SubscriptionStatus::PastDue => true,
        SubscriptionStatus::Unknown(_) => was_live,
        _ => false,
    }
}

/// Writes down a subscription as Stripe has it. The first one that counts ends the free plan. Of two that count the one made first
/// does; the other is a surplus, as is a second trial. One that is overdue counts until the deadline. The caller holds the account's
/// lock.
pub(super) async fn mirror(
    tx: &mut Tx,
    keel: &Keel,
    account: &AccountId,
    state: &SubscriptionState,
    overdue_since: Option<i64>,
) -> Result<()> {
    let now = keel.now();
    let product = &keel.settings().product;
    let key = invoices::lookup_key(tx, &state.price_id, Some(state)).await?;
    let plan = key.as_deref().and_then(|key| product.of_lookup_key(key)).map(|(plan, _)| plan);
    let before: Option<MirrorRow> = tx.find(FIND_MIRROR, args![state.id.as_str()]).await?;
    let was_live = before.as_ref().is_some_and(|b| b.live);
    let is_overdue = state.status == SubscriptionStatus::PastDue;
    let known_since = before.as_ref().and_then(|b| b.past_due_since);
    let since = is_overdue.then(|| known_since.or(overdue_since).unwrap_or(now.0));
    let kept_until = since.map(|since| dunning::kept_until(keel, since));
    let counts = counts(&state.status, was_live) && kept_until.is_none_or(|until| until > now.0);
    let live = counts && takes_its_place(tx, account, state, before.as_ref(), now).await?;
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
            now,
            since,
            kept_until
        ],
    )
    .await?;
    if let (Some(key), Some(_)) = (&state.lookup_key, plan)
        && before.as_ref().is_none_or(|b| b.stripe_price_id.as_deref() != Some(state.price_id.as_str()))
    {
        tx.run(KEEP_PRICE, args![key.as_str(), state.price_id.as_str(), now]).await?;
    }
    deletions::check(tx, account, state, now).await?;
    let was_overdue = known_since.is_some();
    if live || ((was_live || is_overdue || was_overdue) && !has_another(tx, account, &id).await?) {
        tx.run(SET_KEPT_UNTIL, args![account, kept_until]).await?;
    }
    if live || was_live {
        seats::follow(tx, product, account).await?;
    }
    if live {
        start_trial(tx, account, state, plan, now).await?;
        let name = plan.map_or(plan_id, |plan| plan.name.as_str());
        dunning::tell_of_trial_end(tx, keel, account, name, state).await?;
    } else if was_live {
        if let Some(since) = since {
            dunning::tell_of_lapse(tx, keel, account, &state.id, plan_id, since).await?;
        }
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

/// Whether a subscription that counts is the one that does. Whatever was live instead steps aside: the free plan, or a subscription
/// made later. One that had ceased to count takes nobody's place.
async fn takes_its_place(
    tx: &mut Tx,
    account: &AccountId,
    state: &SubscriptionState,
    before: Option<&MirrorRow>,
    now: Instant,
) -> Result<bool> {
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![account]).await?;
    let mut stepping_aside = None;
    if let Some(LiveRow { id, stripe_id: Some(other), created_at }) = &live
        && *other != state.id
    {
        let is_first = (state.created, &state.id) < (*created_at, other);
        if !is_first || before.is_some_and(|before| before.lost_at.is_some()) {
            tracing::warn!(%account, subscription = state.id, "a second subscription is live at Stripe; it does not count");
            surpluses::note(tx, account, &state.id, surpluses::Reason::Second, now).await?;
            return Ok(false);
        }
        stepping_aside = Some((id.clone(), other.clone()));
    }
    if is_second_trial(tx, account, state, stepping_aside.as_ref().map(|(_, other)| other.as_str())).await? {
        tracing::warn!(%account, subscription = state.id, "a second trial has begun at Stripe; it does not count");
        surpluses::note(tx, account, &state.id, surpluses::Reason::Trial, now).await?;
        return Ok(false);
    }
    if let Some((id, other)) = stepping_aside {
        tx.run(STEP_ASIDE, args![id]).await?;
        surpluses::note(tx, account, &other, surpluses::Reason::Second, now).await?;
        if let Some(start) = state.trial_start {
            tx.run(KEEP_TRIAL, args![account, start, state.id.as_str(), other]).await?;
        }
    }
    tx.run(END_FREE, args![account, now]).await?;
    Ok(true)
}

/// Whether the account had its one trial with another subscription than these two.
async fn is_second_trial(tx: &mut Tx, account: &AccountId, state: &SubscriptionState, stepping_aside: Option<&str>) -> Result<bool> {
    if state.status != SubscriptionStatus::Trialing {
        return Ok(false);
    }
    let (started, of): (Option<i64>, Option<String>) = tx.get(FIND_TRIAL, args![account]).await?;
    Ok(match of {
        Some(of) => of != state.id && Some(of.as_str()) != stepping_aside,
        None => started.is_some() && started != state.trial_start,
    })
}

/// Whether another subscription of Stripe counts.
async fn has_another(tx: &mut Tx, account: &AccountId, this: &SubscriptionId) -> Result<bool> {
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![account]).await?;
    Ok(live.is_some_and(|live| live.stripe_id.is_some() && live.id != this.as_str()))
}

/// One that was paid beside the live one counts as soon as that has ended; nothing else may happen to it for a year.
async fn look_at_those_waiting(tx: &mut Tx, account: &AccountId, customer: &str, now: Instant) -> Result<()> {
    let waiting: Vec<(String,)> = tx.list(LIST_WAITING, args![account]).await?;
    for (subscription,) in waiting {
        inbox::ask(tx, ObjectKind::Subscription, &subscription, customer, now).await?;
    }
    Ok(())
}

/// Remembers that the account had its trial, and grants its credits, once per account.
async fn start_trial(tx: &mut Tx, account: &AccountId, state: &SubscriptionState, plan: Option<&Plan>, now: Instant) -> Result<()> {
    let (Some(start), Some(end), Some(plan)) = (state.trial_start, state.trial_end, plan) else { return Ok(()) };
    tx.run(KEEP_TRIAL, args![account, start, state.id.as_str(), state.id.as_str()]).await?;
    let grant = Grant {
        kind: Kind::Trial,
        amount: plan.trial_credits(state.quantity),
        fact: format!("trial:{account}"),
        expires: Some(Instant(end)),
        payment: None,
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
    let tx = call.tx()?;
    locks::lock_account(tx, &account).await?;
    let live: Option<LiveRow> = tx.find(FIND_LIVE, args![&account]).await?;
    if live.is_some() {
        return Err(Refusal::Refused(Code::AlreadySubscribed));
    }
    let id = start_free(tx, &keel.settings().product, &account, now).await?;
    intents::end(tx, &user).await?;
    audit::record(call, Action::SubscriptionStarted, Some(&account), id.as_str(), &[("plan", FREE)]).await?;
    Ok(account)
}

/// Puts an account without a plan on the free one. The caller holds the account's lock.
pub(crate) async fn start_free(tx: &mut Tx, product: &Product, account: &AccountId, now: Instant) -> Result<SubscriptionId> {
    let plan = product.plan(FREE).ok_or(Refusal::NotFound)?;
    let id = ids::new::<SubscriptionId>();
    tx.run(INSERT_FREE, args![&id, account, FREE, Currency::Usd.as_str(), plan.seats, now]).await?;
    seats::follow(tx, product, account).await?;
    let contract = Contract { account, plan, seats: 1, item: None, begins: now, ends: None, months: None, payment: None };
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
