//! A new proof of who one is, for what cannot be taken back: the password, a passkey, or a mailed code that counts for this session
//! and nothing else. For people with two-step verification neither password nor code is enough: they show their second factor, which
//! whoever has got hold of the session or the mailbox lacks. It is remembered on the session, whose token is another one from then on.
//! Tested in `tests/flows/step_up.rs`, `tests/flows/two_step/step_up.rs` and `tests/flows/passkeys.rs`.

use super::{COOL_DOWN, LIFE};
use crate::access::sessions::{self, Factor, SecondFactor};
use crate::access::{Caller, Read, SignedIn, Write};
use crate::audit::{self, Action};
use crate::limits::{self, Take};
use crate::mail::letters;
use crate::passwords::{HashedPassword, Password};
use crate::refusal::{Refusal, Result};
use crate::secrets::{PlainToken, six_digits};
use crate::two_step::{self, Shown};
use crate::{args, sql};
use keel_types::time::SECOND;
use keel_types::{Fault, Instant};

/// Wrong codes before a new one is needed.
const TRIES: i64 = 5;
/// What the code is signed for: no code of a sign-in is one of these, nor the other way round.
const CODE: &str = "step-up code";

sql! {
    FIND_WAYS = "SELECT u.password_hash IS NOT NULL, s.mailed_at FROM users u LEFT JOIN step_ups s ON s.session_id = $2 AND s.expires_at > $3
        WHERE u.id = $1";
    // The newest code takes the place of the one before, after the cool-down.
    KEEP_CODE = "INSERT INTO step_ups (session_id, email, code_hash, mailed_at, expires_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (session_id) DO UPDATE SET email = excluded.email, code_hash = excluded.code_hash, tries = 0,
            mailed_at = excluded.mailed_at, expires_at = excluded.expires_at
        WHERE step_ups.mailed_at <= $6";
    FIND_MAILED = "SELECT mailed_at FROM step_ups WHERE session_id = $1";
    // A try is taken before the code is compared, so that parallel ones get five in all.
    TAKE_TRY = "UPDATE step_ups SET tries = tries + 1 WHERE session_id = $1 AND email = $2 AND expires_at > $3 AND tries < $4
        RETURNING code_hash, tries";
    USE_CODE = "DELETE FROM step_ups WHERE session_id = $1 AND code_hash = $2";
    FIND_STATE = "SELECT tries, expires_at FROM step_ups WHERE session_id = $1";
    FIND_PASSWORD = "SELECT password_hash FROM users WHERE id = $1";
    // Takes the person's lock: a password that is replaced meanwhile proves nothing.
    HOLD_PASSWORD = "UPDATE users SET revision = revision + 1 WHERE id = $1 AND password_hash = $2";
}

/// How the caller can prove who they are.
#[derive(Clone, Copy, Debug)]
pub struct Ways {
    /// Whether they have a password.
    pub password: bool,
    /// Whether a code was mailed for this session and still counts.
    pub mailed: bool,
    /// What they can show as their second factor; with two-step verification on, nothing else counts.
    pub second: two_step::Ways,
}

/// What the caller can prove who they are with.
pub async fn ways(call: &mut Read<SignedIn>) -> Result<Ways> {
    let (caller, now) = (call.proof().clone(), call.now());
    let (password, mailed): (bool, Option<i64>) = call.conn().get(FIND_WAYS, args![&caller.user, &caller.session, now]).await?;
    let second = two_step::ways(call.conn(), &caller.user).await?;
    Ok(Ways { password, mailed: mailed.is_some(), second })
}

/// Mails a code to the caller; an earlier one is dead.
///
/// # Errors
/// `TooMany` mails, or within the cool-down; `TwoStepNeeded` for people with two-step verification.
pub async fn mail_code(call: &mut Write<SignedIn>) -> Result<()> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    let code = six_digits();
    let code_hash = keel.settings().secret.sign(CODE, &signed(&caller, &code));
    let tx = call.tx()?;
    two_step::require_off(tx, &caller.user).await?;
    Take::mail(limits::STEP_UP_MAILS, tx, &keel, &asked, &caller.email).await?.take(tx, now).await?;
    let kept = args![&caller.session, &caller.email, code_hash, now, now.plus(LIFE), now.plus(-COOL_DOWN)];
    if !tx.ran(KEEP_CODE, kept).await? {
        let (mailed_at,): (i64,) = tx.get(FIND_MAILED, args![&caller.session]).await?;
        let wait = (mailed_at + COOL_DOWN - now.0).clamp(SECOND, COOL_DOWN);
        return Err(Refusal::TooMany { retry_after: u32::try_from((wait + SECOND - 1) / SECOND).unwrap_or(1) });
    }
    letters::step_up(tx, &keel, &caller.email, &code).await
}

/// Takes the code as the proof. Gives the session's new token. A refusal is a value: its count must be committed.
///
/// # Errors
/// `TooMany` codes were tried at this address, or wrong ones by this client; `TwoStepNeeded` for people with two-step verification.
pub async fn by_code(call: &mut Write<SignedIn>, code: &str) -> Result<std::result::Result<PlainToken, Fault>> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    two_step::require_off(tx, &caller.user).await?;
    let take = Take::attempt(limits::STEP_UP_CODES, tx, &keel, &asked, &caller.email).await?;
    take.take(tx, now).await?;
    // Whoever turns two-step verification on at the same instant was first, or comes second and ends this.
    call.lock_caller().await?;
    let tx = call.tx()?;
    two_step::require_off(tx, &caller.user).await?;
    let taken: Option<(String, i64)> = tx.find(TAKE_TRY, args![&caller.session, &caller.email, now, TRIES]).await?;
    let Some((code_hash, tries)) = taken else {
        take.give_back(tx).await?;
        return why_no_try(call, now).await.map(Err);
    };
    if !keel.settings().secret.signed(CODE, &signed(&caller, code), &code_hash) {
        record(call, Action::SignInFailed, Factor::Code.as_str()).await?;
        return Ok(Err(if tries >= TRIES { Fault::NoTriesLeft } else { Fault::WrongCode }));
    }
    if !tx.ran(USE_CODE, args![&caller.session, code_hash]).await? {
        return Ok(Err(Fault::UsedCode));
    }
    take.give_back(tx).await?;
    proven(call, Factor::Code.as_str(), None).await.map(Ok)
}

async fn why_no_try(call: &mut Write<SignedIn>, now: Instant) -> Result<Fault> {
    let session = call.proof().session.clone();
    let state: Option<(i64, i64)> = call.tx()?.find(FIND_STATE, args![&session]).await?;
    Ok(match state {
        None => Fault::UsedCode,
        Some((tries, expires_at)) if tries >= TRIES && expires_at > now.0 => Fault::NoTriesLeft,
        Some(_) => Fault::ExpiredCode,
    })
}

/// Takes the password as the proof. Gives the session's new token. A refusal is a value: its count must be committed.
///
/// # Errors
/// `TooMany` tries; `Unavailable` while too many passwords are being hashed; `TwoStepNeeded` for people with two-step verification.
pub async fn by_password(call: &mut Write<SignedIn>, password: Password) -> Result<std::result::Result<PlainToken, Fault>> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    let place = keel.place_at_hashing()?;
    let tx = call.tx()?;
    two_step::require_off(tx, &caller.user).await?;
    let take = Take::attempt(limits::PASSWORDS, tx, &keel, &asked, &caller.email).await?;
    take.take(tx, now).await?;
    let (kept,): (Option<String>,) = tx.get(FIND_PASSWORD, args![&caller.user]).await?;
    let kept = kept.map(HashedPassword::kept);
    let compared = kept.clone();
    let fits = call.outside(|keel, _| async move { keel.hashing().fits(place, password, compared).await }).await?;
    let tx = call.tx()?;
    if fits
        && let Some(kept) = &kept
        && tx.ran(HOLD_PASSWORD, args![&caller.user, kept]).await?
    {
        // Turned on while the password was compared.
        two_step::require_off(tx, &caller.user).await?;
        take.give_back(tx).await?;
        return proven(call, Factor::Password.as_str(), None).await.map(Ok);
    }
    record(call, Action::SignInFailed, Factor::Password.as_str()).await?;
    Ok(Err(Fault::NotThePassword))
}

/// Takes the second factor as the proof; the session counts as one with a second factor from now on. Gives its new token. A refusal is
/// a value: its count must be committed.
///
/// # Errors
/// `TooMany` tries for this person, or wrong ones by this client.
pub async fn by_second_factor(call: &mut Write<SignedIn>, shown: &Shown) -> Result<std::result::Result<PlainToken, Fault>> {
    let (caller, keel, asked, now) = (call.proof().clone(), call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let take = Take::second_factor(tx, &keel, &asked, &caller.email, shown).await?;
    take.take(tx, now).await?;
    match two_step::take(tx, &keel, &caller.user, shown, now).await? {
        Ok(second) => {
            take.give_back(tx).await?;
            proven(call, second.as_str(), Some(second)).await.map(Ok)
        }
        Err(fault) => {
            record(call, Action::SignInFailed, shown.factor().as_str()).await?;
            Ok(Err(fault))
        }
    }
}

/// What of a code is signed: it counts for one session, and for the address it was mailed to.
fn signed(caller: &Caller, code: &str) -> String {
    format!("{} {} {code}", caller.session, caller.email)
}

async fn proven(call: &mut Write<SignedIn>, factor: &str, second: Option<SecondFactor>) -> Result<PlainToken> {
    let (session, now) = (call.proof().session.clone(), call.now());
    let token = sessions::renew(call.tx()?, &session, second, now).await?;
    record(call, Action::SteppedUp, factor).await?;
    Ok(token)
}

async fn record(call: &mut Write<SignedIn>, action: Action, factor: &str) -> Result<()> {
    let session = call.proof().session.clone();
    audit::record(call, action, None, session.as_str(), &[("factor", factor), ("purpose", "step-up")]).await
}
