//! The end of an account: one small transaction that makes it unknown, then batches, of which the last removes it.
//!
//! What outlives it: the ledger, the payments and the audit log, under an id that is nobody's name any more.

use super::steps::Step;
use crate::audit::{self, Action, Actor};
use crate::credits;
use crate::db::{Sql, Tx, locks};
use crate::mail::letters::deletions as letters;
use crate::refusal::{Refusal, Result};
use crate::{Keel, args, sql};
use keel_types::{AccountId, Email, Instant};

/// Rows removed in one transaction, more or less.
const BATCH: u64 = 1_000;

sql! {
    BEGIN_PURGE = "UPDATE deletions SET state = 'purging', place = '' WHERE id = $1 AND state = 'closing'";
    REACH = "UPDATE deletions SET place = $2 WHERE id = $1";
    // Name and address are free again; nobody finds anything by them.
    FORGET_ACCOUNT = "UPDATE accounts SET purging = TRUE, name = '', slug = CASE WHEN kind = 'workspace' THEN id END WHERE id = $1";
    END_LICENCES = "UPDATE licences SET live = FALSE, due_at = NULL, ended_at = $2 WHERE account_id = $1 AND live";
    END_SUBSCRIPTIONS = "UPDATE subscriptions SET live = FALSE, status = 'canceled', ended_at = $2 WHERE account_id = $1 AND live";
    // The one member of a personal account hears of their closing.
    LIST_MEMBERS = "SELECT m.email FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.account_id = $1 AND a.kind = 'workspace' ORDER BY m.id LIMIT 250";
    DELETE_MEMBERS = "DELETE FROM memberships WHERE id IN (SELECT id FROM memberships WHERE account_id = $1 ORDER BY id LIMIT 250)";
    LEAVE_SESSIONS = "UPDATE user_sessions SET active_account_id = NULL
        WHERE id IN (SELECT id FROM user_sessions WHERE active_account_id = $1 LIMIT 1000)";
    DELETE_MONTHS = "DELETE FROM credit_months WHERE subscription_id IN (SELECT subscription_id FROM credit_months WHERE account_id = $1 LIMIT 1000)";
    DELETE_LOTS = "DELETE FROM credit_lots WHERE id IN (SELECT id FROM credit_lots WHERE account_id = $1 LIMIT 1000)";
    DELETE_HOLDS = "DELETE FROM credit_holds WHERE id IN (SELECT id FROM credit_holds WHERE account_id = $1 LIMIT 1000)";
    DELETE_CHECKOUTS = "DELETE FROM checkouts WHERE id IN (SELECT id FROM checkouts WHERE account_id = $1 LIMIT 1000)";
    DELETE_SUBSCRIPTIONS = "DELETE FROM subscriptions WHERE id IN (SELECT id FROM subscriptions WHERE account_id = $1 LIMIT 1000)";
    DELETE_COPIES = "DELETE FROM export_chunks WHERE export_id IN (SELECT id FROM exports WHERE account_id = $1) AND number IN
        (SELECT c.number FROM export_chunks c JOIN exports e ON e.id = c.export_id WHERE e.account_id = $1 ORDER BY c.number LIMIT 20)";
    DELETE_INVITATIONS = "DELETE FROM invitations WHERE id IN (SELECT id FROM invitations WHERE account_id = $1 LIMIT 1000)";
    // What is left of it goes with it: few rows.
    DELETE_ACCOUNT = "DELETE FROM accounts WHERE id = $1 AND purging";
    // Whoever closes their own account goes once everything that goes along is gone.
    GO_ON_WITH_CLOSING = "UPDATE closings SET next_at = $2
        WHERE state = 'closing' AND id = (SELECT d.closing_id FROM deletions d WHERE d.id = $1)";
    FINISH = "UPDATE deletions SET state = 'done', account_name = '', by_name = '', settled_at = $2 WHERE id = $1 AND state = 'purging'";
}

/// What there may be many of, children first. A table that refers to accounts stands here, or has few rows of each, or is kept
/// (`tests/flows/deletions/purge.rs`).
const PURGED: [Sql; 8] =
    [DELETE_COPIES, LEAVE_SESSIONS, DELETE_MONTHS, DELETE_LOTS, DELETE_HOLDS, DELETE_CHECKOUTS, DELETE_SUBSCRIPTIONS, DELETE_INVITATIONS];

/// The point of no return: from its commit on the account is unknown.
pub(super) async fn begin(keel: &Keel, step: &Step) -> Result<()> {
    let (now, account) = (keel.now(), &step.account_id);
    let mut tx = keel.db().begin().await?;
    locks::lock_account(&mut tx, account).await?;
    if !tx.ran(BEGIN_PURGE, args![&step.id]).await? {
        return Err(Refusal::Collision);
    }
    credits::write_off(&mut tx, account, now).await?;
    tx.run(END_SUBSCRIPTIONS, args![account, now]).await?;
    tx.run(END_LICENCES, args![account, now]).await?;
    tx.run(FORGET_ACCOUNT, args![account]).await?;
    step.hold(&mut tx, Some(now)).await?;
    Ok(tx.commit().await?)
}

/// Removes a batch; where nothing is left, the account.
pub(super) async fn go_on(keel: &Keel, step: &Step) -> Result<()> {
    let (now, account) = (keel.now(), &step.account_id);
    let mut tx = keel.db().begin().await?;
    let mut removed = part_with_members(&mut tx, keel, step).await?;
    if removed == 0
        && let Some((forgotten, place)) = audit::forget_names(&mut tx, account, &step.place).await?
    {
        tx.run(REACH, args![&step.id, place]).await?;
        removed = forgotten;
    }
    for statement in PURGED {
        if removed >= BATCH {
            break;
        }
        removed += tx.run(statement, args![account]).await?;
    }
    if removed == 0 {
        finish(&mut tx, step, now).await?;
    }
    step.hold(&mut tx, (removed > 0).then_some(now)).await?;
    tx.commit().await?;
    keel.wake();
    Ok(())
}

/// Members are told as they are parted with, so that nobody is told twice or never.
async fn part_with_members(tx: &mut Tx, keel: &Keel, step: &Step) -> Result<u64> {
    let members: Vec<(String,)> = tx.list(LIST_MEMBERS, args![&step.account_id]).await?;
    for (email,) in members {
        if let Ok(email) = Email::parse(&email) {
            letters::completed(tx, keel, &email, step.about()).await?;
        }
    }
    Ok(tx.run(DELETE_MEMBERS, args![&step.account_id]).await?)
}

async fn finish(tx: &mut Tx, step: &Step, now: Instant) -> Result<()> {
    let account: &AccountId = &step.account_id;
    tx.run(DELETE_ACCOUNT, args![account]).await?;
    tx.run(GO_ON_WITH_CLOSING, args![&step.id, now]).await?;
    if tx.ran(FINISH, args![&step.id, now]).await? {
        audit::write(tx, &Actor::System("deletion"), Action::DeletionCompleted, Some(account), step.id.as_str(), &[], now).await
    } else {
        Err(Refusal::Collision)
    }
}
