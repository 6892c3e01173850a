//! A workspace that requires two-step verification: its doors open only to sessions begun with a second factor
//! (`access::Caller::standing`).

use super::{news, ways};
use crate::access::{Fresh, Write};
use crate::audit::{self, Action};
use crate::db::locks;
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::permission::may;
use keel_types::{AccountKind, Code};

sql! {
    SET_REQUIRED = "UPDATE accounts SET two_step_required = $2 WHERE id = $1";
}

/// Lets the workspace require it, or not, from everybody's next request on. Members who have none are told by mail. Whoever lets it
/// must have a second factor and have signed in with it, so that nobody shuts themselves out. Nothing happens where nothing changes.
///
/// # Errors
/// `Refused(TwoStepOff)`; `NotFound` for a personal account.
pub async fn set(call: &mut Write<Fresh<may::UpdateAccount>>, required: bool) -> Result<()> {
    if call.proof().standing().kind != AccountKind::Workspace {
        return Err(Refusal::NotFound);
    }
    // The person first: turning it off waits, and finds that it is required.
    let user = call.proof().actor().user.clone();
    locks::lock_user(call.tx()?, &user).await?;
    call.lock_account().await?;
    let (standing, now) = (call.proof().standing().clone(), call.now());
    if standing.two_step_required == required {
        return Ok(());
    }
    let has_shown_it = call.proof().actor().second_factor;
    let tx = call.tx()?;
    if required && !(has_shown_it && ways(tx, &user).await?.any()) {
        return Err(Refusal::Refused(Code::TwoStepOff));
    }
    tx.run(SET_REQUIRED, args![&standing.account, required]).await?;
    if required {
        news::add(tx, &standing.account, now).await?;
    } else {
        news::forget(tx, &standing.account).await?;
    }
    let changed = [("two_step_required", if required { "on" } else { "off" })];
    audit::record(call, Action::SettingsUpdated, Some(&standing.account), standing.account.as_str(), &changed).await
}
