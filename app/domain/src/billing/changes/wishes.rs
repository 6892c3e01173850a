//! Wishes: one under way an account, told to Stripe under its own key, and ended by what came of it.

use super::paid::Paid;
use crate::access::{Asked, Caller, Outside, Write};
use crate::audit::{self, Action, Actor};
use crate::billing::asking::PATIENCE;
use crate::billing::checkouts::{price_of, told};
use crate::billing::inbox::{self, ObjectKind};
use crate::billing::lanes;
use crate::payments::{PaymentError, SubscriptionStatus, WantedItems, WantedPrice};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, ids, request, sql};
use keel_types::permission::may;
use keel_types::time::{DAY, MINUTE};
use keel_types::{AccountId, ChangeId, Code, Instant};
use tokio::time::timeout;

/// How long, in milliseconds, a wish is nobody else's.
const LEASE: i64 = 2 * MINUTE;
/// How long wishes are remembered.
const KEPT: i64 = 90 * DAY;

sql! {
    FIND_OPEN = "SELECT id, wish, until FROM plan_changes WHERE account_id = $1 AND state = 'open'";
    CLAIM = "INSERT INTO plan_changes (id, account_id, wish, state, until, created_at) VALUES ($1, $2, $3, 'open', $4, $5)";
    END = "UPDATE plan_changes SET state = $2 WHERE id = $1 AND state = 'open'";
    FIND_LATEST_INVOICE = "SELECT latest_invoice FROM subscriptions WHERE stripe_id = $1";
    LIST_LEFT = "SELECT p.id, s.stripe_id, c.customer_id FROM plan_changes p
        LEFT JOIN stripe_customers c ON c.account_id = p.account_id
        LEFT JOIN subscriptions s ON s.account_id = p.account_id AND s.live
        WHERE p.state = 'open' AND p.until <= $1 ORDER BY p.until LIMIT 100";
    FORGET = "DELETE FROM plan_changes WHERE created_at < $1 AND state <> 'open'";
}

/// What is wanted of Stripe.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    /// It ends with its period.
    Cancel,
    /// It goes on.
    Resume,
    /// Its trial is over.
    EndTrial,
    /// It stays as it is when its period ends.
    Keep,
    /// It is another one, and the difference since that moment is paid.
    Now(Target, Option<Instant>),
    /// It is another one from its next period on.
    Later(Target),
}

/// What a subscription is to become.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub price: WantedPrice,
    pub quantity: i64,
}

impl Wish {
    /// The same wish has the same words.
    fn words(&self) -> String {
        let of = |target: &Target| format!("{} {}", target.price.lookup_key, target.quantity);
        match self {
            Self::Cancel => "cancel".to_owned(),
            Self::Resume => "resume".to_owned(),
            Self::EndTrial => "end trial".to_owned(),
            Self::Keep => "keep".to_owned(),
            Self::Now(target, since) => format!("now {} {}", of(target), since.map_or(0, |since| since.0)),
            Self::Later(target) => format!("later {}", of(target)),
        }
    }
}

#[derive(sqlx::FromRow)]
struct OpenRow {
    #[sqlx(try_from = "String")]
    id: ChangeId,
    wish: String,
    until: i64,
}

/// Who had a wish, and what is written down of it once it came true.
struct Deed {
    caller: Option<Caller>,
    asked: Asked,
    account: AccountId,
    action: Action,
    metadata: Vec<(&'static str, String)>,
}

/// Has Stripe do it, looks at what came of it, and writes that down: all of it also when nobody waits any more. True for the one call
/// of several with the same wish that is to tell people. The account is locked.
///
/// # Errors
/// `Refused(ChangeUnderway)` while another wish is; `Refused(PaymentDeclined)`, and nothing changed; `Unavailable`, and whether it
/// was done will be seen: the same wish made again finds out; `TooMany`.
pub(super) async fn fulfil(
    call: &mut Write<may::ManageBilling>,
    paid: &Paid,
    wish: Wish,
    action: Action,
    more: &[(&'static str, &str)],
) -> Result<bool> {
    let account = call.proof().account().clone();
    call.keel().asking().count(&account, call.now())?;
    let id = claim(call, &wish.words()).await?;
    let metadata = [("plan", paid.plan.as_str())].iter().chain(more).map(|(name, value)| (*name, (*value).to_owned())).collect();
    let deed = Deed { caller: call.caller().cloned(), asked: call.asked().clone(), account, action, metadata };
    let plan = paid.clone();
    call.outside(|keel, out| request::apart(Box::pin(carry_out(keel, out, plan, wish, id, deed)))).await
}

/// Tells Stripe and looks; a wish that Stripe refused is over.
async fn carry_out(keel: Keel, out: Outside, paid: Paid, wish: Wish, id: ChangeId, deed: Deed) -> Result<bool> {
    let done = timeout(PATIENCE, tell(&keel, &out, &paid, &wish, id.as_str())).await.unwrap_or(Err(Refusal::Unavailable));
    match done {
        Ok(()) => {
            look(&keel, &paid, &wish).await?;
            settle(&keel, &paid, &id, &deed).await
        }
        Err(Refusal::Unavailable) => Err(Refusal::Unavailable),
        Err(refused) => {
            if paid.schedule_id.is_some() {
                look(&keel, &paid, &Wish::Keep).await?;
            }
            let mut tx = keel.db().begin().await?;
            tx.run(END, args![&id, "refused"]).await?;
            tx.commit().await?;
            Err(refused)
        }
    }
}

/// Ends a wish that came true and writes down who had it. True the first time.
async fn settle(keel: &Keel, paid: &Paid, id: &ChangeId, deed: &Deed) -> Result<bool> {
    let mut tx = keel.db().begin().await?;
    let is_first = tx.ran(END, args![id, "done"]).await?;
    if is_first {
        let actor = deed.caller.as_ref().map_or(Actor::Unknown("", &deed.asked), |caller| Actor::Person(caller, &deed.asked));
        let metadata: Vec<(&str, &str)> = deed.metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
        audit::write(&mut tx, &actor, deed.action, Some(&deed.account), &paid.subscription, &metadata, keel.now()).await?;
    }
    tx.commit().await?;
    Ok(is_first)
}

/// Brings into the mirror what Stripe has now; of a trial that was ended, also what was charged.
async fn look(keel: &Keel, paid: &Paid, wish: &Wish) -> Result<()> {
    lanes::look_at(keel, ObjectKind::Subscription, &paid.subscription, &paid.customer).await?;
    if !matches!(wish, Wish::EndTrial) {
        return Ok(());
    }
    let newest: Option<(Option<String>,)> = keel.db().read().find(FIND_LATEST_INVOICE, args![paid.subscription.as_str()]).await?;
    match newest.and_then(|(invoice,)| invoice) {
        Some(invoice) => lanes::look_at(keel, ObjectKind::Invoice, &invoice, &paid.customer).await,
        None => Ok(()),
    }
}

/// Writes the wish down, or finds it written down by somebody who made the same one a moment ago.
async fn claim(call: &mut Write<may::ManageBilling>, words: &str) -> Result<ChangeId> {
    let (account, now) = (call.proof().account().clone(), call.now());
    let tx = call.tx()?;
    if let Some(open) = tx.find::<OpenRow>(FIND_OPEN, args![&account]).await? {
        match (open.until > now.0, open.wish == words) {
            (true, true) => return Ok(open.id),
            (true, false) => return Err(Refusal::Refused(Code::ChangeUnderway)),
            (false, _) => tx.run(END, args![&open.id, "left"]).await?,
        };
    }
    let id = ids::new::<ChangeId>();
    tx.run(CLAIM, args![&id, &account, words, now.plus(LEASE), now]).await?;
    Ok(id)
}

/// Whatever was scheduled before is not any more, unless this is refused: there is one thing to come.
async fn tell(keel: &Keel, out: &Outside, paid: &Paid, wish: &Wish, key: &str) -> Result<()> {
    let (payments, id) = (keel.payments(), paid.subscription.as_str());
    // Before anything is changed at Stripe: it may have no such price.
    let wanted = match wish {
        Wish::Now(target, _) | Wish::Later(target) => items(keel, out, paid, target).await?,
        Wish::Cancel | Wish::Resume | Wish::EndTrial | Wish::Keep => items_now(paid),
    };
    if let Some(schedule) = &paid.schedule_id {
        payments.release_schedule(out, schedule).await.map_err(told)?;
    }
    let done = match wish {
        Wish::Cancel => payments.cancel_at_period_end(out, id, key).await,
        Wish::Resume => payments.go_on(out, id, paid.ends_with_period, key).await,
        Wish::EndTrial => end_trial(keel, out, id, key).await,
        Wish::Keep => Ok(()),
        Wish::Now(_, since) => payments.change_now(out, &wanted, since.map(|since| since.0), key).await,
        Wish::Later(_) => payments.change_later(out, &items_now(paid), &wanted, key).await,
    };
    match done {
        Err(error @ (PaymentError::Declined { .. } | PaymentError::Refused { .. })) => {
            schedule_again(keel, out, paid, key).await;
            let is_declined = matches!(error, PaymentError::Declined { .. });
            Err(if is_declined { Refusal::Refused(Code::PaymentDeclined) } else { told(error) })
        }
        done => done.map_err(told),
    }
}

/// A trial that is over by now is not ended once more: Stripe would begin another period, and have it paid.
async fn end_trial(keel: &Keel, out: &Outside, id: &str, key: &str) -> std::result::Result<(), PaymentError> {
    let now = keel.payments().get_subscription(out, id).await?;
    if now.status == SubscriptionStatus::Trialing { keel.payments().end_trial(out, id, key).await } else { Ok(()) }
}

/// What was scheduled before comes again: what should have taken its place was refused. Where Stripe does not take it, nothing is to
/// come, and the pages say so after the look.
async fn schedule_again(keel: &Keel, out: &Outside, paid: &Paid, key: &str) {
    let Some((price, quantity)) = paid.scheduled.clone() else { return };
    let now = items_now(paid);
    let next = WantedItems { price, quantity, ..now.clone() };
    if let Err(error) = keel.payments().change_later(out, &now, &next, &format!("{key}:again")).await {
        tracing::warn!(%error, subscription = paid.subscription, "what was scheduled could not be scheduled again");
    }
}

/// The items of a target, with Stripe's price.
pub(super) async fn items(keel: &Keel, out: &Outside, paid: &Paid, target: &Target) -> Result<WantedItems> {
    let price = price_of(keel, out, &target.price).await?;
    Ok(WantedItems { price, quantity: target.quantity, ..items_now(paid) })
}

fn items_now(paid: &Paid) -> WantedItems {
    let (subscription, item) = (paid.subscription.clone(), paid.item.clone());
    WantedItems { subscription, item, price: paid.price.clone(), quantity: paid.seats }
}

/// Has wishes looked at that nobody came back to: whether Stripe did what was asked, the mirror says then. True when there was one.
pub(crate) async fn look_at_left(keel: &Keel) -> Result<bool> {
    let now = keel.now();
    let left: Vec<LeftRow> = keel.db().read().list(LIST_LEFT, args![now]).await?;
    let any = !left.is_empty();
    for LeftRow { id, stripe_id, customer_id } in left {
        let mut tx = keel.db().begin().await?;
        if let Some((subscription, customer)) = stripe_id.zip(customer_id) {
            inbox::ask(&mut tx, ObjectKind::Subscription, &subscription, &customer, now).await?;
        }
        tx.run(END, args![&id, "left"]).await?;
        tx.run(FORGET, args![now.plus(-KEPT)]).await?;
        tx.commit().await?;
        keel.wake_for_events();
    }
    Ok(any)
}

#[derive(sqlx::FromRow)]
struct LeftRow {
    #[sqlx(try_from = "String")]
    id: ChangeId,
    stripe_id: Option<String>,
    customer_id: Option<String>,
}
