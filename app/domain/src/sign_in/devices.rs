//! Browsers that are known to be somebody's, because they have signed in as them. Such a browser has a cookie that names it; what it
//! tries is counted apart from what strangers try, so that strangers cannot use up the person's tries, and a sign-in in it is no news
//! to be mailed. It opens nothing by itself. Who signs out in it goes on being known there; a browser whose session is ended from
//! elsewhere is known no more, in the same transaction. Whoever remembers or forgets holds the person's lock. Tested in
//! `tests/flows/identity/browsers.rs`.

use crate::access::Asked;
use crate::db::{Conn, Tx};
use crate::refusal::Result;
use crate::{Keel, args, ids, sql};
use keel_types::{BrowserId, Email, Instant, SessionId, UserId};

const PURPOSE: &str = "known browser";

sql! {
    COUNT_KNOWN = "SELECT COUNT(*) FROM known_browsers b JOIN users u ON u.id = b.user_id WHERE b.id = $1 AND u.email = $2";
    REMEMBER = "INSERT INTO known_browsers (id, user_id, created_at, seen_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";
    FORGET = "DELETE FROM known_browsers WHERE user_id = $1 AND id = (SELECT browser_id FROM user_sessions WHERE id = $2 AND user_id = $1)";
    // A session of before browsers were kept knows none.
    FORGET_OTHERS = "DELETE FROM known_browsers WHERE user_id = $1
        AND id <> COALESCE((SELECT browser_id FROM user_sessions WHERE id = $2 AND user_id = $1), '')";
    FORGET_ALL = "DELETE FROM known_browsers WHERE user_id = $1 AND id <> $2";
}

/// The browser that asks, if it is known to be that of the person with this address.
pub(crate) async fn recognise(conn: &mut Conn, keel: &Keel, asked: &Asked, email: &Email) -> Result<Option<BrowserId>> {
    let named = asked.device.as_deref().and_then(|cookie| keel.settings().secret.open::<BrowserId>(PURPOSE, cookie));
    let Some(browser) = named else { return Ok(None) };
    let (known,): (i64,) = conn.get(COUNT_KNOWN, args![&browser, email]).await?;
    Ok((known > 0).then_some(browser))
}

/// The person signs in, in a browser that was `recognised` as theirs or is from now on.
pub(super) async fn remember(tx: &mut Tx, user: &UserId, recognised: Option<BrowserId>, now: Instant) -> Result<BrowserId> {
    let browser = recognised.unwrap_or_else(ids::new::<BrowserId>);
    tx.run(REMEMBER, args![&browser, user, now]).await?;
    Ok(browser)
}

/// The cookie by which this browser is recognised.
pub(super) fn cookie(keel: &Keel, browser: &BrowserId) -> String {
    keel.settings().secret.seal(PURPOSE, browser)
}

/// The browser of this session is known no more.
pub(super) async fn forget(tx: &mut Tx, user: &UserId, session: &SessionId) -> Result<()> {
    tx.run(FORGET, args![user, session]).await?;
    Ok(())
}

/// No browser of the person's is known but that of this session.
pub(crate) async fn forget_others(tx: &mut Tx, user: &UserId, stays: &SessionId) -> Result<()> {
    tx.run(FORGET_OTHERS, args![user, stays]).await?;
    Ok(())
}

/// No browser of the person's is known but the one that `stays`, if any.
pub(crate) async fn forget_all(tx: &mut Tx, user: &UserId, stays: Option<&BrowserId>) -> Result<()> {
    tx.run(FORGET_ALL, args![user, stays.map_or("", BrowserId::as_str)]).await?;
    Ok(())
}
