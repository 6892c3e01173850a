//! The locks that verbs with rules across rows begin with. Order: user, account, roles, children.

use super::Tx;
use crate::{args, sql};
use keel_types::{AccountId, UserId};

sql! {
    LOCK_USER = "UPDATE users SET revision = revision + 1 WHERE id = $1";
    // One row stands for all roles; it is the role that nobody deletes.
    LOCK_ROLES = "UPDATE roles SET revision = revision + 1 WHERE id = 'owner'";
    LOCK_ACCOUNT = "UPDATE accounts SET revision = revision + 1 WHERE id = $1";
}

/// Makes other calls that lock the same user wait until this transaction ends.
pub(crate) async fn lock_user(tx: &mut Tx, user: &UserId) -> Result<(), sqlx::Error> {
    tx.run(LOCK_USER, args![user]).await.map(drop)
}

/// Makes other calls that lock the same account wait until this transaction ends.
pub(crate) async fn lock_account(tx: &mut Tx, account: &AccountId) -> Result<(), sqlx::Error> {
    tx.run(LOCK_ACCOUNT, args![account]).await.map(drop)
}

/// Makes other calls that define roles, of any workspace or of the platform, wait until this transaction ends.
pub(crate) async fn lock_roles(tx: &mut Tx) -> Result<(), sqlx::Error> {
    tx.run(LOCK_ROLES, args![]).await.map(drop)
}
