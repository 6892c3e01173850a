//! People: who can sign in, and what they tell about themselves.

use crate::access::{SignedIn, Write};
use crate::db::{Tx, locks};
use crate::refusal::Result;
use crate::{accounts, args, ids, members, request, sql};
use keel_types::{Email, Instant, PersonName, Phone, UserId};

sql! {
    FIND_BY_EMAIL = "SELECT id FROM users WHERE email = $1";
    INSERT_USER = "INSERT INTO users (id, email, verified_at, created_at) VALUES ($1, $2, $3, $3) ON CONFLICT (email) DO NOTHING";
    INSERT_PROFILE = "INSERT INTO user_profiles (user_id, language) VALUES ($1, $2)";
    UPDATE_PROFILE = "UPDATE user_profiles SET first_name = $2, last_name = $3, phone = $4, onboarded_at = COALESCE(onboarded_at, $5)
        WHERE user_id = $1";
    NAME_PERSONAL_ACCOUNT = "UPDATE accounts SET name = $2 WHERE person_id = $1";
}

/// The person of a verified address: found, or made together with the profile, which has the language of the request, and the
/// personal account.
pub(crate) async fn ensure(tx: &mut Tx, email: &Email, now: Instant) -> Result<UserId> {
    if let Some(user) = find(tx, email).await? {
        return Ok(user);
    }
    match create(tx, email, now).await? {
        Some(user) => Ok(user),
        // Made by somebody else at the same instant: theirs is committed now.
        None => find(tx, email).await?.ok_or(crate::Refusal::Collision),
    }
}

/// The person of a verified address that nobody has; nothing where somebody has it. However often at the same instant: one is made.
pub(crate) async fn create(tx: &mut Tx, email: &Email, now: Instant) -> Result<Option<UserId>> {
    let user = ids::new::<UserId>();
    if !tx.ran(INSERT_USER, args![&user, email, now]).await? {
        return Ok(None);
    }
    let language = request::lang().map(|lang| lang.tag().to_owned());
    tx.run(INSERT_PROFILE, args![&user, language]).await?;
    accounts::create_personal(tx, &user, email, now).await?;
    Ok(Some(user))
}

/// The person who has this address, if somebody has.
pub(crate) async fn find(tx: &mut Tx, email: &Email) -> Result<Option<UserId>> {
    let row: Option<UserRow> = tx.find(FIND_BY_EMAIL, args![email]).await?;
    Ok(row.map(|row| row.id))
}

#[derive(sqlx::FromRow)]
struct UserRow {
    #[sqlx(try_from = "String")]
    id: UserId,
}

/// What a person tells at the beginning.
#[derive(Clone, Debug)]
pub struct Introduction {
    /// First name.
    pub first_name: PersonName,
    /// Last name.
    pub last_name: PersonName,
    /// Phone, if told.
    pub phone: Option<Phone>,
}

/// Keeps what the person told; the profile is finished from now on, and the personal account and lists of members
/// bear the name.
pub async fn introduce(call: &mut Write<SignedIn>, told: &Introduction) -> Result<()> {
    let (user, now) = (call.proof().user.clone(), call.now());
    keep_introduction(call.tx()?, &user, told, now).await
}

pub(crate) async fn keep_introduction(tx: &mut Tx, user: &UserId, told: &Introduction, now: Instant) -> Result<()> {
    locks::lock_user(tx, user).await?;
    let phone = told.phone.as_ref().map(|p| p.as_str().to_owned());
    tx.run(UPDATE_PROFILE, args![user, told.first_name.as_str(), told.last_name.as_str(), phone, now]).await?;
    tx.run(NAME_PERSONAL_ACCOUNT, args![user, format!("{} {}", told.first_name, told.last_name)]).await?;
    members::keep_names(tx, user).await
}
