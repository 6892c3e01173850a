//! A new password for somebody who cannot sign in with the old one: a mailed link, good once, for ten minutes, opens the
//! page where it is chosen. Looking at the link uses nothing up. A newer link does not end an earlier one, or whoever knows
//! the address could keep its owner out; the first one used ends them all.

use super::{LIFE, Welcome, Wish, finish};
use crate::access::sessions::Factor;
use crate::access::{Read, Visitor, Write};
use crate::billing::catalogue::Choice;
use crate::db::Conn;
use crate::limits::{self, Take};
use crate::passwords::Password;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, ids, mail, people, sql};
use keel_types::{Code, Email, Fault, Instant, ResetId, url};

sql! {
    INSERT = "INSERT INTO password_resets (id, user_id, email, link_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    // Bound to the person and to the address it was mailed to.
    FIND = "SELECT u.email, r.expires_at, r.used_at FROM password_resets r
        JOIN users u ON u.id = r.user_id AND u.email = r.email WHERE r.link_hash = $1";
    USE = "UPDATE password_resets SET used_at = $2 WHERE link_hash = $1 AND used_at IS NULL AND expires_at > $2";
}

#[derive(sqlx::FromRow)]
struct ResetRow {
    #[sqlx(try_from = "String")]
    email: Email,
    expires_at: i64,
    used_at: Option<i64>,
}

/// Mails a link to a new password; to an address that nobody has, how to sign up.
///
/// # Errors
/// `TooMany` mails.
pub async fn request(call: &mut Write<Visitor>, email: &Email) -> Result<()> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let (id, link) = (ids::new::<ResetId>(), PlainToken::random());
    let tx = call.tx()?;
    Take::mail(limits::RESET_MAILS, tx, &keel, &asked, email).await?.take(tx, now).await?;
    let user = people::find(tx, email).await?.map(|user| user.as_str().to_owned());
    let known = user.is_some();
    // Written for unknown addresses too, or one could tell by the time. Their link is in no mail and opens nothing.
    tx.run(INSERT, args![&id, user, email, &link.hashed(), now, now.plus(LIFE)]).await?;
    if known {
        mail::letters::reset(tx, &keel, email, &url::reset_link(link.reveal())).await
    } else {
        mail::letters::nobody(tx, &keel, email).await
    }
}

/// Whose password the link lets choose. Looking uses nothing up.
///
/// # Errors
/// `Refused(Used)`; `Refused(Expired)` also for a link that is unknown.
pub async fn get(call: &mut Read<Visitor>, link: &PlainToken) -> Result<Email> {
    let now = call.now();
    require_live(call.conn(), link, now).await
}

/// Keeps the new password, signs in, ends every other session, and mails that it happened. However often at the same
/// instant: once. What is wrong with the password is a value, and the link stays good.
///
/// # Errors
/// As [`get`]; `Unavailable` while too many passwords are being hashed.
pub async fn choose(
    call: &mut Write<Visitor>,
    link: &PlainToken,
    password: Password,
    choice: Option<Choice>,
) -> Result<std::result::Result<Welcome, Fault>> {
    let now = call.now();
    let place = call.keel().place_at_hashing()?;
    let email = require_live(call.tx()?, link, now).await?;
    let judged_for = email.clone();
    let hashed = match call.outside(|keel, _| async move { keel.hashing().hash(place, password, judged_for).await }).await? {
        Ok(hashed) => hashed,
        Err(fault) => return Ok(Err(fault)),
    };
    if !call.tx()?.ran(USE, args![&link.hashed(), now]).await? {
        return Err(Refusal::Refused(Code::Used));
    }
    finish(call, Wish { email, next: None, choice, identity: None }, Factor::Link, Some(hashed)).await.map(Ok)
}

async fn require_live(conn: &mut Conn, link: &PlainToken, now: Instant) -> Result<Email> {
    let row: Option<ResetRow> = conn.find(FIND, args![&link.hashed()]).await?;
    match row {
        Some(ResetRow { used_at: Some(_), .. }) => Err(Refusal::Refused(Code::Used)),
        Some(row) if row.expires_at > now.0 => Ok(row.email),
        _ => Err(Refusal::Refused(Code::Expired)),
    }
}
