//! Signing in: by a mailed link or code, by a password, by a passkey, with a new password after a reset, or by a provider
//! ([`crate::providers`]). Every way ends in the same place. And what people do with their ways: another address, another password,
//! the end of sessions. Known and unknown addresses are treated alike: the same statements, the same answer, after the same time.
//! Tested in `tests/flows/sign_in.rs`, `tests/flows/passwords.rs` and `tests/flows/passkeys.rs`.

pub mod addresses;
mod by_passkey;
mod by_password;
pub(crate) mod devices;
mod mailed;
pub mod own_passwords;
pub mod own_sessions;
pub mod resets;
pub mod second_steps;
pub mod step_up;

pub use by_passkey::by_passkey;
pub use by_password::{by_password, sign_up};
pub use mailed::{Asking, confirm_link, find_waiting, get_link, request, resend, verify_code};

use crate::access::sessions::{self, Factor, SecondFactor};
use crate::access::{Asked, Visitor, Write};
use crate::accounts::{Destination, Site, ensure_workspace_for_user, find_workspace, next_page};
use crate::audit::{self, Action, Actor};
use crate::billing::catalogue::Choice;
use crate::billing::intents;
use crate::db::{Tx, locks};
use crate::passwords::HashedPassword;
use crate::providers::{self, WaitingIdentity};
use crate::refusal::{Refusal, Result};
use crate::secrets::PlainToken;
use crate::{Keel, args, mail, people, sql, two_step};
use keel_text::Lang;
use keel_types::time::{MINUTE, SECOND};
use keel_types::url::LocalPath;
use keel_types::{AccountKind, BusinessModel, Email, Instant, Role, SessionId, UserId};

/// How long a mailed link or code lives.
pub const LIFE: i64 = 10 * MINUTE;
/// How long one waits before the mail is sent again.
pub const COOL_DOWN: i64 = 30 * SECOND;

sql! {
    IS_KNOWN = "SELECT COUNT(*) FROM users WHERE email = $1";
    SET_PASSWORD = "UPDATE users SET password_hash = $2 WHERE id = $1";
    END_RESETS = "UPDATE password_resets SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL";
    // Takes the person's lock: whose address has become another one meanwhile is not signed in by the old one.
    COUNT_SIGN_IN = "UPDATE users SET sign_ins = sign_ins + 1, revision = revision + 1 WHERE id = $1 AND email = $2 RETURNING sign_ins";
    FIND_DESTINATION = "SELECT p.language, p.onboarded_at, p.intent_until, a.kind, m.role, r.permissions
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
    /// With which account elsewhere, that is to become theirs.
    pub identity: Option<WaitingIdentity>,
}

/// A sign-in that waits for its code, as the browser that asked may see it.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// The address the mail went to.
    pub email: Email,
    /// Milliseconds until it may be sent again; 0 when it may now.
    pub wait: i64,
}

/// What a browser gets for a first factor that was right.
#[derive(Debug)]
pub enum Welcome {
    /// A session.
    In(Entry),
    /// The token of a second step, for the cookie: the person has turned on two-step verification.
    SecondStep(PlainToken),
}

/// What a browser gets at the end of a sign-in.
#[derive(Debug)]
pub struct Entry {
    /// For the session cookie.
    pub token: PlainToken,
    /// For the cookie by which this browser is known again.
    pub device: String,
    /// Where to go.
    pub next: String,
    /// The language the person chose, for the cookie by which this browser asks for it.
    pub lang: Option<Lang>,
}

/// What a path to go on to is encrypted for.
const NEXT: &str = "where to go on";

/// Where somebody wants to go on, as it is kept meanwhile: encrypted, for the path of an invitation is its link.
pub(crate) fn keep_next(keel: &Keel, next: Option<&LocalPath>) -> Result<Option<String>> {
    next.map(|next| keel.settings().secret.encrypt(NEXT, next.as_str().as_bytes())).transpose()
}

/// Where they want to go on, as it was kept.
pub(crate) fn read_next(keel: &Keel, kept: Option<&str>) -> Option<LocalPath> {
    let path = String::from_utf8(keel.settings().secret.decrypt(NEXT, kept?)?).ok()?;
    LocalPath::parse(&path)
}

/// Whether somebody has this address.
async fn is_known(tx: &mut Tx, email: &Email) -> Result<bool> {
    let (count,): (i64,) = tx.get(IS_KNOWN, args![email]).await?;
    Ok(count > 0)
}

/// What every way of signing in by the mailbox ends with: the person, found or made, and what [`enter`] does.
async fn finish(call: &mut Write<Visitor>, wish: Wish, factor: Factor, password: Option<HashedPassword>) -> Result<Welcome> {
    let now = call.now();
    let tx = call.tx()?;
    let known = is_known(tx, &wish.email).await?;
    let user = people::ensure(tx, &wish.email, now).await?;
    let replaced = password.is_some() && known;
    if let Some(password) = password {
        tx.run(SET_PASSWORD, args![&user, &password]).await?;
    }
    enter(call, &user, wish, factor, replaced).await
}

/// What every way of signing in ends with, once the first factor was right: where the password was `replaced`, the end of whatever was
/// begun with the old one; then the session, or the second step for people who have turned on two-step verification. A passkey is
/// both factors at once. `wish` bears the person's own address.
pub(crate) async fn enter(call: &mut Write<Visitor>, user: &UserId, wish: Wish, factor: Factor, replaced: bool) -> Result<Welcome> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let tx = call.tx()?;
    // Whoever turns two-step verification on at the same instant ends this session, or it takes a second step.
    locks::lock_user(tx, user).await?;
    if replaced {
        end_old_ways(tx, &keel, &asked, user, &wish.email, None, now).await?;
    }
    let second = (factor == Factor::Passkey).then_some(SecondFactor::Passkey);
    if second.is_none() && two_step::ways(tx, user).await?.is_on() {
        return second_steps::begin(tx, &keel, user, &wish, factor, now).await.map(Welcome::SecondStep);
    }
    admit(call, user, wish, factor, second).await
}

/// Lets a person in who has shown all that is needed: the workspace, the choice, the session, the account elsewhere that waited for it,
/// and where to go.
async fn admit(call: &mut Write<Visitor>, user: &UserId, wish: Wish, factor: Factor, second: Option<SecondFactor>) -> Result<Welcome> {
    let (keel, asked, now) = (call.keel().clone(), call.asked().clone(), call.now());
    let Wish { email, next, choice, identity } = wish;
    let tx = call.tx()?;
    let is_first = count_sign_in(tx, user, &email).await? == 1;
    let site = Site::SignIn { next: next.as_ref() };
    let had_workspace = keel.settings().model() != BusinessModel::B2b || find_workspace(tx, user).await?.is_some();
    let workspace = ensure_workspace_for_user(tx, keel.settings(), user, &email, site, now).await?;
    if let Some(choice) = &choice {
        intents::keep(tx, user, choice, now).await?;
    }
    let recognised = devices::recognise(tx, &keel, &asked, &email).await?;
    let is_new = recognised.is_none();
    let browser = devices::remember(tx, user, recognised, now).await?;
    let (session, token) = sessions::start(tx, &keel, user, (factor, second), &browser, &asked, now).await?;
    // Who used the personal account until now goes on in the workspace that was made.
    if let Some(made) = workspace.filter(|_| !had_workspace) {
        sessions::set_active_account(tx, &session, &made).await?;
    }
    let shown = [("factor", factor.as_str()), ("second_factor", second.map_or("", SecondFactor::as_str))];
    let shown = if second.is_some() { &shown[..] } else { &shown[..1] };
    audit::write(tx, &Actor::SignedIn(user, email.as_str(), &asked), Action::SignedIn, None, user.as_str(), shown, now).await?;
    if !is_first && is_new {
        mail::letters::sessions::signed_in(tx, &keel, &email, &asked).await?;
    }
    // Who has shown the first factor alone adds no way in of their own where a second one is required.
    if let Some(identity) = &identity
        && (second.is_some() || !two_step::is_owed(tx, user).await?)
    {
        providers::link_waiting(call, user, &email, identity, is_first).await?;
    }
    let device = devices::cookie(&keel, &browser);
    let (next, lang) = destination(call, &session, next.as_ref()).await?;
    Ok(Welcome::In(Entry { token, device, next, lang }))
}

/// How often the person has signed in by now. Until the transaction ends, nobody changes their address.
async fn count_sign_in(tx: &mut Tx, user: &UserId, email: &Email) -> Result<i64> {
    let counted: Option<(i64,)> = tx.find(COUNT_SIGN_IN, args![user, email]).await?;
    counted.map(|(count,)| count).ok_or(Refusal::Collision)
}

/// A person who was here before has another password now: sessions but the one that `stays`, second steps and links from before end,
/// no browser is known but the one that asks, and a mail says so.
async fn end_old_ways(
    tx: &mut Tx,
    keel: &Keel,
    asked: &Asked,
    user: &UserId,
    email: &Email,
    stays: Option<&SessionId>,
    now: Instant,
) -> Result<()> {
    if let Some(session) = stays {
        sessions::end_others(tx, user, session, now).await?;
    } else {
        let here = devices::recognise(tx, keel, asked, email).await?;
        sessions::end_all(tx, user, here.as_ref(), now).await?;
    }
    second_steps::end_all(tx, user, now).await?;
    tx.run(END_RESETS, args![user, now]).await?;
    audit::write(tx, &Actor::SignedIn(user, email.as_str(), asked), Action::PasswordChanged, None, user.as_str(), &[], now).await?;
    mail::letters::password_changed(tx, keel, email).await
}

async fn destination(call: &mut Write<Visitor>, session: &SessionId, redirect_to: Option<&LocalPath>) -> Result<(String, Option<Lang>)> {
    let (model, now) = (call.keel().settings().model(), call.now());
    let row: (Option<String>, Option<i64>, Option<i64>, String, String, String) = call.tx()?.get(FIND_DESTINATION, args![session]).await?;
    let (language, onboarded_at, intent_until, kind, role, permissions) = row;
    let role = Role::of(&role, "", &permissions, model);
    let next = next_page(Destination {
        redirect_to,
        intent: intent_until.is_some_and(|until| until > now.0),
        onboarded: onboarded_at.is_some(),
        manager: kind == AccountKind::Workspace.as_str() && role.is_manager(),
    });
    Ok((next, language.as_deref().and_then(Lang::parse)))
}
