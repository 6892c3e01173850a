//! What became of checkouts, as Stripe says and as their buyers may see it. Tested in `tests/flows/buying.rs`.

use super::catalogue::Choice;
use super::inbox::{self, ObjectKind};
use super::intents;
use crate::access::{Read, SignedIn, Write};
use crate::db::Tx;
use crate::payments::{CheckoutState, CheckoutStatus};
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::{AccountId, AccountKind, ProductKind, Role, UserId};

sql! {
    COMPLETE = "UPDATE checkouts SET state = 'complete', completed_at = $2, stripe_id = $3 WHERE id = $1 AND state <> 'complete'";
    EXPIRE = "UPDATE checkouts SET state = 'expired' WHERE id = $1 AND state = 'open'";
    FIND_USER = "SELECT user_id FROM checkouts WHERE id = $1";
    FIND_MINE = "SELECT k.state, k.choice, c.customer_id, a.id AS account, a.name AS account_name, a.kind, a.two_step_required,
            s.plan, s.status, s.trial_end, m.role, r.permissions
        FROM checkouts k JOIN accounts a ON a.id = k.account_id JOIN memberships m ON m.account_id = a.id AND m.user_id = k.user_id
        JOIN roles r ON r.id = m.role
        LEFT JOIN stripe_customers c ON c.account_id = a.id
        LEFT JOIN subscriptions s ON s.account_id = a.id AND s.live AND s.stripe_id IS NOT NULL
        WHERE k.stripe_id = $1 AND k.user_id = $2 AND NOT a.purging";
}

/// Writes down what became of a checkout. Once it is complete, the person's choice is no longer pending.
pub(super) async fn settle(tx: &mut Tx, keel: &Keel, state: &CheckoutState) -> Result<()> {
    let Some(id) = state.checkout_id.as_deref() else { return Ok(()) };
    match state.status {
        // Some ways to pay bring the money days later.
        CheckoutStatus::Complete if state.paid => {
            let completed = tx.ran(COMPLETE, args![id, keel.now(), state.id.as_str()]).await?;
            let row: Option<UserRow> = tx.find(FIND_USER, args![id]).await?;
            if let (true, Some(row)) = (completed, row) {
                intents::end(tx, &row.user_id).await?;
            }
        }
        CheckoutStatus::Expired => {
            tx.run(EXPIRE, args![id]).await?;
        }
        _ => {}
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct UserRow {
    #[sqlx(try_from = "String")]
    user_id: UserId,
}

/// What became of a checkout, as its buyer may see it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether it is known.
    pub state: State,
    /// The account.
    pub account: AccountId,
    /// What the account is called.
    pub account_name: String,
    /// Whether the buyer runs the account: a workspace, and more than a member there.
    pub manager: bool,
    customer: Option<String>,
}

/// The states of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing is known yet.
    Pending,
    /// The plan of this id has begun and is paid.
    Paid(String),
    /// The plan of this id has begun with a trial, until then.
    Trial(String, i64),
    /// A licence or a pack of this id is paid.
    Bought(ProductKind, String),
    /// The payment page was left to lapse.
    Expired,
}

#[derive(sqlx::FromRow)]
struct OutcomeRow {
    state: String,
    choice: String,
    customer_id: Option<String>,
    #[sqlx(try_from = "String")]
    account: AccountId,
    account_name: String,
    kind: String,
    two_step_required: bool,
    plan: Option<String>,
    status: Option<String>,
    trial_end: Option<i64>,
    role: String,
    permissions: String,
}

impl OutcomeRow {
    fn state(&self) -> State {
        let choice = serde_json::from_str::<Choice>(&self.choice).ok();
        let once = choice.filter(|choice| choice.kind != ProductKind::Plan);
        if let (Some(choice), "complete") = (once, self.state.as_str()) {
            return State::Bought(choice.kind, choice.id);
        }
        match (self.state.as_str(), &self.plan, self.status.as_deref(), self.trial_end) {
            ("complete", Some(plan), Some("trialing"), Some(end)) => State::Trial(plan.clone(), end),
            ("complete", Some(plan), _, _) => State::Paid(plan.clone()),
            ("expired", ..) => State::Expired,
            _ => State::Pending,
        }
    }
}

/// What became of the checkout of a Stripe session. `NotFound` for anybody else's; `TwoStepNeeded` where its account requires that.
pub async fn get_outcome(call: &mut Read<SignedIn>, session: &str) -> Result<Outcome> {
    let user = call.proof().user.clone();
    let row: OutcomeRow = call.conn().find(FIND_MINE, args![session, &user]).await?.ok_or(Refusal::NotFound)?;
    if row.two_step_required {
        call.proof().require_second_factor()?;
    }
    let state = row.state();
    let role = Role::of(&row.role, "", &row.permissions, call.keel().settings().model());
    let manager = row.kind == AccountKind::Workspace.as_str() && role.is_manager();
    Ok(Outcome { state, account: row.account, account_name: row.account_name, manager, customer: row.customer_id })
}

/// Asks for one look at the checkout, in the lane of its customer: so it settles even when the webhook is lost. Whoever asks too often
/// waits for the webhook.
pub async fn look_again(call: &mut Write<SignedIn>, session: &str, outcome: &Outcome) -> Result<()> {
    let now = call.now();
    let Some(customer) = &outcome.customer else { return Ok(()) };
    if call.keel().asking().count(&outcome.account, now).is_err() {
        return Ok(());
    }
    inbox::ask(call.tx()?, ObjectKind::Checkout, session, customer, now).await
}
