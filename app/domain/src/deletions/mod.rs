//! Deleting a workspace: scheduled by an owner, thirty days ahead, and taken back as one piece until then. Afterwards the worker
//! goes one way only:
//!
//! `due` → `closing`: nobody can take it back any more; Stripe is told to end what is paid for. → `purging`: one small
//! transaction, behind which the account is unknown to everybody. → `done`: batch by batch everything is gone but the ledger,
//! the payments and the audit log, whose names are gone too. Each step is written before the next begins, so whoever crashes
//! is followed by somebody who goes on. Tested in `tests/flows/deletions.rs`.

mod notices;
mod purge;
mod renewals;
mod steps;

pub(crate) use renewals::check;
pub(crate) use steps::work;

use crate::access::{Fresh, Write};
use crate::audit::{self, Action};
use crate::db::{Tx, locks};
use crate::refusal::{Refusal, Result};
use crate::{args, ids, sql};
use keel_types::permission::may;
use keel_types::time::{DAY, SECOND};
use keel_types::{AccountId, AccountKind, ClosingId, Code, DeletionId, Instant};

/// How long a workspace can be restored, in milliseconds.
pub const GRACE: i64 = 30 * DAY;
/// How long a request has to tell Stripe what it wrote down. After it the worker does.
const PATIENCE: i64 = 30 * SECOND;

sql! {
    // With a closing: nobody else is there to be told.
    TAKE_ALONG = "INSERT INTO deletions (id, account_id, account_name, by_name, state, due_at, renewal_open, next_at, created_at, closing_id)
        VALUES ($1, $2, $3, $4, 'due', $5, TRUE, $6, $6, $7)";
    LIST_TAKEN_ALONG = "SELECT account_id FROM deletions WHERE closing_id = $1 AND state = 'due' ORDER BY account_id";
    TAKE_BACK = "UPDATE deletions SET state = 'canceled', by_name = $2, settled_at = $3, renewal_open = TRUE, claims = claims + 1, next_at = $3
        WHERE closing_id = $1 AND state = 'due'";
    INSERT = "INSERT INTO deletions (id, account_id, account_name, by_name, state, due_at, notice, renewal_open, next_at, created_at)
        VALUES ($1, $2, $3, $4, 'due', $5, 'scheduled', TRUE, $6, $7)";
    SET_DUE = "UPDATE accounts SET deletion_due_at = $2 WHERE id = $1";
    FIND_OPEN = "SELECT id, account_id, state, due_at, claims FROM deletions WHERE account_id = $1 AND state IN ('due', 'closing')";
    // Who was still to be told that it is scheduled is told that it is not.
    CANCEL = "UPDATE deletions SET state = 'canceled', by_name = $2, settled_at = $3, notice = 'canceled', place = '', renewal_open = TRUE,
            claims = claims + 1, next_at = $4 WHERE id = $1 AND state = 'due' AND due_at > $3
        RETURNING id, account_id, state, due_at, claims";
}

/// A deletion under way, as Stripe is told about it.
#[derive(Clone, Debug, sqlx::FromRow)]
struct Open {
    #[sqlx(try_from = "String")]
    id: DeletionId,
    #[sqlx(try_from = "String")]
    account_id: AccountId,
    state: String,
    due_at: i64,
    /// The number of the claim on telling Stripe.
    claims: i64,
}

/// Schedules the deletion of the caller's workspace, tells its members, and stops the renewal of what is paid for: at once where
/// Stripe answers, else as soon as it does. Scheduled already, it stays as it was.
///
/// # Errors
/// `NotFound` for a personal account; `Invalid` where `name` is not the workspace's.
pub async fn schedule(call: &mut Write<Fresh<may::DeleteAccount>>, name: &str) -> Result<()> {
    let account = require_workspace(call.proof().standing())?;
    call.lock_account().await?;
    call.proof().standing().require_named(name)?;
    let (standing, by, now) = (call.proof().standing().clone(), call.proof().actor().shown_name(), call.now());
    if standing.deletion_due.is_some() {
        return Ok(());
    }
    let (id, due) = (ids::new::<DeletionId>(), now.plus(GRACE));
    let tx = call.tx()?;
    tx.run(INSERT, args![&id, &account, standing.name, by, due, now.plus(PATIENCE), now]).await?;
    tx.run(SET_DUE, args![&account, due]).await?;
    audit::record(call, Action::DeletionScheduled, Some(&account), id.as_str(), &[("due", &keel_text::iso(due))]).await?;
    let open = Open { id, account_id: account, state: "due".to_owned(), due_at: due.0, claims: 1 };
    renewals::tell(call, open).await
}

/// Takes the scheduled deletion of the caller's workspace back: it is as it was, its renewal with it. Nothing scheduled, nothing
/// happens.
///
/// # Errors
/// `NotFound` for a personal account; `Refused(DeletionUnderway)` once the thirty days are over.
pub async fn cancel(call: &mut Write<may::DeleteAccount>) -> Result<()> {
    let account = require_workspace(call.proof().standing())?;
    call.lock_account().await?;
    let (by, now) = (call.proof().actor().shown_name(), call.now());
    let tx = call.tx()?;
    let Some(open) = tx.find::<Open>(FIND_OPEN, args![&account]).await? else { return Ok(()) };
    let canceled: Option<Open> = tx.find(CANCEL, args![&open.id, by, now, now.plus(PATIENCE)]).await?;
    let canceled = canceled.ok_or(Refusal::Refused(Code::DeletionUnderway))?;
    tx.run(SET_DUE, args![&account, None::<i64>]).await?;
    audit::record(call, Action::DeletionCanceled, Some(&account), canceled.id.as_str(), &[]).await?;
    renewals::tell(call, canceled).await
}

/// Schedules the deletion of an account as a part of its person's closing. The caller holds the account's lock, or it is the
/// personal one; the worker tells Stripe.
pub(crate) async fn take_along(
    tx: &mut Tx,
    closing: &ClosingId,
    account: &AccountId,
    name: &str,
    by: &str,
    due: Instant,
    now: Instant,
) -> Result<()> {
    tx.run(TAKE_ALONG, args![&ids::new::<DeletionId>(), account, name, by, due, now, closing]).await?;
    tx.run(SET_DUE, args![account, due]).await?;
    Ok(())
}

/// Takes back the deletions that went along with a closing, in the order of their accounts.
pub(crate) async fn take_back(tx: &mut Tx, closing: &ClosingId, by: &str, now: Instant) -> Result<()> {
    let accounts: Vec<(String,)> = tx.list(LIST_TAKEN_ALONG, args![closing]).await?;
    for (account,) in accounts {
        let account = AccountId::parse(&account).map_err(|_| Refusal::internal(&"a deletion without an account"))?;
        locks::lock_account(tx, &account).await?;
        tx.run(SET_DUE, args![&account, None::<i64>]).await?;
    }
    tx.run(TAKE_BACK, args![closing, by, now]).await?;
    Ok(())
}

/// Deleting a personal account is closing the person's.
fn require_workspace(standing: &crate::access::Standing) -> Result<AccountId> {
    if standing.kind == AccountKind::Workspace { Ok(standing.account.clone()) } else { Err(Refusal::NotFound) }
}

impl Open {
    /// Whether what is paid for is to end with its period.
    fn stops(&self) -> bool {
        self.state != "canceled"
    }

    fn due(&self) -> Instant {
        Instant(self.due_at)
    }
}
