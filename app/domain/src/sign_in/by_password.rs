//! Passwords: signing up with one, and signing in by it. A password becomes the person's only when the mailbox is proven in
//! the browser where it was typed. Hashing happens between two transactions.

use super::{Welcome, Wish, enter, mailed};
use crate::access::sessions::Factor;
use crate::access::{Visitor, Write};
use crate::audit::{self, Action, Actor};
use crate::limits::{self, Take};
use crate::passwords::{HashedPassword, Password};
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{args, sql};
use keel_types::{Fault, UserId};

sql! {
    FIND_PASSWORD = "SELECT id, password_hash FROM users WHERE email = $1";
    // Takes the person's lock: a password that is replaced meanwhile opens nothing, nor does one at an address that is another's by
    // then, or nobody's. $3: the same password, at today's cost.
    HOLD_PASSWORD = "UPDATE users SET revision = revision + 1, password_hash = $3 WHERE id = $1 AND password_hash = $2 AND email = $4";
}

#[derive(sqlx::FromRow)]
struct UserRow {
    #[sqlx(try_from = "String")]
    id: UserId,
    password_hash: Option<String>,
}

/// Mails a link and a code as [`super::request`] does, and keeps the password beside them until the mailbox is proven.
/// Gives the token for the asking browser's cookie, or what is wrong with the password.
///
/// # Errors
/// `TooMany` mails; `Unavailable` while too many passwords are being hashed.
pub async fn sign_up(call: &mut Write<Visitor>, wish: &Wish, password: Password) -> Result<std::result::Result<PlainToken, Fault>> {
    let (keel, asked, email) = (call.keel().clone(), call.asked().clone(), wish.email.clone());
    let place = keel.place_at_hashing()?;
    let tx = call.tx()?;
    let take = Take::mail(limits::SIGN_IN_MAILS, tx, &keel, &asked, &email).await?;
    take.take(tx, keel.now()).await?;
    match call.outside(|keel, _| async move { keel.hashing().hash(place, password, email).await }).await? {
        Ok(hashed) => mailed::ask(call, wish, Some(&hashed)).await.map(Ok),
        Err(fault) => {
            take.give_back(call.tx()?).await?;
            Ok(Err(fault))
        }
    }
}

/// Signs in by the password. A refusal is a value: its count must be committed. An address that nobody has, or that has no
/// password, is refused like a wrong password, after the same work.
///
/// # Errors
/// `TooMany` tries; `Unavailable` while too many passwords are being hashed.
pub async fn by_password(call: &mut Write<Visitor>, wish: Wish, password: Password) -> Result<std::result::Result<Welcome, Fault>> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let place = keel.place_at_hashing()?;
    let tx = call.tx()?;
    let take = Take::attempt(limits::PASSWORDS, tx, &keel, &asked, &wish.email).await?;
    take.take(tx, now).await?;
    let found: Option<UserRow> = tx.find(FIND_PASSWORD, args![&wish.email]).await?;
    let (user, kept) = found.map_or((None, None), |row| (Some(row.id), row.password_hash.map(HashedPassword::kept)));
    let compared = kept.clone();
    let fitting = call.outside(|keel, _| async move { keel.hashing().compare(place, password, compared).await }).await?;
    let tx = call.tx()?;
    if let (Some(fitting), Some(user), Some(kept)) = (&fitting, &user, &kept) {
        if tx.ran(HOLD_PASSWORD, args![user, kept, fitting, &wish.email]).await? {
            take.give_back(tx).await?;
            return enter(call, user, wish, Factor::Password, false).await.map(Ok);
        }
        // Another sign-in may have kept the same password anew: looked at again, it fits.
        if fitting != kept {
            return Err(Refusal::Collision);
        }
    }
    let actor = Actor::Unknown(wish.email.as_str(), &asked);
    audit::write(tx, &actor, Action::SignInFailed, None, "", &[("factor", Factor::Password.as_str())], now).await?;
    Ok(Err(Fault::WrongPassword))
}
