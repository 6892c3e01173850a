//! A person's own sessions: where they are signed in, and the end of that. What is ended is over at once, also for whoever is in
//! the middle of something: what had begun may finish, nothing begins. Tested in `tests/flows/identity/sessions.rs`.

use super::devices;
use crate::access::sessions::{self, ABSOLUTE, Factor, IDLE};
use crate::access::{Fresh, Read, SignedIn, Write};
use crate::agents::Agent;
use crate::audit::{self, Action};
use crate::refusal::{Refusal, Result};
use crate::{args, sql};
use keel_types::{Instant, SessionId};

/// Sessions that are shown, the last used ones. Whoever has more ends them all.
const MOST: u32 = 100;

sql! {
    // $4: the session of the call, which is first.
    LIST_OWN = "SELECT id, factor, agent, address, created_at, last_seen_at FROM user_sessions
        WHERE user_id = $1 AND revoked_at IS NULL AND last_seen_at > $2 AND created_at > $3
        ORDER BY id <> $4, last_seen_at DESC, id DESC LIMIT 0 + $5";
    // And whatever else was begun in its browser: somebody may have signed in there anew since the list was shown. $4: the session of
    // the call, which stays where its own browser's cookie was copied.
    END = "UPDATE user_sessions SET revoked_at = $3 WHERE user_id = $2 AND revoked_at IS NULL AND (id = $1
        OR (id <> $4 AND browser_id = (SELECT s.browser_id FROM user_sessions s WHERE s.id = $1 AND s.user_id = $2)))";
    IS_OWN = "SELECT COUNT(*) FROM user_sessions WHERE id = $1 AND user_id = $2";
}

/// A browser in which the person is signed in.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session.
    pub id: SessionId,
    /// What the browser says it is.
    pub agent: Agent,
    /// Where it was when it signed in.
    pub address: String,
    /// By what.
    pub factor: Option<Factor>,
    /// When.
    pub started: Instant,
    /// When it was seen last, to five minutes.
    pub last_seen: Instant,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    #[sqlx(try_from = "String")]
    id: SessionId,
    factor: String,
    agent: String,
    address: String,
    created_at: i64,
    last_seen_at: i64,
}

/// The sessions of the caller that are not over, the one that asks first, then the last used; at most a hundred.
pub async fn list(call: &mut Read<SignedIn>) -> Result<Vec<Session>> {
    let (caller, now) = (call.proof().clone(), call.now());
    let args = args![&caller.user, now.plus(-IDLE), now.plus(-ABSOLUTE), &caller.session, MOST];
    let rows: Vec<SessionRow> = call.conn().list(LIST_OWN, args).await?;
    let session = |row: SessionRow| Session {
        agent: Agent::read(&row.agent),
        address: row.address,
        factor: Factor::parse(&row.factor),
        started: Instant(row.created_at),
        last_seen: Instant(row.last_seen_at),
        is_this: row.id == caller.session,
        id: row.id,
    };
    Ok(rows.into_iter().map(session).collect())
}

/// Ends one of the caller's sessions, and whatever else is done in its browser, which is known no more. One that is over already
/// stays so.
///
/// # Errors
/// `NotFound` for nobody's and for somebody else's.
pub async fn end(call: &mut Write<Fresh<SignedIn>>, session: &SessionId) -> Result<()> {
    call.lock_caller().await?;
    let (caller, now) = (call.proof().clone(), call.now());
    let tx = call.tx()?;
    devices::forget(tx, &caller.user, session).await?;
    if tx.run(END, args![session, &caller.user, now, &caller.session]).await? > 0 {
        return audit::record(call, Action::SessionEnded, None, session.as_str(), &[]).await;
    }
    let (own,): (i64,) = tx.get(IS_OWN, args![session, &caller.user]).await?;
    if own > 0 { Ok(()) } else { Err(Refusal::NotFound) }
}

/// Ends every session of the caller but this one; no other browser is known any more. Of two that end each other at the same instant
/// one stays.
pub async fn end_others(call: &mut Write<Fresh<SignedIn>>) -> Result<()> {
    call.lock_caller().await?;
    let (caller, now) = (call.proof().clone(), call.now());
    sessions::end_others(call.tx()?, &caller.user, &caller.session, now).await?;
    audit::record(call, Action::SessionEnded, None, caller.user.as_str(), &[("what", "others")]).await
}
