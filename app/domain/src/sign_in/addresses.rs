//! The address a person signs in with, and how it becomes another one: a link is mailed to the new address, good once, for ten
//! minutes, and the person confirms it where they are signed in. Looking at the link uses nothing up, and without the session it
//! opens nothing: whoever reads a mail that went astray gets no account by it. An address that somebody has is answered like any
//! other. Tested in `tests/flows/identity/addresses.rs`.

use super::{END_RESETS, LIFE, is_known, second_steps};
use crate::access::{Caller, Fresh, Read, SignedIn, Write, sessions};
use crate::audit::{self, Action};
use crate::billing::customers;
use crate::db::{Conn, Error};
use crate::limits::Take;
use crate::mail::letters;
use crate::members;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, sql, two_step};
use keel_types::{Code, Email, Fault, Instant, url};

sql! {
    FIND_WAITING = "SELECT email, expires_at FROM address_changes WHERE user_id = $1 AND from_email = $2 AND used_at IS NULL AND expires_at > $3";
    // The newest wish takes the place of the one before, whose link is unknown from then on.
    KEEP = "INSERT INTO address_changes (user_id, from_email, email, link_hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (user_id) DO UPDATE SET from_email = excluded.from_email, email = excluded.email, link_hash = excluded.link_hash,
            created_at = excluded.created_at, expires_at = excluded.expires_at, used_at = NULL";
    FORGET = "DELETE FROM address_changes WHERE user_id = $1 AND used_at IS NULL";
    FIND_BY_LINK = "SELECT email, from_email, expires_at, used_at FROM address_changes WHERE link_hash = $1 AND user_id = $2";
    USE = "UPDATE address_changes SET used_at = $3 WHERE link_hash = $1 AND user_id = $2 AND used_at IS NULL AND expires_at > $3";
    CHANGE = "UPDATE users SET email = $2, verified_at = $4 WHERE id = $1 AND email = $3";
    // Of a person who told no name the account bears the address.
    NAME_PERSONAL_ACCOUNT = "UPDATE accounts SET name = $2 WHERE person_id = $1 AND name = $3";
    FORGET_SIGN_INS = "DELETE FROM sign_ins WHERE email = $1 AND used_at IS NULL";
    END_STEP_UPS = "DELETE FROM step_ups WHERE session_id IN (SELECT id FROM user_sessions WHERE user_id = $1)";
}

/// An address that waits to be confirmed.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The address.
    pub email: Email,
    /// Until when its link is good.
    pub until: Instant,
}

#[derive(sqlx::FromRow)]
struct WaitingRow {
    #[sqlx(try_from = "String")]
    email: Email,
    expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct ChangeRow {
    #[sqlx(try_from = "String")]
    email: Email,
    from_email: String,
    expires_at: i64,
    used_at: Option<i64>,
}

/// The address the caller waits to confirm.
pub async fn find_waiting(call: &mut Read<SignedIn>) -> Result<Option<Waiting>> {
    let (caller, now) = (call.proof().clone(), call.now());
    let row: Option<WaitingRow> = call.conn().find(FIND_WAITING, args![&caller.user, &caller.email, now]).await?;
    Ok(row.map(|row| Waiting { email: row.email, until: Instant(row.expires_at) }))
}

/// Mails a link to the address the caller wants, and to the one they have that they do. To whoever has the wanted one already,
/// it is mailed that they do; nothing else tells.
///
/// # Errors
/// `Invalid` for the address the caller has; `TooMany` mails; `TwoStepNeeded` when a second factor is required of the caller and the
/// session has shown none.
pub async fn ask(call: &mut Write<Fresh<SignedIn>>, email: &Email) -> Result<()> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let take = Take::new_address(&call.proof().user, &asked, email);
    take.take(call.tx()?, now).await?;
    call.lock_caller().await?;
    let (caller, link) = (call.proof().clone(), PlainToken::random());
    if *email == caller.email {
        return Err(Refusal::field("email", Fault::OwnAddress));
    }
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    let known = is_known(tx, email).await?;
    tx.run(KEEP, args![&caller.user, &caller.email, email, &link.hashed(), now, now.plus(LIFE)]).await?;
    if known {
        letters::addresses::taken(tx, &keel, email, &caller).await?;
    } else {
        letters::addresses::confirm(tx, &keel, email, &caller, &url::new_address_link(link.reveal())).await?;
    }
    letters::addresses::asked(tx, &keel, &caller, email).await?;
    audit::record(call, Action::EmailRequested, None, caller.user.as_str(), &[("to", email.as_str())]).await
}

/// Forgets the address the caller wanted; its link is dead.
pub async fn cancel(call: &mut Write<SignedIn>) -> Result<()> {
    let user = call.proof().user.clone();
    call.tx()?.run(FORGET, args![&user]).await?;
    Ok(())
}

/// The address a link is for. Looking uses nothing up.
///
/// # Errors
/// `NotFound` for a link that is unknown, that a newer one replaced, or that is another person's; `Refused` with `Used` or
/// `Expired`.
pub async fn get(call: &mut Read<SignedIn>, link: &PlainToken) -> Result<Email> {
    let (caller, now) = (call.proof().clone(), call.now());
    require_live(call.conn(), link, &caller, now).await
}

/// Makes the address the caller's: exactly the one that the link was mailed to. However often at the same instant: once. Every
/// other session ends, and so does what was mailed to the address before, used for a second step that waits or not at all; both are
/// told by mail. Gives the session's new token.
///
/// # Errors
/// As [`get`]; `Refused(AddressTaken)` when it has become somebody else's meanwhile: the link stays good.
pub async fn confirm(call: &mut Write<SignedIn>, link: &PlainToken) -> Result<PlainToken> {
    let (keel, before, now) = (call.keel().clone(), call.proof().email.clone(), call.now());
    // In front of the person's lock, which those who use these up wait for.
    call.tx()?.run(FORGET_SIGN_INS, args![&before]).await?;
    call.lock_caller().await?;
    let caller = call.proof().clone();
    let tx = call.tx()?;
    let email = require_live(tx, link, &caller, now).await?;
    if !tx.ran(USE, args![&link.hashed(), &caller.user, now]).await? {
        return Err(Refusal::Refused(Code::Used));
    }
    if is_known(tx, &email).await? {
        return Err(Refusal::Refused(Code::AddressTaken));
    }
    if !tx.ran(CHANGE, args![&caller.user, &email, &caller.email, now]).await.map_err(or_taken)? {
        return Err(Refusal::Collision);
    }
    tx.run(NAME_PERSONAL_ACCOUNT, args![&caller.user, &email, &caller.email]).await?;
    members::keep_names(tx, &caller.user).await?;
    customers::count_change_of_owner(tx, &caller.user, now).await?;
    tx.run(END_STEP_UPS, args![&caller.user]).await?;
    sessions::end_others(tx, &caller.user, &caller.session, now).await?;
    second_steps::end_all(tx, &caller.user, now).await?;
    tx.run(END_RESETS, args![&caller.user, now]).await?;
    let token = sessions::rotate(tx, &caller.session).await?;
    letters::addresses::changed(tx, &keel, &caller, &email).await?;
    let metadata = [("from", caller.email.as_str()), ("to", email.as_str())];
    audit::record(call, Action::EmailChanged, None, caller.user.as_str(), &metadata).await?;
    Ok(token)
}

/// Somebody else took the address at the same instant: looked at again, it is theirs.
fn or_taken(error: Error) -> Refusal {
    let taken = error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation);
    if taken { Refusal::Collision } else { error.into() }
}

async fn require_live(conn: &mut Conn, link: &PlainToken, caller: &Caller, now: Instant) -> Result<Email> {
    let row: Option<ChangeRow> = conn.find(FIND_BY_LINK, args![&link.hashed(), &caller.user]).await?;
    match row {
        Some(ChangeRow { used_at: Some(_), .. }) => Err(Refusal::Refused(Code::Used)),
        Some(row) if row.from_email != caller.email.as_str() => Err(Refusal::NotFound),
        Some(row) if row.expires_at <= now.0 => Err(Refusal::Refused(Code::Expired)),
        Some(row) => Ok(row.email),
        None => Err(Refusal::NotFound),
    }
}
