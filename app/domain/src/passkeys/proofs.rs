//! Passkeys that are used: a browser is asked to sign something, and what it signed says whose it is.

use super::challenges::{self, Purpose};
use super::{fault, fault_of_browser, letters, list_known, on_own_stack, relying_party};
use crate::access::{Visitor, Write};
use crate::db::{Tx, locks};
use crate::limits::Take;
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{Keel, args, sql};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keel_types::{Email, Fault, PasskeyId, UserId};
use serde_json::{Value, json};
use webauthn_rs::prelude::{DiscoverableAuthentication, Passkey, PublicKeyCredential, Uuid, Webauthn};

sql! {
    FIND_PERSON = "SELECT user_id FROM passkeys WHERE credential_id = $1";
    FIND_CREDENTIAL = "SELECT p.id, p.name, p.user_handle, p.credential, u.email FROM passkeys p
        JOIN users u ON u.id = p.user_id WHERE p.credential_id = $1 AND p.user_id = $2";
    USE = "UPDATE passkeys SET credential = $2, used_at = $3 WHERE id = $1";
}

/// What a device signed.
#[derive(Clone, Debug)]
pub struct Assertion(PublicKeyCredential);

impl Assertion {
    /// Reads what the browser wrote into the form: the answer as JSON, or why there is none.
    pub fn parse(text: &str) -> std::result::Result<Self, Fault> {
        serde_json::from_str(text).map(Self).map_err(|_| fault_of_browser(text))
    }

    /// Whether its device says that it belongs to this person. One that may only be one of theirs need not say it.
    fn is_of(&self, handle: &str, is_known: bool) -> bool {
        let said = self.0.get_user_unique_id().map(|bytes| Uuid::from_slice(bytes).ok());
        said.map_or(is_known, |said| said.is_some_and(|said| said.to_string() == handle))
    }
}

#[derive(sqlx::FromRow)]
struct PersonRow {
    #[sqlx(try_from = "String")]
    user_id: UserId,
}

#[derive(sqlx::FromRow)]
struct CredentialRow {
    #[sqlx(try_from = "String")]
    id: PasskeyId,
    name: String,
    user_handle: String,
    credential: String,
    #[sqlx(try_from = "String")]
    email: Email,
}

/// Whose passkey it was.
#[derive(Debug)]
pub(crate) struct Proven {
    /// The person.
    pub user: UserId,
    /// Their address.
    pub email: Email,
}

/// The options for the browser to use a passkey by, within five minutes, and the token for its cookie: only there the answer
/// counts. To prove anew who one is, only the caller's own are asked for.
///
/// # Errors
/// `NotFound` where there are no passkeys; `TooMany` questions of this client.
pub async fn ask(call: &mut Write<Visitor>, purpose: Purpose) -> Result<(Value, PlainToken)> {
    let now = call.now();
    let take = Take::passkey(call.asked());
    let user = call.caller().filter(|_| purpose == Purpose::SecondFactor).map(|caller| caller.user.clone());
    let relying_party = relying_party(call.keel().settings()).ok_or(Refusal::NotFound)?;
    let (options, state) = relying_party.start_discoverable_authentication().map_err(|error| Refusal::internal(&error))?;
    let mut options = serde_json::to_value(options.public_key).map_err(|error| Refusal::internal(&error))?;
    let tx = call.tx()?;
    take.take(tx, now).await?;
    if let Some(user) = user {
        let known = list_known(tx, &user).await?;
        options["allowCredentials"] = known.into_iter().map(|(id, _)| json!({ "type": "public-key", "id": id })).collect();
    }
    let browser = PlainToken::random();
    challenges::keep(tx, browser.hashed().as_str(), purpose, &state, now).await?;
    Ok((options, browser))
}

/// Takes the answer to [`ask`]: gives whose passkey it is, one of `person`'s where they are known, and notes that it was used.
/// A refusal is a value, with whose passkey it would have been: the question is answered either way.
///
/// # Errors
/// `NotFound` where there are no passkeys.
pub(crate) async fn prove(
    tx: &mut Tx,
    keel: &Keel,
    browser: &PlainToken,
    purpose: Purpose,
    assertion: &Assertion,
    person: Option<&UserId>,
) -> Result<std::result::Result<Proven, (Fault, Option<Email>)>> {
    let relying_party = relying_party(keel.settings()).ok_or(Refusal::NotFound)?;
    let state = challenges::take(tx, browser.hashed().as_str(), purpose, keel.now()).await?;
    let Some(state): Option<DiscoverableAuthentication> = state else { return Ok(Err((Fault::PasskeyExpired, None))) };
    let credential_id = URL_SAFE_NO_PAD.encode(assertion.0.get_credential_id());
    let found: Option<PersonRow> = tx.find(FIND_PERSON, args![credential_id.as_str()]).await?;
    let Some(PersonRow { user_id: user }) = found else { return Ok(Err((Fault::PasskeyUnknown, None))) };
    if person.is_some_and(|person| *person != user) {
        return Ok(Err((Fault::PasskeyOfAnother, None)));
    }
    // Whoever removes it, or uses it at the same instant, waits; who removed it before is believed.
    locks::lock_user(tx, &user).await?;
    let found: Option<CredentialRow> = tx.find(FIND_CREDENTIAL, args![credential_id, &user]).await?;
    let Some(row) = found else { return Ok(Err((Fault::PasskeyUnknown, None))) };
    let proven = if assertion.is_of(&row.user_handle, person.is_some()) {
        on_own_stack(|| use_once(&relying_party, state, assertion, &row.credential))?
    } else {
        Err(Fault::PasskeyFailed)
    };
    match proven {
        Ok(credential) => {
            tx.run(USE, args![&row.id, credential, keel.now()]).await?;
            Ok(Ok(Proven { user, email: row.email }))
        }
        Err(fault) => {
            if fault == Fault::PasskeyCopied {
                letters::copied(tx, keel, &row.email, &row.name).await?;
            }
            Ok(Err((fault, Some(row.email))))
        }
    }
}

/// Checks everything the standard asks to be checked: challenge, origin, host, that the device knows its person, the signature, and
/// a counter that only goes up. Gives the credential as it is to be kept now.
fn use_once(
    relying_party: &Webauthn,
    state: DiscoverableAuthentication,
    assertion: &Assertion,
    credential: &str,
) -> std::result::Result<String, Fault> {
    let mut passkey: Passkey = serde_json::from_str(credential).map_err(|_| Fault::PasskeyFailed)?;
    let checked = relying_party.finish_discoverable_authentication_v2(&assertion.0, state, &passkey).map_err(|error| fault(&error))?;
    passkey.update_credential(&checked);
    serde_json::to_string(&passkey).map_err(|_| Fault::PasskeyFailed)
}
