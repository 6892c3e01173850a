//! Closing one's own account: scheduled by the person, thirty days ahead, and taken back as one piece until then. Workspaces with
//! nobody else in them go along, named and confirmed; one with other people needs another owner first. Afterwards the worker goes
//! one way only:
//!
//! `due` → `closing`: one transaction ends the sessions, the places in workspaces and every way to sign in; the address is free
//! again. What is being deleted with the person is deleted as workspaces are (`deletions`), the personal account last. → `done`:
//! the person is gone; what they did bears no name. Tested in `tests/flows/closings.rs`.

mod steps;
mod ties;

pub(crate) use steps::work;
pub use ties::{Knot, Tie};

use crate::access::{Fresh, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::deletions::{self, GRACE};
use crate::mail::letters::closings as letters;
use crate::refusal::{FieldFault, Refusal, Result};
use crate::{args, ids, sql, two_step};
use keel_types::{AccountId, ClosingId, Code, Email, Fault, Instant, UserId};

sql! {
    FIND_PERSONAL = "SELECT id, name FROM accounts WHERE person_id = $1";
    INSERT = "INSERT INTO closings (id, user_id, account_id, email, state, due_at, next_at, created_at) VALUES ($1, $2, $3, $4, 'due', $5, $5, $6)";
    SET_DUE = "UPDATE users SET closing_due_at = $2 WHERE id = $1";
    FIND_DUE = "SELECT closing_due_at FROM users WHERE id = $1";
    CANCEL = "UPDATE closings SET state = 'canceled', next_at = NULL, settled_at = $2 WHERE user_id = $1 AND state = 'due' RETURNING id";
}

#[derive(sqlx::FromRow)]
struct PersonalRow {
    #[sqlx(try_from = "String")]
    id: AccountId,
    name: String,
}

/// What closing the caller's account means.
#[derive(Clone, Debug)]
pub struct Closing {
    /// When it will be closed, while that is scheduled.
    pub due: Option<Instant>,
    /// The workspaces that stand in the way, or go along.
    pub ties: Vec<Tie>,
}

/// What closing the caller's account means now.
pub async fn get(call: &mut Read<SignedIn>) -> Result<Closing> {
    let (user, due) = (call.proof().user.clone(), call.proof().closing_due);
    Ok(Closing { due, ties: ties::list(call.conn(), &user).await? })
}

/// What a person confirms: that it is they, and what goes along.
#[derive(Clone, Debug)]
pub struct Confirmed {
    /// The own address, typed.
    pub email: String,
    /// The workspaces that were shown to go along.
    pub workspaces: Vec<AccountId>,
}

/// Schedules the closing of the caller's account and the deletion of what goes along, and tells the caller by mail. What is paid
/// for stops renewing as soon as Stripe answers. Scheduled already, it stays as it was.
///
/// # Errors
/// `Refused(OwnerNeeded)` while a workspace with other people would be left without an owner or without somebody who answers for
/// its money; `Invalid` where the address is not the caller's, or other workspaces go along than were confirmed; `TwoStepNeeded` when a
/// second factor is required of the caller and the session has shown none.
pub async fn schedule(call: &mut Write<Fresh<SignedIn>>, confirmed: &Confirmed) -> Result<()> {
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let (due,): (Option<i64>,) = tx.get(FIND_DUE, args![&caller.user]).await?;
    if due.is_some() {
        return Ok(());
    }
    let ties = ties::hold(tx, &caller.user).await?;
    if ties.iter().any(Tie::needs_the_person) {
        return Err(Refusal::Refused(Code::OwnerNeeded));
    }
    require_confirmed(&caller.email, &ties, confirmed)?;
    let (id, due) = (ids::new::<ClosingId>(), now.plus(GRACE));
    let personal: PersonalRow = tx.get(FIND_PERSONAL, args![&caller.user]).await?;
    tx.run(INSERT, args![&id, &caller.user, &personal.id, &caller.email, due, now]).await?;
    tx.run(SET_DUE, args![&caller.user, due]).await?;
    let by = caller.shown_name();
    for tie in ties.iter().filter(|tie| tie.deletion_due.is_none()) {
        deletions::take_along(tx, &id, &tie.account, &tie.name, &by, due, now).await?;
        audit::write(tx, &audit::Actor::System("closing"), Action::DeletionScheduled, Some(&tie.account), id.as_str(), &[], now).await?;
    }
    deletions::take_along(tx, &id, &personal.id, &personal.name, &by, due, now).await?;
    letters::scheduled(tx, &keel, &caller.email, due, &ties).await?;
    audit::record(call, Action::ClosingScheduled, None, id.as_str(), &[("due", &keel_text::iso(due))]).await
}

/// Takes the closing of the caller's account back, and the deletion of what would have gone along with it. Nothing scheduled,
/// nothing happens.
///
/// # Errors
/// `Refused(DeletionUnderway)` once the thirty days are over.
pub async fn cancel(call: &mut Write<SignedIn>) -> Result<()> {
    call.lock_caller().await?;
    let (caller, keel, now) = (call.proof().clone(), call.keel().clone(), call.now());
    let tx = call.tx()?;
    let (due,): (Option<i64>,) = tx.get(FIND_DUE, args![&caller.user]).await?;
    match due {
        None => return Ok(()),
        Some(due) if due <= now.0 => return Err(Refusal::Refused(Code::DeletionUnderway)),
        Some(_) => {}
    }
    let id = take_back(tx, &caller.user, &caller.shown_name(), now).await?.ok_or(Refusal::Refused(Code::DeletionUnderway))?;
    letters::canceled(tx, &keel, &caller.email).await?;
    audit::record(call, Action::ClosingCanceled, None, id.as_str(), &[]).await
}

/// Ends the closing that is due; none when there is none, or it is past taking back. The caller holds the person's lock.
async fn take_back(tx: &mut Tx, user: &UserId, by: &str, now: Instant) -> Result<Option<ClosingId>> {
    let row: Option<(String,)> = tx.find(CANCEL, args![user, now]).await?;
    let Some((id,)) = row else { return Ok(None) };
    let id = ClosingId::parse(&id).map_err(|_| Refusal::internal(&"a closing without an id"))?;
    tx.run(SET_DUE, args![user, None::<i64>]).await?;
    deletions::take_back(tx, &id, by, now).await?;
    Ok(Some(id))
}

fn require_confirmed(email: &Email, ties: &[Tie], confirmed: &Confirmed) -> Result<()> {
    let mut faults = vec![];
    if Email::parse(&confirmed.email).ok().as_ref() != Some(email) {
        let fault = if confirmed.email.trim().is_empty() { Fault::Required } else { Fault::NotOwnAddress };
        faults.push(FieldFault { field: "confirmation", fault });
    }
    if ties.iter().any(|tie| !confirmed.workspaces.contains(&tie.account)) {
        faults.push(FieldFault { field: "workspaces", fault: Fault::NotConfirmed });
    }
    if faults.is_empty() { Ok(()) } else { Err(Refusal::Invalid(faults)) }
}
