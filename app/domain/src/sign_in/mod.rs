//! Signing in by e-mail: one request gives a link, which any browser may confirm, and a code, which counts only in the
//! browser that asked. Looking at a link uses nothing up; both together are used once. Tested in `tests/flows/sign_in.rs`.

use crate::access::sessions::{self, Factor};
use crate::access::{Read, Visitor, Write};
use crate::accounts::{Destination, Site, ensure_workspace_for_user, next_page};
use crate::audit::{self, Action, Actor};
use crate::billing::catalogue::Choice;
use crate::billing::intents;
use crate::refusal::{Refusal, Result};
use crate::secrets::{PlainToken, six_digits};
use crate::{args, ids, mail, people, sql};
use keel_types::time::{MINUTE, SECOND};
use keel_types::url::LocalPath;
use keel_types::{AccountKind, Code, Email, Fault, Instant, Role, SessionId, SignInId, url};

/// How long a link and its code live.
pub const LIFE: i64 = 10 * MINUTE;
/// How long one waits before the mail is sent again.
pub const COOL_DOWN: i64 = 30 * SECOND;
/// Wrong codes before a new one is needed.
const TRIES: i64 = 5;
const CODE: &str = "sign-in code";
/// Sending again replaces the link, so the one of the earlier mail is unknown.
const UNKNOWN_LINK: Refusal = Refusal::Refused(Code::Expired);

sql! {
    INSERT = "INSERT INTO sign_ins (id, email, link_hash, code_hash, browser_hash, next, intent, mailed_at, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)";
    FIND_BY_BROWSER = "SELECT id, email, code_hash, tries, next, intent, mailed_at, expires_at, used_at FROM sign_ins WHERE browser_hash = $1";
    FIND_BY_LINK = "SELECT id, email, code_hash, tries, next, intent, mailed_at, expires_at, used_at FROM sign_ins WHERE link_hash = $1";
    RENEW = "UPDATE sign_ins SET link_hash = $2, code_hash = $3, tries = 0, mailed_at = $4, expires_at = $5
        WHERE id = $1 AND used_at IS NULL AND mailed_at <= $6";
    USE = "UPDATE sign_ins SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND link_hash = $3";
    USE_BY_CODE = "UPDATE sign_ins SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 AND code_hash = $3 AND tries < $4";
    COUNT_TRY = "UPDATE sign_ins SET tries = tries + 1 WHERE id = $1 AND code_hash = $2";
    FIND_DESTINATION = "SELECT p.onboarded_at, p.intent_until, a.kind, m.role, r.permissions
        FROM user_sessions s
        JOIN user_profiles p ON p.user_id = s.user_id
        JOIN accounts a ON a.id = s.active_account_id
        JOIN memberships m ON m.account_id = a.id AND m.user_id = s.user_id
        JOIN roles r ON r.id = m.role
        WHERE s.id = $1";
}

/// Somebody wants to sign in.
#[derive(Clone, Debug)]
pub struct Wish {
    /// As which address.
    pub email: Email,
    /// To go where.
    pub next: Option<LocalPath>,
    /// With which plan chosen; it comes along into whichever browser finishes.
    pub choice: Option<Choice>,
}

/// A sign-in that waits for its code, as the browser that asked may see it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The address the mail went to.
    pub email: Email,
    /// Milliseconds until it may be sent again; 0 when it may now.
    pub wait: i64,
}

/// What a browser gets at the end of a sign-in.
#[derive(Debug)]
pub struct Welcome {
    /// For the session cookie.
    pub token: PlainToken,
    /// Where to go.
    pub next: String,
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    #[sqlx(try_from = "String")]
    id: SignInId,
    #[sqlx(try_from = "String")]
    email: Email,
    code_hash: String,
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
}

/// Mails a link and a code. Known and unknown addresses are treated alike. Gives the token for the asking browser's cookie.
pub async fn request(call: &mut Write<Visitor>, wish: &Wish) -> Result<PlainToken> {
    let (keel, now) = (call.keel().clone(), call.now());
    let (id, link, code, browser) = (ids::new::<SignInId>(), PlainToken::random(), six_digits(), PlainToken::random());
    let code_hash = keel.settings().secret.sign(CODE, &format!("{id} {code}"));
    let intent = wish.choice.as_ref().and_then(|choice| serde_json::to_string(choice).ok());
    let next = wish.next.as_ref().map(|next| next.as_str().to_owned());
    let row = args![&id, &wish.email, &link.hashed(), code_hash, &browser.hashed(), next, intent, now, now.plus(LIFE)];
    let tx = call.tx()?;
    tx.run(INSERT, row).await?;
    mail::letters::sign_in(tx, &keel, &wish.email, &url::sign_in_link(link.reveal()), &code).await?;
    Ok(browser)
}

/// Mails a new link and code for the same request; the earlier ones are dead.
///
/// # Errors
/// `TooMany` within the cool-down; `NotFound`, `Refused(Used)` when nothing waits in this browser.
pub async fn resend(call: &mut Write<Visitor>, browser: &PlainToken) -> Result<()> {
    let (keel, now) = (call.keel().clone(), call.now());
    let tx = call.tx()?;
    let row: SignInRow = tx.find(FIND_BY_BROWSER, args![&browser.hashed()]).await?.ok_or(Refusal::NotFound)?;
    if row.used_at.is_some() {
        return Err(Refusal::Refused(Code::Used));
    }
    let (link, code) = (PlainToken::random(), six_digits());
    let code_hash = keel.settings().secret.sign(CODE, &format!("{} {code}", row.id));
    let renewed = args![&row.id, &link.hashed(), code_hash, now, now.plus(LIFE), now.plus(-COOL_DOWN)];
    if !tx.ran(RENEW, renewed).await? {
        let wait = (row.mailed_at + COOL_DOWN - now.0).clamp(SECOND, COOL_DOWN);
        return Err(Refusal::TooMany { retry_after: u32::try_from(wait / SECOND).unwrap_or(1) });
    }
    mail::letters::sign_in(tx, &keel, &row.email, &url::sign_in_link(link.reveal()), &code).await
}

/// The sign-in that waits in this browser.
pub async fn find_waiting(call: &mut Read<Visitor>, browser: &PlainToken) -> Result<Option<Waiting>> {
    let now = call.now();
    let row: Option<SignInRow> = call.conn().find(FIND_BY_BROWSER, args![&browser.hashed()]).await?;
    let row = row.filter(|row| row.used_at.is_none());
    Ok(row.map(|row| Waiting { wait: (row.mailed_at + COOL_DOWN - now.0).max(0), email: row.email }))
}

/// Whose link this is. Looking uses nothing up.
///
/// # Errors
/// `Refused(Used)`; `Refused(Expired)` also for a link that is unknown: a newer mail has taken its place.
pub async fn get_link(call: &mut Read<Visitor>, link: &PlainToken) -> Result<Email> {
    let now = call.now();
    let row: SignInRow = call.conn().find(FIND_BY_LINK, args![&link.hashed()]).await?.ok_or(UNKNOWN_LINK)?;
    row.require_live(now)?;
    Ok(row.email)
}

/// Signs in by the link, in whatever browser. However often at the same instant: one session.
///
/// # Errors
/// `Refused(Used)`, `Refused(Expired)`, as [`get_link`].
pub async fn confirm_link(call: &mut Write<Visitor>, link: &PlainToken, choice: Option<Choice>) -> Result<Welcome> {
    let now = call.now();
    let tx = call.tx()?;
    let row: SignInRow = tx.find(FIND_BY_LINK, args![&link.hashed()]).await?.ok_or(UNKNOWN_LINK)?;
    row.require_live(now)?;
    if !tx.ran(USE, args![&row.id, now, &link.hashed()]).await? {
        return Err(Refusal::Refused(Code::Used));
    }
    finish(call, row, Factor::Link, choice).await
}

/// Signs in by the code, in the browser that asked. A refusal is a value: its count must be committed.
pub async fn verify_code(
    call: &mut Write<Visitor>,
    browser: &PlainToken,
    code: &str,
    choice: Option<Choice>,
) -> Result<std::result::Result<Welcome, Fault>> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    let row: SignInRow = tx.find(FIND_BY_BROWSER, args![&browser.hashed()]).await?.ok_or(Refusal::NotFound)?;
    if row.used_at.is_some() {
        return Ok(Err(Fault::UsedCode));
    }
    if row.expires_at <= now.0 {
        return Ok(Err(Fault::ExpiredCode));
    }
    let right = keel.settings().secret.signed(CODE, &format!("{} {code}", row.id), &row.code_hash);
    // The count is looked at by the statement that uses the code, so that parallel tries get five in all.
    if right && row.tries < TRIES {
        if tx.ran(USE_BY_CODE, args![&row.id, now, row.code_hash.as_str(), TRIES]).await? {
            return finish(call, row, Factor::Code, choice).await.map(Ok);
        }
        return Ok(Err(Fault::UsedCode));
    }
    if row.tries >= TRIES {
        return Ok(Err(Fault::NoTriesLeft));
    }
    tx.run(COUNT_TRY, args![&row.id, row.code_hash.as_str()]).await?;
    let actor = Actor::Unknown(row.email.as_str(), &asked);
    audit::write(tx, &actor, Action::SignInFailed, None, row.id.as_str(), &[("factor", "code")], now).await?;
    Ok(Err(if row.tries + 1 >= TRIES { Fault::NoTriesLeft } else { Fault::WrongCode }))
}

/// What every way of signing in ends with: the person, the workspace, the choice, the session, and where to go.
/// `choice` is what this browser chose since; it goes before what was chosen when the mail was asked for.
async fn finish(call: &mut Write<Visitor>, row: SignInRow, factor: Factor, choice: Option<Choice>) -> Result<Welcome> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let next = row.next.as_deref().and_then(LocalPath::parse);
    let choice = choice.or_else(|| row.intent.as_deref().and_then(|text| serde_json::from_str(text).ok()));
    let tx = call.tx()?;
    let user = people::ensure(tx, &row.email, now).await?;
    let site = Site::SignIn { next: next.as_ref() };
    ensure_workspace_for_user(tx, keel.settings(), &user, &row.email, site, now).await?;
    if let Some(choice) = &choice {
        intents::keep(tx, &user, choice, now).await?;
    }
    let (session, token) = sessions::start(tx, &user, factor, &asked, now).await?;
    let actor = Actor::SignedIn(&user, row.email.as_str(), &asked);
    let how = if factor == Factor::Link { "link" } else { "code" };
    audit::write(tx, &actor, Action::SignedIn, None, user.as_str(), &[("factor", how)], now).await?;
    let next = destination(call, &session, next.as_ref()).await?;
    Ok(Welcome { token, next })
}

async fn destination(call: &mut Write<Visitor>, session: &SessionId, redirect_to: Option<&LocalPath>) -> Result<String> {
    let (model, now) = (call.keel().settings().model(), call.now());
    let row: (Option<i64>, Option<i64>, String, String, String) = call.tx()?.get(FIND_DESTINATION, args![session]).await?;
    let (onboarded_at, intent_until, kind, role, permissions) = row;
    let role = Role::of(&role, "", &permissions, model);
    Ok(next_page(Destination {
        redirect_to,
        intent: intent_until.is_some_and(|until| until > now.0),
        onboarded: onboarded_at.is_some(),
        manager: kind == AccountKind::Workspace.as_str() && role.is_manager(),
    }))
}
