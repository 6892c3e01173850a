//! Handing over: a workspace to another owner, and its billing to one. Both need a fresh proof of who one is, and lock the
//! account first: whatever happens at the same instant, there is an owner, and who answers for the money is one.

use super::changes::{lock, record};
use super::find;
use crate::access::{Fresh, Read, Write};
use crate::audit::Action;
use crate::billing::customers;
use crate::db::Tx;
use crate::mail::letters::ownership as letters;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{Email, Fault, MembershipId, UserId, role};

/// Owners to choose from; a workspace with more has its others on the page of members.
const MOST: u32 = 200;

sql! {
    IS_CLOSING = "SELECT closing_due_at IS NOT NULL FROM users WHERE id = $1";
    SET_ROLE = "UPDATE memberships SET role = $2 WHERE id = $1";
    SET_BILLING_OWNER = "UPDATE accounts SET billing_owner_id = $2 WHERE id = $1";
    FIND_BILLING_OWNER = "SELECT u.email FROM accounts a JOIN users u ON u.id = a.billing_owner_id WHERE a.id = $1";
    LIST_OWNERS = "SELECT m.id, m.email, p.first_name, p.last_name, m.user_id = a.billing_owner_id AS is_billing_owner
        FROM memberships m JOIN accounts a ON a.id = m.account_id JOIN user_profiles p ON p.user_id = m.user_id
        WHERE m.account_id = $1 AND m.role = 'owner' ORDER BY m.sort_key, m.id LIMIT 0 + $2";
}

/// Makes the member an owner and the caller an admin, or leaves the caller an owner too; who answered for the money hands that
/// over with it. Both are told by mail.
///
/// # Errors
/// `NotFound` for nobody here, `Invalid` for the caller or where `name` is not the workspace's.
pub async fn transfer(call: &mut Write<Fresh<may::TransferOwnership>>, member: &MembershipId, stays: bool, name: &str) -> Result<()> {
    let target = lock(call, member).await?;
    call.proof().standing().require_named(name)?;
    let (keel, standing, giver) = (call.keel().clone(), call.proof().standing().clone(), call.proof().actor().clone());
    if target.id == standing.membership {
        return Err(Refusal::field("member", Fault::NotAChoice));
    }
    require_staying(call.tx()?, &target.user).await?;
    let (account, model) = (&standing.account, keel.settings().model());
    let tx = call.tx()?;
    let gives_billing = find(tx, account, &standing.membership, model).await?.is_some_and(|own| own.is_billing_owner);
    tx.run(SET_ROLE, args![&target.id, role::OWNER]).await?;
    if gives_billing {
        tx.run(SET_BILLING_OWNER, args![account, &target.user]).await?;
        customers::count_change(tx, account, keel.now()).await?;
    }
    if !stays {
        tx.run(SET_ROLE, args![&standing.membership, role::ADMIN]).await?;
    }
    letters::given(tx, &keel, &giver.email, target.shown_name(), &standing, stays).await?;
    letters::received(tx, &keel, &target.email, &giver, &standing, gives_billing).await?;
    record(call, Action::OwnershipTransferred, &target, &[("giver", if stays { role::OWNER } else { role::ADMIN })]).await?;
    if gives_billing { record(call, Action::BillingOwnerChanged, &target, &[]).await } else { Ok(()) }
}

/// Makes another owner answer for the workspace's money, and tells both by mail.
///
/// # Errors
/// `NotFound` for nobody here, `Invalid` for somebody who is no owner.
pub async fn change_billing_owner(call: &mut Write<Fresh<may::TransferOwnership>>, member: &MembershipId) -> Result<()> {
    let target = lock(call, member).await?;
    if !target.role.is_owner() {
        return Err(Refusal::field("member", Fault::NotAChoice));
    }
    if target.is_billing_owner {
        return Ok(());
    }
    let (keel, standing, by) = (call.keel().clone(), call.proof().standing().clone(), call.proof().actor().clone());
    let tx = call.tx()?;
    require_staying(tx, &target.user).await?;
    let (before,): (String,) = tx.get(FIND_BILLING_OWNER, args![&standing.account]).await?;
    tx.run(SET_BILLING_OWNER, args![&standing.account, &target.user]).await?;
    // Where no address for bills is told, it is theirs; the worker tells it.
    customers::count_change(tx, &standing.account, keel.now()).await?;
    letters::billing_received(tx, &keel, &target.email, &by, &standing).await?;
    if let Ok(before) = Email::parse(&before) {
        letters::billing_given(tx, &keel, &before, &by, target.shown_name(), &standing).await?;
    }
    record(call, Action::BillingOwnerChanged, &target, &[("before", &before)]).await
}

/// Refuses somebody who is about to close their account.
async fn require_staying(tx: &mut Tx, user: &UserId) -> Result<()> {
    let (is_closing,): (bool,) = tx.get(IS_CLOSING, args![user]).await?;
    if is_closing { Err(Refusal::field("member", Fault::NotAChoice)) } else { Ok(()) }
}

/// An owner, to choose from.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Their place in the workspace.
    pub id: MembershipId,
    /// Name, else address.
    pub name: String,
    /// Whether they answer for its money.
    pub is_billing_owner: bool,
}

#[derive(sqlx::FromRow)]
struct OwnerRow {
    #[sqlx(try_from = "String")]
    id: MembershipId,
    email: String,
    first_name: Option<String>,
    last_name: Option<String>,
    is_billing_owner: bool,
}

/// The owners of the caller's workspace, in the order of their names.
pub async fn list_owners(call: &mut Read<may::ViewBilling>) -> Result<Vec<Owner>> {
    let account = call.proof().account().clone();
    let rows: Vec<OwnerRow> = call.conn().list(LIST_OWNERS, args![&account, MOST]).await?;
    let owner = |row: OwnerRow| Owner {
        id: row.id,
        name: row.first_name.zip(row.last_name).map_or(row.email, |(first, last)| format!("{first} {last}")),
        is_billing_owner: row.is_billing_owner,
    };
    Ok(rows.into_iter().map(owner).collect())
}
