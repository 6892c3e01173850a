//! Sessions: the rows that say which browser is whose. The authority; nothing else lets anybody in.

use super::{Asked, Caller, SignedIn, SystemGrant, Write};
use crate::audit::{self, Action, Actor};
use crate::db::{Tx, locks};
use crate::mail::letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::sign_in::{devices, second_steps};
use crate::{Keel, args, ids, people, sql};
use keel_types::time::{DAY, MINUTE};
use keel_types::{AccountId, BrowserId, Email, Instant, MembershipId, SessionId, UserId};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// A session that was not used for so long is over.
pub(crate) const IDLE: i64 = 14 * DAY;
/// A session is over after so long in any case.
pub(crate) const ABSOLUTE: i64 = 30 * DAY;

/// How old `last_seen_at` and a membership's `last_active_at` may get before they are written again.
const SEEN_EVERY: i64 = 5 * MINUTE;

/// How long the last proof of who a person is counts for what cannot be taken back.
pub(super) const PROOF_LIFE: i64 = 10 * MINUTE;

sql! {
    // The account last used that is still the person's, else the oldest workspace, else the personal one. $2: whether there
    // are teams.
    FIND_USUAL_ACCOUNT = "SELECT m.account_id FROM memberships m JOIN accounts a ON a.id = m.account_id
        WHERE m.user_id = $1 AND NOT a.purging AND ($2 OR a.kind = 'personal')
        ORDER BY CASE WHEN a.id = (SELECT active_account_id FROM user_sessions WHERE user_id = $1 ORDER BY last_seen_at DESC, id DESC LIMIT 1)
                      THEN 0 WHEN a.kind = 'workspace' THEN 1 ELSE 2 END, m.created_at, m.id
        LIMIT 1";
    INSERT_SESSION = "INSERT INTO user_sessions
            (id, token_hash, user_id, active_account_id, factor, second_factor, agent, address, created_at, last_seen_at, proven_at,
             browser_id)
        VALUES ($1, $2, $3, $4, $5, $9, $6, $7, $8, $8, $8, $10)";
    RENEW_SESSION = "UPDATE user_sessions SET token_hash = $2, proven_at = $3, second_factor = COALESCE($4, second_factor)
        WHERE id = $1 AND revoked_at IS NULL";
    ROTATE_SESSION = "UPDATE user_sessions SET token_hash = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_SESSION = "UPDATE user_sessions SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_TOKEN = "UPDATE user_sessions SET revoked_at = $2 WHERE token_hash = $1 AND revoked_at IS NULL";
    REVOKE_OTHERS = "UPDATE user_sessions SET revoked_at = $3 WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL";
    REVOKE_ALL = "UPDATE user_sessions SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL";
    SET_ACTIVE_ACCOUNT = "UPDATE user_sessions SET active_account_id = $2 WHERE id = $1";
    SEE_SESSION = "UPDATE user_sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2 AND revoked_at IS NULL";
    SEE_MEMBER = "UPDATE memberships SET last_active_at = $2 WHERE id = $1 AND (last_active_at IS NULL OR last_active_at < $2)";
}

/// What a person signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factor {
    /// The link of a mail.
    Link,
    /// The six digits of a mail.
    Code,
    /// The password.
    Password,
    /// A passkey.
    Passkey,
    /// The word of a provider of sign-ins.
    Provider,
}

impl Factor {
    /// The word as kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Code => "code",
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
        }
    }

    /// Reads the word as kept.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Link, Self::Code, Self::Password, Self::Passkey, Self::Provider].into_iter().find(|factor| factor.as_str() == word)
    }
}

/// What a person showed beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// A code of their app.
    Totp,
    /// A recovery code.
    Recovery,
    /// A passkey.
    Passkey,
}

impl SecondFactor {
    /// The word as kept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Recovery => "recovery",
            Self::Passkey => "passkey",
        }
    }
}

/// Starts a session and ends the one the browser had. Gives the token for the cookie: a new one at every sign-in.
pub(crate) async fn start(
    tx: &mut Tx,
    keel: &Keel,
    user: &UserId,
    (factor, second): (Factor, Option<SecondFactor>),
    browser: &BrowserId,
    asked: &Asked,
    now: Instant,
) -> Result<(SessionId, PlainToken)> {
    if let Some(before) = &asked.session {
        tx.run(REVOKE_TOKEN, args![&before.hashed(), now]).await?;
    }
    let (account,): (String,) = tx.get(FIND_USUAL_ACCOUNT, args![user, keel.settings().model().has_teams()]).await?;
    let (id, token) = (ids::new::<SessionId>(), PlainToken::random());
    let (agent, address, second) = (asked.agent.as_str(), asked.address.as_str(), second.map(|second| second.as_str().to_owned()));
    let row = args![&id, &token.hashed(), user, account, factor.as_str(), agent, address, now, second, browser];
    tx.run(INSERT_SESSION, row).await?;
    Ok((id, token))
}

/// Remembers that the session's person has proven who they are, by this second factor if by one. Gives the token for the cookie: a
/// new one, because the session may do more from now on; the one before opens nothing.
pub(crate) async fn renew(tx: &mut Tx, session: &SessionId, second: Option<SecondFactor>, now: Instant) -> Result<PlainToken> {
    let token = PlainToken::random();
    let second = second.map(|second| second.as_str().to_owned());
    if tx.ran(RENEW_SESSION, args![session, &token.hashed(), now, second]).await? { Ok(token) } else { Err(Refusal::SignInNeeded) }
}

/// Gives the session a new token for the cookie, and nothing more; the one before opens nothing.
pub(crate) async fn rotate(tx: &mut Tx, session: &SessionId) -> Result<PlainToken> {
    let token = PlainToken::random();
    if tx.ran(ROTATE_SESSION, args![session, &token.hashed()]).await? { Ok(token) } else { Err(Refusal::SignInNeeded) }
}

/// Ends every session of a person but this one, whose browser alone stays known.
pub(crate) async fn end_others(tx: &mut Tx, user: &UserId, stays: &SessionId, now: Instant) -> Result<()> {
    tx.run(REVOKE_OTHERS, args![user, stays, now]).await?;
    devices::forget_others(tx, user, stays).await
}

/// Ends every session of the person with this address, and every sign-in that waits for its second step, for an operator. They are told
/// by mail, and nothing else of theirs changes.
///
/// # Errors
/// `NotFound` when nobody has signed up with it.
pub async fn end_for_operator(system: &SystemGrant, email: &Email) -> Result<()> {
    let (keel, now) = (system.keel(), system.keel().now());
    let mut tx = keel.db().begin().await?;
    let user = people::find(&mut tx, email).await?.ok_or(Refusal::NotFound)?;
    locks::lock_user(&mut tx, &user).await?;
    end_all(&mut tx, &user, None, now).await?;
    second_steps::end_all(&mut tx, &user, now).await?;
    audit::write(&mut tx, &Actor::System(system.reason()), Action::SessionEnded, None, user.as_str(), &[("what", "all")], now).await?;
    letters::sessions_ended(&mut tx, keel, email).await?;
    Ok(tx.commit().await?)
}

/// Ends every session of a person. No browser is known to be theirs any more but the one that is `here`, if any.
pub(crate) async fn end_all(tx: &mut Tx, user: &UserId, here: Option<&BrowserId>, now: Instant) -> Result<()> {
    tx.run(REVOKE_ALL, args![user, now]).await?;
    devices::forget_all(tx, user, here).await
}

/// Makes the account the one this session's pages are about.
pub(crate) async fn set_active_account(tx: &mut Tx, session: &SessionId, account: &AccountId) -> Result<()> {
    tx.run(SET_ACTIVE_ACCOUNT, args![session, account]).await?;
    Ok(())
}

/// Ends the caller's session; its token opens nothing from now on. The browser goes on being known.
pub async fn sign_out(call: &mut Write<SignedIn>) -> Result<()> {
    let (session, now) = (call.proof().session.clone(), call.now());
    call.tx()?.run(REVOKE_SESSION, args![&session, now]).await?;
    audit::record(call, Action::SignedOut, None, session.as_str(), &[]).await
}

/// Sessions, and memberships used in them, seen since the last time they were written down. In the order of their ids, so
/// that no two instances that write them wait for each other.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Sightings>);

#[derive(Debug, Default)]
struct Sightings {
    sessions: BTreeMap<SessionId, Instant>,
    members: BTreeMap<MembershipId, Instant>,
}

impl Seen {
    pub(super) fn note(&self, caller: &Caller, now: Instant) {
        let standing = caller.usual_standing();
        let session = now.since(caller.last_seen) >= SEEN_EVERY;
        let member = standing.last_active.is_none_or(|last| now.since(last) >= SEEN_EVERY);
        if !session && !member {
            return;
        }
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if session {
            seen.sessions.insert(caller.session.clone(), now);
        }
        if member {
            seen.members.insert(standing.membership.clone(), now);
        }
    }

    /// Writes them down, all in one transaction. What is lost in a crash is at most five minutes of an idle limit of 14 days.
    pub(crate) async fn flush(&self, keel: &Keel) -> Result<()> {
        let seen = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if seen.sessions.is_empty() && seen.members.is_empty() {
            return Ok(());
        }
        let mut tx = keel.db().begin().await?;
        for (session, at) in &seen.sessions {
            tx.run(SEE_SESSION, args![session, *at]).await?;
        }
        for (member, at) in &seen.members {
            tx.run(SEE_MEMBER, args![member, *at]).await?;
        }
        Ok(tx.commit().await?)
    }
}
