//! By e-mail: one request gives a link, which any browser may confirm, and a code, which counts only in the browser that
//! asked. Looking at a link uses nothing up; both together are used once.

use super::{COOL_DOWN, LIFE, Waiting, Welcome, Wish, finish, is_known, keep_next, read_next};
use crate::access::sessions::Factor;
use crate::access::{Read, Visitor, Write};
use crate::audit::{self, Action, Actor};
use crate::billing::catalogue::Choice;
use crate::db::Tx;
use crate::limits::{self, Take};
use crate::mail::letters::{self, Ticket};
use crate::passwords::HashedPassword;
use crate::providers::WaitingIdentity;
use crate::refusal::{Refusal, Result};
use crate::secrets::{HashedToken, PlainToken, six_digits};
use crate::{Keel, args, ids, sql};
use keel_types::time::SECOND;
use keel_types::{Code, Email, Fault, Instant, SignInId, url};

/// Wrong codes before a new one is needed.
const TRIES: i64 = 5;
const CODE: &str = "sign-in code";
/// Sending again replaces the link, so the one of the earlier mail is unknown.
const UNKNOWN_LINK: Refusal = Refusal::Refused(Code::Expired);

macro_rules! sign_in {
    ($which:literal) => {
        concat!(
            "SELECT id, email, code_hash, browser_hash, password_hash, identity, tries, next, intent, mailed_at, expires_at, used_at
            FROM sign_ins WHERE ",
            $which
        )
    };
}

sql! {
    INSERT = "INSERT INTO sign_ins
            (id, email, link_hash, code_hash, browser_hash, password_hash, next, intent, identity, mailed_at, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)";
    FIND_BY_BROWSER = sign_in!("browser_hash = $1");
    FIND_BY_LINK = sign_in!("link_hash = $1");
    RENEW = "UPDATE sign_ins SET link_hash = $2, code_hash = $3, tries = 0, mailed_at = $4, expires_at = $5
        WHERE id = $1 AND used_at IS NULL AND mailed_at <= $6";
    USE = "UPDATE sign_ins SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND link_hash = $3";
    USE_BY_CODE = "UPDATE sign_ins SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND code_hash = $3 AND tries < $4";
    COUNT_TRY = "UPDATE sign_ins SET tries = tries + 1 WHERE id = $1 AND code_hash = $2";
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    #[sqlx(try_from = "String")]
    id: SignInId,
    #[sqlx(try_from = "String")]
    email: Email,
    code_hash: String,
    browser_hash: String,
    password_hash: Option<String>,
    identity: Option<String>,
    tries: i64,
    next: Option<String>,
    intent: Option<String>,
    mailed_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
}

impl SignInRow {
    fn require_live(&self, now: Instant) -> Result<()> {
        match self.used_at {
            Some(_) => Err(Refusal::Refused(Code::Used)),
            None if self.expires_at <= now.0 => Err(Refusal::Refused(Code::Expired)),
            None => Ok(()),
        }
    }

    fn is_of(&self, browser: Option<&PlainToken>) -> bool {
        browser.is_some_and(|browser| browser.hashed().as_str() == self.browser_hash)
    }

    /// What was wished for. `choice` is what this browser chose since; it goes before what was chosen then.
    fn wish(self, keel: &Keel, choice: Option<Choice>) -> Wish {
        let next = read_next(keel, self.next.as_deref());
        let choice = choice.or_else(|| self.intent.as_deref().and_then(|text| serde_json::from_str(text).ok()));
        let identity = self.identity.as_deref().and_then(WaitingIdentity::parse);
        Wish { email: self.email, next, choice, identity }
    }
}

/// Mails a link and a code. Gives the token for the asking browser's cookie.
///
/// # Errors
/// `TooMany` mails.
pub async fn request(call: &mut Write<Visitor>, wish: &Wish) -> Result<PlainToken> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    Take::mail(limits::SIGN_IN_MAILS, tx, &keel, &asked, &wish.email).await?.take(tx, now).await?;
    ask(call, wish, None).await
}

/// Writes the request and its mail; a password waits with it.
pub(super) async fn ask(call: &mut Write<Visitor>, wish: &Wish, password: Option<&HashedPassword>) -> Result<PlainToken> {
    let (keel, now) = (call.keel().clone(), call.now());
    let (id, browser) = (ids::new::<SignInId>(), PlainToken::random());
    let (link, code) = (PlainToken::random(), six_digits());
    let code_hash = keel.settings().secret.sign(CODE, &format!("{id} {code}"));
    let intent = wish.choice.as_ref().and_then(|choice| serde_json::to_string(choice).ok());
    let next = keep_next(&keel, wish.next.as_ref())?;
    let identity = wish.identity.as_ref().and_then(WaitingIdentity::text);
    let waits = password.map(|password| password.as_str().to_owned());
    let (link_hash, browser_hash): (HashedToken, HashedToken) = (link.hashed(), browser.hashed());
    let row = args![&id, &wish.email, &link_hash, code_hash, &browser_hash, waits, next, intent, identity, now, now.plus(LIFE)];
    let tx = call.tx()?;
    tx.run(INSERT, row).await?;
    send(tx, &keel, &wish.email, password.is_some(), &link, &code).await?;
    Ok(browser)
}

async fn send(tx: &mut Tx, keel: &Keel, email: &Email, with_password: bool, link: &PlainToken, code: &str) -> Result<()> {
    let ticket = match (with_password, is_known(tx, email).await?) {
        (false, _) => Ticket::SignIn,
        (true, false) => Ticket::NewAccount,
        (true, true) => Ticket::KnownAccount,
    };
    letters::sign_in(tx, keel, email, ticket, &url::sign_in_link(link.reveal()), code).await
}

/// Mails a new link and code for the same request; the earlier ones are dead.
///
/// # Errors
/// `TooMany` within the cool-down; `NotFound`, `Refused(Used)` when nothing waits in this browser.
pub async fn resend(call: &mut Write<Visitor>, browser: &PlainToken) -> Result<()> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let row: SignInRow = tx.find(FIND_BY_BROWSER, args![&browser.hashed()]).await?.ok_or(Refusal::NotFound)?;
    if row.used_at.is_some() {
        return Err(Refusal::Refused(Code::Used));
    }
    Take::mail(limits::SIGN_IN_MAILS, tx, &keel, &asked, &row.email).await?.take(tx, now).await?;
    let (link, code) = (PlainToken::random(), six_digits());
    let code_hash = keel.settings().secret.sign(CODE, &format!("{} {code}", row.id));
    let renewed = args![&row.id, &link.hashed(), code_hash, now, now.plus(LIFE), now.plus(-COOL_DOWN)];
    if !tx.ran(RENEW, renewed).await? {
        let wait = (row.mailed_at + COOL_DOWN - now.0).clamp(SECOND, COOL_DOWN);
        return Err(Refusal::TooMany { retry_after: u32::try_from(wait / SECOND).unwrap_or(1) });
    }
    send(tx, &keel, &row.email, row.password_hash.is_some(), &link, &code).await
}

/// The sign-in that waits in this browser.
pub async fn find_waiting(call: &mut Read<Visitor>, browser: &PlainToken) -> Result<Option<Waiting>> {
    let now = call.now();
    let row: Option<SignInRow> = call.conn().find(FIND_BY_BROWSER, args![&browser.hashed()]).await?;
    let row = row.filter(|row| row.used_at.is_none());
    Ok(row.map(|row| Waiting { wait: (row.mailed_at + COOL_DOWN - now.0).max(0), email: row.email }))
}

/// Whose link somebody looks at.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The address it signs in.
    pub email: Email,
    /// Whether a password waits that was typed in another browser than this: it is forgotten when this one confirms.
    pub password_elsewhere: bool,
}

/// Whose link this is. Looking uses nothing up.
///
/// # Errors
/// `Refused(Used)`; `Refused(Expired)` also for a link that is unknown: a newer mail has taken its place.
pub async fn get_link(call: &mut Read<Visitor>, link: &PlainToken, browser: Option<&PlainToken>) -> Result<Asking> {
    let now = call.now();
    let row: SignInRow = call.conn().find(FIND_BY_LINK, args![&link.hashed()]).await?.ok_or(UNKNOWN_LINK)?;
    row.require_live(now)?;
    Ok(Asking { password_elsewhere: row.password_hash.is_some() && !row.is_of(browser), email: row.email })
}

/// Signs in by the link, in whatever browser. However often at the same instant: one session. A password that waits, and
/// an account elsewhere, count only in the browser where they were given: somebody else may have, hoping that the mailbox's owner
/// confirms.
///
/// # Errors
/// `Refused(Used)`, `Refused(Expired)`, as [`get_link`].
pub async fn confirm_link(
    call: &mut Write<Visitor>,
    link: &PlainToken,
    browser: Option<&PlainToken>,
    choice: Option<Choice>,
) -> Result<Welcome> {
    let (keel, now) = (call.keel().clone(), call.now());
    let tx = call.tx()?;
    let mut row: SignInRow = tx.find(FIND_BY_LINK, args![&link.hashed()]).await?.ok_or(UNKNOWN_LINK)?;
    row.require_live(now)?;
    if !tx.ran(USE, args![&row.id, now, &link.hashed()]).await? {
        return Err(Refusal::Refused(Code::Used));
    }
    let is_here = row.is_of(browser);
    let password = row.password_hash.take().filter(|_| is_here).map(HashedPassword::kept);
    row.identity = row.identity.filter(|_| is_here);
    finish(call, row.wish(&keel, choice), Factor::Link, password).await
}

/// Signs in by the code, in the browser that asked. A refusal is a value: its count must be committed.
///
/// # Errors
/// `NotFound` when nothing waits in this browser; `TooMany` codes were tried at this address, or wrong ones by this client.
pub async fn verify_code(
    call: &mut Write<Visitor>,
    browser: &PlainToken,
    code: &str,
    choice: Option<Choice>,
) -> Result<std::result::Result<Welcome, Fault>> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let mut row: SignInRow = tx.find(FIND_BY_BROWSER, args![&browser.hashed()]).await?.ok_or(Refusal::NotFound)?;
    if row.used_at.is_some() {
        return Ok(Err(Fault::UsedCode));
    }
    if row.expires_at <= now.0 {
        return Ok(Err(Fault::ExpiredCode));
    }
    if row.tries >= TRIES {
        return Ok(Err(Fault::NoTriesLeft));
    }
    let take = Take::attempt(limits::CODES, tx, &keel, &asked, &row.email).await?;
    take.take(tx, now).await?;
    if keel.settings().secret.signed(CODE, &format!("{} {code}", row.id), &row.code_hash) {
        // The count is looked at by the statement that uses the code, so that parallel tries get five in all.
        if !tx.ran(USE_BY_CODE, args![&row.id, now, row.code_hash.as_str(), TRIES]).await? {
            return Ok(Err(Fault::UsedCode));
        }
        take.give_back(tx).await?;
        let password = row.password_hash.take().map(HashedPassword::kept);
        return finish(call, row.wish(&keel, choice), Factor::Code, password).await.map(Ok);
    }
    tx.run(COUNT_TRY, args![&row.id, row.code_hash.as_str()]).await?;
    let actor = Actor::Unknown(row.email.as_str(), &asked);
    audit::write(tx, &actor, Action::SignInFailed, None, row.id.as_str(), &[("factor", Factor::Code.as_str())], now).await?;
    Ok(Err(if row.tries + 1 >= TRIES { Fault::NoTriesLeft } else { Fault::WrongCode }))
}
