//! Files: bytes that belong to an account, under a name that is never used for other bytes. Kept in the database; whoever keeps
//! them elsewhere changes this module and nothing else.

use crate::db::{Conn, Tx};
use crate::refusal::Result;
use crate::{args, sql};
use keel_types::{AccountId, Instant};

sql! {
    KEEP = "INSERT INTO files (account_id, name, bytes, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, name) DO NOTHING";
    FIND = "SELECT bytes FROM files WHERE account_id = $1 AND name = $2";
    REMOVE = "DELETE FROM files WHERE account_id = $1 AND name = $2";
}

/// Keeps a file.
pub(crate) async fn keep(tx: &mut Tx, account: &AccountId, name: &str, bytes: Vec<u8>, now: Instant) -> Result<()> {
    tx.run(KEEP, args![account, name, bytes, now]).await?;
    Ok(())
}

/// The bytes of a file, if the account has it.
pub(crate) async fn find(conn: &mut Conn, account: &AccountId, name: &str) -> Result<Option<Vec<u8>>> {
    let row: Option<(Vec<u8>,)> = conn.find(FIND, args![account, name]).await?;
    Ok(row.map(|(bytes,)| bytes))
}

/// Takes a file away.
pub(crate) async fn remove(tx: &mut Tx, account: &AccountId, name: &str) -> Result<()> {
    tx.run(REMOVE, args![account, name]).await?;
    Ok(())
}
