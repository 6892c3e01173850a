//! The locks that verbs with rules across rows begin with. Order: user, account, roles, children.

use super::Tx;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::{AccountId, UserId};

sql! {
    LOCK_USER = "UPDATE users SET revision = revision + 1 WHERE id = $1";
    // One row stands for all roles; it is the role that nobody deletes.
    LOCK_ROLES = "UPDATE roles SET revision = revision + 1 WHERE id = 'owner'";
    LOCK_ACCOUNT = "UPDATE accounts SET revision = revision + 1 WHERE id = $1 AND NOT purging";
}

/// Makes other calls that lock the same user wait until this transaction ends.
pub(crate) async fn lock_user(tx: &mut Tx, user: &UserId) -> Result<()> {
    tx.run(LOCK_USER, args![user]).await?;
    Ok(())
}

/// Makes other calls that lock the same account wait until this transaction ends.
///
/// # Errors
/// `NotFound` when there is none any more, or it is being deleted.
pub(crate) async fn lock_account(tx: &mut Tx, account: &AccountId) -> Result<()> {
    if tx.ran(LOCK_ACCOUNT, args![account]).await? { Ok(()) } else { Err(Refusal::NotFound) }
}

/// The same where somebody may have deleted the account meanwhile: false when there is none any more.
pub(crate) async fn try_lock_account(tx: &mut Tx, account: &AccountId) -> Result<bool> {
    Ok(tx.ran(LOCK_ACCOUNT, args![account]).await?)
}

/// Makes other calls that define roles, of any workspace or of the platform, wait until this transaction ends.
pub(crate) async fn lock_roles(tx: &mut Tx) -> Result<()> {
    tx.run(LOCK_ROLES, args![]).await?;
    Ok(())
}
