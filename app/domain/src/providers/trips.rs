//! Trips of a browser to a provider and back. The cookie of the trip holds a random token; state, nonce and the verifier of the code
//! are made from it and from the provider's name, so what comes back fits one browser and one provider, and the database holds
//! nothing by which anybody could finish a trip. One is used once, within ten minutes.

use super::identities::{self, WaitingIdentity, come_in_by, keep};
use super::tokens::{self, Ties};
use super::{Failure, Identity, Known};
use crate::access::sessions::Factor;
use crate::access::{Door, Fresh, Read, SignedIn, Visitor, Write};
use crate::audit::Actor;
use crate::billing::catalogue::Choice;
use crate::limits::Take;
use crate::mail::letters::providers as letters;
use crate::refusal::{Refusal, Result};
use crate::secrets::{PlainToken, Secret};
use crate::sign_in::{self, LIFE, Welcome, Wish};
use crate::{Keel, args, people, sql, two_step};
use keel_types::url::{self, LocalPath};
use keel_types::{Code, Email, SessionId};
use std::pin::Pin;

/// What of a trip is signed, one purpose each.
const STATE: &str = "provider state";
const NONCE: &str = "provider nonce";
const VERIFIER: &str = "provider verifier";

sql! {
    INSERT_TRIP = "INSERT INTO provider_trips (browser_hash, provider, session_id, next, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    USE_TRIP = "UPDATE provider_trips SET used_at = $3 WHERE browser_hash = $1 AND provider = $2 AND used_at IS NULL AND expires_at > $3
        RETURNING session_id, next";
    KEEP_KNOWN = "UPDATE provider_trips SET identity = $2, email = $3, expires_at = $4 WHERE browser_hash = $1";
    FIND_KNOWN = "SELECT provider, identity, email, next FROM provider_trips WHERE browser_hash = $1 AND identity IS NOT NULL AND expires_at > $2";
}

/// A browser that is sent to a provider.
pub struct Departure {
    /// For the cookie of the trip.
    pub browser: PlainToken,
    /// Where to.
    pub address: String,
}

/// What a browser brought back, as it came.
#[derive(Clone, Debug, Default)]
pub struct Back {
    /// The token of the trip's cookie.
    pub browser: Option<PlainToken>,
    /// `state`.
    pub state: String,
    /// `code`.
    pub code: Option<String>,
    /// `error`.
    pub error: Option<String>,
    /// `iss` (RFC 9207): who says to have sent the browser.
    pub issuer: Option<String>,
    /// The plan this browser has chosen since.
    pub choice: Option<Choice>,
}

impl Back {
    /// Whether the browser was sent to this provider, some time, with this state. Asks nobody and looks nothing up.
    ///
    /// # Errors
    /// `NotFound` for a provider that is not set up.
    pub fn fits(&self, keel: &Keel, provider: &str) -> Result<bool> {
        keel.providers().find(provider).ok_or(Refusal::NotFound)?;
        let is_signed = |browser| keel.settings().secret.signed(STATE, &tied(provider, browser), &self.state);
        Ok(self.browser.as_ref().is_some_and(is_signed))
    }
}

/// Where a trip ended.
pub enum Landing {
    /// Somebody is signed in.
    SignedIn(Welcome),
    /// The address has to be told or proven first.
    Asks,
    /// The account there is linked to the person here, newly or since before.
    Linked,
    /// Nothing came of it.
    Missed(Missed),
}

/// A trip of which nothing came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Why.
    pub why: Why,
    /// Whether it was to link an account, not to sign in.
    pub linking: bool,
    /// Where the person wanted to go on.
    pub next: Option<LocalPath>,
}

/// Why nothing came of a trip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The person did not agree there.
    Canceled,
    /// It is over, or was another browser's, or to another provider.
    Stale,
    /// The provider does not answer.
    Unreached,
    /// What came back is not good.
    Untrusted,
    /// The account there is linked to somebody else.
    Taken,
}

impl Missed {
    /// An answer to nothing that this browser was asked.
    pub fn stale() -> Self {
        Self { why: Why::Stale, linking: false, next: None }
    }
}

impl Why {
    /// The code programs get.
    pub fn code(self) -> Code {
        match self {
            Self::Canceled => Code::ProviderCanceled,
            Self::Stale => Code::Expired,
            Self::Unreached => Code::Unavailable,
            Self::Untrusted => Code::ProviderFailed,
            Self::Taken => Code::IdentityTaken,
        }
    }
}

impl From<Failure> for Why {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unreached(error) => {
                tracing::warn!(%error, "a provider of sign-ins does not answer");
                Self::Unreached
            }
            Failure::Untrusted(why) => {
                tracing::warn!(why, "a provider of sign-ins is not believed");
                Self::Untrusted
            }
        }
    }
}

impl Ties {
    fn of(secret: &Secret, provider: &str, browser: &PlainToken) -> Self {
        let tied = tied(provider, browser);
        Self { state: secret.sign(STATE, &tied), nonce: secret.sign(NONCE, &tied), verifier: secret.sign(VERIFIER, &tied) }
    }
}

fn tied(provider: &str, browser: &PlainToken) -> String {
    format!("{provider} {}", browser.reveal())
}

/// Where a provider sends browsers back to.
fn back_to(keel: &Keel, provider: &str) -> String {
    format!("{}{}", keel.settings().base_url, url::provider_callback(provider))
}

/// Sends a browser to a provider, to sign in by it and go on to `next`; or tells why it cannot be sent.
///
/// # Errors
/// `NotFound` for a provider that is not set up; `TooMany` trips of one client.
pub async fn depart(call: &mut Write<Visitor>, provider: &str, next: Option<LocalPath>) -> Result<std::result::Result<Departure, Why>> {
    begin(call, provider, None, next).await
}

/// The same for the caller, to link an account there.
///
/// # Errors
/// As [`depart`].
pub async fn link(call: &mut Write<Fresh<SignedIn>>, provider: &str) -> Result<std::result::Result<Departure, Why>> {
    let caller = call.proof().clone();
    two_step::require_shown(call.tx()?, &caller).await?;
    begin(call, provider, Some(caller.session), None).await
}

async fn begin<D: Door>(
    call: &mut Write<D>,
    slug: &str,
    session: Option<SessionId>,
    next: Option<LocalPath>,
) -> Result<std::result::Result<Departure, Why>> {
    let (keel, now) = (call.keel().clone(), call.now());
    if keel.providers().find(slug).is_none() {
        return Err(Refusal::NotFound);
    }
    Take::trip(call.asked()).take(call.tx()?, now).await?;
    let browser = PlainToken::random();
    let ties = Ties::of(&keel.settings().secret, slug, &browser);
    let (name, back) = (slug.to_owned(), back_to(&keel, slug));
    let found = call.outside(|keel, out| async move {
        let providers = keel.providers();
        let provider = providers.find(&name).ok_or(Refusal::NotFound)?;
        let endpoints = provider.endpoints(&providers.outgoing, &out).await;
        Ok(endpoints.and_then(|endpoints| tokens::authorization(provider, &endpoints, &ties, &back)))
    });
    let address = match found.await? {
        Ok(address) => address,
        Err(failure) => return Ok(Err(failure.into())),
    };
    let (session, next) = (session.map(String::from), sign_in::keep_next(&keel, next.as_ref())?);
    call.tx()?.run(INSERT_TRIP, args![&browser.hashed(), slug, session, next, now, now.plus(LIFE)]).await?;
    Ok(Ok(Departure { browser, address }))
}

/// Ends a trip. However often the same answer arrives at the same instant: it is used once, and the provider is asked once. Nothing is
/// used up by an answer that does not fit the browser's trip.
///
/// # Errors
/// `NotFound` for a provider that is not set up.
pub async fn land(call: &mut Write<Visitor>, slug: &str, back: Back) -> Result<Landing> {
    let (keel, now) = (call.keel().clone(), call.now());
    let fits = back.fits(&keel, slug)?;
    let Some(browser) = back.browser.filter(|_| fits) else { return Ok(Landing::Missed(Missed::stale())) };
    let used: Option<(Option<String>, Option<String>)> = call.tx()?.find(USE_TRIP, args![&browser.hashed(), slug, now]).await?;
    let Some((session, next)) = used else { return Ok(Landing::Missed(Missed::stale())) };
    let (linking, next) = (session.is_some(), sign_in::read_next(&keel, next.as_deref()));
    // Signed out meanwhile, or somebody else by now.
    if linking && call.caller().is_none_or(|caller| Some(caller.session.as_str()) != session.as_deref()) {
        return Ok(missed(Why::Stale, true, None));
    }
    let Some(code) = back.code.filter(|_| back.error.is_none()) else {
        let is_canceled = matches!(back.error.as_deref(), Some("access_denied" | "user_cancelled_login" | "interaction_required"));
        return Ok(missed(if is_canceled { Why::Canceled } else { Why::Untrusted }, linking, next));
    };
    let (name, ties, address, issuer) =
        (slug.to_owned(), Ties::of(&keel.settings().secret, slug, &browser), back_to(&keel, slug), back.issuer);
    let found = call.outside(|keel, out| async move {
        let providers = keel.providers();
        let provider = providers.find(&name).ok_or(Refusal::NotFound)?;
        Ok(tokens::redeem(provider, &providers.outgoing, &out, ties, &address, code, issuer.as_deref()).await)
    });
    let known = match found.await? {
        Ok(known) => known,
        Err(failure) => return Ok(missed(failure.into(), linking, next)),
    };
    // Under a plain name: the compiler does not see through what the two are made of.
    let landing: Pin<Box<dyn Future<Output = Result<Landing>> + Send + '_>> = if linking {
        Box::pin(land_linking(call, known.identity))
    } else {
        Box::pin(land_signing_in(call, &browser, known, next, back.choice))
    };
    landing.await
}

fn missed(why: Why, linking: bool, next: Option<LocalPath>) -> Landing {
    Landing::Missed(Missed { why, linking, next })
}

/// The account there becomes the caller's, who is told by mail.
async fn land_linking(call: &mut Write<Visitor>, identity: Identity) -> Result<Landing> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    // The session may have ended while the provider was asked, or the account been closed.
    call.lock_caller().await?;
    let Some(caller) = call.caller().cloned() else { return Ok(missed(Why::Stale, true, None)) };
    let tx = call.tx()?;
    two_step::require_shown(tx, &caller).await?;
    if keep(tx, &identity, &caller.user, &Actor::Person(&caller, &asked), now).await? {
        letters::linked(tx, &keel, &caller.email, &identity.provider, &identity.label).await?;
        return Ok(Landing::Linked);
    }
    let is_own = identities::find(tx, &identity).await?.is_some_and(|person| person.user_id == caller.user);
    Ok(if is_own { Landing::Linked } else { missed(Why::Taken, true, None) })
}

/// Signs in whose identity it is, whatever address the provider tells; makes the person whose address it vouches for and nobody has;
/// asks for the proof of a mailbox in every other case.
async fn land_signing_in(
    call: &mut Write<Visitor>,
    browser: &PlainToken,
    known: Known,
    next: Option<LocalPath>,
    choice: Option<Choice>,
) -> Result<Landing> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let Known { identity, email, is_vouched } = known;
    let email = email.and_then(|email| Email::parse(&email).ok());
    let tx = call.tx()?;
    let mut person = come_in_by(tx, &identity, now).await?;
    if person.is_none()
        && let Some(email) = email.as_ref().filter(|_| is_vouched)
    {
        if let Some(user) = people::create(tx, email, now).await? {
            keep(tx, &identity, &user, &Actor::SignedIn(&user, email.as_str(), &asked), now).await?;
            // Whoever reads the mailbox learns who signs in as them.
            letters::linked(tx, &keel, email, &identity.provider, &identity.label).await?;
        }
        // Also when the same one came in at the same instant, and made the person.
        person = come_in_by(tx, &identity, now).await?;
    }
    if let Some(person) = person {
        let wish = Wish { email: person.email, next, choice, identity: None };
        return sign_in::enter(call, &person.user_id, wish, Factor::Provider, false).await.map(Landing::SignedIn);
    }
    let (waiting, email) = (WaitingIdentity(identity).text(), email.map(String::from));
    tx.run(KEEP_KNOWN, args![&browser.hashed(), waiting, email, now.plus(LIFE)]).await?;
    Ok(Landing::Asks)
}

/// Somebody who came back from a provider and is asked for an address.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The provider's slug.
    pub provider: String,
    /// The address it told.
    pub email: Option<String>,
}

#[derive(sqlx::FromRow)]
struct KnownRow {
    provider: String,
    identity: String,
    email: Option<String>,
    next: Option<String>,
}

/// Who is asked for an address in this browser.
pub async fn find_asking(call: &mut Read<Visitor>, browser: &PlainToken) -> Result<Option<Asking>> {
    let now = call.now();
    let row: Option<KnownRow> = call.conn().find(FIND_KNOWN, args![&browser.hashed(), now]).await?;
    Ok(row.map(|row| Asking { provider: row.provider, email: row.email }))
}

/// Mails a link and a code to the address. The account at the provider is linked when the person who has the mailbox is in, in this
/// browser; gives the token for its cookie.
///
/// # Errors
/// `Refused(Expired)` when nobody is asked in this browser any more; `TooMany` mails.
pub async fn ask(call: &mut Write<Visitor>, browser: &PlainToken, email: Email, choice: Option<Choice>) -> Result<PlainToken> {
    let now = call.now();
    let row: Option<KnownRow> = call.tx()?.find(FIND_KNOWN, args![&browser.hashed(), now]).await?;
    let row = row.ok_or(Refusal::Refused(Code::Expired))?;
    let next = sign_in::read_next(call.keel(), row.next.as_deref());
    let wish = Wish { email, next, choice, identity: WaitingIdentity::parse(&row.identity) };
    sign_in::request(call, &wish).await
}
