//! A person's own password: another one in place of the one they know, or a first one. Hashing happens between two transactions.
//! Tested in `tests/flows/identity/passwords.rs`.

use super::end_old_ways;
use crate::access::sessions::{self, Factor};
use crate::access::{Caller, Door, Fresh, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::limits::{self, Take};
use crate::passwords::{HashedPassword, Password};
use crate::refusal::{FieldFault, Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, sql};
use keel_types::Fault;

sql! {
    HAS_PASSWORD = "SELECT password_hash IS NOT NULL FROM users WHERE id = $1";
    FIND_PASSWORD = "SELECT password_hash FROM users WHERE id = $1";
    // Only in place of the one that was compared.
    REPLACE = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash = $3";
    SET_FIRST = "UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash IS NULL";
}

/// What is wrong with the current password, and with the new one.
const CURRENT: &str = "current_password";
const NEW: &str = "password";

/// Whether the caller has a password.
pub async fn has_one(call: &mut Read<SignedIn>) -> Result<bool> {
    let user = call.proof().user.clone();
    let (has_one,): (bool,) = call.conn().get(HAS_PASSWORD, args![&user]).await?;
    Ok(has_one)
}

/// Keeps another password, for a caller who knows the one there is. Every other session and every link to a new password ends, and
/// it is mailed that this happened. Gives the session's new token. A refusal is a value: its count must be committed.
///
/// # Errors
/// `TooMany` tries; `Unavailable` while too many passwords are being hashed.
pub async fn change(call: &mut Write<SignedIn>, current: Password, new: Password) -> Result<std::result::Result<PlainToken, FieldFault>> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    let (place, next_place) = (keel.place_at_hashing()?, keel.place_at_hashing()?);
    let tx = call.tx()?;
    let take = Take::attempt(limits::PASSWORDS, tx, &keel, &asked, &caller.email).await?;
    take.take(tx, now).await?;
    let (kept,): (Option<String>,) = tx.get(FIND_PASSWORD, args![&caller.user]).await?;
    let kept = kept.map(HashedPassword::kept);
    let (compared, judged_for) = (kept.clone(), caller.email.clone());
    let hashed = call.outside(|keel, _| async move {
        if keel.hashing().fits(place, current, compared).await? {
            keel.hashing().hash(next_place, new, judged_for).await.map(Some)
        } else {
            Ok(None)
        }
    });
    let hashed = hashed.await?;
    call.lock_caller().await?;
    let tx = call.tx()?;
    match (hashed, kept) {
        (Some(Ok(hashed)), Some(kept)) if tx.ran(REPLACE, args![&caller.user, &hashed, &kept]).await? => {
            take.give_back(tx).await?;
            let token = sessions::rotate(tx, &caller.session).await?;
            replaced(call).await?;
            Ok(Ok(token))
        }
        (Some(Err(fault)), _) => {
            take.give_back(tx).await?;
            Ok(Err(FieldFault { field: NEW, fault }))
        }
        _ => {
            let metadata = [("factor", Factor::Password.as_str())];
            audit::record(call, Action::SignInFailed, None, caller.session.as_str(), &metadata).await?;
            Ok(Err(FieldFault { field: CURRENT, fault: Fault::NotThePassword }))
        }
    }
}

/// Keeps the first password of a caller who has none, and does what [`change`] does.
///
/// # Errors
/// `Invalid` when there is one by now; `Unavailable` while too many passwords are being hashed.
pub async fn set(call: &mut Write<Fresh<SignedIn>>, new: Password) -> Result<std::result::Result<PlainToken, FieldFault>> {
    let (caller, place) = (call.proof().clone(), call.keel().place_at_hashing()?);
    let judged_for = caller.email.clone();
    let hashed = match call.outside(|keel, _| async move { keel.hashing().hash(place, new, judged_for).await }).await? {
        Ok(hashed) => hashed,
        Err(fault) => return Ok(Err(FieldFault { field: NEW, fault })),
    };
    call.lock_caller().await?;
    let tx = call.tx()?;
    if !tx.ran(SET_FIRST, args![&caller.user, &hashed]).await? {
        return Err(Refusal::field(CURRENT, Fault::Required));
    }
    let token = sessions::rotate(tx, &caller.session).await?;
    replaced(call).await?;
    Ok(Ok(token))
}

async fn replaced<D: Door<Proof = Caller>>(call: &mut Write<D>) -> Result<()> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    end_old_ways(call.tx()?, &keel, &asked, &caller.user, &caller.email, Some(&caller.session), now).await
}
