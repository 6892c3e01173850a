//! A chosen plan on its way to the payment page: half an hour in a signed cookie, a day on the person.

use super::catalogue::Choice;
use crate::access::{Proof as _, Read, SignedIn, Visitor, Write};
use crate::db::{Conn, Tx};
use crate::refusal::Result;
use crate::{Keel, args, sql};
use keel_types::time::{DAY, MINUTE};
use keel_types::{Instant, UserId};
use serde::{Deserialize, Serialize};

/// How long the cookie is believed, in milliseconds.
pub const COOKIE_LIFE: i64 = 30 * MINUTE;
const KEPT: i64 = DAY;
const PURPOSE: &str = "pending checkout";

sql! {
    KEEP = "UPDATE user_profiles SET intent = $2, intent_until = $3 WHERE user_id = $1";
    END = "UPDATE user_profiles SET intent = NULL, intent_until = NULL WHERE user_id = $1";
    FIND = "SELECT intent FROM user_profiles WHERE user_id = $1 AND intent IS NOT NULL AND intent_until > $2";
}

#[derive(Serialize, Deserialize)]
struct Cookie {
    choice: Choice,
    until: i64,
}

/// The value of the cookie `keel_pending_checkout` for a choice.
pub fn seal(keel: &Keel, choice: &Choice) -> String {
    keel.settings().secret.seal(PURPOSE, &Cookie { choice: choice.clone(), until: keel.now().plus(COOKIE_LIFE).0 })
}

/// The choice of a cookie: signed here, not older than half an hour, and still sold.
pub fn open(keel: &Keel, cookie: &str) -> Option<Choice> {
    let cookie: Cookie = keel.settings().secret.open(PURPOSE, cookie)?;
    let sold = cookie.until > keel.now().0 && keel.settings().product.quote(&cookie.choice).is_ok();
    sold.then_some(cookie.choice)
}

/// Remembers a visitor's choice on the person, when one is signed in. It replaces an earlier one.
pub async fn choose(call: &mut Write<Visitor>, choice: &Choice) -> Result<()> {
    let now = call.now();
    match call.proof().caller().map(|c| c.user.clone()) {
        Some(user) => keep(call.tx()?, &user, choice, now).await,
        None => Ok(()),
    }
}

/// The choice remembered on the person, while it is still sold.
pub async fn find(call: &mut Read<SignedIn>) -> Result<Option<Choice>> {
    let (user, now) = (call.proof().user.clone(), call.now());
    let row: Option<(String,)> = call.conn().find(FIND, args![&user, now]).await?;
    let choice = row.and_then(|(text,)| serde_json::from_str(&text).ok());
    Ok(choice.filter(|choice| call.keel().settings().product.quote(choice).is_ok()))
}

pub(crate) async fn keep(tx: &mut Tx, user: &UserId, choice: &Choice, now: Instant) -> Result<()> {
    let text = serde_json::to_string(choice).map_err(|e| crate::Refusal::internal(&e))?;
    tx.run(KEEP, args![user, text, now.plus(KEPT)]).await?;
    Ok(())
}

/// Whether a choice waits to be paid.
pub(crate) async fn is_live(conn: &mut Conn, user: &UserId, now: Instant) -> Result<bool> {
    let row: Option<(String,)> = conn.find(FIND, args![user, now]).await?;
    Ok(row.is_some())
}

/// Forgets the choice: it was paid, or another plan began.
pub(crate) async fn end(tx: &mut Tx, user: &UserId) -> Result<()> {
    tx.run(END, args![user]).await?;
    Ok(())
}
