//! Two-step verification: what a person shows beside the first factor, turning it on and off, and the workspaces that require it.
//! The second step of a sign-in is [`crate::sign_in::second_steps`]. Tested in `tests/flows/two_step.rs`.

pub mod news;
mod recovery;
pub mod requirement;
mod totp;

pub use recovery::{RecoveryCode, carried, carry, renew as renew_recovery_codes};
pub use totp::{Pending, confirm, find_pending, start, turn_off};

use crate::access::sessions::{self, SecondFactor};
use crate::access::{Caller, Read, SignedIn};
use crate::db::{Conn, Tx, locks};
use crate::passkeys::{self, Assertion, Purpose};
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{Keel, args, sql};
use keel_types::{Code, Fault, Instant, UserId};

sql! {
    FIND_WAYS = "SELECT (SELECT confirmed_at FROM totp WHERE user_id = $1 AND secret IS NOT NULL) AS app_since,
        (SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL) AS recovery_codes,
        (SELECT COUNT(*) FROM passkeys WHERE user_id = $1) AS passkeys";
    FIND_REQUIRING = "SELECT a.name FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1 AND a.two_step_required AND NOT a.purging LIMIT 1";
    // As staff, or by a workspace of theirs.
    IS_REQUIRED = "SELECT u.platform_role IS NOT NULL OR EXISTS (SELECT 1 FROM memberships m JOIN accounts a ON a.id = m.account_id
            WHERE m.user_id = u.id AND a.two_step_required AND NOT a.purging)
        FROM users u WHERE u.id = $1";
    FORGET_SECOND_FACTORS = "UPDATE user_sessions SET second_factor = NULL WHERE user_id = $1";
}

/// What a person can show beside the first factor. Another kind is another field here, a column of [`FIND_WAYS`], a word in
/// [`Ways::any`], and a condition in [`news`].
#[derive(Clone, Copy, Debug, sqlx::FromRow)]
pub struct Ways {
    /// Since when an app shows codes, if one does: milliseconds.
    pub app_since: Option<i64>,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
    /// How many passkeys there are.
    pub passkeys: i64,
}

impl Ways {
    /// Whether two-step verification is on: signing in takes a second step. A passkey turns on nothing: who has one signs in with it,
    /// which is both factors at once, or in another way as before.
    pub fn is_on(&self) -> bool {
        self.app_since.is_some()
    }

    /// Whether there is a second factor. Recovery codes stand in for one that is out of reach, and are none by themselves.
    pub fn any(&self) -> bool {
        self.is_on() || self.passkeys > 0
    }
}

/// What a person can show beside the first factor.
pub(crate) async fn ways(conn: &mut Conn, user: &UserId) -> Result<Ways> {
    Ok(conn.get(FIND_WAYS, args![user]).await?)
}

/// What the caller can show beside the first factor.
pub async fn ways_of_caller(call: &mut Read<SignedIn>) -> Result<Ways> {
    let user = call.proof().user.clone();
    ways(call.conn(), &user).await
}

/// What somebody shows as their second factor.
#[derive(Clone, Debug)]
pub enum Shown {
    /// Six digits of the app.
    Code(String),
    /// One of the codes that stand in for the app or a passkey.
    RecoveryCode(RecoveryCode),
    /// What one of the person's passkeys signed, with the token of the browser that was asked for it.
    Passkey(PlainToken, Box<Assertion>),
}

impl Shown {
    /// Which factor it would be.
    pub(crate) fn factor(&self) -> SecondFactor {
        match self {
            Self::Code(_) => SecondFactor::Totp,
            Self::RecoveryCode(_) => SecondFactor::Recovery,
            Self::Passkey(..) => SecondFactor::Passkey,
        }
    }
}

/// What a person gets who has just added a second factor.
#[derive(Debug)]
pub struct Added {
    /// For the session cookie: the session may do more from now on.
    pub token: PlainToken,
    /// To be kept safe; none for a person who has some.
    pub codes: Vec<RecoveryCode>,
}

/// After a second factor was added, behind the person's lock: the session counts as one with it, and who has no recovery code gets ten.
pub(crate) async fn added(tx: &mut Tx, caller: &Caller, factor: SecondFactor, now: Instant) -> Result<Added> {
    let has_codes = ways(tx, &caller.user).await?.recovery_codes > 0;
    let codes = if has_codes { vec![] } else { recovery::replace(tx, &caller.user).await? };
    let token = sessions::renew(tx, &caller.session, Some(factor), now).await?;
    Ok(Added { token, codes })
}

/// Takes what is shown as the person's second factor; it does not count a second time. Takes the person's lock. A refusal is a value:
/// what is counted of it must be committed.
pub(crate) async fn take(
    tx: &mut Tx,
    keel: &Keel,
    user: &UserId,
    shown: &Shown,
    now: Instant,
) -> Result<std::result::Result<SecondFactor, Fault>> {
    locks::lock_user(tx, user).await?;
    let taken = match shown {
        Shown::Code(code) => totp::take(tx, keel, user, code, now).await?,
        Shown::RecoveryCode(code) => recovery::take(tx, keel, user, code, now).await?,
        Shown::Passkey(browser, assertion) => {
            passkeys::prove(tx, keel, browser, Purpose::SecondFactor, assertion, Some(user)).await?.map(drop).map_err(|(fault, _)| fault)
        }
    };
    Ok(taken.map(|()| shown.factor()))
}

/// Refuses people who have turned two-step verification on.
pub(crate) async fn require_off(conn: &mut Conn, user: &UserId) -> Result<()> {
    if ways(conn, user).await?.is_on() { Err(Refusal::TwoStepNeeded) } else { Ok(()) }
}

/// Refuses a session that has shown no second factor, of a person who has one and of whom one is required, as staff or by a workspace
/// of theirs: who has the first factor alone adds no second one of their own, makes no recovery codes, and changes nothing else about how
/// the person signs in. Where none is required, who reads the mailbox may part with a lost passkey. Called behind the person's lock.
pub(crate) async fn require_shown(conn: &mut Conn, caller: &Caller) -> Result<()> {
    if caller.second_factor || !is_owed(conn, &caller.user).await? { Ok(()) } else { Err(Refusal::TwoStepNeeded) }
}

/// Whether a person has a second factor, and one is required of them.
pub(crate) async fn is_owed(conn: &mut Conn, user: &UserId) -> Result<bool> {
    if !ways(conn, user).await?.any() {
        return Ok(false);
    }
    let (required,): (bool,) = conn.get(IS_REQUIRED, args![user]).await?;
    Ok(required)
}

/// After one way was taken away: with the last of all, no recovery code is left, and no session counts as begun with a second factor
/// any more.
///
/// # Errors
/// `Refused(TwoStepKept)` when it was the last, while a workspace of the person's requires one.
pub(crate) async fn end_if_last(tx: &mut Tx, user: &UserId) -> Result<()> {
    if ways(tx, user).await?.any() {
        return Ok(());
    }
    if tx.find::<(String,)>(FIND_REQUIRING, args![user]).await?.is_some() {
        return Err(Refusal::Refused(Code::TwoStepKept));
    }
    recovery::clear(tx, user).await?;
    tx.run(FORGET_SECOND_FACTORS, args![user]).await?;
    Ok(())
}
