//! Logos: the picture of a workspace, seen by its members.

use crate::access::{Member, Read, Write};
use crate::audit::{self, Action};
use crate::db::Tx;
use crate::files;
use crate::pictures::Picture;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountId, Instant};

sql! {
    FIND_LOGO = "SELECT logo FROM accounts WHERE id = $1";
    SET_LOGO = "UPDATE accounts SET logo = $2 WHERE id = $1";
}

/// A file of the caller's workspace: PNG.
///
/// # Errors
/// `NotFound` also for a logo that it had before.
pub async fn get(call: &mut Read<Member>, name: &str) -> Result<Vec<u8>> {
    let account = call.proof().account().clone();
    files::find(call.conn(), &account, name).await?.ok_or(Refusal::NotFound)
}

/// Takes the workspace's logo away. Without one nothing happens.
pub async fn remove(call: &mut Write<may::UpdateAccount>) -> Result<()> {
    call.lock_account().await?;
    let account = call.proof().account().clone();
    let tx = call.tx()?;
    let Some(before) = find(tx, &account).await? else { return Ok(()) };
    tx.run(SET_LOGO, args![&account, None::<String>]).await?;
    files::remove(tx, &account, &before).await?;
    audit::record(call, Action::SettingsUpdated, Some(&account), account.as_str(), &[("logo_before", &before)]).await
}

/// Gives a locked account another logo. False when it is the one it has.
pub(super) async fn set(tx: &mut Tx, account: &AccountId, picture: Picture, now: Instant) -> Result<bool> {
    let before = find(tx, account).await?;
    if before.as_ref() == Some(&picture.name) {
        return Ok(false);
    }
    if let Some(before) = before {
        files::remove(tx, account, &before).await?;
    }
    files::keep(tx, account, &picture.name, picture.png, now).await?;
    tx.run(SET_LOGO, args![account, picture.name]).await?;
    Ok(true)
}

async fn find(tx: &mut Tx, account: &AccountId) -> Result<Option<String>> {
    let (logo,): (Option<String>,) = tx.get(FIND_LOGO, args![account]).await?;
    Ok(logo)
}
