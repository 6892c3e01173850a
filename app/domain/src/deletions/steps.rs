//! The worker of deletions: one step of each that waits, again and again. A step is claimed by moving the moment at which the
//! worker looks next; whoever finds it moved does nothing.

use super::{Open, notices, purge, renewals};
use crate::access::Outside;
use crate::db::{Tx, locks};
use crate::jobs::pause;
use crate::mail::letters::deletions::About;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::time::{MINUTE, SECOND};
use keel_types::{AccountId, DeletionId, Instant};

/// How long a claimed step is nobody else's, in milliseconds: longer than Stripe takes with all its tries.
const LEASE: i64 = 2 * MINUTE;

sql! {
    LIST_NEXT = "SELECT id, next_at FROM deletions WHERE next_at <= $1 ORDER BY next_at LIMIT 20";
    CLAIM = "UPDATE deletions SET next_at = $3, tries = tries + 1 WHERE id = $1 AND next_at = $2
        RETURNING id, account_id, account_name, by_name, state, due_at, notice, place, renewal_open, claims, tries";
    HOLD = "UPDATE deletions SET tries = 0, error = NULL, next_at = $3 WHERE id = $1 AND next_at = $2";
    FAIL = "UPDATE deletions SET next_at = $3, error = $4 WHERE id = $1 AND next_at = $2";
    // What goes along with a person goes once they do.
    CLOSE = "UPDATE deletions SET state = 'closing' WHERE id = $1 AND state = 'due' AND due_at <= $2
            AND NOT EXISTS (SELECT 1 FROM closings c WHERE c.id = deletions.closing_id AND c.state = 'due')";
}

/// A deletion of which this instance holds the next step.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Step {
    #[sqlx(try_from = "String")]
    pub id: DeletionId,
    #[sqlx(try_from = "String")]
    pub account_id: AccountId,
    account_name: String,
    by_name: String,
    state: String,
    due_at: i64,
    notice: Option<String>,
    pub place: String,
    renewal_open: bool,
    claims: i64,
    tries: i64,
    /// Until when it is nobody else's.
    #[sqlx(skip)]
    lease: i64,
}

#[derive(sqlx::FromRow)]
struct NextRow {
    #[sqlx(try_from = "String")]
    id: DeletionId,
    next_at: i64,
}

/// Does the next step of every deletion that waits for one. True when there was one.
pub(crate) async fn work(keel: &Keel) -> Result<bool> {
    let due: Vec<NextRow> = keel.db().read().list(LIST_NEXT, args![keel.now()]).await?;
    let any = !due.is_empty();
    for row in due {
        let Some(step) = claim(keel, &row).await? else { continue };
        if let Err(refusal) = take(keel, &step).await {
            fail(keel, &step, &refusal).await?;
        }
    }
    Ok(any)
}

async fn claim(keel: &Keel, row: &NextRow) -> Result<Option<Step>> {
    let lease = keel.now().plus(LEASE).0;
    let mut tx = keel.db().begin().await?;
    let step: Option<Step> = tx.find(CLAIM, args![&row.id, row.next_at, lease]).await?;
    tx.commit().await?;
    Ok(step.map(|step| Step { lease, ..step }))
}

async fn take(keel: &Keel, step: &Step) -> Result<()> {
    match (step.notice.as_deref(), step.renewal_open, step.state.as_str()) {
        (Some(notice), ..) if step.state == "due" || step.state == "canceled" => notices::send(keel, step, notice).await,
        (_, true, "due" | "canceled") => tell(keel, step).await,
        (_, _, "due") => close(keel, step).await,
        (_, _, "closing") => {
            end_all(keel, step).await?;
            purge::begin(keel, step).await
        }
        (_, _, "purging") => purge::go_on(keel, step).await,
        _ => rest(keel, step).await,
    }
}

/// Tells Stripe about the renewal, for a request that did not.
async fn tell(keel: &Keel, step: &Step) -> Result<()> {
    let open = step.open();
    let customer = renewals::find_customer(&mut keel.db().read(), &step.account_id).await?;
    if let Some(customer) = customer {
        renewals::apply(keel, &Outside(()), &customer, &open).await.map_err(|error| Refusal::internal(&error))?;
    }
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    renewals::settle(&mut tx, &open, now).await?;
    Ok(tx.commit().await?)
}

/// The grace is over: from here on it cannot be taken back. Before that, the worker looks again when it is.
async fn close(keel: &Keel, step: &Step) -> Result<()> {
    let now = keel.now();
    let mut tx = keel.db().begin().await?;
    if !locks::try_lock_account(&mut tx, &step.account_id).await? {
        return Ok(());
    }
    let closes = tx.ran(CLOSE, args![&step.id, now]).await?;
    step.hold(&mut tx, Some(if closes { now } else { step.open().due().max(now.plus(SECOND)) })).await?;
    Ok(tx.commit().await?)
}

/// Stripe ends what is paid for, before anything of the account is lost.
async fn end_all(keel: &Keel, step: &Step) -> Result<()> {
    let customer = renewals::find_customer(&mut keel.db().read(), &step.account_id).await?;
    let Some(customer) = customer else { return Ok(()) };
    renewals::end_all(keel, &Outside(()), &customer).await.map_err(|error| Refusal::internal(&error))
}

/// Nothing is left to do.
async fn rest(keel: &Keel, step: &Step) -> Result<()> {
    let mut tx = keel.db().begin().await?;
    step.hold(&mut tx, None).await?;
    Ok(tx.commit().await?)
}

async fn fail(keel: &Keel, step: &Step, refusal: &Refusal) -> Result<()> {
    let error = format!("{refusal:?}");
    tracing::warn!(deletion = %step.id, state = step.state, tries = step.tries, error, "a step of a deletion failed");
    let mut tx = keel.db().begin().await?;
    tx.run(FAIL, args![&step.id, step.lease, keel.now().plus(pause(step.tries)), error]).await?;
    Ok(tx.commit().await?)
}

impl Step {
    fn open(&self) -> Open {
        let (id, account_id, state) = (self.id.clone(), self.account_id.clone(), self.state.clone());
        Open { id, account_id, state, due_at: self.due_at, claims: self.claims }
    }

    /// What letters are about.
    pub fn about(&self) -> About<'_> {
        About { id: &self.account_id, account: &self.account_name, by: &self.by_name, due: Instant(self.due_at) }
    }

    /// Ends the step, with the next one then.
    ///
    /// # Errors
    /// `Collision` when it is not this instance's any more: then nothing of it happened.
    pub async fn hold(&self, tx: &mut Tx, next: Option<Instant>) -> Result<()> {
        let next = next.map(|at| at.0);
        if tx.ran(HOLD, args![&self.id, self.lease, next]).await? { Ok(()) } else { Err(Refusal::Collision) }
    }
}
